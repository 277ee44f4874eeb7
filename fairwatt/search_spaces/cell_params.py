"""Trainable parameters of all cells of a space at once: sums over vertices, worked out once for each graph."""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_complexity import CIFAR10, CONV1X1, CONV3X3, Layer, Skeleton, vertex_channels
from fairwatt.search_spaces.cell_enumeration import OP_COUNT, op_digits
from fairwatt.search_spaces.cell_graph import adjacency


def parameter_counts(
    sizes: NDArray[np.int8], masks: NDArray[np.int32], numbers: NDArray[np.uint8], skeleton: Skeleton = CIFAR10
) -> NDArray[np.int32]:
    """[K] what `complexity(...).params` gives for each cell, from the codes [K] of the cells.

    The channels of a vertex depend on the graph alone, so a cell's count is that of its graph's input projections
    plus one term for each vertex, chosen by its operation.
    """
    counts = np.empty(len(sizes), dtype=np.int32)
    for size in np.unique(sizes).tolist():
        own = np.flatnonzero(sizes == size)
        graphs, which = np.unique(masks[own], return_inverse=True)
        fixed, by_op = _graph_terms(graphs, size, skeleton)
        ops = op_digits(size - 2)[numbers[own]]  # [K_n, n-2]
        counts[own] = fixed[which] + by_op[which[:, None], np.arange(size - 2), ops].sum(axis=1)
    return counts


def _graph_terms(
    graphs: NDArray[np.int32], size: int, skeleton: Skeleton
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """[G] parameters outside the operations of the cells; [G, n-2, 3] those of each vertex under each operation."""
    stacks = [skeleton.stem_channels << stack for stack in range(skeleton.stacks)]
    stem = Layer("conv", 3, skeleton.image_channels, stacks[0], skeleton.image_size, skeleton.image_size)
    head = Layer("linear", 1, stacks[-1], skeleton.classes, 1, 1)
    fixed = np.full(len(graphs), stem.params + head.params, dtype=np.int64)
    by_op = np.zeros((len(graphs), size - 2, OP_COUNT), dtype=np.int64)
    matrices = [adjacency(mask, size) for mask in graphs.tolist()]
    projected = np.array([matrix[0] for matrix in matrices])  # [G, n] the vertices that the input feeds
    repeats = skeleton.cells_per_stack
    for before, channels in zip([stacks[0], *stacks], stacks, strict=False):
        widths = np.array([vertex_channels(matrix, 0, channels) for matrix in matrices], dtype=np.int64)
        read = before + (repeats - 1) * channels + 2 * repeats  # input channels of all cells, with their batch norms
        fixed += read * (projected * widths).sum(axis=1)
        inner = widths[:, 1:-1]
        by_op[:, :, CONV3X3] += repeats * inner * (9 * inner + 2)
        by_op[:, :, CONV1X1] += repeats * inner * (inner + 2)
    return fixed, by_op
