"""What a log shows of its books: who paid for what, and whether other books would say something else."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.account import repeated
from fairwatt.audit.contrast import MATCHED
from fairwatt.fairness.threats import State
from fairwatt.report.plain_text import name

if TYPE_CHECKING:
    import pandas as pd

    from fairwatt.audit.audit import Audit

Array = NDArray[np.float64]
Answer = tuple[State, str]
_SAME = 1e-6  # relative; costs that differ by less are one price


def spend(audit: "Audit") -> Answer:
    """T1: whether methods had the same to spend."""
    if audit.log.cost_unit == "evaluations":
        return State.NOT_TOLD, "the log records no cost; requests are all that can be counted"
    worst = max(audit.spend.groupby("space"), key=lambda item: factor_of(item[1]["cost_mean"]))
    space, table = worst
    factor = factor_of(table["cost_mean"])
    ordered = table.sort_values("cost_mean").to_dict("records")
    high, low = ordered[-1], ordered[0]
    words = (
        f"on {name(str(space))} {name(high['method'])} spent {high['cost_mean']:.4g} {audit.log.cost_unit} a search in "
        f"the mean, {name(low['method'])} "
        + (f"{low['cost_mean']:.4g}: {factor:.4g} times as much" if np.isfinite(factor) else "nothing")
    )
    return (State.FAIL if factor > MATCHED else State.PASS), words


def invalid(audit: "Audit") -> Answer:
    """T4: whether impossible proposals are free, and what hangs on it."""
    invalid = audit.log.frame[~audit.log.frame["valid"]]
    if invalid.empty:
        return State.NOT_APPLICABLE, "no impossible proposal in the log"
    share, free = len(invalid) / len(audit.log.frame), float((invalid["cost"] == 0).mean())
    counted = audit.log.cost_unit == "evaluations"
    words = f"{share:.1%} of all requests are impossible; "
    words += "no cost is recorded" if counted else f"{free:.0%} of those are recorded at no cost"
    flipped = _flipped(audit, "invalid")
    if flipped:
        return State.FAIL, f"{words}; a price for them changes what can be said of {flipped}"
    if counted:
        return State.NOT_TOLD, f"{words}, and each counts as one evaluation"
    if not audit.pairs:
        return State.NOT_TOLD, words
    return (State.PASS if free < 1 else State.NOT_TOLD), f"{words}; no price that was tried changes a statement"


def repeats(audit: "Audit") -> Answer:
    """T5: how many requests repeat one of the same search, and what hangs on their price."""
    frame = audit.log.frame
    if frame["config"].isna().all():
        return State.NOT_TOLD, "the log does not name configurations"
    again = repeated(frame)
    if not again.any():
        return State.NOT_APPLICABLE, "no search asks for anything twice"
    share, cost = again[frame["valid"].to_numpy()].mean(), frame["cost"].to_numpy(dtype=np.float64)
    words = f"{share:.0%} of valid requests repeat one of the same search; they carry {_part(cost[again], cost):.0%} "
    words += "of the recorded cost"
    flipped = _flipped(audit, "repeats")
    if flipped:
        return State.FAIL, f"{words}; were they free, something else could be said of {flipped}"
    if not audit.pairs:
        return State.NOT_TOLD, words
    return State.PASS, f"{words}; were they free, nothing else could be said"


def counts(audit: "Audit") -> Answer:
    """T7: whether searches made as many requests."""
    space, table = max(audit.spend.groupby("space"), key=lambda item: factor_of(item[1]["proposals_median"]))
    factor = factor_of(table["proposals_median"])
    low, high = table["proposals_median"].min(), table["proposals_median"].max()
    words = f"between {low:,.0f} and {high:,.0f} requests a search (medians) on {name(str(space))}"
    return (State.FAIL if factor > MATCHED else State.PASS), words


def prices(audit: "Audit") -> Answer:
    """T15: whether the same configuration at the same fidelity has one price for all methods."""
    frame = audit.log.frame
    paid = frame[frame["valid"] & (frame["cost"] > 0) & frame["config"].notna()]
    if paid.empty or audit.log.cost_unit == "evaluations":
        return State.NOT_TOLD, "the log does not hold both configurations and costs"
    by = paid.groupby(["space", "config", "fidelity", "method"], dropna=False)["cost"].mean()
    means = by.groupby(level=[0, 1, 2], dropna=False).agg(["size", "min", "max"])
    shared = means[means["size"] > 1]
    if shared.empty:
        return State.NOT_TOLD, "no configuration was paid by two methods"
    apart = (shared["max"] / shared["min"] - 1 > 0.01).mean()
    words = f"{len(shared):,} configurations (at one fidelity) were paid by two methods or more; "
    words += f"{apart:.0%} of them at prices that differ by more than 1 %"
    return (State.PASS if apart == 0 else State.FAIL), words


def uncharged(audit: "Audit") -> Answer:
    """T16: valid first requests at no cost."""
    if audit.log.cost_unit == "evaluations":
        return State.NOT_TOLD, "the log records no cost"
    frame = audit.log.frame
    new = frame["valid"].to_numpy() & ~repeated(frame)
    free = int((frame["cost"].to_numpy()[new] == 0).sum())
    words = f"{free:,} of {int(new.sum()):,} valid first requests are recorded at no cost"
    return (State.FAIL if free else State.PASS), words


def exhaustive(audit: "Audit") -> Answer:
    """T23: spend against the price of training everything, where a table of ours tells that.

    What anybody asked for is less than everything: who spent more than that need not have spent too much.
    """
    beyond, prices = [], []
    for space, table in audit.settings.tables.items():
        if table.tariff.exhaustive is None or any(note.startswith("partial") for note in table.notes):
            continue
        price = float(table.energy_kwh.sum())
        prices.append(f"{price:.4g} on {name(space)} ({len(table.keys):,} configurations)")
        beyond += _dearer(audit, space, price)
    if not prices:
        return State.NOT_TOLD, dearer_than_seen(audit) or "what the whole space costs is not in the log"
    words = f"training everything costs {', '.join(prices)} {audit.log.cost_unit}"
    if beyond:
        return State.FAIL, f"{words}; a search of {', '.join(beyond)} as much"
    return State.PASS if len(prices) == len(audit.log.spaces) else State.NOT_TOLD, f"{words}, and no method spent more"


def dearer_than_seen(audit: "Audit") -> str:
    """Searches that spent more than all that anybody asked for costs at the highest fidelity; "" where none did."""
    if audit.log.cost_unit == "evaluations" or audit.log.frame["config"].isna().all():
        return ""
    found = []
    for space, group in audit.log.frame[audit.log.frame["valid"]].groupby("space"):
        top = group["fidelity"].max()
        there = group if np.isnan(top) else group[group["fidelity"] == top]
        each = there.groupby("config")["cost"].max()
        beyond = _dearer(audit, str(space), float(each.sum()))
        if beyond:
            found.append(
                f"a search of {', '.join(beyond)} as much as the {len(each):,} configurations that anybody asked for "
                f"cost at the highest fidelity, {each.sum():.4g} {audit.log.cost_unit}"
            )
    return "; ".join(found) + ("; how many more there are is not in the log (--space tells)" if found else "")


def _dearer(audit: "Audit", space: str, price: float) -> list[str]:
    """Methods whose searches spend more than a price in the mean, and how many times."""
    rows = audit.spend[audit.spend["space"] == space].to_dict("records")
    return [
        f"{name(row['method'])} on {name(space)} {row['cost_mean'] / price:.3g} times"
        for row in rows
        if row["cost_mean"] > price * (1 + _SAME) > 0
    ]


def scaled_energy(audit: "Audit") -> Answer:
    """T25: whether costs of several fidelities are one price times the fidelity."""
    frame = audit.log.frame
    paid = frame[frame["valid"] & (frame["cost"] > 0) & frame["config"].notna() & frame["fidelity"].notna()]
    rate = paid.assign(rate=paid["cost"] / paid["fidelity"])
    first = rate.drop_duplicates(["space", "config", "fidelity"])
    spread = first.groupby(["space", "config"])["rate"].agg(["size", "min", "max"])
    several = spread[spread["size"] > 1]
    if several.empty:
        return State.NOT_TOLD, "no configuration was paid at two fidelities"
    exact = (several["max"] / several["min"] - 1 < _SAME).groupby("space").mean()
    words = ", ".join(f"{share:.0%} on {name(str(space))}" for space, share in exact.items())
    if (exact > 0.9).any():
        return State.FAIL, (
            f"cost is exactly proportional to fidelity for {words} of the configurations paid at two fidelities or "
            f"more: scaled or modelled, not measured at each"
        )
    return State.NOT_TOLD, f"cost is exactly proportional to fidelity for {words} of the configurations"


def factor_of(values: "pd.Series[float]") -> float:
    """The largest over the smallest; 1 where all are 0."""
    low, high = float(values.min()), float(values.max())
    return high / low if low > 0 else np.inf if high > 0 else 1.0


def _part(some: Array, every: Array) -> float:
    total = float(every.sum())
    return float(some.sum()) / total if total else 0.0


def _flipped(audit: "Audit", policy: str) -> str:
    """The pairs of which another policy of this kind says something else at the same cut."""
    found: dict[str, None] = {}
    for contrast in audit.contrasts:
        recorded = audit.found(contrast.endpoint, contrast.space, contrast.arm, contrast.reference, contrast.rule)
        if contrast.policy.startswith(policy) and recorded is not None and recorded.state != contrast.state:
            where = f"{contrast.endpoint}, {contrast.rule}" if len(audit.endpoints) > 1 else contrast.rule
            found[f"{name(contrast.arm)} on {name(contrast.space)} ({where})"] = None
    names = list(found)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
