"""Verdicts in words and in table cells: the same for the terminal and for the report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fairwatt.analysis.outcome import Equivalent, Outcome, Verdict
from fairwatt.analysis.statistics import Interval
from fairwatt.report.plain_text import name

ENDPOINTS = {"regret": "regret", "hypervolume_regret": "hypervolume regret"}
RANKING_TITLES = {
    "single": "Validation error alone, ranked by normalised regret",
    "multi": "Validation error and energy together, ranked by hypervolume regret",
}


@dataclass(frozen=True)
class TextTable:
    """A table of finished text. text: columns that are words, not numbers. verdict: the column of outcomes, or -1."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: tuple[int, ...] = (0,)
    verdict: int = -1


def verdict_table(verdicts: Sequence[Verdict], kind: str) -> TextTable:
    """The verdicts of one ranking, a row each."""
    rows = tuple(
        (
            versus(verdict),
            verdict.budget,
            outcome(verdict),
            win_rate(verdict),
            interval(verdict.difference, 3),
            p_with_power(verdict.p_holm, verdict.detectable),
            multiple(verdict.arm_equivalent),
            interval(verdict.ratio, 2),
            "; ".join(verdict.flips if verdict.outcome is Outcome.POLICY_DEPENDENT else verdict.reasons) or "-",
        )
        for verdict in verdicts
        if verdict.kind == kind
    )
    columns = (
        "arm v. reference",
        "budget",
        "verdict",
        "win rate (over all books)",
        "mean difference [95 %]",
        "Holm p (detectable win rate)",
        "random search needs [95 %]",
        "ratio to the reference [95 %]",
        "what flips it, or why nothing is claimed",
    )
    return TextTable(RANKING_TITLES[kind], columns, rows, text=(0, 1, 2, 8), verdict=2)


def short_table(verdicts: Sequence[Verdict], kind: str) -> TextTable:
    """The columns that fit a terminal."""
    whole = verdict_table(verdicts, kind)
    kept = (0, 1, 2, 3, 5, 6)
    return TextTable(
        whole.caption,
        tuple(whole.columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in whole.rows),
        text=(0, 1, 2),
        verdict=2,
    )


def sentence(verdict: Verdict) -> str:
    """One sentence for a reader who reads nothing else, the outcome first."""
    return f"{verdict.outcome}: {claim(verdict)}"


def claim(verdict: Verdict) -> str:
    """Behind the outcome: who, where, random search's multiple, what flips it, or why nothing is claimed."""
    pair = f"{versus(verdict)} at {verdict.budget}, by {ENDPOINTS[verdict.endpoint]}"
    needs = ""
    if not math.isnan(verdict.arm_equivalent.interval.value):
        needs = (
            f"; random search needs {multiple(verdict.arm_equivalent)} the budget for the validation quality of "
            f"{name(verdict.arm)}"
        )
    match verdict.outcome:
        case Outcome.VOID:
            return f"{pair}: no verdict, because {'; '.join(verdict.reasons)}."
        case Outcome.EQUIVALENT:
            return f"{pair}: the same within 10 % of random-search-equivalent energy{needs}; {_unflipped(verdict)}."
        case Outcome.INCONCLUSIVE if verdict.reasons:
            return f"{pair}: nothing is claimed, because {'; '.join(verdict.reasons)}{needs}."
        case Outcome.INCONCLUSIVE:
            return (
                f"{pair}: nothing can be said; {verdict.seeds} seeds detect a win rate of "
                f"{number(verdict.detectable)}, seen is {number(verdict.win_rate)} "
                f"(Holm p {p_value(verdict.p_holm)}){needs}."
            )
        case Outcome.POLICY_DEPENDENT:
            return f"{pair}: depends on how the books are kept, and flips under {'; '.join(verdict.flips)}{needs}."
    share = verdict.win_rate if verdict.winner == verdict.arm else 1.0 - verdict.win_rate
    small = ", by a small margin" if verdict.outcome is Outcome.WIN_SMALL else ""
    return (
        f"{pair}: {name(verdict.winner)} wins{small}{needs}; it has the lower value on {share:.0%} "
        f"of paired seeds (Holm p {p_value(verdict.p_holm)}); {_unflipped(verdict)}."
    )


def _unflipped(verdict: Verdict) -> str:
    tried = sum(cell.recorded for cell in verdict.cells)
    if not tried:
        return "no other books were tried"
    untried = f" ({len(verdict.unavailable)} could not be tried)" if verdict.unavailable else ""
    return f"none of {tried} other ways of keeping the books flips it{untried}"


def versus(verdict: Verdict) -> str:
    """The pair, with the factors of arms that had another budget."""
    arm, other = name(verdict.arm), name(verdict.reference)
    arm += "" if verdict.factor == "1" else f" ({verdict.factor} x budget)"
    other += "" if verdict.reference_factor == "1" else f" ({verdict.reference_factor} x)"
    return f"{arm} v. {other}"


def outcome(verdict: Verdict) -> str:
    """The outcome, with who won."""
    return f"{verdict.outcome}: {name(verdict.winner)}" if verdict.winner else str(verdict.outcome)


def win_rate(verdict: Verdict) -> str:
    """The share of paired seeds, with its range over all books where others than the primary ones were tried."""
    if not verdict.cells:
        return number(verdict.win_rate)
    return f"{number(verdict.win_rate)} ({number(verdict.effect_low)} to {number(verdict.effect_high)})"


def multiple(equivalent: Equivalent) -> str:
    """How many times the budget random search needs; a closed form that ended is said to have ended."""
    text = interval(equivalent.interval, 2, unit="x")
    return f"{text}, censored" if equivalent.censored else text


def interval(values: Interval, digits: int, unit: str = "") -> str:
    """A value with its interval; a dash where there is none."""
    if math.isnan(values.value):
        return "-"
    return f"{values.value:.{digits}f}{unit} [{values.low:.{digits}f}, {values.high:.{digits}f}]"


def number(value: float, digits: int = 2) -> str:
    """A number, or a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def p_value(value: float) -> str:
    """A p-value, never rounded to zero."""
    if math.isnan(value):
        return "-"
    return "< .001" if value < 0.001 else f"{value:.3f}"


def p_with_power(p: float, detectable: float) -> str:
    """A p-value beside what could have been detected: without it, a large one says nothing."""
    return p_value(p) if math.isnan(detectable) or math.isnan(p) else f"{p_value(p)} ({number(detectable)})"
