"""Mean ranks of arms over what was spent, and where two arms change places.

Ranks are taken within a seed, so bands are of seeds drawn with replacement: as counts of seeds in one matrix product,
where scipy's `bootstrap` would copy ranks of all seeds for every draw. Specification: 3.7.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.curves import grid_of, values_on
from fairwatt.analysis.endpoints import Endpoints, Ranking
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

CONFIDENCE = 0.95
_COLUMNS = ["kind", "arm", "spent_full", "mean_rank", "low", "high", "seeds"]
_CROSSING = ["kind", "arm", "other", "spent_full", "clear"]


@dataclass(frozen=True)
class Ranks:
    """Of one ranking, over the seeds that all its arms share; 1 is the best, ties share the middle.

    spent_full: [G] mean full trainings of the shared budget. mean: [A, G]. drawn: [A, D, G] means of bootstrap samples
    of seeds, the same samples for all arms.
    """

    kind: str
    arms: tuple[str, ...]
    seeds: int
    spent_full: Array
    mean: Array
    drawn: Array


def ranks_of(endpoints: Endpoints, ranking: Ranking, books: Sequence[Book], *, draws: int = 999) -> Ranks:
    """Ranks on the grid of the curves; without arms where fewer than two share a seed."""
    from scipy.stats import rankdata

    arms = endpoints.arms(ranking)
    seeds = endpoints.paired_seeds(*arms) if len(arms) > 1 else []
    if not seeds:
        return Ranks(ranking.kind, (), 0, np.empty(0), np.empty((0, 0)), np.empty((0, draws, 0)))
    largest, tariff, grid = grid_of(endpoints, books)
    values = [values_on(endpoints, arm, ranking.endpoint, largest, grid, seeds)[0] for arm in arms]
    ranks = rankdata(np.stack(values), axis=0)  # [A, S, G]
    rng = stream("analysis", endpoints.header(arms[0]).space, len(seeds), "ranks")
    counts = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=draws).astype(np.float64)  # [D, S]
    return Ranks(
        kind=ranking.kind,
        arms=tuple(arms),
        seeds=len(seeds),
        spent_full=np.array(grid, dtype=np.float64) / tariff.full[component(largest.policy.currency)],
        mean=ranks.mean(axis=1),
        drawn=np.stack([counts @ of_arm for of_arm in ranks]) / len(seeds),
    )


def rank_table(ranks: Ranks) -> "pd.DataFrame":
    """Columns: kind, arm, spent_full, mean_rank, low, high (95 % band over seeds, of each point for itself), seeds."""
    import pandas as pd

    if not ranks.arms:
        return pd.DataFrame(columns=_COLUMNS)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(ranks.drawn, [tail, 1 - tail], axis=1)
    frames = [
        pd.DataFrame(
            {
                "kind": ranks.kind,
                "arm": arm,
                "spent_full": ranks.spent_full,
                "mean_rank": ranks.mean[place],
                "low": low[place],
                "high": high[place],
                "seeds": ranks.seeds,
            }
        )
        for place, arm in enumerate(ranks.arms)
    ]
    return pd.concat(frames, ignore_index=True)


def crossing_table(ranks: Ranks) -> "pd.DataFrame":
    """Where the mean ranks of two arms change order, by amount.

    Columns: kind, arm (ahead before), other (ahead from there on), spent_full, clear. Clear is the last crossing
    between two amounts at which the difference is distinguishable, the one way and then the other: outside a band of
    constant width that covers the whole curve of the difference in 95 % of bootstrap samples. Pairs are not corrected
    for.
    """
    import pandas as pd

    rows = []
    for first, arm in enumerate(ranks.arms):
        for second in range(first + 1, len(ranks.arms)):
            difference = ranks.mean[first] - ranks.mean[second]
            drawn = ranks.drawn[first] - ranks.drawn[second]
            band = float(np.quantile(np.abs(drawn - difference).max(axis=1), CONFIDENCE))
            for place, clear in crossings(difference, band):
                pair = (arm, ranks.arms[second])
                ahead, other = pair if difference[place] > 0 else pair[::-1]
                rows.append((ranks.kind, ahead, other, float(ranks.spent_full[place]), clear))
    frame = pd.DataFrame(rows, columns=_CROSSING)
    return frame.sort_values("spent_full", kind="stable", ignore_index=True)


def crossings(difference: Array, band: float) -> Iterator[tuple[int, bool]]:
    """Places of [G] from which on the sign of a difference is another one than before, and whether that is clear.

    Zeros belong to what came before. band: at most so large, a difference is not distinguishable from none.
    """
    signs = np.sign(difference)
    known = np.flatnonzero(signs)
    places = known[1:][signs[known[1:]] != signs[known[:-1]]]
    sure = np.flatnonzero(np.abs(difference) > band)
    turns = sure[1:][signs[sure[1:]] != signs[sure[:-1]]]  # the first sure places of a new order
    last = {int(places[places <= turn][-1]) for turn in turns}
    return ((place, place in last) for place in places.tolist())
