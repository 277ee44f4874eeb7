"""Sizes of the networks of many cells at once, as `cell_complexity` has them of one.

The channels of a vertex depend on the graph alone. So the layers are counted once for each graph: those through which
it reads the cell's input, and those of each interior vertex under each operation, of which a cell chooses one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_complexity import (
    CIFAR10,
    Layer,
    Skeleton,
    graph_channels,
    head,
    operation,
    projection,
    stacks,
)
from fairwatt.search_spaces.cell_enumeration import OP_COUNT
from fairwatt.search_spaces.cell_graph import pairs

Counts = NDArray[np.int64]

QUANTITIES = ("layers", "macs", "activation_bytes", "params")
"""What is counted, in the order of the last axis of arrays [..., 4]."""
_MOST_GRAPHS = 2_048  # at a time: their sums under every number of operations take 16 MB, by kind of layer 64 MB


@dataclass(frozen=True)
class SameSized:
    """N cells of n vertices: their places [N] among all, graphs [G, n, n], which of them [N] is each cell's, and the
    numbers [N] of their operations."""

    places: NDArray[np.intp]
    graphs: Counts
    which: NDArray[np.intp]
    numbers: NDArray[np.integer]


def by_size(
    sizes: NDArray[np.integer], masks: NDArray[np.integer], numbers: NDArray[np.integer]
) -> Iterator[SameSized]:
    """Cells of raw codes [K] without anything to prune, those of one size and so many graphs at a time."""
    for size in np.unique(sizes).tolist():
        same = np.flatnonzero(sizes == size)
        graphs, which = np.unique(masks[same], return_inverse=True)
        for begin in range(0, len(graphs), _MOST_GRAPHS):
            part = graphs[begin : begin + _MOST_GRAPHS]
            own = np.flatnonzero((which >= begin) & (which < begin + len(part)))
            yield SameSized(same[own], _matrices(part, size), which[own] - begin, numbers[same[own]])


def network_counts(
    sizes: NDArray[np.integer], masks: NDArray[np.integer], numbers: NDArray[np.integer], skeleton: Skeleton = CIFAR10
) -> dict[str, Counts]:
    """`QUANTITIES` [K] of the networks of cells, from their raw codes [K] without anything to prune."""
    shared = sum(_counts(layer) for layer in (*(stack.entry for stack in stacks(skeleton)), head(skeleton)))
    counts = np.empty((len(sizes), len(QUANTITIES)), dtype=np.int64)
    for cells in by_size(sizes, masks, numbers):
        projections, operations = layer_counts(cells.graphs, skeleton)
        sums = projections[:, None] + over_numbers(operations)
        counts[cells.places] = sums[cells.which, cells.numbers] + shared
    return dict(zip(QUANTITIES, counts.T, strict=True))


def parameter_counts(
    sizes: NDArray[np.integer], masks: NDArray[np.integer], numbers: NDArray[np.integer], skeleton: Skeleton = CIFAR10
) -> NDArray[np.int32]:
    """[K] the parameters among `network_counts`."""
    return network_counts(sizes, masks, numbers, skeleton)["params"].astype(np.int32)


def layer_counts(graphs: Counts, skeleton: Skeleton) -> tuple[Counts, Counts]:
    """`QUANTITIES` of all cells of the networks of graphs [G, n, n]: [G, 4] of the input projections, [G, n-2, 3, 4]
    of each interior vertex under each operation."""
    projections = np.zeros((len(graphs), len(QUANTITIES)), dtype=np.int64)
    operations = np.zeros((len(graphs), graphs.shape[1] - 2, OP_COUNT, len(QUANTITIES)), dtype=np.int64)
    parts, cells = list(stacks(skeleton)), skeleton.cells_per_stack
    widths_of = graph_channels(graphs, [stack.channels for stack in parts])
    for stack, widths in zip(parts, widths_of, strict=True):
        size = stack.entry.out_size
        for repeats, in_channels in ((1, stack.entry.out_channels), (cells - 1, stack.channels)):
            read = _counts(projection(np.full_like(widths, in_channels), widths, size))
            projections += repeats * (graphs[:, 0, :, None] * read).sum(axis=1)
        for code in range(OP_COUNT):
            operations[:, :, code] += cells * _counts(operation(code, widths[:, 1:-1], size))
    return projections, operations


def over_numbers(terms: Counts) -> Counts:
    """[G, 3^(n-2), ...] for every number of operations the sum of terms [G, n-2, 3, ...], one for each vertex."""
    sums = np.zeros((len(terms), 1, *terms.shape[3:]), dtype=np.int64)
    for vertex in range(terms.shape[1]):  # the first operation is the most significant digit
        sums = (sums[:, :, None] + terms[:, vertex, None]).reshape(len(terms), -1, *terms.shape[3:])
    return sums


def _matrices(masks: NDArray[np.integer], size: int) -> Counts:
    """[G, n, n] as `adjacency` makes one."""
    matrices = np.zeros((len(masks), size, size), dtype=np.int64)
    for bit, (i, j) in enumerate(pairs(size)):
        matrices[:, i, j] = masks >> bit & 1
    return matrices


def _counts(layer: Layer[int] | Layer[Counts]) -> Counts:
    """[..., 4] `QUANTITIES` of layers."""
    columns = np.broadcast_arrays(1, layer.macs, layer.activation_bytes, layer.params)
    return np.stack(columns, axis=-1)
