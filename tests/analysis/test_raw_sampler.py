"""Random search under the raw sampler of cells, which prefers some: its multiples are of that sampler."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from synthetic import world

import fairwatt
from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.outcome import Outcome
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.random_search_curve import RandomSearchCurve
from fairwatt.analysis.statistics import PairedResampling
from fairwatt.analysis.truth import Truth
from fairwatt.analysis.verdict import Comparison
from fairwatt.analysis.weighted_draws import expected_cost
from fairwatt.ledger import AccountingPolicy
from fairwatt.streams import stream

PROTOCOL = Protocol(budgets=("30 full",))


def test_what_different_draws_cost_is_the_mean_over_searches() -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(300, 0.3)) + 1e-6
    chances /= chances.sum()
    costs = rng.uniform(1, 3, 300) / (1 + 50 * chances)
    order = np.argsort(rng.exponential(size=(4_000, 300)) / chances, axis=1)  # different draws, in their order
    spent = costs[order].cumsum(axis=1).mean(axis=0)
    wanted = np.array([1, 10, 30, 100, 300])
    assert expected_cost(wanted, chances, costs) == pytest.approx(spent[wanted - 1], rel=0.02)
    assert expected_cost([1], chances, costs)[0] == pytest.approx(chances @ costs)


@pytest.mark.parametrize("replacement", [True, False])
def test_a_curve_counts_what_is_paid(replacement: bool) -> None:
    values, chances, costs = np.arange(4.0), np.array([0.4, 0.3, 0.2, 0.1]), np.array([1.0, 2.0, 3.0, 4.0])
    curve = RandomSearchCurve.of_best(values, replacement=replacement, probabilities=chances)
    paid = curve.paid(costs, 2.5, replacement=replacement, probabilities=chances)
    assert paid.trainings[0] == pytest.approx(2.0 / 2.5)  # a draw costs 2, and c̄ is 2.5
    assert paid.loss.tolist() == curve.loss.tolist()
    last = 2.0 * curve.trainings[-1] if replacement else costs.sum()
    assert paid.trainings[-1] == pytest.approx(last / 2.5)
    assert curve.paid(costs, 2.5, replacement=replacement) is curve


def _endpoints(searches: int, duplicates: str, sampler: str = "raw") -> Endpoints:
    """Random search on the digits' cells, which have three noisy repeats; no shared design."""
    benchmark = fairwatt.make_benchmark("digits-cells-5v", sampler=sampler)
    policy = AccountingPolicy.of({"duplicates": duplicates}, resumable=benchmark.resumable)
    runs = [
        fairwatt.run(benchmark, "rs", seed=seed, budget="30 full", policy=policy, initial=0) for seed in range(searches)
    ]
    return Endpoints(runs, Truth.of(benchmark.reference()), replace(PROTOCOL, policy={"duplicates": duplicates}))


def _multiple(curve: RandomSearchCurve, means: np.ndarray) -> np.ndarray:
    return curve.equivalent(means[..., 0]) / 30


@pytest.mark.slow
@pytest.mark.parametrize("duplicates", ["cached_free", "charged"])
def test_random_search_needs_once_its_own_budget(duplicates: str) -> None:
    """One cell of five is the same there, and none is trained twice for money: both would show in the multiple."""
    searches = 300
    endpoints = _endpoints(searches, duplicates)
    book = endpoints.protocol.primary("30 full", False)
    resampling = PairedResampling(searches, np.random.default_rng(0), draws=499)
    for ranking in RANKINGS:
        curve = endpoints.random_search(ranking.quality, book.policy)
        found = endpoints.values("rs", book, ranking.quality, range(searches))
        multiple = resampling.interval(found[:, None], partial(_multiple, curve))
        spare = 2 * curve.simulation_error(float(found.mean())) / 30
        assert multiple.low - spare <= 1 <= multiple.high + spare
        expected = float(
            np.interp(30, curve.trainings, curve.loss)
        )  # where the curve is flat the multiple tells little
        error = found.std() / np.sqrt(searches)
        simulated = np.interp(30, curve.trainings, curve.standard_error)
        assert found.mean() == pytest.approx(expected, abs=3 * np.hypot(error, simulated))


def test_without_its_probabilities_nothing_is_said_of_its_multiples() -> None:
    """As in references of before they were part of one: never as if the sampler were uniform."""
    space = world(2_000)
    runs = [space.random_search("rs", seed, 60, sampler="raw") for seed in range(20)]
    good = np.argsort(space.reference.val_error)[:60]
    for seed in range(20):
        keys = stream("optimizer", "synthetic", seed, "a").choice(good, size=200).tolist()
        runs.append(space.record([space.ask(key) for key in keys], "a", seed, sampler="raw"))
    comparison = Comparison(runs, space.reference, PROTOCOL, sensitivity=False, draws=99)
    (verdict,) = comparison.verdicts
    assert verdict.outcome is Outcome.WIN_SMALL
    assert verdict.reasons == (verdict.arm_equivalent.note,)
    assert "lacks the raw sampler's probabilities" in verdict.reasons[0]
    for interval in (verdict.arm_equivalent.interval, verdict.reference_equivalent.interval, verdict.ratio):
        assert np.isnan([interval.value, interval.low, interval.high]).all()
    assert np.isnan([verdict.p_better, verdict.p_rope, verdict.p_worse]).all()
    assert not any("random search" in target for target in comparison.hitting()["target"])
