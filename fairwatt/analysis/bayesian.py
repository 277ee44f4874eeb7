"""The Bayesian signed rank test: how probable it is that one of two paired searches is better in practice.

Benavoli, Mangili, Corani, Zaffalon and Ruggeri, ICML 2014. The differences, with one at zero of weight 1/2 as prior,
are given weights from a Dirichlet distribution; each draw of weights says which of left, region of practical
equivalence and right has the largest share of all sums of two differences. The tests hold this against baycomp, whose
loop takes about a second for 50,000 draws of 30 pairs; sorted differences and running sums of weights a tenth of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

DRAWS = 20_000
"""So that a probability has a Monte-Carlo error of .0035 at most."""
_PRIOR_WEIGHT = 0.5  # of the difference at zero
_BLOCK = 1 << 21  # weights held at a time: 16 MB


@dataclass(frozen=True)
class Posterior:
    """Probabilities that sum to 1. left: the arm is lower (better) beyond the region; rope: it is within; right."""

    left: float
    rope: float
    right: float


def signed_rank(differences: ArrayLike, rope: float, rng: np.random.Generator, *, draws: int = DRAWS) -> Posterior:
    """Posterior of paired differences [S], arm - reference, for a region of practical equivalence of -rope to rope.

    Raises ValueError for no differences, for differences that are not finite, and for a rope that is not positive.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not values.size or not np.isfinite(values).all():
        raise ValueError(f"the signed rank test needs finite differences, got {values.tolist()}")
    if not rope > 0:
        raise ValueError(f"rope = {rope}: expected a positive half width")
    values = np.append(0.0, values)  # the prior's first
    alpha = np.where(np.arange(values.size) == 0, _PRIOR_WEIGHT, 1.0)
    order = np.argsort(values, kind="stable")
    values, alpha = values[order], alpha[order]
    wins, block = np.zeros(3), max(_BLOCK // values.size, 1)
    for begin in range(0, draws, block):
        weights = rng.standard_gamma(alpha[:, None], size=(values.size, min(block, draws - begin)))  # [S + 1, D]
        running = np.vstack([np.zeros_like(weights[:1]), weights.cumsum(axis=0)])
        total = running[-1]
        left = (weights * _mass_below(running, values, -2 * rope - values)).sum(axis=0)
        right = (weights * (total - _mass_below(running, values, 2 * rope - values))).sum(axis=0)
        shares = np.stack([left, total**2 - left - right, right])
        wins += np.bincount(shares.argmax(axis=0), minlength=3)
    return Posterior(*(wins / draws).tolist())


def _mass_below(running: Array, values: Array, thresholds: Array) -> Array:
    """[T, D] weight of ascending values [V] below each threshold [T], plus half the weight of those that equal it.

    running: [V + 1, D] sums of the first 0 to V weights.
    """
    below, upto = (np.searchsorted(values, thresholds, side=side) for side in ("left", "right"))
    return (running[below] + running[upto]) / 2
