"""A note beside a large table that its content was verified, so that opening it again takes milliseconds.

It names the content's checksum and the file's inode, size and both times of change: writing to the file, or putting
another in its place, makes it void, whatever modification time it is then given. A disk that forgets bits does not,
nor a clock that is set back; so studies, before they start, and `fairwatt data verify` compute the checksum again.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from fairwatt.sealed import write_atomically
from fairwatt.search_spaces.table import Table

SMALL_BYTES = 16 * 2**20
"""Up to this size a table is verified whenever it is opened, in some 10 ms, and needs no note."""


def verify(table: Table) -> None:
    """Verify the whole content, and note it where the table is large. Raises TableError where it is damaged."""
    before = _state(table)
    table.verify()
    if _state(table) == before:
        stamp(table)


def ensure_verified(table: Table) -> None:
    """Verify the content, unless the table is large and its note holds. Raises TableError where it is damaged."""
    if not is_stamped(table):
        verify(table)


def stamp(table: Table) -> None:
    """Note that the content is what its checksum says; left out for small tables and in folders of others."""
    state = _state(table)
    if state["bytes"] > SMALL_BYTES:
        with suppress(OSError):
            write_atomically(stamp_path(table.path), json.dumps(state).encode() + b"\n")


def is_stamped(table: Table) -> bool:
    """Whether the table is large, and there is a note about its file as it is now."""
    state = _state(table)
    if state["bytes"] <= SMALL_BYTES:
        return False
    try:
        return bool(json.loads(stamp_path(table.path).read_text(encoding="utf-8")) == state)
    except (OSError, ValueError):
        return False


def stamp_path(table: Path) -> Path:
    """Where the note on a table is."""
    return table.with_suffix(".verified.json")


def file_state(path: Path) -> dict[str, int]:
    """What differs once a file was written to or replaced. Raises OSError."""
    stat = path.stat()
    return {
        "inode": stat.st_ino,  # not the device: each machine that shares a folder numbers it differently
        "bytes": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "ctime_ns": stat.st_ctime_ns,
    }


def _state(table: Table) -> dict[str, Any]:
    return {"sha256": table.sha256, **file_state(table.path)}
