"""Vorob'ev expectation and deviation: a mean front of an arm's seeds, and how far the seeds are from it.

Molchanov, Theory of Random Sets, 2005; of fronts: Binois, Ginsbourger and Roustant, EJOR 2015. The expectation bounds
what k of S seeds attain, for the largest k at which that has no less hypervolume than seeds have in the mean; k/S is
the threshold. moocore computes surfaces and volumes. Its `vorob_t` (0.3.2) searches the threshold by halves and stops
where a volume comes twice: of {(1, 3), (3, 1)} and {(2, 2)} it returns 62.5 % and what both attain, and with many equal
seeds it can stop before the last of them.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.attainment import held_sets, surface_of
from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.indicators import REFERENCE_POINT, hypervolume
from fairwatt.books import Book

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

_ROUNDING = 1e-12
"""Relative: a volume that is less by so little is no less."""


@dataclass(frozen=True)
class Vorobev:
    """threshold: % of the sets. front: [P, 2] corners of the expectation. volume: its hypervolume; mean: that of sets.

    deviation: the mean hypervolume of what one of a set and the expectation attains and the other does not.
    """

    threshold: float
    front: Array
    volume: float
    mean: float
    deviation: float


def vorobev(sets: Sequence[Array], ref: tuple[float, float]) -> Vorobev:
    """Of S sets of points [N, 2], within the reference point; both coordinates are minimised.

    A set may be empty: it attains nothing, and counts. Raises ValueError where there is no set.
    """
    if not sets:
        raise ValueError("a mean front needs a set or more")
    volumes = np.array([hypervolume(points, ref) for points in sets])
    mean = float(volumes.mean())

    def is_below(count: int) -> bool:
        return hypervolume(surface_of(sets, count), ref) < mean * (1 - _ROUNDING)

    needed = bisect_left(range(1, len(sets) + 1), True, key=is_below)
    front = surface_of(sets, needed)
    volume = hypervolume(front, ref)
    unions = np.array([hypervolume(np.concatenate([front, points]), ref) for points in sets])
    apart = np.maximum(2 * unions - volumes - volume, 0.0)
    return Vorobev(100.0 * needed / len(sets), front, volume, mean, float(apart.mean()))


def vorobev_table(endpoints: Endpoints, books: Sequence[Book]) -> "pd.DataFrame":
    """One row for each multi-objective arm and budget; points are valued by the truth, at the reference point of
    `indicators`.

    Columns: arm, budget, seeds, fronts (seeds with a full training; the others attain nothing, and count), threshold
    (% of seeds), expectation (hypervolume, as a share of the true front's), mean (of seeds' hypervolumes) and deviation
    in the same unit.
    """
    import pandas as pd

    columns = ["arm", "budget", "seeds", "fronts", "threshold", "expectation", "mean", "deviation"]
    scale, rows = endpoints.truth.test_front, []
    for book in books:
        for arm in endpoints.arms(RANKINGS[1]):
            held = held_sets(endpoints, arm, book, sorted(endpoints.trajectories[arm]))
            found = vorobev([scale.normalise(points) for points in held], REFERENCE_POINT)
            shares = (volume / scale.best for volume in (found.volume, found.mean, found.deviation))
            fronts = sum(len(points) > 0 for points in held)
            rows.append((arm, str(book.budget), len(held), fronts, found.threshold, *shares))
    return pd.DataFrame(rows, columns=columns)
