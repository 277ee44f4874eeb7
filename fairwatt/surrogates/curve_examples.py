"""Learning curves with the features of what was trained: what curve models learn from and are scored on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError

Array = NDArray[np.float64]
KINDS = ("validation", "test")
LEAST_POINTS = 7
"""Points of a curve, so that every degree of `bezier` has more of them than control points."""


@dataclass(frozen=True)
class CurveExamples:
    """N trainings.

    architecture [N, A], hyper [N, H]: features. lengths [N]: points of the curves. errors [N, 2, E]: of validation and
    test in percent, point j (from 1) at progress j/length; anything behind a curve's length. Raises UserError for
    curves that are too short, lie outside 0..100 or are not finite, features that are not finite, shapes that differ.
    """

    architecture: Array
    hyper: Array
    lengths: NDArray[np.int64]
    errors: Array

    def __post_init__(self) -> None:
        rows = len(self.lengths)
        if self.errors.ndim != 3 or self.errors.shape[1] != len(KINDS):
            raise UserError(f"curves of shape {self.errors.shape}: expected [trainings, 2, points]")
        counted = {"architecture": len(self.architecture), "hyper": len(self.hyper), "errors": len(self.errors)}
        if wrong := {name: count for name, count in counted.items() if count != rows}:
            raise UserError(f"{rows} lengths with {wrong}: expected as many of each")
        if not (np.isfinite(self.architecture).all() and np.isfinite(self.hyper).all()):
            raise UserError("features that are not finite: expected numbers for every training")
        points = self.errors.shape[2]
        if rows and not LEAST_POINTS <= self.lengths.min() <= self.lengths.max() <= points:
            span = f"{self.lengths.min()} to {self.lengths.max()}"
            raise UserError(f"curves of {span} points: expected {LEAST_POINTS} to {points}; train for more epochs")
        there = self.errors[np.broadcast_to(self._measured, self.errors.shape)]
        if not ((there >= 0) & (there <= 100)).all():
            raise UserError("errors outside 0 to 100 percent, or not finite; a diverged training has those of chance")

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, chosen: NDArray[np.generic]) -> "CurveExamples":
        """Those of a mask or of row numbers."""
        parts = (self.architecture, self.hyper, self.lengths, self.errors)
        return CurveExamples(*(part[chosen] for part in parts))

    def groups(self) -> list[tuple[int, NDArray[np.intp], Array]]:
        """(length, rows, errors [rows, 2, length]) of each length, ascending."""
        found = []
        for length in np.unique(self.lengths).tolist():
            rows = np.flatnonzero(self.lengths == length)
            found.append((length, rows, self.errors[rows, :, :length]))
        return found

    def at(self, positions: Array) -> Array:
        """[N, 2, K] errors, interpolated between points; positions [K]: 0 is the first point, 1 the last."""
        found = np.empty((len(self), len(KINDS), len(positions)))
        for length, rows, errors in self.groups():
            place = np.asarray(positions) * (length - 1)
            left = np.minimum(place.astype(np.intp), length - 2)
            share = place - left
            found[rows] = errors[:, :, left] * (1 - share) + errors[:, :, left + 1] * share
        return found

    @property
    def last(self) -> Array:
        """[N, 2] errors at the end."""
        return np.asarray(self.errors[np.arange(len(self)), :, self.lengths - 1])

    @property
    def _measured(self) -> NDArray[np.bool_]:
        return np.asarray(np.arange(self.errors.shape[2]) < self.lengths[:, None, None])
