"""What can be read to its end: a regular file. Reading a pipe or a device may wait, or go on, for ever."""

import errno
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
    (stat.S_ISSOCK, "socket"),
)


def check_regular(path: Path) -> None:
    """Pass where a path, or what its links lead to, is a regular file; nothing is opened.

    Raises IsADirectoryError for a folder and OSError for other kinds, with what it is as their `strerror`, and
    FileNotFoundError where there is nothing.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return
    kind = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "special file")
    code = errno.EISDIR if kind == "folder" else errno.EINVAL  # EISDIR makes it an IsADirectoryError
    raise OSError(code, f"it is a {kind}, not a regular file", str(path))
