"""Recorded searches at other energies, against the ledger on the stream with those energies."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from synthetic import FIDELITIES, INVALID, world

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.structural_error import Asked, StreamWouldChangeError, WrongEnergies
from fairwatt.analysis.trajectories import Trajectory
from fairwatt.analysis.truth import Truth
from fairwatt.books import Book
from fairwatt.budget import Budget
from fairwatt.energy_error import EnergyError, energy_errors
from fairwatt.ledger import AccountingPolicy, price
from fairwatt.records import Run

WORLD = world(60, trade_off=0.5, spread=1.0)
SPREAD = energy_errors(WORLD.reference)["energy spread 1"]
LENGTH = energy_errors(WORLD.reference)["fidelity ratio"]
assert isinstance(SPREAD, EnergyError)
assert isinstance(LENGTH, EnergyError)
BOTH = ("val_error", "energy_kwh")


def _mixed(seed: int, arm: str = "a", *, low: bool = True, **header: object) -> Run:
    """Repetitions, short trainings, continued ones and impossible ones, in any order."""
    rng = np.random.default_rng(seed)
    keys = rng.integers(-1, 12, size=80).tolist()
    asked = [(key, 1.0 if key == INVALID or not low else FIDELITIES[rng.integers(2)]) for key in keys]
    return WORLD.record([WORLD.ask(*question) for question in asked], arm, seed, ended=True, **header)


def _under(runs: list[Run], error: EnergyError) -> WrongEnergies:
    base = Endpoints(runs, Truth.of(WORLD.reference), Protocol())
    streams = {(run.header.arm, run.header.seed): Asked(Trajectory(run, base.truth), base.truth) for run in runs}
    return WrongEnergies(base, WORLD.reference, error, streams)


@pytest.mark.parametrize("error", [SPREAD, LENGTH], ids=lambda error: error.name)
@pytest.mark.parametrize(("fidelity", "duplicates"), [*product(["scratch", "continue"], ["cached_free", "charged"])])
@pytest.mark.parametrize("invalid", ["free_capped", "charge_min", "charge_first_fidelity"])
def test_every_request_costs_what_the_ledger_says(
    error: EnergyError, fidelity: str, duplicates: str, invalid: str
) -> None:
    policy = AccountingPolicy(fidelity=fidelity, duplicates=duplicates, invalid=invalid)
    run = _mixed(3)
    trajectory = _under([run], error).trajectories["a"][3]
    requests = tuple(
        request
        if request.key is None
        else replace(
            request,
            trial=replace(
                request.trial,
                energy_kwh=request.trial.energy_kwh
                * float(error.factors(np.array([request.key]), request.trial.fidelity).item()),
            ),
        )
        for request in run.requests
    )
    tariff = error.reference(WORLD.reference).tariff
    wrong = replace(run, requests=requests, header=replace(run.header, tariff=tariff.to_json()))
    spent = [row.spent for row in price(wrong, policy, 10**18, "much").rows]
    assert trajectory.account(policy).spent("energy") == spent
    assert spent != Trajectory(run, Truth.of(WORLD.reference)).account(policy).spent("energy")
    for budget in ("2 full", "7 full", "9999 full"):
        amount = Budget.parse(budget).resolve("energy", tariff)
        closed = price(wrong, policy, amount, budget)
        found = trajectory.close(Book("primary", policy, Budget.parse(budget)))
        assert (found.end, found.credited) == (closed.end, sum(row.trial is not None for row in closed.rows))


def test_overheads_stay_as_they_were() -> None:
    model = {"a": 50.0, "b": 1.0, "k": 1.0, "watts": 10.0, "pue": 1.0}
    run = _mixed(3, low=False, overhead=model)
    policy = AccountingPolicy(overhead="included_model")
    same = EnergyError("none", np.ones(60))
    trajectory = _under([run], same).trajectories["a"][3]
    assert trajectory.account(policy).spent("energy") == Trajectory(run, Truth.of(WORLD.reference)).account(
        policy
    ).spent("energy")


def test_the_front_is_of_what_is_observed_under_the_error_and_valued_by_its_truth() -> None:
    run = _mixed(5)
    endpoints = _under([run], SPREAD)
    trajectory = endpoints.trajectories["a"][5]
    wrong = SPREAD.reference(WORLD.reference)
    assert endpoints.truth.energy_kwh.tolist() == wrong.energy_kwh.tolist()
    full = [r.key for r in run.requests if r.key is not None and r.trial.fidelity == 1.0]
    everything = endpoints.truth.test_points(np.array(sorted(set(full))))
    seen = endpoints.truth.val_points(np.array(sorted(set(full))))
    front = [i for i, p in enumerate(seen) if not any((q <= p).all() and (q < p).any() for q in seen)]
    held = Trajectory(run, Truth.of(WORLD.reference)).archives[1][-1]
    now = {sorted(set(full))[i] for i in front}
    assert set(trajectory.archives[1][-1].tolist()) == now != set(held.tolist())  # other networks than before
    regret = endpoints.truth.test_front.hypervolume_regret(everything[front])
    assert trajectory.steps("hypervolume_regret")[-1] == pytest.approx(regret)
    assert regret != pytest.approx(Trajectory(run, Truth.of(WORLD.reference)).steps("hypervolume_regret")[-1])
    assert trajectory.steps("regret") is endpoints.trajectories["a"][5].steps("regret")


@pytest.mark.parametrize(
    ("error", "low", "objectives", "sees"),
    [
        (SPREAD, False, BOTH, True),
        (SPREAD, False, ("val_error",), False),
        (LENGTH, True, BOTH, True),
        (LENGTH, False, BOTH, False),
        (LENGTH, True, ("val_error",), False),
    ],
)
def test_who_would_have_seen_something_else(
    error: EnergyError, low: bool, objectives: tuple[str, ...], sees: bool
) -> None:
    endpoints = _under([_mixed(1, low=low, objectives=objectives)], error)
    assert endpoints.sees("a") == sees
    book = Book("primary", AccountingPolicy(), Budget.parse("5 full"))
    if sees:
        with pytest.raises(StreamWouldChangeError, match="what a saw would have changed"):
            endpoints.values("a", book, "regret", [1])
    else:
        assert len(endpoints.values("a", book, "regret", [1])) == 1
