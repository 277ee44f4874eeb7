"""What an energy surrogate is told about a cell: the published vector of 36 numbers, or counts of its operations.

Both are of the cell as NAS-Bench-101 labelled and trained it, whatever the labels that it is asked for under: equal
networks have equal features. Counts are sums over the nine cells of the CIFAR-10 network (`cell_complexity`); stem,
pooling and head are the same for all and left out.
"""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_complexity import CIFAR10, CONV1X1, CONV3X3, MAXPOOL3X3, vertex_channels
from fairwatt.search_spaces.cell_enumeration import OP_COUNT, op_digits
from fairwatt.search_spaces.cell_graph import adjacency, pairs
from fairwatt.search_spaces.cell_index import LARGEST, cell_index

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

KINDS = ("conv3x3", "conv1x1", "maxpool", "projection")
"""Layers by kind: the operations by code, and the 1x1 convolutions through which a cell reads its input."""
QUANTITIES = ("layers", "macs", "activation_bytes", "params")
GRAPH = ("vertices", "edges", "depth", "from_input", "to_output", "input_to_output", "addition_bytes")
COUNTS = (*(f"{kind}_{quantity}" for kind in KINDS for quantity in QUANTITIES), *QUANTITIES, *GRAPH)

PUBLISHED = 36
_LABELS = {CONV1X1: 2, CONV3X3: 3, MAXPOOL3X3: 4}
_INPUT, _OUTPUT = 1, 5
_PROJECTION = len(KINDS) - 1
_BYTES = 4


def count_features(cells: NDArray[np.integer]) -> Array:
    """[N, 27] the counts named `COUNTS` of cells [N] of the index; MACs and bytes are per image and forward pass.

    depth: layers on the longest path, edges counted. from_input, to_output: interior vertices that the input feeds
    and that feed the output. addition_bytes: what sums read beyond their first operand.
    """
    index = cell_index(LARGEST)
    features = np.empty((len(cells), len(COUNTS)))
    sizes = index.sizes[cells]
    for size in np.unique(sizes).tolist():
        own = np.flatnonzero(sizes == size)
        graphs, which = np.unique(index.published_masks[cells[own]], return_inverse=True)
        matrices = np.array([adjacency(mask, size) for mask in graphs.tolist()])
        projections, by_op, additions = _layer_counts(matrices)
        ops = op_digits(size - 2)[index.published_numbers[cells[own]]]  # [N_n, n-2]
        sums = np.zeros((len(own), len(KINDS), len(QUANTITIES)))
        for vertex, codes in enumerate(ops.T):
            sums[np.arange(len(own)), codes] += by_op[which, vertex, codes]
        sums[:, _PROJECTION] = projections[which]
        shape = np.column_stack([_shapes(matrices), additions])[which]
        features[own] = np.hstack([sums.reshape(len(own), -1), sums.sum(axis=1), shape])
    return features


def published_features(cells: NDArray[np.integer]) -> Array:
    """[N, 36] what the published surrogate of EC-NAS sees: the upper triangle of the matrix on 7 vertices with its
    (empty) diagonal, the 7 vertices' labels 1 to 5, and parameters in millions; 0 beyond the cell's own vertices."""
    index = cell_index(LARGEST)
    labels = np.array([_LABELS[code] for code in range(OP_COUNT)])
    triangle = [(i, j) for i in range(LARGEST) for j in range(i, LARGEST)]
    vertices = len(triangle)
    features = np.zeros((len(cells), PUBLISHED))
    sizes = index.sizes[cells]
    for size in np.unique(sizes).tolist():
        own = np.flatnonzero(sizes == size)
        for bit, pair in enumerate(pairs(size)):
            features[own, triangle.index(pair)] = index.published_masks[cells[own]] >> bit & 1
        features[own, vertices] = _INPUT
        features[own[:, None], vertices + 1 + np.arange(size - 2)] = labels[
            op_digits(size - 2)[index.published_numbers[cells[own]]]
        ]
        features[own, vertices + size - 1] = _OUTPUT
    features[:, -1] = index.params[cells] / 1e6
    return features


def _layer_counts(matrices: NDArray[np.int64]) -> tuple[Counts, Counts, Counts]:
    """Of graphs [G, n, n] the quantities of their input projections [G, 4], of each interior vertex under each
    operation [G, n-2, 3, 4], and the bytes of their additions [G]."""
    graphs, size = matrices.shape[:2]
    projections = np.zeros((graphs, len(QUANTITIES)), dtype=np.int64)
    by_op = np.zeros((graphs, size - 2, OP_COUNT, len(QUANTITIES)), dtype=np.int64)
    additions = np.zeros(graphs, dtype=np.int64)
    repeats, channels, before, pixels = CIFAR10.cells_per_stack, CIFAR10.stem_channels, CIFAR10.stem_channels, 0
    for stack in range(CIFAR10.stacks):
        channels, pixels = CIFAR10.stem_channels << stack, (CIFAR10.image_size >> stack) ** 2
        widths = np.array([vertex_channels(matrix, 0, channels) for matrix in matrices.tolist()], dtype=np.int64)
        inner, read = widths[:, 1:-1], before + (repeats - 1) * channels  # channels that the stack's cells read
        fed, written = matrices[:, 0].sum(axis=1), (matrices[:, 0] * widths).sum(axis=1)
        projections += np.column_stack(
            [
                repeats * fed,
                read * written * pixels,
                _BYTES * pixels * (read * fed + repeats * written),
                (read + 2 * repeats) * written,
            ]
        )
        moved = 2 * _BYTES * pixels * inner
        for op, weights in ((CONV3X3, 9 * inner * inner), (CONV1X1, inner * inner)):
            counted = (np.ones_like(inner), weights * pixels, moved, weights + 2 * inner)
            by_op[:, :, op] += repeats * np.stack(counted, axis=-1)
        nothing = np.zeros_like(inner)
        by_op[:, :, MAXPOOL3X3] += repeats * np.stack((np.ones_like(inner), nothing, moved, nothing), axis=-1)
        additions += repeats * _BYTES * pixels * (inner * (matrices.sum(axis=1)[:, 1:-1] - 1)).sum(axis=1)
        before = channels
    return projections, by_op, additions


def _shapes(matrices: NDArray[np.int64]) -> Counts:
    """[G, 6] the first six of `GRAPH`."""
    graphs, size = matrices.shape[:2]
    depth = np.zeros((graphs, size), dtype=np.int64)
    for vertex in range(1, size):
        depth[:, vertex] = (matrices[:, :vertex, vertex] * (1 + depth[:, :vertex])).max(axis=1)
    return np.column_stack(
        [
            np.full(graphs, size),
            matrices.sum(axis=(1, 2)),
            depth[:, -1],
            matrices[:, 0, 1:-1].sum(axis=1),
            matrices[:, 1:-1, -1].sum(axis=1),
            matrices[:, 0, -1],
        ]
    )
