"""How much of a table's accuracy is architecture, how much is seed, and how budgets agree.

One-way random-effects analysis of variance (Shrout and Fleiss 1979, ICC(1)); Kendall's tau-b.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Repeatability:
    """architecture_std, seed_std: components of the accuracy's spread over cells and repeats.

    icc: the share of a single training's variance that is the architecture's.
    """

    cells: int
    architecture_std: float
    seed_std: float
    icc: float


def repeatability(accuracy: NDArray[np.float64]) -> Repeatability:
    """Components of `accuracy` [K cells, R repeats]; a negative architecture variance counts as 0.

    Raises ValueError for fewer than 2 cells or repeats.
    """
    cells, repeats = accuracy.shape
    if cells < 2 or repeats < 2:
        raise ValueError(f"accuracy [{cells}, {repeats}]: at least 2 cells and 2 repeats are needed")
    within = float(accuracy.var(axis=1, ddof=1).mean())
    between = repeats * float(accuracy.mean(axis=1).var(ddof=1))
    architecture = max(0.0, (between - within) / repeats)
    total = architecture + within
    return Repeatability(
        cells=cells,
        architecture_std=architecture**0.5,
        seed_std=within**0.5,
        icc=architecture / total if total else 0.0,
    )


def budget_agreement(accuracy: NDArray[np.float64]) -> NDArray[np.float64]:
    """[F] Kendall's tau-b of each budget's ranking with the last one's; `accuracy` is [K, F]."""
    from scipy.stats import kendalltau

    full = accuracy[:, -1]
    return np.array([float(kendalltau(budget, full).statistic) for budget in accuracy.T])
