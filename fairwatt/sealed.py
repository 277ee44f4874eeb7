"""Files that cannot be half written or silently changed: one line of JSON, one line with its sha256."""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from fairwatt.errors import UserError


class DamagedFileError(UserError):
    """A file whose content is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; delete it and run again")
        self.path, self.reason = path, reason


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all: temporary file beside it, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:  # not tempfile: its files are hidden from the group that shares the results
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


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


def _body(path: Path) -> bytes | None:
    lines = path.read_bytes().split(b"\n")
    return lines[0] if len(lines) == 3 and not lines[2] and lines[1] == _seal(lines[0]) else None


def _seal(body: bytes) -> bytes:
    return json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()
