"""Indicators of fronts and of steps, against answers known by hand. Numbers in brackets: fairness.md, section 6."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fairwatt.analysis.indicators import (
    REFERENCE_POINT,
    FrontScale,
    epsilon_additive,
    expected_running_cost,
    hypervolume,
    igd_plus,
    nondominated,
    step_mean,
)

FRONT = [(1, 4), (2, 2), (4, 1)]
POINTS = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 8).map(float))


def test_hypervolume_of_three_points() -> None:
    """[9]"""
    assert hypervolume(FRONT, (5, 5)) == 11


@pytest.mark.parametrize("points", [1, 3, 9, 99])
def test_hypervolume_of_an_equispaced_line(points: int) -> None:
    """[9]: mu points on f2 = 1 - f1 within (1, 1) have mu / (2 (mu + 1))."""
    first = np.arange(1, points + 1) / (points + 1)
    assert hypervolume(np.column_stack([first, 1 - first]), (1, 1)) == pytest.approx(points / (2 * (points + 1)))


def test_hypervolume_of_half_a_cube() -> None:
    """[9]"""
    assert hypervolume([(0.5, 0.5, 0.5)], (1, 1, 1)) == pytest.approx(0.125)


def test_no_points_are_worth_nothing() -> None:
    assert hypervolume(np.empty((0, 2)), (1, 1)) == 0
    assert igd_plus(np.empty((0, 2)), FRONT) == math.inf
    assert epsilon_additive([], FRONT) == math.inf


def test_igd_plus_and_epsilon() -> None:
    """[10]"""
    assert igd_plus([(2, 2)], FRONT) == pytest.approx(2 / 3)
    assert epsilon_additive([(2, 2)], FRONT) == 1


@given(POINTS, st.tuples(st.integers(0, 8), st.integers(0, 8)))
def test_one_more_point_never_lowers_the_hypervolume(points: np.ndarray, extra: tuple[int, int]) -> None:
    before = hypervolume(points, (6, 6))
    after = hypervolume(np.vstack([points, extra]), (6, 6))
    assert after >= before - 1e-12
    if max(extra) >= 6:  # not inside the reference point
        assert after == pytest.approx(before)


@given(POINTS)
def test_nondominated_keeps_what_none_dominates(points: np.ndarray) -> None:
    front = nondominated(points)
    by_definition = {tuple(p) for p in points if not any((q <= p).all() and (q < p).any() for q in points)}
    assert {tuple(p) for p in front} == by_definition
    assert len(front) == len(by_definition)


@given(POINTS)
def test_the_whole_table_is_at_zero(points: np.ndarray) -> None:
    """[9]"""
    scale = FrontScale.of(points)
    assert scale.hypervolume_regret(points) == pytest.approx(0, abs=1e-12)
    assert scale.igd_plus(points) == pytest.approx(0, abs=1e-12)
    assert scale.epsilon_additive(points) == pytest.approx(0, abs=1e-12)


@given(POINTS, st.lists(POINTS, min_size=1, max_size=4))
def test_indicators_are_exact_to_the_front_of_the_whole_table(table: np.ndarray, sets: list[np.ndarray]) -> None:
    """By definition, in units of the front; of several sets at once as of each."""
    scale = FrontScale.of(table)
    front, held = scale.normalise(scale.front), scale.normalise(sets[0])
    beyond = np.maximum(held[:, None] - front, 0)  # [P, F, 2]
    assert scale.igd_plus(sets[0]) == pytest.approx(np.sqrt((beyond**2).sum(axis=2)).min(axis=0).mean())
    assert scale.epsilon_additive(sets[0]) == pytest.approx((held[:, None] - front).max(axis=2).min(axis=0).max())
    sizes = [0, *map(len, sets), 0]
    expected = [1, *map(scale.hypervolume_regret, sets), 1]
    assert scale.hypervolume_regrets(np.concatenate(sets), sizes) == pytest.approx(expected)


def test_the_front_is_the_unit_of_its_scale() -> None:
    scale = FrontScale.of([*FRONT, (4, 4)])
    assert scale.ideal.tolist() == [1, 1]
    assert scale.nadir.tolist() == [4, 4]
    assert scale.normalise([(1, 4)]).tolist() == [[0, 1]]
    assert scale.best == pytest.approx(hypervolume([(0, 1), (1 / 3, 1 / 3), (1, 0)], REFERENCE_POINT))
    assert scale.hypervolume_regret([]) == 1
    assert 0 < scale.hypervolume_regret([(2, 2)]) < 1


def test_mean_of_a_step() -> None:
    """[15]: regret 1 on [0, 1), .5 on [1, 3), .1 on [3, 4)."""
    assert step_mean([0, 1, 3], [1, 0.5, 0.1], 4) == pytest.approx(0.525)
    assert step_mean([0, 1, 3], [1, 0.5, 0.1], 2) == pytest.approx(0.75)


def test_expected_running_cost() -> None:
    """[15]: hits at 2 and 4, a miss at 10."""
    assert expected_running_cost([2, 4, None], [10, 10, 10]) == 8
    assert expected_running_cost([None], [10]) == math.inf
