"""What the audit says of answers: each finding has answers that fail it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from audited import BUDGET, evidence, results, small, tampered, with_answer, with_row
from synthetic import INVALID, world

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
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


def test_two_seeds_that_are_one_search() -> None:
    assert answers.seeds_control(_study())[0] is State.PASS
    first = next(run for run in RUNS if run.header.arm == "rs")
    runs = tampered(RUNS, "rs", lambda run: replace(first, header=run.header))
    state, told = answers.seeds_control(_study(runs))
    assert (state, told) == (State.FAIL, "toy-cells: rs asks the same under seeds 0 and 1.")


def test_a_search_that_asks_nothing_possible_tells_nothing_of_its_seed() -> None:
    synthetic = world(5)
    lost = {"initial": 0, "ended": True, "budget": BUDGET}

    def told(asked: Callable[[int], list[Request]]) -> State:
        runs = [synthetic.record([synthetic.ask(seed)], "rs", seed, **lost) for seed in range(2)]
        runs += [synthetic.record(asked(seed), "lost", seed, **lost) for seed in range(2)]
        comparison = Comparison(runs, synthetic.reference, Protocol(budgets=(BUDGET,)), sensitivity=False)
        return answers.seeds_control(Evidence(results(runs, BUDGET), [comparison]))[0]

    impossible = synthetic.ask(INVALID)
    assert told(lambda seed: [impossible] * 3) is State.NOT_TOLD
    assert told(lambda seed: [_elsewhere(impossible, seed)] * 3) is State.PASS
    assert told(lambda seed: [impossible, synthetic.ask(0)]) is State.FAIL


def _elsewhere(request: Request, seed: int) -> Request:
    return replace(request, trial=replace(request.trial, config=(INVALID, seed)))


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
