"""What the audit says of answers: each finding has answers that fail it."""

from dataclasses import replace
from typing import Any

from audited import BUDGET, evidence, results, small, tampered, with_answer, with_row
from test_held_answers import impossible

from fairwatt.fairness import answers_evidence as answers
from fairwatt.fairness.books_evidence import energy_is_counted, everything_is_charged
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.threats import State
from fairwatt.records import Request, Run

RUNS = small()


def _study(runs: tuple[Run, ...] = RUNS, **fields: Any) -> Evidence:
    return evidence(results(runs, BUDGET, **fields))


def _noisy(request: Request) -> Request:
    error = request.trial.val_error + 0.01
    return replace(request, trial=replace(request.trial, val_error=error, losses=(error, *request.trial.losses[1:])))


def test_one_question_with_two_answers() -> None:
    assert answers.answers_are_stored(_study())[0] is State.PASS
    state, told = answers.answers_are_stored(_study(tampered(RUNS, "semoa-release", with_answer(0, _noisy))))
    assert state is State.FAIL
    assert "toy-cells: semoa-release, seed 1, row 0: answered otherwise than hb, row 0, on the same network" in told


def test_a_repeat_that_was_chosen_by_hand() -> None:
    runs = tampered(RUNS, "rs", with_answer(5, lambda answer: replace(answer, replicate=(answer.replicate + 1) % 3)))
    state, told = answers.answers_are_stored(_study(runs))
    assert state is State.FAIL
    assert "rs, seed 1, row 5: repeat" in told


def test_a_reference_that_does_not_know_repeats_cannot_confirm_answers() -> None:
    known = results(RUNS, BUDGET).references["toy-cells"]
    old = _study(references={"toy-cells": replace(known, val_repeats=None, energy_repeats=None)})
    for find in (answers.answers_are_stored, everything_is_charged):
        state, told = find(_study())
        assert (state, "could not be held against it" in told) == (State.PASS, False)
        state, told = find(old)
        assert (state, "the reference of toy-cells, written before" in told) == (State.NOT_TOLD, True)


def test_answers_of_searches_that_were_run_again() -> None:
    reference = results(RUNS, BUDGET).references["toy-cells"]

    def again(runs: tuple[Run, ...]) -> Evidence:
        return _study(reruns={"toy-cells": {"raw sampler": (reference, runs)}})

    state, told = energy_is_counted(again(RUNS))
    assert (state, "books of 9 searches that were run again in other worlds add up too" in told) == (State.PASS, True)
    assert answers.answers_are_stored(again(RUNS))[0] is State.PASS
    state, told = energy_is_counted(again(tampered(RUNS, "rs", with_row(3, spent=5))))
    assert state is State.FAIL
    assert told.startswith("toy-cells, run again (raw sampler): rs, seed 1, row 3: shows 5 as spent")
    state, told = answers.answers_are_stored(again(tampered(RUNS, "rs", with_answer(5, _noisy))))
    assert state is State.FAIL
    assert told.startswith("toy-cells, run again (raw sampler): rs, seed 1, row 5: validation error")


def test_test_metrics_that_are_none() -> None:
    reference = results(RUNS, BUDGET).references["toy-cells"]
    assert answers.test_is_not_validation(_study())[0] is State.PASS
    same = replace(reference, test_error=reference.val_error)
    assert answers.test_is_not_validation(_study(references={"toy-cells": same}))[0] is State.FAIL
    without = _study(references={"toy-cells": replace(same, has_test=False)})
    state, told = answers.test_is_not_validation(without)
    assert (state, "labelled 'validation" in told) == (State.PASS, True)
    without.comparisons[0].truth = replace(without.comparisons[0].truth, label="test")
    assert answers.test_is_not_validation(without)[0] is State.FAIL


def test_objectives_that_are_not_known() -> None:
    runs = tuple(replace(run, header=replace(run.header, objectives=("latency",)), requests=()) for run in RUNS)
    study = _study()
    study.__dict__["books"] = _study(tuple(replace(run, rows=(), ended=True) for run in runs)).books
    assert answers.objectives(study)[0] is State.NOT_TOLD


def test_nothing_impossible_and_nothing_priced() -> None:
    state, told = answers.impossible_proposals(_study(RUNS[:6]))
    assert (state, told[:8]) == (State.PASS, "None of ")
    assert (
        answers.impossible_proposals(_study())[0] is State.NOT_TOLD
    )  # semoa-release, and no verdict under other rules


def test_impossible_proposals_that_were_invented() -> None:
    """One search alone asked: the space as installed knows better, and where it is not, nobody does."""
    runs = tampered(RUNS[:6], "rs", lambda run: replace(with_answer(5, impossible)(run), rows=(), ended=True))
    state, told = answers.impossible_proposals(_study(runs))
    assert (state, "rs, seed 1, row 5: called impossible, and network" in told) == (State.FAIL, True)
    here = _study(runs)
    here.__dict__["installed"] = {"toy-cells": None}
    state, told = answers.impossible_proposals(here)
    assert (state, "1 configuration called impossible was asked by one search alone" in told) == (State.NOT_TOLD, True)


def test_a_network_by_another_ones_name() -> None:
    """With that one's answers, which are the reference's."""
    rs = next(run for run in RUNS if (run.header.arm, run.header.seed) == ("rs", 1))
    best = min(rs.requests, key=lambda request: request.trial.val_error)
    runs = tampered(
        RUNS, "rs", with_answer(0, lambda own: replace(best, trial=replace(best.trial, config=own.trial.config)))
    )
    state, told = answers.answers_are_stored(_study(runs))
    assert (state, f"called network {best.key}, which is {rs.requests[0].key} in the space" in told) == (
        State.FAIL,
        True,
    )
    assert "configurations are the networks that the installed space says" in answers.answers_are_stored(_study())[1]
