"""What each arm spent, in every currency, and what it proposed: the specification's controls T1 and T3."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.ledger import entries
from fairwatt.records import JOULES_PER_KWH, NANO, NO_COST, Cost, End, Request

if TYPE_CHECKING:
    import pandas as pd


def spend_table(endpoints: Endpoints, books: Iterable[Book]) -> "pd.DataFrame":
    """One row for each arm and budget: means over seeds of what the books show at the end.

    Columns: arm, budget (granted), seeds, energy_kwh, energy_kwh_min, energy_kwh_max, hours, epochs, evaluations
    (trainings paid), requests, unspent (share of the budget), one column of counts for each way to end.
    """
    import pandas as pd

    rows = []
    for book in books:
        for arm, trajectories in endpoints.trajectories.items():
            granted = endpoints.protocol.granted(arm, book)
            place = component(book.policy.currency)
            spent: list[Cost] = []
            requests: list[int] = []
            unspent: list[float] = []
            ends: Counter[End] = Counter()
            for trajectory in trajectories.values():
                budget = granted.budget.resolve(book.policy.currency, trajectory.tariff)
                lines = list(entries(trajectory.run.requests, book.policy, budget, trajectory.tariff))
                total = lines[-1][1].spent if lines else NO_COST
                ends[trajectory.close(granted).end] += 1
                spent.append(total)
                requests.append(len(lines))
                unspent.append(max(budget - total[place], 0) / budget)
            energy_kwh = np.array([cost.energy_nj / (NANO * JOULES_PER_KWH) for cost in spent])
            rows.append(
                {
                    "arm": arm,
                    "budget": str(granted.budget),
                    "seeds": len(spent),
                    "energy_kwh": energy_kwh.mean(),
                    "energy_kwh_min": energy_kwh.min(),
                    "energy_kwh_max": energy_kwh.max(),
                    "hours": np.mean([cost.time_ns / (NANO * 3600) for cost in spent]),
                    "epochs": np.mean([cost.nano_epochs / NANO for cost in spent]),
                    "evaluations": np.mean([cost.nano_evaluations / NANO for cost in spent]),
                    "requests": np.mean(requests),
                    "unspent": np.mean(unspent),
                }
                | {str(end): ends[end] for end in End}
            )
    return pd.DataFrame(rows)


def proposal_table(endpoints: Endpoints, books: Iterable[Book]) -> "pd.DataFrame":
    """One row for each arm and budget: what was proposed until the books closed, all seeds together.

    Columns: arm, budget (granted), proposals (mean per seed), valid (share), distinct (mean share of a seed's valid
    proposals), modal (share of the commonest network among all valid ones), duplicates (mean per seed: requests for a
    training that was asked for before), full_fidelity (share of the valid ones).
    """
    import pandas as pd

    rows = []
    for book in books:
        for arm, trajectories in endpoints.trajectories.items():
            granted = endpoints.protocol.granted(arm, book)
            proposals, duplicates, full = 0, 0, 0
            distinct: list[float] = []
            counts: Counter[int | str] = Counter()
            for trajectory in trajectories.values():
                requests = trajectory.run.requests[: trajectory.close(granted).credited]
                keys = [request.key for request in requests if request.key is not None]
                proposals += len(requests)
                duplicates += _repeated(requests)
                full += sum(request.trial.fidelity == 1.0 for request in requests if request.key is not None)
                counts.update(keys)
                distinct += [len(set(keys)) / len(keys)] if keys else []
            valid = counts.total()
            rows.append(
                {
                    "arm": arm,
                    "budget": str(granted.budget),
                    "proposals": proposals / len(trajectories),
                    "valid": valid / proposals if proposals else np.nan,
                    "distinct": float(np.mean(distinct)) if distinct else np.nan,
                    "modal": max(counts.values()) / valid if valid else np.nan,
                    "duplicates": duplicates / len(trajectories),
                    "full_fidelity": full / valid if valid else np.nan,
                }
            )
    return pd.DataFrame(rows)


def _repeated(requests: Iterable[Request]) -> int:
    """How many requests ask for a training that was asked for before."""
    asked = [(r.key, r.trial.fidelity, r.replicate) for r in requests if r.key is not None]
    return len(asked) - len(set(asked))
