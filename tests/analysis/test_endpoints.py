"""Which closed form stands for random search."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.indicators import REFERENCE_POINT
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.random_search_curve import expected_best, expected_hypervolume
from fairwatt.analysis.truth import Truth
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Reference
from fairwatt.registry import make_benchmark

TRUTH = Truth.of(world(40).reference)
ENDPOINTS = Endpoints([], TRUTH, Protocol())


@pytest.mark.parametrize(("duplicates", "replacement"), [("cached_free", False), ("charged", True)])
def test_where_repetitions_are_free_random_search_draws_without_replacement(duplicates: str, replacement: bool) -> None:
    policy = AccountingPolicy(duplicates=duplicates)
    trainings = [1, 20, 40]
    best = ENDPOINTS.random_search("val_error", policy)
    expected = expected_best(TRUTH.val_error, trainings, replacement=replacement)
    assert best.trainings.tolist() == list(range(1, 41))
    assert best.loss[[0, 19, 39]] == pytest.approx(expected)
    assert (best.loss[-1] == TRUTH.val_error.min()) is np.bool_(not replacement)

    points, scale = TRUTH.val_points(np.arange(40)), TRUTH.val_front
    found = ENDPOINTS.random_search("val_hypervolume_regret", policy)
    volume = expected_hypervolume(scale.normalise(points), REFERENCE_POINT, trainings, replacement=replacement)
    assert found.loss[[0, 19, 39]] == pytest.approx(1 - volume / scale.best)


def test_a_curve_is_made_once() -> None:
    policy = AccountingPolicy()
    for ranking in RANKINGS:
        assert ENDPOINTS.random_search(ranking.quality, policy) is ENDPOINTS.random_search(ranking.quality, policy)
    with pytest.raises(UnknownNameError, match="did you mean 'val_error'"):
        ENDPOINTS.random_search("val_errors", policy)


def _searches(reference: Reference, seeds: int, budget: float) -> tuple[np.ndarray, np.ndarray]:
    """Final validation error and hypervolume regret of random searches under a budget of mean full trainings.

    As the ledger has it, without a shared design: repeated networks are free, what exceeds the budget answers nothing.
    """
    assert reference.val_repeats is not None
    truth, count = Truth.of(reference), len(reference.keys)
    rng, best, front = np.random.default_rng(3), np.empty(seeds), np.empty(seeds)
    for seed in range(seeds):
        order = rng.permutation(count)  # the first time that each is drawn
        order = order[np.cumsum(reference.energy_kwh[order]) <= budget * reference.energy_kwh.mean()]
        seen = reference.val_repeats[order, rng.integers(reference.replicates, size=len(order))]
        best[seed] = reference.val_error[order[seen.argmin()]]
        by_energy = order[np.argsort(reference.energy_kwh[order], kind="stable")]
        by_energy_seen = seen[np.argsort(reference.energy_kwh[order], kind="stable")]
        lowest = np.minimum.accumulate(np.append(np.inf, by_energy_seen[:-1]))
        front[seed] = truth.val_front.hypervolume_regret(truth.val_points(by_energy[by_energy_seen < lowest]))
    return best, front


@pytest.mark.slow
@pytest.mark.parametrize("budget", [30, 100])
def test_random_search_needs_its_own_budget_where_trainings_are_noisy(budget: int) -> None:
    """On a table of three noisy repeats: by means over repeats it would seem to need half of it, or a third."""
    reference = make_benchmark("digits-cells-5v").reference()
    endpoints = Endpoints([], Truth.of(reference), Protocol())
    without = Endpoints([], Truth.of(replace(reference, val_repeats=None)), Protocol())
    policy = AccountingPolicy()
    for quality, values in zip(
        ("val_error", "val_hypervolume_regret"), _searches(reference, 6_000, budget), strict=True
    ):
        curve = endpoints.random_search(quality, policy)
        error = values.std() / np.sqrt(len(values))
        high, low = curve.equivalent(values.mean() + 3 * error * np.array([-1, 1]))
        simulated = 3 * curve.simulation_error(float(values.mean()))
        assert low - simulated - 1 < budget < high + simulated + 1  # the training that ends the budget answers nothing
        assert high - low < 0.3 * budget
        assert without.random_search(quality, policy).equivalent(values.mean()) < 0.8 * budget
