"""What energy surrogates are told: counts that add up to the network's, and the published vector."""

import numpy as np

from fairwatt.search_spaces.cell_complexity import complexity
from fairwatt.search_spaces.cell_enumeration import op_digits
from fairwatt.search_spaces.cell_features import COUNTS, GRAPH, KINDS, count_features, published_features
from fairwatt.search_spaces.cell_graph import adjacency
from fairwatt.search_spaces.cell_index import CellIndex, cell_id
from fairwatt.search_spaces.network_counts import QUANTITIES


def sample(all_cells: CellIndex, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.append(np.arange(7), rng.choice(len(all_cells), count, replace=False))  # the smallest cells too


def test_counts_are_those_of_the_network_less_what_all_networks_share(all_cells: CellIndex) -> None:
    cells = sample(all_cells, 150)
    counts = dict(zip(COUNTS, count_features(cells).T, strict=True))
    rest = {name: set() for name in QUANTITIES}
    for place, cell in enumerate(cells):
        size, code = int(all_cells.sizes[cell]), int(all_cells.published_numbers[cell])
        network = complexity(adjacency(int(all_cells.published_masks[cell]), size), op_digits(size - 2)[code].tolist())
        for name in QUANTITIES:
            rest[name].add(getattr(network, name) - counts[name][place])
    assert all(len(shared) == 1 for shared in rest.values())
    assert rest["layers"] == {4}  # stem, two poolings, head
    for name in QUANTITIES:
        assert (sum(counts[f"{kind}_{name}"] for kind in KINDS) == counts[name]).all()
    assert len(np.unique(all_cells.params - count_features(np.arange(len(all_cells)))[:, COUNTS.index("params")])) == 1


def test_counts_of_a_cell_by_hand() -> None:
    # input -> conv3x3 -> conv1x1 -> output, and input -> output
    matrix = [[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    (row,) = count_features(np.array([cell_id(matrix, ["conv3x3-bn-relu", "conv1x1-bn-relu"])]))
    counts = dict(zip(COUNTS, row.tolist(), strict=True))
    assert [counts[name] for name in GRAPH[:-1]] == [4, 4, 3, 1, 1, 1]
    assert counts["addition_bytes"] == 0  # the sum at the output is the network's, not an operation's
    assert (counts["conv3x3_layers"], counts["maxpool_layers"], counts["projection_layers"]) == (9, 0, 18)
    assert counts["conv3x3_macs"] == 3 * 9 * (128**2 * 32**2 + 256**2 * 16**2 + 512**2 * 8**2)
    assert counts["conv1x1_params"] == 3 * sum(c * (c + 2) for c in (128, 256, 512))


def test_the_published_vector(all_cells: CellIndex) -> None:
    matrix = [[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    cell = cell_id(matrix, ["conv3x3-bn-relu", "maxpool3x3"])
    (row,) = published_features(np.array([cell]))
    triangle = np.zeros((7, 7))
    triangle[:4, :4] = adjacency(int(all_cells.published_masks[cell]), 4)
    assert row[:28].tolist() == triangle[np.triu_indices(7)].tolist()
    assert row[28:35].tolist() == [1, 3, 4, 5, 0, 0, 0]
    assert row[35] == all_cells.params[cell] / 1e6
    rows = published_features(sample(all_cells, 3_000))
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert (rows[:, :28].sum(axis=1) == count_features(sample(all_cells, 3_000))[:, COUNTS.index("edges")]).all()
