"""Labelled cells to ids, one at a time or in batches; the index and the hashes are to be had from here too.

The short way takes a matrix and its operations for a raw code (see `cell_numbering`) and looks it up. What that does
not know is pruned first, which also says why something is no cell.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import NotAvailableError
from fairwatt.search_spaces.cell_enumeration import OP_COUNT
from fairwatt.search_spaces.cell_graph import (
    INPUT,
    INPUT_LABEL,
    OPS,
    OUTPUT,
    OUTPUT_LABEL,
    Matrix,
    interior_codes,
    prune,
)
from fairwatt.search_spaces.cell_graph import MAX_EDGES as MAX_EDGES
from fairwatt.search_spaces.cell_graph import kept_vertices as kept_vertices
from fairwatt.search_spaces.cell_graph import pairs as pairs
from fairwatt.search_spaces.cell_hashes import cell_hash as cell_hash
from fairwatt.search_spaces.cell_hashes import cell_hashes as cell_hashes
from fairwatt.search_spaces.cell_hashes import hash_cell as hash_cell
from fairwatt.search_spaces.cell_numbering import BATCH
from fairwatt.search_spaces.cell_numbering import CELLS as CELLS
from fairwatt.search_spaces.cell_numbering import LARGEST as LARGEST
from fairwatt.search_spaces.cell_numbering import CellIndex as CellIndex
from fairwatt.search_spaces.cell_numbering import cell_index as cell_index


def cell_id(matrix: Matrix, ops: Sequence[str | int]) -> int:
    """The id of any labelled cell; arguments as of `prune`, the matrix of 2 to 7 vertices.

    Vertices count as given, as in `cell_ids`: a larger matrix that keeps 7 or fewer is pruned first (`prune`), which
    `compat.ModelSpec` does as NAS-Bench-101 does. Raises ValueError as `prune` does, for what is no matrix or no
    sequence, and for more than 7 vertices.
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
    """[N] the ids of labelled cells; -1 wherever `cell_id` raises for what is in a matrix or its operations.

    matrices: [N, V, V] of 0 and 1, V of 2 to 7. ops: [N, V-2] names or codes of the interior, or [N, V] names from
    "input" to "output". Raises ValueError for other shapes, and so for more than 7 vertices, used or not.
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
    for begin in range(0, count, BATCH):
        part = slice(begin, begin + BATCH)
        flat, binary = _limited(squares[part].reshape(-1, size * size), 2)
        masks, misplaced = (flat.astype(np.float32) @ weights).T.astype(np.int32)
        codes, known = _codes(given[part], size)
        numbers = codes.astype(np.int64) @ OP_COUNT ** np.arange(size - 3, -1, -1)
        found[part] = np.where(binary & known & (misplaced == 0), index.ids_of(masks, numbers), -1)
    return found


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
        if len(matrix) > LARGEST:
            raise ValueError(f"the matrix has {len(matrix)} vertices, expected at most {LARGEST}: `prune` it first")
        pruned, codes = prune(matrix, ops)
    except TypeError:
        raise ValueError(f"a cell is a square matrix and a sequence of operations, not {matrix!r}, {ops!r}") from None
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
