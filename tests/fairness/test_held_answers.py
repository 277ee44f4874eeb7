"""Answers that are not the space's: each way of forging one is seen, and no honest answer is accused."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from audited import BUDGET, evidence, results, small, table, tampered, with_answer
from synthetic import EPOCHS, FIDELITIES, World, world

from fairwatt.fairness.held_answers import held
from fairwatt.fairness.incumbents_evidence import selection
from fairwatt.fairness.threats import State
from fairwatt.problem import Reference
from fairwatt.records import INVALID_MEASUREMENT, Request, Run, Status

RUNS = small()
REFERENCE = table()[1]
OLD = replace(REFERENCE, val_repeats=None, energy_repeats=None)
"""As references were written before they held what repeated trainings came out as."""
Change = Callable[[Request], Request]


def _trial(**values: Any) -> Change:
    return lambda request: replace(request, trial=replace(request.trial, **values))


def impossible(request: Request) -> Request:
    lost = replace(request.trial, val_error=np.inf, energy_kwh=np.inf, losses=(np.inf,), status=Status.INVALID)
    return Request(lost, None, 0, None, INVALID_MEASUREMENT.seconds, 0.0)


def _threats(runs: Sequence[Run], reference: Reference = REFERENCE) -> set[tuple[int, str, int, int]]:
    return {(f.threat, f.arm, f.seed, f.row) for f in held("toy-cells", reference, runs).faults}


def test_honest_answers() -> None:
    for reference, known in ((REFERENCE, True), (OLD, False)):
        found = held("toy-cells", reference, RUNS)
        assert (found.faults, found.known) == ((), known)
        assert found.full == sum(request.trial.fidelity == 1.0 for run in RUNS for request in run.requests)


def _as_if_tested(request: Request) -> Request:
    if request.test_error is None:
        return request
    return _trial(val_error=request.test_error)(request)


def _short(request: Request) -> Request:
    """A ninth of the training, called a full one."""
    cheap = _trial(energy_kwh=request.trial.energy_kwh / 9, val_error=request.trial.val_error + 0.05)(request)
    return replace(cheap, seconds=request.seconds / 9, epochs=12.0)


@pytest.mark.parametrize(
    ("change", "threats"),
    [
        (lambda request: _trial(val_error=request.trial.val_error * (1 - 1e-9))(request), {10}),
        (lambda request: _trial(energy_kwh=request.trial.energy_kwh * 3)(request), {16}),
        (_as_if_tested, {9}),
        (lambda request: replace(request, seconds=0.0), {16}),
        (lambda request: replace(request, seconds=-1.0), {16}),
        (lambda request: replace(request, epochs=0.0), {16}),
        (lambda request: replace(request, replicate=3), {10}),
        (lambda request: replace(request, key=-5), {10}),
        (_short, {6, 14}),
        (_trial(fidelity=1 / 9), {6, 14}),
    ],
)
def test_each_forged_full_training(change: Change, threats: set[int]) -> None:
    """In rs, which takes part in both rankings."""
    assert _threats(tampered(RUNS, "rs", with_answer(5, change))) == {(threat, "rs", 1, 5) for threat in threats}


def test_a_short_training_of_a_single_objective_arm_is_in_no_front() -> None:
    hb = next(run for run in RUNS if (run.header.arm, run.header.seed) == ("hb", 1))
    place = next(place for place, request in enumerate(hb.requests) if request.trial.fidelity == 1.0)
    ended = tampered(RUNS, "hb", lambda run: replace(run, ended=True))
    runs = tampered(ended, "hb", with_answer(place, _short))
    assert _threats(runs) == {(14, "hb", 1, place)}
    assert selection(evidence(results(runs, BUDGET)))[14][0] is State.FAIL
    ended = tampered(RUNS, "rs", lambda run: replace(run, ended=True))
    multi = selection(evidence(results(tampered(ended, "rs", with_answer(5, _short)), BUDGET)))
    assert (multi[6][0], "called a full training, which 12 epochs" in multi[6][1]) == (State.FAIL, True)


def test_what_a_lone_search_was_told_when_repeats_are_not_known() -> None:
    """A value is not seen then, a length is, and test errors are by their number."""
    noisy = with_answer(5, lambda request: _trial(val_error=request.trial.val_error + 0.01)(request))
    assert _threats(tampered(RUNS, "rs", noisy), OLD) == set()
    assert _threats(tampered(RUNS, "rs", with_answer(5, _short)), OLD) == {(6, "rs", 1, 5), (14, "rs", 1, 5)}
    shown = [replace(run, requests=tuple(map(_as_if_tested, run.requests))) for run in RUNS]
    found = held("toy-cells", OLD, shown).faults
    assert [(fault.threat, fault.arm) for fault in found] == [(9, "rs"), (9, "hb"), (9, "semoa-release")]
    assert "answers the validation error is the test error" in found[0].what
    few = [replace(run, requests=run.requests[:5]) for run in shown[:1]]
    assert _threats(few, OLD) == set()  # which chance may do
    assert {threat for threat, *_ in _threats(shown)} == {9}
    assert _threats(shown, replace(OLD, has_test=False)) == set()
    assert _threats(shown, replace(OLD, test_error=OLD.val_error)) == set()


def _searches(*asked: Request) -> list[Run]:
    """One search for each answer, of worlds of one repeat."""
    return [WORLD.record([request], "rs", seed, ended=True) for seed, request in enumerate(asked)]


WORLD = world(20)
FULL, SHORT = WORLD.ask(3), WORLD.ask(3, FIDELITIES[0])


@pytest.mark.parametrize(
    ("forged", "threats"),
    [
        (replace(FULL, test_error=0.5), {9}),
        (replace(FULL, test_error=None), {9}),
        (replace(FULL, seconds=FULL.seconds * 1.1), {16}),
        (_trial(energy_kwh=FULL.trial.energy_kwh * 0.9)(FULL), {16}),
        (_trial(val_error=0.01)(FULL), {10}),
        (replace(SHORT, epochs=float(EPOCHS)), {14}),
        (replace(SHORT, epochs=4.0), {14}),
        (replace(FULL, epochs=28.0), {14}),
        (_trial(energy_kwh=SHORT.trial.energy_kwh * 0.4)(SHORT), {16}),
        (_trial(energy_kwh=SHORT.trial.energy_kwh * 2.5)(SHORT), {16}),
        (replace(SHORT, seconds=SHORT.seconds / 11), {16}),
    ],
)
def test_a_space_of_one_repeat(forged: Request, threats: set[int]) -> None:
    found = held("synthetic", WORLD.reference, _searches(FULL, SHORT, forged)).faults
    assert {(fault.threat, fault.seed) for fault in found} == {(threat, 2) for threat in threats}


def test_a_shorter_training_that_nobody_else_asked() -> None:
    """Its energy may be anything near what the tariff makes of its length, which has the start of a training in it."""

    def found(share: float, reference: Reference = WORLD.reference) -> set[int]:
        odd = _trial(energy_kwh=FULL.trial.energy_kwh * share)(SHORT)
        return {fault.threat for fault in held("synthetic", reference, _searches(odd)).faults}

    assert [found(share) for share in (0.05, 0.06, 0.21, 0.23)] == [{16}, set(), set(), {16}]
    tariff = WORLD.reference.tariff
    dear = replace(tariff, first=tariff.first._replace(energy_nj=tariff.full.energy_nj // 3))
    slow = replace(WORLD.reference, tariff=dear)
    assert [found(share, slow) for share in (0.06, 0.21, 0.6, 0.7)] == [{16}, set(), set(), {16}]


def test_seconds_where_only_a_mean_over_repeats_is_known() -> None:
    assert _threats(tampered(RUNS, "rs", with_answer(5, lambda r: replace(r, seconds=r.seconds / 3)))) == set()
    assert _threats(tampered(RUNS, "rs", with_answer(5, lambda r: replace(r, seconds=r.seconds / 1000)))) == {
        (16, "rs", 1, 5)
    }


def test_shorter_trainings_are_held_against_one_another() -> None:
    """The commonest answer is the one; of two that are as common, both are told; a test error gives itself away."""
    worse = _trial(val_error=SHORT.trial.val_error + 0.01)(SHORT)
    dearer = _trial(energy_kwh=SHORT.trial.energy_kwh * 1.1)(SHORT)

    def found(*asked: Request) -> set[tuple[int, int]]:
        return {(fault.threat, fault.seed) for fault in held("synthetic", WORLD.reference, _searches(*asked)).faults}

    assert found(SHORT, SHORT, SHORT) == set()
    assert found(worse, SHORT, SHORT) == {(10, 0)}
    assert found(worse, SHORT) == {(10, 0), (10, 1)}
    assert found(dearer, replace(SHORT), SHORT) == {(16, 0)}
    assert found(_as_if_tested(SHORT), SHORT) == {(9, 0)}
    assert found(worse, WORLD.ask(4, FIDELITIES[0]), replace(SHORT, replicate=0)) == {(10, 0), (10, 2)}


def test_one_configuration_is_one_network_or_none_everywhere() -> None:
    rs = next(run for run in RUNS if (run.header.arm, run.header.seed) == ("rs", 1))
    again = replace(rs, header=replace(rs.header, seed=7))
    runs = (*tampered(RUNS, "rs", with_answer(5, impossible)), again)
    assert _threats(runs) == {(4, "rs", 1, 5), (16, "rs", 1, 5)}
    assert _threats(tampered(RUNS, "rs", with_answer(5, impossible))) == set()  # nobody else asked
    other = WORLD.ask(4)
    assert _threats_of(FULL, replace(other, trial=replace(other.trial, config=FULL.trial.config))) == {10}
    assert _threats_of(FULL, _trial(config=(3.0,))(impossible(FULL))) == set()  # 3 and 3.0 are not the same value
    assert _threats_of(FULL, impossible(FULL)) == {4, 16}


def _threats_of(*asked: Request) -> set[int]:
    return {fault.threat for fault in held("synthetic", WORLD.reference, _searches(*asked)).faults}


def _of_many_lengths() -> World:
    """Odd networks train for twice as many epochs."""
    tariff = WORLD.reference.tariff
    first = tariff.first._replace(nano_epochs=tariff.first.nano_epochs * 3 // 2)
    full = tariff.full._replace(nano_epochs=tariff.full.nano_epochs * 3 // 2)
    answers = {
        question: replace(request, epochs=request.epochs * (1 + question[0] % 2))
        for question, request in WORLD.answers.items()
    }
    return World(replace(WORLD.reference, tariff=replace(tariff, first=first, full=full)), answers)


def test_lengths_of_networks_that_have_their_own() -> None:
    many = _of_many_lengths()
    full, short, even = many.ask(3), many.ask(3, FIDELITIES[0]), many.ask(4)

    def found(*asked: Request) -> set[tuple[int, int]]:
        faults = held("synthetic", many.reference, _searches(*asked)).faults
        return {(fault.threat, fault.seed) for fault in faults}

    assert found(full, short, even) == set()
    assert found(full, replace(short, epochs=54.0)) == {(14, 1)}
    assert found(full, replace(short, epochs=1.0)) == {(14, 1)}
    assert found(full, replace(full, epochs=27.0)) == {(14, 1)}  # less than elsewhere
    assert found(replace(full, epochs=6.0)) == {(14, 0)}  # less than any network's
    ninth = _trial(energy_kwh=short.trial.energy_kwh, val_error=short.trial.val_error)(full)
    assert found(ninth) == {(14, 0)}
    assert found(_trial(energy_kwh=short.trial.energy_kwh)(full)) == {(16, 0)}


@pytest.mark.parametrize("arm", ["rs", "hb"])
def test_errors_of_energy_leave_honest_answers_alone(arm: str) -> None:
    """Searches run again under a structural error, whose energies differ from the reference's in the last bit."""
    import fairwatt
    from fairwatt.search_spaces.perturbed import perturbed

    wrong = perturbed(table()[0], "energy spread 1")
    run = fairwatt.run(wrong, arm, seed=3, budget=BUDGET)
    assert held("toy-cells", wrong.reference(), [run]).faults == ()
    assert held("toy-cells", REFERENCE, [run]).faults != ()
