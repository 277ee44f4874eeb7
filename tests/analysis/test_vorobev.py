"""Mean fronts of sets, and how far the sets are from them. Runs in brackets: fairness.md, section 6."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import FIDELITIES, world

from fairwatt.analysis.verdict import Comparison, Protocol
from fairwatt.analysis.vorobev import vorobev

REF = (5.0, 5.0)
NOTHING = np.empty((0, 2))
POINT = st.tuples(st.integers(0, 5), st.integers(0, 5))
SET = st.lists(POINT, max_size=3).map(lambda points: np.array(points, dtype=np.float64).reshape(-1, 2))
CELLS = np.array([(x, y) for x in range(5) for y in range(5)])
"""Low corners of the unit squares below the reference point."""


def test_the_mean_front_of_two_runs() -> None:
    """[11] The first run dominates 8 + 8 - 4 = 12, the second 9, the mean is 10.5. One of them attains 2 + 3 + 2 * 4 =
    13, both 6 + 6 - 4 = 8, which is less than the mean. From 13 the runs differ by 1 and by 4."""
    found = vorobev([np.array([[1.0, 3], [3, 1]]), np.array([[2.0, 2]])], REF)
    assert found.front.tolist() == [[1, 3], [2, 2], [3, 1]]
    assert (found.threshold, found.volume, found.mean, found.deviation) == (50, 13, 10.5, 2.5)


def test_the_last_of_many_levels_that_are_hardly_apart() -> None:
    """Six runs dominate 16, one 15 and one 1, each within those before: the mean is (96 + 15 + 1) / 8 = 14, which the
    seventh reaches. From 15 they differ by 1, by 0 and by 14."""
    found = vorobev([*6 * [np.array([[1.0, 1]])], np.array([[1, 1.25]]), np.array([[4.0, 4]])], REF)
    assert found.front.tolist() == [[1, 1.25]]
    assert (found.threshold, found.volume, found.mean, found.deviation) == (87.5, 15, 14, 20 / 8)


@pytest.mark.parametrize("seeds", [1, 7, 49])
def test_equal_runs_are_their_own_mean_front(seeds: int) -> None:
    x = np.sort(np.random.default_rng(seeds).random(20))
    front = np.column_stack([x, 1.1 - x**0.3])
    found = vorobev([front] * seeds, (1.1, 1.1))
    assert found.front.tolist() == front.tolist()
    assert (found.threshold, found.deviation) == (100, 0)
    assert found.volume == pytest.approx(found.mean, rel=1e-12)


def test_a_run_without_a_front_attains_nothing_and_counts() -> None:
    one = np.array([[1.0, 1]])
    half, third = vorobev([one, NOTHING], REF), vorobev([NOTHING, one, NOTHING], REF)
    assert (half.threshold, half.volume, half.mean, half.deviation) == (50, 16, 8, 8)
    assert (third.threshold, third.volume, third.deviation) == (pytest.approx(100 / 3), 16, pytest.approx(32 / 3))
    for nothing in (NOTHING, np.array([[0.0, 5]])):  # the second is beyond the reference point
        none = vorobev([nothing, NOTHING], REF)
        assert (none.threshold, none.volume, none.mean, none.deviation) == (100, 0, 0, 0)
    with pytest.raises(ValueError, match="a set or more"):
        vorobev([], REF)


@settings(max_examples=200)
@given(st.lists(SET, min_size=1, max_size=7))
def test_it_is_what_counting_unit_squares_finds(sets: list[np.ndarray]) -> None:
    attained = np.array([[bool((points <= cell).all(axis=1).any()) for cell in CELLS] for points in sets])
    counts = attained.sum(axis=0)
    needed = max(k for k in range(1, len(sets) + 1) if (counts >= k).sum() * len(sets) >= attained.sum())
    found = vorobev(sets, REF)
    assert found.threshold == pytest.approx(100 * needed / len(sets))
    assert found.volume == (counts >= needed).sum()
    assert found.mean == pytest.approx(attained.sum() / len(sets))
    assert found.deviation == pytest.approx((attained != (counts >= needed)).sum() / len(sets))


def test_the_table_of_arms() -> None:
    space, both = world(60, trade_off=0.5), ("single", "multi")
    runs = [space.random_search(arm, seed, 60, kinds=both) for arm in ("rs", "a") for seed in range(6)]
    runs += [space.random_search("one", seed, 60) for seed in range(6)]
    low = [space.ask(key, FIDELITIES[0]) for key in range(60)]
    runs += [space.record(low, "low", seed, kinds=("multi",), ended=True) for seed in range(6)]
    comparison = Comparison(runs, space.reference, Protocol(budgets=("2 full", "20 full")))
    table = comparison.vorobev()
    arms = [(arm, budget) for budget in ("2 full", "20 full") for arm in ("rs", "a", "low")]
    assert list(zip(table["arm"], table["budget"], strict=True)) == arms
    regret = comparison.finals().groupby(["arm", "budget"])["hypervolume_regret"].mean()
    assert table["mean"].tolist() == pytest.approx([1 - regret[pair] for pair in arms])
    low = table[table["arm"] == "low"].drop(columns=["arm", "budget"])
    assert low.to_numpy().tolist() == 2 * [[6, 0, 100, 0, 0, 0]]
    searched = table[table["arm"] != "low"]
    assert set(searched["seeds"]) == set(searched["fronts"]) == {6}
    assert ((searched["mean"] <= searched["expectation"]) & (searched["expectation"] <= 1)).all()
    small, large = searched.loc[searched["arm"] == "a", "expectation"]
    assert small < large
