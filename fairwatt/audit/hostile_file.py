"""Files of anybody, read as data: regular, of limited size also when unpacked, and nothing in them is ever run."""

import gzip
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, Protocol, overload

from fairwatt.audit.log import LogError
from fairwatt.regular_file import check_regular

LARGEST = 2**30
LARGEST_JSON = 2**28
"""Bytes, unpacked: of a table, and of JSON, which takes some twenty times as much memory."""

GZIP = b"\x1f\x8b"


def head(path: Path, size: int = 4096) -> bytes:
    """The first bytes, unpacked where they are gzip's. Raises LogError where the path cannot be read."""
    try:
        check_regular(path)
        with path.open("rb") as file:
            start = file.read(size)
        if start.startswith(GZIP):
            with gzip.open(path) as unpacked:
                start = unpacked.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(path, error) from None
    return start


def content(path: Path, largest: int = LARGEST) -> bytes:
    """All of a file; of a gzip file what is packed in it, of a zip file its only member.

    Raises LogError where it cannot be read or unpacks to more than `largest` bytes.
    """
    start = head(path, 4)
    try:
        if start.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(names) != 1:
                    raise LogError(f"{path}: {len(names)} files in it, expected 1")
                with archive.open(names[0]) as member:
                    return _limited(member, path, largest)
        with path.open("rb") as plain:
            if plain.read(2) == GZIP:
                with gzip.open(path) as unpacked:
                    return _limited(unpacked, path, largest)
            plain.seek(0)
            return _limited(plain, path, largest)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise unreadable(path, error) from None


def text(path: Path, largest: int = LARGEST) -> str:
    """`content` as UTF-8, a byte order mark left out. Raises LogError."""
    try:
        return content(path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = error.object.startswith((b"\xff\xfe", b"\xfe\xff"))
        what = "UTF-16 text" if wide else f"no UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}"
        raise LogError(f"{path}: {what}; save it as UTF-8") from None


def read_json(path: Path) -> Any:
    """What a JSON file holds; NaN and Infinity, which Python and so most tools write, are numbers. Raises LogError."""
    return parse_json(text(path, LARGEST_JSON), str(path))


def read_json_lines(path: Path) -> list[Any]:
    """What each line of a file holds; empty lines are left out, and a last one that a crash tore. Raises LogError."""
    lines = text(path, LARGEST_JSON).split("\n")
    values = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                values.append(parse_json(line, f"{path}: line {number}"))
            except LogError:
                if number == len(lines) and values:  # the only line without an end
                    break
                raise
    return values


def parse_json(written: str, source: str) -> Any:
    """The value of a JSON text. Raises LogError that begins with `source`."""
    try:
        return json.loads(written, object_pairs_hook=_once)
    except RecursionError:
        raise LogError(f"{source}: nested too deeply") from None
    except ValueError as error:
        raise LogError(f"{source}: no JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, of whose fields none is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {printable(twice)} is there twice in one object")
    return found


@overload
def printable(text: str) -> str: ...


@overload
def printable(text: str | None) -> str | None: ...


def printable(text: str | None) -> str | None:
    """A name for one line of a terminal: control characters as question marks, and 200 characters at most."""
    if text is None or (text.isprintable() and len(text) <= 200):
        return text
    return "".join(each if each.isprintable() else "?" for each in text[:200])


def unreadable(path: Path, error: Exception) -> LogError:
    """A file that the system or an unpacker gave up on."""
    return LogError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _limited(file: _Readable, path: Path, largest: int) -> bytes:
    data = file.read(largest + 1)
    if len(data) > largest:
        raise LogError(f"{path}: more than {largest >> 20} MiB; split it, or write it as Parquet")
    return data
