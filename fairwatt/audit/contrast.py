"""One method against another at one cut, under one policy: the effect, its interval, and what n could have shown.

Searches of foreign logs rarely share a seed, so sides are compared unpaired: A12 (Vargha and Delaney, JEBS 2000) with
its score interval (Newcombe, Statistics in Medicine 2006, method 5: resampling would call 1.00 of ten searches
certain), Mann-Whitney, and the bootstrap of the difference of medians. Paired, where seeds are shared and the user says
that they control the same things: win rate and sign flips.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.protocol import LEVEL, POWER
from fairwatt.analysis.statistics import Interval, PairedResampling, a12, detectable_win_rate, holm

Array = NDArray[np.float64]
DRAWS = 1_999
MATCHED = 1.25
"""Mean spends that differ by no more than this factor count as matched."""
_NOWHERE = Interval(math.nan, math.nan, math.nan)
_HALVINGS = 30
MOST_EXACT = 64
"""Searches of both sides together up to which all permutations of their ranks are counted, in milliseconds."""


@dataclass(frozen=True)
class Contrast:
    """An arm v. the reference in one space, cut by one rule under one policy.

    endpoint: hypervolume or regret; medians are in its own direction, as printed. searches: (arm's, reference's).
    spent: mean of each side, in the log's unit, after the cut. a12: P(a search of the arm is the better one) + ties/2,
    or the paired win rate. difference: of medians, arm - reference. detectable: the a12 that so many searches find with
    power .8, NaN where none would be significant.
    state: better, worse or undecided, at Holm p < .05 over the arms and spaces of the same rule and policy.
    """

    space: str
    endpoint: str
    policy: str
    rule: str
    arm: str
    reference: str
    searches: tuple[int, int]
    limits: tuple[float, float]
    spent: tuple[float, float]
    medians: tuple[float, float]
    a12: Interval
    difference: Interval
    p: float
    p_holm: float
    detectable: float
    paired: bool

    @property
    def state(self) -> str:
        """What may be said of the arm."""
        if not self.p_holm < LEVEL:
            return "undecided"
        return "better" if self.a12.value > 0.5 else "worse"

    @property
    def cliff_delta(self) -> float:
        """2 A12 - 1."""
        return 2.0 * self.a12.value - 1.0

    @property
    def ratio(self) -> float:
        """Mean spend of the arm over the reference's."""
        return self.spent[0] / self.spent[1] if self.spent[1] else math.inf

    @property
    def matched(self) -> bool:
        """Whether both sides spent about the same in the mean."""
        return 1 / MATCHED <= self.ratio <= MATCHED


@dataclass(frozen=True)
class Effect:
    """What two samples of losses say."""

    a12: Interval
    difference: Interval
    p: float
    detectable: float


def contrast_of(
    where: tuple[str, str, str, str, str, str],
    limits: tuple[float, float],
    losses: tuple[Array, Array],
    spent: tuple[Array, Array],
    effect: Effect,
    *,
    family: int,
    paired: bool,
) -> Contrast:
    """The contrast of both sides' losses and spends [A], [R]. where: the names, from space to reference.

    family: pairs that Holm adjusts for.
    """
    n, m = len(losses[0]), len(losses[1])
    medians = float(np.median(losses[0])), float(np.median(losses[1]))
    means, difference = (float(spent[0].mean()), float(spent[1].mean())), effect.difference
    if where[1] == "hypervolume":  # losses are 1 - hypervolume: printed is the hypervolume
        medians = 1.0 - medians[0], 1.0 - medians[1]
        difference = Interval(-difference.value, -difference.high, -difference.low)
    never = not paired and attainable_p(n, m) * family >= LEVEL
    detectable = math.nan if never else effect.detectable
    numbers = effect.a12, difference, effect.p, effect.p, detectable
    return Contrast(*where, (n, m), limits, means, medians, *numbers, paired)


def unpaired(arm: Array, reference: Array, rng: np.random.Generator, *, exact: bool = False) -> Effect:
    """Losses [A] and [R], lower is better; infinite ones are ties of each other.

    exact: p over all permutations of the ranks, ties and all, and not by the normal approximation.
    """
    ranks = _ranked(arm, reference)
    value = a12(-arm, -reference)
    return Effect(
        a12_interval(value, len(arm), len(reference)),
        _median_difference(arm, reference, rng),
        _all_permutations(*ranks) if exact else _mann_whitney(*ranks),
        detectable_a12(len(arm), len(reference)),
    )


def paired(arm: Array, reference: Array, rng: np.random.Generator) -> Effect:
    """Losses [S] and [S] of the same seeds, finite, 2 or more."""
    difference = arm - reference
    resampling = PairedResampling(len(arm), rng, draws=DRAWS)
    signs = np.where(difference < 0, 1.0, np.where(difference > 0, 0.0, 0.5))
    drawn = np.median(difference[rng.integers(len(arm), size=(DRAWS, len(arm)))], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Effect(
        resampling.interval(signs[:, None], lambda means: means[..., 0]),
        Interval(float(np.median(difference)), float(low), float(high)),
        float(resampling.p_values(difference[:, None])[0]),
        detectable_win_rate(len(arm)),
    )


def with_holm(family: Sequence[Contrast | None]) -> list[Contrast]:
    """The same contrasts with p adjusted for each other: Holm's steps. None, which is left out, counts as p = 1."""
    adjusted = holm([1.0 if contrast is None else contrast.p for contrast in family])
    return [replace(each, p_holm=p) for each, p in zip(family, adjusted, strict=True) if each is not None]


def detectable_a12(arm: int, reference: int, *, power: float = POWER, level: float = LEVEL) -> float:
    """The A12 that so many searches a side find with this power, at most 1: Noether, JASA 1987, solved for A12."""
    from scipy.special import ndtri

    total = arm + reference
    share = arm / total
    return min(0.5 + (ndtri(1 - level / 2) + ndtri(power)) / math.sqrt(12 * share * (1 - share) * total), 1.0)


def attainable_p(arm: int, reference: int) -> float:
    """The smallest two-sided p of an exact Mann-Whitney test of so many searches without ties."""
    return min(2.0 / math.comb(arm + reference, arm), 1.0)


def a12_interval(values: ArrayLike, arm: int, reference: int, z: float = 1.959964) -> Interval:
    """The score interval of one A12; NaN where a side has one search."""
    low, high = a12_bounds(np.array([values], dtype=np.float64), arm, reference, z)
    return Interval(float(np.asarray(values)), float(low[0]), float(high[0]))


def a12_bounds(values: Array, arm: int, reference: int, z: float = 1.959964) -> tuple[Array, Array]:
    """(low [G], high [G]): where |A12 - t| = z sd(t), with Hanley and McNeil's variance of (n + m)/2 a side.

    NaN where a side has one search: it says nothing of how searches differ.
    """
    if min(arm, reference) < 2:
        return np.full_like(values, np.nan), np.full_like(values, np.nan)
    extra = (arm + reference) / 2 - 1

    def sd(t: Array) -> Array:
        return np.asarray(np.sqrt(t * (1 - t) * (1 + extra * ((1 - t) / (2 - t) + t / (1 + t))) / (arm * reference)))

    ends = []
    for edge in (0.0, 1.0):
        inside, outside = values.copy(), np.full_like(values, edge)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            within = np.abs(values - middle) <= z * sd(middle)
            inside, outside = np.where(within, middle, inside), np.where(within, outside, middle)
        ends.append(inside)
    return ends[0], ends[1]


def _ranked(arm: Array, reference: Array) -> tuple[Array, Array]:
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([arm, reference]))
    return ranks[: len(arm)], ranks[len(arm) :]


def _mann_whitney(arm: Array, reference: Array) -> float:
    from scipy.stats import mannwhitneyu

    if np.ptp(np.concatenate([arm, reference])) == 0:
        return 1.0  # all tied: there is nothing to rank
    return float(mannwhitneyu(arm, reference, alternative="two-sided", method="asymptotic").pvalue)


def _all_permutations(arm: Array, reference: Array) -> float:
    """Two-sided p of a rank sum among all choices of A of the A + R ranks; scipy's exact p takes ties for none."""
    ranks = np.rint(2 * np.concatenate([arm, reference])).astype(np.int64)  # ties have halves
    total, count = int(ranks.sum()), len(arm)
    ways = np.zeros((count + 1, total + 1))  # [k, s] how many choices of k ranks have the sum s
    ways[0, 0] = 1.0
    for rank in ranks.tolist():
        ways[1:, rank:] += ways[:-1, : total + 1 - rank].copy()
    off = np.abs(np.arange(total + 1) * len(ranks) - total * count)
    seen = abs(int(ranks[:count].sum()) * len(ranks) - total * count)
    return float(ways[count, off >= seen].sum() / ways[count].sum())


def _median_difference(arm: Array, reference: Array, rng: np.random.Generator) -> Interval:
    """Percentile bootstrap of each side's searches, 2 or more; nowhere where a median is infinite."""
    if not (np.isfinite(np.median(arm)) and np.isfinite(np.median(reference))):
        return _NOWHERE
    value = float(np.median(arm) - np.median(reference))
    if min(len(arm), len(reference)) < 2:
        return Interval(value, math.nan, math.nan)
    drawn = [np.median(side[rng.integers(len(side), size=(DRAWS, len(side)))], axis=1) for side in (arm, reference)]
    with np.errstate(invalid="ignore"):
        difference = drawn[0] - drawn[1]
    if not np.isfinite(difference).all():
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(difference, [0.025, 0.975])
    return Interval(value, float(low), float(high))
