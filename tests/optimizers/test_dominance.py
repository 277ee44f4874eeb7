"""Orders by dominance: against brute force, moocore and pymoo."""

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatt.optimizers.dominance import added_volume, best_first, crowding_distances, ranked
from fairwatt.records import Status, Trial

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20)


def _front(seed: int, size: int = 9) -> np.ndarray:
    """Mutually non-dominated points from (0, 1) to (1, 0), in no order."""
    rng = np.random.default_rng(seed)
    first, second = np.sort(rng.random((2, size)), axis=1)
    first[[0, -1]], second[[0, -1]] = [0, 1], [0, 1]
    return rng.permutation(np.column_stack([first, second[::-1]]))


def _dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


@given(PAIRS)
def test_fronts_come_one_after_the_other_and_equals_in_their_order(points: list[tuple[int, int]]) -> None:
    left, expected = list(range(len(points))), []
    while left:
        front = [i for i in left if not any(_dominates(points[j], points[i]) for j in left)]
        expected += front
        left = [i for i in left if i not in front]
    losses = np.array(points, dtype=float)
    assert best_first(losses, lambda front: np.zeros(len(front))).tolist() == expected


@given(PAIRS)
def test_the_unit_of_a_loss_does_not_matter(points: list[tuple[int, int]]) -> None:
    losses = np.array(points, dtype=float)
    for spread in (added_volume, crowding_distances):
        assert best_first(losses, spread).tolist() == best_first(losses * [1024, 0.125], spread).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_added_volumes_are_those_of_moocore(seed: int) -> None:
    front = _front(seed)
    assert added_volume(front) == pytest.approx(moocore.hv_contributions(front, ref=[1.1, 1.1]))
    assert added_volume(front[:1]) == pytest.approx(np.prod(1.1 - front[:1], axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_crowding_distances_are_those_of_pymoo(seed: int) -> None:
    metrics = pytest.importorskip("pymoo.operators.survival.rank_and_crowding.metrics")
    front = _front(seed)
    assert crowding_distances(front) == pytest.approx(2 * metrics.calc_crowding_distance(front))  # theirs is a mean


def test_in_a_front_the_wanted_ones_come_first_and_invalid_ones_last() -> None:
    losses = [(0.0, 1.0), (np.inf, np.inf), (0.9, 0.9), (0.5, 0.5), (1.0, 0.0), (0.45, 0.52)]
    trials = [
        Trial((place,), 1.0, *pair, pair, Status.OK if pair[0] < 2 else Status.INVALID)
        for place, pair in enumerate(losses)
    ]
    assert [trial.config[0] for trial in ranked(trials, crowding_distances)] == [0, 4, 3, 5, 2, 1]
    assert [trial.config[0] for trial in ranked(trials[1:2], added_volume)] == [1]
    assert ranked([], added_volume) == []
