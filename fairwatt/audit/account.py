"""What a log's requests cost under other books: repeats for nothing, a price for impossible proposals.

A log says what its tool recorded. What another policy would have charged for the same requests can be computed from it;
what the optimizer would have asked under that policy cannot.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
SEARCH = ["space", "method", "seed"]
CURRENCIES = ("cost", "evaluations", "fidelity")
"""What searches can be matched on: the recorded cost, one for each request, failed or not, or the sum of fidelities."""


@dataclass(frozen=True)
class Policy:
    """One way to keep the books of a log.

    name: short. words: what it does. repeats_free: whether a configuration asked for again, at the same fidelity and
    in the same search, costs nothing. invalid: what an impossible proposal costs: `recorded`, `smallest` (the smallest
    positive cost of a valid request of the space), `lowest fidelity` (their mean at the lowest fidelity), or a number.
    recorded_limit: whether limits are still read off the recorded books, so that the reference is cut where it was
    and not where it is under this policy.
    """

    name: str
    words: str
    repeats_free: bool = False
    invalid: str | float = "recorded"
    recorded_limit: bool = False


RECORDED = Policy("as recorded", "every request at what the log says of it")


def policies(frame: "pd.DataFrame", invalid_cost: float | None = None) -> tuple[Policy, ...]:
    """The policies that change something in this log, the recorded one first.

    invalid_cost: a declared constant for each impossible proposal. Raises UserError for a negative one, an infinite
    one, and one that is no number.
    """
    if invalid_cost is not None and not 0 <= invalid_cost < np.inf:
        raise UserError(f"--invalid-cost {invalid_cost:g}: expected a finite number of 0 or more, in the log's unit")
    found = [RECORDED]
    if repeated(frame).any():
        words = "a configuration asked for again at the same fidelity costs nothing"
        found.append(Policy("repeats free", words, repeats_free=True))
        found.append(
            Policy(
                "repeats free, old limits",
                f"{words}, and limits are what was spent before they were free",
                repeats_free=True,
                recorded_limit=True,
            )
        )
    if not frame["valid"].all():
        found.append(
            Policy("invalid: smallest", "an impossible proposal costs the smallest valid request", invalid="smallest")
        )
        if frame["fidelity"].nunique() > 1:
            found.append(
                Policy(
                    "invalid: lowest fidelity",
                    "an impossible proposal costs the mean valid request at the lowest fidelity",
                    invalid="lowest fidelity",
                )
            )
        if invalid_cost is not None:
            words = f"an impossible proposal costs {invalid_cost:g}"
            found.append(Policy(f"invalid: {invalid_cost:g}", words, invalid=invalid_cost))
    return tuple(found)


def charges(frame: "pd.DataFrame", policy: Policy = RECORDED, currency: str = "cost") -> Array:
    """[N] what each request of a log's frame is charged. Raises UnknownNameError for a currency that is none."""
    valid = frame["valid"].to_numpy()
    match currency:
        case "cost":
            base = frame["cost"].to_numpy(dtype=np.float64).copy()
        case "evaluations":
            base = np.ones(len(frame))
        case "fidelity":
            base = np.where(valid, frame["fidelity"].fillna(1.0).to_numpy(dtype=np.float64), 0.0)
        case _:
            raise UnknownNameError("currency to match on", currency, CURRENCIES)
    if policy.invalid != "recorded" and not valid.all():
        base[~valid] = _invalid_prices(frame, base, policy.invalid)[~valid]
    if policy.repeats_free:
        base[repeated(frame)] = 0.0
    return base


def repeated(frame: "pd.DataFrame") -> NDArray[np.bool_]:
    """[N] whether a valid request asks for what its search has asked for before; never where the log has no config."""
    asked = frame["valid"] & frame["config"].notna()
    again = np.zeros(len(frame), dtype=bool)
    again[asked.to_numpy()] = frame.loc[asked, [*SEARCH, "config", "fidelity"]].duplicated().to_numpy()
    return again


def _invalid_prices(frame: "pd.DataFrame", base: Array, price: str | float) -> Array:
    """[N] what an impossible proposal costs in the space of each row."""
    if not isinstance(price, str):
        return np.full(len(frame), price)
    prices = np.zeros(len(frame))
    fidelity, paid = frame["fidelity"].to_numpy(), frame["valid"].to_numpy() & (base > 0)
    space = frame["space"].to_numpy()
    for name in frame["space"].unique():
        there = np.flatnonzero((space == name) & paid)
        if not len(there):
            continue
        known = fidelity[there]
        if price == "lowest fidelity" and not np.isnan(known).all():
            prices[space == name] = base[there[known == np.nanmin(known)]].mean()
        else:
            prices[space == name] = base[there].min()
    return prices
