"""Random search in closed form, against enumeration, simulation and published values. Brackets: fairness.md, 6."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from fairwatt.analysis.indicators import FrontScale, hypervolume
from fairwatt.analysis.random_search_curve import (
    RandomSearchCurve,
    expected_best,
    expected_distinct,
    expected_hypervolume,
    probability_within,
)

POINTS = [(1, 4), (2, 2), (4, 1), (4, 4)]


def test_expected_best_of_three() -> None:
    """[1]: the maximum of three of 1..10 is 7.975 with and 8.25 without replacement."""
    worth = -np.arange(1.0, 11.0)
    assert -expected_best(worth, [3], replacement=True) == pytest.approx([7.975])
    assert -expected_best(worth, [3], replacement=False) == pytest.approx([8.25])


@pytest.mark.parametrize("draws", [1, 2, 3, 5])
def test_expected_best_is_the_mean_over_all_draws(draws: int) -> None:
    values = np.array([3.0, 1.0, 1.0, 7.0, 4.5])
    without = np.mean([min(chosen) for chosen in combinations(values, draws)])
    with_ = np.mean([min(chosen) for chosen in product(values, repeat=draws)])
    assert expected_best(values, [draws], replacement=False) == pytest.approx([without])
    assert expected_best(values, [draws], replacement=True) == pytest.approx([with_])


def test_the_real_four_vertex_table(shared: Path) -> None:
    """[2]"""
    import pandas as pd

    table = pd.read_parquet(shared / "ecnas" / "ecnas_linscale.parquet")
    full = table[(table["space"] == "4v") & (table["budget"] == 108)]
    percent = 100 * full["valid_acc"].to_numpy()
    n = [1, 5, 10, 20, 50, 91]
    without, with_ = (-expected_best(-percent, n, replacement=again) for again in (False, True))
    assert len(full) == 91
    assert without.round(3).tolist() == [90.266, 93.593, 93.948, 94.121, 94.308, 94.418]
    assert with_.round(3).tolist() == [90.266, 93.570, 93.930, 94.099, 94.257, 94.335]
    assert full["energy_kwh"].mean() == pytest.approx(0.4732, abs=5e-5)
    test = 100 * full["test_acc"].to_numpy()
    assert test[percent.argmax()] == pytest.approx(93.580, abs=5e-4)
    assert test.max() == pytest.approx(93.596, abs=5e-4)


def test_a_budget_without_credit_for_what_exceeds_it() -> None:
    """[3]: costs 1 and 2, budget 3, the dearer one is the better."""
    assert probability_within(0, [1, 2], [1, 0], 3) == 0.75
    assert probability_within(0, [1, 2], [1, 0], 3, overshoot=True) == 0.875


def test_expected_hypervolume_of_two_of_four_points() -> None:
    """[4]"""
    assert expected_hypervolume(POINTS, (5, 5), [2], replacement=True) == pytest.approx([6.625])
    assert expected_hypervolume(POINTS, (5, 5), [2], replacement=False) == pytest.approx([7 + 1 / 3])


@pytest.mark.parametrize("replacement", [False, True])
def test_expected_hypervolume_is_the_mean_over_all_draws(replacement: bool) -> None:
    points = np.random.default_rng(3).integers(0, 6, size=(6, 2)).astype(float)  # with ties and points outside
    draws = product(range(6), repeat=3) if replacement else combinations(range(6), 3)
    mean = np.mean([hypervolume(points[list(chosen)], (4.5, 4.5)) for chosen in draws])
    assert expected_hypervolume(points, (4.5, 4.5), [3], replacement=replacement) == pytest.approx([mean])


def test_more_draws_than_configurations() -> None:
    with pytest.raises(ValueError, match="11 draws without replacement from 10"):
        expected_best(np.arange(10.0), [11], replacement=False)


def test_expected_distinct() -> None:
    """[14]"""
    assert expected_distinct(91, 100) == pytest.approx(60.86, abs=0.005)


def test_a_curve_ends_at_the_optimum_and_inverts_itself() -> None:
    values = np.random.default_rng(0).random(3000)
    curve = RandomSearchCurve.of_best(values, replacement=False)
    assert curve.trainings[[0, -1]].tolist() == [1, 3000]
    assert curve.loss[[0, -1]] == pytest.approx([values.mean(), values.min()])
    assert (np.diff(curve.loss) < 0).all()
    for n in (1, 17, 700, 2500):  # the last two lie between nodes
        assert curve.equivalent(expected_best(values, [n], replacement=False)) == pytest.approx([n], rel=1e-4)


def test_what_the_curve_cannot_tell_is_censored() -> None:
    curve = RandomSearchCurve.of_best(np.arange(10.0), replacement=False)
    assert curve.equivalent([99.0, -1.0]).tolist() == [1, 10]
    assert curve.is_censored(curve.equivalent([99.0]))
    assert curve.is_censored(curve.equivalent([0.0, 2.0]))
    assert not curve.is_censored(curve.equivalent([2.0]))


def test_of_a_flat_end_the_first_number_of_trainings_counts() -> None:
    values = np.append(np.full(5, 0.1), np.linspace(0.2, 1, 5))
    curve = RandomSearchCurve.of_best(values, replacement=False)
    assert curve.trainings.tolist() == [1, 2, 3, 4, 5, 6]  # six of ten cannot miss one of five
    assert curve.equivalent([0.1, 0.0]).tolist() == [6, 6]
    assert curve.equivalent(expected_best(values, [1, 4, 5], replacement=False)) == pytest.approx([1, 4, 5])
    assert curve.is_censored(curve.equivalent([0.1]))
    assert not curve.is_censored(curve.equivalent(expected_best(values, [5], replacement=False)))
    assert RandomSearchCurve.of_best(np.ones(10), replacement=False).equivalent([1.0]).tolist() == [1]
    assert RandomSearchCurve.of_best(values, replacement=True).equivalent([0.1]).tolist() == [10]  # never sure


def test_the_flat_end_of_a_large_space_may_begin_between_nodes() -> None:
    values = np.append(np.zeros(3), np.random.default_rng(0).random(2997))
    curve = RandomSearchCurve.of_best(values, replacement=False)
    assert np.diff(RandomSearchCurve.of_best(values[2:], replacement=False).trainings)[-1] > 5
    assert curve.equivalent(0.0) == curve.trainings[-1] == 2998


def test_a_front_of_copies_is_certain_before_all_is_trained() -> None:
    front, rest = np.array([(0.0, 1.0), (0.5, 0.2), (1.0, 0.0)]), np.random.default_rng(2).random((1993, 2)) + 1
    points = np.concatenate([front, front, front[:1], rest])
    scale = FrontScale.of(points)
    curve = RandomSearchCurve.of_hypervolume(points, scale, replacement=False)
    assert curve.trainings[-1] == 1999  # of 2000: the rarest points of the front are there twice; no node but for this
    assert curve.equivalent(scale.hypervolume_regret(points)) == 1999


def test_the_hypervolume_curve_reaches_the_true_front() -> None:
    points = np.random.default_rng(1).random((200, 2))
    scale = FrontScale.of(points)
    curve = RandomSearchCurve.of_hypervolume(points, scale, replacement=False)
    one = np.mean([scale.hypervolume_regret(point[None]) for point in points])
    assert curve.loss[[0, -1]] == pytest.approx([one, 0], abs=1e-9)
