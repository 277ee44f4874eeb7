"""Every cell of a space, numbered once: raw encoding -> cell id in one array look-up.

A raw encoding on V vertices is V(V-1)/2 edge bits (row-major upper triangle) and V-2 operations. Pruned to the
vertices between input and output, relabelled to the smallest code over all orders that keep it upper-triangular, and
limited to 9 edges, it is a cell (Ying et al. 2019, section 2). Ids count cells by vertices first and code second, so
the 91 cells of four vertices are ids 0..90 in every larger space too.
"""

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import NotAvailableError

MAX_EDGES = 9
OP_COUNT = 3
LARGEST = 5


@dataclass(frozen=True)
class CellIndex:
    """All cells of at most `vertices` vertices.

    ids: [2^E * 3^(V-2)] id of each raw code, -1 where there is no path or too many edges.
    edges, ops: per id, the cell's own upper triangle (n(n-1)/2 bits) and interior operations (n-2 codes).
    """

    vertices: int
    ids: NDArray[np.int32]
    edges: tuple[tuple[int, ...], ...]
    ops: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.edges)


def pairs(vertices: int) -> list[tuple[int, int]]:
    """The (from, to) pairs of a row-major upper triangle without its diagonal."""
    return [(i, j) for i in range(vertices) for j in range(i + 1, vertices)]


def kept_vertices(edges: set[tuple[int, int]], vertices: int) -> list[int]:
    """Vertices on some path from input 0 to output V-1, ascending; empty where there is no path."""
    forward, backward = {0}, {vertices - 1}
    for i, j in sorted(edges):
        if i in forward:
            forward.add(j)
    for i, j in sorted(edges, reverse=True):
        if j in backward:
            backward.add(i)
    kept = sorted(forward & backward)
    return kept if len(kept) > 1 else []


@cache
def cell_index(vertices: int) -> CellIndex:
    """Enumerate the space of `vertices` vertices (2 to 5; about 30 ms for 5, then cached in the process).

    Raises NotAvailableError above 5 vertices.
    """
    if not 2 <= vertices <= LARGEST:
        raise NotAvailableError("vertices of a cell space", vertices, range(2, LARGEST + 1))
    interior = vertices - 2
    op_digits = _digits(interior)  # [3^I, I]
    masks = 1 << len(pairs(vertices))
    canonical = np.full((masks, len(op_digits)), -1, dtype=np.int64)
    for mask in range(masks):
        edges = {pair for bit, pair in enumerate(pairs(vertices)) if mask >> bit & 1}
        kept = kept_vertices(edges, vertices)
        if not kept:
            continue
        place = {vertex: new for new, vertex in enumerate(kept)}
        inner = frozenset((place[i], place[j]) for i, j in edges if i in place and j in place)
        if len(inner) > MAX_EDGES:
            continue
        live_ops = op_digits[:, [v - 1 for v in kept[1:-1]]]  # [3^I, n-2]
        canonical[mask] = len(kept) * (1 << 32) + _canonical_codes(inner, len(kept))[_number(live_ops)]
    codes = np.unique(canonical[canonical >= 0])
    ids = np.where(canonical >= 0, np.searchsorted(codes, canonical), -1).astype(np.int32)
    cells = [_decode(int(code)) for code in codes]
    ids.flags.writeable = False
    return CellIndex(vertices, ids.ravel(), tuple(c[0] for c in cells), tuple(c[1] for c in cells))


def _digits(count: int) -> NDArray[np.int64]:
    """[3^count, count] all operation tuples, the first operation most significant."""
    numbers = np.arange(OP_COUNT**count)[:, None]
    return numbers // OP_COUNT ** np.arange(count - 1, -1, -1)[None, :] % OP_COUNT


def _number(ops: NDArray[np.int64]) -> NDArray[np.int64]:
    """[N] the base-3 number of each row of operations [N, count]."""
    weights = OP_COUNT ** np.arange(ops.shape[1] - 1, -1, -1)
    return np.asarray(ops @ weights, dtype=np.int64)


@cache
def _canonical_codes(edges: frozenset[tuple[int, int]], vertices: int) -> NDArray[np.int64]:
    """[3^(n-2)] smallest code of each labelling of this graph, over orders that keep it upper-triangular."""
    digits = _digits(vertices - 2)
    best: NDArray[np.int64] | None = None
    for order in permutations(range(1, vertices - 1)):
        place = {0: 0, vertices - 1: vertices - 1} | {v: new for new, v in enumerate(order, start=1)}
        moved = {(place[i], place[j]) for i, j in edges}
        if any(i >= j for i, j in moved):
            continue
        mask = sum(1 << bit for bit, pair in enumerate(pairs(vertices)) if pair in moved)
        codes = mask * OP_COUNT ** (vertices - 2) + _number(digits[:, [v - 1 for v in order]])
        best = codes if best is None else np.minimum(best, codes)
    assert best is not None  # the identity order is upper-triangular
    return best


def _decode(code: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    vertices, rest = divmod(code, 1 << 32)
    mask, number = divmod(rest, OP_COUNT ** (vertices - 2))
    edges = tuple(mask >> bit & 1 for bit in range(len(pairs(vertices))))
    return edges, tuple(int(op) for op in _digits(vertices - 2)[number])
