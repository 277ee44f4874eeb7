"""Energy-aware local search and BANANAS. Dou et al., ICLR 2023 (EA-HAS-Bench): EA-LS and EA-BANANAS.

The searches are `ls` and `bananas`; what they minimise is one minus the declared objective ACC·(TEC/T0)^w, to be
maximised: an error that is the validation error of a network which takes T0, and higher for networks which take more.
T0 is a scale and decides nothing: no order of configurations depends on it. The source's, .5, is in a unit of its own
table, so the default is measured. TEC is the energy of one full training.

What a search minimises is its own affair, what it is judged by is not: as theirs is a compromise of error and energy,
both optimizers stand in the ranking by hypervolume and not in that by regret, where they would be held against searches
for the lowest error, which they do not look for.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from fairwatt.errors import UserError
from fairwatt.optimizer import GeneratorOptimizer, Search, SearchEnded, optimizer
from fairwatt.optimizers.bananas import ensemble_search
from fairwatt.optimizers.local_search import descents
from fairwatt.problem import Problem
from fairwatt.records import Trial

Loss = Callable[[Trial], float]


def energy_aware_error(val_error: float, relative_energy: float, weight: float) -> float:
    """1 - (1 - val_error)·relative_energy^weight, exactly `val_error` where the weight is 0."""
    worth: float = relative_energy**weight
    return val_error + (1 - val_error) * (1 - worth)


@optimizer("ea-ls", kinds=("multi",))
def ea_local_search(
    problem: Problem,
    rng: np.random.Generator,
    *,
    weight: float = -0.07,
    reference_kwh: float = 0.0,
    initial_size: int = 10,
) -> Search:
    """Local search for the best compromise of accuracy and training energy.

    weight: w, 0 or less; 0 is `ls`. reference_kwh: T0; 0 for the mean energy of the shared design's valid trials, or of
    the first valid trial where there are none. initial_size: as of `ls`. Raises UserError for settings out of range.
    """
    return compromise(
        problem, weight, reference_kwh, lambda loss: descents(problem, rng, loss, initial_size=initial_size)
    )


@optimizer("ea-bananas", kinds=("multi",), extra="torch")
def ea_bananas(
    problem: Problem,
    rng: np.random.Generator,
    *,
    weight: float = -0.07,
    reference_kwh: float = 0.0,
    initial_size: int = 10,
    k: int = 10,
    candidates: int = 100,
    parents: int = 10,
    members: int = 5,
) -> Search:
    """BANANAS for the best compromise of accuracy and training energy.

    weight: w, 0 or less; 0 is `bananas`. reference_kwh: T0; 0 for the mean energy of the shared design's valid trials,
    or of the first valid trial where there are none. The others are as of `bananas`. Raises MissingExtraError without
    torch, UserError for settings out of range.
    """
    return compromise(
        problem,
        weight,
        reference_kwh,
        lambda loss: ensemble_search(
            problem,
            rng,
            loss,
            name="ea-bananas",
            initial_size=initial_size,
            k=k,
            candidates=candidates,
            parents=parents,
            members=members,
        ),
    )


def compromise(problem: Problem, weight: float, reference_kwh: float, search_for: Callable[[Loss], Search]) -> Search:
    """The search for the lowest energy-aware error, watched while T0 is not known.

    A search that compares before the whole shared design is there does so by the part that is there.
    """
    if not -math.inf < weight <= 0 or not 0 <= reference_kwh < math.inf:
        raise UserError(f"weight = {weight} (expected 0 or less), reference_kwh = {reference_kwh} (0 or more)")
    design: list[float] = []

    def loss(trial: Trial) -> float:
        if not trial.ok:
            return math.inf
        t0 = reference_kwh or float(np.mean(design))
        return energy_aware_error(trial.val_error, trial.energy_kwh / t0, weight)

    search = GeneratorOptimizer(search_for(loss))
    for asked in itertools.count():
        try:
            query = search.ask()
        except SearchEnded:
            return
        trial = yield query
        if trial.ok and (asked < len(problem.initial) or not design):
            design.append(trial.energy_kwh)
        search.tell(trial)
