"""Orders by dominance, and what breaks their ties. Two losses, both minimised; points are rows.

Non-dominated sorting: Deb et al., IEEE TEC 2002, section III-A, by moocore. Its fronts are told apart further by how
far a point is from its neighbours (crowding distance, section III-B there) or by what it alone adds to the hypervolume
(SMS-EMOA. Beume, Naujoks and Emmerich, EJOR 2007).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fairwatt.optimizers.semoa import contributions
from fairwatt.records import Trial

Array = NDArray[np.float64]
Spread = Callable[[Array], Array]
"""From a front [F, 2] of mutually non-dominated points to values [F]: the larger, the more a point is wanted."""

REFERENCE = 1.1
"""Of hypervolume contributions, where all that is ordered spans 0 to 1."""


def best_first(losses: Array, spread: Spread) -> NDArray[np.intp]:
    """[N] places of points [N, 2] by front, in a front by `spread`, of equals the earlier; infinite points come last.

    `spread` sees points in units of the range of all finite ones, so that no unit of a loss matters.
    """
    import moocore

    finite = np.isfinite(losses).all(axis=1)
    points = losses[finite]
    if not len(points):
        return np.arange(len(losses))
    span = np.ptp(points, axis=0)
    points = (points - points.min(axis=0)) / np.where(span > 0, span, 1.0)
    ranks = moocore.pareto_rank(points)
    wanted = np.empty(len(points))
    for rank in np.unique(ranks):
        wanted[ranks == rank] = spread(points[ranks == rank])
    order = np.lexsort((-wanted, ranks))  # stable
    return np.concatenate([np.flatnonzero(finite)[order], np.flatnonzero(~finite)])


def ranked(trials: list[Trial], spread: Spread) -> list[Trial]:
    """The trials in the order of `best_first`; invalid ones come last."""
    losses = np.array([trial.losses for trial in trials]).reshape(-1, 2)
    return [trials[place] for place in best_first(losses, spread)]


def added_volume(front: Array) -> Array:
    """[F] hypervolume within the reference point that each point of a front [F, 2] alone dominates."""
    ends = np.array([[-np.inf, REFERENCE], [REFERENCE, -np.inf]])
    return contributions(np.vstack([ends[:1], front, ends[1:]]))[1:-1]


def crowding_distances(front: Array) -> Array:
    """[F] sides between the two neighbours of each point of a front [F, 2], summed; infinite at the extremes."""
    order = np.argsort(front[:, 0], kind="stable")
    along = front[order]
    sides = np.full(len(front), np.inf)
    sides[1:-1] = np.abs(along[2:] - along[:-2]).sum(axis=1)
    distances = np.empty(len(front))
    distances[order] = sides
    return distances
