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


@pytest.mark.parametrize("replacement", [False, True])
def test_unequal_probabilities(replacement: bool) -> None:
    observed, quality = _noisy(60)
    chances = np.random.default_rng(1).dirichlet(np.full(60, 2.0))
    trainings = np.array([1, 3, 10, 30])
    found = expected_quality(observed, quality, trainings, replacement=replacement, chances=chances)
    rng, searches = np.random.default_rng(2), 4000
    values = np.empty((searches, 4))
    for search in range(searches):
        if replacement:
            drawn = rng.choice(60, size=30, p=chances)
        else:
            drawn = np.argsort(rng.standard_exponential(60) / chances)[:30]
        seen = observed[np.arange(60), rng.integers(3, size=60)][drawn]  # one repeat of a configuration
        values[search] = [quality[drawn[seen[:n].argmin()]] for n in trainings]
    error = values.std(axis=0) / np.sqrt(searches)
    assert (abs(found - values.mean(axis=0)) < 4 * error + 0.004).all()


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
