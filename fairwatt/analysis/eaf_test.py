"""Whether two arms attain the plane differently: a two-sample permutation test of attainment functions.

T = max over z of |EAF_A(z) - EAF_B(z)| (Grunert da Fonseca, Fonseca and Hall, EMO 2001), with the two sets of a seed
swapped at random. Attainment changes only where a coordinate of a point is passed, so the
maximum is over the grid of all coordinates. Very many are thinned: the grid then still depends on the union of both
arms alone, which no swap changes, so that the test keeps its level and T is a lower bound.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.attainment import held_sets
from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.statistics import benjamini_hochberg
from fairwatt.books import Book
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Attained = NDArray[np.bool_]

_MOST = 2**25  # sets times corners of the grid; 747 coordinates of each axis for 30 seeds, 183 for 500
_FLIPPED = 2**23  # numbers of one block of swaps


@dataclass(frozen=True)
class EafTest:
    """T and its p; a point [2] where the difference is T, and the shares of seeds that attain it.

    The point is NaN where the arms attain the same everywhere.
    """

    statistic: float
    p: float
    point: tuple[float, float]
    share: float
    other_share: float


def eaf_test(first: Sequence[Array], second: Sequence[Array], rng: np.random.Generator, *, draws: int = 999) -> EafTest:
    """Test two lists of S sets of points [N, 2], places s of both from one seed; sets may be empty.

    rng: of the swaps; all 2^S are tried where they are not more than `draws`. Raises ValueError for lists of unequal
    length or fewer than two seeds.
    """
    from scipy.stats import permutation_test

    pairs = len(first)
    if pairs != len(second) or pairs < 2:
        raise ValueError(f"a paired test needs as many sets on both sides, 2 or more; got {pairs} and {len(second)}")
    corners, attained = attainment_of([*first, *second])
    one, other = attained[:pairs], attained[pairs:]
    differences = _distinct(one, other)
    if not differences.size:
        return EafTest(0.0, 1.0, (math.nan, math.nan), math.nan, math.nan)
    observed = np.abs(differences.sum(axis=0)).max()
    differences = differences[:, np.abs(differences).sum(axis=0) >= observed]  # elsewhere no swap gets so far

    def largest(swaps: Array, axis: int = -1) -> Array:
        sums = np.moveaxis(swaps, axis, -1).astype(np.float32) @ differences  # of small integers: exact
        return np.asarray(np.abs(sums).max(axis=-1), dtype=np.float64)

    found = permutation_test(
        (np.ones(pairs),),
        largest,
        permutation_type="samples",  # of one sample: signs are flipped at random, here those of seeds
        vectorized=True,
        n_resamples=draws,
        batch=max(_FLIPPED // differences.shape[1], 1),
        alternative="greater",
        rng=rng,
    )
    shares = one.mean(axis=0), other.mean(axis=0)
    where = int(np.abs(shares[0] - shares[1]).argmax())
    energy_kwh, test_error = corners[where].tolist()
    share, other_share = (float(each[where]) for each in shares)
    return EafTest(float(found.statistic) / pairs, float(found.pvalue), (energy_kwh, test_error), share, other_share)


def eaf_table(endpoints: Endpoints, books: Sequence[Book], *, draws: int = 999) -> "pd.DataFrame":
    """One row for each multi-objective arm but the reference, and budget: the test on their shared seeds.

    Columns: arm, reference, budget, seeds, statistic, p, q (Benjamini and Hochberg over this table: exploratory),
    energy_kwh and test_error (where they differ most), share, reference_share (of seeds that attain it there).
    """
    import pandas as pd

    columns = ["arm", "reference", "budget", "seeds", "statistic", "p", "q", "energy_kwh", "test_error"]
    reference, arms = endpoints.protocol.reference_arm, endpoints.arms(RANKINGS[1])
    rows = []
    for book in books:
        for arm in arms if reference in arms else []:
            seeds = endpoints.paired_seeds(arm, reference)
            if arm != reference and len(seeds) > 1:
                own, against = (held_sets(endpoints, name, book, seeds) for name in (arm, reference))
                rng = stream("analysis", endpoints.header(arm).space, len(seeds), "attainment")
                found = eaf_test(own, against, rng, draws=draws)
                shares = (found.share, found.other_share)
                head = (arm, reference, str(book.budget), len(seeds))
                rows.append((*head, found.statistic, found.p, found.p, *found.point, *shares))
    frame = pd.DataFrame(rows, columns=[*columns, "share", "reference_share"])
    frame["q"] = benjamini_hochberg(frame["p"].tolist())
    return frame


def attainment_of(sets: Sequence[Array]) -> tuple[Array, Attained]:
    """Corners [G, 2] at which attainment may begin, and which of them each set [N, 2] attains: [S, G]."""
    points = np.concatenate(sets).reshape(-1, 2)
    most = math.isqrt(_MOST // max(len(sets), 1))
    first, second = (_thinned(np.unique(points[:, axis]), most) for axis in (0, 1))
    lowest = np.full((len(sets), len(first) + 1), np.inf)  # second coordinate of each set up to each first coordinate
    for own, members in zip(lowest, sets, strict=True):
        np.minimum.at(own, np.searchsorted(first, members[:, 0]), members[:, 1])
    lowest = np.minimum.accumulate(lowest[:, :-1], axis=1)  # [S, X]
    column, row = np.nonzero(lowest.min(axis=0)[:, None] <= second)  # what nobody attains makes no difference
    return np.column_stack([first[column], second[row]]), lowest[:, column] <= second[row]


def _thinned(coordinates: Array, most: int) -> Array:
    """At most so many of ascending coordinates, evenly, the last among them."""
    if len(coordinates) <= most:
        return coordinates
    return coordinates[np.linspace(len(coordinates) - 1, 0, most).round().astype(np.int64)[::-1]]


def _distinct(one: Attained, other: Attained) -> NDArray[np.float32]:
    """[S, D] differences of attainment by seed, each of its columns once and none of zeros only."""
    planes = np.concatenate([one & ~other, other & ~one])  # [2 S, G]
    padding = -len(planes) % 64
    bits = np.packbits(np.pad(planes, ((0, padding), (0, 0))), axis=0).T
    words = np.ascontiguousarray(bits).view(np.uint64)  # [G, W]
    words = words[words.any(axis=1)]
    order = np.lexsort(words.T)
    ordered = words[order]
    new = np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1))[: len(order)]
    kept = np.unpackbits(ordered[new].view(np.uint8), axis=1)[:, : len(planes)].T.astype(np.float32)
    return kept[: len(one)] - kept[len(one) :]
