"""MO-BANANAS-SH. Izquierdo et al., "Bag of Baselines for Multi-objective Joint NAS and HPO", ICML workshop 2021.

BANANAS (White, Neiswanger and Savani, AAAI 2021) with an ensemble for each loss. Every member orders the candidates by
non-dominated sorting and crowding distance; independent Thompson sampling of the places picks k; these are trained at
a low fidelity, and the best of them, in the same order, further on.

The networks see the unit encoding, as in the source: paths, which `bananas` uses, say too little of the energy.

Deviations: candidates are as many and drawn as in `bananas`, the source's are one mutation of each parent; networks,
too, are those of `bananas`. Every full training teaches the ensemble, not only the best 1/eta of them; what was fully
trained before is no candidate, and nothing is trained twice at one fidelity. At least one of a rung goes on.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers.bananas import mutants
from fairwatt.optimizers.bohb import Known, only_new
from fairwatt.optimizers.dominance import best_first, crowding_distances, ranked
from fairwatt.optimizers.hyperband import Bracket
from fairwatt.problem import Problem
from fairwatt.records import Config, Query, Trial
from fairwatt.surrogates.ensemble import NeuralEnsemble

Array = NDArray[np.float64]


def rounds(fidelities: Sequence[float], k: int, eta: int, rungs: int) -> Bracket:
    """(number, fidelity) of the rungs that k candidates climb, the highest `rungs` of the fidelities."""
    return [(max(k // eta**rung, 1), fidelity) for rung, fidelity in enumerate(fidelities[-rungs:])]


def first_round_full(fidelities: Sequence[float], settings: Mapping[str, Any]) -> float:
    """What the initial design and the first k candidates train, each rung from scratch, in full trainings."""
    bracket = rounds(fidelities, settings["k"], settings["eta"], settings["rungs"])
    return float(settings["initial_size"]) + sum(n * fidelity for n, fidelity in bracket) / fidelities[-1]


@optimizer("mo-sh-bananas", kinds=("multi",), multi_fidelity=True, extra="torch", cycle=first_round_full)
def mo_sh_bananas(
    problem: Problem,
    rng: np.random.Generator,
    *,
    initial_size: int = 10,
    k: int = 10,
    candidates: int = 100,
    parents: int = 20,
    members: int = 5,
    eta: int = 3,
    rungs: int = 2,
) -> Search:
    """BANANAS for two losses, whose choices are halved at lower fidelities before the rest is trained in full.

    initial_size: full trainings before the first fit. k: chosen of the candidates. parents: the best full trainings,
    which are mutated. members: networks for each loss. eta: the share 1/eta of a rung goes on. rungs: fidelities that
    are used, the highest ones, as many as there are. Ends when there is no candidate left. Raises MissingExtraError
    without torch, UserError for settings below 1, where the k are more than a half of the candidates, so that the
    predictor hardly chooses, and for problems without exactly two objectives.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("optimizer mo-sh-bananas", "torch", "torch")
    if min(initial_size, k, parents, members, eta, rungs) < 1 or 2 * k > candidates:
        raise UserError(
            f"initial_size = {initial_size}, k = {k}, parents = {parents}, members = {members}, eta = {eta}, "
            f"rungs = {rungs} (expected 1 or more), candidates = {candidates} (2 k or more)"
        )
    if len(problem.objectives) != 2:
        raise UserError(f"mo-sh-bananas minimises two objectives, this problem has {len(problem.objectives)}")
    space, starts, full = problem.space, problem.starts(rng), problem.fidelities[-1]
    bracket = rounds(problem.fidelities, k, eta, rungs)
    known: Known = {}

    def encoded(configs: list[Config]) -> Array:
        return np.array([space.encode(config) for config in configs])

    design = [next(starts) for _ in range(initial_size)]
    yield from only_new(climb(design, [(initial_size, full)]), space, known)
    while True:
        trained = [trial for (_, fidelity), trial in known.items() if fidelity == full and trial.ok]
        asked = {key for (key, fidelity), trial in known.items() if fidelity == full or not trial.ok}
        best = ranked(trained, crowding_distances)
        pool = mutants(space, [trial.config for trial in best[:parents]], candidates, asked, rng)
        if not pool:
            return
        if len(pool) > k and trained:
            features = encoded([trial.config for trial in trained])
            losses = np.array([trial.losses for trial in trained])
            ensembles = [NeuralEnsemble.fit(features, loss, rng, members=members) for loss in losses.T]
            at = encoded(pool)
            predicted = np.stack([ensemble.predict(at) for ensemble in ensembles], axis=-1)
            pool = [pool[place] for place in np.argsort(thompson_places(predicted, rng), kind="stable")]
        yield from only_new(climb(pool, bracket), space, known)


def thompson_places(predicted: Array, rng: np.random.Generator) -> Array:
    """[N] draws from the normal distributions of places in the members' orders, of predictions [members, N, 2].

    About the place in the order of the mean prediction, as in the source.
    """
    places = np.array([np.argsort(best_first(losses, crowding_distances)) for losses in predicted], dtype=np.float64)
    middle = np.argsort(best_first(predicted.mean(axis=0), crowding_distances))
    deviations = np.sqrt(((places - middle) ** 2).sum(axis=0) / max(len(places) - 1, 1))
    return np.asarray(rng.normal(middle, deviations))


def climb(configs: list[Config], bracket: Bracket) -> Search:
    """The first configurations to the first rung, of every rung the best valid ones to the next."""
    for n, fidelity in bracket:
        trials: list[Trial] = []
        for config in configs[:n]:
            trials.append((yield Query(config, fidelity)))
        configs = [trial.config for trial in ranked(trials, crowding_distances) if trial.ok]
