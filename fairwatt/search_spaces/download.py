"""One file of known size and sha256, from the first address that gives it: resumed where it broke, checked, renamed.

`FILE.part` grows beside the file, and `FILE.part.json` remembers its address and the server's mark of that version. The
rest is asked for under that mark only, so a file that has changed meanwhile is begun again, never glued. FILE itself
is absent or exact at every moment; `FILE.lock` keeps a second process away.
"""

import errno
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from fairwatt import __version__
from fairwatt.errors import UserError
from fairwatt.search_spaces.http_answer import BrokenError, ChangedError, RefusedError, ask, host, is_allowed, public
from fairwatt.search_spaces.tfrecord import stranger

if TYPE_CHECKING:
    from requests import Session

Progress = Callable[[int, int], None]
Say = Callable[[str], None]

_START = 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FetchError(UserError):
    """A file that could not be fetched; one line with the reason of every address and what to do."""


@dataclass(frozen=True)
class Patience:
    """How long an answer is waited for, and how often one address is asked again.

    read_seconds: between two pieces, not for the whole. retries: in a row, without a thousandth of the file gained;
    the waits between them are 1, 2, 4, ... seconds, or what the server asks for, up to longest_wait_seconds.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    retries: int = 4
    longest_wait_seconds: float = 120.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class RemoteFile:
    """What is wanted: where it will be, its bytes, its sha256, and its addresses in order of trial."""

    path: Path
    bytes: int
    sha256: str
    urls: Sequence[str]

    def is_here(self) -> bool:
        """Whether the file is on this disk, every byte of it checked."""
        return self.path.is_file() and self.path.stat().st_size == self.bytes and _sha256(self.path) == self.sha256


def download(
    wanted: RemoteFile, progress: Progress | None = None, say: Say | None = None, patience: Patience | None = None
) -> Path:
    """The file at `wanted.path`, exact; nobody is asked where it is here already.

    progress: called with the bytes that are here and the bytes in all. say: called with a line where something went
    wrong that may still end well. Raises FetchError where no address gives the file or the disk does not take it (what
    arrived is kept for the next time), where another process is fetching it, and for an address that is not https.
    """
    for url in wanted.urls:
        if not is_allowed(url):
            raise FetchError(f"{public(url)!r}: expected an address that begins with https://")
    try:
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(wanted.path):
            if not wanted.is_here():
                wanted.path.unlink(missing_ok=True)
                _Download(wanted, progress or _ignore, say or _ignore, patience or Patience()).from_anywhere()
    except OSError as error:  # of the disk: those of the network were caught where they arose
        remedy = f"make room for {wanted.bytes:,} bytes" if error.errno in _FULL else "make it writable"
        raise FetchError(
            f"{error.filename or wanted.path}: cannot be written: {error.strerror or error}; what arrived is kept: "
            f"{remedy}, or set FAIRWATT_CACHE to another folder, and try again"
        ) from None
    return wanted.path


class _Part:
    """The bytes of a file that are here, all from one version of it at one address."""

    def __init__(self, path: Path) -> None:
        self.path, self._note = path.with_name(f"{path.name}.part"), path.with_name(f"{path.name}.part.json")
        self.url = self._mark = ""
        with suppress(OSError, ValueError, TypeError, KeyError):  # no note, or half of one: nothing is resumed
            note = json.loads(self._note.read_bytes())
            self.url, self._mark = str(note["url"]), str(note["mark"])

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def mark(self, url: str) -> str:
        """What to ask for the rest with; empty where it must be begun again."""
        return self._mark if self.url == public(url) else ""

    def begin(self, url: str, mark: str) -> None:
        self.path.write_bytes(b"")  # before the note: bytes of one version never stand under another's mark
        self.url, self._mark = public(url), mark
        self._note.write_text(json.dumps({"url": self.url, "mark": mark}), encoding="utf-8")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.url = self._mark = ""

    def become(self, path: Path) -> None:
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        self.path.replace(path)
        self._note.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Download:
    wanted: RemoteFile
    progress: Progress
    say: Say
    patience: Patience

    def from_anywhere(self) -> None:
        """Fetch from the first address that gives the file; raises FetchError with each reason where none does."""
        import requests

        wanted, part, reasons = self.wanted, _Part(self.wanted.path), []
        with requests.Session() as session:
            session.headers["User-Agent"] = f"fairwatt/{__version__}"
            for url in sorted(wanted.urls, key=lambda url: public(url) != part.url):  # the one that began goes first
                try:
                    self._from_one(url, part, session)
                except RefusedError as reason:
                    reasons.append(f"{host(url)} {reason}")
                    self.say(reasons[-1])
                else:
                    part.become(wanted.path)
                    return
        kept = f"; {part.size:,} bytes are kept for the next time" if part.size else ""
        raise FetchError(
            f"{wanted.path.name} could not be fetched: {'; '.join(reasons) or 'no address is known'}{kept}; try again "
            f"later, or get it elsewhere ({wanted.bytes:,} bytes, sha256 {wanted.sha256}) and type: "
            f"fairwatt data import {wanted.path.name}"
        )

    def _from_one(self, url: str, part: _Part, session: "Session") -> None:
        """Make the part whole and right, or raise RefusedError."""
        failures, furthest, pieced = 0, part.size if part.mark(url) else 0, True
        while True:
            try:
                if part.size < self.wanted.bytes:
                    pieced = self._go_on(url, part, session)
                if _sha256(part.path) == self.wanted.sha256:
                    return
                part.discard()
                if not pieced:
                    raise RefusedError("sends a file of the right size and another sha256")
                raise ChangedError("sent pieces that do not make the file")
            except BrokenError as broken:
                if isinstance(broken, ChangedError):
                    part.discard()
                if part.size == self.wanted.bytes:  # it broke after the last byte
                    continue
                gained = part.size - furthest >= self.wanted.bytes / 1000
                failures, furthest = 1 if gained else failures + 1, max(furthest, part.size)
                self._wait(url, broken, failures)

    def _wait(self, url: str, broken: BrokenError, failures: int) -> None:
        if failures > self.patience.retries:
            raise RefusedError(f"{broken} ({failures} times)") from None
        seconds = 2.0 ** (failures - 1) if broken.wait is None else broken.wait
        if seconds > self.patience.longest_wait_seconds:
            raise RefusedError(f"{broken} and asks to wait for {seconds:,.0f} s") from None
        self.say(f"{host(url)} {broken}" + (f"; trying again in {seconds:g} s" if seconds else ""))
        if seconds:
            self.patience.sleep(seconds)

    def _go_on(self, url: str, part: _Part, session: "Session") -> bool:
        """Ask once and keep what comes; whether it was added to earlier bytes. Raises RefusedError, BrokenError."""
        size, mark = self.wanted.bytes, part.mark(url)
        done = part.size if mark else 0
        timeout = self.patience.connect_seconds, self.patience.read_seconds
        with ask(session, url, done, mark, size, timeout) as answer:
            pieces = answer.pieces
            if not answer.resumed:
                start = b""
                while len(start) < _START and (piece := next(pieces, b"")):
                    start += piece
                if reason := stranger(start):
                    raise RefusedError(f"sends {reason}")
                if answer.length not in (None, size):
                    raise RefusedError(f"sends a file of {answer.length:,} bytes, not of {size:,}")
                part.begin(url, answer.mark)
                done, pieces = 0, chain((start,), pieces)
            self.progress(done, size)
            with part.path.open("ab") as stream:
                for piece in pieces:
                    stream.write(piece)
                    done += len(piece)
                    if done > size:
                        break
                    self.progress(done, size)
        if done > size:
            part.discard()
            raise RefusedError(f"sends more than {size:,} bytes")
        if done < size:
            raise BrokenError(f"ended its answer at byte {done:,} of {size:,}")
        return answer.resumed


def _ignore(*_: object) -> None:
    """What is told to nobody."""


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes of this machine from fetching the same file; ends with the process, however it ends.

    The lock has a file of its own, left behind: a lock on the part would go along with it when it is renamed. Windows
    and file systems that cannot lock do without; two processes then spoil each other's part, and its sha256 tells.
    """
    with path.with_name(f"{path.name}.lock").open("ab") as lock:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FetchError(f"{path.name} is being fetched by another process; wait for it, or stop it") from None
            except OSError:  # a network file system without locks
                pass
        yield
