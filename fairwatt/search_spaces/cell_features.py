"""What an energy surrogate is told about a cell: the published vector of 36 numbers, or counts of its operations.

Both are of the cell as NAS-Bench-101 labelled and trained it, whatever the labels that it is asked for under: equal
networks have equal features. Counts are sums over the nine cells of the CIFAR-10 network (`cell_complexity`); stem,
pooling and head are the same for all and left out.
"""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_complexity import CIFAR10, CONV1X1, CONV3X3, MAXPOOL3X3
from fairwatt.search_spaces.cell_enumeration import OP_COUNT, op_digits
from fairwatt.search_spaces.cell_graph import pairs
from fairwatt.search_spaces.cell_index import LARGEST, cell_index
from fairwatt.search_spaces.network_counts import QUANTITIES, Counts, by_size, layer_counts, over_numbers

Array = NDArray[np.float64]

KINDS = ("conv3x3", "conv1x1", "maxpool", "projection")
"""Layers by kind: the operations by code, and the 1x1 convolutions through which a cell reads its input."""
GRAPH = ("vertices", "edges", "depth", "from_input", "to_output", "input_to_output", "addition_bytes")
COUNTS = (*(f"{kind}_{quantity}" for kind in KINDS for quantity in QUANTITIES), *QUANTITIES, *GRAPH)

PUBLISHED = 36
_LABELS = {CONV1X1: 2, CONV3X3: 3, MAXPOOL3X3: 4}
_INPUT, _OUTPUT = 1, 5
_PROJECTION = len(KINDS) - 1


def count_features(cells: NDArray[np.integer]) -> Array:
    """[N, 27] the counts named `COUNTS` of cells [N] of the index; MACs and bytes are per image and forward pass.

    depth: layers on the longest path, edges counted. from_input, to_output: interior vertices that the input feeds
    and that feed the output. addition_bytes: what sums read beyond their first operand.
    """
    index = cell_index(LARGEST)
    features = np.empty((len(cells), len(COUNTS)))
    for same in by_size(index.sizes[cells], index.published_masks[cells], index.published_numbers[cells]):
        projections, operations = layer_counts(same.graphs, CIFAR10)
        by_kind = np.zeros((*operations.shape[:3], len(KINDS), len(QUANTITIES)), dtype=np.int64)
        by_kind[:, :, range(OP_COUNT), range(OP_COUNT)] = operations
        sums = over_numbers(by_kind)[same.which, same.numbers]
        sums[:, _PROJECTION] = projections[same.which]
        shapes = np.column_stack([_shapes(same.graphs), _addition_bytes(same.graphs, operations)])[same.which]
        features[same.places] = np.hstack([sums.reshape(len(sums), -1), sums.sum(axis=1), shapes])
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


def _addition_bytes(graphs: Counts, operations: Counts) -> Counts:
    """[G] the last of `GRAPH`. An operand is as large as what the operation reads, half of the bytes that it moves."""
    operand_bytes = operations[:, :, CONV3X3, QUANTITIES.index("activation_bytes")] // 2
    return np.asarray((operand_bytes * (graphs.sum(axis=1)[:, 1:-1] - 1)).sum(axis=1), dtype=np.int64)


def _shapes(matrices: Counts) -> Counts:
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
