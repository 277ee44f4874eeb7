"""The rule that makes an outcome of numbers, case by case."""

from dataclasses import replace
from typing import Any

import pytest

from fairwatt.analysis.outcome import UNKNOWN, Equivalent, Outcome, Verdict, decided, unchanged_cells
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.statistics import Interval

CLEAR_WIN = Verdict(
    space="space",
    kind="single",
    endpoint="regret",
    budget="30 full",
    arm="a",
    reference="rs",
    factor="1",
    reference_factor="1",
    seeds=30,
    outcome=Outcome.INCONCLUSIVE,
    winner="",
    win_rate=0.8,
    a12=0.8,
    difference=Interval(-0.2, -0.3, -0.1),
    p=0.001,
    p_holm=0.002,
    arm_equivalent=Equivalent(Interval(3, 2, 4), False),
    reference_equivalent=Equivalent(Interval(1, 0.8, 1.2), False),
    ratio=Interval(3, 2, 4),
    effect_low=0.7,
    effect_high=0.8,
    cells=(),
    flips=(),
    reasons=(),
    detectable=0.75,
)
CENSORED = Equivalent(Interval(9, 8, 9), True)


@pytest.mark.parametrize(
    ("changes", "outcome", "winner"),
    [
        ({}, Outcome.WIN, "a"),
        ({"win_rate": 0.64, "ratio": Interval(1.2, 1.101, 1.3)}, Outcome.WIN, "a"),
        ({"win_rate": 0.63}, Outcome.WIN_SMALL, "a"),
        ({"ratio": Interval(1.5, 1.1, 2)}, Outcome.WIN_SMALL, "a"),
        ({"p_holm": 0.05}, Outcome.INCONCLUSIVE, ""),
        ({"difference": Interval(-0.2, -0.4, 0.0)}, Outcome.INCONCLUSIVE, ""),
        ({"flips": ("duplicates=charged",)}, Outcome.POLICY_DEPENDENT, ""),
        ({"flips": ("duplicates=charged",), "p_holm": 0.3}, Outcome.INCONCLUSIVE, ""),
        ({"ratio": Interval(1, 0.91, 1.09)}, Outcome.EQUIVALENT, ""),
        ({"ratio": Interval(1, 0.91, 1.09), "p_holm": 0.9}, Outcome.EQUIVALENT, ""),
        ({"ratio": Interval(1, 0.89, 1.09), "p_holm": 0.9}, Outcome.INCONCLUSIVE, ""),
        ({"ratio": Interval(1, 1, 1), "arm_equivalent": CENSORED, "p_holm": 0.9}, Outcome.INCONCLUSIVE, ""),
        ({"ratio": Interval(1, 1, 1), "reference_equivalent": CENSORED}, Outcome.WIN_SMALL, "a"),
        ({"ratio": Interval(1, 0.95, 1.05), "flips": ("currency=time",)}, Outcome.POLICY_DEPENDENT, ""),
        ({"outcome": Outcome.VOID, "reasons": ("19 paired seeds",)}, Outcome.VOID, ""),
    ],
)
def test_each_rule(changes: dict[str, Any], outcome: Outcome, winner: str) -> None:
    verdict = decided(replace(CLEAR_WIN, **changes))
    assert (verdict.outcome, verdict.winner) == (outcome, winner)


def test_the_rule_is_the_same_for_the_reference() -> None:
    reversed_ = replace(CLEAR_WIN, difference=Interval(0.2, 0.1, 0.3), win_rate=0.2, ratio=Interval(0.5, 0.3, 0.89))
    assert decided(reversed_).outcome is Outcome.WIN
    assert decided(reversed_).winner == "rs"
    assert decided(replace(reversed_, win_rate=0.37)).outcome is Outcome.WIN_SMALL
    assert decided(replace(reversed_, ratio=Interval(0.5, 0.3, 0.9))).outcome is Outcome.WIN_SMALL


@pytest.mark.parametrize(
    ("interval", "censored", "ends", "limit"),
    [
        (Interval(3, 2, 4), False, "flat", ""),
        (Interval(3, 2, 9), True, "flat", "flat"),
        (Interval(9, 9, 9), True, "exhaustive", "exhaustive"),
        (Interval(0.2, 0.1, 4), True, "flat", "first"),
        (Interval(3, 0.1, 9), True, "simulated", "simulated"),
        (Interval(3, 2, 9), True, "", "censored"),
    ],
)
def test_which_end_of_the_curve_is_touched(interval: Interval, censored: bool, ends: str, limit: str) -> None:
    assert Equivalent(interval, censored, ends=ends, reach=(0.1, 9.0)).limit == limit


def test_cells_that_are_the_same_on_every_seed_cannot_flip() -> None:
    cell = SensitivityCell("same", True, True, 0.8, -0.2, 1.0, False, "")
    others = (
        replace(cell, name="other", interaction_p=0.99),
        replace(cell, name="fewer seeds", win_rate=0.7),
        replace(cell, name="not recorded", recorded=False),
    )
    assert unchanged_cells(replace(CLEAR_WIN, cells=(cell, *others))) == ("same",)


@pytest.mark.parametrize(
    ("winner", "changes"),
    [
        ("a", {"win_rate": 0.49}),
        ("rs", {"difference": Interval(0.2, 0.1, 0.3), "ratio": Interval(0.5, 0.3, 0.8), "win_rate": 0.51}),
    ],
)
def test_who_loses_most_seeds_has_not_won(winner: str, changes: dict[str, Any]) -> None:
    verdict = decided(replace(CLEAR_WIN, **changes))
    assert (verdict.outcome, verdict.winner) == (Outcome.INCONCLUSIVE, "")
    assert verdict.reasons == (f"mean and win rate disagree: {winner} has the better mean, and loses most seeds",)
    assert decided(replace(CLEAR_WIN, **changes | {"win_rate": 0.5})).outcome is Outcome.WIN_SMALL


def test_why_there_is_no_multiple_is_among_the_reasons() -> None:
    unknown = Equivalent(UNKNOWN, False, note="not known")
    verdict = decided(replace(CLEAR_WIN, arm_equivalent=unknown, reference_equivalent=unknown, ratio=UNKNOWN))
    assert (verdict.outcome, verdict.reasons) == (Outcome.WIN_SMALL, ("not known",))
