"""TPE, the tree-structured Parzen estimator, as Optuna has it. Bergstra, Bardenet, Bengio and Kegl, NeurIPS 2011.

Driven by ask and tell on a study in memory; nothing is written or logged. Deviations: random draws are the space's,
the shared design first, and not the library's, which draws every dimension by itself; a proposal that is not valid or
was asked before is told to the library as failed, which its model leaves out, and drawn again, then it is a random
draw. Left alone the library proposes the same few networks without end: of 150 on the toy cells a third were repeated.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem
from fairwatt.records import Config, Key, Query

MAX_DRAWS = 1_000


@optimizer("tpe", extra="optuna")
def tpe(
    problem: Problem,
    rng: np.random.Generator,
    *,
    initial_size: int = 10,
    candidates: int = 24,
    multivariate: bool = True,
    redraws: int = 20,
) -> Search:
    """Optuna's TPESampler: candidates from the density of the good trials, the one where bad ones are rarest is asked.

    initial_size: n_startup_trials. candidates: n_ei_candidates. multivariate: one density over all dimensions, which
    Optuna 5 has for one objective, instead of one for each. redraws: proposals before a random draw is asked instead.
    Ends when 1,000 random draws in a row show nothing new. Raises MissingExtraError without Optuna, UserError for
    settings below 1.
    """
    if find_spec("optuna") is None:
        raise MissingExtraError("optimizer tpe", "optuna", "optuna")
    if min(initial_size, candidates, redraws) < 1:
        raise UserError(
            f"initial_size = {initial_size}, candidates = {candidates}, redraws = {redraws}: expected 1 or more of each"
        )
    import optuna

    with quiet():
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=initial_size,
            n_ei_candidates=candidates,
            multivariate=multivariate,
            seed=int(rng.integers(2**32)),
        )
        study = optuna.create_study(sampler=sampler, study_name="tpe")
    space, starts = problem.space, problem.starts(rng)
    asked: set[Key] = set()
    with_order, without = optuna.distributions.IntDistribution, optuna.distributions.CategoricalDistribution
    distributions: dict[str, Any] = {
        dim.name: with_order(0, len(dim.values) - 1) if dim.ordered else without(range(len(dim.values)))
        for dim in space.dims
    }

    def given(config: Config) -> Any:
        """The library's trial of a configuration that it did not propose."""
        study.enqueue_trial({dim.name: dim.values.index(value) for dim, value in zip(space.dims, config, strict=True)})
        return study.ask(distributions)

    def proposal() -> tuple[Config, Any] | None:
        for _ in range(redraws):
            trial = study.ask(distributions)
            config = tuple(dim.values[trial.params[dim.name]] for dim in space.dims)
            if space.is_valid(config) and space.key(config) not in asked:
                return config, trial
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return None

    def random_draw() -> tuple[Config, Any] | None:
        for config, _ in zip(starts, range(MAX_DRAWS), strict=False):
            if space.key(config) not in asked:
                return config, given(config)
        return None

    while True:
        with quiet():
            found = (proposal() if len(asked) >= initial_size else None) or random_draw()
        if found is None:
            return
        config, trial = found
        asked.add(space.key(config))
        answer = yield Query(config)
        with quiet():
            study.tell(trial, answer.losses[0])


@contextmanager
def quiet() -> Iterator[None]:
    """Around calls of the library: its loggers and its warnings of experimental features are silent."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
