"""Importing: a published file, known by its sha256, or an own one becomes a table in the user's cache."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular
from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.catalogue import PUE, SOURCES
from fairwatt.search_spaces.cell_columns import Rules, cell_columns, least_replicates, mean_full_kwh
from fairwatt.search_spaces.cell_table import box_shape
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.column_rules import OWN
from fairwatt.search_spaces.ec_nas_7v_20k import sampled_7v_columns
from fairwatt.search_spaces.ecnas_metrics import decode_nasbench
from fairwatt.search_spaces.linscale import partial_5v_columns
from fairwatt.search_spaces.measured_5v import measured_5v_columns
from fairwatt.search_spaces.nasbench import NOTES as NASBENCH_NOTES
from fairwatt.search_spaces.nasbench import holds_nasbench, nasbench_columns
from fairwatt.search_spaces.published_file import Source
from fairwatt.search_spaces.sources import CELLS, check_own_name
from fairwatt.search_spaces.suspect import suspect_column
from fairwatt.search_spaces.table import open_table, write_table
from fairwatt.search_spaces.tfrecord import Record, read_records

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes in all."""


_PROGRESS_EVERY = 256
_PARQUETS = {
    "ec-nas-5v-partial": partial_5v_columns,
    "ec-nas-5v-108": measured_5v_columns,
    "ec-nas-7v-20k": sampled_7v_columns,
}
_PARQUET_START = b"PAR1"


class ImportFileError(UserError):
    """A file that is not what its name or the request says; one line with what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


def import_file(path: Path | str, name: str | None = None, progress: Progress | None = None) -> Path:
    """Read a published file, known by its sha256, or with `name` an own EC-NAS file, into `<cache_dir>/<name>.arrow`.

    Returns the path of the table. Nothing is written unless everything was read and is complete. Raises TFRecordError
    for a faulty file (which record, at which byte), TableError for one that lacks a training, ImportFileError for one
    that is not what it is called, UserError.
    """
    path = Path(path)
    digest, state = checksum(path)
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


def checksum(path: Path) -> tuple[str, Mapping[str, int]]:
    """The sha256 of a file, and its state before it was read. Raises ImportFileError where it cannot be."""
    try:
        check_regular(path)
        state = stamp.file_state(path)
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), state
    except OSError as error:
        raise ImportFileError(path, f"cannot be read: {error.strerror or error}") from None


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
        check_own_name(name, CELLS)
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
