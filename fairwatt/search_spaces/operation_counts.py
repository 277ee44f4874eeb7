"""Operation counts of many cells at once: sums over vertices, worked out once for each graph."""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_complexity import CIFAR10, CONV1X1, CONV3X3, Layer, Skeleton, vertex_channels
from fairwatt.search_spaces.cell_enumeration import op_digits
from fairwatt.search_spaces.cell_graph import adjacency

COUNTS = ("macs", "activation_bytes", "layers")
_BYTES_PER_ELEMENT = 4
_MACS_PER_SQUARE = {CONV3X3: 9, CONV1X1: 1}


def operation_counts(
    sizes: NDArray[np.integer],
    masks: NDArray[np.integer],
    numbers: NDArray[np.integer],
    skeleton: Skeleton = CIFAR10,
) -> dict[str, NDArray[np.int64]]:
    """`COUNTS` [K] of the networks of cells, as `cell_complexity.complexity` has them.

    sizes, masks, numbers: [K] raw codes without anything to prune. Channels depend on the graph alone, and so do all
    counts but the multiplications within the operations.
    """
    counts = {name: np.empty(len(sizes), dtype=np.int64) for name in COUNTS}
    for size in np.unique(sizes).tolist():
        own = np.flatnonzero(sizes == size)
        graphs, which = np.unique(masks[own], return_inverse=True)
        fixed, squares = _graph_counts([adjacency(mask, size) for mask in graphs.tolist()], skeleton)
        weights = np.array([_MACS_PER_SQUARE.get(code, 0) for code in range(3)])[op_digits(size - 2)[numbers[own]]]
        for name in COUNTS:
            counts[name][own] = fixed[name][which]
        counts["macs"][own] += (weights * squares[which]).sum(axis=1)
    return counts


def _graph_counts(
    matrices: list[list[list[int]]], skeleton: Skeleton
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """`COUNTS` [G] apart from what depends on operations; and [G, n-2] channels squared x pixels, over all cells."""
    size, channels = skeleton.image_size, skeleton.stem_channels
    edge = [Layer("conv", 3, skeleton.image_channels, channels, size, size)]
    projected = np.array([matrix[0] for matrix in matrices], dtype=np.int64)  # [G, n] what the input feeds
    counts = {name: np.zeros(len(matrices), dtype=np.int64) for name in COUNTS}
    squares = np.zeros((len(matrices), len(matrices[0]) - 2), dtype=np.int64)
    repeats = skeleton.cells_per_stack
    for stack in range(skeleton.stacks):
        before = channels
        if stack:
            edge.append(Layer("maxpool", 2, channels, channels, size, size // 2))
            size, channels = size // 2, channels * 2
        pixels = size**2
        widths = np.array([vertex_channels(matrix, 0, channels) for matrix in matrices], dtype=np.int64)
        read = before + (repeats - 1) * channels  # input channels of the stack's cells
        made = (projected * widths).sum(axis=1)
        inner = widths[:, 1:-1]
        elements = read * projected.sum(axis=1) + repeats * (made + 2 * inner.sum(axis=1))
        counts["macs"] += read * made * pixels
        counts["activation_bytes"] += _BYTES_PER_ELEMENT * elements * pixels
        counts["layers"] += repeats * (projected.sum(axis=1) + inner.shape[1])
        squares += repeats * inner**2 * pixels
    edge.append(Layer("linear", 1, channels, skeleton.classes, 1, 1))
    for layer in edge:
        counts["macs"] += layer.macs
        counts["activation_bytes"] += layer.activation_bytes
        counts["layers"] += 1
    return counts, squares
