"""All distinct cells of a space, enumerated with numpy: 423,624 of at most seven vertices in about half a second.

A raw code on V vertices is a mask, whose bit k is pair k of `pairs(V)`, and a number, the V-2 interior operations in
base 3, the first the most significant. Pruning takes a mask to one of 1,293,208 labelled full graphs, so two look-ups,
mask -> graph and kept vertices, then kept operations -> cell, stand for a table of all 2^E * 3^(V-2) raw codes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_graph import MAX_EDGES, OPS, pairs

OP_COUNT = len(OPS)


@dataclass(frozen=True)
class Enumeration:
    """The look-up tables of one space, and its K cells by id.

    routes: [2^E] per mask 2^(V-2) * (where its graph begins in `ids`) + the set of its kept interior vertices; 0 for a
    mask without a path or with more than 9 edges left. ids: per graph and number of the kept operations; ids[0] is -1.
    sizes, masks, numbers: [K] each cell's own vertices n and its smallest code on them. published_masks,
    published_numbers: [K] its code as labelled in NAS-Bench-101, whose enumeration counts edges column by column and
    keeps the first labelling it meets; where channels do not divide evenly, the number of parameters depends on it.
    """

    routes: NDArray[np.int32]
    ids: NDArray[np.int32]
    sizes: NDArray[np.int8]
    masks: NDArray[np.int32]
    numbers: NDArray[np.uint8]
    published_masks: NDArray[np.int32]
    published_numbers: NDArray[np.uint8]


def enumerate_cells(vertices: int) -> Enumeration:
    """Every cell of at most `vertices` vertices, by size first and smallest code second.

    The code of a labelled graph is mask * 3^(n-2) + number; a cell has the smallest over all orders of its vertices
    that keep it upper-triangular.
    """
    interior = vertices - 2
    kept, pruned, valid = _prune_all(vertices)
    full = np.flatnonzero(valid & (pruned == np.arange(len(pruned)))).astype(np.int32)  # nothing to prune
    start = np.zeros(len(pruned), dtype=np.int32)  # [2^E] of each of these, where it begins in `ids`
    blocks, found = [np.array([-1], dtype=np.int32)], []
    begin, first = 1, 0
    for size in range(2, vertices + 1):
        graphs, members = _labelled_graphs(full, kept[full], size, vertices)
        ids, masks, numbers = _number_cells(graphs, size)
        width = OP_COUNT ** (size - 2)
        for chosen, place in members:
            start[chosen] = begin + place * width
        blocks.append((ids + first).ravel())
        found.append((np.full(len(masks), size, dtype=np.int8), masks, numbers, *_published(graphs, ids, size)))
        begin, first = begin + ids.size, first + len(masks)
    routes = np.where(valid, start[pruned] << interior | kept, 0).astype(np.int32)
    return Enumeration(
        routes, np.concatenate(blocks), *(np.concatenate(columns) for columns in zip(*found, strict=True))
    )


def op_digits(count: int) -> NDArray[np.int64]:
    """[3^count, count] the operations of every number."""
    numbers = np.arange(OP_COUNT**count)[:, None]
    return numbers // OP_COUNT ** np.arange(count - 1, -1, -1)[None, :] % OP_COUNT


def op_numbers(ops: NDArray[np.integer]) -> NDArray[np.int64]:
    """[N] the number of each row of operations [N, count]."""
    weights = OP_COUNT ** np.arange(ops.shape[1] - 1, -1, -1)
    return np.asarray(ops @ weights, dtype=np.int64)


def kept_numbers(interior: int) -> NDArray[np.int32]:
    """[2^interior, 3^interior] per set of kept interior vertices and number: the number of the kept operations."""
    digits = op_digits(interior)
    return np.stack([op_numbers(digits[:, _members(kept, interior)]) for kept in range(1 << interior)]).astype(np.int32)


def _members(kept: int, interior: int) -> list[int]:
    return [place for place in range(interior) if kept >> place & 1]


def _prune_all(vertices: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.bool_]]:
    """[2^E] of every mask: its kept interior vertices as a set, its edges between kept vertices, whether it is a cell.

    `kept` is 0 without a path too: no vertex is then both behind the input and before the output.
    """
    last = vertices - 1
    masks = np.arange(1 << len(pairs(vertices)), dtype=np.int32)
    edge = {pair: (masks >> bit & 1).astype(np.bool_) for bit, pair in enumerate(pairs(vertices))}
    behind = [np.ones(len(masks), dtype=np.bool_)]  # behind[v]: the input reaches v
    for j in range(1, vertices):
        behind.append(np.logical_or.reduce([behind[i] & edge[i, j] for i in range(j)]))
    before = {last: behind[0]}  # before[v]: v reaches the output
    for i in range(last - 1, -1, -1):
        before[i] = np.logical_or.reduce([before[j] & edge[i, j] for j in range(i + 1, vertices)])
    kept = np.zeros(len(masks), dtype=np.uint8)
    for v in range(1, last):
        kept |= (behind[v] & before[v]).astype(np.uint8) << np.uint8(v - 1)
    inner = np.zeros(1 << (vertices - 2), dtype=np.int32)  # the pairs among the kept vertices
    for chosen in range(len(inner)):
        ends = {0, last, *(place + 1 for place in _members(chosen, vertices - 2))}
        inner[chosen] = sum(1 << bit for bit, pair in enumerate(pairs(vertices)) if ends.issuperset(pair))
    pruned = masks & inner[kept]
    return kept, pruned, before[0] & (np.bitwise_count(pruned) <= MAX_EDGES)


def _labelled_graphs(
    full: NDArray[np.int32], kept: NDArray[np.uint8], size: int, vertices: int
) -> tuple[NDArray[np.int32], list[tuple[NDArray[np.int32], NDArray[np.int64]]]]:
    """[G] the full graphs of `size` vertices; and for each set of so many kept vertices, its masks and their places."""
    drawn = []
    for chosen in range(1 << (vertices - 2)):
        if chosen.bit_count() == size - 2:
            own = full[kept == chosen]
            ends = [0, *(place + 1 for place in _members(chosen, vertices - 2)), vertices - 1]
            drawn.append((own, _moved(own, [(ends[i], ends[j]) for i, j in pairs(size)], vertices)))
    graphs = np.unique(np.concatenate([own for _, own in drawn]))
    return graphs, [(own, np.searchsorted(graphs, compact)) for own, compact in drawn]


def _moved(masks: NDArray[np.int32], sources: Sequence[tuple[int, int]], vertices: int) -> NDArray[np.int32]:
    """Masks whose bit k is the bit of `sources[k]` among the pairs of `vertices`; pairs the wrong way round are 0."""
    bits = {pair: bit for bit, pair in enumerate(pairs(vertices))}
    moved = np.zeros_like(masks)
    for bit, pair in enumerate(sources):
        if pair in bits:
            moved |= (masks >> bits[pair] & 1) << bit
    return moved


def _orders(
    graphs: NDArray[np.int32], size: int
) -> Iterator[tuple[tuple[int, ...], NDArray[np.bool_], NDArray[np.int32]]]:
    """Every order of the interior vertices, the graphs [G] it keeps upper-triangular, and what they become."""
    for order in permutations(range(1, size - 1)):
        ends = (0, *order, size - 1)
        backward = [(ends[j], ends[i]) for i, j in pairs(size)]
        yield (
            order,
            _moved(graphs, backward, size) == 0,
            _moved(graphs, [(ends[i], ends[j]) for i, j in pairs(size)], size),
        )


def _number_cells(
    graphs: NDArray[np.int32], size: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """Cells of exactly `size` vertices: id of each graph and number [G, 3^(n-2)] from 0; the cells' codes.

    The mask counts first in a code, so only orders that reach a graph's smallest mask can give its smallest code.
    """
    orders = list(_orders(graphs, size))
    best = graphs.copy()
    for _, allowed, moved in orders:
        np.minimum(best, moved, out=best, where=allowed)
    digits = op_digits(size - 2)
    smallest = np.full((len(graphs), len(digits)), len(digits), dtype=np.int32)
    for order, allowed, moved in orders:
        rows = np.flatnonzero(allowed & (moved == best))
        renumbered = op_numbers(digits[:, [v - 1 for v in order]])
        smallest[rows] = np.minimum(smallest[rows], renumbered)
    classes, place = np.unique(best, return_inverse=True)
    is_cell = np.zeros((len(classes), len(digits)), dtype=np.bool_)
    is_cell[place[:, None], smallest] = True
    ids = (np.cumsum(is_cell.ravel()) - 1).reshape(is_cell.shape).astype(np.int32)
    of_class, numbers = np.nonzero(is_cell)
    return ids[place[:, None], smallest], classes[of_class], numbers.astype(np.uint8)


def _published(
    graphs: NDArray[np.int32], ids: NDArray[np.int32], size: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Masks and numbers [K_n] of the first labelling of each cell, edges counted column by column.

    Source: the order of nasbench's scripts/generate_graphs.py (Ying et al. 2019).
    """
    by_column = _moved(graphs, sorted(pairs(size), key=lambda pair: pair[::-1]), size)
    order = np.argsort(by_column)
    _, first = np.unique(ids[order], return_index=True)
    place, numbers = np.divmod(first, ids.shape[1])
    return graphs[order[place]], numbers.astype(np.uint8)
