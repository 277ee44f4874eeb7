"""What a comparison says beyond its verdicts: each table is there for the rankings that have arms."""

import random

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.across import seed_tests
from fairwatt.analysis.verdict import Comparison, Protocol


def _global_state() -> tuple[list[int], object]:
    return np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002 - what must not change


def test_tables_of_both_rankings() -> None:
    space, both = world(400, trade_off=0.5), ("single", "multi")
    runs = [space.random_search(arm, seed, 60, kinds=both) for arm in ("rs", "b") for seed in range(8)]
    runs += [space.random_search("one", seed, 60) for seed in range(8)]
    comparison = Comparison(runs, space.reference, Protocol(budgets=("10 full", "30 full")), draws=199)
    before = _global_state()
    arms = {"single": {"rs", "b", "one"}, "multi": {"rs", "b"}}
    for table in (comparison.ranks(), comparison.hitting(), comparison.target_shares(), comparison.areas()):
        assert {kind: set(frame["arm"]) for kind, frame in table.groupby("kind")} == arms
    crossings = comparison.crossings()
    assert set(crossings["kind"]) <= set(arms)
    assert crossings["spent_full"].between(0, 30).all()
    assert set(comparison.attainment()["arm"]) == set(comparison.vorobev()["arm"]) == arms["multi"]
    assert comparison.attainment_tests()[["arm", "budget"]].to_numpy().tolist() == [["b", "10 full"], ["b", "30 full"]]
    assert comparison.hitting()["ert_full"].min() < 30
    assert set(comparison.areas()["budget"]) == {"10 full", "30 full"}
    assert _global_state() == before


def test_what_decides_nothing_is_corrected_for_how_much_there_is_of_it() -> None:
    """Benjamini and Hochberg by definition: of m p-values, the least m / k times the k-th of those not smaller."""
    space, both = world(400, trade_off=0.5), ("single", "multi")
    runs = [space.random_search(arm, seed, 60, kinds=both) for arm in ("rs", "b", "c") for seed in range(8)]
    protocol = Protocol(budgets=("10 full", "30 full"))
    comparison = Comparison(runs, space.reference, protocol, sensitivity=False, draws=99)

    def by_definition(p_values: np.ndarray) -> list[float]:
        p = np.sort(p_values)
        return [float((p * len(p) / np.arange(1, len(p) + 1))[p >= each].min()) for each in p_values]

    signed_ranks = comparison.table()
    assert len(signed_ranks) == 8
    assert signed_ranks["q_wilcoxon"].to_numpy() == pytest.approx(by_definition(signed_ranks["p_wilcoxon"].to_numpy()))
    tests = seed_tests(comparison)
    for test in ("friedman", "iman_davenport"):
        of_arms = tests.groupby(["kind", "budget"])[[f"p_{test}", f"q_{test}"]]
        assert (of_arms.nunique() == 1).all(axis=None)
        p, q = of_arms.first().to_numpy().T
        assert q == pytest.approx(by_definition(p))
        assert len(set(p)) == 4
        assert (q > p).any()


def test_a_caller_may_change_a_table() -> None:
    space = world(40)
    comparison = Comparison([space.random_search("rs", 0, 60)], space.reference, Protocol(budgets=("5 full",)))
    for table in (comparison.spend, comparison.proposals):
        frame = table()
        frame["arm"] = "changed"
        assert set(table()["arm"]) == {"rs"}
    assert comparison.attainment().empty
    assert comparison.vorobev().empty
    assert comparison.crossings().empty
