"""Graphs as programs draw them: from matrix and operations to a raw code, to what is left of it, and to its cell."""

from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_graph import INPUT, OPS, OUTPUT, Matrix, pairs
from fairwatt.search_spaces.cell_numbering import LARGEST, cell_index

_KEPT = 1 << 13
_CODES = {name: code for code, name in enumerate(OPS)}
_BITS = bytes.maketrans(b"01", b"\0\1")


class Drawing:
    """A raw code (see `cell_index`) with the names of its operations; vertices may be on no path.

    size: V. mask: its edges. ops: V names. cell: its id where that is known. What is worked out is kept, and programs
    draw the same graphs over and over: `drawing_of` answers the same drawings with the same object. Raises ValueError
    for a number of operations that is not V.
    """

    __slots__ = ("_cell", "_left", "_square", "mask", "ops", "size")

    def __init__(self, size: int, mask: int, ops: tuple[Any, ...], cell: int | None = None) -> None:
        if len(ops) != size:
            raise ValueError(f"{size} vertices have as many operations, not {len(ops)}: {ops}")
        self.size, self.mask, self.ops, self._cell = size, mask, ops, cell
        self._left: tuple[int, ...] | None = None
        self._square: NDArray[np.int8] | None = None

    @property
    def cell(self) -> int:
        """The id of the cell; -1 where it is none."""
        if self._cell is None:
            self._cell = self._find()
        return self._cell

    @property
    def left(self) -> tuple[int, ...]:
        """The vertices on some path from input to output, ascending; none where there is no path."""
        if self._left is None:
            self._left = _kept(self.size, self.mask)
        return self._left

    def pruned(self) -> tuple[int, int]:
        """Size and mask of what is left."""
        left = self.left
        if len(left) == self.size:
            return self.size, self.mask
        bits = [self.mask >> bit & 1 for bit, (i, j) in enumerate(pairs(self.size)) if i in left and j in left]
        return len(left), sum(bit << place for place, bit in enumerate(bits))

    def matrix(self) -> NDArray[np.int8]:
        """[V, V] of 0 and 1, the caller's own."""
        if self._square is None:
            digits = f"{self.mask:0{self.size * (self.size - 1) // 2}b}0"[::-1]
            bits = np.frombuffer(digits.encode().translate(_BITS), np.int8)
            self._square = bits[_PLACES[self.size] if self.size <= LARGEST else _places(self.size)]
        return self._square.copy()

    def _find(self) -> int:
        (size, mask), ops = (self.size, self.mask), self.ops
        if size > LARGEST:
            (size, mask), ops = self.pruned(), tuple(ops[vertex] for vertex in self.left)
        if not 2 <= size <= LARGEST:
            return -1
        try:
            number = _number(ops)
        except TypeError:  # an operation that cannot be hashed, so it is no name
            return -1
        return cell_index(size).id(mask, number) if number >= 0 else -1


def drawing_of(matrix: Matrix, ops: tuple[Any, ...]) -> Drawing:
    """The drawing of a matrix [V, V] with V operations. Raises ValueError for what is none, TypeError for no matrix."""
    try:
        return _looked_up((*map(tuple, matrix),), ops)
    except (KeyError, TypeError):  # not of a cell's size or contents, or not to be hashed
        return Drawing(len(matrix), _worked_out(matrix), ops)


def stored_drawing(edges: bytes, ops: bytes, cell: int) -> Drawing:
    """The drawing of a cell as the columns `edges` and `ops` of a table hold it, in digits."""
    names = _names(ops)
    return Drawing(len(names), int(edges[::-1], 2), names, cell)


@lru_cache(maxsize=_KEPT)
def _looked_up(rows: tuple[tuple[int, ...], ...], ops: tuple[Any, ...]) -> Drawing:
    """Of 2 to 7 rows, one look-up a row. Raises KeyError for any others, and ValueError as `Drawing`."""
    mask = 0
    for masks, row in zip(_row_masks(len(rows)), rows, strict=True):
        mask |= masks[row]
    return Drawing(len(rows), mask, ops)


@lru_cache
def _row_masks(size: int) -> list[dict[tuple[int, ...], int]]:
    """For each row, what each content that it may have adds to the mask. Raises KeyError beyond the sizes of cells."""
    if not 2 <= size <= LARGEST:
        raise KeyError(size)
    rows: list[dict[tuple[int, ...], int]] = [{} for _ in range(size)]
    first = 0
    for place, contents in enumerate(rows):
        ahead = size - 1 - place
        for bits in range(1 << ahead):
            contents[(*(0,) * (place + 1), *(bits >> bit & 1 for bit in range(ahead)))] = bits << first
        first += ahead
    return rows


def _worked_out(rows: Matrix) -> int:
    """The mask of a matrix of any size. Raises ValueError for what is none."""
    try:
        square = np.array([tuple(row) for row in rows])
    except (TypeError, ValueError):
        square = np.zeros(0)
    if square.ndim != 2 or square.shape[0] != square.shape[1] or len(square) < 2:
        raise ValueError(f"the matrix of a cell is square with 2 or more rows, not {rows!r}")
    if not np.isin(square, (0, 1)).all() or np.tril(square).any():
        raise ValueError(f"the matrix of a cell holds 0 and 1 above its diagonal and 0 elsewhere, not {rows!r}")
    return sum(1 << bit for bit, pair in enumerate(pairs(len(square))) if square[pair])


@lru_cache(maxsize=_KEPT)
def _kept(size: int, mask: int) -> tuple[int, ...]:
    """As `kept_vertices`, on bits: mutations of one cell ask for many graphs."""
    successors, first = [], 0
    for vertex in range(size):
        width = size - 1 - vertex
        successors.append((mask >> first & (1 << width) - 1) << vertex + 1)
        first += width
    forward, backward = 1, 1 << size - 1
    for vertex in range(size):
        if forward >> vertex & 1:
            forward |= successors[vertex]
    for vertex in reversed(range(size)):
        if successors[vertex] & backward:
            backward |= 1 << vertex
    both = forward & backward
    return tuple([vertex for vertex in range(size) if both >> vertex & 1])


@cache
def _names(ops: bytes) -> tuple[str, ...]:
    """All operations of a cell from the digits of its interior ones."""
    return INPUT, *(OPS[int(digit)] for digit in ops.decode()), OUTPUT


@lru_cache(maxsize=_KEPT)
def _number(ops: tuple[str, ...]) -> int:
    """Interior operations in base 3; -1 where one is unknown, or the ends are not input and output."""
    if (ops[0], ops[-1]) != (INPUT, OUTPUT) or not _CODES.keys() >= set(ops[1:-1]):
        return -1
    return sum(_CODES[op] * 3**place for place, op in enumerate(reversed(ops[1:-1])))


def _places(size: int) -> NDArray[np.intp]:
    """[V, V] where the bit of each entry is, row by row from 1; 0 for what is not above the diagonal."""
    places = np.zeros((size, size), dtype=np.intp)
    places[np.triu_indices(size, 1)] = 1 + np.arange(size * (size - 1) // 2)
    return places


_PLACES = [_places(size) for size in range(LARGEST + 1)]
