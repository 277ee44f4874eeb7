"""Values and ranks over what was spent."""

from fractions import Fraction

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.curves import spent_grid
from fairwatt.analysis.verdict import Comparison, Protocol

WORLD = world(400)
PROTOCOL = Protocol(budgets=("10 full", "30 full"))
SEEDS = range(12)


def _comparison(protocol: Protocol = PROTOCOL) -> Comparison:
    runs = [WORLD.random_search(arm, seed, 60) for arm in ("rs", "a") for seed in SEEDS]
    return Comparison(runs, WORLD.reference, protocol)


def test_the_grid_runs_from_the_cheapest_training_to_the_largest_budget() -> None:
    tariff = WORLD.reference.tariff
    grid = spent_grid(_comparison().books, tariff)
    assert len(grid) == 201
    assert grid == sorted(set(grid))
    assert grid[0] == tariff.cheapest.energy_nj
    assert grid[-1] == 30 * tariff.full.energy_nj
    assert 10 * tariff.full.energy_nj in grid


def test_at_the_budgets_a_curve_is_the_endpoint() -> None:
    comparison = _comparison()
    curve = comparison.curves("regret").set_index(["arm", "spent_full"])
    for book, trainings in zip(comparison.books, (10.0, 30.0), strict=True):
        values = comparison.endpoints.values("rs", book, "regret", SEEDS)
        row = curve.loc[("rs", trainings)]
        assert row[["q25", "median", "q75"]].tolist() == pytest.approx(np.quantile(values, [0.25, 0.5, 0.75]).tolist())
        assert row["mean"] == pytest.approx(values.mean())
    assert curve.loc["rs", "median"].iloc[0] == 1  # nothing is trained in full yet
    assert curve.loc[("rs", 30.0), "spent"] == pytest.approx(30 * WORLD.reference.energy_kwh.mean())


def test_a_curve_says_what_had_ended_before() -> None:
    runs = [WORLD.random_search("rs", seed, 60) for seed in SEEDS]
    runs += [WORLD.record([WORLD.ask(seed)], "short", seed, ended=True) for seed in SEEDS]
    censored = Comparison(runs, WORLD.reference, PROTOCOL).curves("regret").set_index(["arm", "spent_full"])["censored"]
    assert (censored.loc["rs"] == 0).all()
    assert censored.loc["short"].iloc[[0, -1]].tolist() == [0, 1]


def test_an_arm_with_a_factor_is_read_at_so_many_times_the_amount() -> None:
    protocol = Protocol(budgets=("10 full",), budget_factors={"a": Fraction(3)})
    runs = [WORLD.random_search("rs", seed, 40) for seed in SEEDS]
    more = [WORLD.random_search("a", seed, 60) for seed in SEEDS]
    runs += [WORLD.record(run.requests, "a", run.header.seed, budget="90 full") for run in more]
    curve = Comparison(runs, WORLD.reference, protocol).curves("regret").set_index(["arm", "spent_full"])
    plain = Comparison(more, WORLD.reference, Protocol("a", ("30 full",)))
    expected = plain.endpoints.values("a", plain.books[0], "regret", SEEDS)
    assert curve.loc[("a", 10.0), "mean"] == pytest.approx(expected.mean())


def test_ranks_share_the_middle_and_add_up() -> None:
    runs = [WORLD.random_search(arm, seed, 60) for arm in ("rs", "a", "b") for seed in SEEDS]
    ranks = Comparison(runs, WORLD.reference, PROTOCOL).ranks()
    wide = ranks.pivot(index="spent_full", columns="arm", values="mean_rank")
    assert wide.iloc[0].tolist() == [2, 2, 2]
    assert wide.sum(axis=1).tolist() == pytest.approx([6] * len(wide))
    assert set(ranks["seeds"]) == {12}
