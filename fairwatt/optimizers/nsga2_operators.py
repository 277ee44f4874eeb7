"""pymoo's operators around a search space: its sampler, its steps, its idea of what is the same.

An individual is the positions of a configuration's values in the space's dimensions, [D] integers. Imports pymoo, so
import it only where it is needed.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymoo.core.duplicate import DuplicateElimination
from pymoo.core.mutation import Mutation
from pymoo.core.population import Population
from pymoo.core.sampling import Sampling
from pymoo.operators.crossover.ux import UniformCrossover

from fairwatt.problem import SearchSpace
from fairwatt.records import Config, Key

Positions = NDArray[np.int64]
REDRAWS = 10


class Genome:
    """Configurations of a space as positions, and back."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._values = [dim.values for dim in space.dims]
        self._positions = [{value: k for k, value in enumerate(values)} for values in self._values]

    def encode(self, configs: list[Config]) -> Positions:
        """[N, D] positions of N configurations."""
        rows = [[at[value] for at, value in zip(self._positions, config, strict=True)] for config in configs]
        return np.array(rows, dtype=np.int64).reshape(len(rows), len(self._values))

    def decode(self, positions: Positions) -> Config:
        """The configuration at positions [D]; may be invalid."""
        return tuple(values[k] for values, k in zip(self._values, positions.tolist(), strict=True))


class Draws(Sampling):  # type: ignore[misc]
    """The next configurations of an iterator."""

    def __init__(self, genome: Genome, fresh: Iterator[Config]) -> None:
        super().__init__()
        self._genome, self._fresh = genome, fresh

    def _do(self, problem: Any, n_samples: int, **_: Any) -> Positions:
        return self._genome.encode(list(islice(self._fresh, n_samples)))


class ValidCrossover(UniformCrossover):  # type: ignore[misc]
    """Uniform crossover; a child that is invalid is drawn again, at most ten times, and then is its parent."""

    def __init__(self, genome: Genome, **settings: Any) -> None:
        super().__init__(**settings)
        self._genome = genome

    def _do(self, problem: Any, X: Positions, *args: Any, **kwargs: Any) -> Positions:
        children: Positions = np.array(X)
        missing = np.ones(X.shape[:2], dtype=np.bool_)  # [children of a mating, matings]
        for _ in range(REDRAWS):
            drawn = super()._do(problem, X, *args, **kwargs)
            for place in np.argwhere(missing).tolist():
                child = drawn[tuple(place)]
                if self._genome.space.is_valid(self._genome.decode(child)):
                    children[tuple(place)], missing[tuple(place)] = child, False
            if not missing.any():
                break
        return children


class Step(Mutation):  # type: ignore[misc]
    """The space's own mutation."""

    def __init__(self, genome: Genome, **settings: Any) -> None:
        super().__init__(**settings)
        self._genome = genome

    def _do(self, problem: Any, X: Positions, *args: Any, random_state: Any = None, **kwargs: Any) -> Positions:
        space = self._genome.space
        return self._genome.encode([space.mutate(self._genome.decode(each), random_state) for each in X])


class Unasked(DuplicateElimination):  # type: ignore[misc]
    """Leaves out networks that were asked, and all but the first of those that are the same. asked: keys."""

    def __init__(self, genome: Genome, asked: set[Key]) -> None:
        super().__init__()
        self._genome, self._asked = genome, asked

    def key(self, individual: Any) -> Key:
        """The key of an individual's network."""
        return self._genome.space.key(self._genome.decode(individual.X))

    def do(self, pop: Population, *others: Population, **_: Any) -> Population:
        """Those of `pop` that are new."""
        seen = self._asked | {self.key(each) for other in others for each in other}
        kept = []
        for place, individual in enumerate(pop):
            if (key := self.key(individual)) not in seen:
                seen.add(key)
                kept.append(place)
        return pop[kept]
