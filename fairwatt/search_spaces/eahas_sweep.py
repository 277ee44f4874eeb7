"""Files of EA-HAS-style sweeps: pycls's `sweep.json`, or a CSV file of the same content, one training at a time.

A CSV file has a header and a row for each epoch of each training, rows of one training together. Its columns are named
as `eahas_fields.NAMES` has them, by our names or by pycls's; `training` is any label that a training has alone.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fairwatt.errors import UserError
from fairwatt.search_spaces.eahas_fields import (
    CURVES,
    NAMES,
    TRAINING,
    UNITS,
    VALIDATION,
    SweepRecord,
    from_pycls,
    shown,
)
from fairwatt.search_spaces.json_records import RecordError, json_records

Progress = Callable[[int, int], None]

MOST_BYTES = 4 * 2**30
MOST_RECORDS = 1_000_000
MOST_POINTS = 10_000
"""Epochs of one training."""
_LONGEST_LINE = 2**20
_SHOWN_EVERY = 64


class SweepFileError(UserError):
    """A file that is no sweep, in one line."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


@dataclass(frozen=True)
class Sweep:
    """A sweep that is being read.

    curves: names of those that its form has. energy_unit: wh or kwh where a column says so, else "". unread: columns
    that mean nothing here.
    """

    records: Iterator[SweepRecord]
    curves: frozenset[str]
    energy_unit: str = ""
    unread: tuple[str, ...] = ()


def check_form(path: Path) -> None:
    """Raise SweepFileError for a name that ends with neither .json nor .csv, and for a file beyond the limit."""
    if path.suffix not in (".json", ".csv"):
        raise SweepFileError(path, "expected a sweep as .json (pycls's sweep.json) or .csv")
    if path.is_file() and (size := path.stat().st_size) > MOST_BYTES:
        raise SweepFileError(path, f"{size:,} bytes; at most {MOST_BYTES:,} are read: import it in parts")


def read_sweep(path: Path, stream: BinaryIO, progress: Progress | None = None) -> Sweep:
    """What an open file holds, of which `check_form` passed.

    Reading it, and going through its records, raises SweepFileError for what is no sweep, or beyond limits.
    """
    size = path.stat().st_size
    if path.suffix == ".json":
        records = (from_pycls(number, record) for number, record in enumerate(json_records(stream)))
        sweep = Sweep(records, CURVES - {VALIDATION})
    else:
        try:
            sweep = _csv_sweep(stream)
        except RecordError as error:
            raise SweepFileError(path, str(error)) from None
    return Sweep(_watched(sweep.records, path, stream, size, progress), sweep.curves, sweep.energy_unit, sweep.unread)


def _watched(
    records: Iterator[SweepRecord], path: Path, stream: BinaryIO, size: int, progress: Progress | None
) -> Iterator[SweepRecord]:
    """The records, with errors of the file's and progress in bytes."""
    try:
        for record in records:
            if record.number == MOST_RECORDS:
                raise RecordError(f"more than {MOST_RECORDS:,} trainings; import it in parts")
            if progress and record.number % _SHOWN_EVERY == 0:
                progress(stream.tell(), size)
            yield record
    except RecordError as error:
        raise SweepFileError(path, str(error)) from None
    if progress:
        progress(size, size)


def _csv_sweep(stream: BinaryIO) -> Sweep:
    rows = csv.reader(_lines(stream), strict=True)
    header = next(_checked(rows), None)
    if not header:
        raise RecordError("is empty; expected a header and a row for each epoch of each training")
    names = [NAMES.get(column.strip(), "") for column in header]
    known = [name for name in names if name]
    if twice := next((name for name in known if known.count(name) > 1), ""):
        columns = [column.strip()[:40] for column, name in zip(header, names, strict=True) if name == twice]
        raise RecordError(f"has columns {', '.join(map(repr, columns))}, which are the same ({twice}); leave one out")
    if TRAINING not in known:
        there = shown(", ".join(column.strip() for column in header))
        raise RecordError(f"has no column {TRAINING!r}, a label that each training has alone, but {there}")
    if not CURVES & set(known):
        there = shown(", ".join(column.strip() for column in header))
        raise RecordError(f"has no column of a curve, such as 'test_error' and 'seconds', but {there}")
    units = {UNITS[column.strip()] for column in header if column.strip() in UNITS}
    return Sweep(
        _grouped(rows, names),
        CURVES & set(known),
        next(iter(units), ""),
        tuple(column.strip() for column, name in zip(header, names, strict=True) if not name),
    )


def _grouped(rows: Any, names: list[str]) -> Iterator[SweepRecord]:
    """Rows that follow each other under one label, as a record."""
    label_place = names.index(TRAINING)
    scalars = [place for place, name in enumerate(names) if name and name not in CURVES and name != TRAINING]
    curves = [place for place, name in enumerate(names) if name in CURVES]
    seen: set[str] = set()
    group: list[list[str]] = []

    def record() -> SweepRecord:
        first = group[0]
        for row in group:
            if changed := next((names[place] for place in scalars if row[place] != first[place]), ""):
                raise RecordError(f"training {first[label_place][:40]!r}: {changed} changes from row to row")
        values = {names[place]: text for place in scalars if (text := first[place].strip())}
        columns = {names[place]: [row[place].strip() for row in group] for place in curves}
        told = {name: column for name, column in columns.items() if any(column)}
        return SweepRecord(len(seen) - 1, values, told)

    for row in _checked(rows):
        if not row:
            continue
        if len(row) != len(names):
            raise RecordError(f"line {rows.line_num}: {len(row)} values under {len(names)} columns")
        if group and row[label_place] != group[0][label_place]:
            yield record()
            group = []
        if not group:
            if row[label_place] in seen:
                label = row[label_place][:40]
                raise RecordError(f"line {rows.line_num}: training {label!r} again; its rows must stand together")
            seen.add(row[label_place])
        group.append(row)
        if len(group) > MOST_POINTS:
            raise RecordError(f"line {rows.line_num}: a training of more than {MOST_POINTS:,} epochs")
    if group:
        yield record()


def _lines(stream: BinaryIO) -> Iterator[str]:
    begin = True
    while line := stream.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise RecordError(f"has a line of more than {_LONGEST_LINE:,} bytes")
        try:
            yield line.decode("utf-8-sig" if begin else "utf-8")
        except UnicodeDecodeError:
            raise RecordError("is not UTF-8") from None
        begin = False


def _checked(rows: Any) -> Iterator[list[str]]:
    """Rows of a csv.reader, with its errors in words."""
    try:
        yield from rows
    except csv.Error as error:
        raise RecordError(f"line {rows.line_num}: {error}") from None
