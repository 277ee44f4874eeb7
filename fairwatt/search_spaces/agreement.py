"""How far two energies of the same cells agree: ratio, and rank correlations with a bootstrap interval over cells."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLES = 1_999
SEED = 2026


@dataclass(frozen=True)
class Agreement:
    """Two energies of the same cells.

    energy, other: what is compared with what. epochs: of the trainings. cells: how many both have. ratio: median of
    energy/other. tau: Kendall's tau-b; low, high: its 95 % bootstrap interval over cells. rho: Spearman's. note: which
    cells were left out.
    """

    energy: str
    other: str
    epochs: int
    cells: int
    ratio: float
    tau: float
    low: float
    high: float
    rho: float
    note: str = ""

    def __str__(self) -> str:
        which = f", {self.note}" if self.note else ""
        return (
            f"{self.energy} v. {self.other}, {self.cells:,} cells at {self.epochs} epochs{which}: × {self.ratio:.3f}, "
            f"Kendall's tau-b {self.tau:.3f} [{self.low:.3f}, {self.high:.3f}], Spearman's rho {self.rho:.3f}"
        )


def agree(energy: str, other: str, epochs: int, x: Array, y: Array) -> Agreement:
    """The agreement of two energies x, y [K] of the same cells, K at least 3 and neither constant.

    The interval is BCa (Efron 1987) from `RESAMPLES` seeded resamples of cells; where BCa is undefined, because every
    resample ranks alike, the percentile interval. Raises ValueError for fewer cells and for constant energies.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap, spearmanr

    if len(x) != len(y) or len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise ValueError(f"a rank correlation needs two varying energies of 3 or more cells, not {len(x)} and {len(y)}")
    kendall = _KendallTau(x, y)
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            (np.arange(len(x)),),
            kendall.of_samples,
            vectorized=True,
            n_resamples=RESAMPLES,
            method="BCa",
            rng=np.random.default_rng(SEED),
        )
    low, high = found.confidence_interval
    if not (np.isfinite(low) and np.isfinite(high)):
        low, high = np.nanquantile(found.bootstrap_distribution, [0.025, 0.975])
    tau = float(kendall.of_samples(np.arange(len(x))))
    ratio, rho = float(np.median(x / y)), float(spearmanr(x, y).statistic)
    return Agreement(energy, other, epochs, len(x), ratio, tau, float(low), float(high), rho)


class _KendallTau:
    """Kendall's tau-b of resamples of K pairs, by matrix products.

    A pair that is drawn twice is tied with itself in both variables and so counts neither above nor below the line.
    """

    def __init__(self, x: Array, y: Array) -> None:
        signs_x, signs_y = (np.sign(values[:, None] - values).astype(np.float32) for values in (x, y))
        self._both, self._x, self._y = signs_x * signs_y, np.abs(signs_x), np.abs(signs_y)

    def of_samples(self, places: NDArray[np.intp], axis: int = -1) -> Any:
        """[...] tau-b of samples, each given by the places of its pairs along `axis` of [..., N]."""
        drawn, known = np.moveaxis(places, axis, -1), len(self._both)
        samples = drawn.reshape(-1, drawn.shape[-1])
        offsets = known * np.arange(len(samples))[:, None]
        counts = np.bincount((samples + offsets).ravel(), minlength=known * len(samples)).reshape(-1, known)
        weights = counts.astype(np.float32)  # sums of signs stay whole numbers below 2**24: exact

        def sums(signs: NDArray[np.float32]) -> Array:
            return np.asarray(np.einsum("bk,bk->b", weights @ signs, weights, dtype=np.float64))

        tau = sums(self._both) / np.sqrt(sums(self._x) * sums(self._y))
        return tau.reshape(drawn.shape[:-1])
