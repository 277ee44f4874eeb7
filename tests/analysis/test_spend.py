"""Who spent what, and on what."""

import pytest
from synthetic import FIDELITIES, INVALID, world

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.spend import Overhead, overhead_table, proposal_table, spend_table
from fairwatt.analysis.truth import Truth
from fairwatt.overhead import OverheadModel

WORLD = world(50)
PROTOCOL = Protocol(budgets=("4 full",))
BOOKS = [PROTOCOL.primary("4 full", False)]


def _endpoints() -> Endpoints:
    low = FIDELITIES[0]
    asked = [(0, low), (1, low), (0, 1.0), (0, 1.0), (INVALID, 1.0), (2, 1.0)]
    runs = [WORLD.record([WORLD.ask(*question) for question in asked], "ends", seed, ended=True) for seed in range(3)]
    runs += [WORLD.random_search("rs", seed, 20) for seed in range(3)]
    return Endpoints(runs, Truth.of(WORLD.reference), PROTOCOL)


def test_spend() -> None:
    table = spend_table(_endpoints(), BOOKS).set_index("arm")
    energy = WORLD.reference.energy_kwh
    expected = energy[0] / 9 + energy[1] / 9 + energy[0] + energy[2]
    assert table.loc["ends", "energy_kwh"] == pytest.approx(expected)
    assert table.loc["ends", "epochs"] == pytest.approx(3 + 3 + 27 + 27)
    assert table.loc["ends", "evaluations"] == pytest.approx(4)
    assert table.loc["ends", "requests"] == 6
    assert table.loc["ends", "unspent"] == pytest.approx(1 - expected / (4 * energy.mean()))
    assert table.loc["ends", ["exhausted", "ended_early", "stalled"]].tolist() == [0, 3, 0]
    assert table.loc["rs", "energy_kwh_min"] == table.loc["rs", "energy_kwh_max"] == pytest.approx(4 * energy.mean())
    assert table.loc["rs", ["exhausted", "ended_early", "stalled"]].tolist() == [3, 0, 0]
    assert table.loc["rs", "unspent"] == 0


def test_proposals() -> None:
    row = proposal_table(_endpoints(), BOOKS).set_index("arm").loc["ends"]
    assert row["proposals"] == 6
    assert row["valid"] == pytest.approx(5 / 6)
    assert row["distinct"] == pytest.approx(3 / 5)
    assert row["modal"] == pytest.approx(3 / 5)
    assert row["duplicates"] == 1
    assert row["full_fidelity"] == pytest.approx(3 / 5)


def test_an_arm_that_only_proposes_the_impossible() -> None:
    runs = [WORLD.record([WORLD.ask(INVALID)] * 3, "lost", 0, ended=True)]
    row = proposal_table(Endpoints(runs, Truth.of(WORLD.reference), PROTOCOL), BOOKS).iloc[0]
    assert row["valid"] == 0
    assert row[["distinct", "modal", "full_fidelity"]].isna().all()


def test_overhead_beside_the_budget() -> None:
    """4 mean trainings are 4 * c-bar * 3.6 MJ; by hand 10 W x 1.5 x seconds."""
    joules = 4 * WORLD.reference.tariff.full.energy_nj / 1e9
    seconds = [1.0, 2.0, 0.011 * joules / 15]
    noted = {"rs": {seed: Overhead({"4 full": each, "8 full": 9e9}, 10.0, 1.5) for seed, each in enumerate(seconds)}}
    table = overhead_table(_endpoints(), BOOKS, noted).set_index("arm")
    row = table.loc["rs"]
    assert (row["timed"], row["cpu_seconds"], row["cpu_seconds_max"], row["joules"]) == (3, 2.0, seconds[2], 30.0)
    assert (row["share"], row["share_max"]) == (pytest.approx(30 / joules), pytest.approx(0.011))
    assert (row["flag"], row["charged_joules"]) == ("> 1% of the budget", 0)
    assert (table.loc["ends", "timed"], table.loc["ends", "flag"]) == (0, "")
    assert table.loc["ends", ["cpu_seconds", "share", "share_max"]].isna().all()


def test_overhead_that_is_charged() -> None:
    protocol = Protocol(budgets=("4 full",), policy={"overhead": "included_model"})
    book = protocol.primary("4 full", False)
    model = OverheadModel(2.0, 1.0, 1.0, 10.0, 1.5).to_json()
    asked = [WORLD.ask(0), WORLD.ask(0), WORLD.ask(INVALID)]
    run = WORLD.record(asked, "a", 0, ended=True, policy=book.policy, overhead=model)
    endpoints = Endpoints([run], Truth.of(WORLD.reference), protocol)
    assert overhead_table(endpoints, [book], {}).loc[0, "charged_joules"] == pytest.approx(1.5 * (2 + 3 + 4))
    spent = spend_table(endpoints, [book]).loc[0, "energy_kwh"]
    assert spent == pytest.approx(WORLD.reference.energy_kwh[0] + 13.5 / 3.6e6)
