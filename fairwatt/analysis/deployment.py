"""What deployment pays: the search, and a full training of what it found.

The energy of inference would come on top; no reference holds one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.attainment import held_sets
from fairwatt.analysis.endpoints import RANKINGS, Endpoints
from fairwatt.analysis.truth import NOTHING
from fairwatt.books import Book

if TYPE_CHECKING:
    import pandas as pd


def deployment_table(endpoints: Endpoints, books: Sequence[Book], spend: "pd.DataFrame") -> "pd.DataFrame":
    """One row for each ranking, arm and budget: means over seeds, in kWh.

    spend: the `spend.spend_table` of these books. Columns: kind, arm, budget (granted), seeds, found (seeds with a full
    training), search_kwh (charged), training_kwh (true energy of one more full training of the incumbent or, in the
    multi-objective ranking, of one network of the front, the mean of it; NaN where no seed found any),
    search_and_training_kwh (the sum of both).
    """
    import pandas as pd

    searches = spend.set_index(["arm", "budget"])["energy_kwh"]
    rows = []
    for ranking in RANKINGS:
        trainings = _of_fronts if ranking == RANKINGS[1] else _of_incumbents
        for book in books:
            for arm in endpoints.arms(ranking):
                found = trainings(endpoints, arm, book)
                budget = str(endpoints.protocol.granted(arm, book).budget)
                search, training = searches[arm, budget], float(np.mean(found)) if found else np.nan
                seeds = len(endpoints.trajectories[arm])
                rows.append((ranking.kind, arm, budget, seeds, len(found), search, training, search + training))
    columns = ["kind", "arm", "budget", "seeds", "found", "search_kwh", "training_kwh", "search_and_training_kwh"]
    return pd.DataFrame(rows, columns=columns)


def _of_incumbents(endpoints: Endpoints, arm: str, book: Book) -> list[float]:
    """kWh of a full training of what each seed selects; nothing of seeds that have nothing to select."""
    granted = endpoints.protocol.granted(arm, book)
    runs = endpoints.trajectories[arm].values()
    places = [int(run.incumbents[run.close(granted).credited]) for run in runs]
    return [float(endpoints.truth.energy_kwh[place]) for place in places if place != NOTHING]


def _of_fronts(endpoints: Endpoints, arm: str, book: Book) -> list[float]:
    """kWh of a full training of a network of each seed's front, in the mean; nothing of seeds without a front."""
    sets = held_sets(endpoints, arm, book, list(endpoints.trajectories[arm]))
    return [float(points[:, 0].mean()) for points in sets if len(points)]
