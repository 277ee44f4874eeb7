"""Values over what was spent. Computed here, drawn elsewhere."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.endpoints import Endpoints
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

    largest, tariff, grid = grid_of(endpoints, books)
    currency = largest.policy.currency
    mean_full, unit = tariff.full[component(currency)], UNITS.get(currency, ("evaluations", NANO))[1]
    frames = []
    for arm in arms:
        values, ends = values_on(endpoints, arm, indicator, largest, grid, sorted(endpoints.trajectories[arm]))
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


def grid_of(endpoints: Endpoints, books: Sequence[Book]) -> tuple[Book, Tariff, list[int]]:
    """The books with the largest budget, the tariff, and the grid of `spent_grid` for all of these books."""
    currency, tariff = books[0].policy.currency, endpoints.tariff
    return max(books, key=lambda book: book.budget.resolve(currency, tariff)), tariff, spent_grid(books, tariff)


def values_on(
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
