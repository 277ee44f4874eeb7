"""What the audit says of seeds: searches that are one search under several, and what honest searches have in common."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from audited import BUDGET, evidence, results, small, tampered
from synthetic import INVALID, world

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.evidence import Evidence
from fairwatt.fairness.seeds_evidence import FIRST, seeds_control
from fairwatt.fairness.threats import State
from fairwatt.records import Request, Run

RUNS = small()
WORLD = world(400)


def _study(runs: Sequence[Run] = RUNS) -> Evidence:
    return evidence(results(runs, BUDGET))


def _told(asked: Callable[[int], Sequence[Request]], networks: int = 400, seeds: int = 4, **header: Any) -> State:
    """Of an arm that asks this after designs of three, its own under each seed, beside random search."""
    made = world(networks)
    header = {"initial": 3, "ended": True, "budget": BUDGET} | header
    runs = [made.random_search("rs", seed, 30, ended=True, budget=BUDGET) for seed in range(seeds)]
    designs = [list(run.requests[: header["initial"]]) for run in runs]
    runs = [replace(run, header=replace(run.header, initial=header["initial"])) for run in runs]
    runs += [made.record([*designs[seed], *asked(seed)], "own", seed, **header) for seed in range(seeds)]
    comparison = Comparison(runs, made.reference, Protocol(budgets=(BUDGET,)), sensitivity=False)
    return seeds_control(Evidence(results(runs, BUDGET), [comparison]))[0]


def _draws(seed: int, number: int, networks: int = 400) -> list[Request]:
    made = world(networks)
    return [made.ask(key) for key in np.random.default_rng(seed).integers(networks, size=number).tolist()]


def test_two_seeds_that_are_one_search() -> None:
    assert seeds_control(_study())[0] is State.PASS
    first = next(run for run in RUNS if run.header.arm == "rs")
    state, told = seeds_control(_study(tampered(RUNS, "rs", lambda run: replace(first, header=run.header))))
    assert state is State.NOT_TOLD  # the designs are one, too, from which a search without draws goes one way
    own = tampered(RUNS, "rs", lambda run: replace(run, requests=(*run.requests[:3], *first.requests[3:]), ended=True))
    state, told = seeds_control(_study(own))
    assert state is State.FAIL
    assert told.startswith("toy-cells: rs asks the same under seeds 0 and 1: ")


@pytest.mark.parametrize(
    ("asked", "state"),
    [
        (lambda seed: _draws(11, 30), State.FAIL),  # a generator of its own
        (lambda seed: _draws(11, 30 - seed), State.FAIL),  # recordings stop by what they spend
        (lambda seed: [*_draws(11, 20), *_draws(seed, 10)], State.FAIL),
        (lambda seed: [*_draws(11, FIRST), *_draws(seed, 30)], State.NOT_TOLD),  # a list to begin with
        (lambda seed: [*_draws(11, FIRST - 1), *_draws(seed, 30)], State.PASS),
        (lambda seed: _draws(11 if seed in (1, 3) else seed, 30), State.FAIL),  # the lucky stream of one seed
        (lambda seed: _draws(seed, 30), State.PASS),
        (lambda seed: _draws(11, FIRST - 1), State.PASS),  # too few to tell, beside random search that does
    ],
)
def test_what_searches_have_in_common_beyond_their_designs(
    asked: Callable[[int], Sequence[Request]], state: State
) -> None:
    assert _told(asked) is state


def test_searches_without_draws() -> None:
    """They go one way from one network, which two seeds may come upon; without a design they all do."""

    def way(start: int, networks: int) -> list[Request]:
        made = world(networks)
        return [made.ask((start + step) % networks) for step in range(30)]

    assert _told(lambda seed: way(7 * seed, 400)) is State.PASS
    assert _told(lambda seed: way(5, 400), initial=0) is State.FAIL
    starts = np.random.default_rng(3).integers(50, size=30).tolist()
    assert len(set(starts)) < 30
    assert _told(lambda seed: way(starts[seed], 50), 50, 30, initial=0) is State.NOT_TOLD


def test_draws_that_agree_where_networks_are_few() -> None:
    assert [_told(lambda seed, base=base: _draws(base + seed, 30, 4), 4, 30) for base in (100, 200, 300)] == [
        State.PASS
    ] * 3


def test_a_search_that_asks_nothing_possible_tells_nothing_of_its_seed() -> None:
    impossible = WORLD.ask(INVALID)
    assert _told(lambda seed: [impossible] * 9) is State.NOT_TOLD
    assert _told(lambda seed: [_elsewhere(impossible, seed)] * 9) is State.PASS
    assert _told(lambda seed: [impossible] * 8 + [WORLD.ask(0)]) is State.FAIL


def test_searches_that_end_with_their_design() -> None:
    short = tuple(replace(run, requests=run.requests[:3], ended=True) for run in RUNS)
    assert seeds_control(_study(short))[0] is State.NOT_TOLD


def _elsewhere(request: Request, seed: int) -> Request:
    return replace(request, trial=replace(request.trial, config=(INVALID, seed)))
