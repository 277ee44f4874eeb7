"""Tables of a few columns, and how they read as a log."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fairwatt.audit.log import Log
from fairwatt.audit.log_file import read_logs


def written(path: Path, columns: Mapping[str, Sequence[object]], separator: str = ",") -> Path:
    """A table of these columns; None is an empty field."""
    rows = zip(*columns.values(), strict=True)
    lines = [columns.keys(), *(["" if field is None else str(field) for field in row] for row in rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(separator.join(line) for line in lines) + "\n", encoding="utf-8")
    return path


def read(path: Path, columns: str = "", **options: str) -> Log:
    return read_logs([path], columns=columns, **options)


def column(log: Log, name: str) -> list[object]:
    return log.frame[name].tolist()
