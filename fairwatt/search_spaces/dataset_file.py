"""What programs name as their data: an official file, a table, or the file of one."""

import hashlib
from pathlib import Path

from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.published_file import Source
from fairwatt.search_spaces.sources import load_table

_DATASETS = (".tfrecord", ".parquet")


def open_dataset(dataset_file: str | Path) -> CellTable:
    """The table of a published file, by the file's name or its path; a table by its name or its `.arrow` file.

    A published file without a folder need not be there: its name says the table. One that is there must be the very
    file: its sha256 is computed at each call. Raises UserError with what to type where the table is not here yet, and
    for a path that leads to nothing or to another file.
    """
    if not isinstance(dataset_file, str | Path):
        raise UserError(f"a dataset is the name of a file or table, or a path, not {dataset_file!r}")
    path = Path(dataset_file)
    if path.suffix not in _DATASETS:
        return load_table(dataset_file)
    source = next((source for source in SOURCES.values() if path.name == source.filename), None)
    if source is None:
        raise UserError(f"{path}: no published file; type: fairwatt data import {path} --name NAME, and open NAME here")
    if len(path.parts) > 1 or path.exists():
        _check_content(path, source)
    return load_table(source.name)


def _check_content(path: Path, source: Source) -> None:
    try:
        check_regular(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror or error}; {source.name!r} opens the imported table without its file"
        ) from None
    if digest != source.sha256:
        raise UserError(
            f"{path} is not the published file of this name: sha256 {digest}, published {source.sha256}; for a table "
            f"of your own type: fairwatt data import {path} --name NAME, and open NAME here"
        )
