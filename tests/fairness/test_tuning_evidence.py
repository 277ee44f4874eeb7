"""What the audit says of tuned arms: each finding has a study that fails it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from audited import BUDGET, SPACE, evidence, results, small

import fairwatt
from fairwatt.fairness import design_evidence, scales_evidence
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.threats import State
from fairwatt.fairness.tuning_evidence import in_words, share_networks, tuning_faults
from fairwatt.records import Header, Run
from fairwatt.tuning import Tuning

RUNS = small()


def _header(arm: str) -> Header:
    return next(run.header for run in RUNS if run.header.arm == arm)


HEADER = _header("hb")
TUNING = Tuning(
    optimizer=HEADER.optimizer,
    code=HEADER.code,
    spaces=(SPACE,),
    seeds=(1000, 1001),
    budget="5 full",
    configurations=(dict(HEADER.settings), dict(HEADER.settings) | {"eta": 4}),
    scores=(0.1, 0.2),
    default=0.1,
    reference=0.2,
    ranges={},
    energy_kwh=1.5,
    trainings=20.0,
)


def _study(*, runs: Sequence[Run] = RUNS, settings: dict[str, Any] | None = None, **tunings: Tuning) -> Evidence:
    """The small study with tuned arms."""
    found = results(runs, BUDGET)
    arms = [dict(arm) for arm in found.study["optimizers"]]
    for arm in arms:
        if tuning := tunings.get(arm["label"].replace("-", "_")):
            arm |= {"tuning": asdict(tuning), "settings": dict(settings or tuning.best)}
    return evidence(replace(found, study=dict(found.study) | {"optimizers": arms}))


def test_a_fair_tuning_is_told_and_its_energy_with_it() -> None:
    header = _header("semoa-release")
    tuning = replace(TUNING, optimizer=header.optimizer, code=header.code, configurations=(dict(header.settings), {}))
    study = _study(runs=[run for run in RUNS if run.header.arm != "hb"], semoa_release=tuning)
    assert tuning_faults(study) == []
    state, told = design_evidence.settings(study)
    assert state is State.NOT_TOLD  # whether the algorithm is its paper's
    assert "come from semoa-release: 2 random settings x 2 seeds x 5 full on toy-cells, 1.5 kWh." in told
    assert "Tuning, reported beside the books: semoa-release 1.5 kWh. What else" in scales_evidence.overheads(study)[1]
    assert in_words({}) == ""


def test_tuning_on_the_searches_that_are_judged() -> None:
    (fault,) = tuning_faults(_study(hb=replace(TUNING, seeds=(2, 1000))))
    assert fault == (
        "toy-cells: hb was tuned on toy-cells, on 1 of the seeds that it is judged by and on networks that are in both"
    )
    assert design_evidence.settings(_study(hb=replace(TUNING, seeds=(2, 1000))))[0] is State.FAIL


def test_tuning_on_the_same_networks_under_another_name() -> None:
    other = replace(TUNING, seeds=(2,), spaces=("digits-regnet-toy",))
    assert tuning_faults(_study(hb=other)) == []
    judged = fairwatt.make_benchmark("digits-cells-5v").reference()
    assert share_networks("digits-cells-4v", judged)
    assert not share_networks("digits-regnet-toy", judged)
    assert not share_networks("not-installed-here", judged)


def test_arms_with_different_effort() -> None:
    semoa = _header("semoa-release")
    second = replace(
        TUNING, optimizer=semoa.optimizer, code=semoa.code, configurations=(dict(semoa.settings),), scores=(0.1,)
    )
    (fault,) = tuning_faults(_study(hb=TUNING, semoa_release=second))
    assert fault == (
        "arms were tuned with different effort: hb 2 settings x 1 spaces x 2 seeds x 5 full, "
        "semoa-release 1 settings x 1 spaces x 2 seeds x 5 full"
    )


def test_settings_that_are_not_the_best_ones() -> None:
    (fault,) = tuning_faults(_study(hb=replace(TUNING, scores=(0.2, 0.1)), settings=dict(HEADER.settings)))
    assert fault == "hb: its settings are not those that its tuning found best"


def test_another_algorithm_than_was_tuned() -> None:
    (fault,) = tuning_faults(_study(hb=replace(TUNING, code="ba5eba11ba5e")))
    assert fault == f"hb is hb {HEADER.code[:8]}, and tuned was hb ba5eba11"
