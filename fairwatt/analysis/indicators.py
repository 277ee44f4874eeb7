"""Quality indicators of searches and of fronts. Everything is minimised; points are rows.

Hypervolume: Zitzler and Thiele, PPSN 1998; IGD+: Ishibuchi et al., EMO 2015; additive epsilon: Zitzler et al., IEEE TEC
2003; expected running cost (ERT): Hansen et al., COCO. Fronts are computed by moocore.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

REFERENCE_POINT = (1.1, 1.1)
"""In units of the true front: 0 is its ideal point, 1 its nadir. It never depends on the runs compared."""


def hypervolume(points: ArrayLike, ref: ArrayLike) -> float:
    """Volume that points [P, M] dominate within the reference point [M]; 0 for no points, none from points outside."""
    import moocore

    array = np.asarray(points, dtype=np.float64)
    return float(moocore.hypervolume(array, ref=np.asarray(ref, dtype=np.float64))) if array.size else 0.0


def igd_plus(points: ArrayLike, front: ArrayLike) -> float:
    """Mean distance from a front [F, M] to what points [P, M] dominate; 0 if all of it is, infinite for no points."""
    import moocore

    array = np.asarray(points, dtype=np.float64)
    return float(moocore.igd_plus(array, ref=np.asarray(front, dtype=np.float64))) if array.size else np.inf


def epsilon_additive(points: ArrayLike, front: ArrayLike) -> float:
    """The smallest shift that makes points [P, M] weakly dominate a front [F, M]; infinite for no points."""
    import moocore

    array = np.asarray(points, dtype=np.float64)
    return float(moocore.epsilon_additive(array, ref=np.asarray(front, dtype=np.float64))) if array.size else np.inf


def nondominated(points: ArrayLike) -> Points:
    """The points [F, 2] that no other point of [P, 2] dominates, by first coordinate, each value once."""
    array = np.asarray(points, dtype=np.float64)
    array = array[np.lexsort(array.T[::-1])]
    before = np.minimum.accumulate(np.concatenate([[np.inf], array[:-1, 1]]))
    front: Points = array[array[:, 1] < before]
    return front


@dataclass(frozen=True)
class FrontScale:
    """A true front as the unit of measurement: its ideal point is 0, its nadir 1, its hypervolume 1.

    front: [F, 2] in natural units; ideal, nadir: [2]; best: hypervolume of the front in normalised units.
    """

    front: Points
    ideal: Points
    nadir: Points
    best: float

    @classmethod
    def of(cls, points: ArrayLike) -> "FrontScale":
        """The scale that the front of all points [P, 2] gives."""
        front = nondominated(points)
        ideal, nadir = front.min(axis=0), front.max(axis=0)
        return cls(front, ideal, nadir, hypervolume(_scaled(front, ideal, nadir), REFERENCE_POINT))

    @cached_property
    def normalised_front(self) -> Points:
        """[F, 2] the front in units of itself."""
        return self.normalise(self.front)

    def normalise(self, points: ArrayLike) -> Points:
        """Points [P, 2] in units of the front."""
        return _scaled(np.asarray(points, dtype=np.float64).reshape(-1, 2), self.ideal, self.nadir)

    def hypervolume_regret(self, points: ArrayLike) -> float:
        """1 - HV/HV* of points [P, 2]: 0 is the whole front, 1 is nothing within the reference point."""
        return 1.0 - hypervolume(self.normalise(points), REFERENCE_POINT) / self.best

    def hypervolume_regrets(self, points: ArrayLike, sizes: Sequence[int]) -> Points:
        """[V] as of `hypervolume_regret`, of sets that stand one after another in points [P, 2], so many in each."""
        from moocore import Hypervolume

        volume, normalised, ends = Hypervolume(ref=REFERENCE_POINT), self.normalise(points), np.cumsum(sizes)
        sets = (normalised[end - size : end] for size, end in zip(sizes, ends.tolist(), strict=True))
        return 1.0 - np.array([volume(members) if len(members) else 0.0 for members in sets]) / self.best

    def igd_plus(self, points: ArrayLike) -> float:
        """IGD+ of points [P, 2] to the front, in units of the front."""
        return igd_plus(self.normalise(points), self.normalised_front)

    def epsilon_additive(self, points: ArrayLike) -> float:
        """Additive epsilon of points [P, 2] to the front, in units of the front."""
        return epsilon_additive(self.normalise(points), self.normalised_front)


def _scaled(points: Points, ideal: Points, nadir: Points) -> Points:
    span = nadir - ideal  # 0 where one network is the best in everything: then natural units serve
    scaled: Points = (points - ideal) / np.where(span > 0, span, 1.0)
    return scaled


def step_mean(times: ArrayLike, values: ArrayLike, end: float) -> float:
    """Mean over [times[0], end) of the right-continuous step that takes values [T] at ascending times [T]."""
    starts = np.asarray(times, dtype=np.float64)
    widths = np.diff(np.append(np.minimum(starts, end), end))
    return float(widths @ np.asarray(values, dtype=np.float64) / (end - starts[0]))


def expected_running_cost(hits: Sequence[float | None], spent: Sequence[float]) -> float:
    """Cost in all runs up to their hit of the target, or to their end, per hit; infinite where none hit.

    hits: [S] cost at the hit, None for a miss. spent: [S] cost at the end of each run.
    """
    count = sum(hit is not None for hit in hits)
    total = sum(end if hit is None else hit for hit, end in zip(hits, spent, strict=True))
    return total / count if count else np.inf
