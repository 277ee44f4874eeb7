"""Verdicts in words and in table cells: the same for the terminal and for the report."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fairwatt.analysis.outcome import Outcome, Verdict, unchanged_cells
from fairwatt.analysis.statistics import Interval
from fairwatt.analysis.verdict import Comparison
from fairwatt.energy_error import NAMES as ENERGY_ERRORS
from fairwatt.report.multiples import bounds, limit, multiple, times
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


@dataclass(frozen=True)
class Basis:
    """What the numbers of a space rest on. regret: the data that regret, win rates and p are of.

    too_small: whether random search's multiples come out too small, since trainings are repeated and the results, of
    an older version, do not hold the repeats.
    """

    regret: str = "test"
    too_small: bool = False

    @classmethod
    def of(cls, comparison: Comparison) -> "Basis":
        """That of a space."""
        reference = comparison.reference
        return cls(comparison.truth.label, reference.replicates > 1 and reference.val_repeats is None)

    @property
    def note(self) -> str:
        """What stands below multiples that are marked; "" where none is."""
        return f"Too small: random search needs more than is said here, since {TOO_SMALL}." if self.too_small else ""

    def caption(self, kind: str) -> str:
        """Of the verdicts of a ranking: no reader should take a multiple for a statement about regret."""
        short = f" and too small, since {TOO_SMALL}" if self.too_small else ""
        return f"{RANKING_TITLES[kind]} ({self.regret}); multiples are of validation quality{short}"


TOO_SMALL = "the results do not hold the repeats"


def verdict_table(verdicts: Sequence[Verdict], kind: str, basis: Basis = Basis()) -> TextTable:
    """The verdicts of one ranking, a row each."""
    chosen = [verdict for verdict in verdicts if verdict.kind == kind]
    rows = tuple(
        (
            versus(verdict),
            verdict.budget,
            outcome(verdict),
            win_rate(verdict),
            interval(verdict.difference, 3),
            p_with_power(verdict.p_holm, verdict.detectable),
            multiple(verdict.arm_equivalent, basis.too_small),
            times(verdict.reference_equivalent),
            ratio(verdict),
            "; ".join(verdict.flips if verdict.outcome is Outcome.POLICY_DEPENDENT else verdict.reasons) or "-",
        )
        for verdict in chosen
    )
    columns = (
        "arm v. reference",
        "budget",
        "verdict",
        "win rate (all books)",
        "mean difference [95 %]",
        "Holm p (finds)",
        "random search needs [95 %]",
        f"{_reference(chosen)} itself",
        "ratio of the two [95 %]",
        "what flips it, or why nothing is claimed",
    )
    return TextTable(basis.caption(kind), columns, rows, text=(0, 1, 2, 9), verdict=2)


def short_table(verdicts: Sequence[Verdict], kind: str, basis: Basis = Basis()) -> TextTable:
    """The columns that fit a terminal: some 120 characters."""
    whole = verdict_table(verdicts, kind, basis)
    kept, heads = (0, 1, 2, 3, 5, 6, 7), {0: "pair", 6: "RS needs [95 %]"}
    return TextTable(
        whole.caption,
        tuple(heads.get(place, whole.columns[place]) for place in kept),
        tuple(tuple(row[place] for place in kept) for row in whole.rows),
        text=(0, 1, 2),
        verdict=2,
    )


def sentence(verdict: Verdict, basis: Basis = Basis()) -> str:
    """One sentence for a reader who reads nothing else, the outcome first."""
    return f"{verdict.outcome}: {claim(verdict, basis)}"


def claim(verdict: Verdict, basis: Basis = Basis()) -> str:
    """Behind the outcome: who, where, random search's multiple, what flips it, or why nothing is claimed."""
    pair = f"{versus(verdict)} at {verdict.budget}, by {ENDPOINTS[verdict.endpoint]}"
    needs = _needs(verdict, basis)
    match verdict.outcome:
        case Outcome.VOID:
            return f"{pair}: no verdict, because {'; '.join(verdict.reasons)}."
        case Outcome.EQUIVALENT:
            return f"{pair}: the same within 10 % of random-search-equivalent energy{needs}; {_unflipped(verdict)}."
        case Outcome.INCONCLUSIVE if verdict.reasons:
            return f"{pair}: nothing is claimed, because {'; '.join(verdict.reasons)}{needs}."
        case Outcome.INCONCLUSIVE:
            return (
                f"{pair}: nothing can be said; a sign test of {verdict.seeds} seeds detects a win rate of "
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


def _needs(verdict: Verdict, basis: Basis) -> str:
    """Random search's multiple for the arm, and beside it the reference's own: what 1 is where nothing is won."""
    arm, own = verdict.arm_equivalent, verdict.reference_equivalent
    if math.isnan(arm.interval.value):
        return f"; how many times the budget random search needs is not known: {arm.note}" if arm.note else ""
    itself = "" if math.isnan(own.interval.value) else f"{name(verdict.reference)} itself: {times(own)}"
    low = f"{'both ' if itself else ''}too small, since {TOO_SMALL}" if basis.too_small else ""
    beside = "; ".join(part for part in (itself, limit(arm), low) if part)
    never = arm.limit == "flat" and arm.is_last(arm.interval.value)
    needs = f"no budget of random search is enough {bounds(arm)}" if never else f"random search needs {multiple(arm)}"
    return f"; {needs}{'' if never else ' the budget'} for the validation quality of {name(verdict.arm)}" + (
        f" ({beside})" if beside else ""
    )


def _unflipped(verdict: Verdict) -> str:
    tried = sum(cell.recorded for cell in verdict.cells)
    if not tried:
        return "no other books were tried"
    idle = len(unchanged_cells(verdict))
    notes = [f"{idle} of them change nothing here"] if idle else []
    notes += [f"could not be tried: {_untried(verdict.unavailable)}"] if verdict.unavailable else []
    return f"none of {tried} other ways of keeping the books flips it" + (f" ({'; '.join(notes)})" if notes else "")


def _untried(cells: Sequence[str]) -> str:
    """Names of cells, those of wrong energies last and together."""
    wrong = [cell for cell in cells if cell in ENERGY_ERRORS or "device" in cell]
    parts = [cell for cell in cells if cell not in wrong]
    return "; ".join([*parts, f"energy errors {', '.join(wrong)}"] if wrong else parts)


def _reference(verdicts: Sequence[Verdict]) -> str:
    """The reference of all these pairs, or the word for it where they have several or its name is long."""
    arms = {verdict.reference for verdict in verdicts}
    return name(arms.pop()) if len(arms) == 1 and len(min(arms)) <= 12 else "reference"


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


def ratio(verdict: Verdict) -> str:
    """That of the two multiples; a bound where random search's curve ends for one of them."""
    text = interval(verdict.ratio, 2)
    bound = verdict.arm_equivalent.limit or verdict.reference_equivalent.limit
    return text + (", a bound" if bound and text != "-" else "")


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
