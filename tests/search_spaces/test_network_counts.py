"""Sizes of many networks at once: those of the closed form for each."""

import numpy as np
import pytest

from fairwatt.search_spaces import network_counts as module
from fairwatt.search_spaces.cell_complexity import CIFAR10, DIGITS, Skeleton, complexity
from fairwatt.search_spaces.cell_graph import adjacency
from fairwatt.search_spaces.cell_index import cell_index
from fairwatt.search_spaces.network_counts import QUANTITIES, network_counts, parameter_counts

CELLS = np.append(np.arange(91), np.random.default_rng(0).choice(2_532, 60))


@pytest.mark.parametrize("skeleton", [CIFAR10, DIGITS, Skeleton(7, 4, 2, 30, 1, 5)])
@pytest.mark.parametrize("most_graphs", [2_048, 3])
def test_counts_are_those_of_the_closed_form_for_each_cell(
    skeleton: Skeleton, most_graphs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_GRAPHS", most_graphs)
    index = cell_index(5)
    codes = index.sizes[CELLS], index.masks[CELLS], index.numbers[CELLS]
    counts = network_counts(*codes, skeleton)
    for place, cell in enumerate(CELLS.tolist()):
        expected = complexity(adjacency(int(index.masks[cell]), int(index.sizes[cell])), index.ops(cell), skeleton)
        assert {name: int(counts[name][place]) for name in QUANTITIES} == vars(expected)
    assert (parameter_counts(*codes, skeleton) == counts["params"]).all()


def test_no_cells_have_no_counts() -> None:
    nothing = np.empty(0, dtype=np.int8)
    assert {name: counts.shape for name, counts in network_counts(nothing, nothing, nothing).items()} == dict.fromkeys(
        QUANTITIES, (0,)
    )
