"""Tables on this machine: importing published and own files, finding, listing and verifying them.

Tables live in the package (`data/`) or in the user's cache; a name means the same table in both, so embedded ones
come first and cannot be overwritten. Downloads are `fetch.py`'s.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.catalogue import OWN, PUE, SOURCES, Source
from fairwatt.search_spaces.cell_columns import Rules, cell_columns, least_replicates, mean_full_kwh
from fairwatt.search_spaces.cell_table import CellTable, box_shape
from fairwatt.search_spaces.ec_nas_7v_20k import sampled_7v_columns
from fairwatt.search_spaces.ecnas_metrics import decode_nasbench
from fairwatt.search_spaces.linscale import partial_5v_columns
from fairwatt.search_spaces.measured_5v import measured_5v_columns
from fairwatt.search_spaces.nasbench import NOTES as NASBENCH_NOTES
from fairwatt.search_spaces.nasbench import holds_nasbench, nasbench_columns
from fairwatt.search_spaces.suspect import suspect_column
from fairwatt.search_spaces.table import Column, Table, TableError, open_table, write_table
from fairwatt.search_spaces.tfrecord import Record, read_records

EMBEDDED = Path(__file__).with_name("data")
Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes in all."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_PROGRESS_EVERY = 256
_PARQUETS = {
    "ec-nas-5v-partial": partial_5v_columns,
    "ec-nas-5v-108": measured_5v_columns,
    "ec-nas-7v-20k": sampled_7v_columns,
}
_PARQUET_START = b"PAR1"
_IMPORTABLE = (".tfrecord", ".parquet")


class ImportFileError(UserError):
    """A file that is not what its name or the request says; one line with what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class TableNotFoundError(UserError):
    """A table that the catalogue knows and this machine does not have, with the file to get and what to type."""

    def __init__(self, source: Source) -> None:
        here = f"get {source.filename} ({source.bytes:,} bytes, sha256 {source.sha256})"
        then = f"type: fairwatt data import {source.filename}"
        super().__init__(
            f"the table {source.name!r} is not here yet; "
            + (
                f"type: fairwatt data fetch {source.name} ({source.bytes:,} bytes); or {here} elsewhere and {then}"
                if source.public
                else f"{here} (it has no public address) and {then}"
            )
        )
        self.source = source


@dataclass(frozen=True)
class TableInfo:
    """A line of `fairwatt data list`. state: embedded, imported, missing, damaged.

    path: None where missing; rows, card: None where missing or damaged; source: None where not in the catalogue.
    """

    name: str
    title: str
    state: str
    path: Path | None
    rows: int | None
    card: Card | None
    source: Source | None


def import_file(path: Path | str, name: str | None = None, progress: Progress | None = None) -> Path:
    """Read a published file, known by its sha256, or with `name` an own EC-NAS file, into `<cache_dir>/<name>.arrow`.

    Returns the path of the table. Nothing is written unless everything was read and is complete. Raises TFRecordError
    for a faulty file (which record, at which byte), TableError for one that lacks a training, ImportFileError for one
    that is not what it is called, UserError.
    """
    path = Path(path)
    digest, state = _sha256(path)
    source = next((source for source in SOURCES.values() if source.sha256 == digest), None)
    if source is None:
        columns, card = _own(path, digest, name, progress)
    elif name not in (None, source.name):
        raise ImportFileError(path, f"this is the file of {source.name!r}; leave the name {name!r} out")
    else:
        columns, card = _published(path, source, progress)
    if stamp.file_state(path) != state:
        raise ImportFileError(path, "changed while it was read; import it again")
    box_shape(path, *(columns[key].values for key in ("cell", "epochs", "replicate")))
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = write_table(folder / f"{card.name}.arrow", columns, card)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error} (set FAIRWATT_CACHE)") from None
    del columns  # their memory: the table is read back
    stamp.verify(open_table(written))
    return written


def find_table(name: str) -> Path:
    """The file of a table, embedded or imported.

    Raises TableNotFoundError where the catalogue knows it, UnknownNameError with the nearest name otherwise.
    """
    if _NAME.fullmatch(name):
        for folder in (EMBEDDED, cache_dir()):
            if (found := folder / f"{name}.arrow").is_file():
                return found
    if name in SOURCES:
        raise TableNotFoundError(SOURCES[name])
    raise UnknownNameError("table", name, (info.name for info in list_tables()))


def table_spaces() -> dict[str, str]:
    """Tables as registry targets, those on this machine and those that the catalogue knows: all are of cells."""
    folders = (cache_dir(), EMBEDDED)
    here = {path.stem for folder in folders for path in folder.glob("*.arrow") if _NAME.fullmatch(path.stem)}
    names = sorted(here | SOURCES.keys())
    return dict.fromkeys(names, "fairwatt.search_spaces.tabular:cell_benchmark")


def list_tables() -> tuple[TableInfo, ...]:
    """All tables, embedded, imported and known to the catalogue, by name."""
    here = {
        path.stem: _info(path, state)
        for folder, state in ((cache_dir(), "imported"), (EMBEDDED, "embedded"))
        for path in folder.glob("*.arrow")
        if _NAME.fullmatch(path.stem)
    }
    known = {
        name: TableInfo(name, source.title, "missing", None, None, None, source) for name, source in SOURCES.items()
    }
    return tuple(info for _, info in sorted((known | here).items()))


def verify(name: str) -> Table:
    """The table, its checksum computed again and its origin compared with the catalogue; raises TableError."""
    table = open_table(find_table(name))
    stamp.verify(table)
    _check_origin(table, name)
    return table


def load_table(table: str | Path) -> CellTable:
    """A table of cells, by name or by the path of its `.arrow` file; in milliseconds, whatever its size.

    Its content is verified, a large one's when it is first opened and after each change of the file (see `stamp`).
    Raises UnknownNameError with the nearest name, TableNotFoundError, and TableError for a file that is no table of
    cells, is damaged or is incomplete, UserError for what is neither name nor path.
    """
    if not isinstance(table, str | Path):
        raise UserError(f"a table is given by its name or the path of its .arrow file, not {table!r}")
    path = Path(table)
    if path.suffix in _IMPORTABLE:
        raise TableError(path, f"is a file to import first: fairwatt data import {path.name}")
    is_path = isinstance(table, Path) or path.suffix == ".arrow" or len(path.parts) != 1
    opened = CellTable(open_table(path if is_path else find_table(str(table))))
    stamp.ensure_verified(opened)
    if not is_path:
        _check_origin(opened, str(table))
    return opened


def _check_origin(table: Table, name: str) -> None:
    if table.card.name != name:
        raise TableError(table.path, f"is the table {table.card.name!r} under another name")
    if name in SOURCES and table.card.source_sha256 != SOURCES[name].sha256:
        raise TableError(
            table.path, f"was made from a file with sha256 {table.card.source_sha256}, not from the published one"
        )


def _published(path: Path, source: Source, progress: Progress | None) -> tuple[Mapping[str, Column], Card]:
    notes = source.notes
    if source.file.endswith(".parquet"):
        columns, chosen = _PARQUETS[source.name](path, source.rules)
        notes = (*chosen, *notes)
    else:
        columns = _read(path, source.rules, progress)
    if source.slow_runs is not None:
        columns["suspect"] = suspect_column(columns, source.slow_runs)
    card = _card(columns, source.name, path, source.sha256)
    card = replace(
        card,
        title=source.title,
        source=f"{source.repository}: {source.file}",
        licence=source.licence,
        hardware=source.hardware,
        notes=notes,
        pue=PUE,
    )
    return columns, card


def _own(path: Path, digest: str, name: str | None, progress: Progress | None) -> tuple[Mapping[str, Column], Card]:
    """A file that the catalogue does not know: first whether it is sound, then whether its name is."""
    if name is not None:
        _check_own_name(name)
    if _is_parquet(path):
        raise ImportFileError(
            path,
            f"a Parquet file (sha256 {digest}) of which no table is made; tables are made of {_known_parquets()}; "
            "an energy surrogate learns from a file of your own: fairwatt surrogate fit FILE",
        )
    columns = _read(path, OWN, progress)
    if name is None:
        for source in SOURCES.values():
            if path.name == source.filename:
                raise ImportFileError(
                    path,
                    f"is well-formed but not the file of {source.name!r}: sha256 {digest}, published {source.sha256}; "
                    "get it again, or import it as a table of your own with --name NAME",
                )
        raise ImportFileError(path, "is well-formed but not in the catalogue; name your table with --name NAME")
    card = _card(columns, name, path, digest)
    notes = (*card.notes, *NASBENCH_NOTES) if columns["energy_kwh"].provenance == "modelled" else card.notes
    return columns, replace(card, notes=notes, created_by=f"fairwatt data import {path.name} --name {name}")


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_PARQUET_START)) == _PARQUET_START


def _known_parquets() -> str:
    known = (SOURCES[name] for name in _PARQUETS)
    return ", ".join(f"{source.filename} (sha256 {source.sha256})" for source in known)


def _check_own_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(f"the table name {name!r} must be of a-z, 0-9, '.', '_', '@', '-', and begin with a-z or 0-9")
    from fairwatt.registry import BENCHMARKS

    if name in SOURCES or name in BENCHMARKS.declared or (EMBEDDED / f"{name}.arrow").exists():
        raise UserError(f"the name {name!r} is taken; choose another")


def _card(columns: Mapping[str, Column], name: str, path: Path, digest: str) -> Card:
    devices = sorted(
        {
            str(device)
            for column, values in columns.items()
            if column.endswith("_device")
            for device in np.ma.compressed(values.values)
        }
    )
    return Card(
        name=name,
        title=f"{name}, an own table",
        source=path.name,
        source_sha256=digest,
        licence="not stated",
        hardware=", ".join(devices) or "not stated",
        notes=("imported from a file that the catalogue does not know: every number counts as estimated",),
        replicates=least_replicates(columns),
        epochs=tuple(int(epochs) for epochs in np.unique(columns["epochs"].values)),
        mean_full_kwh=mean_full_kwh(columns),
        pue=None,
        created_by=f"fairwatt data import {path.name}",
    )


def _info(path: Path, state: str) -> TableInfo:
    try:
        table = open_table(path)
    except TableError as error:
        return TableInfo(path.stem, error.reason, "damaged", path, None, None, SOURCES.get(path.stem))
    return TableInfo(path.stem, table.card.title, state, path, table.rows, table.card, SOURCES.get(path.stem))


def _read(path: Path, rules: Rules, progress: Progress | None) -> dict[str, Column]:
    """The columns of a file, which by its content is one of EC-NAS or of NAS-Bench-101."""
    if holds_nasbench(path):
        return nasbench_columns(_reported(read_records(path, decode_nasbench), path, progress), path, rules)
    return cell_columns(_reported(read_records(path), path, progress), path, rules)


def _reported(records: Iterable[Record], path: Path, progress: Progress | None) -> Iterator[Record]:
    size = path.stat().st_size
    for record in records:
        if progress and record.record % _PROGRESS_EVERY == 0:
            progress(record.offset, size)
        yield record
    if progress:
        progress(size, size)


def _sha256(path: Path) -> tuple[str, Mapping[str, int]]:
    """The checksum of a file, and its state before it was read."""
    try:
        state = stamp.file_state(path)
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), state
    except OSError as error:
        raise ImportFileError(path, f"cannot be read: {error.strerror or error}") from None
