"""What the audit says of tuned arms: each finding has a study that fails it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest
from audited import BUDGET, SPACE, evidence, results, small
from tunings import FOUND

import fairwatt
from fairwatt.fairness import design_evidence, scales_evidence
from fairwatt.fairness.checklist import Answer, Facts
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.nas_checklist import nas_checklist
from fairwatt.fairness.threats import State
from fairwatt.fairness.tuning_evidence import in_words, shares_networks, tuning_doubts, tuning_faults
from fairwatt.records import Header, Run
from fairwatt.tuning import Tuning

RUNS = small()


def _header(arm: str) -> Header:
    return next(run.header for run in RUNS if run.header.arm == arm)


HEADER = _header("hb")
TUNING = replace(
    FOUND,
    optimizer=HEADER.optimizer,
    code=HEADER.code,
    spaces=("digits-regnet-toy",),
    seeds=(1000, 1001),
    configurations=(dict(HEADER.settings), dict(HEADER.settings) | {"eta": 4}),
    scores=(0.1, 0.2),
    given=(),
    trainings=20.0,
)


def _without(arm: str) -> list[Run]:
    return [run for run in RUNS if run.header.arm != arm]


def _study(*, runs: Sequence[Run] | None = None, settings: dict[str, Any] | None = None, **tunings: Tuning) -> Evidence:
    """The small study with tuned arms; of hb and random search alone unless other runs are given."""
    found = results(_without("semoa-release") if runs is None else runs, BUDGET)
    arms = [dict(arm) for arm in found.study["optimizers"]]
    for arm in arms:
        if tuning := tunings.get(arm["label"].replace("-", "_")):
            arm |= {"tuning": asdict(tuning), "settings": dict(settings or tuning.best)}
    return evidence(replace(found, study=dict(found.study) | {"optimizers": arms}))


def test_a_fair_tuning_is_told_and_its_energy_with_it() -> None:
    header = _header("semoa-release")
    tuning = replace(TUNING, optimizer=header.optimizer, code=header.code, configurations=(dict(header.settings), {}))
    study = _study(runs=_without("hb"), semoa_release=tuning)
    assert (tuning_faults(study), tuning_doubts(study)) == ([], [])
    state, told = design_evidence.settings(study)
    assert state is State.NOT_TOLD  # whether the algorithm is its paper's
    assert (
        "come, as declared, from semoa-release: 2 random settings x 2 seeds x 5 full on digits-regnet-toy, 1.5" in told
    )
    assert "Tuning, reported beside the books: semoa-release 1.5 kWh. What else" in scales_evidence.overheads(study)[1]
    assert in_words({}) == ""
    kept = in_words({"hb": replace(TUNING, given=("eta",), default=0.0)})
    assert "ranges of its author's own for eta, none better than the default ones, which it has" in kept


def test_tuning_on_the_searches_that_are_judged() -> None:
    study = _study(hb=replace(TUNING, spaces=(SPACE,), seeds=(2, 1000)))
    assert tuning_faults(study) == ["toy-cells: hb was tuned on 1 of the seeds that it is judged by"]
    assert design_evidence.settings(study)[0] is State.FAIL
    later = replace(study.results, study=dict(study.results.study) | {"seeds": [0, 1, 2, 1000]})  # but not searched
    assert len(tuning_faults(evidence(later))) == 1
    assert tuning_faults(_study(hb=replace(TUNING, spaces=(SPACE,), seeds=(3, 1000)))) == []


def test_tuning_on_the_same_space_by_other_seeds_is_told() -> None:
    study = _study(hb=replace(TUNING, spaces=(SPACE,)))
    assert tuning_doubts(study) == ["hb was tuned on toy-cells itself, by other seeds"]
    state, told = design_evidence.settings(_study(runs=RUNS, hb=replace(TUNING, spaces=(SPACE,))))
    assert state is State.FAIL or "Of tuning: hb was tuned on toy-cells itself, by other seeds" in told


def test_tuning_on_the_same_networks_under_another_name() -> None:
    judged = fairwatt.make_benchmark("digits-cells-5v").reference()
    assert shares_networks("digits-cells-4v", judged) is True
    assert shares_networks("digits-regnet-toy", judged) is False
    assert shares_networks("not-installed-here", judged) is None


def test_networks_that_are_judged_are_not_tuned_on_whatever_the_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairwatt.fairness.tuning_evidence.shares_networks", lambda space, judged: True)
    assert tuning_faults(_study(hb=TUNING)) == [
        "toy-cells: hb was tuned on networks that are judged, as digits-regnet-toy"
    ]


def test_arms_with_different_effort() -> None:
    semoa = _header("semoa-release")
    second = replace(
        TUNING,
        optimizer=semoa.optimizer,
        code=semoa.code,
        configurations=(dict(semoa.settings),),
        scores=(0.1,),
        trainings=10.0,
    )
    assert tuning_faults(_study(runs=RUNS, hb=TUNING, semoa_release=second)) == [
        "arms were tuned with different effort: hb 2 random settings x 2 seeds x 5 full on digits-regnet-toy, "
        "semoa-release 1 random settings x 2 seeds x 5 full on digits-regnet-toy"
    ]
    assert TUNING.effort == replace(TUNING, budget="5.0  full").effort
    assert TUNING.effort != replace(TUNING, spaces=("toy-cells",)).effort


def test_one_arm_tuned_and_the_others_not() -> None:
    assert tuning_doubts(_study(runs=RUNS, hb=TUNING)) == [
        "beside tuned arms these are not tuned: semoa-release"  # random search has no settings
    ]
    assert tuning_doubts(_study(runs=RUNS)) == []


def test_a_space_that_is_not_installed_here() -> None:
    study = _study(hb=replace(TUNING, spaces=("somewhere-else",)))
    assert tuning_faults(study) == []
    assert tuning_doubts(study) == ["somewhere-else, on which hb was tuned, is not installed here"]


def test_settings_that_are_not_the_best_ones() -> None:
    (fault,) = tuning_faults(_study(hb=replace(TUNING, scores=(0.2, 0.1)), settings=dict(HEADER.settings)))
    assert fault == "hb: its settings are not those that its tuning found best"


def test_another_algorithm_than_was_tuned() -> None:
    (fault,) = tuning_faults(_study(hb=replace(TUNING, code="ba5eba11ba5e")))
    assert fault == f"hb is hb {HEADER.code[:8]}, and tuned was hb ba5eba11"


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"energy_kwh": 1e-9, "trainings": 0.0}, "says that it took 1e-09 kWh, 0 full trainings, where 2 random"),
        ({"trainings": 21.0}, "21 full trainings, where 2 random settings x 2 seeds x 5 full"),
        ({"configurations": (dict(HEADER.settings), dict(HEADER.settings))}, "tried settings twice"),
    ],
)
def test_what_no_tuning_can_be(fields: dict[str, Any], what: str) -> None:
    (fault,) = tuning_faults(_study(hb=replace(TUNING, **fields)))
    assert what in fault


def test_a_tuned_arm_that_is_not_compared_here() -> None:
    study = _study(hb=TUNING)
    arms = [*study.results.study["optimizers"], dict(study.results.study["optimizers"][-1]) | {"label": "elsewhere"}]
    assert tuning_faults(evidence(replace(study.results, study=dict(study.results.study) | {"optimizers": arms}))) == []


def test_the_checklist_says_how_settings_were_found() -> None:
    def reply(study: Evidence) -> tuple[Answer, str]:
        item = nas_checklist(Facts.of(study)).items[11]
        return item.answer, item.evidence

    answer, told = reply(_study(hb=TUNING))
    assert "Settings of tuned arms come, as declared, from hb" in told
    assert "All other arms have their default settings" in told
    study = _study(hb=TUNING)
    arms = [
        dict(arm) | ({"settings": {"x": 1}} if arm["label"] == "rs" else {})
        for arm in study.results.study["optimizers"]
    ]
    answer, told = reply(evidence(replace(study.results, study=dict(study.results.study) | {"optimizers": arms})))
    assert answer is Answer.FILL_IN
    assert "set otherwise than by default: rs. Say how" in told
    assert reply(_study())[0] is Answer.FILL_IN
