"""`ModelSpec`: a cell in the words of the NAS-Bench-101 API (github.com/google-research/nasbench).

It keeps a drawing (see `drawing`) instead of arrays: matrices, operations and pruning are worked out when they are
read. Two things differ from the original, on purpose: arrays handed out are read-only, because a change of them would
not change the cell; and what is no cell has no hash.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
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
)
from fairwatt.search_spaces.cell_numbering import LARGEST
from fairwatt.search_spaces.drawing import Drawing, drawing_of

NO_PATH = "the graph has no path from input to output"
_INT = np.dtype(int)


class OutOfDomainError(UserError):
    """A graph or a number of epochs that is outside the benchmark."""


class ModelSpec:
    """A cell as somebody drew it, with vertices that may be on no path from input to output.

    matrix: [V, V] of 0 and 1, upper-triangular. ops: V names, "input" to "output". Both are copied. Raises ValueError
    for another matrix, and for a number of operations that is not V; whether it is a cell is a later question, and what
    is left after pruning answers it: V may be more than 7.
    """

    drawing: Drawing
    """As it was drawn; shared with specs whose names of operations are equal, if of another type."""
    data_format = "channels_last"
    _dtype: np.dtype[Any] = _INT

    def __init__(self, matrix: Matrix, ops: Sequence[str], data_format: str = "channels_last") -> None:
        if isinstance(matrix, np.ndarray):
            self._dtype = matrix.dtype
            matrix = matrix.tolist()
        self.data_format = data_format
        self._ops = tuple(ops)
        self.drawing = drawing_of(matrix, self._ops)

    @classmethod
    def of_drawing(cls, drawing: Drawing) -> "ModelSpec":
        """The spec of a drawing."""
        made = cls.__new__(cls)
        made.drawing, made._ops = drawing, drawing.ops
        return made

    @property
    def original_matrix(self) -> NDArray[Any]:
        """[V, V] as given, read-only."""
        return _readonly(self.drawing.matrix().astype(self._dtype))

    @property
    def original_ops(self) -> list[str]:
        """The V operations as given, in a list of the reader's own."""
        return list(self._ops)

    @property
    def valid_spec(self) -> bool:
        """Whether a path leads from input to output."""
        return bool(self.drawing.left)

    @cached_property
    def matrix(self) -> NDArray[Any] | None:
        """[n, n] without the vertices that are on no path, read-only; None where `valid_spec` is False."""
        left = self.drawing.left
        return _readonly(self.drawing.matrix()[np.ix_(left, left)].astype(self._dtype)) if left else None

    @property
    def ops(self) -> list[str] | None:
        """The n operations of `matrix`, in a list of the reader's own; None where `valid_spec` is False."""
        left = self.drawing.left
        if len(left) == len(self._ops):
            return list(self._ops)
        return [self._ops[vertex] for vertex in left] if left else None

    @property
    def cell(self) -> int:
        """The id of this cell in the enumeration of all; -1 where it is none."""
        return self.drawing.cell

    def code(self) -> tuple[int, int, tuple[str, ...]]:
        """n, mask and operations after pruning. Raises OutOfDomainError where nothing is left."""
        left = self.drawing.left
        if not left:
            raise OutOfDomainError(NO_PATH)
        ops = self._ops if len(left) == len(self._ops) else tuple([self._ops[vertex] for vertex in left])
        return *self.drawing.pruned(), ops

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
        return NO_PATH
    size, mask, ops = spec.code()
    if mask.bit_count() > MAX_EDGES:
        return f"the graph has {mask.bit_count()} edges, a cell has at most {MAX_EDGES}"
    if size > LARGEST:
        return f"the graph has {size} vertices, a cell has at most {LARGEST}"
    return f"operations run from {INPUT!r} to {OUTPUT!r} over {', '.join(OPS)}; given: {', '.join(map(str, ops))}"


@lru_cache(maxsize=1 << 14)
def _hash(size: int, mask: int, labels: tuple[int, ...]) -> str:
    return graph_hash(adjacency(mask, size), labels)


def _readonly(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
