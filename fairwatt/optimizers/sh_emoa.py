"""SH-EMOA. Izquierdo et al., "Bag of Baselines for Multi-objective Joint NAS and HPO", AutoML workshop at ICML 2021.

A steady-state evolution (SMS-EMOA. Beume, Naujoks and Emmerich, EJOR 2007) that climbs the fidelities: of what is in
the population at one, everything is trained at the next, where it has fewer steps. What is halved is the number of
steps, never the population.

Deviations: the source divides a number of evaluations that it knows among the fidelities; a search here does not know
its end, so the steps below full training are a setting and those at full training go on. A tournament compares by front
and by what a member adds to the hypervolume, not by the area that it dominates alone, and both have a reference point
in units of the population instead of one in units of the source's problem. Mutation is a small step of the space; the
source draws five parameters anew. A child that was trained at this fidelity before is drawn again, then at random.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers.dominance import added_volume, ranked
from fairwatt.problem import Problem
from fairwatt.records import Config, Key, Query, Trial

REDRAWS = 10
MAX_DRAWS = 1_000


def ladder(rungs: int, settings: Mapping[str, Any]) -> list[int]:
    """Trainings at each of `rungs` fidelities: the population, and steps that become eta times fewer at each."""
    size, eta, steps = (settings[name] for name in ("population_size", "eta", "steps"))
    return [size + steps * eta**below for below in reversed(range(rungs))]


def ladder_full(fidelities: Sequence[float], settings: Mapping[str, Any]) -> float:
    """What climbing the fidelities once trains, each from scratch, in full trainings."""
    counts = ladder(len(fidelities), settings)
    return sum(n * fidelity for n, fidelity in zip(counts, fidelities, strict=True)) / fidelities[-1]


@optimizer("sh-emoa", kinds=("multi",), multi_fidelity=True, cycle=ladder_full)
def sh_emoa(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: int = 10,
    eta: int = 2,
    steps: int = 6,
    tournament_size: int = 3,
    mutation_share: float = 0.5,
    swap_chance: float = 0.5,
) -> Search:
    """An SMS-EMOA whose population is trained longer and longer, in fewer and fewer steps.

    population_size: members after each step. steps: children before a search of the source would end at full training,
    eta times as many at each fidelity below; 6 are its 100 evaluations at four fidelities. eta: how many times fewer
    steps each fidelity has than the one below. tournament_size: members drawn for a parent. mutation_share: of
    children by mutation, the others by recombination. swap_chance: of each dimension to come from the second parent.
    Ends when 1,000 draws in a row show nothing new. Raises UserError for settings out of range and problems without
    exactly two objectives.
    """
    if min(population_size, eta, steps, tournament_size) < 1 or not (
        0 <= mutation_share <= 1 and 0 <= swap_chance <= 1
    ):
        raise UserError(
            f"population_size = {population_size}, eta = {eta}, steps = {steps}, tournament_size = {tournament_size} "
            f"(expected 1 or more), mutation_share = {mutation_share}, swap_chance = {swap_chance} (0 to 1)"
        )
    if len(problem.objectives) != 2:
        raise UserError(f"sh-emoa minimises two objectives, this problem has {len(problem.objectives)}")
    space, starts = problem.space, problem.starts(rng)
    population: list[Trial] = []  # the best first
    asked: set[Key] = set()  # at this fidelity

    def draw() -> Config | None:
        draws = itertools.islice(starts, MAX_DRAWS)
        return next((config for config in draws if space.key(config) not in asked), None)

    def child() -> Config | None:
        for _ in range(REDRAWS):
            size = min(tournament_size, len(population))
            config = population[rng.choice(len(population), size=size, replace=False).min()].config
            if rng.random() < mutation_share:
                config = space.mutate(config, rng)
            else:
                partner = population[rng.integers(len(population))].config
                config = recombined(config, partner, swap_chance, rng)
            if space.is_valid(config) and space.key(config) not in asked:
                return config
        return draw()

    counts = ladder(len(problem.fidelities), {"population_size": population_size, "eta": eta, "steps": steps})
    for fidelity, count in zip(problem.fidelities, counts, strict=True):
        asked.clear()
        promoted, population = [trial.config for trial in population], []
        for place in itertools.count() if fidelity == problem.fidelities[-1] else range(count):
            begun = place >= population_size
            config = child() if begun else promoted[place] if place < len(promoted) else draw()
            if config is None:
                break
            asked.add(space.key(config))
            population.append((yield Query(config, fidelity)))
            population = ranked(population, added_volume)[:population_size]


def recombined(first: Config, second: Config, swap_chance: float, rng: np.random.Generator) -> Config:
    """Uniform recombination: each value of the first parent or, with `swap_chance`, of the second; maybe invalid."""
    swaps = rng.random(len(first)) < swap_chance
    return tuple(b if swap else a for a, b, swap in zip(first, second, swaps, strict=True))
