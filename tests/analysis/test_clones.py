"""Clones of random search through the real runner, on a table that ships: from recordings to verdicts over spaces."""

from fractions import Fraction

import pytest

from fairwatt.analysis.across import Across, seed_ranks
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.outcome import Outcome
from fairwatt.analysis.verdict import Comparison, Protocol
from fairwatt.experiments.runner import run
from fairwatt.registry import make_benchmark

pytestmark = pytest.mark.slow


def _comparison(space: str) -> Comparison:
    """Seven clones at the same budget, and one that may spend four times as much."""
    benchmark = make_benchmark(space)
    budgets = {"rs": 30} | {f"clone-{i}": 30 for i in range(6)} | {"rs-x4": 120}
    runs = [
        run(benchmark, "rs", seed=seed, budget=f"{full} full", label=arm)
        for arm, full in budgets.items()
        for seed in range(30)
    ]
    protocol = Protocol(budgets=("30 full",), budget_factors={"rs-x4": Fraction(4)})
    return Comparison(runs, benchmark.reference(), protocol, sensitivity=False, draws=1_999)


def test_clones_do_not_win_and_four_times_the_energy_does() -> None:
    """One study in each of two spaces, by regret and by hypervolume: seeds are fixed, and false claims are rare.

    On the digits, whose best cells differ by less than their repeats do, 30 seeds do not find it by regret.
    """
    comparisons = [_comparison(space) for space in ("digits-cells-5v", "toy-cells")]
    across = Across(comparisons, draws=1_999)
    digits, toy = (comparison.verdicts for comparison in comparisons)
    for verdicts, found in ((digits, {"multi"}), (toy, {"single", "multi"}), (across.verdicts, {"single", "multi"})):
        assert len(verdicts) == 14
        claims = [v for v in verdicts if v.outcome is not Outcome.INCONCLUSIVE]
        assert {(v.arm, v.kind, v.winner) for v in claims} == {("rs-x4", kind, "rs-x4") for kind in found}
        assert all(v.outcome is Outcome.WIN for v in claims)
    for verdict in (v for v in across.verdicts if v.arm == "rs-x4"):
        assert 2 < verdict.ratio.low < verdict.ratio.high < 10
    ranks = seed_ranks(comparisons[1], RANKINGS[0], "30 full")
    assert min(ranks.mean_ranks, key=lambda arm: ranks.mean_ranks[arm]) == "rs-x4"
    assert ranks.p < 0.05
