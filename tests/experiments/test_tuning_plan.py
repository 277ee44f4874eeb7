"""What settings are drawn from, and the study that tries them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.experiments.tuning_plan import Range, ranges_of, tuning_study
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Query
from fairwatt.registry import find_optimizer


@optimizer("many")
def many(
    problem: Problem,
    rng: np.random.Generator,
    *,
    size: int = 8,
    rate: float = 0.5,
    weight: float = -0.4,
    depth: int = -4,
    both: bool = True,
    variant: str = "li",
    none: int = 0,
) -> Search:
    """Has a setting of every type."""
    for config in problem.starts(rng):
        yield Query(config)


def test_numbers_are_drawn_around_their_defaults_and_texts_stay() -> None:
    found = ranges_of(many, ())
    assert found == {
        "size": Range(low=2, high=32, whole=True, log=True),
        "rate": Range(low=0.125, high=2.0, log=True),
        "weight": Range(low=-1.6, high=-0.1, log=True),
        "depth": Range(low=-16, high=-1, whole=True, log=True),
        "both": Range((False, True)),
    }
    assert [str(each) for each in found.values()] == [
        "2 to 32, log-uniform",
        "0.125 to 2, log-uniform",
        "-1.6 to -0.1, log-uniform",
        "-16 to -1, log-uniform",
        "False or True",
    ]


def test_ranges_are_as_their_user_says() -> None:
    given = ("size=3:5", "rate=0.1:0.9:log", "variant=li,hpbandster", "none=1:2", "both=true")
    found = ranges_of(many, given)
    assert found["size"] == Range(low=3, high=5, whole=True)
    assert found["rate"] == Range(low=0.1, high=0.9, log=True)
    assert found["variant"] == Range(("li", "hpbandster"))
    assert found["none"] == Range(low=1, high=2, whole=True)
    assert found["both"] == Range((True,))


@pytest.mark.parametrize(
    ("drawn_from", "middle"),
    [
        (Range(low=2, high=32, whole=True, log=True), 8.0),
        (Range(low=3, high=5, whole=True), 4.0),
        (Range(low=0.125, high=2.0, log=True), 0.5),
        (Range(low=0.0, high=1.0), 0.5),
    ],
)
def test_draws_are_within_their_range_with_its_middle_in_the_middle(drawn_from: Range, middle: float) -> None:
    rng = np.random.default_rng(0)
    drawn = [drawn_from.draw(rng) for _ in range(2_000)]
    assert {type(value) for value in drawn} == {int if drawn_from.whole else float}
    assert drawn_from.low <= min(drawn) <= max(drawn) <= drawn_from.high
    assert np.mean(np.array(drawn) < middle) == pytest.approx(np.mean(np.array(drawn) > middle), abs=0.12)
    if drawn_from.whole:
        assert {drawn_from.low, drawn_from.high} <= set(drawn)


def test_what_is_below_zero_stays_there() -> None:
    rng = np.random.default_rng(0)
    drawn = [Range(low=-1.6, high=-0.1, log=True).draw(rng) for _ in range(200)]
    assert -1.6 <= min(drawn) < -0.4 < max(drawn) <= -0.1
    assert {Range(low=-4, high=-1, whole=True, log=True).draw(rng) for _ in range(200)} == {-4, -3, -2, -1}


USUAL: dict[str, Any] = {"configurations": 20, "seeds": "1000:1010", "budget": "30 full"}


def _settings(name: str, spaces: Sequence[str] = ("toy-cells",), **options: Any) -> list[dict[str, Any]]:
    study, _ = tuning_study(name, spaces, **USUAL | options)
    return [arm.settings for arm in study.optimizers[2:]]


def test_more_settings_begin_with_those_of_fewer_and_none_is_there_twice() -> None:
    few, more = (_settings("re", configurations=count) for count in (5, 30))
    assert more[:5] == few
    assert len({tuple(each.items()) for each in more}) == 30
    assert dict(find_optimizer("re").defaults) not in more


def test_the_study_has_random_search_the_defaults_and_the_settings() -> None:
    study, ranges = tuning_study("semoa", ["toy-cells"], configurations=2, seeds="5:9", budget="6 full")
    assert study.labels == ("rs", "semoa-default", "semoa-001", "semoa-002")
    assert (study.reference, study.seeds, study.budgets) == ("rs", (5, 6, 7, 8), ("6 full",))
    assert study.optimizers[1].settings == {}
    assert set(ranges) == set(study.optimizers[2].settings)


def test_settings_that_the_optimizer_refuses_are_drawn_again() -> None:
    found = _settings("bohb", budget="30 full")
    assert {each["eta"] for each in found} == {find_optimizer("bohb").defaults["eta"]}  # others do not fit toy-cells
    assert all(each["random_fraction"] <= 1.0 for each in found)


def test_brackets_that_the_budget_does_not_pay_are_not_tried() -> None:
    with pytest.raises(UserError, match=r"only 0 different settings .*a cycle of brackets takes .* full trainings"):
        _settings("bohb", budget="2 full", given=("eta=3",))


OWN = """
from fairwatt.optimizer import optimizer
from fairwatt.records import Query

@optimizer("own")
def own(problem, rng, *, size=4):
    if size == 3:
        raise IndexError("no third")
    if size == 5:
        return
    for config in problem.starts(rng):
        yield Query(config)
"""


def test_what_fails_or_ends_at_once_is_drawn_again(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN, encoding="utf-8")
    sizes = {each["size"] for each in _settings(f"{file}:own", configurations=5, given=("size=1:8",))}
    assert len(sizes) == 5
    assert not sizes & {3, 4, 5}
    with pytest.raises(UserError, match="IndexError: no third"):
        _settings(f"{file}:own", configurations=2, given=("size=3",))
    with pytest.raises(UserError, match="the search ends before it begins"):
        _settings(f"{file}:own", configurations=2, given=("size=5",))


def test_settings_have_to_fit_every_space() -> None:
    both = _settings("bohb", ("digits-regnet-toy", "digits-cells-4v"), configurations=3, budget="60 full")
    assert {each["eta"] for each in both} == {3}
    with pytest.raises(UserError, match="a cycle of brackets takes"):
        _settings("bohb", ("digits-regnet-toy", "toy-cells"), budget="6 full", given=("eta=3",))


def test_an_optimizer_whose_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairwatt.optimizer.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError):
        _settings("tpe")


def test_seeds_may_be_a_list() -> None:
    assert tuning_study("re", ["toy-cells"], **USUAL | {"seeds": "[5, 9]"})[0].seeds == (5, 9)
