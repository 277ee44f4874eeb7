"""SEMOA, the simple evolutionary multi-objective algorithm. Bakhtiarifard et al., ICASSP 2024 (EC-NAS), Algorithm 1.

The archive is the set of non-dominated trials, without bound; parents come by linear ranking on their hypervolume
contributions (Krause, Glasmachers and Igel 2016), the two extremes always; members are not evaluated again. Choices
where the paper leaves one: a generation has as many children as the initial population has members; of equal losses
the earlier trial stays; a child that was asked before is drawn again, at most ten times. Written for two objectives.
"""

from collections import Counter
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem, SearchSpace
from fairwatt.records import Config, Key, Query, Trial

REDRAWS = 10


@optimizer("semoa", kinds=("multi",))
def semoa(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: int = 10,
    eta_p: float = 1.9,
    edge_changes: float = 2.0,
    op_changes: float = 0.5,
) -> Search:
    """An unbounded archive of non-dominated trials whose members are parents by what they add to the hypervolume.

    population_size: initial members, and children of a generation. eta_p: selective pressure of linear ranking, 1 to
    2. edge_changes, op_changes: expected changes of a child in the groups "edges" and "ops"; in other groups 1. Raises
    UserError for settings out of range and problems without exactly two objectives.
    """
    if population_size < 1 or not 1 <= eta_p <= 2 or min(edge_changes, op_changes) < 0:
        raise UserError(
            f"population_size = {population_size} (expected 1 or more), eta_p = {eta_p} (1 to 2), "
            f"edge_changes = {edge_changes}, op_changes = {op_changes} (0 or more)"
        )
    if len(problem.objectives) != 2:
        raise UserError(f"semoa minimises two objectives, this problem has {len(problem.objectives)}")
    space, starts = problem.space, problem.starts(rng)
    rates = change_rates(space, {"edges": edge_changes, "ops": op_changes})
    asked: set[Key] = set()
    archive: list[Trial] = []

    def child(parent: Config) -> Config:
        for _ in range(REDRAWS):
            config = space.perturb(parent, rng, **rates)
            if space.key(config) not in asked:
                break
        return config

    evaluations = 0
    while evaluations < population_size or not archive:
        config = next(starts)
        asked.add(space.key(config))
        archive = non_dominated(archive, (yield Query(config)))
        evaluations += 1
    while True:
        for parent in parents(archive, population_size, eta_p, rng):
            config = child(parent.config)
            asked.add(space.key(config))
            archive = non_dominated(archive, (yield Query(config)))


def non_dominated(archive: list[Trial], trial: Trial) -> list[Trial]:
    """The archive with a further trial, without what is dominated; invalid trials never enter."""
    if not trial.ok or any(all(a <= b for a, b in zip(old.losses, trial.losses, strict=True)) for old in archive):
        return archive
    kept = [old for old in archive if any(a < b for a, b in zip(old.losses, trial.losses, strict=True))]
    return [*kept, trial]


def contributions(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """[N] hypervolume that each of N mutually non-dominated points [N, 2] alone dominates; infinite at the extremes."""
    order = losses[:, 0].argsort(kind="stable")
    first, second = losses[order].T
    result = np.empty(len(losses))
    result[order[[0, -1]]] = np.inf
    result[order[1:-1]] = (first[2:] - first[1:-1]) * (second[:-2] - second[1:-1])
    return result


def ranking_chances(size: int, eta_p: float) -> NDArray[np.float64]:
    """[size] chances of selection by linear ranking, the best rank first; eta_p/size falls to (2 - eta_p)/size."""
    return np.linspace(eta_p, 2 - eta_p, size) / size if size > 1 else np.ones(1)


def ranks(size: int, count: int, eta_p: float, rng: np.random.Generator) -> NDArray[np.intp]:
    """[count] ranks of `size`, drawn by linear ranking; the draws of `rng.choice`, whose checks take longer than it."""
    up_to = ranking_chances(size, eta_p).cumsum()
    return np.searchsorted(up_to / up_to[-1], rng.random(count), side="right")


def parents(archive: list[Trial], count: int, eta_p: float, rng: np.random.Generator) -> list[Trial]:
    """`count` parents: the extremes of the archive, then draws by linear ranking on contributions."""
    losses = np.fromiter(chain.from_iterable([trial.losses for trial in archive]), np.float64, 2 * len(archive))
    ranked = (-contributions(losses.reshape(-1, 2))).argsort(kind="stable")
    extremes = min(2, len(archive))  # they rank first
    drawn = ranked[ranks(len(archive), max(count - extremes, 0), eta_p, rng)]
    return [archive[place] for place in [*ranked[:extremes].tolist(), *drawn.tolist()][:count]]


def change_rates(space: SearchSpace, wanted: dict[str, float]) -> dict[str, float]:
    """Expected changes in each group of dimensions: as wanted, otherwise 1; never more than a group has."""
    sizes = Counter(dim.group for dim in space.dims)
    return {group: min(wanted.get(group, 1.0), float(size)) for group, size in sizes.items()}
