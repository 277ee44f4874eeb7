"""Values and ranks over what was spent. Computed here, drawn elsewhere."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.endpoints import Endpoints, Ranking
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.problem import Tariff
from fairwatt.records import JOULES_PER_KWH, NANO, End

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"energy": ("kWh", NANO * JOULES_PER_KWH), "time": ("h", NANO * 3600), "epochs": ("epochs", NANO)}
"""Unit of each currency on an axis, and how many billionths of the ledger's unit it has."""


def spent_grid(books: Sequence[Book], tariff: Tariff, points: int = 200) -> list[int]:
    """Log-spaced amounts from the cheapest training to the largest budget, and the budgets themselves; billionths."""
    currency = books[0].policy.currency
    budgets = [book.budget.resolve(currency, tariff) for book in books]
    first = max(tariff.cheapest[component(currency)], 1)
    return sorted({int(amount) for amount in np.geomspace(first, max(budgets), points)[:-1]} | set(budgets))


def curves(endpoints: Endpoints, arms: Sequence[str], indicator: str, books: Sequence[Book]) -> "pd.DataFrame":
    """Quartiles over seeds on the grid of the reference arm's budget; an arm with factor k is read at k times that.

    Columns: arm, spent (kWh, h, epochs or evaluations of the shared budget), spent_full (mean full trainings), median,
    q25, q75, mean, seeds, censored (share of runs that had ended before without spending this).
    """
    import pandas as pd

    largest, tariff, grid = _frame(endpoints, books)
    currency = largest.policy.currency
    mean_full, unit = tariff.full[component(currency)], UNITS.get(currency, ("evaluations", NANO))[1]
    frames = []
    for arm in arms:
        values, ends = _values(endpoints, arm, indicator, largest, grid, sorted(endpoints.trajectories[arm]))
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
        columns = {
            "arm": arm,
            "spent": [amount / unit for amount in grid],
            "spent_full": [amount / mean_full for amount in grid],
            "median": median,
            "q25": low,
            "q75": high,
            "mean": values.mean(axis=0),
            "seeds": len(values),
            "censored": (ends[:, None] < np.array(grid, dtype=np.float64)).mean(axis=0),
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def mean_ranks(endpoints: Endpoints, ranking: Ranking, books: Sequence[Book]) -> "pd.DataFrame":
    """Mean rank of each arm over the seeds that all share, 1 the best, mid-ranks for ties.

    Columns: kind, arm, spent_full, mean_rank, seeds; no rows where fewer than two arms share a seed.
    """
    import pandas as pd
    from scipy.stats import rankdata

    arms = endpoints.arms(ranking)
    largest, tariff, grid = _frame(endpoints, books)
    mean_full = tariff.full[component(largest.policy.currency)]
    seeds = endpoints.paired_seeds(*arms) if len(arms) > 1 else []
    if not seeds:
        return pd.DataFrame(columns=["kind", "arm", "spent_full", "mean_rank", "seeds"])
    values = np.stack([_values(endpoints, arm, ranking.endpoint, largest, grid, seeds)[0] for arm in arms])  # [A, S, G]
    ranks = rankdata(values, axis=0).mean(axis=1)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "kind": ranking.kind,
                    "arm": arm,
                    "spent_full": [amount / mean_full for amount in grid],
                    "mean_rank": rank,
                    "seeds": len(seeds),
                }
            )
            for arm, rank in zip(arms, ranks, strict=True)
        ],
        ignore_index=True,
    )


def _frame(endpoints: Endpoints, books: Sequence[Book]) -> tuple[Book, Tariff, list[int]]:
    trajectory = next(iter(next(iter(endpoints.trajectories.values())).values()))
    currency, tariff = books[0].policy.currency, trajectory.tariff
    return max(books, key=lambda book: book.budget.resolve(currency, tariff)), tariff, spent_grid(books, tariff)


def _values(
    endpoints: Endpoints, arm: str, indicator: str, book: Book, grid: Sequence[int], seeds: Sequence[int]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """[S, G] values, and [S] the shared amount at which each run had ended without spending all; infinite if not."""
    granted, factor = endpoints.protocol.granted(arm, book), endpoints.protocol.factor(arm)
    amounts = [int(factor * amount) for amount in grid]
    values, ends = [], []
    for seed in seeds:
        trajectory = endpoints.trajectories[arm][seed]
        values.append(trajectory.curve(indicator, granted, amounts))
        closing = trajectory.close(granted)
        spent = trajectory.account(granted.policy).spent(granted.policy.currency)[: closing.credited]
        early = closing.end is not End.EXHAUSTED
        ends.append(float((spent[-1] if spent else 0) / factor) if early else np.inf)
    return np.stack(values), np.array(ends)
