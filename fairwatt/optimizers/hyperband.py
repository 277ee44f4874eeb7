"""Hyperband. Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, JMLR 2018, Algorithm 1.

Rungs are the benchmark's own fidelities, so none is computed and none can be lost to rounding. Brackets repeat without
end. Draws are independent: a configuration may be asked again in a later bracket.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Config, Query, Trial

Bracket = list[tuple[int, float]]
Rank = Callable[[list[Trial]], list[Trial]]
"""From trials at one fidelity to all of them, the best first, invalid ones last."""

VARIANTS = ("li", "hpbandster")


class FidelityGridError(UserError, ValueError):
    """Fidelities that are not powers of eta apart."""


def brackets(fidelities: Sequence[float], eta: int = 3, variant: str = "li") -> list[Bracket]:
    """One cycle of Hyperband's brackets, the one that starts lowest first.

    fidelities: ascending, each eta times the one before (to 0.1 %), in any unit. Each bracket is a list of (number of
    configurations, fidelity). variant: "li", the paper's n = ceil((s_max + 1) eta^s / (s + 1)); "hpbandster",
    n = floor((s_max + 1) / (s + 1)) eta^s. Raises FidelityGridError, a ValueError, where eta does not fit the
    fidelities; UnknownNameError.
    """
    if variant not in VARIANTS:
        raise UnknownNameError("variant of Hyperband", variant, VARIANTS)
    ratios = [high / low for low, high in itertools.pairwise(fidelities)]
    if not fidelities or eta < 2 or not all(math.isclose(ratio, eta, rel_tol=1e-3) for ratio in ratios):
        raise FidelityGridError(
            f"eta = {eta} does not fit the fidelities {tuple(fidelities)}: "
            "each must be eta (2, 3, ...) times the one before; set eta to their ratio"
        )
    s_max = len(fidelities) - 1
    cycle = []
    for s in range(s_max, -1, -1):
        n = -(-(s_max + 1) * eta**s // (s + 1)) if variant == "li" else (s_max + 1) // (s + 1) * eta**s
        cycle.append([(n // eta**i, fidelity) for i, fidelity in enumerate(fidelities[s_max - s :])])
    return cycle


def cycle_full(fidelities: Sequence[float], settings: Mapping[str, Any]) -> float:
    """What one cycle of brackets trains, each rung from scratch, in full trainings. Raises as `brackets`."""
    cycle = brackets(fidelities, settings["eta"], settings["variant"])
    return sum(n * fidelity for bracket in cycle for n, fidelity in bracket) / fidelities[-1]


def by_loss(trials: list[Trial]) -> list[Trial]:
    """The trials by their first loss, the best first, of equals the earlier; invalid ones come last."""
    return sorted(trials, key=lambda trial: (not trial.ok, trial.losses[0]))


def successive_halving(bracket: Bracket, draw: Callable[[float], Config], rank: Rank = by_loss) -> Search:
    """One bracket: what `draw(fidelity)` gives to the first rung, and of every rung the best by `rank` to the next.

    Nothing outlives the bracket.
    """
    rung: list[Trial] = []
    for n, fidelity in bracket:
        configs = [trial.config for trial in rung[:n]] if rung else (draw(fidelity) for _ in range(n))
        trials: list[Trial] = []
        for config in configs:
            trials.append((yield Query(config, fidelity)))
        rung = rank(trials)


@optimizer("hb", multi_fidelity=True, cycle=cycle_full)
def hyperband(problem: Problem, rng: np.random.Generator, *, eta: int = 3, variant: str = "li") -> Search:
    """Successive halving in brackets that trade the number of configurations for the length of training.

    eta: the share 1/eta of a rung goes on. variant: as in `brackets`; the two cost differently, so name it. Raises
    as `brackets`.
    """
    starts = problem.starts(rng)
    for bracket in itertools.cycle(brackets(problem.fidelities, eta, variant)):
        yield from successive_halving(bracket, lambda _: next(starts))
