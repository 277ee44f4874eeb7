"""The area under anytime curves over the logarithm of energy. Numbers in brackets: fairness.md, section 6."""

import math
from fractions import Fraction

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.areas import area_table, areas, log_area
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.verdict import Comparison, Protocol

SPACE = world(400)
SINGLE = RANKINGS[0]
FULL = SPACE.reference.tariff.full.energy_nj
ORDER = np.argsort(SPACE.reference.val_error).tolist()


def test_the_mean_of_a_step_over_the_logarithm() -> None:
    """[15] over exp(x): 1 until e, .5 until e^3, .1 until e^4; what came before the start counts for nothing."""
    amounts = np.exp([0, 1, 3])
    assert log_area(amounts, [1, 0.5, 0.1], 1, math.exp(4)) == pytest.approx(0.525)
    assert log_area([0, *amounts], [9, 1, 0.5, 0.1], 1, math.exp(4)) == pytest.approx(0.525)
    assert log_area(amounts, [1, 0.5, 0.1], math.exp(2), math.exp(4)) == pytest.approx((0.5 + 0.1) / 2)


def test_regret_is_one_until_the_first_full_training_is_paid() -> None:
    first = max(ORDER[:50], key=lambda key: SPACE.ask(key).cost.energy_nj)  # costs more than the mean
    run = SPACE.record([SPACE.ask(first)], "rs", 0, budget="10 full", ended=True)
    comparison = Comparison([run], SPACE.reference, Protocol(budgets=("10 full",)))
    paid = SPACE.ask(first).cost.energy_nj / FULL
    regret = float(comparison.truth.regret(np.array([first]))[0])
    expected = (math.log(paid) + regret * math.log(10 / paid)) / math.log(10)
    assert areas(comparison.endpoints, SINGLE, "rs", comparison.books[0])[0] == pytest.approx(expected)
    assert paid > 1.01


def test_no_area_within_one_training() -> None:
    run = SPACE.random_search("rs", 0, 60, budget="30 full")
    comparison = Comparison([run], SPACE.reference, Protocol(budgets=("1 full", "30 full")))
    assert math.isnan(areas(comparison.endpoints, SINGLE, "rs", comparison.books[0])[0])
    assert area_table(comparison.endpoints, SINGLE, comparison.books)["p"].isna().all()


def test_a_row_compares_pairs_of_seeds() -> None:
    """An arm with three times the budget, read at a third, goes down sooner."""
    protocol = Protocol(budgets=("30 full",), budget_factors={"more": Fraction(4)})
    runs = [SPACE.random_search("rs", seed, 60) for seed in range(24)]
    runs += [SPACE.random_search("more", seed, 200, budget="120 full") for seed in range(22)]
    comparison = Comparison(runs, SPACE.reference, protocol)
    book, endpoints = comparison.books[0], comparison.endpoints
    table = area_table(endpoints, SINGLE, [book], draws=999).set_index("arm")
    more, rs = (areas(endpoints, SINGLE, arm, book) for arm in ("more", "rs"))
    amounts, values = endpoints.trajectories["more"][5].path("regret", protocol.granted("more", book))
    assert more[5] == pytest.approx(log_area(amounts / 4, values, FULL, 30 * FULL))
    row = table.loc["more"]
    assert (row["seeds"], row["pairs"], table.loc["rs", "pairs"]) == (22, 22, 0)
    assert row["area"] == pytest.approx(np.mean(list(more.values())))
    assert row["difference"] == pytest.approx(np.mean([more[seed] - rs[seed] for seed in range(22)]))
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["p"] == row["q"] < 0.01
    assert math.isnan(table.loc["rs", "difference"])


def test_areas_are_exploratory_together() -> None:
    """Of two arms, the smaller p counts twice."""
    runs = [SPACE.random_search("rs", seed, 60) for seed in range(10)]
    runs += [SPACE.record([SPACE.ask(ORDER[seed])], "good", seed, ended=True) for seed in range(10)]
    runs += [SPACE.random_search("clone", seed, 60) for seed in range(10)]
    comparison = Comparison(runs, SPACE.reference, Protocol(budgets=("30 full",)))
    table = area_table(comparison.endpoints, SINGLE, comparison.books, draws=99).set_index("arm")
    p, q = table["p"], table["q"]
    assert p["good"] < p["clone"] == q["clone"]
    assert q["good"] == 2 * p["good"]
    assert math.isnan(q["rs"])
