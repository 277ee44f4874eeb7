"""SMAC3. Lindauer et al., JMLR 2022: its hyperparameter-optimization façade, version 2.4, by ask and tell.

The façade's own defaults: a random forest on log-scaled errors, expected improvement, 10,000 random challengers and
local search, a fifth of random configurations, a new forest after 8 proposals. Deviations, all of them by what SMAC is
given and not in what it does (`smac_parts`): the initial design is the shared one and draws from the space's sampler
in the place of Sobol's sequence, a third of what 30 full trainings afford; every other random configuration comes from
that sampler too; what is no network of the space is a forbidden configuration, known beforehand and never asked;
another encoding of a network that was proposed is no new configuration; it gives up after 1,000 draws without a new
one, not 16. An answer that is invalid all the same is a crash at the largest loss so far, for SMAC's own cost of a
crash, infinity, breaks its forest. SMAC's number of trials, from which it would derive its initial design, has no other
use here, and is larger than any search.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from itertools import islice
from typing import Any

import numpy as np

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Config, Key, Query

MAX_TRIALS = 10**9
MAX_DRAWS = 1_000


@optimizer("smac", extra="smac")
def smac(
    problem: Problem,
    rng: np.random.Generator,
    *,
    initial_size: int = 10,
    challengers: int = 10_000,
    retrain_after: int = 8,
) -> Search:
    """Bayesian optimization with a random forest and expected improvement.

    initial_size: configurations before the first forest. challengers: random ones for each forest, the best of which
    local search starts from. retrain_after: proposals between two forests. Both cost what SMAC costs. Ends when 1,000
    draws in a row show nothing new. Raises MissingExtraError without smac, UserError for settings below 1.
    """
    return smac_search(
        "smac", "HyperparameterOptimizationFacade", problem, rng, initial_size, challengers, retrain_after
    )


def smac_search(
    name: str,
    facade: str,
    problem: Problem,
    rng: np.random.Generator,
    initial_size: int,
    challengers: int,
    retrain_after: int,
    *,
    scenario: Mapping[str, Any] | None = None,
    intensifier: Mapping[str, Any] | None = None,
) -> Search:
    """The search of one of SMAC's façades, by its name there.

    name: of the optimizer, for errors. scenario, intensifier: what goes beyond the façade's defaults.
    """
    if find_spec("smac") is None:
        raise MissingExtraError(f"optimizer {name}", "smac", "smac")
    if min(initial_size, challengers, retrain_after) < 1:
        raise UserError(
            f"initial_size = {initial_size}, challengers = {challengers}, retrain_after = {retrain_after}: "
            "expected 1 or more of each"
        )
    import smac as library
    from smac.main.exceptions import ConfigurationSpaceExhaustedException
    from smac.runhistory import StatusType, TrialValue

    from fairwatt.optimizers.smac_parts import (
        NetworkSpace,
        NewNetworks,
        OrderedStarts,
        UnwrittenScenario,
        forest,
        in_silence,
    )

    first: dict[Key, Config] = {}
    for config in islice(problem.starts(rng), initial_size):
        first.setdefault(problem.space.key(config), config)
    kind = getattr(library, facade)
    with in_silence():
        space = NetworkSpace(problem.space, rng, next(iter(first.values())))
        setting = UnwrittenScenario(
            space, n_trials=MAX_TRIALS, deterministic=True, seed=int(rng.integers(2**31)), **(scenario or {})
        )
        maximizer = kind.get_acquisition_maximizer(setting, challengers=challengers)
        maximizer._local_search = OrderedStarts(space, seed=setting.seed)
        design = [space.configuration(config) for config in first.values()]
        optimizing = kind(
            setting,
            None,
            model=forest(setting),
            initial_design=kind.get_initial_design(setting, n_configs=0, additional_configs=design),
            intensifier=kind.get_intensifier(setting, **(intensifier or {})),
            acquisition_maximizer=maximizer,
            config_selector=NewNetworks(setting, retrain_after=retrain_after, max_new_config_tries=MAX_DRAWS),
            logging_level=False,
            overwrite=True,
        )
    losses: list[float] = []
    while True:
        try:
            with in_silence():
                asked = optimizing.ask()
        except (StopIteration, ConfigurationSpaceExhaustedException):
            return
        trial = yield Query(space.config(asked.config.get_array()), nearest(asked.budget, problem.fidelities))
        if trial.ok:
            losses.append(trial.losses[0])
            value = TrialValue(trial.losses[0])
        else:
            value = TrialValue(max(losses, default=1.0), status=StatusType.CRASHED)
        with in_silence():
            optimizing.tell(asked, value, save=False)


def nearest(budget: float | None, fidelities: tuple[float, ...]) -> float:
    """The benchmark's own number for a fidelity that SMAC computed; full training where it has none."""
    return fidelities[-1] if budget is None else min(fidelities, key=lambda fidelity: abs(fidelity - budget))
