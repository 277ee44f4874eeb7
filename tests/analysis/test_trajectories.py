"""What a search holds, and when."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from synthetic import FIDELITIES, INVALID, World, world

from fairwatt.analysis.trajectories import INDICATORS, Trajectory, archives, incumbents
from fairwatt.analysis.truth import NOTHING, Truth
from fairwatt.books import Book
from fairwatt.budget import Budget
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.ledger import AccountingPolicy

WORLD = world(40)
TRUTH = Truth.of(WORLD.reference)
ORDER = np.argsort(WORLD.reference.val_error).tolist()
BEST, SECOND, WORST = ORDER[0], ORDER[1], ORDER[-1]
LOW = FIDELITIES[0]


def _book(budget: str, **policy: Any) -> Book:
    return Book("primary", AccountingPolicy(**policy), Budget.parse(budget))


def test_only_full_training_makes_an_incumbent() -> None:
    asked = [(BEST, LOW), (INVALID, 1.0), (WORST, 1.0), (SECOND, 1.0), (WORST, 1.0)]
    held = incumbents([WORLD.ask(*question) for question in asked], TRUTH)
    assert held.tolist() == [NOTHING, NOTHING, NOTHING, WORST, SECOND, SECOND]


def test_of_equal_validation_errors_the_earlier_stays() -> None:
    first, second = WORLD.ask(BEST), WORLD.ask(WORST)
    tied = replace(second, trial=replace(second.trial, val_error=first.trial.val_error))
    assert incumbents([first, tied], TRUTH).tolist() == [NOTHING, BEST, BEST]
    assert incumbents([tied, first], TRUTH).tolist() == [NOTHING, WORST, WORST]


def test_regret_is_on_test_and_starts_at_the_median() -> None:
    run = WORLD.record([WORLD.ask(WORST), WORLD.ask(BEST)], "a", 0, ended=True)
    test = WORLD.reference.test_error
    span = np.median(test) - test.min()
    expected = [1.0, (test[WORST] - test.min()) / span, (test[BEST] - test.min()) / span]
    assert Trajectory(run, TRUTH).steps("regret") == pytest.approx(expected)
    validation = Trajectory(run, TRUTH).steps("val_error")
    assert validation[0] == np.median(WORLD.reference.val_error)
    assert validation[-1] == WORLD.reference.val_error.min()


def test_the_archive_is_what_none_dominates_on_validation() -> None:
    everything = world(60, trade_off=0.5)
    truth = Truth.of(everything.reference)
    requests = [everything.ask(key) for key in range(60)]
    version, sets = archives(requests, truth)
    points = truth.val_points(np.arange(60))
    for after in (1, 10, 60):
        seen = points[:after]
        expected = {i for i, p in enumerate(seen) if not any((q <= p).all() and (q < p).any() for q in seen)}
        assert set(sets[version[after]].tolist()) == expected
    steps = Trajectory(everything.record(requests, "a", 0, ended=True), truth)
    assert steps.steps("val_hypervolume_regret")[[0, -1]] == pytest.approx([1, 0])
    assert (np.diff(steps.steps("val_hypervolume_regret")) <= 1e-12).all()
    for indicator, scale, points in (
        ("hypervolume_regret", truth.test_front, truth.test_points),
        ("val_hypervolume_regret", truth.val_front, truth.val_points),
        ("hypervolume_regret_log_energy", truth.log_front, truth.log_points),
    ):
        expected = [scale.hypervolume_regret(points(sets[each])) for each in version]
        assert steps.steps(indicator) == pytest.approx(expected)


def test_steps_are_right_continuous_and_the_aborted_request_counts_for_nothing() -> None:
    asked = [WORST, SECOND, BEST]
    run = WORLD.record([WORLD.ask(key) for key in asked], "a", 0)
    trajectory = Trajectory(run, TRUTH)
    costs = np.cumsum([WORLD.ask(key).cost.energy_nj for key in asked]).tolist()
    book = _book("2.5 full")
    grid = [0, costs[0] - 1, costs[0], costs[1] - 1, costs[1], costs[2]]
    regret = trajectory.steps("regret")
    assert trajectory.curve("regret", book, grid).tolist() == regret[[0, 0, 1, 1, 2, 2]].tolist()
    assert trajectory.final("regret", book) == regret[2]


def test_a_request_that_overshoots_counts_from_the_budget_on() -> None:
    asked = [WORST, SECOND, BEST, WORST]
    trajectory = Trajectory(WORLD.record([WORLD.ask(key) for key in asked], "a", 0), TRUTH)
    book = _book("2.5 full", exhaustion="overshoot")
    budget = book.budget.resolve("energy", trajectory.tariff)
    after_three = sum(WORLD.ask(key).cost.energy_nj for key in asked[:3])
    regret = trajectory.steps("regret")
    assert budget + 1 < after_three
    curve = trajectory.curve("regret", book, [budget - 1, budget, budget + 1, after_three, 10 * budget])
    assert curve.tolist() == regret[[2, 3, 3, 3, 3]].tolist()
    assert trajectory.final("regret", book) == regret[3] < regret[2]
    amounts, values = trajectory.path("regret", book)
    assert amounts[-1] == budget
    assert values.tolist() == trajectory.curve("regret", book, amounts.astype(int).tolist()).tolist()


def test_an_early_end_is_carried_forward() -> None:
    trajectory = Trajectory(WORLD.record([WORLD.ask(SECOND)], "a", 0, ended=True), TRUTH)
    full = WORLD.reference.tariff.full.energy_nj
    values = trajectory.curve("regret", _book("30 full"), [0, 3 * full, 30 * full])
    assert values.tolist() == trajectory.steps("regret")[[0, 1, 1]].tolist()


@pytest.mark.parametrize("exhaustion", ["abort_no_credit", "overshoot"])
def test_the_curve_ends_at_the_endpoint(exhaustion: str) -> None:
    book = _book("7 full", exhaustion=exhaustion)
    for seed in range(20):
        trajectory = Trajectory(WORLD.random_search("rs", seed, 90, kinds=("single", "multi")), TRUTH)
        budget = book.budget.resolve("energy", trajectory.tariff)
        for indicator in INDICATORS:
            curve = trajectory.curve(indicator, book, [budget, 2 * budget])
            assert curve.tolist() == 2 * [trajectory.final(indicator, book)]


def test_no_metric_of_low_fidelity_reaches_a_front() -> None:
    run = WORLD.record([WORLD.ask(BEST, LOW), WORLD.ask(INVALID)], "a", 0, ended=True)
    assert Trajectory(run, TRUTH).steps("hypervolume_regret").tolist() == [1, 1, 1]


def test_unknown_indicators_and_networks() -> None:
    stranger: World = world(41)
    with pytest.raises(UnknownNameError, match="did you mean 'regret'"):
        Trajectory(WORLD.record([], "a", 0), TRUTH).steps("regrets")
    with pytest.raises(UserError, match="40 of a run is not in the reference"):
        Trajectory(stranger.record([stranger.ask(40)], "a", 0), TRUTH).steps("regret")


def test_a_space_whose_networks_are_all_alike_has_no_regret() -> None:
    flat = replace(WORLD.reference, test_error=np.full(40, 0.3))
    assert Truth.of(flat).regret(np.array([NOTHING, 3])).tolist() == [1, 0]
