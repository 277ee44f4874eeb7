"""Ageing evolution: the oldest goes, the winner's child comes, every dimension can change."""

import numpy as np
import pytest

from fairwatt.errors import UserError
from fairwatt.optimizers.regularized_evolution import regularized_evolution
from fairwatt.problem import Benchmark
from fairwatt.records import Trial


def _tell(search, query, loss):  # type: ignore[no-untyped-def]
    search.tell(Trial(query.config, 1.0, loss, 1.0, (loss,)))
    return query.config


def test_every_dimension_of_the_space_mutates(drive) -> None:  # type: ignore[no-untyped-def]
    trials = drive("re", 1500)
    values = np.array([trial.config for trial in trials[200:]])
    assert (np.ptp(values, axis=0) > 0).all()
    assert set(values[:, -3:].ravel()) == {0, 1, 2}


def test_a_good_member_is_forgotten_when_it_is_the_oldest(toy: Benchmark) -> None:
    mutated = []

    class Watched:
        def __getattr__(self, name):  # type: ignore[no-untyped-def]
            return getattr(toy.space, name)

        def mutate(self, config, rng):  # type: ignore[no-untyped-def]
            mutated.append(config)
            return toy.space.mutate(config, rng)

    problem = toy.problem(0)
    object.__setattr__(problem, "space", Watched())
    search = regularized_evolution.create(problem, np.random.default_rng(0), population_size=3, sample_size=50)
    first = _tell(search, search.ask(), 0.0)
    for step in range(8):
        _tell(search, search.ask(), 1.0 + step)
    assert mutated[0] == first, "the best of the tournament is the parent"
    assert first not in mutated[1:], "it was the oldest when its first child came"


@pytest.mark.parametrize("settings", [{"population_size": 0}, {"sample_size": 0}])
def test_sizes_below_one_are_refused(toy: Benchmark, settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match="1 or more"):
        regularized_evolution.create(toy.problem(0), np.random.default_rng(0), **settings).ask()
