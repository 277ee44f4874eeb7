"""The verdict on two arms at one budget: the specification's sections 0.7-0.9 and 4.6.

WIN: Holm p < .05 in the primary cell; the ratio of RS-equivalent energies beyond +-10 % with its whole interval; a
paired win rate of .64 or more for the winner; and no sensitivity cell flips. WIN (small): significant, the interval of
the difference without 0, but one of the middle two fails; where the better mean loses most seeds nothing is claimed.
EQUIVALENT: the ratio's whole interval within +-10 %. POLICY-DEPENDENT: one of these three, but a cell flips; where
streams do not reach every policy and currency, none of them is claimed. The other cells (wrong energies, re-runs,
neighbouring budgets) flip it too, but where they are not recorded the claim stands and they are named. VOID: a gate.
INCONCLUSIVE: the rest; it claims nothing, so that nothing can flip, and it states what could have been detected.
Absence of significance is never equality.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from fairwatt.analysis.protocol import LEVEL, MEDIUM_WIN_RATE, ROPE
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.statistics import Interval

UNKNOWN = Interval(math.nan, math.nan, math.nan)


class Outcome(StrEnum):
    """What can be said of two arms."""

    WIN = "WIN"
    WIN_SMALL = "WIN (small)"
    EQUIVALENT = "EQUIVALENT"
    POLICY_DEPENDENT = "POLICY-DEPENDENT"
    INCONCLUSIVE = "INCONCLUSIVE"
    VOID = "VOID"


@dataclass(frozen=True)
class Equivalent:
    """Energy that random search needs for an arm's mean validation quality, over the shared budget.

    interval: BCa 95 % over seeds. censored: the interval touches an end of random search's curve. reach: the two ends,
    one training and the last that is known, NaN where they are not told. ends: why the curve ends there, "exhaustive"
    (all is trained), "flat" (more trainings do not help) or "simulated" (no further is simulated). simulation_error:
    Monte-Carlo standard error of the value, where a part of random search is simulated. note: why there is no value,
    where there is none.
    """

    interval: Interval
    censored: bool
    simulation_error: float = 0.0
    note: str = ""
    ends: str = ""
    reach: tuple[float, float] = (math.nan, math.nan)

    def is_first(self, times: float) -> bool:
        """Whether this is what one training comes to: the arm may be worse than that."""
        return math.isclose(times, self.reach[0], rel_tol=1e-6)

    def is_last(self, times: float) -> bool:
        """Whether this is where the curve ends: the arm may be better than anything on it."""
        return math.isclose(times, self.reach[1], rel_tol=1e-6)

    @property
    def limit(self) -> str:
        """What the interval touches: "", "first" (one training), what `ends` says, or "censored" where it says nothing.

        Of both ends the last counts: there the arm is better than random search ever is, or than anybody knows.
        """
        if not self.censored:
            return ""
        if self.is_first(self.interval.low) and not self.is_last(self.interval.high):
            return "first"
        return self.ends or "censored"


CLAIMS = (Outcome.WIN, Outcome.WIN_SMALL, Outcome.EQUIVALENT, Outcome.POLICY_DEPENDENT)
"""Outcomes that claim something, or would if no cell flipped it."""
NOT_EQUIVALENT = Equivalent(UNKNOWN, False)


@dataclass(frozen=True)
class Verdict:
    """An arm v. the reference at one budget of one space; NaN where there are no two paired seeds.

    budget, factor: the shared budget, and how many times that the arm was granted. winner: the arm with the lower mean
    where `outcome` is a win, else "". win_rate: paired, of the arm, ties half; a12: unpaired, P(the arm is better).
    difference: mean of arm - reference, negative is better for the arm. p: two-sided paired sign flips; p_holm: over
    the family of this space. ratio: of the two equivalents. flips: names of cells that flip. effect_low, effect_high:
    range of win rates over the recorded cells. detectable: the win rate that a sign test of so many seeds
    finds with power .8, at the level of Holm's first step.
    unavailable: names of cells that no claim needs and that are not recorded.

    Beside what decides: cliff_delta, of A12; p_wilcoxon, two-sided signed rank; attainable_p, the smallest p that so
    many seeds and flips can have; median_difference, of arm - reference; p_better, p_rope, p_worse, the Bayesian signed
    rank test on the seeds' random-search-equivalents, in which a ratio within 10 % is the same.
    """

    space: str
    kind: str
    endpoint: str
    budget: str
    arm: str
    reference: str
    factor: str
    reference_factor: str
    seeds: int
    outcome: Outcome
    winner: str
    win_rate: float
    a12: float
    difference: Interval
    p: float
    p_holm: float
    arm_equivalent: Equivalent
    reference_equivalent: Equivalent
    ratio: Interval
    effect_low: float
    effect_high: float
    cells: tuple[SensitivityCell, ...]
    flips: tuple[str, ...]
    reasons: tuple[str, ...]
    detectable: float
    unavailable: tuple[str, ...] = ()
    cliff_delta: float = math.nan
    p_wilcoxon: float = math.nan
    attainable_p: float = math.nan
    median_difference: float = math.nan
    p_better: float = math.nan
    p_rope: float = math.nan
    p_worse: float = math.nan


def missing_cells(verdict: Verdict) -> tuple[str, ...]:
    """Names of the cells that a claim needs and that are not recorded."""
    return tuple(cell.name for cell in verdict.cells if cell.required and not cell.recorded)


def unchanged_cells(verdict: Verdict) -> tuple[str, ...]:
    """Names of the cells that change nothing for this pair: the same on every seed, so that they cannot flip it."""
    return tuple(
        cell.name
        for cell in verdict.cells
        if cell.recorded and cell.interaction_p == 1.0 and cell.win_rate == verdict.win_rate
    )


def decided(verdict: Verdict) -> Verdict:
    """The outcome of a verdict whose family is known."""
    if verdict.outcome is Outcome.VOID:
        return verdict
    low, high = ROPE
    ratio, difference = verdict.ratio, verdict.difference
    better = difference.value < 0  # the arm's mean is lower
    winner = verdict.arm if better else verdict.reference
    notes = tuple(dict.fromkeys(filter(None, (verdict.arm_equivalent.note, verdict.reference_equivalent.note))))
    known = not (verdict.arm_equivalent.censored or verdict.reference_equivalent.censored)
    if known and low <= ratio.low and ratio.high <= high:
        outcome, winner = Outcome.EQUIVALENT, ""
    elif verdict.p_holm < LEVEL and not difference.low <= 0 <= difference.high:
        beyond = ratio.low > high if better else ratio.high < low
        effect = verdict.win_rate if better else 1.0 - verdict.win_rate
        if effect < 0.5:
            reason = f"mean and win rate disagree: {winner} has the better mean, and loses most seeds"
            return replace(verdict, outcome=Outcome.INCONCLUSIVE, reasons=(*notes, reason))
        outcome = Outcome.WIN if beyond and effect >= MEDIUM_WIN_RATE else Outcome.WIN_SMALL
    else:
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reasons=notes)
    if missing := missing_cells(verdict):
        reason = f"not recorded under {len(missing)} other books ({'; '.join(missing)}); run it as a study"
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reasons=(*notes, reason))
    if verdict.flips:
        return replace(verdict, outcome=Outcome.POLICY_DEPENDENT, reasons=notes)
    return replace(verdict, outcome=outcome, winner=winner, reasons=notes)
