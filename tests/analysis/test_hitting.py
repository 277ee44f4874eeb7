"""Energy to target. Numbers in brackets: fairness.md, section 6."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import CensoredData, logrank
from synthetic import world

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.hitting import (
    Target,
    declared_targets,
    first_at,
    full_grid,
    hits,
    hitting_table,
    log_rank,
    median_to_hit,
    target_shares,
)
from fairwatt.analysis.random_search_curve import expected_best
from fairwatt.analysis.verdict import Comparison, Protocol

SPACE = world(400)
ORDER = np.argsort(SPACE.reference.val_error).tolist()
GOOD, BAD = ORDER[3], ORDER[-1]
AT_10 = Protocol(budgets=("10 full",))
IS_GOOD = Target("good", "val_error", float(SPACE.reference.val_error[GOOD]))
EASY = Target("easy", "val_error", float(SPACE.reference.val_error[ORDER[40]]))
SINGLE = RANKINGS[0]


def _comparison(*streams: tuple[str, list[int], bool], protocol: Protocol = AT_10) -> Comparison:
    """Runs of these arms, one seed each time an arm is there; the streams ask these keys."""
    runs = []
    for arm, keys, ended in streams:
        seed = sum(run.header.arm == arm for run in runs)
        budget = protocol.factor(arm) * 10
        asked = [SPACE.ask(key) for key in keys]
        runs.append(SPACE.record(asked, arm, seed, budget=f"{budget} full", ended=ended))
    return Comparison(runs, SPACE.reference, protocol)


def _full(*keys: int) -> float:
    return sum(SPACE.ask(key).cost.energy_nj for key in keys) / SPACE.reference.tariff.full.energy_nj


def test_a_step_hits_where_it_first_is_at_the_target() -> None:
    """Right-continuous; what gets worse again later was hit all the same."""
    amounts, values = [0, 2, 5, 7], [1, 0.5, 0.2, 0.6]
    assert [first_at(amounts, values, target) for target in (1, 0.7, 0.5, 0.3, 0.2)] == [0, 2, 2, 5, 5]
    assert first_at(amounts, values, 0.1) == math.inf


def test_hits_are_what_was_spent_when_the_training_was_paid() -> None:
    comparison = _comparison(("rs", [BAD, GOOD, *ORDER[20:60]], False), ("rs", ORDER[20:60], False))
    found = hits(comparison.endpoints, SINGLE, comparison.books[0], [IS_GOOD])
    assert found.spent["rs"].tolist() == [[pytest.approx(_full(BAD, GOOD))], [math.inf]]
    assert found.budget == pytest.approx(10, rel=1e-9)
    assert found.unit == pytest.approx(SPACE.reference.energy_kwh.mean())


def test_a_hit_beyond_the_budget_is_none() -> None:
    late = _comparison(("rs", [*ORDER[20:40], GOOD, *ORDER[50:80]], False))
    assert hits(late.endpoints, SINGLE, late.books[0], [IS_GOOD]).spent["rs"].tolist() == [[math.inf]]


def test_an_arm_with_a_factor_hits_at_a_part_of_what_it_spent() -> None:
    protocol = Protocol(budgets=("10 full",), budget_factors={"a": Fraction(3)})
    streams = [(arm, [BAD, GOOD, *ORDER[20:90]], False) for arm in ("rs", "a")]
    comparison = _comparison(*streams, protocol=protocol)
    found = hits(comparison.endpoints, SINGLE, comparison.books[0], [IS_GOOD])
    assert found.spent["a"][0, 0] == pytest.approx(found.spent["rs"][0, 0] / 3)


def test_expected_running_cost_censors_at_the_budget_also_what_gave_up() -> None:
    """[15] has the arithmetic: hits at their amounts, 10 for the miss, over two hits."""
    short = [BAD, ORDER[-2]]
    comparison = _comparison(
        ("rs", [GOOD, *ORDER[20:60]], False), ("rs", [BAD, GOOD, *ORDER[20:60]], False), ("rs", short, True)
    )
    found = hits(comparison.endpoints, SINGLE, comparison.books[0], [IS_GOOD])
    (row,) = hitting_table(found, "rs").to_dict("records")
    assert row["ert_full"] == pytest.approx((_full(GOOD) + _full(BAD, GOOD) + 10) / 2)
    assert row["ert"] == pytest.approx(row["ert_full"] * SPACE.reference.energy_kwh.mean())
    assert (row["hits"], row["seeds"], row["ert_ratio"], row["median"]) == (2, 3, 1, pytest.approx(_full(BAD, GOOD)))
    assert math.isnan(row["p"])


def test_targets_depend_on_no_run() -> None:
    comparison = Comparison([SPACE.random_search("rs", 0, 60)], SPACE.reference, AT_10)
    policy = comparison.books[0].policy
    targets = declared_targets(comparison.endpoints, SINGLE, policy)
    expected = expected_best(SPACE.reference.val_error, [10, 30, 100], replacement=False)
    assert [target.value for target in targets] == pytest.approx([*expected, 0.1, 0.05, 0.02, 0.01])
    assert [target.indicator for target in targets] == 3 * ["val_error"] + 4 * ["regret"]
    small = world(40)
    endpoints = Comparison([small.random_search("rs", 0, 60)], small.reference, AT_10).endpoints
    assert [t.name for t in declared_targets(endpoints, SINGLE, policy)][:3] == [
        "random search, 10 trainings",
        "random search, 30 trainings",
        "regret 0.1",
    ]


def test_the_median_is_where_half_have_hit() -> None:
    assert median_to_hit([1, 2, 3, 4], 10).value == 2
    censored = median_to_hit([1, 2, math.inf, math.inf, math.inf], 10)
    assert (censored.value, censored.high) == (math.inf, math.inf)
    assert median_to_hit([math.inf, math.inf], 10).low == math.inf


def test_the_interval_of_a_median_is_where_the_interval_of_survival_holds_one_half() -> None:
    """Greenwood's variance on the log-log scale, by hand, of 40 hits at 1, 2, ..., 40."""
    risk = 40.0 - np.arange(39)
    survival = 1 - np.arange(1, 40) / 40
    error = np.sqrt(np.cumsum(1 / (risk * (risk - 1)))) / np.abs(np.log(survival))
    low, high = (survival ** np.exp(sign * 1.959964 * error) for sign in (1, -1))
    expected = [1 + int((bound > 0.5).sum()) for bound in (low, survival, high)]
    found = median_to_hit(np.arange(1, 41), 50)
    assert [found.low, found.value, found.high] == expected == [14, 20, 26]


def test_the_log_rank_test_tells_apart_and_abstains() -> None:
    early, late = [1, 2, 3, 4, 5, 6], [7, 8, 9, math.inf, math.inf, math.inf]
    expected = logrank(CensoredData(early), CensoredData([7, 8, 9], right=[10, 10, 10])).pvalue
    assert log_rank(early, late, 10) == pytest.approx(expected)
    assert expected < 0.01
    assert log_rank(early, early, 10) == pytest.approx(1)
    assert math.isnan(log_rank([math.inf], [math.inf, math.inf], 10))


def test_a_better_arm_hits_sooner_and_the_table_says_so() -> None:
    lucky = [("a", [BAD] * (seed % 3) + [GOOD, *ORDER[20:60]], False) for seed in range(8)]
    poor = [("rs", [*ORDER[20 + seed : 60]], False) for seed in range(8)]
    comparison = _comparison(*poor, *lucky)
    found = hits(comparison.endpoints, SINGLE, comparison.books[0], [IS_GOOD, EASY])
    table = hitting_table(found, "rs").set_index(["target", "arm"])
    row = table.loc[("good", "a")]
    assert (row["hits"], table.loc[("good", "rs"), "ert_full"]) == (8, math.inf)
    assert table.loc["good", "ert_ratio"].isna().all()  # to what was never reached there is no ratio, not 0
    easy_ert = table.loc["easy", "ert_full"]
    assert table.loc["easy", "ert_ratio"].to_dict() == {"rs": 1, "a": easy_ert["a"] / easy_ert["rs"]}
    assert easy_ert["a"] > 1.5 * easy_ert["rs"]  # some of its seeds begin with a poor one
    assert row["p"] < 0.001
    easy = table.loc[("easy", "a"), "p"]
    assert row["p"] < easy
    assert row["q"] == pytest.approx(min(2 * row["p"], easy))  # Benjamini and Hochberg's of two
    shares = target_shares(found, full_grid(comparison.books, comparison.endpoints.tariff))
    last = shares.groupby("arm")["share"].last()
    assert last.to_dict() == {"rs": 0.5, "a": 1.0}
    assert (shares.groupby("arm")["share"].diff().dropna() >= 0).all()
