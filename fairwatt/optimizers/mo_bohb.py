"""MO-BOHB. Izquierdo et al., "Bag of Baselines for Multi-objective Joint NAS and HPO", AutoML workshop at ICML 2021.

BOHB (Falkner, Klein and Hutter, ICML 2018) that orders trials by front and, in a front, by greedy hypervolume subset
selection: the order of MOTPE (Ozaki et al., GECCO 2020). It says which trials are good to the model, and which go on
in Hyperband's brackets.

Deviations: the densities are those of `bohb`, one over all dimensions; the source has a Parzen estimator for each
dimension. What is promoted of a front that does not fit is the selected subset, as in the paper; the released code
takes the first ones. eta is the ratio of the fidelities, the source's is 2; a model needs dimensions + 1 good trials,
not 2 dimensions + 1. The reference point is in units of the trials that are ordered, 1.1 of their range, instead of
1.1 of their worst losses. And, as in `bohb`, nothing is trained twice at one fidelity.
"""

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers.bohb import density_search
from fairwatt.optimizers.dominance import REFERENCE, ranked
from fairwatt.optimizers.hyperband import cycle_full
from fairwatt.problem import Problem
from fairwatt.records import Trial


@optimizer("mo-bohb", kinds=("multi",), multi_fidelity=True, cycle=cycle_full)
def mo_bohb(
    problem: Problem,
    rng: np.random.Generator,
    *,
    eta: int = 3,
    variant: str = "li",
    top_percent: int = 10,
    candidates: int = 24,
    random_fraction: float = 1 / 6,
    bandwidth_factor: float = 3.0,
    min_bandwidth: float = 1e-3,
    min_points: int = 0,
) -> Search:
    """BOHB for two losses: good is what is not dominated and adds most to the hypervolume.

    top_percent: 100 gamma, the good ones, though never fewer than min_points. candidates: drawn from the good density
    for each proposal. The other settings, the end and errors as of `bohb`; UserError, too, for problems without exactly
    two objectives.
    """
    if len(problem.objectives) != 2:
        raise UserError(f"mo-bohb minimises two objectives, this problem has {len(problem.objectives)}")
    return density_search(
        problem,
        rng,
        by_hypervolume,
        eta=eta,
        variant=variant,
        top_percent=top_percent,
        candidates=candidates,
        random_fraction=random_fraction,
        bandwidth_factor=bandwidth_factor,
        min_bandwidth=min_bandwidth,
        min_points=min_points,
    )


def by_hypervolume(trials: list[Trial]) -> list[Trial]:
    """The trials by front and selection in it, the best first; invalid ones come last."""
    return ranked(trials, selected_early)


def selected_early(front: NDArray[np.float64]) -> NDArray[np.float64]:
    """[F] how early greedy hypervolume subset selection takes each point of a front [F, 2]: F for the first, then less.

    The next is the point that adds most to the hypervolume of those taken, of equals the earlier; the reference point
    is `REFERENCE` in both coordinates.
    """
    turn = np.zeros(len(front))
    ceiling = np.array([[-np.inf, REFERENCE], [REFERENCE, -np.inf]])  # as if these two were taken before
    taken = ceiling
    for left in range(len(front), 0, -1):
        right = np.searchsorted(taken[:, 0], front[:, 0], side="right")
        added = (taken[right, 0] - front[:, 0]) * (taken[right - 1, 1] - front[:, 1])
        added[turn > 0] = -1.0
        best = int(np.argmax(added))
        turn[best] = left
        taken = np.insert(taken, right[best], front[best], axis=0)
    return turn
