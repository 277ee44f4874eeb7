"""The table of what arms were set to: complete, and clear about what is not the optimizer's own."""

import dataclasses

from tunings import FOUND

from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.registry import OPTIMIZERS
from fairwatt.report import arm_settings
from fairwatt.report.arm_settings import settings_table
from fairwatt.report.section import Material


def test_settings_of_arms_are_told_and_what_of_them_is_not_by_default(
    results: Results, comparisons: list[Comparison]
) -> None:
    def rows(**changes: dict[str, object]) -> dict[str, tuple[str, ...]]:
        arms = [{**arm, **changes.get(arm["label"], {})} for arm in results.study["optimizers"]]
        changed = dataclasses.replace(results, study={**results.study, "optimizers": arms})
        return {row[0]: row[1:] for row in settings_table(Material(changed, comparisons)).rows}

    told = rows()
    assert list(told) == ["rs", "re", "semoa"]
    assert told["rs"][2:] == ("it has none", "-")
    assert told["re"] == ("re", OPTIMIZERS.load("re").code, "population_size 10, sample_size 10", "nothing")
    settings = {"population_size": 40, "sample_size": 10}
    assert rows(re={"settings": settings})["re"][3] == "population_size 40 (10)"  # the other one is the default
    assert rows(re={"tuning": dataclasses.asdict(FOUND)})["re"][2:] == ("see Tuned settings", "tuned")


def test_defaults_are_those_of_the_code_that_ran(results: Results, comparisons: list[Comparison]) -> None:
    header = dataclasses.replace(comparisons[0].endpoints.header("re"), code="another")
    assert arm_settings._told(header, {"sample_size": 10})[1] == "sample_size 10"
    header = dataclasses.replace(header, optimizer="not-here", settings={"rate": 0.30000000000000004})
    assert arm_settings._told(header, {}) == ("rate 0.3", "nothing")
