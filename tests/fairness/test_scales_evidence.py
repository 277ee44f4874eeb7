"""What the audit says of scales: indicators, budgets, overhead, energies."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from audited import BUDGET, evidence, record, results, small

from fairwatt.analysis.endpoints import Array, Endpoints
from fairwatt.analysis.indicators import FrontScale
from fairwatt.analysis.outcome import Outcome
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.spend import Overhead
from fairwatt.books import Book
from fairwatt.fairness import scales_evidence as scales
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.threats import State

RUNS = small()


def _study(**fields: Any) -> Evidence:
    return evidence(results(RUNS, BUDGET, **fields))


def test_a_scale_that_depends_on_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study()
    state, told = scales.indicators(study)
    assert state is State.PASS
    assert "(1.1, 1.1)" in told
    truth = study.comparisons[0].truth
    some = truth.test_points(study.comparisons[0].endpoints.trajectories["rs"][0].incumbents[-3:])
    truth.__dict__["test_front"] = FrontScale.of(some)
    assert scales.indicators(study)[0] is State.FAIL


def test_a_saturated_indicator(monkeypatch: pytest.MonkeyPatch) -> None:
    values = Endpoints.values

    def saturated(self: Endpoints, arm: str, book: Book, indicator: str, seeds: Sequence[int]) -> Array:
        found = values(self, arm, book, indicator, seeds)
        return np.full_like(found, 0.0144) if indicator == "hypervolume_regret" else found

    monkeypatch.setattr(Endpoints, "values", saturated)
    state, told = scales.indicators(_study())
    assert state is State.FAIL
    assert told.startswith("toy-cells: hypervolume_regret of 90 % of searches lies within 0")


def test_one_arm_has_nobody_to_be_told_from() -> None:
    alone = tuple(run for run in RUNS if run.header.arm == "rs")
    assert scales.indicators(evidence(results(alone, BUDGET)))[0] is State.NOT_APPLICABLE


def _tariff(**tariff: Any) -> Evidence:
    """The study in a space with another tariff."""
    reference = results(RUNS, BUDGET).references["toy-cells"]
    other = replace(reference, tariff=replace(reference.tariff, **tariff))
    runs = [replace(run, header=replace(run.header, tariff=other.tariff.to_json())) for run in RUNS]
    return evidence(results(runs, BUDGET, references={"toy-cells": other}))


def test_budgets_beyond_a_quarter_of_exhaustive_search() -> None:
    tariff = results(RUNS, BUDGET).references["toy-cells"].tariff
    assert scales.exhaustive_share(_study())[0] is State.PASS
    exhaustive = tariff.full._replace(energy_nj=50 * tariff.full.energy_nj)
    state, told = scales.exhaustive_share(_tariff(exhaustive=exhaustive))
    assert state is State.FAIL
    assert told.startswith("toy-cells: rs may spend 28% of exhaustive search")
    assert scales.exhaustive_share(_tariff(exhaustive=None))[0] is State.NOT_TOLD


def test_overhead_that_is_large_or_unknown() -> None:
    quick = Overhead({BUDGET: 1e-3}, 10.0, 1.0)
    noted = {("toy-cells", arm): {0: quick} for arm in ("rs", "hb", "semoa-release")}
    assert scales.overheads(_study(overheads=noted))[0] is State.PASS
    slow = {**noted, ("toy-cells", "hb"): {0: Overhead({BUDGET: 1e5}, 10.0, 1.0)}}
    state, told = scales.overheads(_study(overheads=slow))
    assert state is State.FAIL
    assert "toy-cells: hb computes up to" in told
    charged = record(BUDGET, range(2), policy={"overhead": "included_model"})
    state, told = scales.overheads(evidence(results(charged, BUDGET, overheads=slow)))
    assert (state, ", charged " in told) == (State.PASS, True)
    del noted["toy-cells", "hb"]
    state, told = scales.overheads(_study(overheads=noted))
    assert (state, "toy-cells/hb" in told) == (State.NOT_TOLD, True)


def test_a_cell_that_changes_nothing_is_told_apart() -> None:
    same = SensitivityCell("duplicates=charged", True, True, 0.75, -0.1, 1.0, False, "")
    other = replace(same, name="fidelity=scratch", win_rate=0.7, interaction_p=0.3)
    claims = [SimpleNamespace(outcome=Outcome.WIN, win_rate=0.75, cells=cells) for cells in ((same,), (same, other))]
    study = _study()
    study.__dict__["verdicts"] = tuple(claims)
    assert study.under(["duplicates=charged"]).startswith(
        "under duplicates=charged 0 of 2 claims flip (for 2 of them it changes nothing), "
    )
    both = study.under(["duplicates=charged", "fidelity=scratch"])
    assert "0 of 2 claims flip (for 1 of them it changes nothing)" in both


def test_energies_with_and_without_cells_of_their_own() -> None:
    study = _study()
    assert scales.energies(study)[0] is State.NOT_TOLD
    nan = float("nan")
    cells = (
        SensitivityCell("fidelity ratio", False, True, 0.5, 0.0, 0.01, True, ""),
        SensitivityCell("energy spread 1", False, False, nan, nan, nan, False, "what hb saw would have changed"),
        SensitivityCell("duplicates=charged", True, True, 0.9, 0.0, 0.01, True, ""),
    )
    claim = SimpleNamespace(outcome=Outcome.WIN, win_rate=0.75, cells=cells)
    study.__dict__["verdicts"] = (claim,)
    state, told = scales.energies(study)
    assert state is State.PASS
    assert (
        "Verdicts: under errors of energy (fidelity ratio) 1 of 1 claim flip, and paired win rates move by 0.25" in told
    )
    assert told.endswith(
        "Of 2 such cells 1 are not priced "
        "(energy spread 1: what an arm was told would have changed, and it was not run again)."
    )
    silent = SimpleNamespace(outcome=Outcome.WIN, win_rate=0.75, cells=cells[1:], arm="hb", budget=BUDGET)
    study.__dict__["verdicts"] = (claim, silent)
    state, told = scales.energies(study)
    assert (state, told.endswith("1 claim had none, such as on hb at 14 full.")) == (State.NOT_TOLD, True)
