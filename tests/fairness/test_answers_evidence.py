"""What the audit says of answers: each finding has answers that fail it."""

from dataclasses import replace
from typing import Any

from audited import BUDGET, evidence, results, small, tampered, with_answer

from fairwatt.fairness import answers_evidence as answers
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
    assert told.startswith("toy-cells: semoa-release, seed 1, row 0: answered otherwise than hb, row 0, on the same")


def test_a_repeat_that_was_chosen_by_hand() -> None:
    runs = tampered(RUNS, "rs", with_answer(5, lambda answer: replace(answer, replicate=(answer.replicate + 1) % 3)))
    state, told = answers.answers_are_stored(_study(runs))
    assert state is State.FAIL
    assert "rs, seed 1, row 5: repeat" in told


def test_two_seeds_that_are_one_search() -> None:
    assert answers.seeds_control(_study())[0] is State.PASS
    first = next(run for run in RUNS if run.header.arm == "rs")
    runs = tampered(RUNS, "rs", lambda run: replace(first, header=run.header))
    state, told = answers.seeds_control(_study(runs))
    assert (state, told) == (State.FAIL, "toy-cells: rs asks the same under seeds 0 and 1.")


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
