"""MS-EHVI. Izquierdo et al., "Bag of Baselines for Multi-objective Joint NAS and HPO", AutoML workshop at ICML 2021.

Mixed surrogates: a Gaussian process stands for the error of a training, and what it takes is predicted without doubt.
The next training is the candidate with the highest expected hypervolume improvement, which for two losses has a closed
form (Emmerich, Yang, Deutz, Wang and Fonseca 2016).

Deviations: the source minimises a number of parameters, which it computes without training; energy is known only after
one, so a second process predicts it, and its mean is taken for certain. The processes are of the logarithms of both
losses, because diverged trainings and large networks are far outliers otherwise, with one length scale each and
without priors; the expectation is of the losses themselves. The acquisition function is maximised over mutations of
the front and random draws, the source climbs its gradient; nothing is trained twice. The reference point, there an
input, is 1.1 of the worst losses of the front. The initial design is random, not a Sobol sequence.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.problem import Problem, SearchSpace
from fairwatt.records import Config, Key, Query, Trial
from fairwatt.surrogates.gaussian_process import GaussianProcess, Hyperparameters

Array = NDArray[np.float64]

MAX_DRAWS = 1_000
REFERENCE = 1.1
"""Of the worst losses of the front: beyond it nothing counts."""
GROWTH = 1.1
"""Hyperparameters are chosen anew whenever there are so many times the valid trials of the last time."""


@optimizer("ms-ehvi", kinds=("multi",))
def ms_ehvi(
    problem: Problem,
    rng: np.random.Generator,
    *,
    initial_size: int = 10,
    candidates: int = 256,
    max_points: int = 300,
) -> Search:
    """Bayesian optimization of two losses: the candidate that is expected to add most to the hypervolume.

    initial_size: trainings before the first fit. candidates: drawn for each choice, half of them mutations of the
    front. max_points: the latest trials, which the processes are fitted to. Ends when 1,000 draws show nothing new.
    Raises UserError for settings below 1 and for problems without exactly two objectives.
    """
    if min(initial_size, candidates, max_points) < 1:
        raise UserError(
            f"initial_size = {initial_size}, candidates = {candidates}, max_points = {max_points} (expected 1 or more)"
        )
    if len(problem.objectives) != 2:
        raise UserError(f"ms-ehvi minimises two objectives, this problem has {len(problem.objectives)}")
    space, starts = problem.space, problem.starts(rng)
    encoding = choose_encoding(space, (*problem.initial, space.sample(rng))[0])
    asked: set[Key] = set()
    trials: list[Trial] = []  # the valid ones
    features: list[Array] = []  # of each of them
    settled: list[Hyperparameters | None] = [None, None]
    settled_at = 0
    while True:
        if len(asked) < initial_size or not trials:
            pool = unasked(starts, space, asked, 1)
        else:
            losses = positive(np.array([trial.losses for trial in trials]))
            front = front_places(losses)
            moves = mutations([trials[place].config for place in front], candidates // 2, space, rng)
            pool = unasked(moves, space, asked, candidates)
            if len(pool) > 1:
                if len(trials) >= GROWTH * settled_at:
                    settled, settled_at = [None, None], len(trials)
                known, logs = np.array(features[-max_points:]), np.log(losses[-max_points:])
                models = [GaussianProcess.fit(known, of, best) for of, best in zip(logs.T, settled, strict=True)]
                settled = [model.hyperparameters for model in models]
                at = np.array([space.encode(config, encoding) for config in pool])
                error, energy = (model.predict(at) for model in models)
                certain = energy[0], np.zeros(len(pool))
                reference = REFERENCE * losses[front].max(axis=0)
                pool = [pool[int(np.argmax(expected_improvements(losses[front], reference, error, certain)))]]
        if not pool:
            return
        asked.add(space.key(pool[0]))
        trial = yield Query(pool[0])
        if trial.ok:
            trials.append(trial)
            features.append(space.encode(trial.config, encoding))


def expected_improvements(
    front: Array, reference: Array, first: tuple[Array, Array], second: tuple[Array, Array]
) -> Array:
    """[M] hypervolume within `reference` [2] that M points are expected to add to a front [F, 2].

    first, second: mean [M] and standard deviation [M] of the logarithms of each loss, normal and independent. front:
    ascending in its first loss, all of it within the reference point. Each strip between two neighbours of the front
    adds the expected width within it times the expected height below it.
    """
    ends, ceilings = np.append(front[:, 0], reference[0]), np.append(reference[1], front[:, 1])
    widths = np.diff(expected_shortfalls(ends, *first), axis=1, prepend=0.0)
    return np.asarray((widths * expected_shortfalls(ceilings, *second)).sum(axis=1))


def expected_shortfalls(levels: Array, means: Array, deviations: Array) -> Array:
    """[M, L] expectations of max(level - loss, 0), of losses whose logarithms are normal; levels [L] above 0."""
    from scipy.special import log_ndtr, ndtr

    middles, spreads = means[:, None], deviations[:, None]
    certain = np.maximum(levels - np.exp(middles), 0.0)
    apart = (np.log(levels) - middles) / np.where(spreads > 0, spreads, 1.0)
    below = np.exp(middles + spreads**2 / 2 + log_ndtr(apart - spreads))  # mean of the losses below, times their chance
    expected = levels * ndtr(apart) - below
    return np.where(spreads > 0, np.maximum(expected, 0.0), certain)


def positive(losses: Array) -> Array:
    """[N, 2] losses above 0, so that they have logarithms: a loss of 0 counts as half of the least other one."""
    least = np.where(losses > 0, losses, np.inf).min(axis=0)
    return np.maximum(losses, np.where(np.isfinite(least), least, 2.0) / 2)


def front_places(losses: Array) -> NDArray[np.intp]:
    """[F] places of the front of losses [N, 2], ascending in the first loss; of equals the earliest."""
    order = np.lexsort(losses.T[::-1])  # stable
    seconds = losses[order, 1]
    return np.asarray(order[seconds < np.minimum.accumulate(np.append(np.inf, seconds[:-1]))])


def mutations(origins: list[Config], count: int, space: SearchSpace, rng: np.random.Generator) -> Iterator[Config]:
    """`count` mutations of the origins in turn, then random draws without end."""
    for origin in itertools.islice(itertools.cycle(origins), count):
        yield space.mutate(origin, rng)
    while True:
        yield space.sample(rng)


def unasked(draws: Iterator[Config], space: SearchSpace, asked: set[Key], count: int) -> list[Config]:
    """The distinct new configurations of the next `count` draws; where there is none, the first one of 1,000 more."""
    found: dict[Key, Config] = {}
    for drawn, config in enumerate(itertools.islice(draws, count + MAX_DRAWS), start=1):
        if (key := space.key(config)) not in asked:
            found.setdefault(key, config)
        if drawn >= count and found:
            break
    return list(found.values())


def choose_encoding(space: SearchSpace, config: Config) -> str:
    """ "onehot" where the space has it, otherwise "unit"."""
    try:
        space.encode(config, "onehot")
    except UnknownNameError:
        return "unit"
    return "onehot"
