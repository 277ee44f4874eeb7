"""Area under the anytime curve: the mean regret over the logarithm of what was spent.

From one mean full training to the budget, in the currency of the books. Logarithmic, so that from 1 to 10 full
trainings counts as much as from 10 to 100. Regret is 1 before a run's first full training. One number for each run, for
questions about the way and not the end; exploratory, so q-values are Benjamini and Hochberg's over arms and budgets.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.endpoints import Endpoints, Ranking
from fairwatt.analysis.indicators import step_mean
from fairwatt.analysis.statistics import PairedResampling, benjamini_hochberg, paired_win_rate
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def log_area(amounts: ArrayLike, values: ArrayLike, start: float, end: float) -> float:
    """Mean over log amount in [start, end) of the right-continuous step that takes values [T] at amounts [T].

    amounts: ascending, the first at most `start`, which is positive and below `end`.
    """
    times = np.log(np.maximum(np.asarray(amounts, dtype=np.float64), start))
    return step_mean(times, values, math.log(end))


def areas(endpoints: Endpoints, ranking: Ranking, arm: str, book: Book) -> dict[int, float]:
    """By seed, the area of one arm under books; NaN where the budget is one full training or less.

    An arm with factor k has k times the start and k times the end, as in curves. Raises StreamTooShortError.
    """
    granted, tariff = endpoints.protocol.granted(arm, book), endpoints.tariff
    start = float(endpoints.protocol.factor(arm) * tariff.full[component(book.policy.currency)])
    end = float(granted.budget.resolve(book.policy.currency, tariff))
    return {
        seed: log_area(*trajectory.path(ranking.endpoint, granted), start, end) if end > start else math.nan
        for seed, trajectory in sorted(endpoints.trajectories[arm].items())
    }


def area_table(endpoints: Endpoints, ranking: Ranking, books: Sequence[Book], *, draws: int = 9_999) -> "pd.DataFrame":
    """One row for each arm and budget, with the paired difference from the reference arm.

    Columns: kind, arm, budget (shared), seeds, area (mean), median, q25, q75, pairs (seeds shared with the reference),
    difference (mean), low, high (BCa 95 %), win_rate (paired), p (sign flips) and q; NaN where there are no two pairs.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    resamplings: dict[int, PairedResampling] = {}
    for book in books:
        found = {arm: areas(endpoints, ranking, arm, book) for arm in endpoints.arms(ranking)}
        against = found.get(endpoints.protocol.reference_arm, {})
        for arm, by_seed in found.items():
            values = np.array(list(by_seed.values()))
            low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
            shared = [seed for seed in by_seed if seed in against] if by_seed is not against else []
            differences = np.array([by_seed[seed] - against[seed] for seed in shared])
            if len(shared) not in resamplings and len(shared) > 1:
                source = stream("analysis", endpoints.header(arm).space, len(shared), "areas")
                resamplings[len(shared)] = PairedResampling(len(shared), source, draws=draws)
            rows.append(
                {
                    "kind": ranking.kind,
                    "arm": arm,
                    "budget": str(book.budget),
                    "seeds": len(values),
                    "area": values.mean(),
                    "median": median,
                    "q25": low,
                    "q75": high,
                    "pairs": len(shared),
                }
                | _compared(differences, resamplings.get(len(shared)))
            )
    frame = pd.DataFrame(rows)
    frame["q"] = benjamini_hochberg(frame["p"].tolist())
    return frame


def _compared(differences: Array, resampling: PairedResampling | None) -> dict[str, float]:
    if resampling is None or np.isnan(differences).any():
        return dict.fromkeys(("difference", "low", "high", "win_rate", "p"), math.nan)
    interval = resampling.interval(differences[:, None], lambda means: means[..., 0])
    return {
        "difference": interval.value,
        "low": interval.low,
        "high": interval.high,
        "win_rate": paired_win_rate(differences),
        "p": float(resampling.p_values(differences[:, None])[0]),
    }
