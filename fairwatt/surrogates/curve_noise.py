"""How far trainings lie from a predicted curve: whole measured deviations, so noise keeps its shape over a training.

A deviation divided by its scale is a *shape*; the scale depends on progress, on the predicted level (chance level is
quiet, half-learned trainings are not) and on how far the members of an ensemble are apart. Drawing a shape of a similar
level (Härdle and Bowman 1988 draw residuals so) and giving it the scale at hand makes noise that is correlated along
the curve and between validation and test as measured noise is. Intervals are quantiles of shapes times the scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
LEVELS = np.linspace(0.0, 100.0, 11)
BANDWIDTH = 8.0
"""Percent of error over which the scale is averaged."""
LEAST_SCALE = 0.3
"""Percent of error: half of what one image of 150 makes."""
PRIOR = 5.0
"""Trainings' worth of the mean scale at a level where none lies."""
NEAREST, LEAST_NEAREST, NEAREST_SHARE = 120, 20, 0.2
"""Shapes of the most similar levels that noise is drawn from: a fifth of them, 20 to 120."""
_WINDOW = 2


@dataclass(frozen=True)
class CurveNoise:
    """levels [R]: predicted validation errors at the end, ascending. shapes [R, 2, P]: of their trainings, at P evenly
    spaced positions from 0 to 1. scale [2, P, 11]: in percent of error, at the positions and LEVELS."""

    levels: NDArray[np.float32]
    shapes: NDArray[np.float16]
    scale: NDArray[np.float32]

    @classmethod
    def fit(cls, deviations: Array, means: Array, spreads: Array) -> "CurveNoise":
        """From deviations [R, 2, P] of trainings from their predictions [R, 2, P], ensembles' spreads [R, 2, P]."""
        beyond = deviations**2 - spreads**2  # what the spread does not explain
        overall = beyond.mean(axis=0)
        scale = np.empty((*overall.shape, len(LEVELS)))
        for place, level in enumerate(LEVELS):
            weight = np.exp(-0.5 * ((means - level) / BANDWIDTH) ** 2)
            scale[..., place] = (weight * beyond).sum(axis=0) + PRIOR * overall
            scale[..., place] /= weight.sum(axis=0) + PRIOR
        scale = np.sqrt(np.maximum(scale, LEAST_SCALE**2)).astype(np.float32)
        order = np.argsort(means[:, 0, -1], kind="stable")
        positions = np.broadcast_to(np.linspace(0.0, 1.0, deviations.shape[2]), (len(means), deviations.shape[2]))
        own = np.hypot(_at(scale, means, positions), spreads)
        shapes = (deviations / own)[order].astype(np.float16)
        return cls(means[order, 0, -1].astype(np.float32), shapes, scale)

    def total(self, means: Array, spreads: ArrayLike, positions: Array) -> Array:
        """[N, 2, K] scales of predictions [N, 2, K] at positions [K] or [N, K], for ensemble spreads [N, 2, K]."""
        return np.hypot(_at(self.scale, means, np.broadcast_to(positions, means[:, 0].shape)), spreads)

    def interval(self, means: Array, spreads: ArrayLike, positions: Array, coverage: float) -> tuple[Array, Array]:
        """Ends [N, 2, K], within 0..100 percent, of intervals that hold a share `coverage` of trainings."""
        positions = np.broadcast_to(positions, means[:, 0].shape)
        scale = self.total(means, spreads, positions)
        low, high = self._quantiles(coverage)
        grid = np.linspace(0.0, 1.0, self.shapes.shape[2])
        ends = []
        for quantile in (low, high):
            factor = np.stack([np.interp(positions, grid, quantile[kind]) for kind in (0, 1)], axis=1)
            ends.append(np.clip(means + factor * scale, 0.0, 100.0))
        return ends[0], ends[1]

    def draw(self, means: Array, spreads: ArrayLike, positions: Array, last: Array, uniforms: Array) -> Array:
        """[N, 2, K] deviations at positions [K] or [N, K] of predictions [N, 2, K] that end at `last` [N].

        uniforms [N], in [0, 1): which of the similar shapes each prediction gets, and with which sign, so that noise
        has the mean 0 however few there are; the same one, the same noise.
        """
        near = min(len(self.levels), max(LEAST_NEAREST, min(NEAREST, round(NEAREST_SHARE * len(self.levels)))))
        begin = np.clip(np.searchsorted(self.levels, last) - near // 2, 0, len(self.levels) - near)
        drawn = (np.asarray(uniforms) * 2 * near).astype(np.intp)
        chosen, sign = begin + drawn // 2, 1 - 2 * (drawn % 2)
        place = np.broadcast_to(positions, means[:, 0].shape) * (self.shapes.shape[2] - 1)
        left = np.minimum(place.astype(np.intp), self.shapes.shape[2] - 2)
        share = (place - left)[:, None, :]
        rows, kinds = chosen[:, None, None], np.arange(2)[:, None]
        shape = self.shapes[rows, kinds, left[:, None, :]] * (1 - share)
        shape += self.shapes[rows, kinds, left[:, None, :] + 1] * share
        return np.asarray(sign[:, None, None] * shape * self.total(means, spreads, positions))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The fields, by name."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "CurveNoise":
        """The inverse of `arrays`; raises KeyError where one is missing."""
        return cls(*(arrays[name] for name in cls.__annotations__))

    def _quantiles(self, coverage: float) -> tuple[Array, Array]:
        """Two arrays [2, P] between which so many shapes lie, each from those of its position and two beside it."""
        shapes = self.shapes.astype(np.float64)
        ends = np.empty((2, *shapes.shape[1:]))
        # of n shapes, the k-th smallest is above a new one with probability k / (n + 1): conformal prediction's count
        tail = max((1 - coverage) / 2 - coverage / (2 * (len(shapes) + 1)), 0.0)
        for place in range(shapes.shape[2]):
            near = shapes[:, :, max(place - _WINDOW, 0) : place + _WINDOW + 1]
            ends[..., place] = np.quantile(near, (tail, 1 - tail), axis=(0, 2))
        return ends[0], ends[1]


def _at(table: NDArray[np.float32], levels: Array, positions: Array) -> Array:
    """[N, 2, K] a table [2, P, levels] between its points, at levels [N, 2, K] and positions [N, K]."""
    _, points, steps = table.shape
    along = np.broadcast_to(positions[:, None, :], levels.shape) * (points - 1)
    across = np.clip(levels, 0.0, 100.0) / 100.0 * (steps - 1)
    left, low = np.minimum(along.astype(np.intp), points - 2), np.minimum(across.astype(np.intp), steps - 2)
    x, y, kinds = along - left, across - low, np.arange(2)[:, None]
    corners = [
        table[kinds, left + i, low + j] * (x if i else 1 - x) * (y if j else 1 - y) for i in (0, 1) for j in (0, 1)
    ]
    return np.asarray(sum(corners), dtype=np.float64)
