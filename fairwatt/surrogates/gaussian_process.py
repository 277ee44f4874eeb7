"""Gaussian process regression. Rasmussen and Williams, MIT Press 2006, Algorithm 2.1, with a Matérn kernel of nu = 5/2.

One length scale for all features: one for each of 26 features overfits 20 to 80 trainings. The length scale and the
noise are those of the highest marginal likelihood on a grid, where the best scale has a closed form and one
eigendecomposition serves all noises; so there is no climb to start, to stop or to get stuck.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LENGTHS = np.geomspace(0.1, 10.0, 13)
"""Length scales of the grid, in units of sqrt(D): the diagonal of the unit cube."""
NOISES = np.geomspace(1e-4, 1.0, 9)
"""Variances of the noise on the grid, as shares of the kernel's scale."""
ROOT_5 = 5**0.5
TINY = 1e-12


class Hyperparameters(NamedTuple):
    """Of targets that are standardised. length: in the features' unit; noise: as a share of scale, a variance."""

    length: float
    noise: float
    scale: float


@dataclass(frozen=True)
class GaussianProcess:
    """A posterior over functions of D features.

    features: [N, D] of the data. weights: [N]. factor: [N, N], lower triangular. centre, spread: of the targets.
    """

    features: Array
    weights: Array
    factor: Array
    hyperparameters: Hyperparameters
    centre: float
    spread: float

    @classmethod
    def fit(cls, features: Array, targets: Array, settled: Hyperparameters | None = None) -> "GaussianProcess":
        """The posterior given targets [N] at features [N, D].

        settled: hyperparameters to take instead of the most likely ones. Raises ValueError where there is no target or
        the shapes disagree.
        """
        from scipy.linalg import cho_solve

        if features.ndim != 2 or not len(targets) or targets.shape != features.shape[:1]:
            raise ValueError(f"expected features [N, D] and targets [N], got {features.shape} and {targets.shape}")
        centre, spread = float(np.mean(targets)), float(np.std(targets)) or 1.0
        standardised = (targets - centre) / spread
        apart = _distances(features, features)
        chosen = settled or _most_likely(apart, standardised, LENGTHS * features.shape[1] ** 0.5)
        noisy = _matern(apart / chosen.length) + chosen.noise * np.eye(len(targets))
        factor = np.asarray(np.linalg.cholesky(noisy), dtype=np.float64)
        weights = np.asarray(cho_solve((factor, True), standardised))
        return cls(features, weights, factor, chosen, centre, spread)

    def predict(self, features: Array) -> tuple[Array, Array]:
        """Mean [M] and standard deviation [M] of the function, without the noise, at features [M, D]."""
        from scipy.linalg import solve_triangular

        kernels = _matern(_distances(features, self.features) / self.hyperparameters.length)
        explained = solve_triangular(self.factor, kernels.T, lower=True)
        variance = np.maximum(1.0 - np.einsum("nm,nm->m", explained, explained), 0.0)
        deviation = self.spread * np.sqrt(self.hyperparameters.scale * variance)
        return self.centre + self.spread * (kernels @ self.weights), deviation


def _most_likely(apart: Array, targets: Array, lengths: Array) -> Hyperparameters:
    """Of distances [N, N] and targets [N], those of the highest marginal likelihood; of equals the first."""
    best, highest = Hyperparameters(float(lengths[0]), float(NOISES[0]), 1.0), -np.inf
    for length in lengths.tolist():
        values, vectors = np.linalg.eigh(_matern(apart / length))
        spectra = np.maximum(values, 0.0) + NOISES[:, None]
        scales = np.maximum(((targets @ vectors) ** 2 / spectra).mean(axis=1), TINY)
        likelihoods = -0.5 * (len(targets) * np.log(scales) + np.log(spectra).sum(axis=1))  # up to a constant
        place = int(np.argmax(likelihoods))
        if likelihoods[place] > highest:
            highest = float(likelihoods[place])
            best = Hyperparameters(length, float(NOISES[place]), float(scales[place]))
    return best


def _matern(distances: Array) -> Array:
    """The kernel at distances in units of the length scale."""
    scaled = ROOT_5 * distances
    return np.asarray((1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled))


def _distances(a: Array, b: Array) -> Array:
    """[A, B] Euclidean distances between points [A, D] and [B, D]."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(a, b))
