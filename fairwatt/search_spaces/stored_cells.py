"""Cells as the columns of a table hold them, `vertices`, `edges` and `ops`, and their ids."""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell import OPS
from fairwatt.search_spaces.cell_index import cell_index


def stored_codes(
    vertices: NDArray[np.integer], edges: NDArray[np.bytes_], ops: NDArray[np.bytes_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """[rows] masks and [rows] numbers, as in `cell_index`, of cells as the columns of these names hold them."""
    masks, numbers = np.empty((2, len(vertices)), dtype=np.int32)
    for size in np.unique(vertices).tolist():
        rows = np.flatnonzero(vertices == size)
        bits, codes = _digits(edges[rows], size * (size - 1) // 2), _digits(ops[rows], size - 2)
        masks[rows] = bits @ (1 << np.arange(bits.shape[1], dtype=np.int32))
        numbers[rows] = codes @ len(OPS) ** np.arange(size - 3, -1, -1, dtype=np.int32)
    return masks, numbers


def stored_cells(
    vertices: NDArray[np.integer], edges: NDArray[np.bytes_], ops: NDArray[np.bytes_]
) -> NDArray[np.int32]:
    """[rows] the ids of such cells; -1 for what is no cell."""
    masks, numbers = stored_codes(vertices, edges, ops)
    cells = np.full(len(vertices), -1, dtype=np.int32)
    for size in np.unique(vertices).tolist():
        rows = np.flatnonzero(vertices == size)
        cells[rows] = cell_index(size).ids_of(masks[rows], numbers[rows])
    return cells


def _digits(texts: NDArray[np.bytes_], count: int) -> NDArray[np.int32]:
    """[rows, count] the first digits of ASCII texts."""
    characters = texts.view(np.uint8).reshape(len(texts), texts.itemsize)[:, :count]
    return characters.astype(np.int32) - ord("0")
