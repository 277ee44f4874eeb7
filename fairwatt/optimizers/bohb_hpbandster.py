"""BOHB. Falkner, Klein and Hutter, ICML 2018, by HpBandSter 0.7.4: its own config generator and successive halving.

The library's two classes are driven in this process: no nameserver, no Pyro daemon, no thread, no socket. Its random
configurations come from the space's sampler, the shared design first. A proposal of its model that is not valid becomes
a random one, which is its own answer to configurations that are forbidden; exact duplicates are asked, as it asks them.
Rungs are the benchmark's fidelities (its own arithmetic loses one of {1, ..., 243}), brackets those of variant
"hpbandster". Slots that invalid answers leave empty are filled with new configurations, at the higher rung.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np

from fairwatt.errors import MissingExtraError
from fairwatt.optimizer import Search, optimizer
from fairwatt.optimizers import hyperband
from fairwatt.optimizers.bohb import check_settings
from fairwatt.problem import Problem
from fairwatt.records import Config, Query

VARIANT = "hpbandster"


def cycle_full(fidelities: Sequence[float], settings: Mapping[str, Any]) -> float:
    """What one cycle of brackets trains, in full trainings, as `hyperband.cycle_full`."""
    return hyperband.cycle_full(fidelities, {**settings, "variant": VARIANT})


@optimizer("bohb-hpbandster", multi_fidelity=True, extra="hpbandster", cycle=cycle_full)
def bohb_hpbandster(
    problem: Problem,
    rng: np.random.Generator,
    *,
    eta: int = 3,
    top_percent: int = 15,
    candidates: int = 64,
    random_fraction: float = 1 / 3,
    bandwidth_factor: float = 3.0,
    min_bandwidth: float = 1e-3,
    min_points: int = 0,
) -> Search:
    """HpBandSter's BOHB, in process: the reference that `bohb` is held against.

    Its names: top_percent is top_n_percent, candidates num_samples, min_points min_points_in_model, 0 for its default
    of dimensions + 1. Raises MissingExtraError without HpBandSter, UserError for settings out of range and for spaces
    without a ConfigurationSpace, and as `brackets`.
    """
    if find_spec("hpbandster") is None:
        raise MissingExtraError("optimizer bohb-hpbandster", "hpbandster", "hpbandster")
    check_settings(top_percent, candidates, random_fraction, min_points, bandwidth_factor, min_bandwidth)
    cycle = hyperband.brackets(problem.fidelities, eta, VARIANT)
    space, starts, library = problem.space, problem.starts(rng), LibraryCalls(rng)
    described = space.configspace()
    with library.called():
        from hpbandster.optimizers.config_generators.bohb import BOHB
        from hpbandster.optimizers.iterations import SuccessiveHalving

        generator = BOHB(
            described,
            min_points_in_model=min_points or None,
            top_n_percent=top_percent,
            num_samples=candidates,
            random_fraction=random_fraction,
            bandwidth_factor=bandwidth_factor,
            min_bandwidth=min_bandwidth,
            logger=library.logger,
        )

    def proposal(fidelity: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the library's brackets draw from: a configuration in its form, and what is known of it."""
        proposed, info = generator.get_config(fidelity)
        if info["model_based_pick"] and space.is_valid(config_of(proposed)):
            return proposed, info
        return dict(space.to_configspace(next(starts), described)), {"model_based_pick": False}

    def config_of(proposed: Mapping[str, Any]) -> Config:
        from ConfigSpace import Configuration

        return space.from_configspace(Configuration(described, values=dict(proposed)))

    for number in count():
        bracket = cycle[number % len(cycle)]
        halving = SuccessiveHalving(
            HPB_iter=number,
            num_configs=[n for n, _ in bracket],
            budgets=[float(fidelity) for _, fidelity in bracket],
            config_sampler=proposal,
            logger=library.logger,
        )
        while True:
            with library.called():
                scheduled = halving.get_next_run()
            if scheduled is None:
                break
            identity, proposed, fidelity = scheduled
            trial = yield Query(config_of(proposed), fidelity)
            job = SimpleNamespace(
                id=identity,
                kwargs={"config": proposed, "budget": fidelity},
                result={"loss": trial.losses[0]},
                exception=None,
                timestamps={},
            )
            with library.called():
                halving.register_result(job)
                generator.new_result(job)


class LibraryCalls:
    """Calls of a library that draws from numpy's global generator, warns of what it deprecates, and logs.

    While it runs, the global generator is in a state of the search's own, seeded from `rng`; then it is what it was.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._state = np.random.RandomState(int(rng.integers(2**32))).get_state()
        self.logger = logging.Logger("hpbandster")  # not the one of that name: it says nothing to anybody
        self.logger.addHandler(logging.NullHandler())

    @contextmanager
    def called(self) -> Iterator[None]:
        """Around every call of the library."""
        outside = np.random.get_state()  # noqa: NPY002
        np.random.set_state(self._state)  # noqa: NPY002
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            self._state = np.random.get_state()  # noqa: NPY002
            np.random.set_state(outside)  # noqa: NPY002
