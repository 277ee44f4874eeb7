"""Benchmarks on learning curves: a whole grid of trainings, every number of it, and what a longer training costs."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from invented_sweep import DIVERGES, IMAGES, invented_training

from fairwatt import run
from fairwatt.conformance import check_benchmark
from fairwatt.errors import UserError
from fairwatt.experiments.config_sweep import ConfigTask
from fairwatt.optimizer import OptimizerFactory, optimizer
from fairwatt.problem import Benchmark
from fairwatt.records import JOULES_PER_KWH, Charge, Query, Status
from fairwatt.registry import BENCHMARKS, make_benchmark
from fairwatt.runfile import read_run, write_run
from fairwatt.search_spaces import sources
from fairwatt.search_spaces.config_grid import ConfigGrid
from fairwatt.search_spaces.curve_benchmark import FIDELITIES, CurveBenchmark
from fairwatt.search_spaces.measured_configs import MeasuredConfigs, measured_configs
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.table import TableError

CONFIG = (8, 120, 13.4, 2.951, 24, 0.01, "adam", "cos", 200, 16)


@pytest.fixture(scope="module")
def toy(toy_table: Path) -> MeasuredConfigs:
    return measured_configs(str(toy_table))


def test_it_conforms(toy: Benchmark) -> None:
    assert [finding for finding in check_benchmark(toy, np.random.default_rng(0)) if not finding.passed] == []


def test_answers_are_points_of_the_measured_curve(toy: Benchmark) -> None:
    rng = np.random.default_rng(1)
    for config in [toy.space.sample(rng) for _ in range(30)]:
        full = int(config[8])
        for fidelity, epochs in zip(
            FIDELITIES, {50: (6, 17, 50), 100: (11, 33, 100), 200: (22, 67, 200)}[full], strict=True
        ):
            answer = toy.measure(config, fidelity, seed=5)
            result = invented_training(ConfigTask(config, toy.replicate(toy.space.key(config), fidelity, 5)))
            length = len(result["test"])
            assert answer.epochs == toy.epochs(config, fidelity) == epochs
            for error, part in ((answer.val_error, "validation"), (answer.test_error, "test")):
                correct = np.interp(epochs / full * length, range(1, length + 1), result[part])
                assert error == pytest.approx(1 - correct / IMAGES[part])
            assert answer.seconds == pytest.approx(np.mean(result["seconds"]) * length * epochs / full, rel=1e-6)


def test_one_training_answers_all_fidelities_of_a_seed(toy: Benchmark) -> None:
    key = toy.space.key(CONFIG)
    assert toy.resumable
    assert all(len({toy.replicate(key, fidelity, seed) for fidelity in FIDELITIES}) == 1 for seed in range(20))
    assert {toy.replicate(key, 1.0, seed) for seed in range(20)} == {0, 1}


def test_energy_grows_with_epochs_and_is_of_the_network(toy: Benchmark) -> None:
    answers = [toy.measure(CONFIG, fidelity) for fidelity in FIDELITIES]
    per_epoch = [answer.energy_kwh / answer.epochs for answer in answers]
    assert per_epoch == pytest.approx([per_epoch[0]] * 3)
    assert toy.measure((*CONFIG[:5], 0.3, "sgd", "exp", 200, 0)).energy_kwh == answers[-1].energy_kwh


def test_a_training_has_diverged_from_its_epoch_on(toy: Benchmark) -> None:
    config = (*CONFIG[:5], DIVERGES, "sgd", "cos", 50, 0)  # in the third of 12 epochs; 6 of 50 are 1.44
    statuses = [toy.measure(config, fidelity).status for fidelity in FIDELITIES]
    assert statuses == [Status.OK, Status.DIVERGED, Status.DIVERGED]
    assert toy.measure(config).val_error == pytest.approx(0.9)


def test_validation_and_test_are_different_measurements(toy: Benchmark) -> None:
    truth = toy.reference()
    assert toy.has_test
    assert (truth.val_error != truth.test_error).mean() > 0.9
    assert np.corrcoef(truth.val_error, truth.test_error)[0, 1] > 0.9
    assert truth.probabilities is None  # its sampler is uniform


def test_prices_are_sums_over_the_table(toy: Benchmark) -> None:
    truth, tariff = toy.reference(), toy.tariff()
    assert len(truth.keys) == 480
    assert tariff.mean_full_kwh == pytest.approx(truth.energy_kwh.mean())
    assert tariff.exhaustive is not None
    assert tariff.exhaustive.energy_nj == pytest.approx(480 * tariff.full.energy_nj)
    assert tariff.full.nano_epochs == pytest.approx(350 / 3 * 1e9)


def test_keys_are_those_of_the_whole_space(toy: MeasuredConfigs) -> None:
    whole, grid = RegnetHpoSpace(), toy.space
    assert isinstance(grid, ConfigGrid)
    assert len(grid) == 480
    rng = np.random.default_rng(2)
    for config in [grid.sample(rng) for _ in range(20)]:
        assert grid.key(config) == whole.key(config)


def test_neighbors_are_one_step_away_and_reach_everything(toy: Benchmark) -> None:
    middle = (*CONFIG[:5], 0.03, "sgd", "cos", 100, 0)
    around = toy.space.neighbors(middle)
    assert len(around) == 3 + 2 + 1 + 1 + 2 + 1  # networks, rates, optimizers, policies, epochs, cutouts
    assert {config[5] for config in around} == {0.01, 0.03, 0.1}
    reached, frontier = {CONFIG}, [CONFIG]
    while frontier:
        frontier = [c for c in {o for config in frontier for o in toy.space.neighbors(config)} if c not in reached]
        reached.update(frontier)
    assert len(reached) == 480


def test_configspace_and_back(toy: Benchmark) -> None:
    space, rng = toy.space.configspace(), np.random.default_rng(4)
    for config in [toy.space.sample(rng) for _ in range(20)]:
        assert toy.space.from_configspace(toy.space.to_configspace(config, space)) == config
    space.seed(0)
    assert all(toy.space.is_valid(toy.space.from_configspace(drawn)) for drawn in space.sample_configuration(20))


def test_moves_are_uniform_over_dimensions(toy: Benchmark) -> None:
    rng, changed = np.random.default_rng(3), Counter[str]()
    for _ in range(1_200):
        other = toy.space.mutate(CONFIG, rng)
        differs = [name for name, a, b in zip("dwasgloptc", CONFIG, other, strict=True) if a != b]
        changed["network" if len(differs) == 5 else "".join(differs)] += 1
    assert set(changed) == {"network", "l", "o", "p", "t", "c"}
    assert all(150 <= count <= 250 for count in changed.values())
    drawn = Counter(toy.space.sample(rng)[0] for _ in range(2_000))
    assert all(430 <= count <= 570 for count in drawn.values())


def test_a_rung_pays_the_difference_to_the_one_before(toy: Benchmark, tmp_path: Path) -> None:
    """The rules for resumable trainings: continuing is charged the further epochs, whatever the full length."""

    def climb(problem, rng):  # type: ignore[no-untyped-def]
        for config in problem.starts(rng):
            for fidelity in (*problem.fidelities, problem.fidelities[0]):
                yield Query(config, fidelity)

    factory: OptimizerFactory = optimizer("climb")(climb)
    climbed = run(toy, factory, budget="30 full")
    assert climbed.header.policy["fidelity"] == "continue"
    first = climbed.rows[:4]
    assert [row.charge for row in first] == [Charge.NEW, Charge.CONTINUE, Charge.CONTINUE, Charge.CACHED]
    full = toy.measure(first[0].config).energy_kwh * JOULES_PER_KWH * 1e9
    assert sum(row.cost for row in first) == pytest.approx(full, rel=1e-12)
    scratch = run(toy, factory, budget="30 full", policy={"fidelity": "scratch"})
    assert len(scratch) < len(climbed)
    write_run(tmp_path / "run.json", climbed)
    assert read_run(tmp_path / "run.json").rows == climbed.rows


def test_names_come_with_their_files(toy_table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path)
    assert "digits-regnet-toy" not in BENCHMARKS.names()
    monkeypatch.setattr(sources, "EMBEDDED", toy_table.parent)
    assert "digits-regnet-toy" in BENCHMARKS.names()
    assert "digits-regnet-hpo" not in BENCHMARKS.names()
    assert len(make_benchmark("digits-regnet-toy").reference().keys) == 480
    sources.verify("digits-regnet-toy")


def test_a_table_that_is_no_grid_is_refused(toy_table: Path, tmp_path: Path) -> None:
    from fairwatt.search_spaces.column import Column
    from fairwatt.search_spaces.table import open_table, write_table

    table = open_table(toy_table)
    for dropped, message in ((slice(1, None), "is not complete"), (slice(2, None), "no grid: expected 480")):
        columns = {
            name: Column(table.column(name)[dropped], table.unit(name), table.provenance(name), "")
            for name in table.columns
        }
        with pytest.raises((TableError, UserError), match=message):
            measured_configs(str(write_table(tmp_path / "part.arrow", columns, table.card)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"denominator": 0}, "fractions from 0 to 1"),
        ({"energy_kwh_per_epoch": np.zeros(480)}, "positive energy"),
        ({"keys": np.zeros(480, dtype=np.int64)}, "ascending order"),
        ({"test_error": np.zeros((480, 1, 3))}, "expected every repeat"),
    ],
)
def test_impossible_data_are_refused(toy: MeasuredConfigs, change: dict[str, object], message: str) -> None:
    data = replace(toy._data, **change)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=message):
        CurveBenchmark("x", toy.space, data, data_sha256="", provenance={}, energy_label="")


@pytest.mark.parametrize("point", [np.zeros(9), np.zeros((1, 10)), np.full(10, 1.1), np.full(10, np.nan)])
def test_no_point_of_the_unit_cube_is_refused(toy: Benchmark, point: np.ndarray) -> None:
    with pytest.raises(ValueError, match="numbers within 0 to 1"):
        toy.space.decode(point)


def test_unknown_questions_are_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="fidelities"):
        toy.measure(CONFIG, 0.5)
    with pytest.raises(UserError, match="fidelities"):
        toy.epochs(CONFIG, 0.5)
    for keys in ([toy.space.key(CONFIG), -3], ["no such key"]):
        with pytest.raises(UserError, match="holds no key"):
            toy.measure_batch(keys)
    assert toy.measure_batch([])["val_error"].shape == (0,)


def test_a_table_of_configurations_is_not_one_of_cells(toy_table: Path) -> None:
    with pytest.raises(TableError, match="is a table of configurations, not of cells"):
        sources.load_table(toy_table)
