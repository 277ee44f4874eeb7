"""How many times an arm's spend random search needs for the arm's quality.

That is what its curve (see `draws_curve`) takes for the arm's mean quality, over the arm's mean spend. The reference's
own multiple should be about 1. It is not where its searches differ in length, for the mean quality of a short and a
long one is not that of two of middle length; there a multiple of each search's own spend tells more. Nor where its
requests are no independent draws: where one search sees the same noise again each time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.statistics import Interval
from fairwatt.audit.draws_curve import Curve, Source
from fairwatt.audit.matched import Course

Array = NDArray[np.float64]
UNEVEN, DEPENDENT = "its searches differ in length", "no independent draws"
_NOWHERE = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Multiple:
    """Cost that random search needs for an arm's mean quality, over the arm's mean spend.

    interval: percentile bootstrap of the searches of both; NaN where a side has one search. by_search: the same with
    each search's own spend: see `Curve.times`. quality: the arm's mean loss. spent: its mean spend. needed: what random
    search spends for it. bound: "" where the curve tells; "more than" or "less than" where it ends. basis: where the
    curve is from; from_log: whether that is the log. searches: of the arm. without: those of them that hold no
    incumbent; where there are any there is no mean quality, and no multiple: NaN.
    """

    space: str
    endpoint: str
    method: str
    rule: str
    interval: Interval
    by_search: Interval
    quality: float
    spent: float
    needed: float
    bound: str
    basis: str
    from_log: bool
    searches: int
    without: int

    @property
    def doubt(self) -> str:
        """Of the reference itself: why its own curve does not give back what it spent, 1 time; "" where it does."""
        if not self.from_log or self.without or self.bound or _holds_one(self.interval):
            return ""
        return UNEVEN if _holds_one(self.by_search) else DEPENDENT


def _holds_one(interval: Interval) -> bool:
    return not (interval.low > 1.0 or interval.high < 1.0)


def multiple(
    arm: Sequence[Course], running: Array, limit: float, pool: Source, rule: str, rng: np.random.Generator
) -> Multiple | None:
    """The multiple of an arm's searches cut at a limit; None where the pool gives no curve or nothing was spent.

    running: see `matched.running`. A bootstrap sample whose quality lies beyond its curve counts as infinite.
    """
    curve = pool.curve()
    losses, spent = held(arm, running, limit)
    if curve is None or not spent.mean() > 0:
        return None
    head, without = (arm[0].space, pool.endpoint, arm[0].method, rule), int((~np.isfinite(losses)).sum())
    tail = (pool.basis, pool.from_log, len(arm), without)
    mean = float(spent.mean())
    if without:
        return Multiple(*head, _NOWHERE, _NOWHERE, math.inf, mean, math.nan, "", *tail)
    quality = float(losses.mean())
    samples = _samples(losses, spent, pool, rng)
    needed, bound = float(curve.needs(np.array(quality))), curve.bound(quality)
    by_search = _interval(curve.times(quality, spent), [each.times(loss, paid) for each, loss, paid in samples])
    drawn = [
        math.inf if each.bound(loss) == "more than" else float(each.needs(np.array(loss)) / paid.mean())
        for each, loss, paid in samples
    ]
    return Multiple(*head, _interval(needed / mean, drawn), by_search, quality, mean, needed, bound, *tail)


def _samples(losses: Array, spent: Array, pool: Source, rng: np.random.Generator) -> list[tuple[Curve, float, Array]]:
    """(curve, mean loss, spends) of bootstrap samples of both sides' searches; none of a side that has one."""
    found = []
    for resampled in pool.resampled if len(losses) > 1 else ():
        picked = rng.integers(len(losses), size=len(losses))
        if spent[picked].any():
            found.append((resampled, float(losses[picked].mean()), spent[picked]))
    return found


def _interval(value: float, drawn: list[float]) -> Interval:
    if not drawn:
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(drawn, 0.025, method="lower"), np.quantile(drawn, 0.975, method="higher")
    return Interval(value, float(low), float(high))


def held(arm: Sequence[Course], running: Array, limit: float) -> tuple[Array, Array]:
    """(losses [A], spent [A]) of searches cut at a limit."""
    limits = np.array([limit])
    losses = np.array([course.held(running, limits)[0] for course in arm])
    return losses, np.array([course.spent(running, limits)[0] for course in arm])
