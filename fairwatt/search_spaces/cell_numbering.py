"""Every cell, numbered once: raw encoding -> cell id by array look-up.

A raw encoding on V vertices is V(V-1)/2 edge bits (row-major upper triangle) and V-2 operations. Pruned to the
vertices between input and output, relabelled to the smallest code over all orders that keep it upper-triangular, and
limited to 9 edges, it is a cell (Ying et al. 2019, section 2). Ids count cells by vertices first and code second, so
the 91 cells of four vertices are ids 0..90 in every larger space too, and 423,624 ids name them all.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import NotAvailableError
from fairwatt.search_spaces.array_file import Arrays, cached_arrays
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.cell_enumeration import OP_COUNT, enumerate_cells, kept_numbers, op_digits
from fairwatt.search_spaces.network_counts import parameter_counts

LARGEST = 7
IN_PROCESS = 6
"""Spaces of up to so many vertices are enumerated in every process (60 ms for 6); larger ones once, then cached."""

CELLS = 423_624
BATCH = 1 << 16
"""Encodings looked up at a time: temporaries that stay in the processor's cache."""

_KIND = "cell-index 2"


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
        for begin in range(0, len(masks), BATCH):
            part = slice(begin, begin + BATCH)
            routes = self._routes[masks[part]]
            places = self._kept[(routes & self._sets) * self._width + numbers[part]]
            found[part] = self._ids[(routes >> self._interior) + places]
        return found

    def raw_codes(self) -> NDArray[np.int64]:
        """[K] how many raw codes on this space's vertices prune to each cell: exact, and no code is looked at twice.

        A mask stands for as many codes of each number of its kept operations as the pruned ones have values.
        """
        begins, kept = self._routes >> self._interior, np.bitwise_count(self._routes & self._sets)
        counts = np.zeros(len(self), dtype=np.int64)
        for size in range(self._interior + 1):
            begin, masks = np.unique(begins[(kept == size) & (begins > 0)], return_counts=True)
            numbers = OP_COUNT**size
            cells = self._ids[begin[:, None] + np.arange(numbers)].ravel()
            codes = np.repeat(masks * OP_COUNT ** (self._interior - size), numbers)
            counts += np.bincount(cells, weights=codes, minlength=len(self)).astype(np.int64)
        return counts

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


def _enumerated(vertices: int) -> dict[str, NDArray[Any]]:
    found = enumerate_cells(vertices)
    params = parameter_counts(found.sizes, found.published_masks, found.published_numbers)
    return vars(found) | {"params": params}


@cache
def _operations(size: int) -> list[tuple[int, ...]]:
    return [tuple(row) for row in op_digits(size - 2).tolist()]
