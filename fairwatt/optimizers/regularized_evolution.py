"""Regularized (ageing) evolution. Real, Aggarwal, Huang and Le, AAAI 2019, Algorithm 1.

Deviations: P and S are 10 (the paper's 100 and 25 count evaluations, and more than a third of a small budget would be
random search); the tournament is drawn with replacement; a child always is another network than its parent.
"""

from collections import deque

import numpy as np

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Query, Trial


@optimizer("re")
def regularized_evolution(
    problem: Problem, rng: np.random.Generator, *, population_size: int = 10, sample_size: int = 10
) -> Search:
    """Ageing evolution: the child of a tournament's winner replaces the oldest member.

    population_size: P in the paper. sample_size: S, members drawn for a tournament. Raises UserError where either is
    below 1.
    """
    if min(population_size, sample_size) < 1:
        raise UserError(f"population_size = {population_size}, sample_size = {sample_size}: expected 1 or more of each")
    population: deque[Trial] = deque(maxlen=population_size)
    starts = problem.starts(rng)
    while True:
        if len(population) < population_size:
            config = next(starts)
        else:
            sample = [population[place] for place in rng.integers(population_size, size=sample_size).tolist()]
            parent = min(sample, key=lambda trial: trial.losses[0])
            config = problem.space.mutate(parent.config, rng)
        population.append((yield Query(config)))
