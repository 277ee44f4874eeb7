"""Product-kernel density over mixed dimensions: the model of BOHB. Falkner, Klein and Hutter, ICML 2018, section 3.3.

Ordered dimensions have Gaussian kernels, unordered ones those of Aitchison and Aitken (1976). The bandwidth is the
normal reference rule, as of the multivariate density of statsmodels that the paper used. Deviations: an unordered
dimension has the levels of the space, not those that the data happen to show, and its bandwidth is at most (c - 1)/c,
where all levels weigh the same; above that a kernel would prefer what was not seen.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ProductKernelDensity:
    """A density on the unit cube, of N points in D dimensions.

    points: [N, D]; level k of c of an unordered dimension is coded (k + 1/2)/c. levels: [D], the number of levels of
    unordered dimensions, 0 for ordered ones. bandwidths: [D], in the unit cube, of unordered ones in probability.
    """

    points: Array
    levels: NDArray[np.int64]
    bandwidths: Array

    @classmethod
    def fit(cls, points: Array, levels: NDArray[np.int64], min_bandwidth: float = 1e-3) -> "ProductKernelDensity":
        """The density of points [N, D]. Raises ValueError where there is no point or the shapes disagree."""
        if points.ndim != 2 or not len(points) or levels.shape != points.shape[1:]:
            raise ValueError(f"expected points [N, D] and levels [D], got {points.shape} and {levels.shape}")
        count, dimensions = points.shape
        spread = np.std(np.where(levels > 0, _codes(points, levels), points), axis=0)
        bandwidths = np.maximum(1.06 * spread * count ** (-1 / (4 + dimensions)), min_bandwidth)
        uniform = np.where(levels > 0, 1 - 1 / np.maximum(levels, 1), np.inf)
        return cls(points, levels, np.minimum(bandwidths, uniform))

    def log_density(self, at: Array) -> Array:
        """[M] natural logarithms of the density at points [M, D]."""
        return cast(Array, np.logaddexp.reduce(self._log_kernels(at), axis=1) - np.log(len(self.points)))

    def sample(self, size: int, rng: np.random.Generator, bandwidth_factor: float = 1.0) -> Array:
        """[size, D] draws: of a point, then of its kernels; those of ordered dimensions are cut at the cube's faces.

        bandwidth_factor: widens the kernels of ordered dimensions.
        """
        drawn = self.points[rng.integers(len(self.points), size=size)]
        unordered = self.levels > 0
        u, other = rng.random((2, *drawn.shape))
        any_level = (np.floor(other * self.levels) + 0.5) / np.maximum(self.levels, 1)
        sampled = np.where(unordered & (u < self.bandwidths), any_level, drawn)
        if not unordered.all():
            from scipy.special import ndtr, ndtri

            ordered = ~unordered
            middle, width = drawn[:, ordered], bandwidth_factor * self.bandwidths[ordered]
            low, high = ndtr(-middle / width), ndtr((1 - middle) / width)
            sampled[:, ordered] = np.clip(middle + width * ndtri(low + u[:, ordered] * (high - low)), 0, 1)
        return sampled

    def _log_kernels(self, at: Array) -> Array:
        """[M, N] log of the product over dimensions."""
        total = np.zeros((len(at), len(self.points)))
        for j, (level, width) in enumerate(zip(self.levels.tolist(), self.bandwidths.tolist(), strict=True)):
            x, centre = at[:, j, None], self.points[None, :, j]
            if level == 0:
                total -= 0.5 * ((x - centre) / width) ** 2 + np.log(width * np.sqrt(2 * np.pi))
            elif level > 1:
                same = np.floor(x * level) == np.floor(centre * level)
                total += np.where(same, np.log1p(-width), np.log(width / (level - 1)))
        return total


def _codes(points: Array, levels: NDArray[np.int64]) -> Array:
    return np.floor(points * levels)
