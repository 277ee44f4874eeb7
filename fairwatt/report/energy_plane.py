"""The plane of energy against error: what is known and found in it, the part that is shown, and staircases there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.attainment import PERCENTILES, surfaces
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import Book

Array = NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """Points of (energy in kWh, error), arrays of [N, 2].

    cloud: everything that could be reached; front: of it, those that nothing dominates; found: the corners of each
    arm's surface; outer: other surfaces of the same arms, which are thin lines.
    """

    cloud: Array
    front: Array
    found: Mapping[str, Array]
    outer: Sequence[Mapping[str, Array]] = ()

    @classmethod
    def of(cls, comparison: Comparison, book: Book, arms: Collection[str] | None = None) -> "Plane":
        """What half of the seeds of each arm attain under books, beside what a quarter and three quarters do."""
        attained = (surfaces(comparison.endpoints, book, percentile) for percentile in PERCENTILES)
        low, found, high = (
            {arm: corners for arm, corners in every.items() if arms is None or arm in arms} for every in attained
        )
        truth = comparison.truth
        cloud = truth.test_points(np.arange(len(truth.energy_kwh)))
        return cls(cloud, by_energy(truth.test_front.front), found, (low, high))

    @property
    def best_first(self) -> list[str]:
        """Arms by the lowest error that they found."""
        return sorted(self.found, key=lambda arm: float(self.found[arm][:, 1].min()))

    def window(self, shown: Collection[Array], *, aside: float, margin: float) -> tuple[Range, Range]:
        """From and to, of energies and of errors: of all energies, of errors up to those of the front and of `shown`.

        aside: a factor around energies, whose axis is logarithmic; margin: around errors, a share of their range.
        """
        worst = max(float(points[:, 1].max()) for points in (self.front, *shown))
        best = float(min(self.front[:, 1].min(), self.cloud[:, 1].min()))
        room = margin * ((worst - best) or worst or 1.0)
        energies = self.cloud[:, 0][self.cloud[:, 0] > 0]
        return (float(energies.min()) / aside, float(energies.max()) * aside), (best - room, worst + room)


def staircase(corners: Array, right: float, top: float) -> Array:
    """[P + 2, 2] from above the first corner [P, 2] to the right of the last: what each dominates begins at it.

    Corners that are not below the top are left out: a line along the edge would say that their error is that of the
    edge. Nothing where none is left.
    """
    seen = by_energy(corners[corners[:, 1] < top])
    if not len(seen):
        return np.empty((0, 2))
    return np.vstack([[seen[0, 0], top], seen, [max(right, seen[-1, 0]), seen[-1, 1]]])


def by_energy(points: Array) -> Array:
    """Points [N, 2] by their first coordinate."""
    return points[np.argsort(points[:, 0])]
