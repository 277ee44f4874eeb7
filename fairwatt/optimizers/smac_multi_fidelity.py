"""SMAC3. Lindauer et al., JMLR 2022: its multi-fidelity façade, version 2.4, by ask and tell.

The façade's own defaults: SMAC's proposals (see `smac`) in Hyperband's brackets, the paper's; the forest is fitted to
the trials of the highest fidelity that has any. Deviations: those of `smac`; the lowest fidelity is told to SMAC a
millionth smaller than it is, because it takes a logarithm of the ratio and truncates, which would lose a rung; its
fidelities are the benchmark's own numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers.hyperband import brackets, cycle_full
from fairwatt.optimizers.smac import smac_search
from fairwatt.problem import Problem

MARGIN = 1e-6


def smac_cycle_full(fidelities: Sequence[float], settings: Mapping[str, Any]) -> float:
    """What one cycle of SMAC's brackets trains, in full trainings. Raises as `hyperband.brackets`."""
    return cycle_full(fidelities, {"eta": settings["eta"], "variant": "li"})


@optimizer("smac-mf", multi_fidelity=True, extra="smac", cycle=smac_cycle_full)
def smac_multi_fidelity(
    problem: Problem,
    rng: np.random.Generator,
    *,
    eta: int = 3,
    initial_size: int = 10,
    challengers: int = 10_000,
    retrain_after: int = 8,
) -> Search:
    """SMAC's proposals in the brackets of Hyperband.

    eta: the share 1/eta of a rung goes on. initial_size: configurations before proposals. challengers, retrain_after:
    as of `smac`. Ends when 1,000 draws in a row show nothing new to fill a bracket with. Raises as `smac` and as
    `hyperband.brackets`.
    """
    brackets(problem.fidelities, eta)  # whether eta fits
    return smac_search(
        "smac-mf",
        "MultiFidelityFacade",
        problem,
        rng,
        initial_size,
        challengers,
        retrain_after,
        scenario={"min_budget": problem.fidelities[0] * (1 - MARGIN), "max_budget": problem.fidelities[-1]},
        intensifier={"eta": eta},
    )
