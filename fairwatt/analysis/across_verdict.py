"""The verdict on two arms over several spaces: the specification's section 4.6, last paragraph.

WIN: Holm p < .05 of a sign-flip test over all spaces; the pooled ratio of RS-equivalent energies beyond +-10 % with its
whole interval, on the same side; a mean win rate of .64 or more for the winner, as within a space; and no space where
the other arm is significantly better. WIN (small): the ratio's interval excludes 1 only, or the win rate is missed;
where the winner loses most seeds nothing is claimed. A space may find nothing by itself: what it says is in `outcomes`.
EQUIVALENT: it lies within +-10 %, and no space finds a difference. POLICY-DEPENDENT: one of
these, but other books flip the effect in a space, whether that space claims something by itself or not. VOID: fewer
than two spaces without a reason to void theirs, or fewer than two that do not share their networks. INCONCLUSIVE: the
rest, a reversal named; and every claim that some space cannot test, its recordings not reaching all policies and
currencies.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.outcome import UNKNOWN, Outcome, Verdict, missing_cells
from fairwatt.analysis.protocol import LEVEL, MEDIUM_WIN_RATE, ROPE
from fairwatt.analysis.random_search_curve import RandomSearchCurve
from fairwatt.analysis.statistics import Interval, holm, paired_win_rate

Array = NDArray[np.float64]

FLIPS = 9_999
"""Of the test over spaces, as of those within one: fewer would leave Holm's p near .05 to chance."""
_BLOCK = 1 << 21  # signs held at a time


@dataclass(frozen=True)
class AcrossVerdict:
    """An arm v. the reference at one budget over all spaces where their verdict is not VOID.

    outcomes: of each space. spaces: those pooled. win_rate: mean over strata of the paired win rate of the arm. ratio:
    of RS-equivalent energies, arm over reference, geometric mean over strata, with its stratified bootstrap interval.
    effect: mean over strata of the mean difference over its root mean square, negative is better for the arm. p: of
    effect 0, by flipping the signs of pairs in all spaces; p_holm: over the verdicts across spaces. reversals: spaces
    with Holm p < .05 for the arm that is worse over all. ends: by space, where an equivalent touches an end of random
    search's curve, which (see `Equivalent.limit`); the ratio is a bound there. flips, unrecorded: by space, where there
    are any, the cells that flip and those that a claim needs and that are not recorded.
    """

    kind: str
    budget: str
    arm: str
    reference: str
    outcome: Outcome
    winner: str
    outcomes: Mapping[str, Outcome]
    spaces: tuple[str, ...]
    strata: tuple[tuple[str, ...], ...]
    win_rate: float
    ratio: Interval
    effect: float
    p: float
    p_holm: float
    reversals: tuple[str, ...]
    reasons: tuple[str, ...]
    ends: Mapping[str, str] = field(default_factory=dict)
    flips: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unrecorded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def censored(self) -> bool:
        """Whether the ratio is a bound, since random search's curve ends in a space."""
        return bool(self.ends)


@dataclass(frozen=True)
class SpacePair:
    """What two arms did in one space. values, qualities: [S, 2] endpoint and validation quality, arm and reference."""

    verdict: Verdict
    values: Array
    qualities: Array
    curve: RandomSearchCurve


def pooled_verdict(
    verdicts: Sequence[Verdict],
    pairs: Sequence[SpacePair],
    strata: Sequence[Sequence[str]],
    rng: np.random.Generator,
    *,
    draws: int,
    flips: int = FLIPS,
) -> AcrossVerdict:
    """The undecided verdict on one pair of arms. verdicts: of all spaces; pairs: of those that no gate voids.

    draws: of the ratio's interval; flips: of p.
    """
    first = verdicts[0]
    spaces = tuple(pair.verdict.space for pair in pairs)
    groups = tuple(group for group in (tuple(s for s in stratum if s in spaces) for stratum in strata) if group)
    found = AcrossVerdict(
        kind=first.kind,
        budget=first.budget,
        arm=first.arm,
        reference=first.reference,
        outcome=Outcome.INCONCLUSIVE,
        winner="",
        outcomes={verdict.space: verdict.outcome for verdict in verdicts},
        spaces=spaces,
        strata=groups,
        win_rate=math.nan,
        ratio=UNKNOWN,
        effect=math.nan,
        p=math.nan,
        p_holm=math.nan,
        reversals=(),
        reasons=(),
    )
    if len(pairs) < 2:
        reason = f"{len(pairs)} of {len(verdicts)} spaces have a verdict that is not VOID; two are needed"
        return replace(found, outcome=Outcome.VOID, reasons=(reason,))
    if len(groups) < 2:
        reason = f"{' and '.join(spaces)} share their networks: they are one space, and two are needed"
        return replace(found, outcome=Outcome.VOID, reasons=(reason,))
    weights = np.array([1 / len(groups) / len(next(group for group in groups if s in group)) for s in spaces])
    differences = [pair.values[:, 0] - pair.values[:, 1] for pair in pairs]
    ratio, (effect, p) = _ratio(pairs, weights, rng, draws), stratified_sign_flips(differences, weights, rng, flips)
    worse = np.sign(math.log(ratio.value)) if ratio.value > 0 else 0.0  # 1: the reference is, -1: the arm is
    reversals = tuple(
        pair.verdict.space
        for pair, difference in zip(pairs, differences, strict=True)
        if pair.verdict.p_holm < LEVEL and np.sign(difference.mean()) == worse
    )
    return replace(
        found,
        win_rate=float(weights @ [paired_win_rate(difference) for difference in differences]),
        ratio=ratio,
        effect=effect,
        p=p,
        reversals=reversals if worse else (),
        ends={pair.verdict.space: ends for pair in pairs if (ends := _end(pair.verdict))},
        flips={pair.verdict.space: pair.verdict.flips for pair in pairs if pair.verdict.flips},
        unrecorded={pair.verdict.space: missing for pair in pairs if (missing := missing_cells(pair.verdict))},
    )


def decided_family(verdicts: Sequence[AcrossVerdict]) -> tuple[AcrossVerdict, ...]:
    """Outcomes of all verdicts across spaces, with Holm over those that are not VOID."""
    adjusted = iter(holm([verdict.p for verdict in verdicts if verdict.outcome is not Outcome.VOID]))
    return tuple(v if v.outcome is Outcome.VOID else _decided(replace(v, p_holm=next(adjusted))) for v in verdicts)


def _decided(verdict: AcrossVerdict) -> AcrossVerdict:
    low, high = ROPE
    ratio = verdict.ratio
    winner = verdict.arm if ratio.value > 1 else verdict.reference
    claims = (Outcome.WIN, Outcome.WIN_SMALL)
    differs = [space for space in verdict.spaces if verdict.outcomes[space] in claims]
    if verdict.reversals:
        reason = f"{winner} is better over all, and worse in {', '.join(verdict.reversals)}"
        return replace(verdict, reasons=(reason,))
    if not verdict.censored and low <= ratio.low and ratio.high <= high and not differs:
        outcome, winner = Outcome.EQUIVALENT, ""
    elif verdict.p_holm < LEVEL and ((ratio.low > 1 and verdict.effect < 0) or (ratio.high < 1 and verdict.effect > 0)):
        share = verdict.win_rate if winner == verdict.arm else 1.0 - verdict.win_rate
        if share < 0.5:
            return replace(verdict, reasons=(f"{winner} has the better mean over all, and loses most seeds",))
        beyond = ratio.low > high or ratio.high < low
        outcome = Outcome.WIN if beyond and share >= MEDIUM_WIN_RATE else Outcome.WIN_SMALL
    elif math.isnan(ratio.value):
        return replace(verdict, reasons=("random search's multiples are not known in every space",))
    else:
        return verdict
    if verdict.unrecorded:
        cells = "; ".join(dict.fromkeys(cell for missing in verdict.unrecorded.values() for cell in missing))
        reason = f"not recorded under other books in {', '.join(verdict.unrecorded)} ({cells}); run them as a study"
        return replace(verdict, reasons=(reason,))
    if verdict.flips:
        told = (f"{space} ({'; '.join(cells)})" for space, cells in verdict.flips.items())
        reason = f"other books flip it in {', '.join(told)}"
        return replace(verdict, outcome=Outcome.POLICY_DEPENDENT, reasons=(reason,))
    return replace(verdict, outcome=outcome, winner=winner)


def _end(verdict: Verdict) -> str:
    """Where random search's curve ends for one of the two; "" where it does not."""
    return verdict.arm_equivalent.limit or verdict.reference_equivalent.limit


def _ratio(pairs: Sequence[SpacePair], weights: Array, rng: np.random.Generator, draws: int) -> Interval:
    """Weighted geometric mean of the ratio of equivalents; percentiles of resampled seeds, spaces held."""
    value, logs = 0.0, np.zeros(draws)
    for pair, weight in zip(pairs, weights.tolist(), strict=True):
        seeds = len(pair.qualities)
        counts = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws)
        means = np.vstack([pair.qualities.mean(axis=0), counts @ pair.qualities / seeds])  # [1 + D, 2]
        equivalents = np.log(pair.curve.equivalent(means))
        ratios = equivalents[:, 0] - equivalents[:, 1]
        value += weight * float(ratios[0])
        logs += weight * ratios[1:]
    low, high = np.exp(np.quantile(logs, [0.025, 0.975]))
    return Interval(math.exp(value), float(low), float(high))


def stratified_sign_flips(
    differences: Sequence[Array], weights: Array, rng: np.random.Generator, draws: int
) -> tuple[float, float]:
    """The weighted sum over spaces of mean over root mean square, and its two-sided p by flipping signs of pairs."""
    terms = []
    for difference, weight in zip(differences, weights.tolist(), strict=True):
        spread = float(np.sqrt(np.mean(difference**2)))  # the same whatever the signs
        terms.append(weight * difference / (spread * difference.size) if spread > 0 else 0.0 * difference)
    column = np.concatenate(terms)
    observed, slack = abs(column.sum()), 1e-12 * np.abs(column).sum()
    step, reached = max(_BLOCK // column.size, 1), 1  # the observed signs are one of the flips
    for begin in range(0, draws, step):
        signs = 1.0 - 2.0 * rng.integers(2, size=(min(step, draws - begin), column.size), dtype=np.int8)
        reached += int((np.abs(signs @ column) >= observed - slack).sum())
    return float(column.sum()), reached / (draws + 1)
