"""What the audit says of charging, beyond the faults of single rows."""

from dataclasses import replace
from typing import Any

import numpy as np
from audited import BUDGET, evidence, record, results, small, tampered, with_answer
from synthetic import world

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness import books_evidence as books
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.threats import State
from fairwatt.problem import Reference
from fairwatt.records import Request, Run
from fairwatt.study_change import OWN_DESIGN

RUNS = small()


def _study(runs: tuple[Run, ...] = RUNS, **fields: Any) -> Evidence:
    return evidence(results(runs, BUDGET, **fields))


def test_a_budget_of_evaluations_is_none_of_energy() -> None:
    runs = record("9 evaluations", range(2), policy={"currency": "evaluations"})
    state, told = books.energy_is_counted(evidence(results(runs, "9 evaluations")))
    assert state is State.FAIL
    assert told.startswith("The shared budget counts evaluations, not energy. 6 searches")
    state, told = books.energy_is_counted(_study())
    assert state is State.PASS
    assert "9 closed at their budget exactly" in told


def test_runs_without_books_tell_nothing() -> None:
    study = _study(tuple(replace(run, rows=()) for run in RUNS))
    finders = (books.energy_is_counted, books.repeats, books.lengths, books.everything_is_charged, books.closing)
    assert {find(study)[0] for find in finders} == {State.NOT_TOLD}


def test_verdicts_under_the_other_rule_are_part_of_the_evidence() -> None:
    assert books.repeats(_study())[0] is State.NOT_TOLD
    assert books.lengths(_study())[0] is State.NOT_TOLD
    only_rs = _study(tuple(run for run in RUNS if run.header.arm == "rs"))
    assert books.repeats(only_rs) == (State.PASS, books.repeats(only_rs)[1])
    assert books.lengths(only_rs) == (State.PASS, "No search trained one network at two lengths.")


def test_arms_that_start_elsewhere() -> None:
    assert books.initial_design(_study())[0] is State.PASS
    runs = tampered(
        RUNS, "hb", with_answer(0, lambda request: replace(request, trial=replace(request.trial, config=(9,))))
    )
    state, told = books.initial_design(_study(runs))
    assert (state, told) == (State.FAIL, "toy-cells: under seed 1 hb starts with other networks than rs.")


def test_a_design_that_draws_a_network_twice() -> None:
    """A search that asks nothing twice begins with the same networks; one that asks another twice does not."""
    made = world(50)

    def told(own: list[int]) -> State:
        asked = {"rs": [3, 3, 7, 1, 2], "own": own}
        runs = [
            made.record(map(made.ask, keys), arm, 0, ended=True, budget=BUDGET, optimizer=arm)
            for arm, keys in asked.items()
        ]
        comparison = Comparison(runs, made.reference, Protocol(budgets=(BUDGET,)), sensitivity=False)
        return books.initial_design(Evidence(results(runs, BUDGET), [comparison]))[0]

    assert [told(own) for own in ([3, 3, 7, 9], [3, 7, 9], [3])] == [State.PASS] * 3
    assert [told(own) for own in ([3, 3, 3], [3, 9, 7], [7, 3, 9])] == [State.FAIL] * 3


def test_an_arm_that_ends_within_the_design() -> None:
    short = tampered(RUNS, "rs", lambda run: replace(run, requests=run.requests[:2], rows=run.rows[:2], ended=True))
    assert books.initial_design(_study(short))[0] is State.PASS
    first = tampered(short, "hb", with_answer(2, _elsewhere))  # seen only beside the arms that get so far
    assert books.initial_design(_study(first))[0] is State.FAIL
    assert books.initial_design(_study(tampered(short, "rs", with_answer(1, _elsewhere))))[0] is State.FAIL


def _again(runs: tuple[Run, ...], reference: Reference | None = None) -> Evidence:
    """The study, and what is said to have been run again without its design."""
    again = tuple(replace(run, header=replace(run.header, initial=0)) for run in runs)
    known = reference or results(RUNS, BUDGET).references["toy-cells"]
    study = results(RUNS, BUDGET, reruns={"toy-cells": {OWN_DESIGN: (known, again)}})
    return Evidence(study, evidence(results(RUNS, BUDGET)).comparisons)


def test_a_design_that_is_shared_in_the_world_without_one() -> None:
    own = record(BUDGET, range(3), initial=0)
    state, told = books.initial_design(_again(own))
    assert (state, "9 searches were run again with starts of their own." in told) == (State.PASS, True)
    assert "run again" not in books.initial_design(_study())[1]
    copied = tuple(run for run in RUNS if run.header.arm == "hb")
    others = tuple(run for run in own if run.header.arm != "hb")
    state, told = books.initial_design(_again(copied + others))
    shares = "hb starts with the shared design under 3 of 3 seeds."
    assert (state, told) == (State.FAIL, f"toy-cells, run again (own initial design): {shares}")
    once = copied[:1] + tuple(run for run in own if run.header.arm == "hb")[1:] + others
    assert "under 1 of 3 seeds" in books.initial_design(_again(once))[1]
    reference = results(RUNS, BUDGET).references["toy-cells"]
    likely = np.full(len(reference.keys), 0.1 / (len(reference.keys) - 1))
    likely[0] = 0.9  # nearly all draws are one network: then a design comes again by chance
    assert books.initial_design(_again(once, replace(reference, probabilities=likely)))[0] is State.PASS


def _elsewhere(request: Request) -> Request:
    return replace(request, trial=replace(request.trial, config=(9,)))


def test_a_policy_that_credits_what_overshoots() -> None:
    runs = record(BUDGET, range(2), policy={"exhaustion": "overshoot"})
    state, told = books.closing(_study(runs))
    assert (state, told) == (State.FAIL, "The policy credits what overshoots the budget, in all 6 searches.")
