"""A file that one process at a time holds, until it lets go or ends: a crash releases it.

The system keeps the lock (flock), not the file's existence. On NFS it holds between machines where these run the lock
service, on Lustre where it is mounted with `flock`, and otherwise within one machine. Where there are no such locks at
all, as on Windows, nothing is locked and nobody is refused.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fairwatt.errors import UserError


class HeldError(UserError):
    """Another process holds the file. holder: which, as far as it could say so."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path}: held by {holder}")
        self.holder = holder


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold the file, which is made where it is missing, for the block. Raises HeldError."""
    handle = _open(path)
    try:
        _lock(handle, path)
        _say(handle, f"process {os.getpid()} on {socket.gethostname()}")
        try:
            yield
        finally:
            _say(handle, "")
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    """A handle to lock. Linux refuses O_CREAT for files of others in a shared temporary folder, so it comes last."""
    own = getattr(os, "O_NOFOLLOW", 0)  # a link there, of whomever, is not ours to write through
    for flags in (os.O_RDWR, os.O_RDONLY):  # NFS locks only what is open for writing
        with suppress(OSError):
            return os.open(path, flags | own)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | own, 0o666)
    except OSError as fault:
        raise UserError(f"{path}: cannot be made or opened to hold it ({fault.strerror})") from None


def _lock(handle: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # no POSIX system
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HeldError(path, _holder(handle)) from None
    except OSError:  # a file system without locks
        return


def _say(handle: int, text: str) -> None:
    with suppress(OSError):  # a file of another user's: it is locked all the same
        os.ftruncate(handle, 0)
        os.write(handle, text.encode())


def _holder(handle: int) -> str:
    with suppress(OSError, UnicodeDecodeError):
        if (text := os.read(handle, 300).decode()).isprintable() and text:
            return text
    return "another process"
