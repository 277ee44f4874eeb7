"""What so many seeds can show: stated beside every p, so that a failure to find is not read as equality.

Effects are win rates, paired or not (A12), or what is easier to picture: how many times the energy random search would
have to spend to win that often. Noether, JASA 1987. Specification: section 4.5.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.protocol import LEVEL, POWER
from fairwatt.analysis.statistics import PairedResampling, detectable_win_rate

_FLIPS = 999


def attainable_p(pairs: int) -> float:
    """The smallest two-sided p of the exact signed rank test, and of exact sign flips, of so many pairs."""
    return min(1.0, 2.0 ** (1 - pairs))


def noether(win_rate: float, level: float = LEVEL, power: float = POWER) -> int:
    """Searches of each of two unpaired arms that a two-sided Mann-Whitney test needs to find an A12 of `win_rate`.

    Raises ValueError for a win rate of 1/2, which nothing finds, or outside of 0 to 1.
    """
    from scipy.special import ndtri

    if not 0 <= win_rate <= 1 or win_rate == 0.5:
        raise ValueError(f"win_rate = {win_rate}: expected one of 0 to 1 other than 1/2")
    return math.ceil(float(ndtri(1 - level / 2) + ndtri(power)) ** 2 / (6 * (win_rate - 0.5) ** 2))


def energy_multiple(win_rate: float) -> float:
    """How many times the energy random search spends that beats random search this often.

    Of independent searches without ties the best of k n draws beats the best of n with probability k / (k + 1).
    """
    return win_rate / (1.0 - win_rate) if win_rate < 1 else math.inf


def detectable_multiple(pairs: int, *, power: float = POWER, level: float = LEVEL) -> float:
    """The smallest detectable effect of so many pairs as an energy multiple of random search; infinite for too few."""
    return energy_multiple(detectable_win_rate(pairs, power=power, level=level))


def random_search_power(
    factor: float,
    seeds: int,
    rng: np.random.Generator,
    *,
    paired: bool = True,
    trainings: int = 30,
    initial: int = 0,
    level: float = LEVEL,
    studies: int = 2_000,
) -> float:
    """Share of simulated studies in which random search at `factor` times the energy differs from random search.

    Values are continuous and independent, so that only ranks count. paired: sign flips, as in a verdict, else
    Mann-Whitney. trainings: of the reference. initial: how many of them both share under one seed.
    """
    from scipy.stats import mannwhitneyu

    shape = (studies, seeds)
    shared = _best(initial, rng, shape)
    longer = np.minimum(shared, _best(factor * trainings - initial, rng, shape))
    shorter = np.minimum(shared, _best(trainings - initial, rng, shape))
    if paired:
        p = PairedResampling(seeds, rng, draws=_FLIPS).p_values((longer - shorter).T)
    else:
        p = np.asarray(mannwhitneyu(longer, shorter, axis=1).pvalue)
    return float((p < level).mean())


def _best(draws: float, rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """[shape] the smallest of so many uniform draws, by inverting its distribution; infinite for none."""
    if draws <= 0:
        return np.full(shape, np.inf)
    return np.asarray(-np.expm1(np.log1p(-rng.random(shape)) / draws))
