"""Tables on this machine: finding, listing, loading and verifying them.

Tables live in the package (`data/`) or in the user's cache; a name means the same table everywhere, so embedded ones
come first and cannot be overwritten. In the cache the folder says what a table is of, so that nothing must be opened to
know which are spaces. `table_import.py` and `eahas_import.py` make them, `fetch.py` downloads what they are made of.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.published_file import Source
from fairwatt.search_spaces.table import Table, TableError, open_table

EMBEDDED = Path(__file__).with_name("data")
_ROOM = "fairwatt.search_spaces"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_GRIDS = ("digits-regnet-toy",)
_SAMPLES = ("digits-regnet-hpo",)
"""Embedded tables of RegNet + HPO: whole grids, each a space; samples, on which a surrogate is fitted."""
CELLS, GRIDS, SAMPLES = ".", "grids", "samples"
"""Folders of the cache, for imported tables: of cells; of whole grids of RegNet + HPO configurations; of samples."""
_FOLDERS = (CELLS, GRIDS, SAMPLES)
_ENERGIES = ("ec-nas-7v-energy",)
"""Surrogates of energies, which are no spaces."""
_IMPORTABLE = (".tfrecord", ".parquet")


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


def find_table(name: str) -> Path:
    """The file of a table, embedded or imported.

    Raises TableNotFoundError where the catalogue knows it, UnknownNameError with the nearest name otherwise.
    """
    if found := _file(name):
        return found
    if name in SOURCES:
        raise TableNotFoundError(SOURCES[name])
    raise UnknownNameError("table", name, (info.name for info in list_tables()))


def is_here(name: str) -> bool:
    """Whether there is a table of this name, embedded or imported."""
    return _file(name) is not None


def check_own_name(name: str, folder: str | None = None) -> None:
    """Raise UserError where an imported table may not have this name: it is none, or that of what ships.

    folder: of the cache, where the table goes; another one's name is taken, too. It may replace one in the same folder,
    and a surrogate may have the name of the sample that it was fitted to.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"the table name {name!r} must be of a-z, 0-9, '.', '_', '@', '-', and begin with a-z or 0-9")
    from fairwatt.registry import BENCHMARKS

    if name in SOURCES or name in BENCHMARKS.declared or (EMBEDDED / f"{name}.arrow").exists():
        raise UserError(f"the name {name!r} is taken; choose another")
    if folder is None:
        return
    others = [cache_dir() / other / f"{name}.arrow" for other in _FOLDERS if other != folder]
    if folder != SAMPLES:
        others.append(cache_dir() / "surrogates" / f"{name}.npz")
    for path in others:
        if path.exists():
            raise UserError(f"the name {name!r} is that of {path}; delete that, or choose another name")


def table_spaces(*, surrogates: bool = True) -> dict[str, str]:
    """Registry targets of what is on this machine, tables and surrogates of learning curves, and of the catalogue's.

    A sample is no space, and all surrogates but one of energies are of curves. A table's name is never a surrogate's.
    """
    embedded = _stems("*.arrow", EMBEDDED)
    cells = (_stems("*.arrow", cache_dir()) | embedded | SOURCES.keys()).difference(_GRIDS, _SAMPLES)
    grids = _stems("*.arrow", cache_dir() / GRIDS) | embedded.intersection(_GRIDS)
    curves = _stems("*.npz", cache_dir() / "surrogates", EMBEDDED) if surrogates else set[str]()
    curves = curves.difference(_ENERGIES, cells, grids)
    return (
        dict.fromkeys(sorted(cells), f"{_ROOM}.tabular:cell_benchmark")
        | dict.fromkeys(sorted(grids - cells), f"{_ROOM}.measured_configs:measured_configs")
        | dict.fromkeys(sorted(curves), f"{_ROOM}.modelled_configs:modelled_configs")
    )


def _file(name: str) -> Path | None:
    if not _NAME.fullmatch(name):
        return None
    folders = (EMBEDDED, *(cache_dir() / folder for folder in _FOLDERS))
    return next((path for folder in folders if (path := folder / f"{name}.arrow").is_file()), None)


def _stems(pattern: str, *folders: Path) -> set[str]:
    return {path.stem for folder in folders for path in folder.glob(pattern) if _NAME.fullmatch(path.stem)}


def list_tables() -> tuple[TableInfo, ...]:
    """All tables, embedded, imported and known to the catalogue, by name."""
    here = {
        path.stem: _info(path, state)
        for folder, state in (*((cache_dir() / each, "imported") for each in _FOLDERS), (EMBEDDED, "embedded"))
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


def _info(path: Path, state: str) -> TableInfo:
    try:
        table = open_table(path)
    except TableError as error:
        return TableInfo(path.stem, error.reason, "damaged", path, None, None, SOURCES.get(path.stem))
    return TableInfo(path.stem, table.card.title, state, path, table.rows, table.card, SOURCES.get(path.stem))
