"""Attainment surfaces and their differences. Numbers in brackets: fairness.md, section 6."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import world

from fairwatt.analysis.attainment import attainment_difference, attainment_surface, attainment_table, difference_table
from fairwatt.analysis.verdict import Comparison, Protocol

GRID = [(x, y) for x in range(7) for y in range(7)]
POINT = st.tuples(st.integers(0, 5), st.integers(0, 5))
SET = st.lists(POINT, max_size=3).map(lambda points: np.array(points, dtype=np.float64).reshape(-1, 2))
SETS = st.lists(SET, min_size=4, max_size=4)


def attained(sets: list[np.ndarray], corner: tuple[float, float]) -> list[bool]:
    """By definition: is there a point that weakly dominates the corner?"""
    return [bool((points <= corner).all(axis=1).any()) for points in sets]


@pytest.mark.parametrize(("percentile", "corners"), [(50.0, [[1, 3], [2, 2], [3, 1]]), (100.0, [[2, 3], [3, 2]])])
def test_the_surfaces_of_two_runs(percentile: float, corners: list[list[int]]) -> None:
    """[11]"""
    assert attainment_surface([np.array([[1.0, 3], [3, 1]]), np.array([[2.0, 2]])], percentile).tolist() == corners


@settings(max_examples=60)
@given(SETS, st.sampled_from([25.0, 50.0, 70.0, 75.0, 100.0]))
def test_a_surface_bounds_what_a_share_of_the_sets_attains(sets: list[np.ndarray], percentile: float) -> None:
    surface = attainment_surface(sets, percentile)
    for corner in GRID:
        enough = sum(attained(sets, corner)) >= math.ceil(percentile * len(sets) / 100)
        assert attained([surface], corner) == [enough]


def test_seven_of_ten_sets_are_seventy_percent() -> None:
    sets = [np.full((1, 2), float(place)) for place in range(10)]
    assert attainment_surface(sets, 70.0).tolist() == [[6, 6]]
    assert attainment_surface([*sets[:7], *3 * [np.empty((0, 2))]], 70.0).tolist() == [[6, 6]]
    assert attainment_surface([*sets[:6], *4 * [np.empty((0, 2))]], 70.0).tolist() == []
    with pytest.raises(ValueError, match="percentile 0"):
        attainment_surface(sets, 0)


@settings(max_examples=60)
@given(SETS, SETS)
def test_a_difference_is_that_of_two_attainment_functions(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    rectangles = attainment_difference(first, second)
    for corner in GRID:
        expected = np.mean(attained(first, corner)) - np.mean(attained(second, corner))
        inside = [r[4] for r in rectangles if (r[:2] <= corner).all() and (corner < r[2:4]).all()]
        assert inside == pytest.approx([expected] if expected else [])


def test_differences_are_of_as_many_sets() -> None:
    one = np.ones((1, 2))
    assert attainment_difference([one, one], [one, one]).shape == (0, 5)
    assert attainment_difference([one], [one[:0]]).tolist() == [[1, 1, math.inf, math.inf, 1]]
    with pytest.raises(ValueError, match="got 2 and 1"):
        attainment_difference([one, one], [one])


def test_tables_of_arms() -> None:
    space = world(60, trade_off=0.5)
    both = ("single", "multi")
    runs = [space.random_search(arm, seed, 60, kinds=both) for arm in ("rs", "a") for seed in range(6)]
    comparison = Comparison(runs, space.reference, Protocol(budgets=("5 full", "20 full")))
    table = attainment_table(comparison.endpoints, comparison.books)
    assert set(table["percentile"]) == {25, 50, 75}
    assert list(dict.fromkeys(table["budget"])) == ["5 full", "20 full"]
    surfaces = dict(iter(table.groupby(["arm", "budget", "percentile"])))
    worse, better = surfaces["a", "20 full", 75.0], surfaces["a", "20 full", 25.0]
    corners = [frame[["energy_kwh", "test_error"]].to_numpy() for frame in (worse, better)]
    assert all((corners[1] <= corner).all(axis=1).any() for corner in corners[0])
    sets = [
        comparison.truth.test_points(run.archives[1][run.archives[0][run.close(comparison.books[0]).credited]])
        for run in comparison.endpoints.trajectories["rs"].values()
    ]
    known = surfaces["rs", "5 full", 50.0][["energy_kwh", "test_error"]].to_numpy()
    assert known.tolist() == attainment_surface(sets).tolist()

    differences = difference_table(comparison.endpoints, "a", "rs", comparison.books[1])
    mirrored = difference_table(comparison.endpoints, "rs", "a", comparison.books[1])
    assert sorted(differences["difference"]) == pytest.approx(sorted(-mirrored["difference"]))
    assert len(differences)
