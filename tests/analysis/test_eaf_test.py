"""The permutation test of attainment functions. Numbers in brackets: fairness.md, section 6."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from synthetic import world
from test_attainment import GRID, SETS, attained

from fairwatt.analysis import eaf_test as module
from fairwatt.analysis.attainment import held_sets
from fairwatt.analysis.eaf_test import attainment_of, eaf_table, eaf_test
from fairwatt.analysis.indicators import nondominated
from fairwatt.analysis.verdict import Comparison, Protocol

BOTH = ("single", "multi")


@settings(max_examples=40)
@given(SETS, SETS)
def test_the_statistic_and_its_exact_p_are_those_of_the_definition(
    first: list[np.ndarray], second: list[np.ndarray]
) -> None:
    found = eaf_test(first, second, np.random.default_rng(0))
    one, other = (np.array([attained(sets, corner) for corner in GRID]) for sets in (first, second))  # [G, S]
    statistics = []
    for swaps in product([False, True], repeat=len(first)):
        swapped = np.where(swaps, other, one), np.where(swaps, one, other)
        statistics.append(np.abs(swapped[0].mean(axis=1) - swapped[1].mean(axis=1)).max())
    observed = statistics[0]
    assert found.statistic == pytest.approx(observed)
    assert found.p == pytest.approx(np.mean(np.array(statistics) >= observed - 1e-9))
    if observed:
        shares = [np.mean(attained(sets, found.point)) for sets in (first, second)]
        assert shares == pytest.approx([found.share, found.other_share])
        assert abs(shares[0] - shares[1]) == pytest.approx(observed)


def test_what_every_set_attains() -> None:
    sets = [np.array([[1.0, 3], [3, 1]]), np.array([[2.0, 2]]), np.empty((0, 2))]
    corners, found = attainment_of(sets)
    assert found.T.tolist() == [attained(sets, corner) for corner in corners.tolist()]
    assert {(2.0, 2.0), (2.0, 3.0), (3.0, 3.0)} <= set(map(tuple, corners.tolist()))


def test_arms_that_hold_the_same_do_not_differ() -> None:
    sets = [np.ones((1, 2)), np.empty((0, 2))]
    found = eaf_test(sets, sets, np.random.default_rng(0))
    assert (found.statistic, found.p) == (0, 1)
    with pytest.raises(ValueError, match="got 2 and 1"):
        eaf_test(sets, sets[:1], np.random.default_rng(0))


def test_a_thinned_grid_keeps_the_extremes_and_a_clear_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    worse = [rng.random((5, 2)) for _ in range(20)]
    better = [points - 0.3 for points in worse]
    whole = eaf_test(better, worse, np.random.default_rng(0), draws=199)
    monkeypatch.setattr(module, "_MOST", 40 * 20**2)
    corners, _ = attainment_of([*better, *worse])
    assert len(corners) <= 400
    assert corners.max(axis=0).tolist() == np.concatenate(worse).max(axis=0).tolist()
    thinned = eaf_test(better, worse, np.random.default_rng(0), draws=199)
    assert 0.5 < thinned.statistic <= whole.statistic
    assert thinned.p == whole.p == 1 / 200


def test_a_row_for_each_arm_and_budget() -> None:
    space = world(60, trade_off=0.5)
    runs = [space.random_search(arm, seed, 60, kinds=BOTH) for arm in ("rs", "a") for seed in range(6)]
    runs += [space.random_search("single", seed, 60) for seed in range(6)]
    comparison = Comparison(runs, space.reference, Protocol(budgets=("5 full", "20 full")))
    table = eaf_table(comparison.endpoints, comparison.books)
    assert table[["arm", "budget", "seeds"]].to_numpy().tolist() == [["a", "5 full", 6], ["a", "20 full", 6]]
    sets = [held_sets(comparison.endpoints, arm, comparison.books[0], range(6)) for arm in ("a", "rs")]
    assert table["statistic"][0] == eaf_test(*sets, np.random.default_rng(0)).statistic
    low, high = sorted(table["p"])
    assert sorted(table["q"]) == [min(2 * low, high), high]  # Benjamini and Hochberg's of two
    assert low < high


@pytest.mark.slow(8)
def test_random_search_differs_from_itself_in_one_case_of_twenty() -> None:
    """[6]: 300 studies of 30 seeds that share three of twenty points; 99.9 % bound on .05."""
    rng, studies = np.random.default_rng(6), 300
    p_values = []
    for _ in range(studies):
        shared = rng.random((30, 3, 2))
        one, other = ([nondominated(np.vstack([s, rng.random((17, 2))])) for s in shared] for _ in range(2))
        p_values.append(eaf_test(one, other, rng, draws=199).p)
    rate = np.mean(np.array(p_values) <= 0.05)
    assert 0.05 - 3 * np.sqrt(0.05 * 0.95 / studies) <= rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)


@pytest.mark.slow
def test_four_times_the_points_are_found() -> None:
    rng, found = np.random.default_rng(7), []
    for _ in range(20):
        one, other = ([nondominated(rng.random((n, 2))) for _ in range(30)] for n in (120, 30))
        found.append(eaf_test(one, other, rng, draws=199).p < 0.05)
    assert np.mean(found) >= 0.9
