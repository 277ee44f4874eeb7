"""BANANAS. White, Neiswanger and Savani, AAAI 2021, Algorithm 1.

An ensemble of networks predicts the error of mutated good configurations; independent Thompson sampling picks the next
k. Deviations: candidates are single mutations of the ten best trials instead of repeated ones of the best, whose few
neighbours would all be asked whatever the predictor says; configurations asked before are no candidates; the encoding
is "unit" in spaces without paths.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError, UnknownNameError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem, SearchSpace
from fairwatt.records import Config, Key, Query, Trial
from fairwatt.surrogates.ensemble import NeuralEnsemble

DRAWS_PER_CANDIDATE = 10


@optimizer("bananas", extra="torch")
def bananas(
    problem: Problem,
    rng: np.random.Generator,
    *,
    initial_size: int = 10,
    k: int = 10,
    candidates: int = 100,
    parents: int = 10,
    members: int = 5,
) -> Search:
    """Bayesian optimization with a neural ensemble and independent Thompson sampling.

    initial_size: t_0. k: trainings between two fits. candidates: for each k. parents: the best trials that are mutated.
    members: M networks. Ends when there is no candidate left. Raises MissingExtraError without torch, UserError for
    settings below 1 and where the k are more than a half of the candidates, so that the predictor hardly chooses.
    """
    return ensemble_search(
        problem,
        rng,
        lambda trial: trial.losses[0],
        name="bananas",
        initial_size=initial_size,
        k=k,
        candidates=candidates,
        parents=parents,
        members=members,
    )


def ensemble_search(
    problem: Problem,
    rng: np.random.Generator,
    loss: Callable[[Trial], float],
    *,
    name: str,
    initial_size: int,
    k: int,
    candidates: int,
    parents: int,
    members: int,
) -> Search:
    """BANANAS for the lowest `loss`, under a name; settings, end and errors as of `bananas`."""
    if find_spec("torch") is None:
        raise MissingExtraError(f"optimizer {name}", "torch", "torch")
    if min(initial_size, k, parents, members) < 1 or 2 * k > candidates:
        raise UserError(
            f"initial_size = {initial_size}, k = {k}, parents = {parents}, members = {members} (expected 1 or more), "
            f"candidates = {candidates} (2 k or more)"
        )
    space, starts = problem.space, problem.starts(rng)
    encoding = choose_encoding(space, (*problem.initial, space.sample(rng))[0])
    encode = cache(lambda config: space.encode(config, encoding))  # every fit asks for all trials again
    asked: set[Key] = set()
    trials: list[Trial] = []
    for _ in range(initial_size):
        config = next(starts)
        asked.add(space.key(config))
        trials.append((yield Query(config)))
    while True:
        valid = sorted((trial for trial in trials if trial.ok), key=loss)
        pool = mutants(space, [trial.config for trial in valid[:parents]], candidates, asked, rng)
        if not pool:
            return
        if len(pool) > k and valid:
            features = np.array([encode(trial.config) for trial in valid])
            losses = np.array([loss(trial) for trial in valid])
            ensemble = NeuralEnsemble.fit(features, losses, rng, members=members)
            predicted = ensemble.predict(np.array([encode(config) for config in pool]))
            pool = [pool[place] for place in np.argsort(thompson(predicted, rng), kind="stable")]
        for config in pool[:k]:
            asked.add(space.key(config))
            trials.append((yield Query(config)))


def thompson(predicted: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """[N] independent draws from the normal distributions of predictions [members, N] (section 4, ITS)."""
    return np.asarray(rng.normal(predicted.mean(axis=0), predicted.std(axis=0)))


def mutants(
    space: SearchSpace, origins: list[Config], count: int, asked: set[Key], rng: np.random.Generator
) -> list[Config]:
    """At most `count` distinct configurations not asked yet: mutations of the origins in turn, then random draws."""
    found: dict[Key, Config] = {}
    for draw in range(DRAWS_PER_CANDIDATE * count):
        mutate = origins and draw < DRAWS_PER_CANDIDATE * count // 2
        config = space.mutate(origins[draw % len(origins)], rng) if mutate else space.sample(rng)
        if (key := space.key(config)) not in asked:
            found.setdefault(key, config)
        if len(found) == count:
            break
    return list(found.values())


def choose_encoding(space: SearchSpace, config: Config) -> str:
    """ "path" where the space has it, otherwise "unit"."""
    try:
        space.encode(config, "path")
    except UnknownNameError:
        return "unit"
    return "path"
