"""Energy to target: what searches spend until they first hold something good enough.

Expected running cost (ERT) and shares of targets: Hansen et al., COCO, Optimization Methods and Software 2021.
Survival: Kaplan and Meier 1958, with log-log intervals, and the log-rank test, Mantel 1966; both scipy's. A run without
a hit is censored at the budget, also one that ended early: it holds what it has, and to give up must not look like
being stopped. The log-rank test knows no pairs, so for searches that share a design it is on the cautious side. All of
it is exploratory: q-values are Benjamini and Hochberg's over the arms and targets of a ranking.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.curves import UNITS, spent_grid
from fairwatt.analysis.endpoints import Endpoints, Ranking
from fairwatt.analysis.indicators import expected_running_cost
from fairwatt.analysis.statistics import Interval, benjamini_hochberg
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Tariff
from fairwatt.records import NANO

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

RANDOM_SEARCH_TRAININGS = (10, 30, 100)
REGRETS = (0.1, 0.05, 0.02, 0.01)
_ROUNDING = 1e-12  # a survival of one half may be a product that misses it in the last digit


@dataclass(frozen=True)
class Target:
    """A value of an indicator that is good enough."""

    name: str
    indicator: str
    value: float


@dataclass(frozen=True)
class Hits:
    """When searches of one ranking first reached each target, in mean full trainings of the shared budget.

    spent: by arm, [S, T], infinite for a miss; an arm with factor k is read at a k-th of what it spent, as in curves.
    seeds: by arm, of the rows. budget: what every run had, shared. unit: kWh, h, epochs or evaluations of one training.
    """

    kind: str
    targets: tuple[Target, ...]
    spent: Mapping[str, Array]
    seeds: Mapping[str, Sequence[int]]
    budget: float
    unit: float


def declared_targets(endpoints: Endpoints, ranking: Ranking, policy: AccountingPolicy) -> tuple[Target, ...]:
    """Targets that depend on no run: what random search expects of 10, 30 and 100 trainings, and fixed regrets.

    The former are of the quality on validation, which the closed form predicts; those beyond exhaustive search are
    left out. The latter are of the reported indicator, which may get worse again after a hit.
    """
    curve = endpoints.random_search(ranking.quality, policy)
    expected = [
        Target(f"random search, {n} trainings", ranking.quality, float(np.interp(n, curve.trainings, curve.loss)))
        for n in RANDOM_SEARCH_TRAININGS
        if n <= curve.trainings[-1]
    ]
    words = ranking.endpoint.replace("_", " ")
    return (*expected, *(Target(f"{words} {value:g}", ranking.endpoint, value) for value in REGRETS))


def hits(endpoints: Endpoints, ranking: Ranking, book: Book, targets: Sequence[Target] | None = None) -> Hits:
    """First hits of every arm of a ranking under books; of the declared targets where no others are given.

    Raises StreamTooShortError, UnknownNameError for a target's indicator.
    """
    targets = tuple(declared_targets(endpoints, ranking, book.policy) if targets is None else targets)
    arms, tariff = endpoints.arms(ranking), endpoints.tariff
    currency = book.policy.currency
    full = tariff.full[component(currency)]
    spent: dict[str, Array] = {}
    for arm in arms:
        granted, scale = endpoints.protocol.granted(arm, book), float(endpoints.protocol.factor(arm)) * full
        rows = []
        for _, trajectory in sorted(endpoints.trajectories[arm].items()):
            paths = {name: trajectory.path(name, granted) for name in dict.fromkeys(t.indicator for t in targets)}
            rows.append([first_at(*paths[target.indicator], target.value) / scale for target in targets])
        spent[arm] = np.array(rows).reshape(-1, len(targets))
    return Hits(
        kind=ranking.kind,
        targets=targets,
        spent=spent,
        seeds={arm: sorted(endpoints.trajectories[arm]) for arm in arms},
        budget=book.budget.resolve(currency, tariff) / full,
        unit=_unit(book, tariff),
    )


def first_at(amounts: ArrayLike, values: ArrayLike, target: float) -> float:
    """The amount at which a right-continuous step first is at the target or below; infinite where it never is."""
    reached = np.flatnonzero(np.asarray(values) <= target)
    return float(np.asarray(amounts)[reached[0]]) if reached.size else math.inf


def hitting_table(found: Hits, reference: str) -> "pd.DataFrame":
    """One row for each target and arm.

    Columns: kind, target, indicator, value, arm, seeds, hits, ert (kWh, h, epochs or evaluations), ert_full (mean full
    trainings), ert_ratio (to the reference arm's, NaN where one of them never hits), median, median_low, median_high
    (Kaplan-Meier, full trainings, infinite where not reached), p (log-rank on the seeds shared with the reference; NaN
    where neither hits) and q.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for place, target in enumerate(found.targets):
        erts = {arm: _ert(spent[:, place], found.budget) for arm, spent in found.spent.items()}
        for arm, ert in erts.items():
            median = median_to_hit(found.spent[arm][:, place], found.budget)
            rows.append(
                {
                    "kind": found.kind,
                    "target": target.name,
                    "indicator": target.indicator,
                    "value": target.value,
                    "arm": arm,
                    "seeds": len(found.seeds[arm]),
                    "hits": int(np.isfinite(found.spent[arm][:, place]).sum()),
                    "ert": ert * found.unit,
                    "ert_full": ert,
                    "ert_ratio": _ratio(ert, erts.get(reference, math.nan)),
                    "median": median.value,
                    "median_low": median.low,
                    "median_high": median.high,
                    "p": _log_rank_of(found, arm, reference, place),
                }
            )
    frame = pd.DataFrame(rows)
    frame["q"] = benjamini_hochberg(frame["p"].tolist())
    return frame


def target_shares(found: Hits, grid: Sequence[float]) -> "pd.DataFrame":
    """Of all pairs of a seed and a target, the share that is hit by each amount of a grid, in full trainings.

    Columns: kind, arm, spent_full, share.
    """
    import pandas as pd

    amounts = np.asarray(grid, dtype=np.float64)
    frames = [
        pd.DataFrame(
            {
                "kind": found.kind,
                "arm": arm,
                "spent_full": amounts,
                "share": np.searchsorted(np.sort(spent, axis=None), amounts, side="right") / max(spent.size, 1),
            }
        )
        for arm, spent in found.spent.items()
    ]
    return pd.concat(frames, ignore_index=True)


def full_grid(books: Sequence[Book], tariff: Tariff) -> list[float]:
    """The grid of the curves in mean full trainings."""
    full = tariff.full[component(books[0].policy.currency)]
    return [amount / full for amount in spent_grid(books, tariff)]


def median_to_hit(spent: ArrayLike, end: float) -> Interval:
    """Kaplan-Meier median of [S] amounts, infinite ones censored at `end`, and its 95 % interval; infinite beyond it.

    The interval is where the log-log interval of survival contains one half (Brookmeyer and Crowley 1982).
    """
    from scipy.stats import ecdf

    survival = ecdf(_censored(spent, end)).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # where survival is 0 or 1 it has no interval
        interval: Any = survival.confidence_interval(method="log-log")
    certain = np.asarray(survival.probabilities, dtype=np.float64)

    def half(probabilities: ArrayLike) -> float:
        below = np.where(np.isnan(probabilities), certain, np.asarray(probabilities)) <= 0.5 + _ROUNDING
        return float(survival.quantiles[below.argmax()]) if below.any() else math.inf

    return Interval(half(certain), half(interval.low.probabilities), half(interval.high.probabilities))


def log_rank(spent: ArrayLike, other: ArrayLike, end: float) -> float:
    """Two-sided p of equal survival of two samples, infinite amounts censored at `end`; NaN where neither hits."""
    from scipy.stats import logrank

    if not (np.isfinite(spent).any() or np.isfinite(other).any()):
        return math.nan
    with np.errstate(all="ignore"):
        return float(logrank(_censored(spent, end), _censored(other, end)).pvalue)


def _log_rank_of(found: Hits, arm: str, reference: str, place: int) -> float:
    if arm == reference or reference not in found.spent:
        return math.nan
    shared = set(found.seeds[arm]) & set(found.seeds[reference])
    own, against = (
        found.spent[name][[row for row, seed in enumerate(found.seeds[name]) if seed in shared], place]
        for name in (arm, reference)
    )
    return log_rank(own, against, found.budget) if shared else math.nan


def _censored(spent: ArrayLike, end: float) -> Any:
    from scipy.stats import CensoredData

    amounts = np.asarray(spent, dtype=np.float64)
    hit = np.isfinite(amounts)
    return CensoredData(uncensored=amounts[hit], right=np.full(int((~hit).sum()), end))


def _ert(spent: Array, end: float) -> float:
    amounts = [amount if math.isfinite(amount) else None for amount in spent.tolist()]
    return expected_running_cost(amounts, [end] * len(amounts))


def _ratio(ert: float, other: float) -> float:
    """NaN where one of them never hits, which no number of seeds makes a ratio, or where both are there at once."""
    return ert / other if math.isfinite(ert) and math.isfinite(other) and other > 0 else math.nan


def _unit(book: Book, tariff: Tariff) -> float:
    currency = book.policy.currency
    return tariff.full[component(currency)] / UNITS.get(currency, ("evaluations", NANO))[1]
