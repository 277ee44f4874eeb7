import math
from dataclasses import replace

import numpy as np
import pytest
from small_log import Search, log, search

from fairwatt.audit.draws_curve import Curve, Pool, Table
from fairwatt.audit.matched import courses, running
from fairwatt.audit.multiples import DEPENDENT, UNEVEN, Multiple, multiple
from fairwatt.registry import make_benchmark


def measured(searches: list[Search], arm: str, endpoint: str = "regret") -> Multiple:
    made = log(searches)
    pool = Pool(made.frame, made.frame["cost"].to_numpy(), "rs", endpoint, np.random.default_rng(0))
    arms = [course for course in courses(made.frame, endpoint) if course.method == arm]
    found = multiple(arms, running(made.frame), math.inf, pool, "as recorded", np.random.default_rng(1))
    assert found is not None
    return found


def test_the_curve_is_the_order_statistic_of_the_pool() -> None:
    """Best of n without replacement of 1..10 tenths: (11)/(n + 1) tenths; an arm at 0.275 needs three requests."""
    values = np.arange(1, 11) / 10
    searches = [search("rs", seed, values[seed::2], costs=2.0) for seed in (0, 1)]
    found = measured([*searches, search("arm", 0, [0.275], costs=1.0)], "arm")
    assert found.needed == pytest.approx(3 * 2.0)
    assert found.interval.value == pytest.approx(6.0)
    assert found.bound == ""


@pytest.mark.slow
def test_random_search_at_k_times_the_cost_has_a_multiple_of_k() -> None:
    rng = np.random.default_rng(7)
    rs = [search("rs", seed, rng.uniform(0, 1, 100)) for seed in range(40)]
    slow = [search("slow", seed, rng.uniform(0, 1, 100), costs=4.0) for seed in range(40)]
    found = measured([*rs, *slow], "slow")
    assert found.interval.low < 0.25 < found.interval.high
    assert found.interval.value == pytest.approx(0.25, rel=0.35)
    own = measured(rs, "rs")
    assert own.interval.low < 1.0 < own.interval.high
    assert not own.doubt


def test_searches_that_share_their_luck_are_doubtful() -> None:
    """Half of the searches see nothing but bad draws: the pool promises more than any one of them can hold."""
    rng = np.random.default_rng(9)
    rs = [search("rs", seed, rng.uniform(0, 1, 50) + 0.5 * (seed % 2)) for seed in range(30)]
    assert measured(rs, "rs").doubt == DEPENDENT


def test_independent_draws_of_unequal_length_are_not_called_dependent() -> None:
    """The mean quality of short and long searches is that of a short one; each at its own spend is as it should be."""
    rng = np.random.default_rng(5)
    rs = [search("rs", seed, rng.uniform(0, 1, 200 if seed % 4 == 0 else 4)) for seed in range(20)]
    own = measured(rs, "rs")
    assert own.interval.high < 1.0
    assert own.by_search.low < 1.0 < own.by_search.high
    assert own.doubt == UNEVEN


def test_searches_at_m_times_their_own_spends_have_the_loss() -> None:
    curve = Curve(np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.8, 0.4, 0.2, 0.1]))
    assert curve.times(0.4, np.array([1.0, 1.0])) == pytest.approx(2.0)
    assert curve.times((0.4 + 0.2) / 2, np.array([1.0, 2.0])) == pytest.approx(2.0)
    assert curve.times(0.1, np.array([1.0, 4.0])) == np.inf  # the longer one would have to go beyond the curve


def test_one_search_of_a_side_has_no_interval() -> None:
    lone, two = [search("rs", 0, [0.5, 0.4, 0.6])], [search("arm", seed, [0.45]) for seed in range(2)]
    for searches, arm in (([*lone, *two], "arm"), ([*lone, search("rs", 1, [0.5, 0.3]), two[0]], "arm"), (lone, "rs")):
        found = measured(searches, arm)
        assert math.isfinite(found.interval.value)
        assert math.isnan(found.interval.low)
        assert math.isnan(found.by_search.high)
        assert found.doubt == ""


def test_impossible_proposals_are_draws_that_find_nothing() -> None:
    """One of two requests finds .3, so that one draw is worth .15 and both .3; .225 takes one and a half."""
    rs = search("rs", 0, [0.4, np.inf], energies=[0.5, np.nan], costs=2.0)
    arm = search("arm", 0, [0.9, 0.4], energies=[1.0, 0.625], costs=1.0)  # the first sets the scale of energy
    assert measured([rs, arm], "arm", "hypervolume").needed == pytest.approx(1.5 * 2.0)


def test_a_search_without_an_incumbent_leaves_no_number() -> None:
    """It would make the mean quality infinite, and random search need less than its first request."""
    rs = [search("rs", seed, [0.5, 0.4, 0.6]) for seed in range(3)]
    found = measured([*rs, search("arm", 0, [0.41]), search("arm", 1, [np.inf])], "arm")
    assert (found.bound, found.without, found.searches, found.doubt) == ("", 1, 2, "")
    assert math.isnan(found.needed)
    assert math.isnan(found.interval.value)


def test_many_different_points_are_moved_to_few_lines_and_say_the_same() -> None:
    rng = np.random.default_rng(12)
    rs = [search("rs", seed, rng.uniform(0, 1, 300), energies=rng.uniform(0, 1, 300)) for seed in range(8)]
    frame = log(rs).frame
    pool = Pool(frame, frame["cost"].to_numpy(), "rs", "hypervolume", rng)
    exact = pool.curve()
    moved = pool._curve(pool._coarse, range(8))
    assert exact is not None
    assert moved is not None
    assert (
        len(np.unique(np.concatenate(pool._coarse)[:, 0])) <= 512 < len(np.unique(np.concatenate(pool.searches)[:, 0]))
    )
    assert moved.needs(exact.loss) == pytest.approx(exact.cost, rel=0.01)


def test_beyond_the_pool_there_is_a_bound_and_no_number() -> None:
    rs = [search("rs", seed, [0.5, 0.4, 0.6]) for seed in range(3)]
    assert measured([*rs, search("arm", 0, [0.1])], "arm").bound == "more than"
    assert measured([*rs, search("arm", 0, [0.9])], "arm").bound == "less than"
    near = measured([*rs, search("arm", 0, [0.41]), search("arm", 1, [0.401])], "arm")
    assert near.bound == ""
    lucky = measured([*rs, search("arm", 0, [0.45]), search("arm", 1, [0.39])], "arm")
    assert (lucky.bound, lucky.interval.high) == ("", math.inf)  # samples of the second alone lie beyond the pool


def test_a_table_that_is_drawn_unevenly_is_paid_for_by_what_is_drawn() -> None:
    """The first training costs what a draw does on average, and all of them what all cost."""
    even = replace(make_benchmark("toy-cells").reference(), replicates=1, val_repeats=None)
    count = len(even.keys)
    prices, chances = np.full(count, 2.0), np.full(count, 0.1 / (count - 1))
    prices[0], chances[0] = 1.0, 0.9
    worst_first = np.linspace(1.0, 0.5, count)
    uneven = replace(even, val_error=worst_first, energy_kwh=prices, probabilities=chances)
    cost = Table("toy", uneven).curve().cost
    assert cost[0] == pytest.approx(0.9 * 1.0 + 0.1 * 2.0)
    assert cost[-1] == pytest.approx(prices.sum())
    assert (np.diff(cost) > 0).all()
    assert Table("toy", even).curve().cost[0] == pytest.approx(even.tariff.mean_full_kwh)
