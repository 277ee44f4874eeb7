"""Search and one more training of what was found, from searches of a few known networks."""

import pytest
from synthetic import FIDELITIES, world

from fairwatt.analysis.deployment import deployment_table
from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.spend import spend_table
from fairwatt.analysis.truth import Truth

WORLD = world(50, trade_off=1.0)
PROTOCOL = Protocol(budgets=("4 full",))
BOOKS = [PROTOCOL.primary("4 full", False)]


def _table(*runs):  # type: ignore[no-untyped-def]
    endpoints = Endpoints(runs, Truth.of(WORLD.reference), PROTOCOL)
    return deployment_table(endpoints, BOOKS, spend_table(endpoints, BOOKS)).set_index(["kind", "arm"])


def test_search_and_training_of_the_incumbent_and_of_a_network_of_the_front() -> None:
    reference = WORLD.reference
    keys = sorted(range(3), key=lambda key: reference.val_error[key])  # a better one takes more: all on the front
    asked = [WORLD.ask(key) for key in range(3)]
    table = _table(*(WORLD.record(asked, "both", seed, kinds=("single", "multi"), ended=True) for seed in range(2)))
    search = reference.energy_kwh[:3].sum()
    for kind, training in (("single", reference.energy_kwh[keys[0]]), ("multi", search / 3)):
        row = table.loc[(kind, "both")]
        assert row[["budget", "seeds", "found"]].tolist() == ["4 full", 2, 2]
        energies = row[["search_kwh", "training_kwh", "search_and_training_kwh"]].tolist()
        assert energies == pytest.approx([search, training, search + training])


def test_seeds_that_found_nothing_have_no_training() -> None:
    low, full = [WORLD.ask(0, FIDELITIES[0])], [WORLD.ask(0)]
    energy = WORLD.reference.energy_kwh[0]
    kinds = ("single", "multi")
    runs = [WORLD.record(low, arm, seed, kinds=kinds, ended=True) for arm in ("half", "none") for seed in (0, 1)]
    runs[1] = WORLD.record(full, "half", 1, kinds=kinds, ended=True)
    table = _table(*runs)
    for kind in kinds:
        half, none = table.loc[(kind, "half")], table.loc[(kind, "none")]
        assert (half["seeds"], half["found"]) == (2, 1)
        assert half["search_kwh"] == pytest.approx((energy / 9 + energy) / 2)
        assert half["training_kwh"] == pytest.approx(energy)
        assert (none["seeds"], none["found"]) == (2, 0)
        assert none["search_kwh"] == pytest.approx(energy / 9)
        assert none[["training_kwh", "search_and_training_kwh"]].isna().all()
