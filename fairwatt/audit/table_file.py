"""Files of rows, whatever their form: CSV, TSV, JSON lines, a JSON list of objects, Parquet."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from fairwatt.audit.cell_text import as_objects, with_points
from fairwatt.audit.hostile_file import (
    LARGEST,
    head,
    parse_json,
    printable,
    read_json,
    read_json_lines,
    text,
    unreadable,
)
from fairwatt.audit.log import LogError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")
MOST_CELLS = 10**8
LARGEST_PARQUET = 2**32
"""Bytes of a Parquet file's columns, unpacked, as its own footer says."""


def is_table(path: Path) -> bool:
    """Whether the name is one of a file of rows."""
    return _form(path) in SUFFIXES


def read_table(path: Path) -> "pd.DataFrame":
    """The rows in the order of the file.

    Columns of text files hold text, or NaN where there is none: what is a number, and what is a name made of digits,
    is for the reader of the column to say. Objects in JSON become columns `outer.inner`, lists stay; so do objects as
    the text of all cells of a column. Decimal commas become points where no number of the file has one.
    Raises LogError where the file is no table or has no row.
    """
    import pandas as pd

    match _form(path):
        case ".parquet" | ".pq":
            frame = _parquet(path)
        case ".jsonl" | ".ndjson":
            frame = table(flat_rows(read_json_lines(path), path), str(path))
        case ".json":
            frame = table(flat_rows(_json_rows(path), path), str(path))
        case _:
            frame = _delimited(path)
    if frame.empty:
        raise LogError(f"{path}: no row")
    frame.columns = pd.Index([printable(str(name)) for name in frame.columns])
    if not frame.columns.is_unique:
        raise LogError(f"{path}: the column {frame.columns[frame.columns.duplicated()][0]} is there twice")
    return frame


def table(rows: Sequence[Mapping[str, Any]], source: str) -> "pd.DataFrame":
    """Rows with a column for each field of any of them. Raises LogError for more cells than any log has."""
    import pandas as pd

    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
        if len(rows) * len(names) > MOST_CELLS:
            raise LogError(f"{source}: {len(rows):,} requests with {len(names):,} or more different fields")
    return pd.DataFrame(rows)


def flat_rows(rows: Any, path: Path) -> list[dict[str, Any]]:
    """Objects with the fields of inner objects as `outer.inner`. Raises LogError where they are none."""
    if not isinstance(rows, list):
        raise LogError(f"{path}: expected a list of objects, one for each request, found {type(rows).__name__}")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise LogError(f"{path}: row {number} is {json.dumps(row)[:60]}, expected an object")
    return [_flat(row) for row in rows]


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def stem(path: PurePath) -> str:
    """The name without the suffixes of a table, packed or not."""
    name = path
    while name.suffix.lower() in (*SUFFIXES, ".gz", ".zip"):
        name = name.with_suffix("")
    return name.name


def _form(path: Path) -> str:
    """The suffix under those of packing."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".zip")]
    return suffixes[-1] if suffixes else ""


def _json_rows(path: Path) -> Any:
    """A list, or lines under the wrong suffix, which many tools write."""
    if head(path).lstrip().startswith(b"["):
        try:
            return read_json(path)
        except LogError:
            return read_json_lines(path)
    written = text(path)
    try:
        return parse_json(written, str(path))
    except LogError:
        return read_json_lines(path)


def _delimited(path: Path) -> "pd.DataFrame":
    import pandas as pd

    written = text(path)
    header = written.partition("\n")[0]
    separator = "\t" if _form(path) == ".tsv" else max(",;\t", key=header.count)
    if not header.strip():
        raise LogError(f"{path}: no header")
    try:
        width = _width(written, separator, path)
        frame = pd.read_csv(
            io.StringIO(written), sep=separator, dtype=str, skipinitialspace=True, index_col=False, usecols=range(width)
        )
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise LogError(f"{path}: cannot be read as a table: {' '.join(str(error).split())}") from None
    return _flat_cells(frame if separator == "," or "," not in written else with_points(frame), str(path))


def _flat_cells(frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """With a column for each field of objects that are written as text."""
    import pandas as pd

    parts: list[pd.Series[Any] | pd.DataFrame] = []
    for name in frame.columns:
        objects = as_objects(frame[name])
        parts.append(frame[name] if objects is None else table([_flat(each, f"{name}.") for each in objects], source))
    return pd.concat(parts, axis=1) if any(isinstance(part, pd.DataFrame) for part in parts) else frame


def _width(written: str, separator: str, path: Path) -> int:
    """The number of columns. Raises LogError for a name that is there twice, and for a row with more fields."""
    rows = csv.reader(io.StringIO(written, newline=None), delimiter=separator, skipinitialspace=True)
    names = next(rows)
    while names and not names[-1].strip():
        names.pop()
    twice = next((name for name, count in Counter(names).items() if count > 1 and name.strip()), None)
    if twice is not None:
        raise LogError(f"{path}: the column {printable(twice)} is there twice")
    width = len(names)
    for number, row in enumerate(rows, 1):
        if len(row) > width and any(field.strip() for field in row[width:]):
            raise LogError(f"{path}: cannot be read as a table: row {number} has {len(row)} fields, the header {width}")
    return width


def _parquet(path: Path) -> "pd.DataFrame":
    import pyarrow as pa
    import pyarrow.parquet as pq

    head(path, 4)
    try:
        with pq.ParquetFile(path) as file:
            groups = (file.metadata.row_group(place) for place in range(file.metadata.num_row_groups))
            if sum(group.total_byte_size for group in groups) > LARGEST_PARQUET or path.stat().st_size > LARGEST:
                raise LogError(f"{path}: more than {LARGEST_PARQUET >> 30} GiB; split it")
            cells = file.metadata.num_rows * file.metadata.num_columns
            if cells > MOST_CELLS:  # repetitions pack to next to nothing
                raise LogError(f"{path}: {cells:,} cells, more than {MOST_CELLS:,}; leave columns out, or split it")
            frame: pd.DataFrame = file.read().to_pandas(ignore_metadata=True)
            return frame
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(path, error) from None
