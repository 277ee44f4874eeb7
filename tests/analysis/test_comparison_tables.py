"""What a comparison says beyond its verdicts: each table is there for the rankings that have arms."""

import random

import numpy as np
from synthetic import world

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
