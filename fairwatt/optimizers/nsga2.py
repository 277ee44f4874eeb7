"""NSGA-II. Deb, Pratap, Agarwal and Meyarivan, IEEE TEVC 2002, section III, in pymoo's implementation, by ask and tell.

Ranking, crowding, tournaments and survival are pymoo's; the operators around them are the space's (`nsga2_operators`):
its sampler, uniform crossover of values, one step of its mutation for each child. Deviations: the population is 10 (20
count evaluations, and more than a third of a small budget would be random search); a child that was asked before, in
whatever generation, is bred again, for its answer is known; where breeding finds nothing new a generation of draws
comes in.
"""

from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO

import numpy as np

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Config, Key, Query

MAX_DRAWS = 1_000


@optimizer("nsga2", kinds=("multi",), extra="pymoo")
def nsga2(
    problem: Problem,
    rng: np.random.Generator,
    *,
    population_size: int = 10,
    crossover_rate: float = 0.9,
    mutation_rate: float = 1.0,
) -> Search:
    """Non-dominated sorting with crowding distances; invalid trials are infeasible.

    population_size: N, also the children of a generation. crossover_rate: p_c, of a pair. mutation_rate: of a child,
    one step. Ends when 1,000 draws in a row show nothing new. Raises MissingExtraError without pymoo, UserError for
    settings out of range and problems with one objective.
    """
    if find_spec("pymoo") is None:
        raise MissingExtraError("optimizer nsga2", "pymoo", "pymoo")
    if population_size < 2 or not (0 <= crossover_rate <= 1 and 0 <= mutation_rate <= 1):
        raise UserError(
            f"population_size = {population_size} (expected 2 or more), crossover_rate = {crossover_rate}, "
            f"mutation_rate = {mutation_rate} (0 to 1)"
        )
    if len(problem.objectives) < 2:
        raise UserError("nsga2 minimises two objectives or more, this problem has 1")
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.evaluator import Evaluator
    from pymoo.core.problem import Problem as Shape
    from pymoo.core.termination import NoTermination
    from pymoo.problems.static import StaticProblem

    from fairwatt.optimizers.nsga2_operators import Draws, Genome, Step, Unasked, ValidCrossover

    genome, asked = Genome(problem.space), set[Key]()
    shape = Shape(n_var=len(problem.space.dims), n_obj=len(problem.objectives), n_ieq_constr=1)
    draws = Draws(genome, new_draws(problem, rng, asked))
    with redirect_stdout(StringIO()):  # pymoo says there once if it is not compiled
        algorithm = NSGA2(
            pop_size=population_size,
            sampling=draws,
            crossover=ValidCrossover(genome, prob=crossover_rate),
            mutation=Step(genome, prob=mutation_rate),
            eliminate_duplicates=Unasked(genome, asked),
        )
    algorithm.setup(shape, termination=NoTermination())
    algorithm.random_state = rng
    while True:
        generation = algorithm.ask()
        if generation is None:
            algorithm.termination = NoTermination()  # it was told to stop
            generation = draws.do(shape, population_size)
        if not len(generation):
            return
        trials = []
        for individual in generation:
            config = genome.decode(individual.X)
            asked.add(problem.space.key(config))
            trials.append((yield Query(config)))
        losses = np.array([trial.losses for trial in trials])
        invalid = np.array([[not trial.ok] for trial in trials], dtype=np.float64)
        Evaluator().eval(StaticProblem(shape, F=losses, G=invalid), generation)
        algorithm.tell(infills=generation)


def new_draws(problem: Problem, rng: np.random.Generator, asked: set[Key]) -> Iterator[Config]:
    """The shared design and own draws, without networks that were drawn or asked; ends after 1,000 in a row."""
    drawn: set[Key] = set()
    failed = 0
    for config in problem.starts(rng):
        key = problem.space.key(config)
        if key in asked or key in drawn:
            failed += 1
            if failed == MAX_DRAWS:
                return
        else:
            failed = 0
            drawn.add(key)
            yield config
