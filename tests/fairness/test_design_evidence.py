"""What the audit says of a design: each finding has a design that fails it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from audited import BUDGET, CLEAN, evidence, results, small

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness import design_evidence as design
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.threats import State
from fairwatt.records import Run

RUNS = small()


def _of(arm: str, **header: Any) -> tuple[Run, ...]:
    """The study with other headers of one arm."""
    return tuple(replace(run, header=replace(run.header, **header)) if run.header.arm == arm else run for run in RUNS)


def _asking(arm: str, wanted: Callable[[Any], bool]) -> tuple[Run, ...]:
    """The study with one arm's questions sifted."""
    return tuple(
        replace(run, requests=tuple(filter(wanted, run.requests)), ended=True) if run.header.arm == arm else run
        for run in RUNS
    )


def _study(runs: Sequence[Run] = RUNS, **fields: Any) -> Evidence:
    return evidence(results(runs, BUDGET, **fields))


def test_arms_of_one_name_and_several_sources() -> None:
    assert design.implementations(_study())[0] is State.PASS
    state, told = design.implementations(_study(_of("hb", optimizer="rs")))
    assert (state, told) == (State.FAIL, "rs is 2 implementations.")
    state, told = design.implementations(_study(_of("hb", code="")))
    assert (state, told) == (State.NOT_TOLD, "The source of hb is not named in the runs.")


def test_arms_of_two_objectives_in_one_ranking() -> None:
    assert design.tracks(_study())[0] is State.PASS
    state, told = design.tracks(_study(_of("hb", objectives=("val_error", "energy_kwh"))))
    assert (state, told) == (State.FAIL, "hb pursues val_error and energy_kwh, and is ranked by regret too.")


def test_an_arm_of_both_rankings_that_looks_at_the_error_alone() -> None:
    state, told = design.tracks(_study(_of("hb", kinds=("single", "multi"))))
    assert state is State.NOT_TOLD
    assert told.startswith("In both rankings, and told the validation error alone: hb.")
    assert design.tracks(_study(_of("hb", kinds=("multi",))))[0] is State.FAIL


def test_brackets_without_lengths() -> None:
    own = {"optimizer": "own"}  # not installed: what its headers say is all that is known
    assert design.settings(_study(_of("hb", cycle_full=14.0, **own)))[0] is State.PASS
    assert "less than one cycle of hb's brackets" in design.settings(_study(_of("hb", cycle_full=14.1, **own)))[1]
    state, told = design.settings(_study(_asking("hb", lambda request: request.trial.fidelity == 1.0)))
    assert state is State.FAIL
    assert "hb has brackets, and trains at 1 of full length" in told
    assert design.settings(_study(_of("hb", cycle_full=0.0, **own)))[0] is State.NOT_TOLD


def test_a_cycle_that_is_not_the_installed_algorithms() -> None:
    state, told = design.settings(_study(_of("hb", cycle_full=0.0)))
    assert state is State.FAIL
    assert "one cycle of hb's brackets is 0 full trainings in the runs, and 15.7 of hb as installed" in told
    assert "14 full is less than one cycle of hb's brackets" in told
    assert "as installed" not in design.settings(_study())[1]
    assert "as installed" not in design.settings(_study(_of("hb", settings={"eta": 1})))[1]  # which it refuses


def test_the_reference_arm_shares_all_seeds_with_itself() -> None:
    """And that is no evidence."""
    assert "rs has" not in design.seeds(_study())[1]
    alone = tuple(run for run in RUNS if run.header.arm == "rs")
    assert design.seeds(_study(alone))[1] == "Seeds paired with the reference arm's: toy-cells - (gate 20)."


@pytest.mark.parametrize(
    ("provenance", "state"),
    [
        ([CLEAN], State.PASS),
        ([], State.NOT_TOLD),
        ([{**CLEAN, "git": "0123-dirty"}, CLEAN], State.NOT_TOLD),
        ([{**CLEAN, "git": "unknown"}], State.NOT_TOLD),
    ],
)
def test_code_that_cannot_be_had_again(provenance: list[dict[str, str]], state: State) -> None:
    assert design.rerunning(_study(provenance=provenance))[0] is state


def test_a_study_that_is_what_was_declared() -> None:
    assert design.declaration(_study())[0] is State.PASS


@pytest.mark.parametrize("text", ["14.0 full", "14full"])
def test_a_budget_is_declared_by_what_it_is_and_not_by_how_it_is_written(text: str) -> None:
    assert design.declaration(_study(**_declared(budgets=[text])))[0] is State.PASS


def _declared(**changes: Any) -> dict[str, Any]:
    return {"study": {**results(RUNS, BUDGET).study, **changes}}


HB = {"label": "hb", "optimizer": "hb", "settings": {"eta": 4}, "budget_factor": 1.0}


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"extended": (10,)}, "seeds were added after 10 had been run"),
        (_declared(seeds=[0, 1]), "3 searches were not declared, such as ('hb', 2)"),
        (_declared(initial=4), "shares 3 networks, not 4"),
        (_declared(optimizers=[{**HB, "optimizer": "bohb"}]), "hb ran hb, where bohb was declared"),
        ({"not_again": (("toy-cells", "raw sampler", "none"),)}, "not run again under the raw sampler"),
        ({"not_again": (("no-such-space", "own initial design", "none"),)}, "not run again under the own initial"),
        (_declared(optimizers=[HB, *results(RUNS, BUDGET).study["optimizers"][::2]]), "hb ran with another eta"),
    ],
)
def test_what_was_done_otherwise_than_declared(fields: dict[str, Any], what: str) -> None:
    state, told = design.declaration(_study(**fields))
    assert state is State.FAIL
    assert what in told


def test_searches_left_out_of_the_comparison_and_other_rules() -> None:
    whole, part = results(RUNS, BUDGET), results(RUNS[:-1], BUDGET)
    state, told = design.declaration(Evidence(whole, evidence(part).comparisons))
    assert (state, "1 recorded searches are left out" in told) == (State.FAIL, True)
    other = Comparison(RUNS, whole.references["toy-cells"], Protocol("hb", ("13 full",)), sensitivity=False)
    assert "at other budgets" in design.declaration(Evidence(whole, [other]))[1]
    assert "another reference" in design.declaration(Evidence(whole, [other]))[1]
    every = Comparison(RUNS, whole.references["toy-cells"], replace(whole.protocol, all_pairs=True), sensitivity=False)
    assert "toy-cells: other pairs are compared than were declared" in design.declaration(Evidence(whole, [every]))[1]
    assert design.declaration(_study(missing=(("toy-cells", "hb", 7),)))[0] is State.NOT_TOLD


def test_searches_that_were_declared_to_be_run_again() -> None:
    declared = _declared(reruns=["raw sampler", "fidelity ratio"])
    state, told = design.declaration(_study(**declared))
    assert state is State.PASS
    assert "Declared to be run again in other worlds: raw sampler, fidelity ratio." in told
    lost = (("toy-cells", "raw sampler", "rs", 0), ("toy-cells", "raw sampler", "rs", 1))
    state, told = design.declaration(_study(**declared, missing_again=lost))
    assert (state, "Missing: toy-cells (raw sampler) 2 re-runs." in told) == (State.NOT_TOLD, True)
    elsewhere = (("digits-regnet-hpo", "raw sampler", "none"), ("no-such-space", "raw sampler", "none"))
    assert design.declaration(_study(not_again=elsewhere))[0] is State.PASS
