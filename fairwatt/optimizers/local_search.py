"""Local search. White, Nolen and Savani, UAI 2021, "Exploring the Loss Landscape in NAS", Algorithm 1.

The variant that asks the whole neighbourhood and moves to its best member, from the best of several starts. Asked
in random order, because a budget may end in the middle. At a local optimum the search starts again from one new random
configuration: a query like every other. Nothing is asked twice: what is known is compared, not asked.
"""

from collections.abc import Callable

import numpy as np

from fairwatt.errors import UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Key, Query, Trial

MAX_DRAWS = 1_000


@optimizer("ls")
def local_search(problem: Problem, rng: np.random.Generator, *, initial_size: int = 10) -> Search:
    """Steepest descent over real neighbourhoods, with restarts.

    initial_size: starts asked before the first descent. Ends when 1,000 draws in a row show nothing new. Raises
    UserError where initial_size is below 1.
    """
    return descents(problem, rng, lambda trial: trial.losses[0], initial_size=initial_size)


def descents(
    problem: Problem, rng: np.random.Generator, loss: Callable[[Trial], float], *, initial_size: int
) -> Search:
    """Local search for the lowest `loss`; settings, end and errors as of `local_search`."""
    if initial_size < 1:
        raise UserError(f"initial_size = {initial_size}: expected 1 or more")
    space, starts = problem.space, problem.starts(rng)
    known: dict[Key, Trial] = {}
    while True:
        fresh: list[Trial] = []
        for _ in range(1 if known else initial_size):
            config = next(
                (c for c, _ in zip(starts, range(MAX_DRAWS), strict=False) if space.key(c) not in known), None
            )
            if config is not None:
                known[space.key(config)] = trial = yield Query(config)
                fresh.append(trial)
        if not fresh:
            return
        current: Trial | None = None
        best = min(fresh, key=loss)
        while current is None or loss(best) < loss(current):
            current = best
            around = space.neighbors(current.config) if current.ok else []
            for place in rng.permutation(len(around)):
                if (key := space.key(around[place])) not in known:
                    known[key] = yield Query(around[place])
            best = min((known[space.key(c)] for c in around), key=loss, default=current)
