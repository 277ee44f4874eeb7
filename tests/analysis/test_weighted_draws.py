"""Random search whose sampler prefers some configurations: against enumeration, simulation and the uniform forms."""

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import world

from fairwatt.analysis.indicators import FrontScale, hypervolume
from fairwatt.analysis.random_search_curve import (
    RandomSearchCurve,
    expected_best,
    expected_distinct,
    expected_hypervolume,
)
from fairwatt.analysis.weighted_draws import MissedSets, draws_for, expected_different, uneven
from fairwatt.runfile import LONG, read_reference, write_reference

Array = NDArray[np.float64]


def _skewed(count: int, seed: int = 0) -> Array:
    chances = np.random.default_rng(seed).gamma(0.7, size=count) + 0.01
    return np.asarray(chances / chances.sum())


def _first_different(chances: Array, n: int, runs: int) -> NDArray[np.intp]:
    """[runs, n] the first n different draws: exponential clocks ring in that order."""
    return np.argsort(np.random.default_rng(1).exponential(size=(runs, chances.size)) / chances, axis=1)[:, :n]


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_with_repetitions_it_is_the_mean_over_all_draws(draws: int) -> None:
    chances = _skewed(5)
    values = np.array([3.0, 1.0, 1.0, 7.0, 4.5])
    points = np.array([(1.0, 4.0), (2.0, 2.0), (4.0, 1.0), (4.0, 4.0), (2.0, 2.0)])
    every = list(product(range(5), repeat=draws))
    weights = [chances[list(chosen)].prod() for chosen in every]
    best = np.average([values[list(chosen)].min() for chosen in every], weights=weights)
    area = np.average([hypervolume(points[list(chosen)], (5, 4.5)) for chosen in every], weights=weights)
    different = np.average([len(set(chosen)) for chosen in every], weights=weights)
    assert expected_best(values, [draws], replacement=True, probabilities=chances) == pytest.approx([best])
    found = expected_hypervolume(points, (5, 4.5), [draws], replacement=True, probabilities=chances)
    assert found == pytest.approx([area], rel=1e-7)
    assert expected_distinct(5, draws, chances) == pytest.approx(different, rel=1e-4)


def test_of_one_draw_without_repetitions_it_is_exact() -> None:
    chances, values = _skewed(7), np.random.default_rng(2).random(7)
    assert expected_best(values, [1], replacement=False, probabilities=chances) == pytest.approx([chances @ values])


def test_without_repetitions_it_is_near_the_mean_over_all_orders() -> None:
    """Five configurations are the worst case; the error falls with their number, as the next test shows."""
    chances, values = _skewed(5, 3), np.arange(5.0)
    found = expected_best(values, [2, 3], replacement=False, probabilities=chances)
    for n, near in zip((2, 3), found, strict=True):
        mean = 0.0
        for order in permutations(range(5), n):
            left, weight = 1.0, 1.0
            for key in order:
                weight, left = weight * chances[key] / left, left - chances[key]
            mean += weight * min(order)
        assert near == pytest.approx(mean, abs=0.1)


@pytest.mark.parametrize("n", [5, 40, 300])
def test_without_repetitions_it_is_near_simulation(n: int) -> None:
    chances, points = _skewed(480), np.random.default_rng(4).random((480, 2))
    scale = FrontScale.of(points)
    runs = _first_different(chances, n, 4_000)
    best = points[runs, 1].min(axis=1)
    found = expected_best(points[:, 1], [n], replacement=False, probabilities=chances)
    assert found == pytest.approx([best.mean()], abs=4 * best.std() / len(best) ** 0.5 + 0.005 * best.mean())
    regrets = np.array([scale.hypervolume_regret(points[chosen]) for chosen in runs[:300]])
    curve = RandomSearchCurve.of_hypervolume(points, scale, replacement=False, probabilities=chances)
    here = np.interp(n, curve.trainings, curve.loss)
    assert here == pytest.approx(regrets.mean(), abs=4 * regrets.std() / 300**0.5 + 0.005)


def test_equal_probabilities_are_the_uniform_sampler() -> None:
    points = np.random.default_rng(5).random((100, 2))
    even, scale, n = np.full(100, 0.01), FrontScale.of(points), [1, 3, 50, 99]
    assert uneven(even, 100) is None
    for replacement in (False, True):
        uniform = expected_best(points[:, 0], n, replacement=replacement)
        assert (expected_best(points[:, 0], n, replacement=replacement, probabilities=even) == uniform).all()
        one, two = (
            RandomSearchCurve.of_hypervolume(points, scale, replacement=replacement, probabilities=p)
            for p in (None, even)
        )
        assert (one.loss == two.loss).all()
    assert expected_distinct(100, 7, even) == expected_distinct(100, 7)


def test_almost_equal_probabilities_give_almost_the_uniform_forms() -> None:
    points = np.random.default_rng(6).random((480, 2))
    near = np.full(480, 1 / 480) * np.where(np.arange(480) < 240, 1 + 1e-7, 1 - 1e-7)
    n = [1, 2, 30, 200, 479]
    for replacement, precision in ((True, 1e-6), (False, 2e-3)):
        for form, what in ((expected_best, (points[:, 0],)), (expected_hypervolume, (points, (1.1, 1.1)))):
            weighted = form(*what, n, replacement=replacement, probabilities=near)  # type: ignore[operator]
            assert weighted == pytest.approx(form(*what, n, replacement=replacement), rel=precision)  # type: ignore[operator]


def test_draws_for_is_the_inverse_of_expected_different() -> None:
    chances = _skewed(500)
    n = np.array([1.0, 2.0, 17.5, 300.0, 499.0])
    draws = draws_for(n, chances)
    assert draws[0] == pytest.approx(1.0)
    assert expected_different(draws, chances) == pytest.approx(n, rel=1e-9)
    assert draws_for([500], chances) == [np.inf]
    runs = np.random.default_rng(7).choice(500, size=(400, 60), p=chances)
    assert expected_different([60], chances) == pytest.approx(np.mean([len(set(run)) for run in runs]), rel=0.02)


@pytest.mark.slow
def test_a_weighted_curve_ends_at_the_optimum_where_it_is_certain() -> None:
    points = np.random.default_rng(8).random((900, 2))
    points[:3] = 0.0, 0.0
    chances = _skewed(900)
    best = RandomSearchCurve.of_best(points[:, 0], replacement=False, probabilities=chances)
    front = RandomSearchCurve.of_hypervolume(points, FrontScale.of(points), replacement=False, probabilities=chances)
    for curve in (best, front):
        assert curve.trainings[0] == 1
        assert curve.trainings[-1] <= 898  # earlier where the rest is beyond floating point
        assert (np.diff(curve.loss) < 0).all()
    assert best.loss[[0, -1]] == pytest.approx([chances @ points[:, 0], 0.0])
    assert front.loss[-1] == pytest.approx(0.0, abs=1e-9)


def test_more_cells_than_are_walked_through_lose_a_strip() -> None:
    points, chances = np.random.default_rng(9).random((2_000, 2)), _skewed(2_000)
    ref, draws = np.array([1.1, 1.1]), np.array([1.0, 30.0, 500.0])
    exact, rough = (MissedSets.of_areas(points, ref, chances, most_cells=most) for most in (10**7, 10**6))
    reached = [sets.amounts.sum() - sets.expected_loss(draws) for sets in (exact, rough)]
    assert reached[1] == pytest.approx(reached[0], rel=0.01)
    assert (reached[1] <= reached[0]).all()


@pytest.mark.parametrize("wrong", [[0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.4, 0.2], [0.5, 0.6, -0.1], [0.5, 0.5, np.nan]])
def test_what_is_no_probability_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="expected 3 positive numbers that sum to 1"):
        uneven(wrong, 3)


def test_more_draws_than_configurations() -> None:
    with pytest.raises(ValueError, match="11 draws without replacement from 10"):
        expected_best(np.arange(10.0), [11], replacement=False, probabilities=_skewed(10))


@pytest.mark.parametrize("networks", [50, LONG + 1])
def test_a_reference_file_holds_probabilities(tmp_path: Path, networks: int) -> None:
    plain = replace(world(50).reference, keys=tuple(range(networks)))
    weighted = replace(plain, probabilities=_skewed(50))
    for known in (plain, weighted):
        write_reference(tmp_path / "reference.json", known)
        found = read_reference(tmp_path / "reference.json")
        assert (found.probabilities is None) == (known.probabilities is None)
        assert found.keys == known.keys
        if known.probabilities is not None:
            assert (found.probabilities == known.probabilities).all()
    write_reference(tmp_path / "reference.json", plain)
    assert b"probabilities" not in (tmp_path / "reference.json").read_bytes()  # old and new files are the same
