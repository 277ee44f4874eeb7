"""`ModelSpec`: a cell in the words of the NAS-Bench-101 API (github.com/google-research/nasbench).

It keeps a raw code (see `cell_index`) instead of arrays: matrices, operations and pruning are worked out when they are
read. Two things differ from the original, on purpose: arrays handed out are read-only, because a change of them would
not change the cell; and what is no cell has no hash.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.cell_graph import (
    INPUT,
    MAX_EDGES,
    OPS,
    OUTPUT,
    Matrix,
    adjacency,
    graph_hash,
    kept_vertices,
    pairs,
)
from fairwatt.search_spaces.cell_index import LARGEST, cell_index

_CODES = {name: code for code, name in enumerate(OPS)}
_INT = np.dtype(int)


class OutOfDomainError(UserError):
    """A graph or a number of epochs that is outside the benchmark."""


class ModelSpec:
    """A cell as somebody drew it, with vertices that may be on no path from input to output.

    matrix: [V, V] of 0 and 1, upper-triangular. ops: V names, "input" to "output". Both are copied. Raises ValueError
    for another matrix, and for a number of operations that is not V; whether it is a cell is a later question.
    """

    def __init__(self, matrix: Matrix, ops: Sequence[str], data_format: str = "channels_last") -> None:
        if isinstance(matrix, np.ndarray):
            self._dtype: np.dtype[Any] = matrix.dtype
            self._size, self._mask = _mask(matrix.tolist())
        else:
            self._dtype = _INT
            self._size, self._mask = _mask(matrix)
        self._ops = tuple(ops)
        self.data_format = data_format
        self._known: int | None = None
        if len(self._ops) != self._size:
            raise ValueError(f"{self._size} vertices have as many operations, not {len(self._ops)}: {self._ops}")

    @classmethod
    def of_code(cls, size: int, mask: int, ops: tuple[str, ...], cell: int | None = None) -> "ModelSpec":
        """The spec of a raw code on `size` vertices, with its cell where that is known; nothing is checked."""
        made = cls.__new__(cls)
        made._dtype, made._size, made._mask, made._ops, made._known = _INT, size, mask, ops, cell
        made.data_format = "channels_last"
        return made

    @property
    def original_matrix(self) -> NDArray[Any]:
        """[V, V] as given, read-only."""
        return _readonly(square(self._size, self._mask).astype(self._dtype))

    @property
    def original_ops(self) -> list[str]:
        """The V operations as given, in a list of the reader's own."""
        return list(self._ops)

    @property
    def valid_spec(self) -> bool:
        """Whether a path leads from input to output."""
        return bool(_kept(self._size, self._mask))

    @cached_property
    def matrix(self) -> NDArray[Any] | None:
        """[n, n] without the vertices that are on no path, read-only; None where `valid_spec` is False."""
        kept = _kept(self._size, self._mask)
        return _readonly(square(*_pruned(self._size, self._mask)).astype(self._dtype)) if kept else None

    @property
    def ops(self) -> list[str] | None:
        """The n operations of `matrix`, in a list of the reader's own; None where `valid_spec` is False."""
        kept = _kept(self._size, self._mask)
        if len(kept) == self._size:
            return list(self._ops)
        return [self._ops[vertex] for vertex in kept] if kept else None

    @property
    def cell(self) -> int:
        """The id of this cell in the enumeration of all; -1 where it is none."""
        if self._known is None:
            self._known = _cell(self._size, self._mask, self._ops)
        return self._known

    def code(self) -> tuple[int, int, tuple[str, ...]]:
        """n, mask and operations after pruning. Raises OutOfDomainError where nothing is left."""
        kept = _kept(self._size, self._mask)
        if not kept:
            raise OutOfDomainError("the graph has no path from input to output")
        return *_pruned(self._size, self._mask), tuple(self._ops[vertex] for vertex in kept)

    def hash_spec(self, canonical_ops: Sequence[str]) -> str:
        """The md5 of the cell (32 hex digits), with operations labelled by their places in `canonical_ops`.

        Raises OutOfDomainError for what is no cell.
        """
        size, mask, ops = self.code()
        if size > LARGEST or (ops[0], ops[-1]) != (INPUT, OUTPUT):
            raise OutOfDomainError(f"no cell, so it has no hash: {explain(self)}")
        names = list(canonical_ops)
        try:
            return _hash(size, mask, tuple(names.index(op) for op in ops[1:-1]))
        except ValueError as error:
            raise OutOfDomainError(f"no cell, so it has no hash: {error}") from None

    def visualize(self) -> None:
        """Not here: the original draws with graphviz."""
        raise UserError("drawing needs graphviz and is not here; `matrix` and `ops` are what there is to draw")


def as_spec(given: Any) -> ModelSpec:
    """What was given, or the spec of a foreign object's `original_matrix` and `original_ops`.

    Raises OutOfDomainError for what has no such attributes or no such contents.
    """
    if isinstance(given, ModelSpec):
        return given
    try:
        return ModelSpec(given.original_matrix, given.original_ops)
    except (AttributeError, TypeError, ValueError) as error:
        raise OutOfDomainError(f"no cell: {given!r} is not as a ModelSpec: {error}") from None


def explain(spec: ModelSpec) -> str:
    """Why a spec is no cell."""
    if not spec.valid_spec:
        return "the graph has no path from input to output"
    size, mask, ops = spec.code()
    if mask.bit_count() > MAX_EDGES:
        return f"the graph has {mask.bit_count()} edges, a cell has at most {MAX_EDGES}"
    if size > LARGEST:
        return f"the graph has {size} vertices, a cell has at most {LARGEST}"
    return f"operations run from {INPUT!r} to {OUTPUT!r} over {', '.join(OPS)}; given: {', '.join(map(str, ops))}"


def _mask(rows: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Size and mask of a matrix, the usual one by one look-up a row."""
    size, mask = len(rows), 0
    try:
        for known, row in zip(_row_masks(size), rows, strict=True):
            mask |= known[tuple(row)]
    except (KeyError, TypeError):
        mask = _odd_mask(rows)
    return size, mask if size > 1 else _odd_mask(rows)


@lru_cache
def _row_masks(size: int) -> list[dict[tuple[int, ...], int]]:
    """For each row, what each content that it may have adds to the mask; none for sizes beyond a cell's."""
    rows: list[dict[tuple[int, ...], int]] = [{} for _ in range(size)]
    first = 0
    for place, contents in enumerate(rows if size <= LARGEST else ()):
        ahead = size - 1 - place
        for bits in range(1 << ahead):
            contents[(*(0,) * (place + 1), *(bits >> bit & 1 for bit in range(ahead)))] = bits << first
        first += ahead
    return rows


def _odd_mask(rows: Sequence[Sequence[int]]) -> int:
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


@lru_cache(maxsize=1 << 14)
def _kept(size: int, mask: int) -> tuple[int, ...]:
    """The vertices on some path from input to output."""
    return tuple(kept_vertices({pair for bit, pair in enumerate(pairs(size)) if mask >> bit & 1}, size))


@lru_cache(maxsize=1 << 14)
def _pruned(size: int, mask: int) -> tuple[int, int]:
    """Size and mask of what `_kept` keeps."""
    kept = _kept(size, mask)
    there = [i in kept and j in kept for i, j in pairs(size)]
    bits = compress((mask >> bit & 1 for bit in range(len(there))), there)
    return len(kept), sum(bit << place for place, bit in enumerate(bits))


@lru_cache(maxsize=1 << 14)
def square(size: int, mask: int) -> NDArray[np.int8]:
    """[V, V] the matrix of a mask, read-only."""
    matrix = np.zeros((size, size), dtype=np.int8)
    bits = f"{mask:0{size * (size - 1) // 2}b}"[::-1].encode()
    matrix[_upper(size)] = np.frombuffer(bits, np.uint8) & 1  # the digits 0 and 1 are the bytes 48 and 49
    return _readonly(matrix)


@lru_cache
def _upper(size: int) -> tuple[NDArray[np.intp], ...]:
    return np.triu_indices(size, 1)


@lru_cache(maxsize=1 << 14)
def _number(ops: tuple[str, ...]) -> int:
    """Interior operations in base 3; -1 where one is unknown, or the ends are not input and output."""
    if (ops[0], ops[-1]) != (INPUT, OUTPUT) or not _CODES.keys() >= set(ops[1:-1]):
        return -1
    return sum(_CODES[op] * 3**place for place, op in enumerate(reversed(ops[1:-1])))


def _cell(size: int, mask: int, ops: tuple[str, ...]) -> int:
    if size > LARGEST:
        ops = tuple(ops[vertex] for vertex in _kept(size, mask))
        size, mask = _pruned(size, mask)
    if not 2 <= size <= LARGEST:
        return -1
    try:
        number = _number(ops)
    except TypeError:  # an operation that cannot be hashed, so it is no name
        return -1
    return cell_index(size).id(mask, number) if number >= 0 else -1


@lru_cache(maxsize=1 << 14)
def _hash(size: int, mask: int, labels: tuple[int, ...]) -> str:
    return graph_hash(adjacency(mask, size), labels)


def _readonly(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
