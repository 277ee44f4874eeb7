"""Energies that are wrong together."""

from dataclasses import replace

import numpy as np
import pytest

from fairwatt.energy_error import EnergyError, energy_errors
from fairwatt.problem import Benchmark, Reference
from fairwatt.registry import make_benchmark


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return make_benchmark("toy-cells")


@pytest.fixture(scope="module")
def reference(benchmark: Benchmark) -> Reference:
    return benchmark.reference()


def _error(reference: Reference, name: str) -> EnergyError:
    error = energy_errors(reference)[name]
    assert isinstance(error, EnergyError)
    return error


def test_short_trainings_take_what_was_measured(benchmark: Benchmark, reference: Reference) -> None:
    error = _error(reference, "fidelity ratio")
    assert 27 / error.at(1 / 27) == pytest.approx(23.5)
    assert error.at(1.0) == 1.0
    full = 1.0
    taken = error.at(benchmark.fidelities) * np.array(benchmark.fidelities)
    assert np.diff(taken, n=1) == pytest.approx(np.diff(benchmark.fidelities) * (full - taken[0]) / (1 - 1 / 27))
    tariff = error.tariff(reference)
    assert tariff.full == reference.tariff.full
    assert tariff.first.energy_nj / reference.tariff.first.energy_nj == pytest.approx(27 / 23.5)
    assert tariff.first[1:] == reference.tariff.first[1:]


@pytest.mark.parametrize("slope", [0.1, -0.1])
def test_a_network_of_twice_the_size_takes_seven_per_cent_more_or_less(reference: Reference, slope: float) -> None:
    sizes = np.full(2532, 1e6)
    sizes[:5] = 2e6
    error = _error(replace(reference, params=sizes), f"size slope {slope:+}")
    factors = error.factors(np.array([0, 9]), np.array([1 / 27, 1.0]))
    assert factors.tolist() == pytest.approx([1.0 + np.sign(slope) * 0.07, 1.0], abs=0.005)


def test_prices_and_truth_agree_under_an_error(reference: Reference) -> None:
    error = _error(reference, "size slope +0.1")
    wrong = error.reference(reference)
    assert error.by_key is not None
    assert wrong.energy_kwh == pytest.approx(reference.energy_kwh * error.by_key)
    assert wrong.tariff.mean_full_kwh == pytest.approx(wrong.energy_kwh.mean(), rel=1e-9)
    assert wrong.tariff.exhaustive is not None
    assert wrong.tariff.exhaustive.energy_nj == pytest.approx(wrong.energy_kwh.sum() * 3.6e15, rel=1e-9)
    assert wrong.energy_repeats is not None
    assert wrong.energy_repeats.mean(axis=1) == pytest.approx(wrong.energy_kwh)
    chances = np.where(np.arange(2532) < 10, 0.09, 0.1 / 2522)
    of_draws = reference.tariff.full._replace(energy_nj=round(chances @ reference.energy_kwh * 3.6e15))
    likely = replace(reference, probabilities=chances, tariff=replace(reference.tariff, full=of_draws))
    assert likely.probabilities is not None
    ratio = likely.probabilities @ wrong.energy_kwh / (likely.probabilities @ reference.energy_kwh)
    full = error.tariff(likely).full.energy_nj
    assert full == pytest.approx(of_draws.energy_nj * ratio)
    assert full != pytest.approx(wrong.tariff.full.energy_nj, rel=1e-3)
    assert error.tariff(likely).exhaustive == wrong.tariff.exhaustive  # every cell once, however likely it is
    of_keys = error.tariff(replace(likely, tariff=reference.tariff))  # one c̄ for every sampler, as tables of cells have
    assert of_keys == wrong.tariff


def test_the_cheapest_training_is_that_of_the_network_that_is_cheapest_then(reference: Reference) -> None:
    factors = np.ones(2532)
    cheapest = int(np.argmin(reference.energy_kwh))
    factors[cheapest] = 0.5
    tariff = EnergyError("one is cheaper", factors).tariff(reference)
    assert tariff.cheapest.energy_nj == pytest.approx(reference.tariff.cheapest.energy_nj / 2)
    assert tariff.full.energy_nj == pytest.approx(reference.tariff.full.energy_nj, rel=1e-3)
    assert tariff.first.energy_nj == pytest.approx(reference.tariff.first.energy_nj, rel=1e-3)


def test_the_spread_is_fixed_for_each_network_and_as_wide_as_published(reference: Reference) -> None:
    factors = [_error(reference, f"energy spread {draw}").by_key for draw in (1, 2, 3)]
    again = _error(reference, "energy spread 1").by_key
    assert np.array_equal(factors[0], again)
    for by_key in factors:
        assert by_key is not None
        assert by_key.std() / by_key.mean() == pytest.approx(0.14, abs=0.006)
        assert by_key.mean() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(np.array(factors))[0, 1:]).max() < 0.1
    elsewhere = _error(replace(reference, name="elsewhere"), "energy spread 1").by_key
    assert not np.array_equal(factors[0], elsewhere)


def test_what_a_space_does_not_know_is_said(reference: Reference) -> None:
    unknown = energy_errors(replace(reference, params=np.full(2532, np.nan)))
    assert unknown["size slope +0.1"] == "the space does not know the number of parameters of all networks"
    assert unknown["another device"] == "the space knows the energies of one device only"
    known = energy_errors(replace(reference, device_factors={"titanxp": np.full(2532, 1.5)}))
    assert "another device" not in known
    device = known["device titanxp"]
    assert isinstance(device, EnergyError)
    assert device.tariff(reference).full.energy_nj == pytest.approx(1.5 * reference.tariff.full.energy_nj)
