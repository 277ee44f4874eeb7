"""The RegNet + HPO trainings that ship, and the surrogate of their curves: whole, small, and each other's."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairwatt.search_spaces
from fairwatt.experiments.config_card import describe
from fairwatt.experiments.config_sweep import ConfigSweep
from fairwatt.experiments.curve_data import read_measured_curves, split_keys
from fairwatt.experiments.sweep import part_of
from fairwatt.experiments.sweep_card import card_text
from fairwatt.experiments.sweep_plan import load_config_sweep
from fairwatt.registry import BENCHMARKS
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.config_trainings import CIFAR10_TRAINING_IMAGES, ConfigTrainings
from fairwatt.search_spaces.curve_agreement import curve_agreement
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.search_spaces.measured_configs import measured_configs
from fairwatt.search_spaces.regnet import work
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.table import Table, open_table
from fairwatt.surrogates.energy_model import OperationCountModel

DATA = Path(fairwatt.search_spaces.__path__[0]) / "data"
SAMPLE, TOY = "digits-regnet-hpo", "digits-regnet-toy"


@pytest.fixture(params=[SAMPLE, TOY])
def table(request: Any) -> Table:
    return open_table(DATA / f"{request.param}.arrow")


def _sweep(table: Table) -> ConfigSweep:
    return load_config_sweep(table.path.with_suffix(".yaml"))


def test_every_training_of_the_sweep_is_there_once(table: Table) -> None:
    table.verify()
    trainings = ConfigTrainings.of(table)
    wanted = Counter((task.config, task.repeat) for bundle in _sweep(table).bundles() for task in bundle.tasks)
    assert Counter(zip(trainings.configs, trainings.repeat.tolist(), strict=True)) == wanted
    assert set(wanted.values()) == {1}
    space = RegnetHpoSpace()
    assert [space.key(config) for config in trainings.configs[::17]] == trainings.key[::17].tolist()
    order = trainings.key * 4 + trainings.repeat
    assert (np.diff(order) > 0).all()


def test_energy_is_the_full_size_networks(table: Table) -> None:
    space, model = RegnetHpoSpace(), OperationCountModel()
    trainings = ConfigTrainings.of(table)
    for row in range(0, len(trainings), 97):
        features = work(space.training(trainings.configs[row]).stages)._asdict()
        kwh = float(model.training_kwh(features, CIFAR10_TRAINING_IMAGES, extrapolate=True))
        assert trainings.energy_kwh_per_epoch[row] == pytest.approx(kwh, rel=1e-12)
    assert table.provenance("energy_kwh_per_epoch") == "modelled"


def test_no_number_of_the_card_is_typed(table: Table) -> None:
    columns = {
        name: Column(table.column(name), table.unit(name), table.provenance(name), table.description(name))
        for name in table.columns
    }
    sweep, spec = _sweep(table), table.path.with_suffix(".yaml")
    planned = sum(bundle.size for bundle in sweep.bundles())
    assert describe(sweep, spec.name, columns, planned) == table.card
    assert table.path.with_suffix(".md").read_text("utf-8") == card_text(table.path)
    assert "not claimed to transfer" in table.card.title
    assert table.card.dataset == "digits"


@pytest.mark.slow
def test_a_training_done_again_gives_the_stored_curve() -> None:
    table = open_table(DATA / f"{SAMPLE}.arrow")
    trainings = ConfigTrainings.of(table)
    rows = {key: row for row, key in enumerate(zip(trainings.key.tolist(), trainings.repeat.tolist(), strict=True))}
    space = RegnetHpoSpace()
    alone = [bundle for bundle in _sweep(table).bundles() if bundle.size == 1 and bundle.tasks[0].config[8] == 50]
    bundle = min(alone, key=lambda one: (one.tasks[0].config[0], one.name))  # the shallowest
    (task,), (result,) = bundle.tasks, part_of(bundle)["results"]
    row = rows[space.key(task.config), task.repeat]
    again = 1 - np.array(result["validation"]) / 600
    stored = trainings.errors[row, 1, : trainings.lengths[row]]
    # Machines may differ in the last bit, which 144 steps blow up to some images.
    assert np.abs(again - stored).mean() < 0.05


def test_all_that_ships_is_under_two_megabytes() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 2_000_000


def test_the_surrogate_is_of_the_table_beside_it() -> None:
    surrogate, data = CurveSurrogate.load(DATA / f"{SAMPLE}.npz"), read_measured_curves(SAMPLE)
    card = surrogate.card
    assert card.data_sha256 == data.sha256
    assert (card.data, card.dataset, card.variant) == (SAMPLE, "digits", "cifar10")
    split = split_keys(data, card.split_seed)
    assert all(np.array_equal(getattr(surrogate, part), keys) for part, keys in vars(split).items())
    assert not np.isin(data.developed, surrogate.test).any()
    assert np.isin(data.developed, data.keys).all()
    assert card.settings == {}


def test_the_toy_is_a_space_whose_energies_the_surrogate_space_shares() -> None:
    assert {SAMPLE, TOY} <= set(BENCHMARKS.names())
    toy = measured_configs(TOY)
    found = curve_agreement(toy, CurveSurrogate.load(DATA / f"{SAMPLE}.npz"))
    assert [one.configurations + one.learned for one in found] == [len(toy.keys)] * 3 == [480] * 3
    assert all(one.tau > 0.5 for one in found[1:])
