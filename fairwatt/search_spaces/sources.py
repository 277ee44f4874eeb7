"""Tables on this machine: importing published and own files, finding, listing and verifying them.

Tables live in the package (`data/`) or in the user's cache; a name means the same table in both, so embedded ones
come first and cannot be overwritten. Nothing is downloaded.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.catalogue import OWN, PUE, SOURCES, Source
from fairwatt.search_spaces.cell_columns import cell_columns, least_replicates, mean_full_kwh
from fairwatt.search_spaces.linscale import partial_5v_columns
from fairwatt.search_spaces.table import Column, Table, TableError, open_table, write_table
from fairwatt.search_spaces.tfrecord import Record, read_records

EMBEDDED = Path(__file__).with_name("data")
Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes in all."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_PROGRESS_EVERY = 256


class ImportFileError(UserError):
    """A file that is not what its name or the request says; one line with what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class TableNotFoundError(UserError):
    """A table that the catalogue knows and this machine does not have, with the file to get and what to type."""

    def __init__(self, source: Source) -> None:
        where = f"from {source.repository} ({source.file}) " if source.public else "(it has no public address) "
        super().__init__(
            f"the table {source.name!r} is not here yet; get {source.filename} ({source.bytes:,} bytes, "
            f"sha256 {source.sha256}) {where}and type: fairwatt data import {source.filename}"
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


def data_dir() -> Path:
    """Where imported tables are: $FAIRWATT_CACHE, or the user's cache folder."""
    if chosen := os.environ.get("FAIRWATT_CACHE"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("fairwatt", appauthor=False))


def import_file(path: Path | str, name: str | None = None, progress: Progress | None = None) -> Path:
    """Read a published file, known by its sha256, or with `name` an own EC-NAS file, into `<data_dir>/<name>.arrow`.

    Returns the path of the table. Nothing is written unless everything was read. Raises TFRecordError for a faulty
    file (which record, at which byte), ImportFileError for one that is not what it is called, UserError.
    """
    path = Path(path)
    digest = _sha256(path)
    source = next((source for source in SOURCES.values() if source.sha256 == digest), None)
    if source is None:
        columns, card = _own(path, digest, name, progress)
    elif name not in (None, source.name):
        raise ImportFileError(path, f"this is the file of {source.name!r}; leave the name {name!r} out")
    else:
        columns, card = _published(path, source, progress)
    folder = data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_table(folder / f"{card.name}.arrow", columns, card)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error} (set FAIRWATT_CACHE)") from None


def find_table(name: str) -> Path:
    """The file of a table, embedded or imported.

    Raises TableNotFoundError where the catalogue knows it, UnknownNameError with the nearest name otherwise.
    """
    if _NAME.fullmatch(name):
        for folder in (EMBEDDED, data_dir()):
            if (found := folder / f"{name}.arrow").is_file():
                return found
    if name in SOURCES:
        raise TableNotFoundError(SOURCES[name])
    raise UnknownNameError("table", name, (info.name for info in list_tables()))


def table_spaces() -> dict[str, str]:
    """Tables on this machine as registry targets: every one of cells can be searched."""
    folders = (data_dir(), EMBEDDED)
    names = sorted({path.stem for folder in folders for path in folder.glob("*.arrow") if _NAME.fullmatch(path.stem)})
    return dict.fromkeys(names, "fairwatt.search_spaces.tabular:cell_benchmark")


def list_tables() -> tuple[TableInfo, ...]:
    """All tables, embedded, imported and known to the catalogue, by name."""
    here = {
        path.stem: _info(path, state)
        for folder, state in ((data_dir(), "imported"), (EMBEDDED, "embedded"))
        for path in folder.glob("*.arrow")
        if _NAME.fullmatch(path.stem)
    }
    known = {
        name: TableInfo(name, source.title, "missing", None, None, None, source) for name, source in SOURCES.items()
    }
    return tuple(info for _, info in sorted((known | here).items()))


def verify(name: str) -> Table:
    """The table, its checksum computed again and its origin compared with the catalogue; raises TableError."""
    path = find_table(name)
    table = open_table(path)
    table.verify()
    if table.card.name != name:
        raise TableError(path, f"is the table {table.card.name!r} under another name")
    if name in SOURCES and table.card.source_sha256 != SOURCES[name].sha256:
        raise TableError(
            path, f"was made from a file with sha256 {table.card.source_sha256}, not from the published one"
        )
    return table


def _published(path: Path, source: Source, progress: Progress | None) -> tuple[Mapping[str, Column], Card]:
    notes = source.notes
    if source.file.endswith(".parquet"):
        columns, chosen = partial_5v_columns(path, source.rules)
        notes = (*chosen, *notes)
    else:
        columns = cell_columns(_reported(path, progress), path, source.rules)
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
    columns = cell_columns(_reported(path, progress), path, OWN)
    if name is None:
        for source in SOURCES.values():
            if path.name == source.filename:
                raise ImportFileError(
                    path,
                    f"is well-formed but not the file of {source.name!r}: sha256 {digest}, published {source.sha256}; "
                    "get it again, or import it as a table of your own with --name NAME",
                )
        raise ImportFileError(path, "is well-formed but not in the catalogue; name your table with --name NAME")
    return columns, replace(
        _card(columns, name, path, digest), created_by=f"fairwatt data import {path.name} --name {name}"
    )


def _check_own_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(f"the table name {name!r} must be of a-z, 0-9, '.', '_', '@', '-', and begin with a-z or 0-9")
    if name in SOURCES or (EMBEDDED / f"{name}.arrow").exists():
        raise UserError(f"the name {name!r} is taken by a published table; choose another")


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


def _reported(path: Path, progress: Progress | None) -> Iterator[Record]:
    size = path.stat().st_size
    for record in read_records(path):
        if progress and record.record % _PROGRESS_EVERY == 0:
            progress(record.offset, size)
        yield record
    if progress:
        progress(size, size)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ImportFileError(path, f"cannot be read: {error.strerror or error}") from None
