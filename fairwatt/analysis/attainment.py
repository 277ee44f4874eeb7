"""Median attainment surfaces: what half of the seeds reach (Grunert da Fonseca, Fonseca and Hall 2001)."""

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.books import Book

Array = NDArray[np.float64]


def median_surfaces(endpoints: Endpoints, book: Book) -> dict[str, Array]:
    """[P, 2] (energy_kwh, test error) corners of each multi-objective arm's median attainment surface under books.

    Arms of whose runs fewer than a half have a full training are left out.
    """
    found = {}
    for arm in endpoints.arms(RANKINGS[1]):
        granted = endpoints.protocol.granted(arm, book)
        sets = []
        for trajectory in endpoints.trajectories[arm].values():
            version, archives = trajectory.archives
            sets.append(endpoints.truth.test_points(archives[version[trajectory.close(granted).credited]]))
        surface = attainment_surface(sets)
        if len(surface):
            found[arm] = surface
    return found


def attainment_surface(sets: list[Array], percentile: float = 50.0) -> Array:
    """[P, 2] corners of the region that `percentile` % of the sets of points [N, 2] weakly dominate."""
    import moocore

    reached = [points for points in sets if len(points)]
    share = 100.0 * len(reached) / max(len(sets), 1)
    if share < percentile:
        return np.empty((0, 2))
    points = np.concatenate(reached)
    owner = np.repeat(np.arange(1, len(reached) + 1), [len(points) for points in reached])
    surface = moocore.eaf(points, owner, percentiles=[100.0 * percentile / share])
    return np.asarray(surface[:, :2], dtype=np.float64)
