"""A sweep of configurations becomes a table: every training once, whole curves, a card with numbers that it yields."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from invented_sweep import DIVERGES, IMAGES, invented_training, write_parts

from fairwatt.experiments.config_columns import diverged_epoch
from fairwatt.experiments.config_sweep import ConfigTask
from fairwatt.experiments.config_table import collect_configs, collect_sweep
from fairwatt.experiments.sweep_plan import load_config_sweep
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.search_spaces.config_trainings import CIFAR10_TRAINING_IMAGES, ConfigTrainings, at_progress
from fairwatt.search_spaces.regnet import work
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.table import TableError, open_table, write_table
from fairwatt.surrogates.energy_model import OperationCountModel

SAMPLE = "name: digits-regnet-hpo\nspace: digits-regnet-hpo\nconfigs: 12\nrepeated: 4\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "digits-regnet-hpo.yaml"
    path.write_text(SAMPLE)
    return path


def test_every_training_is_there_once_with_its_curves(spec: Path, tmp_path: Path) -> None:
    write_parts(spec, tmp_path)
    table = open_table(collect_configs(spec, folder=tmp_path))
    table.verify()
    tasks = [task for wave in load_config_sweep(spec).waves() for task in wave]
    space, trainings = RegnetHpoSpace(), ConfigTrainings.of(table)
    assert len(trainings) == table.rows == 16
    order = list(zip(trainings.key.tolist(), trainings.repeat.tolist(), strict=True))
    assert order == sorted((space.key(task.config), task.repeat) for task in tasks)
    kwh = table.column("energy_kwh_per_epoch")
    for row, config in enumerate(trainings.configs):
        assert space.key(config) == trainings.key[row]
        assert [type(value) for value in config] == [int, int, float, float, int, float, str, str, int, int]
        result = invented_training(ConfigTask(config, int(trainings.repeat[row])))
        length = int(trainings.lengths[row])
        assert length == len(result["test"]) == {50: 12, 100: 25, 200: 50}[int(config[8])]
        for part, name in enumerate(IMAGES):
            wanted = 1 - np.array(result[name]) / IMAGES[name]
            assert trainings.errors[row, part, :length] == pytest.approx(wanted, abs=1e-12)
        features = work(space.training(config).stages)._asdict()
        once = OperationCountModel().training_kwh(features, CIFAR10_TRAINING_IMAGES, extrapolate=True)
        assert kwh[row] == pytest.approx(float(once))
    assert table.provenance("energy_kwh_per_epoch") == "modelled"
    assert table.provenance("validation_correct") == "measured"


def test_the_card_says_what_the_columns_yield(spec: Path, tmp_path: Path) -> None:
    write_parts(spec, tmp_path)
    path = collect_configs(spec, folder=tmp_path, out=tmp_path / "tables")
    text = path.with_suffix(".md").read_text("utf-8")
    first = open_table(path).column("repeat") == 0
    accuracy = open_table(path).column("validation_accuracy")[first]
    low, middle, high = np.quantile(accuracy, (0.25, 0.5, 0.75))
    assert f"quartiles {low:.3f}, {middle:.3f}, {high:.3f}, best {accuracy.max():.3f}" in text
    assert f"{(accuracy < 0.15).mean():.1%} at chance" in text
    assert "second seeds of 4 configurations: std between" in text
    assert "Kendall's tau-b of validation accuracy at 1/9 and 1/3 of training with the end: all " in text
    for caveat in ("not claimed to transfer", "modelled, MAPE 7.8%", "grouped convolutions", "CPU seconds of the mini"):
        assert caveat in text
    assert "PARTIAL" not in text


def test_an_unfinished_sweep_is_refused_or_labelled(spec: Path, tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="16 of 16 trainings are missing; finish them"):
        collect_configs(spec, folder=tmp_path, partial=True)
    write_parts(spec, tmp_path, leave_out=3)
    with pytest.raises(SweepError, match=r"of 16 trainings are missing; finish them .* --partial"):
        collect_configs(spec, folder=tmp_path)
    path = collect_configs(spec, folder=tmp_path, partial=True)
    rows = open_table(path).rows
    assert 0 < rows < 16
    assert f"PARTIAL: {rows} of 16 trainings" in path.with_suffix(".md").read_text("utf-8")
    assert open_table(path).card.created_by.endswith("--partial")


@pytest.mark.parametrize("epoch", [1, 4, 12])
def test_the_epoch_of_a_divergence_is_read_off_its_seconds(epoch: int) -> None:
    seconds = np.random.default_rng(epoch).random(12).tolist()
    seconds[epoch:] = [sum(seconds[:epoch]) / epoch] * (12 - epoch)
    assert diverged_epoch({"status": "diverged", "seconds": seconds}) == epoch
    assert diverged_epoch({"status": "ok", "seconds": seconds}) == 0


def test_progress_lies_on_straight_lines_between_epochs() -> None:
    curves = np.array([[[8.0, 4.0, 2.0, 0.0]], [[6.0, 3.0, 3.0, 3.0]]])  # the second has two points
    found = at_progress(curves, np.array([4, 2]), np.array([[0.1, 0.25, 0.375, 1.0], [0.5, 0.75, 1.0, 0.0]]))
    assert found[:, 0].tolist() == [[8, 8, 6, 0], [6, 4.5, 3, 6]]


def test_a_table_of_something_else_is_said_to_be(toy_table: Path, tmp_path: Path) -> None:
    table = open_table(toy_table)
    from fairwatt.search_spaces.column import Column

    columns: dict[str, Any] = {
        name: Column(table.column(name), table.unit(name), table.provenance(name), "") for name in table.columns
    }
    lacking = write_table(tmp_path / "a.arrow", {k: v for k, v in columns.items() if k != "lr"}, table.card)
    with pytest.raises(TableError, match=r"is no table of RegNet \+ HPO trainings: it lacks lr"):
        ConfigTrainings.of(open_table(lacking))
    wrong = columns["test_correct"].values.copy()
    wrong[3] = "797 many"
    columns["test_correct"] = Column(wrong, "of 797 images", "measured", "")
    odd = write_table(tmp_path / "b.arrow", columns, table.card)
    with pytest.raises(TableError, match="cannot be read"):
        ConfigTrainings.of(open_table(odd))


def test_diverged_trainings_are_marked_from_their_epoch(toy_table: Path) -> None:
    trainings = ConfigTrainings.of(open_table(toy_table))
    diverges = np.array([config[5] == DIVERGES and config[6] == "sgd" for config in trainings.configs])
    assert (trainings.diverged_epoch == np.where(diverges, 3, 0)).all()
    assert open_table(toy_table).rows == 960


OWN = "name: mine\nspace: regnet-hpo\ndata: digits\nconfigs: 6\nwidth: 8\nepochs_scale: 0.25\nmeter: opcount\n"


def own_training(task: ConfigTask, joules: float | None, method: str) -> dict[str, Any]:
    """What a training of a sweep of one's own writes."""
    epochs = len(invented_training(task)["test"])
    read = None if joules is None else [joules] * epochs
    metered = {"meter": "nvml", "joules": read, "method": method, "scope": "device", "devices": ["GPU 0"], "note": ""}
    return invented_training(task) | {"clock": "wall"} | metered


@pytest.mark.parametrize(
    ("joules", "method", "provenance"),
    [(36.0, "counter", "measured"), (36.0, "constant-power", "estimated"), (None, "unavailable", "modelled")],
)
def test_a_sweep_of_ones_own_has_the_energy_that_its_meter_read(
    tmp_path: Path, joules: float | None, method: str, provenance: str
) -> None:
    spec = tmp_path / "mine.yaml"
    spec.write_text(OWN)
    write_parts(spec, tmp_path, lambda task: own_training(task, joules, method))
    table = open_table(collect_sweep(spec, folder=tmp_path))
    trainings = ConfigTrainings.of(table)
    assert table.provenance("energy_kwh_per_epoch") == provenance
    if joules is not None:
        total = trainings.energy_kwh_per_epoch * trainings.epochs
        assert total * 3.6e6 == pytest.approx(joules * trainings.lengths)
    told = " ".join(table.card.notes)
    assert ("by operation counts" in told) == (joules is None)
    assert ("ecnas-gpu" in table.card.hardware) == (joules is None)
    assert table.card.pue == (1.59 if joules is None else None)
    assert "wall-clock seconds" in table.description("seconds_per_epoch")


def metered(change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> Callable[[ConfigTask], dict[str, Any]]:
    """Trainings that were measured, and what is different about each: told its number from 0."""
    numbers = count()
    return lambda task: (result := own_training(task, 36.0, "counter")) | change(next(numbers), result)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    spec = tmp_path / "mine.yaml"
    spec.write_text(OWN)
    return spec


def test_epochs_without_a_reading_count_as_the_mean_of_the_others(own: Path, tmp_path: Path) -> None:
    def gaps(number: int, result: dict[str, Any]) -> dict[str, Any]:
        epochs = len(result["joules"])
        return {"joules": [None, *range(1, epochs)] if number < 2 else result["joules"]}

    write_parts(own, tmp_path, metered(gaps))
    table = open_table(collect_sweep(own, folder=tmp_path))
    trainings = ConfigTrainings.of(table)
    joules = trainings.energy_kwh_per_epoch * trainings.epochs * 3.6e6
    wanted = [length * length / 2 for length in trainings.lengths]  # 1 to E - 1 have the mean E / 2
    assert sorted(np.isclose(joules, wanted)) == [False] * 4 + [True] * 2
    assert table.provenance("energy_kwh_per_epoch") == "measured"
    lost = f"energy: 2 of {trainings.lengths.sum():,} epochs, of 2 trainings, have no reading: each counts as the mean"
    assert lost in " ".join(table.card.notes)


def test_the_card_says_which_epochs_count_as_the_mean_of_repeats(own: Path, tmp_path: Path) -> None:
    write_parts(own, tmp_path, metered(lambda number, result: {"windows": 10, "repeated": 3 * (number < 2)}))
    table = open_table(collect_sweep(own, folder=tmp_path))
    assert table.provenance("energy_kwh_per_epoch") == "measured"
    assert (
        "energy: 6 of 60 epochs (10.0%) were too short for the meter: each counts as the mean of repeats"
        in " ".join(table.card.notes)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joules": None}, r"1 of 6 trainings have no energy \(parts repeat0-.*\): delete these parts and train them"),
        ({"joules": [1.0, *[None] * 11]}, r"1 of 6 trainings have no reading of most of their epochs \(parts repeat0-"),
        ({"meter": "rapl"}, r"meter nvml \(counter, scope device, GPU 0\) in repeat0-.*, meter rapl \(counter, sco"),
        ({"method": "modelled"}, r"\(modelled, scope device, GPU 0\)"),
        ({"scope": "process"}, r"\(counter, scope process, GPU 0\)"),
        ({"devices": ["GPU 1"]}, r"\(counter, scope device, GPU 1\)"),
        ({"clock": "cpu"}, r"seconds of two clocks: .*wall in repeat0-"),
    ],
)
def test_trainings_whose_energies_do_not_mix_are_not_collected(
    own: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    write_parts(own, tmp_path, metered(lambda number, result: change if number == 1 else {}))
    with pytest.raises(SweepError, match=message) as refused:
        collect_sweep(own, folder=tmp_path)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "mine" / "mine.arrow").exists()


def test_trainings_may_be_as_long_as_configurations_name(tmp_path: Path) -> None:
    spec = tmp_path / "mine.yaml"
    spec.write_text(OWN)

    def full(task: ConfigTask) -> dict[str, Any]:
        result = own_training(task, None, "unavailable")
        parts = {part: result[part][-1:] * 200 for part in IMAGES}
        return result | parts | {"status": "ok", "seconds": [0.1] * 200}

    write_parts(spec, tmp_path, full)
    table = open_table(collect_sweep(spec, folder=tmp_path))
    assert (table.column("trained_epochs") == 200).all()


def test_what_is_collected_depends_on_the_sweep(tmp_path: Path) -> None:
    spec = tmp_path / "cells.yaml"
    spec.write_text("name: cells\nspace: digits-cells-3v\nepochs: [1]\nrepeats: 1\n")
    with pytest.raises(SweepError, match="--partial is for sweeps of configurations"):
        collect_sweep(spec, folder=tmp_path, partial=True)
    with pytest.raises(SweepError, match="finish the sweep first"):
        collect_sweep(spec, folder=tmp_path)
    with pytest.raises(SweepError, match="a sweep of cells, not of configurations"):
        collect_configs(spec, folder=tmp_path)
