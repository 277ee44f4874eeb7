"""What the audit says of incumbents and fronts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from audited import BUDGET, evidence, results, small, tampered, with_answer
from synthetic import world

from fairwatt.analysis import trajectories
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.truth import Truth
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.incumbents_evidence import Answers, selection
from fairwatt.fairness.threats import State
from fairwatt.records import Request, Run

RUNS = small()


def _found(runs: tuple[Run, ...] = RUNS, **fields: Any) -> dict[int, tuple[State, str]]:
    return selection(evidence(results(runs, BUDGET, **fields)))


def test_untouched() -> None:
    found = _found()
    assert {state for state, _ in found.values()} == {State.PASS}
    assert found[14][1].startswith("100 % of 9 incumbents were trained in full")


def test_a_front_by_hand() -> None:
    """Networks 0 to 3 at (energy, error): (1, .5), then (2, .5), dominated, (2, .3), and (1, .5) again, of another."""
    synthetic = world(4)
    points = [(1.0, 0.5), (2.0, 0.5), (2.0, 0.3), (1.0, 0.5)]
    asked = [
        replace(synthetic.ask(key), trial=replace(synthetic.ask(key).trial, energy_kwh=energy, val_error=error))
        for key, (energy, error) in enumerate(points)
    ]
    comparison = Comparison(
        [synthetic.record(asked, "rs", 0, budget="3 full")], synthetic.reference, Protocol(budgets=("3 full",))
    )
    run = comparison.endpoints.trajectories["rs"][0].run
    answers = Answers(run, comparison)
    assert answers.front(answers.full) == [0, 2]
    assert answers.front(answers.full[:2]) == [0]
    assert answers.best(answers.val, answers.full[:2]) == 0
    assert answers.best(answers.val, answers.full[:0]) == -1


def test_selection_at_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    incumbents = trajectories.incumbents

    def mixed(requests: Sequence[Request], truth: Truth) -> object:
        return incumbents([replace(r, trial=replace(r.trial, fidelity=1.0)) for r in requests], truth)

    monkeypatch.setattr(trajectories, "incumbents", mixed)
    hb = next(run for run in RUNS if (run.header.arm, run.header.seed) == ("hb", 1))
    assert hb.requests[4].trial.fidelity < 1
    found = _found(tampered(RUNS, "hb", with_answer(4, lambda r: replace(r, trial=replace(r.trial, val_error=1e-6)))))
    assert (found[14][0], found[9][0]) == (State.FAIL, State.PASS)
    assert "it is the best at any length" in found[14][1]


def test_a_regret_that_is_not_the_incumbents(monkeypatch: pytest.MonkeyPatch) -> None:
    regret = Truth.regret
    monkeypatch.setattr(Truth, "regret", lambda truth, places: regret(truth, places) * 0.99)
    state, told = _found()[9]
    assert (state, "is reported, where the incumbent's is" in told) == (State.FAIL, True)


def test_what_does_not_apply() -> None:
    reference = results(RUNS, BUDGET).references["toy-cells"]
    blind = replace(reference, has_test=False, test_error=reference.val_error)
    assert _found(references={"toy-cells": blind})[9][0] is State.NOT_APPLICABLE
    only_rs = tuple(run for run in RUNS if run.header.arm == "rs")
    single = tuple(replace(run, header=replace(run.header, kinds=("single",))) for run in only_rs)
    found = _found(single)
    assert (found[6][0], found[14][0]) == (State.NOT_APPLICABLE, State.NOT_APPLICABLE)


def test_searches_without_a_full_training() -> None:
    short = tuple(
        replace(run, requests=tuple(r for r in run.requests if r.trial.fidelity < 1), ended=True)
        if run.header.arm == "hb"
        else run
        for run in RUNS
    )
    state, told = _found(short)[14]
    assert (state, "3 searches ended before a full training: regret 1." in told) == (State.PASS, True)
