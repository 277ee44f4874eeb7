"""Tables of trained cells: cell id, epochs and repeat to row, by arithmetic.

The rows of such a table are complete and in order (every cell at every epoch number in every repeat), which is checked
when it is opened; so a row is a place in a [K, F, R] box and a column is that box. Nothing is copied but one array
from cell id to place.
"""

from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.cell_index import cell_id
from fairwatt.search_spaces.entries import Entries
from fairwatt.search_spaces.table import Table, TableError, open_table

_WHOLE = (int, np.integer)


class CellPlaces:
    """The places of cell ids in an ascending array of them [K], each in one look-up."""

    def __init__(self, cells: NDArray[np.integer]) -> None:
        self._places = np.full(int(cells[-1]) + 1, -1, dtype=np.int32)
        self._places[cells] = np.arange(len(cells), dtype=np.int32)
        self._fast = self._places.data  # indexes three times as fast as an array

    def __reduce__(self) -> tuple[Any, ...]:
        return CellPlaces, (np.flatnonzero(self._places >= 0),)

    def place(self, cell: int) -> int | None:
        """The place of one id; None for what is not among them."""
        if not 0 <= cell < len(self._fast):
            return None
        place = self._fast[cell]
        return None if place < 0 else place

    def places(self, cells: ArrayLike) -> NDArray[np.int32]:
        """[N] the places of ids [N]. Raises KeyError(first id that is not among them)."""
        wanted = np.asarray(cells)
        if wanted.size == 0:
            return np.zeros(wanted.shape, dtype=np.int32)
        if wanted.dtype.kind not in "iu":
            known = wanted.ravel().tolist()
            raise KeyError(next((cell for cell in known if type(cell) is not int), known[0]))
        if int(wanted.min()) < 0 or int(wanted.max()) >= len(self._places):
            raise KeyError(int(wanted[(wanted < 0) | (wanted >= len(self._places))][0]))
        places: NDArray[np.int32] = self._places[wanted]
        if int(places.min()) < 0:
            raise KeyError(int(wanted[places < 0][0]))
        return places


class CellTable(Table):
    """A table whose rows are all trainings of K cells at F epoch numbers in R repeats, ordered so.

    cells: [K] ids of the cell index, ascending. epochs: [F] ascending. Raises TableError where the rows are not that,
    naming the first training that is missing or out of place.
    """

    def __init__(self, table: Table) -> None:
        super().__init__(table.path, table._batch, table.card)
        if "key" in self:
            raise TableError(self.path, "is a table of configurations, not of cells")
        if "cell" not in self:
            raise TableError(self.path, "was written by an older fairwatt: import it again")
        if not self.rows:
            raise TableError(self.path, "has no rows")
        cell, epochs, replicate = (self._counts(name) for name in ("cell", "epochs", "replicate"))
        self.shape = box_shape(self.path, cell, epochs, replicate)
        _, fidelities, self.replicates = self.shape
        of_first = fidelities * self.replicates
        self.epochs: NDArray[np.int64] = epochs[: of_first : self.replicates].astype(np.int64)
        self.cells: NDArray[np.int32] = np.ascontiguousarray(cell[::of_first], dtype=np.int32)
        self.cells.flags.writeable = False
        self._places = CellPlaces(self.cells)
        self._epoch_places = {count: place for place, count in enumerate(self.epochs.tolist())}

    def __contains__(self, item: object) -> bool:
        """Whether this is a column's name, or the id of a cell of the table."""
        if isinstance(item, _WHOLE):
            return self._places.place(int(item)) is not None
        return super().__contains__(item)

    def row(self, cell: int, epochs: int | None = None, replicate: int = 0) -> int:
        """The row of one training; of the longest where epochs is None. Raises UserError where there is none."""
        try:
            place = self._places.place(cell)
        except TypeError:  # what is no whole number
            place = None
        if place is None:
            self._no_cell(cell)
        _, fidelities, repeats = self.shape
        fidelity = fidelities - 1 if epochs is None else self._epoch_place(epochs)
        if not isinstance(replicate, _WHOLE) or not 0 <= replicate < repeats:
            raise UserError(f"{self.card.name} has repeats 0 to {repeats - 1}, not {replicate!r}")
        return (place * fidelities + fidelity) * repeats + replicate

    def rows_of(self, cells: ArrayLike, epochs: int | None = None, replicate: ArrayLike = 0) -> NDArray[np.int64]:
        """[N] the rows of cells [N], with one epoch number and one repeat, or repeats [N]. Raises as `row`."""
        try:
            places = self._places.places(cells)
        except KeyError as error:
            self._no_cell(error.args[0])
        _, fidelities, repeats = self.shape
        fidelity = fidelities - 1 if epochs is None else self._epoch_place(epochs)
        chosen = np.asarray(replicate)
        if chosen.shape not in ((), places.shape) or (chosen.size and chosen.dtype.kind not in "iu"):
            raise UserError(
                f"a repeat is a whole number, one or {places.size} of them, not {chosen.dtype} of shape {chosen.shape}"
            )
        if chosen.size and (chosen.min() < 0 or chosen.max() >= repeats):
            raise UserError(f"{self.card.name} has repeats 0 to {repeats - 1}, not {chosen.min()} to {chosen.max()}")
        rows: NDArray[np.int64] = places * np.int64(fidelities * repeats)
        rows += fidelity * repeats + chosen
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy in another process maps the file itself."""
        return _reopen, (self.path, self.sha256)

    def values(self, name: str) -> NDArray[Any]:
        """[K, F, R] a column as a box, by cell, epochs and repeat; see `column`."""
        return self.column(name).reshape(self.shape)

    def record(self, row: int) -> dict[str, Any]:
        """All columns of one row as plain Python values, None where missing. Raises IndexError outside the table."""
        if not 0 <= row < self.rows:
            raise IndexError(f"{self.card.name} has rows 0 to {self.rows - 1}, not {row}")
        return {name: entries[row] for name, entries in self._entries}

    def query(self, matrix: Any, ops: Any, epochs: int | None = None, replicate: int = 0) -> dict[str, Any]:
        """What is known of one training of this cell; see `record`.

        matrix, ops: as of `cell_index.cell_id`, pruned parts allowed. Raises ValueError where they are no cell,
        UserError where the table has no such training.
        """
        return self.record(self.row(cell_id(matrix, ops), epochs, replicate))

    @cached_property
    def _entries(self) -> list[tuple[str, Entries]]:
        return [(name, self.entries(name)) for name in self.columns]

    def _counts(self, name: str) -> NDArray[np.integer]:
        """A column of whole numbers of which none is missing. Raises TableError for any other."""
        if name not in self or self._array(name).null_count or (values := self.column(name)).dtype.kind not in "iu":
            raise TableError(self.path, f"is no table of cells: it has no whole numbers in a column {name!r}")
        return values

    def _epoch_place(self, epochs: int) -> int:
        try:
            return self._epoch_places[epochs]
        except (KeyError, TypeError):
            raise UserError(
                f"{self.card.name} has trainings of {_listed(self.epochs)} epochs, not {epochs!r}"
            ) from None

    def _no_cell(self, cell: object) -> NoReturn:
        raise UserError(f"{self.card.name} holds no cell {cell!r}; it has {len(self.cells):,} ids of the cell index")


def box_shape(path: Path, cell: NDArray[Any], epochs: NDArray[Any], replicate: NDArray[Any]) -> tuple[int, int, int]:
    """(K, F, R) of rows that are K cells at F epoch numbers in R repeats, each once and in this order.

    path: for messages. Raises TableError where the rows are not that, naming the first training that is missing or out
    of place.
    """
    of_first = int(np.searchsorted(cell, cell[0], side="right"))
    repeats = int(np.searchsorted(epochs[:of_first], epochs[0], side="right"))
    shape = len(cell) // of_first, of_first // repeats, repeats
    if not _is_complete(shape, cell, epochs, replicate):
        _refuse(path, cell, epochs, replicate)
    return shape


def _is_complete(
    shape: tuple[int, int, int], cell: NDArray[Any], epochs: NDArray[Any], replicate: NDArray[Any]
) -> bool:
    cells, fidelities, repeats = shape
    step = fidelities * repeats
    first, budgets = cell[::step], epochs[:step:repeats]
    return bool(
        len(cell) == cells * step
        and first[0] >= 0
        and (first[1:] > first[:-1]).all()
        and (cell[1:] >= cell[:-1]).all()  # so what lies between equal ones is equal
        and (cell[step - 1 :: step] == first).all()
        and (budgets[1:] > budgets[:-1]).all()
        and (epochs[:step] == np.repeat(budgets, repeats)).all()
        and (epochs[step:] == epochs[:-step]).all()
        and (replicate[:step] == np.tile(np.arange(repeats), fidelities)).all()
        and (replicate[step:] == replicate[:-step]).all()
    )


def _refuse(path: Path, cell: NDArray[Any], epochs: NDArray[Any], replicate: NDArray[Any]) -> NoReturn:
    """Say which training is the first that is missing, there twice, or not in its place."""
    if replicate.min() < 0:
        raise TableError(path, f"has a repeat {replicate.min()}: repeats count from 0")
    wanted = list(product(np.unique(epochs).tolist(), range(int(replicate.max()) + 1)))
    order = np.lexsort((replicate, epochs, cell))
    for trained in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
        found = list(zip(epochs[trained].tolist(), replicate[trained].tolist(), strict=True))
        if found != wanted:
            odd, what = min(set(wanted) - set(found), default=None), "lacks"
            if odd is None:
                odd, what = next(training for training in found if found.count(training) > 1), "holds twice"
            raise TableError(
                path, f"{what} the training of cell {cell[trained[0]]} at {odd[0]} epochs in repeat {odd[1]}"
            )
    if cell[order[0]] < 0:
        raise TableError(path, f"has a cell {cell[order[0]]}: ids count from 0")
    row = int((order != np.arange(len(cell))).argmax())
    raise TableError(path, f"row {row} is not in the order of cell, epochs and repeat: import the table again")


def _reopen(path: Path, sha256: str) -> CellTable:
    table = CellTable(open_table(path))
    if table.sha256 != sha256:
        raise TableError(path, "is another table than the one that was copied")
    return table


def _listed(numbers: NDArray[np.int64]) -> str:
    return ", ".join(map(str, numbers.tolist()))
