"""Local search: real neighbourhoods, the best of them, restarts that are queries, nothing asked twice."""

import numpy as np
import pytest

from fairwatt import make_benchmark, run
from fairwatt.errors import UserError
from fairwatt.optimizers.local_search import local_search
from fairwatt.problem import Benchmark
from fairwatt.records import Charge


def test_it_descends_through_whole_neighborhoods_of_the_space_and_restarts_with_a_query(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    trials = drive("ls", 400)
    loss = {toy.space.key(trial.config): trial.losses[0] for trial in trials}
    asked = [toy.space.key(trial.config) for trial in trials]
    current = min(trials[:10], key=lambda trial: trial.losses[0])
    seen, place, restarts, steps = set(asked[:10]), 10, 0, 0
    while place < 300:
        around = toy.space.neighbors(current.config)
        new = {toy.space.key(config) for config in around} - seen
        assert set(asked[place : place + len(new)]) == new, "the next queries are the unknown neighbours, all of them"
        seen |= new
        place += len(new)
        best = min(loss[toy.space.key(config)] for config in around)
        if best < current.losses[0]:
            steps += 1
            current = next(
                trial
                for trial in trials
                if trial.losses[0] == best and toy.space.key(trial.config) in map(toy.space.key, around)
            )
        else:
            restarts += 1
            current = trials[place]
            assert asked[place] not in seen, "a restart is a query of something new"
            seen.add(asked[place])
            place += 1
    assert steps > 0
    assert restarts > 1


def test_nothing_is_asked_twice_and_a_small_space_is_asked_once_through(drive) -> None:  # type: ignore[no-untyped-def]
    small = make_benchmark("toy-cells")
    keys = list(range(40))
    small.space = type(small.space)(5, keys)
    trials = drive("ls", 1_000, benchmark=small)
    asked = [small.space.key(trial.config) for trial in trials]
    assert sorted(asked) == keys


def test_what_it_asks_around_a_configuration_is_one_step_away(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    """No "neighbours" that are random draws: one edge or one operation differs, and draws differ in more."""
    trials = drive("ls", 200)
    configs = np.array([trial.config for trial in trials])
    centre = min(trials[:10], key=lambda trial: trial.losses[0]).config
    around = {toy.space.key(config) for config in toy.space.neighbors(centre)}
    new = len(around - {toy.space.key(trial.config) for trial in trials[:10]})
    assert new > 5
    assert ((configs[10 : 10 + new] != np.array(centre)).sum(axis=1) == 1).all()
    steps = [(configs[:row] != configs[row]).sum(axis=1).min() for row in range(10, 200)]
    assert np.mean(np.array(steps) == 1) > 0.9
    drawn = np.array([toy.space.sample(np.random.default_rng(seed)) for seed in range(100)])
    assert np.mean((drawn[1:] != drawn[:-1]).sum(axis=1) == 1) < 0.1


def test_restarts_are_charged(toy: Benchmark) -> None:
    made = run(toy, "ls", budget="120 full")
    configs = np.array([row.config for row in made])
    restarts = [row for row in range(10, len(made)) if (configs[:row] != configs[row]).sum(axis=1).min() > 1]
    assert len(restarts) > 1, "more than a step from everything asked before"
    assert all(made.rows[row].charge in (Charge.NEW, Charge.ABORTED) for row in restarts)
    assert len(made.rows) == len(made.requests)
    assert all(row.cost > 0 for row in made.rows)
    assert sum(row.cost for row in made.rows) == made.spent == made.header.budget


def test_no_start_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="1 or more"):
        local_search.create(toy.problem(0), np.random.default_rng(0), initial_size=0).ask()
