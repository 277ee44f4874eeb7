"""What each arm spent, in every currency, what it proposed and computed: the specification's controls T1, T3, T24."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.trajectories import Trajectory
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.ledger import entries
from fairwatt.overhead import charged_model
from fairwatt.records import JOULES_PER_KWH, NANO, Cost, End, Request

if TYPE_CHECKING:
    import pandas as pd

WORTH_A_FLAG = 0.01
"""Share of the budget from which an optimizer's own computing can change a verdict."""


@dataclass(frozen=True)
class Overhead:
    """What one search's optimizer computed itself: measured beside the books, never in them.

    seconds: of a processor, until the account closed, by budget. watts: the declared power. pue: that of the space.
    """

    seconds: Mapping[str, float]
    watts: float
    pue: float

    def joules(self, budget: str) -> float:
        """Energy until the account closed at this budget."""
        return self.seconds[budget] * self.watts * self.pue


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
                shown, total = trajectory.account(book.policy).total(book.policy, budget)
                ends[trajectory.close(granted).end] += 1
                spent.append(total)
                requests.append(shown)
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


def overhead_table(
    endpoints: Endpoints, books: Iterable[Book], noted: Mapping[str, Mapping[int, Overhead]]
) -> "pd.DataFrame":
    """One row for each arm and budget: what optimizers computed themselves until the books closed.

    noted: by arm and seed. Columns: arm, budget (granted), timed (searches), cpu_seconds and joules (median),
    cpu_seconds_max, share and share_max (of the budget in energy: in other currencies, of as many mean full trainings),
    charged_joules (mean; 0 where the policy charges nothing), flag (where share_max is more than 1 %). NaN and no flag
    where no search was timed.
    """
    import pandas as pd

    rows = []
    for book in books:
        for arm, trajectories in endpoints.trajectories.items():
            granted = endpoints.protocol.granted(arm, book)
            budget, place = str(granted.budget), component(book.policy.currency)
            timed = [overhead for overhead in noted.get(arm, {}).values() if budget in overhead.seconds]
            tariff = next(iter(trajectories.values())).tariff
            trainings = granted.budget.resolve(book.policy.currency, tariff) / tariff.full[place]
            granted_joules = trainings * tariff.full.energy_nj / NANO
            seconds = np.array([overhead.seconds[budget] for overhead in timed] or [np.nan])
            joules = np.array([overhead.joules(budget) for overhead in timed] or [np.nan])
            share_max = joules.max() / granted_joules
            rows.append(
                {
                    "arm": arm,
                    "budget": budget,
                    "timed": len(timed),
                    "cpu_seconds": np.median(seconds),
                    "cpu_seconds_max": seconds.max(),
                    "joules": np.median(joules),
                    "share": np.median(joules) / granted_joules,
                    "share_max": share_max,
                    "charged_joules": np.mean([_charged_joules(run, granted) for run in trajectories.values()]),
                    "flag": f"> {WORTH_A_FLAG:.0%} of the budget" if share_max > WORTH_A_FLAG else "",
                }
            )
    return pd.DataFrame(rows)


def _charged_joules(trajectory: Trajectory, book: Book) -> float:
    """What the books charged for the optimizer's own computing."""
    header, budget = trajectory.run.header, book.budget.resolve(book.policy.currency, trajectory.tariff)
    model = charged_model(book.policy.overhead, header.overhead, header.optimizer)
    if model is None:
        return 0.0
    lines = entries(trajectory.run.requests, book.policy, budget, trajectory.tariff, model)
    return sum(entry.overhead.energy_nj for _, entry, _ in lines) / NANO


def _repeated(requests: Iterable[Request]) -> int:
    """How many requests ask for a training that was asked for before."""
    asked = [(r.key, r.trial.fidelity, r.replicate) for r in requests if r.key is not None]
    return len(asked) - len(set(asked))
