"""Attainment surfaces: what a share of the seeds reaches, and where two arms differ in it.

Empirical attainment functions: Grunert da Fonseca, Fonseca and Hall, EMO 2001; differences: López-Ibáñez, Paquete and
Stützle 2010. Points are (energy_kwh, test error), valued by the truth; moocore computes both.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.books import Book

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
PERCENTILES = (25.0, 50.0, 75.0)


def held_sets(endpoints: Endpoints, arm: str, book: Book, seeds: Sequence[int]) -> list[Array]:
    """[S] of [N, 2]: what each seed's archive of an arm is worth when the books close; none before a full training."""
    granted = endpoints.protocol.granted(arm, book)
    sets = []
    for seed in seeds:
        trajectory = endpoints.trajectories[arm][seed]
        version, archives = trajectory.archives
        sets.append(endpoints.truth.test_points(archives[version[trajectory.close(granted).credited]]))
    return sets


def surfaces(endpoints: Endpoints, book: Book, percentile: float = 50.0) -> dict[str, Array]:
    """[P, 2] corners of each multi-objective arm's attainment surface under books.

    Arms of whose runs a smaller share has a full training are left out.
    """
    found = {}
    for arm in endpoints.arms(RANKINGS[1]):
        sets = held_sets(endpoints, arm, book, sorted(endpoints.trajectories[arm]))
        surface = attainment_surface(sets, percentile)
        if len(surface):
            found[arm] = surface
    return found


def median_surfaces(endpoints: Endpoints, book: Book) -> dict[str, Array]:
    """`surfaces` that half of the seeds reach."""
    return surfaces(endpoints, book)


def attainment_table(
    endpoints: Endpoints, books: Sequence[Book], percentiles: Sequence[float] = PERCENTILES
) -> "pd.DataFrame":
    """Corners of all surfaces. Columns: arm, budget, percentile, energy_kwh, test_error; by energy within a surface."""
    import pandas as pd

    columns = ["arm", "budget", "percentile", "energy_kwh", "test_error"]
    rows = [
        (arm, str(book.budget), percentile, energy_kwh, test_error)
        for book in books
        for percentile in percentiles
        for arm, surface in surfaces(endpoints, book, percentile).items()
        for energy_kwh, test_error in surface.tolist()
    ]
    return pd.DataFrame(rows, columns=columns)


def attainment_surface(sets: Sequence[Array], percentile: float = 50.0) -> Array:
    """[P, 2] corners, by the first coordinate, of the region that `percentile` % of the sets [N, 2] weakly dominate.

    A set may be empty: it reaches nothing. Raises ValueError for a percentile that is not above 0 and at most 100.
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile {percentile}: expected more than 0 and at most 100")
    needed = math.ceil(Fraction(percentile) * len(sets) / 100)  # sets; exact, for 70 % of 10 sets are 7 and not 8
    return surface_of(sets, needed)


def surface_of(sets: Sequence[Array], needed: int) -> Array:
    """[P, 2] as of `attainment_surface`, of what so many of the sets weakly dominate; none where fewer have points."""
    import moocore

    reached = [points for points in sets if len(points)]
    if len(reached) < max(needed, 1):
        return np.empty((0, 2))
    surface = moocore.eaf(*_owned(reached), percentiles=[100.0 * (needed - 0.5) / len(reached)])
    corners: Array = np.asarray(surface[:, :2], dtype=np.float64)
    return corners[np.lexsort(corners.T[::-1])]


def attainment_difference(first: Sequence[Array], second: Sequence[Array]) -> Array:
    """[R, 5] rectangles on which two lists of S sets [N, 2] are not attained equally often.

    Columns: low corner, high corner (infinite where nothing bounds it), share of `first` minus share of `second`;
    negative where `second` is there more often. Raises ValueError for lists of unequal length, for which moocore's
    differences are those of counts, or of no sets at all.
    """
    import moocore

    if len(first) != len(second) or not first:
        raise ValueError(f"differences need as many sets on both sides, got {len(first)} and {len(second)}")
    nowhere = np.full((1, 2), np.inf)  # moocore knows no empty sets
    sides = [np.column_stack(_owned([points if len(points) else nowhere for points in s])) for s in (first, second)]
    if not moocore.eafdiff(*sides)[:, -1].any():
        return np.empty((0, 5))  # where there are none, moocore fails to say so in rectangles
    rectangles: Array = np.asarray(moocore.eafdiff(*sides, rectangles=True), dtype=np.float64).reshape(-1, 5)
    rectangles = rectangles[(rectangles[:, 4] != 0) & np.isfinite(rectangles[:, :2]).all(axis=1)]
    rectangles[:, 4] /= len(first)
    return rectangles


def difference_table(endpoints: Endpoints, arm: str, reference: str, book: Book) -> "pd.DataFrame":
    """Where, over their shared seeds, an arm is oftener (above 0) or less often (below) than the reference.

    Columns: energy_kwh_low, test_error_low, energy_kwh_high, test_error_high, difference (of shares of seeds).
    """
    import pandas as pd

    seeds = endpoints.paired_seeds(arm, reference)
    found = attainment_difference(*(held_sets(endpoints, name, book, seeds) for name in (arm, reference)))
    names = ("energy_kwh_low", "test_error_low", "energy_kwh_high", "test_error_high", "difference")
    return pd.DataFrame(found, columns=names)


def _owned(sets: Sequence[Array]) -> tuple[Array, NDArray[np.int64]]:
    """All points, and the number of the set of each, from 1 on."""
    return np.concatenate(sets), np.repeat(np.arange(1, len(sets) + 1), [len(points) for points in sets])
