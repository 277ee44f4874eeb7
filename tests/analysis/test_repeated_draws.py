"""Random search that is misled by noise, against exact values and against searches."""

from itertools import permutations, product
from math import comb

import numpy as np
import pytest

from fairwatt.analysis import repeated_draws
from fairwatt.analysis.random_search_curve import RandomSearchCurve, expected_best
from fairwatt.analysis.repeated_draws import expected_quality


def exact(observed: np.ndarray, quality: np.ndarray, trainings: int) -> float:
    """Without replacement or ties: P(all of the best so many observations are missed), by elementary symmetric sums."""
    count, repeats = observed.shape
    shown, missed, total = np.zeros(count), 1.0, 0.0
    for flat in np.argsort(observed, axis=None):
        shown[flat // repeats] += 1
        sums = np.zeros(trainings + 1)
        sums[0] = 1
        for left in 1 - shown / repeats:
            sums[1:] += left * sums[:-1]
        now = sums[-1] / comb(count, trainings)
        total += quality[flat // repeats] * (missed - now)
        missed = now
    return total


def _noisy(count: int, repeats: int = 3, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count)
    observed = rng.random(count)[:, None] + noise * rng.standard_normal((count, repeats))
    return observed, observed.mean(axis=1)


def test_the_reckoning_of_the_tests_is_the_mean_over_all_searches() -> None:
    observed, quality = _noisy(4, 2)
    found = []
    for drawn in permutations(range(4), 2):
        for repeat in product(range(2), repeat=4):
            seen = [observed[config, repeat[config]] for config in drawn]
            found.append(quality[drawn[int(np.argmin(seen))]])
    assert exact(observed, quality, 2) == pytest.approx(np.mean(found))


@pytest.mark.parametrize("count", [10, 30, 60])
def test_without_replacement_the_error_falls_with_the_number_of_configurations(count: int) -> None:
    observed, quality = _noisy(count)
    trainings = [1, 2, 3, 5, count // 4, count // 2, count - 1, count]
    expected = np.array([exact(observed, quality, n) for n in trainings])
    found = expected_quality(observed, quality, trainings, replacement=False, chances=None)
    assert abs(found - expected).max() < 0.1 / count
    assert found[-1] == pytest.approx(expected[-1], abs=1e-9)


def test_selecting_by_means_would_be_another_search() -> None:
    observed, quality = _noisy(100)
    found = expected_quality(observed, quality, [50], replacement=False, chances=None)
    assert found - expected_best(quality, [50], replacement=False) > 0.05


@pytest.mark.parametrize("replacement", [False, True])
def test_repeats_that_are_all_the_same_change_nothing(replacement: bool) -> None:
    values = np.random.default_rng(0).random(400).round(2)  # with ties
    trainings = [1, 2, 10, 100, 400]
    found = expected_quality(
        np.repeat(values[:, None], 3, axis=1), values, trainings, replacement=replacement, chances=None
    )
    assert found == pytest.approx(expected_best(values, trainings, replacement=replacement), abs=1e-3)


def _searched(
    observed: np.ndarray, quality: np.ndarray, chances: np.ndarray, trainings: list[int], replacement: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Means over simulated searches, and their standard errors."""
    rng, searches, (count, repeats) = np.random.default_rng(2), 10_000, observed.shape
    if replacement:
        drawn = rng.choice(count, size=(searches, max(trainings)), p=chances)
    else:
        drawn = np.argsort(rng.standard_exponential((searches, count)) / chances, axis=1)[:, : max(trainings)]
    repeat = np.take_along_axis(rng.integers(repeats, size=(searches, count)), drawn, axis=1)
    seen = observed[drawn, repeat]  # one repeat of a configuration
    best = np.stack([seen[:, :n].argmin(axis=1) for n in trainings], axis=1)
    values = quality[np.take_along_axis(drawn, best, axis=1)]
    return values.mean(axis=0), values.std(axis=0) / np.sqrt(searches)


@pytest.mark.parametrize("digits", [9, 1], ids=["distinct", "ties"])
@pytest.mark.parametrize("replacement", [False, True])
def test_unequal_probabilities(replacement: bool, digits: int) -> None:
    """One of 300 configurations is a fifth of all draws, as in the raw sampler of cells, and one is next to it."""
    observed, quality = _noisy(300)
    observed = observed.round(digits)  # of those that tie, the first to come is the incumbent: a likely one
    chances = np.random.default_rng(1).dirichlet(np.full(300, 0.5)).clip(1e-5)
    chances[[7, 8]] = 0.25 * chances.sum(), 0.1 * chances.sum()
    chances /= chances.sum()
    trainings = [1, 2, 5, 20, 60, 150, 250, 300]
    found = expected_quality(observed, quality, trainings, replacement=replacement, chances=chances)
    mean, error = _searched(observed, quality, chances, trainings, replacement)
    assert (abs(found - mean) < 4 * error + 0.002).all()


def test_what_comes_in_every_search_is_not_counted_as_many_draws() -> None:
    """A configuration that is drawn all the time shows one repeat only: a bad one leaves the others to be found."""
    quality = np.append(0.5, np.linspace(0.6, 1.0, 50))
    observed = np.column_stack([quality, quality])
    observed[0] = 0.1, 0.9
    chances = np.append(0.5, np.full(50, 0.01))
    found = expected_quality(observed, quality, [40], replacement=False, chances=chances)
    mean, error = _searched(observed, quality, chances, [40], False)
    assert abs(found - mean)[0] < 4 * error[0]
    assert mean[0] > 0.55


def test_many_different_values_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    observed, quality = _noisy(3000)
    trainings = [1, 5, 30, 300, 3000]
    fine = expected_quality(observed, quality, trainings, replacement=False, chances=None)
    monkeypatch.setattr(repeated_draws, "MOST_THRESHOLDS", 100_000)
    finest = expected_quality(observed, quality, trainings, replacement=False, chances=None)
    assert fine == pytest.approx(finest, abs=2e-4)
    assert not np.array_equal(fine, finest)


def test_more_draws_than_configurations() -> None:
    observed, quality = _noisy(10)
    with pytest.raises(ValueError, match="11 draws without replacement from 10"):
        expected_quality(observed, quality, [11], replacement=False, chances=None)


def test_a_curve_may_end_above_the_best_quality() -> None:
    observed, quality = _noisy(200)
    curve = RandomSearchCurve.of_observed_best(observed, quality, replacement=False)
    assert curve.loss[-1] > quality.min()
    assert curve.is_censored(curve.equivalent(quality.min()))
    assert curve.equivalent(curve.loss[3]) == curve.trainings[3] == 4
    assert curve.simulation_error(float(curve.loss[3])) == 0
