"""Statistics of paired searches: the unit is the seed. Everything is minimised, so a negative difference is better.

A12: Vargha and Delaney, JEBS 2000. BCa: Efron, JASA 1987. Holm: SJS 1979. Sign flips: Fisher 1935. q-values:
Benjamini and Hochberg, JRSS B 1995. Signed rank: Wilcoxon, Biometrics Bulletin 1945. Specification: 4.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_EXACT_PAIRS = 13  # up to here all 2^S sign flips are fewer than the random ones
_TOLERANCE = 1e-12  # relative; a flip that equals the observed sum must count, whatever the order of additions


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float


def a12(a: ArrayLike, b: ArrayLike) -> float:
    """P(a > b) + P(a = b)/2 for independent draws from samples a [n] and b [m]; ValueError where one is empty."""
    first, second = np.asarray(a, dtype=np.float64), np.sort(np.asarray(b, dtype=np.float64))
    if not first.size or not second.size:
        raise ValueError(f"A12 needs two samples, got {first.size} and {second.size} values")
    below = np.searchsorted(second, first, side="left") + np.searchsorted(second, first, side="right")
    return float(below.mean() / (2 * second.size))


def cliff_delta(a: ArrayLike, b: ArrayLike) -> float:
    """P(a > b) - P(a < b) of samples a [n] and b [m]: 2 A12 - 1; ValueError where one is empty."""
    return 2.0 * a12(a, b) - 1.0


def paired_win_rate(differences: ArrayLike) -> float:
    """Share of negative differences [S] plus half the share of zeros; NaN for none."""
    signs = np.sign(np.asarray(differences, dtype=np.float64))
    return float(0.5 - signs.mean() / 2) if signs.size else math.nan


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values of one family, in the same order.

    Not statsmodels', which collects garbage at every call: .1 s, and more where thousands of runs are in memory.
    """
    array = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(array, kind="stable")
    steps = np.maximum.accumulate(array[order] * np.arange(array.size, 0, -1))
    adjusted = np.empty_like(array)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(p) for p in adjusted]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """q-values of everything exploratory, in the same order: the false discovery rate of calling those up to it.

    NaN where p is, which counts for nothing.
    """
    from scipy.stats import false_discovery_control

    q_values = np.asarray(p_values, dtype=np.float64).copy()
    known = ~np.isnan(q_values)
    q_values[known] = false_discovery_control(q_values[known])
    return [float(q) for q in q_values]


def wilcoxon_p(differences: ArrayLike) -> float:
    """Two-sided p of the signed rank test of differences [S], the rank of zeros split between the signs.

    1 where all are zero, NaN where there are none or one is NaN. Exact for few pairs, see `scipy.stats.wilcoxon`.
    """
    from scipy.stats import wilcoxon

    array = np.asarray(differences, dtype=np.float64)
    if not array.size or np.isnan(array).any():
        return math.nan
    return float(wilcoxon(array, zero_method="zsplit").pvalue) if array.any() else 1.0


def sign_test_power(pairs: int, win_rate: float, level: float = 0.05) -> float:
    """How often the exact two-sided sign test of so many pairs finds a paired win rate; no approximation."""
    from scipy.special import bdtr, bdtrc

    least = _fewest_wins(pairs, level)
    if least > pairs:
        return 0.0
    return float(bdtr(pairs - least, pairs, win_rate) + bdtrc(least - 1, pairs, win_rate))


@cache
def detectable_win_rate(pairs: int, *, power: float = 0.8, level: float = 0.05) -> float:
    """The paired win rate that the exact two-sided sign test of so many pairs finds with this power; 1 at most."""
    from scipy.optimize import brentq

    if _fewest_wins(pairs, level) > pairs:
        return 1.0
    return float(brentq(lambda rate: sign_test_power(pairs, rate, level) - power, 0.5, 1.0))


def _fewest_wins(pairs: int, level: float) -> int:
    """Wins of which a two-sided sign test of so many pairs makes a finding; pairs + 1 where not even all suffice."""
    from scipy.special import bdtr

    tails = bdtr(np.arange(pairs + 1), pairs, 0.5)  # of so few losses or fewer; more are likelier
    return pairs + 1 - int(np.searchsorted(tails, level / 2, side="right"))


class PairedResampling:
    """Sign flips and bootstraps of S pairs, from streams of their own, the same for every pair of arms.

    pairs: S, at least 2. rng: the source of both. draws: flips (where not all 2^S are used) and bootstrap samples. The
    flips are drawn here and not by scipy's `permutation_test`, which takes a second for each column that takes
    milliseconds so; the tests hold them against it.
    """

    def __init__(self, pairs: int, rng: np.random.Generator, *, draws: int = 9_999) -> None:
        if pairs < 2:
            raise ValueError(f"resampling needs 2 pairs or more, got {pairs}")
        self.pairs = pairs
        self._draws = draws
        if pairs <= _EXACT_PAIRS:
            bits = np.arange(2**pairs)[:, None] >> np.arange(pairs) & 1
            self._signs = 1.0 - 2.0 * bits  # [F, S]
        else:
            self._signs = 1.0 - 2.0 * rng.integers(2, size=(draws, pairs))
            self._signs = np.vstack([np.ones(pairs), self._signs])  # the observed signs are one of the flips
        self._drawn = rng.multinomial(pairs, np.full(pairs, 1.0 / pairs), size=draws).astype(np.float64)
        """[D, S] how often each pair is in each bootstrap sample."""

    @property
    def attainable_p(self) -> float:
        """The smallest two-sided p that these flips can have: of all 2^S of them, or of those that were drawn."""
        exact = min(1.0, 2.0 ** (1 - self.pairs))
        return exact if self.pairs <= _EXACT_PAIRS else max(exact, 1.0 / len(self._signs))

    def p_values(self, differences: ArrayLike) -> Array:
        """[C] two-sided p of mean difference 0 for each column of [S, C], by flipping the signs of pairs."""
        array = np.asarray(differences, dtype=np.float64)
        flipped, observed = np.abs(self._signs @ array), np.abs(array.sum(axis=0))
        slack = _TOLERANCE * np.abs(array).sum(axis=0)
        return np.asarray((flipped >= observed - slack).mean(axis=0), dtype=np.float64)

    def interval(self, samples: ArrayLike, statistic: Callable[[Array], Array]) -> Interval:
        """BCa 95 % interval of a function of means over seeds.

        samples: [S, C]; statistic: means [..., C] to values [...]. Where BCa is undefined (a censored or constant
        statistic) the percentile interval is given.
        """
        from scipy.stats import DegenerateDataWarning, bootstrap

        array = np.asarray(samples, dtype=np.float64)

        def of_means(*columns: Array, axis: int = -1) -> Array:
            return statistic(np.stack([column.mean(axis=axis) for column in columns], axis=-1))

        with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
            warnings.simplefilter("ignore", DegenerateDataWarning)
            drawn = statistic(self._drawn @ array / self.pairs)  # by one product; scipy's own take ten times as long
            result: Any = SimpleNamespace(bootstrap_distribution=drawn)  # all that scipy looks at of an earlier result
            found = bootstrap(
                tuple(array.T),
                of_means,
                paired=True,
                vectorized=True,
                n_resamples=0,
                bootstrap_result=result,
                rng=np.random.default_rng(0),  # which draws nothing; but None is the global state
            )
        low, high = found.confidence_interval
        if not (np.isfinite(low) and np.isfinite(high)):
            low, high = np.quantile(found.bootstrap_distribution, [0.025, 0.975])
        return Interval(float(statistic(array.mean(axis=0))), float(low), float(high))
