"""Files that cannot be half written or silently changed: one line of JSON, one line with its sha256."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular

_PARTIAL = ".partial"


class DamagedFileError(UserError):
    """A file whose content is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; delete it and run again")
        self.path, self.reason = path, reason


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all; see `replacing`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as stream:
        stream.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, in place of `path` once the block ends without an error: beside it, fsync, rename.

    A writer that is killed leaves its part, `.NAME.*.partial`; `remove_leftovers` removes it.
    """
    stream, part = _begin(path)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if os.name == "nt":  # renames no open file
                stream.close()
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete what writers that were killed left in the folder: no living process has a lock on it."""
    for part in folder.glob(f".*{_PARTIAL}"):
        with suppress(OSError), part.open("r+b") as stream:  # of another user, locked, or gone in the meantime
            if _lock(stream):
                part.unlink()


def write_sealed(path: Path, data: Any) -> None:
    """Write JSON data with its seal. Raises ValueError for NaN and infinities."""
    body = json.dumps(data, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()
    write_atomically(path, body + b"\n" + _seal(body) + b"\n")


def read_sealed(path: Path) -> Any:
    """The data of a sealed file. Raises DamagedFileError where seal and content disagree, FileNotFoundError."""
    body = _body(path)
    if body is None:
        raise DamagedFileError(path, "the content does not match its seal")
    return json.loads(body)


def is_intact(path: Path) -> bool:
    """Whether there is a sealed file with the content that was written."""
    return path.is_file() and _body(path) is not None


def _begin(path: Path) -> tuple[BinaryIO, Path]:
    """A new part of `path`, locked where that is possible: where it is not, leftovers stay."""
    while True:
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PARTIAL}")
        stream = part.open("xb")  # not tempfile: its files are hidden from the group that shares the results
        try:
            _lock(stream)
        except BlockingIOError:  # taken for a leftover in the moment before
            stream.close()
            continue
        except OSError:  # a file system without locks
            return stream, part
        if part.exists():
            return stream, part
        stream.close()


def _lock(stream: BinaryIO) -> bool:
    """Lock a file until it is closed or its process ends; whether that is possible here. Raises OSError if locked."""
    try:
        import fcntl
    except ImportError:  # no POSIX system
        return False
    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def _body(path: Path) -> bytes | None:
    check_regular(path)
    lines = path.read_bytes().split(b"\n")
    return lines[0] if len(lines) == 3 and not lines[2] and lines[1] == _seal(lines[0]) else None


def _seal(body: bytes) -> bytes:
    return json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()
