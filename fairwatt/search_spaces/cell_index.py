"""Every cell, numbered once: raw encoding -> cell id by array look-up.

A raw encoding on V vertices is V(V-1)/2 edge bits (row-major upper triangle) and V-2 operations. Pruned to the
vertices between input and output, relabelled to the smallest code over all orders that keep it upper-triangular, and
limited to 9 edges, it is a cell (Ying et al. 2019, section 2). Ids count cells by vertices first and code second, so
the 91 cells of four vertices are ids 0..90 in every larger space too, and 423,624 ids name them all.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import NotAvailableError
from fairwatt.search_spaces.array_file import Arrays, cached_arrays
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.cell_enumeration import OP_COUNT, enumerate_cells, kept_numbers, op_digits
from fairwatt.search_spaces.cell_graph import (
    INPUT,
    INPUT_LABEL,
    OPS,
    OUTPUT,
    OUTPUT_LABEL,
    Matrix,
    adjacency,
    graph_hash,
    interior_codes,
    prune,
)
from fairwatt.search_spaces.cell_graph import MAX_EDGES as MAX_EDGES
from fairwatt.search_spaces.cell_graph import kept_vertices as kept_vertices
from fairwatt.search_spaces.cell_graph import pairs as pairs
from fairwatt.search_spaces.cell_params import parameter_counts
from fairwatt.search_spaces.graph_hashes import graph_hashes

LARGEST = 7
IN_PROCESS = 6
"""Spaces of up to so many vertices are enumerated in every process (60 ms for 6); larger ones once, then cached."""

CELLS = 423_624

_KIND = "cell-index 2"
_HASHES_KIND = "cell-hashes 1"
_FIRST_TRIED = 5  # vertices: the hashes of 2,532 cells take a sixth of a second, and most tables have no others
_BATCH = 1 << 16


class CellIndex:
    """All K cells of at most `vertices` vertices, and the way from a raw code to them.

    A raw code is a mask, whose bit k says whether pair k of `pairs(V)` is an edge, and a number, the V-2 interior
    operations in base 3, the first the most significant. sizes [K], masks [K], numbers [K]: the vertices n of each
    cell and its representative, a raw code on n vertices. published_masks [K], published_numbers [K]: the raw code
    under which NAS-Bench-101 published it. params [K]: its trainable parameters (stem of 128 channels, three stacks
    of three cells, CIFAR-10) as published; 7,796 cells have up to 1.2 % more or fewer under the representative's
    labels, because channels that do not divide evenly go to the first vertices.
    """

    def __init__(self, vertices: int, arrays: Arrays) -> None:
        self.vertices = vertices
        self.sizes, self.masks, self.numbers = arrays["sizes"], arrays["masks"], arrays["numbers"]
        self.published_masks, self.published_numbers = arrays["published_masks"], arrays["published_numbers"]
        self.params = arrays["params"]
        self._routes, self._ids = arrays["routes"], arrays["ids"]
        kept = kept_numbers(vertices - 2)
        self._kept, self._width = kept.ravel(), kept.shape[1]
        self._interior = vertices - 2
        self._sets = (1 << self._interior) - 1
        for array in (*arrays.values(), self._kept):
            array.flags.writeable = False
        # memoryviews: their items are plain ints, and three times as fast to get as those of an array
        self._route, self._id, self._place = self._routes.data, self._ids.data, [row.data for row in kept]

    def __len__(self) -> int:
        return len(self.sizes)

    def id(self, mask: int, number: int) -> int:
        """The cell of a raw code on this space's vertices; -1 for none. Nothing is checked: it is the fast path."""
        route = self._route[mask]
        cell: int = self._id[(route >> self._interior) + self._place[route & self._sets][number]]
        return cell

    def ids_of(self, masks: NDArray[np.integer], numbers: NDArray[np.integer]) -> NDArray[np.int32]:
        """[N] the cells of raw codes, -1 for none. Raises IndexError for what is no raw code."""
        found = np.empty(len(masks), dtype=np.int32)
        for begin in range(0, len(masks), _BATCH):  # temporaries that stay in the processor's cache
            part = slice(begin, begin + _BATCH)
            routes = self._routes[masks[part]]
            places = self._kept[(routes & self._sets) * self._width + numbers[part]]
            found[part] = self._ids[(routes >> self._interior) + places]
        return found

    def edges(self, cell: int) -> tuple[int, ...]:
        """The edge bits of the cell's representative, n(n-1)/2 of them."""
        mask, size = int(self.masks[cell]), int(self.sizes[cell])
        return tuple(mask >> bit & 1 for bit in range(size * (size - 1) // 2))

    def ops(self, cell: int) -> tuple[int, ...]:
        """The interior operation codes of the cell's representative, n-2 of them."""
        return _operations(int(self.sizes[cell]))[int(self.numbers[cell])]


@cache
def cell_index(vertices: int) -> CellIndex:
    """The index of the space of `vertices` vertices, 2 to 7, kept for the process.

    That of 7 is enumerated once in under a second and stored in `cache_dir()`; later processes map the file in a few
    milliseconds (`cached_arrays` says what happens to a damaged file or a folder that cannot be written).
    Raises NotAvailableError above 7 vertices.
    """
    if not 2 <= vertices <= LARGEST:
        raise NotAvailableError("vertices of a cell space", vertices, range(2, LARGEST + 1))
    if vertices <= IN_PROCESS:
        return CellIndex(vertices, _enumerated(vertices))
    path = cache_dir() / f"cell-index-{vertices}v.bin"
    return CellIndex(vertices, cached_arrays(path, _KIND, lambda: _enumerated(vertices)))


def cell_id(matrix: Matrix, ops: Sequence[str | int]) -> int:
    """The id of any labelled cell; arguments as of `prune`.

    Raises ValueError as `prune` does, for what is no matrix or no sequence, and for a cell that keeps more than 7
    vertices.
    """
    try:
        rows, index = _by_rows(len(matrix))
        mask = 0
        for bits, row in zip(rows, matrix.tolist() if isinstance(matrix, np.ndarray) else matrix, strict=True):
            mask |= bits[tuple(row)]
        cell = index.id(mask, _number(tuple(ops), len(rows)))
    except (KeyError, TypeError, NotAvailableError):
        cell = -1
    return cell if cell >= 0 else _pruned_id(matrix, ops)


def cell_ids(matrices: ArrayLike, ops: ArrayLike) -> NDArray[np.int32]:
    """[N] the ids of labelled cells; -1 wherever `cell_id` raises.

    matrices: [N, V, V] of 0 and 1, V of 2 to 7. ops: [N, V-2] names or codes of the interior, or [N, V] names from
    "input" to "output". Raises ValueError for other shapes.
    """
    squares, given = np.asarray(matrices), np.asarray(ops)
    if given.dtype.kind == "U" and not isinstance(ops, np.ndarray):
        given = np.asarray(ops, dtype=np.object_)  # ["input", 0, "output"] keeps its code
    if squares.ndim != 3 or squares.shape[1] != squares.shape[2] or not 2 <= squares.shape[1] <= LARGEST:
        raise ValueError(f"matrices are [N, V, V] with V from 2 to {LARGEST}, not {list(squares.shape)}")
    count, size = squares.shape[:2]
    if given.shape not in ((count, size - 2), (count, size)):
        raise ValueError(f"{count} cells of {size} vertices have operations [{count}, {size - 2}], not {given.shape}")
    found = np.empty(count, dtype=np.int32)
    weights = np.zeros((size * size, 2), dtype=np.float32)  # exact: masks have fewer bits than a float32
    for bit, (i, j) in enumerate(pairs(size)):
        weights[i * size + j, 0] = 1 << bit
    weights[np.tril(np.ones((size, size), dtype=np.bool_)).ravel(), 1] = 1  # counts what is not above the diagonal
    index = cell_index(size)
    for begin in range(0, count, _BATCH):
        part = slice(begin, begin + _BATCH)
        flat, binary = _limited(squares[part].reshape(-1, size * size), 2)
        masks, misplaced = (flat.astype(np.float32) @ weights).T.astype(np.int32)
        codes, known = _codes(given[part], size)
        numbers = codes.astype(np.int64) @ OP_COUNT ** np.arange(size - 3, -1, -1)
        found[part] = np.where(binary & known & (misplaced == 0), index.ids_of(masks, numbers), -1)
    return found


@lru_cache(maxsize=1 << 14, typed=True)
def cell_hash(cell: int) -> str:
    """The md5 hash, 32 hex digits, by which NAS-Bench-101 names a cell; worked out for this one alone.

    Raises ValueError for a number that is no cell id.
    """
    if not isinstance(cell, int | np.integer) or not 0 <= cell < CELLS:
        raise ValueError(f"cells have ids 0..{CELLS - 1}, not {cell!r}")
    index = cell_index(IN_PROCESS)
    if cell >= len(index):
        index = cell_index(LARGEST)
    return graph_hash(adjacency(int(index.masks[cell]), int(index.sizes[cell])), index.ops(cell))


@cache
def cell_hashes(vertices: int = LARGEST) -> NDArray[np.bytes_]:
    """[K] of dtype S32: the hashes of all cells of at most `vertices` vertices, by id; read-only.

    Those of 7 vertices take several seconds when first asked for and are then stored in `cache_dir()`.
    """
    return _hashes(vertices)["hashes"].astype("S32", copy=False)


def hash_cell(code: str) -> int:
    """The id of the cell with this md5 hash; -1 where no cell has it. All hashes are needed: see `cell_hashes`.

    Raises ValueError for what is no text.
    """
    if not isinstance(code, str):
        raise ValueError(f"the hash of a cell is a text of 32 hex digits, not {code!r}")
    wanted = code.encode("ascii", "replace")
    for vertices in (_FIRST_TRIED, LARGEST):
        hashes, by_hash = cell_hashes(vertices), _by_hash(vertices)
        place = bisect_left(by_hash, wanted, key=hashes.__getitem__)
        if place < len(by_hash) and hashes[by_hash[place]] == wanted:
            return by_hash[place]
    return -1


@cache
def _hashes(vertices: int) -> Arrays:
    index = cell_index(vertices)

    def build() -> dict[str, NDArray[Any]]:
        hashes = graph_hashes(index.sizes, index.masks, index.numbers)
        by_hash = np.argsort(hashes).astype(np.int32)
        hashes.flags.writeable = by_hash.flags.writeable = False
        return {"hashes": hashes, "by_hash": by_hash}

    if vertices <= IN_PROCESS:
        return build()
    return cached_arrays(cache_dir() / f"cell-hashes-{vertices}v.bin", _HASHES_KIND, build)


@cache
def _by_hash(vertices: int) -> Sequence[int]:
    return _hashes(vertices)["by_hash"].data


def _enumerated(vertices: int) -> dict[str, NDArray[Any]]:
    found = enumerate_cells(vertices)
    params = parameter_counts(found.sizes, found.published_masks, found.published_numbers)
    return vars(found) | {"params": params}


@cache
def _operations(size: int) -> list[tuple[int, ...]]:
    return [tuple(row) for row in op_digits(size - 2).tolist()]


@cache
def _by_rows(size: int) -> tuple[list[dict[tuple[int, ...], int]], CellIndex]:
    """Per row of a matrix what each content that it may have adds to the mask; and the index."""
    rows: list[dict[tuple[int, ...], int]] = []
    index, first = cell_index(size), 0
    for row in range(size):
        ahead = size - 1 - row
        rows.append(
            {
                (*(0,) * (row + 1), *(bits >> place & 1 for place in range(ahead))): bits << first
                for bits in range(1 << ahead)
            }
        )
        first += ahead
    return rows, index


@lru_cache(maxsize=1 << 14)
def _number(ops: tuple[str | int, ...], size: int) -> int:
    number = 0
    for code in interior_codes(ops, size):
        number = OP_COUNT * number + code
    return number


def _pruned_id(matrix: Matrix, ops: Sequence[str | int]) -> int:
    """The long way: says why something is no cell, and takes spellings that the short way does not know."""
    try:
        pruned, codes = prune(matrix, ops)
    except TypeError:
        raise ValueError(f"a cell is a square matrix and a sequence of operations, not {matrix!r}, {ops!r}") from None
    if len(pruned) > LARGEST:
        raise ValueError(f"the cell has {len(pruned)} vertices after pruning; at most {LARGEST}")
    rows, index = _by_rows(len(pruned))
    mask = sum(bits[tuple(row)] for bits, row in zip(rows, pruned.tolist(), strict=True))
    return index.id(mask, _number(codes, len(pruned)))


def _codes(ops: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """[N, V-2] interior codes, 0 where unknown; [N] whether a cell's operations are all known."""
    framed = np.ones(len(ops), dtype=np.bool_)
    if ops.shape[1] == size:
        named = (ops[:, 0] == INPUT) & (ops[:, -1] == OUTPUT)
        framed = named | ((ops[:, 0] == INPUT_LABEL) & (ops[:, -1] == OUTPUT_LABEL))
        ops = ops[:, 1:-1]
    if ops.dtype.kind in "UO":
        codes = np.full(ops.shape, OP_COUNT)
        for code, name in enumerate(OPS):
            codes[(ops == name) | (ops == code)] = code
        ops = codes
    ops, known = _limited(ops, OP_COUNT)
    return ops, framed & known


def _limited(values: NDArray[Any], end: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """[N, M] of whole numbers below `end`, rows with any other value replaced by 0; [N] which rows have none."""
    if values.dtype.kind in "biu" and values.size and values.min() >= 0 and values.max() < end:
        return values, np.ones(len(values), dtype=np.bool_)
    if values.dtype.kind not in "biufcO":  # text is no number, whatever it spells
        values = np.full(values.shape, end)
    sound = np.asarray(np.isin(values, np.arange(end)).all(axis=1))
    return np.where(sound[:, None], values, 0), sound
