"""A space whose energies are wrong: what is asked of it, and that pricing again says the same."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

import fairwatt
from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.structural_error import Asked, WrongEnergies
from fairwatt.analysis.truth import Truth
from fairwatt.books import Book
from fairwatt.budget import Budget
from fairwatt.energy_error import RATIO, EnergyError, energy_errors
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Benchmark
from fairwatt.records import INVALID_MEASUREMENT
from fairwatt.search_spaces.perturbed import EnergyNotKnownError, PerturbedBenchmark, perturbed

SLOPE = "size slope +0.1"
AS_IT_IS = ("name", "space", "fidelities", "resumable", "has_test", "replicates", "pue")


@pytest.fixture(scope="module")
def base() -> Benchmark:
    return fairwatt.make_benchmark("toy-cells")


@pytest.fixture(scope="module")
def wrong(base: Benchmark) -> PerturbedBenchmark:
    return perturbed(base, SLOPE)


def test_only_energies_differ_and_it_says_so(base: Benchmark, wrong: PerturbedBenchmark) -> None:
    assert [getattr(wrong, name) for name in AS_IT_IS] == [getattr(base, name) for name in AS_IT_IS]
    assert wrong.problem(3).initial == base.problem(3).initial
    assert wrong.data_sha256 == wrong.reference().data_sha256 == "toy+size-slope-+0.1"
    assert wrong.provenance["energy_kwh"] == f"modelled, with the error '{SLOPE}'"
    assert SLOPE in wrong.reference().energy_label
    assert wrong.reference().tariff == wrong.tariff() != base.tariff()
    params = base.reference().params
    rng = np.random.default_rng(0)
    for fidelity in base.fidelities:
        config = base.space.sample(rng)
        told, true = wrong.measure(config, fidelity, 5), base.measure(config, fidelity, 5)
        size = params[int(base.space.key(config))] / np.median(params)
        assert told.energy_kwh == pytest.approx(true.energy_kwh * size**0.1)
        assert told == replace(true, energy_kwh=told.energy_kwh)
        assert wrong.epochs(config, fidelity) == base.epochs(config, fidelity)
    assert wrong.measure((0,) * len(base.space.dims)) == INVALID_MEASUREMENT


@pytest.mark.parametrize("name", [SLOPE, RATIO])
def test_many_at_once_are_the_same_as_one_by_one_in_any_process(base: Benchmark, name: str) -> None:
    one: PerturbedBenchmark = perturbed(base, name)
    other = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own, as processes exchange them
    configs = [base.space.sample(np.random.default_rng(i)) for i in range(20)]
    for fidelity in (base.fidelities[0], 1.0):
        batch = other.measure_batch([base.space.key(config) for config in configs], fidelity, 4)
        assert batch["energy_kwh"].tolist() == [one.measure(config, fidelity, 4).energy_kwh for config in configs]


@pytest.mark.parametrize("name", [SLOPE, "energy spread 1", RATIO])
@pytest.mark.parametrize("optimizer", ["rs", "hb"])
def test_pricing_again_is_running_again(base: Benchmark, name: str, optimizer: str) -> None:
    """Where an arm sees no energies: the same questions, books, c̄ and truth, to the last bit."""
    error = energy_errors(base.reference())[name]
    assert isinstance(error, EnergyError)
    seeds, policy = range(2), AccountingPolicy()
    longer = [(policy, Budget.parse("60 full").resolve("energy", base.tariff()))]
    recorded = [fairwatt.run(base, optimizer, seed=seed, budget="40 full", also=longer) for seed in seeds]
    again = [fairwatt.run(perturbed(base, name), optimizer, seed=seed, budget="40 full") for seed in seeds]
    before = Endpoints(recorded, Truth.of(base.reference()), Protocol())
    streams = {
        (optimizer, run.header.seed): Asked(before.trajectories[optimizer][run.header.seed], before.truth)
        for run in recorded
    }
    priced = WrongEnergies(before, base.reference(), error, streams)
    made = Endpoints(again, Truth.of(perturbed(base, name).reference()), Protocol())
    for text in ("10 full", "40 full"):
        book = Book("primary", policy, Budget.parse(text))
        for seed in seeds:
            one, other, true = (each.trajectories[optimizer][seed] for each in (priced, made, before))
            closing = one.close(book)
            assert closing == other.close(book)
            spent = [each.account(policy).spent("energy")[: closing.credited] for each in (one, other, true)]
            assert spent[0] == spent[1]
            assert (spent[0] == spent[2]) == ((name, optimizer) == (RATIO, "rs"))  # which asks for full trainings only
        for indicator in ("regret", "hypervolume_regret"):
            values = [endpoints.values(optimizer, book, indicator, seeds) for endpoints in (priced, made)]
            assert values[0].tolist() == values[1].tolist()


def test_what_a_space_does_not_know_is_refused(base: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'size slope \+0.1'"):
        perturbed(base, "size slope +0.2")
    with pytest.raises(EnergyNotKnownError, match="one device only"):
        perturbed(base, "device titanxp")
    devices = replace(base.reference(), device_factors={"titanxp": np.full(2532, 1.5)})
    monkeypatch.setattr(base, "reference", lambda: devices)
    with pytest.raises(UnknownNameError, match="did you mean 'device titanxp'"):
        perturbed(base, "device titanx")
    config = base.space.sample(np.random.default_rng(1))
    assert perturbed(base, "device titanxp").measure(config).energy_kwh == 1.5 * base.measure(config).energy_kwh
