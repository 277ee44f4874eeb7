"""Random search. Bergstra and Bengio, JMLR 2012.

Draws are independent, so a configuration may be asked again, as in the closed forms for drawing with replacement.
"""

import numpy as np

from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Query


@optimizer("rs", kinds=("single", "multi"))
def random_search(problem: Problem, rng: np.random.Generator) -> Search:
    """The shared design, then independent draws from the space's sampler, all at full training."""
    for config in problem.starts(rng):
        yield Query(config)
