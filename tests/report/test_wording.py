"""Verdicts in words: the outcome first, nothing that says more than was found."""

import dataclasses
import math

import pytest

from fairwatt.analysis.outcome import Equivalent, Outcome, Verdict
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.statistics import Interval
from fairwatt.report.page import tone
from fairwatt.report.wording import Basis, outcome, p_value, p_with_power, sentence, short_table, verdict_table


def verdict(**changes: object) -> Verdict:
    """A verdict with plausible numbers."""
    defaults: dict[str, object] = {
        "space": "s",
        "kind": "single",
        "endpoint": "regret",
        "budget": "30 full",
        "arm": "re",
        "reference": "rs",
        "factor": "1",
        "reference_factor": "1",
        "seeds": 30,
        "outcome": Outcome.WIN,
        "winner": "re",
        "win_rate": 0.8,
        "a12": 0.7,
        "difference": Interval(-0.1, -0.2, -0.05),
        "p": 0.0001,
        "p_holm": 0.0004,
        "arm_equivalent": Equivalent(Interval(3.0, 2.0, 4.0), False),
        "reference_equivalent": Equivalent(Interval(1.0, 0.9, 1.1), False),
        "ratio": Interval(3.0, 2.0, 4.0),
        "effect_low": 0.7,
        "effect_high": 0.9,
        "cells": (),
        "flips": (),
        "reasons": (),
        "detectable": 0.75,
    }
    return Verdict(**{**defaults, **changes})  # type: ignore[arg-type]


CELL = SensitivityCell("currency=time", True, True, 0.8, -0.1, 0.5, False, "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "WIN: re v. rs at 30 full, by regret: re wins; random search needs 3.00x [2.00, 4.00] the budget"),
        ({}, "it has the lower value on 80% of paired seeds (Holm p < .001); no other books were tried."),
        ({"cells": (CELL, CELL)}, "none of 2 other ways of keeping the books flips it."),
        ({"winner": "rs", "win_rate": 0.2}, "rs wins; random search needs"),
        ({"winner": "rs", "win_rate": 0.2}, "it has the lower value on 80% of paired seeds"),
        (
            {"outcome": Outcome.WIN_SMALL},
            "WIN (small): re v. rs at 30 full, by regret: re wins, by a small margin; random",
        ),
        (
            {"outcome": Outcome.EQUIVALENT, "winner": ""},
            "EQUIVALENT: re v. rs at 30 full, by regret: the same within 10 %",
        ),
        (
            {"outcome": Outcome.INCONCLUSIVE, "winner": ""},
            "nothing can be said; a sign test of 30 seeds detects a win rate of 0.75",
        ),
        (
            {"outcome": Outcome.INCONCLUSIVE, "winner": "", "reasons": ("why",)},
            "nothing is claimed, because why; random",
        ),
        (
            {"outcome": Outcome.POLICY_DEPENDENT, "winner": "", "flips": ("currency=time",)},
            "flips under currency=time; random search needs",
        ),
        (
            {"outcome": Outcome.VOID, "winner": "", "reasons": ("3 paired seeds",)},
            "VOID: re v. rs at 30 full, by regret: no verdict, because 3 paired seeds.",
        ),
        ({"factor": "4"}, "re (4 x budget) v. rs at 30 full"),
        ({"arm_equivalent": Equivalent(Interval(9.1, 8.0, 9.1), True)}, "9.10x [8.00, 9.10], censored"),
    ],
)
def test_each_outcome_has_its_sentence(changes: dict[str, object], words: str) -> None:
    assert words in sentence(verdict(**changes))


@pytest.mark.parametrize(
    ("ends", "found", "text", "says"),
    [
        ("flat", Interval(9, 4, 9), "never [4.00, never]", "; no budget of random search is enough [4.00, never] for"),
        ("flat", Interval(5, 4, 9), "5.00x [4.00, never]", "needs 5.00x [4.00, never] the budget"),
        ("flat", Interval(5, 4, 9), "5.00x [4.00, never]", "never: more trainings do not help any further)"),
        ("exhaustive", Interval(9, 4, 9), "9.00x = all [4.00, all]", "all: everything is trained)"),
        ("simulated", Interval(9, 4, 9), "> 9.00x [4.00, > 9.00]", ">: simulated no further)"),
        ("flat", Interval(0.1, 0.1, 4), "< 0.10x [< 0.10, 4.00]", "<: one training does as well or better)"),
    ],
)
def test_where_the_curve_ends_the_reason_is_said(ends: str, found: Interval, text: str, says: str) -> None:
    ended = Equivalent(found, True, ends=ends, reach=(0.1, 9.0))
    (row,) = verdict_table([verdict(arm_equivalent=ended)], "single").rows
    assert (row[6], row[8]) == (text, "3.00 [2.00, 4.00], a bound")
    assert says in sentence(verdict(arm_equivalent=ended))


def test_cells_that_change_nothing_are_not_counted_as_evidence() -> None:
    same = dataclasses.replace(CELL, interaction_p=1.0)
    assert "none of 3 other ways of keeping the books flips it (2 of them change nothing here)." in sentence(
        verdict(cells=(CELL, same, same))
    )


def test_tables_name_the_winner_and_colour_by_outcome() -> None:
    table = verdict_table([verdict(), verdict(outcome=Outcome.VOID, winner="", reasons=("why",))], "single")
    assert [row[table.verdict] for row in table.rows] == ["WIN: re", "VOID"]
    assert table.rows[1][-1] == "why"
    tones = [tone(outcome(verdict(outcome=kind, winner=""))) for kind in Outcome]
    assert tones == ["win", "win", "same", "odd", "open", "void"]
    assert (tone("WIN: rs", "rs"), tone("WIN: re", "rs"), tone("pass"), tone("fail")) == ("loss", "win", "pass", "fail")


def test_beside_the_multiple_stands_what_random_search_itself_comes_to() -> None:
    table, short = verdict_table([verdict()], "single"), short_table([verdict()], "single")
    assert (table.columns[6:8], table.rows[0][6:8]) == (
        ("random search needs [95 %]", "rs itself"),
        ("3.00x [2.00, 4.00]", "1.00x"),
    )
    assert (short.columns[-1], short.rows[0][-1]) == ("rs itself", "1.00x")
    assert "for the validation quality of re (rs itself: 1.00x); it has" in sentence(verdict())
    assert "(test); multiples are of validation quality" in table.caption
    assert "(validation); multiples" in verdict_table([verdict()], "single", Basis("validation")).caption
    several = verdict_table([verdict(), verdict(reference="ls")], "single")
    assert several.columns[7] == "reference itself"


def test_a_multiple_that_is_too_small_says_so_in_its_cell_and_in_its_sentence() -> None:
    for basis, times in ((Basis(too_small=True), 1), (Basis(), 0)):
        for table in (verdict_table([verdict()], "single", basis), short_table([verdict()], "single", basis)):
            assert sum(cell.endswith("4.00], too small") for cell in table.rows[0]) == times
            assert table.caption.count("too small") == times
        assert sentence(verdict(), basis).count("(rs itself: 1.00x; both too small, since the results") == times


def test_where_there_is_no_multiple_the_reason_stands_for_it() -> None:
    none = Equivalent(Interval(math.nan, math.nan, math.nan), False, note="draws are uneven")
    unknown = verdict(arm_equivalent=none, reference_equivalent=none)
    assert "; how many times the budget random search needs is not known: draws are uneven; it has" in sentence(unknown)
    row = verdict_table([unknown], "single", Basis(too_small=True)).rows[0]
    assert row[6:8] == ("-", "-")
    assert "random search" not in sentence(verdict(arm_equivalent=dataclasses.replace(none, note="")))


def test_books_that_could_not_be_tried_are_named() -> None:
    untried = verdict(cells=(CELL,), unavailable=("size slope +0.1", "budget x 2", "another device"))
    words = "flips it (could not be tried: budget x 2; energy errors size slope +0.1, another device)."
    assert words in sentence(untried)
    assert "(could not be tried: budget x 2)." in sentence(verdict(cells=(CELL,), unavailable=("budget x 2",)))


def test_seven_arms_fit_a_terminal() -> None:
    arms = ("re", "ls", "bananas", "hb", "bohb", "smac", "tpe")
    low = Equivalent(Interval(12.31, 4.86, 12.31), True)
    made = [
        verdict(arm=arm, budget="100 full", outcome=Outcome.INCONCLUSIVE, winner="", cells=(CELL,), arm_equivalent=low)
        for arm in arms
    ]
    table = short_table(made, "single")
    lines = zip(*((head, *cells) for head, *cells in zip(table.columns, *table.rows, strict=True)), strict=True)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    assert sum(widths) + 2 * (len(widths) - 1) <= 120
    assert len(table.caption) <= 120


def test_p_values_are_never_zero() -> None:
    assert [p_value(p) for p in (0.0, 0.0009, 0.05, math.nan)] == ["< .001", "< .001", "0.050", "-"]


def test_beside_each_p_stands_what_could_have_been_detected() -> None:
    assert p_with_power(0.2, 0.75) == "0.200 (0.75)"
    assert (p_with_power(math.nan, 0.75), p_with_power(0.2, math.nan)) == ("-", "0.200")
    assert "0.75" in short_table([verdict()], "single").rows[0][4]


def test_names_are_shown_plainly_and_shortened() -> None:
    hostile = verdict(arm="\u202eevil\n" + "x" * 5_000, winner="")
    for text in (sentence(hostile), verdict_table([hostile], "single").rows[0][0]):
        assert "\u202e" not in text
        assert "\\u202eevil x" in text
        assert len(text) < 600
