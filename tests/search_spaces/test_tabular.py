"""Benchmarks on tables: the oracle's answers, the prices, the genuine EC-NAS tables."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import fairwatt
from fairwatt.errors import UserError
from fairwatt.problem import Benchmark
from fairwatt.records import INVALID_MEASUREMENT, Cost, Status
from fairwatt.search_spaces import sources, stamp, tabular
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_data import CellData
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.sources import EMBEDDED, TableNotFoundError
from fairwatt.search_spaces.table import TableError, open_table, write_table
from fairwatt.search_spaces.table_import import import_file
from fairwatt.search_spaces.tabular import TabularBenchmark


@pytest.fixture(scope="module")
def toy() -> Benchmark:
    return fairwatt.make_benchmark("toy-cells")


def small(**changes: object) -> TabularBenchmark:
    """Two cells, two fidelities, one repeat."""
    columns = {
        "cells": np.array([3, 5]),
        "epochs": np.array([1, 4]),
        "val_error": np.array([[[0.5], [0.2]], [[0.4], [0.3]]]),
        "test_error": None,
        "energy_kwh": np.array([[[1.0], [4.0]], [[2.0], [8.0]]]),
        "seconds": np.ones((2, 2, 1)),
        "params": np.array([10.0, 20.0]),
    }
    return TabularBenchmark(
        "small",
        CellSpace(4, [3, 5]),
        CellData(**{**columns, **changes}),  # type: ignore[arg-type]
        data_sha256="",
        provenance={},
        energy_label="",
    )


def test_answers_and_prices_are_the_tables() -> None:
    benchmark = small()
    measured = benchmark.measure(benchmark.space.config(5), 0.25)  # type: ignore[attr-defined]
    assert (measured.val_error, measured.energy_kwh, measured.epochs, measured.test_error) == (0.4, 2.0, 1.0, None)
    tariff = benchmark.tariff()
    assert tariff.cheapest == Cost.of(1.0, 1.0, 1)
    assert tariff.first == Cost.of(1.5, 1.0, 1)
    assert tariff.full == Cost.of(6.0, 1.0, 4)
    assert tariff.exhaustive == Cost.of(12.0, 2.0, 8, 2)
    truth = benchmark.reference()
    assert not truth.has_test
    assert np.array_equal(truth.test_error, truth.val_error)


def test_what_the_table_does_not_hold_is_invalid_and_other_fidelities_are_errors() -> None:
    benchmark = small()
    outside = CellSpace(4).config(4)
    assert benchmark.measure(outside) == INVALID_MEASUREMENT
    assert benchmark.measure(("nonsense",)) == INVALID_MEASUREMENT
    with pytest.raises(UserError, match=r"has fidelities \(0\.25, 1\.0\), not 0\.5"):
        benchmark.measure(outside, 0.5)
    with pytest.raises(UserError, match="holds no cell 4"):
        benchmark.measure_batch([3, 4])


def test_a_diverged_training_is_a_measurement_of_that_status() -> None:
    diverged = np.zeros((2, 2, 1), dtype=np.bool_)
    diverged[1, 0] = True
    benchmark = small(diverged=diverged)
    config = benchmark.space.config(5)  # type: ignore[attr-defined]
    first, last = (benchmark.measure(config, fidelity) for fidelity in benchmark.fidelities)
    assert (first.status, first.val_error, first.energy_kwh) == (Status.DIVERGED, 0.4, 2.0)
    assert last.status is Status.OK
    run = fairwatt.run(benchmark, "hb", budget="4 full", settings={"eta": 4})
    assert {row.trial.status for row in run.rows if row.trial and row.key == 5 and row.fidelity < 1} == {
        Status.DIVERGED
    }
    assert run.rows[0].cost > 0


@pytest.mark.parametrize(("last", "vertices"), [(6, 4), (90, 4), (91, 5), (2_531, 5), (2_532, 7)])
def test_the_space_is_the_smallest_that_has_all_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int, vertices: int
) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    monkeypatch.setattr(tabular, "CellSpace", lambda *arguments: arguments)
    names = ("validation_accuracy", "test_accuracy", "energy_kwh", "seconds", "params")
    columns = {name: Column(np.full(2, 0.5), "", "measured", "") for name in names}
    keys = {"cell": [0, last], "epochs": [4, 4], "replicate": [0, 0]}
    columns |= {name: Column(np.array(values), "", "measured", "") for name, values in keys.items()}
    columns["diverged"] = Column(np.array([0, 1]), "1", "measured", "")
    write_table(tmp_path / "own.arrow", columns, Card("own", "", "", "", "", "", (), 1, (4,), 0.5, None, ""))
    made = tabular.cell_benchmark("own")
    assert made.space[:2] == (vertices, pytest.approx([0, last]))  # type: ignore[index]
    assert made.measure_batch([last])["val_error"].tolist() == [0.5]


def test_a_table_is_verified_again_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a study does before its first search, though opening a large table may rest on an earlier verification."""
    monkeypatch.setattr(stamp, "SMALL_BYTES", 100)
    packed = open_table(EMBEDDED / "digits-cells-4v.arrow")
    labels = {name: (packed.unit(name), packed.provenance(name), packed.description(name)) for name in packed.columns}
    texts = ("hash", "edges", "ops")
    values = {name: packed.ascii(name) if name in texts else packed.column(name) for name in packed.columns}
    mapped = {name: Column(values[name], *labels[name]) for name in packed.columns}
    path = write_table(tmp_path / "digits-cells-4v.arrow", mapped, packed.card)
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path)
    benchmark = fairwatt.make_benchmark("digits-cells-4v")
    benchmark.verify()
    content, places = path.read_bytes(), packed.column("seconds")[:4].tobytes()
    with path.open("r+b") as file:
        file.seek(content.find(places))
        file.write(places[:-1] + bytes([places[-1] ^ 1]))
    with pytest.raises(TableError, match="does not match its stored sha256"):
        benchmark.verify()


@pytest.mark.parametrize(
    "changes",
    [
        {"val_error": np.full((2, 2, 1), np.nan)},
        {"seconds": np.ones((2, 1, 1))},
        {"energy_kwh": np.zeros((2, 2, 1))},
    ],
)
def test_tables_with_holes_or_without_energy_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UserError, match="small: "):
        small(**changes)


def test_batches_answer_as_single_questions_do(toy: Benchmark) -> None:
    space = toy.space
    assert isinstance(space, CellSpace)
    keys = np.arange(0, 2532, 100)
    batch = toy.measure_batch(keys, toy.fidelities[1], seed=3)
    for place, key in enumerate(keys.tolist()):
        single = toy.measure(space.config(key), toy.fidelities[1], seed=3)
        assert [batch[name][place] for name in batch] == [getattr(single, name) for name in batch]


@pytest.mark.parametrize("replicates", [2, 3, 130])
def test_batches_choose_the_repeats_that_single_questions_do(replicates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remembered or forgotten meanwhile, whatever the order; also for energies that are the same for all repeats."""
    monkeypatch.setattr(tabular, "_MOST_CHOICES", 2)
    errors, cells = np.random.default_rng(0).random((40, 2, replicates)), np.arange(3, 43)
    energy = np.broadcast_to(np.random.default_rng(1).random((40, 2, 1)) + 1, errors.shape)
    data = CellData(cells, np.array([1, 4]), errors, 2 * errors, energy, 3 * energy, np.ones(40))
    space = CellSpace(4, cells)
    benchmark = TabularBenchmark("b", space, data, data_sha256="", provenance={}, energy_label="")
    for keys in ([9, 3, 9], range(3, 43), []):
        for fidelity in (0.25, 1.0, 1, np.float64(0.25)):
            for seed in (0, 1, 2**40, -7):
                batch = benchmark.measure_batch(list(keys), fidelity, seed)
                singles = [benchmark.measure(space.config(key), fidelity, seed) for key in keys]
                for name, values in batch.items():
                    assert values.tolist() == [getattr(single, name) for single in singles]


def test_a_repeat_is_chosen_once_for_a_cell(toy: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    first, asked = toy.measure_batch([5, 8, 5], seed=77), list[object]()

    def choose(self: Benchmark, key: object, fidelity: float, seed: int) -> int:
        asked.append(key)
        return 0

    monkeypatch.setattr(type(toy), "replicate", choose)
    again = toy.measure_batch([8, 5, 11], seed=77)
    assert asked == [11]
    assert again["val_error"][:2].tolist() == first["val_error"][1::-1].tolist()


def test_the_toy_is_the_same_on_every_machine(toy: Benchmark) -> None:
    space = toy.space
    assert isinstance(space, CellSpace)
    measured = toy.measure(space.config(1234), 1.0, seed=0)
    assert measured.val_error == pytest.approx(0.1308253, abs=5e-8)
    assert measured.energy_kwh == pytest.approx(0.07865403, abs=5e-9)


# -- genuine tables


@pytest.fixture(scope="module")
def imported(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWATT_CACHE", str(folder))
        for name in ("4epochs", "linscale"):
            import_file(shared / "ecnas" / "official" / f"energy_4V9E_{name}.tfrecord")
        import_file(shared / "ecnas" / "ecnas_linscale.parquet")
    return folder


def test_ec_nas_4v_linscale_has_the_published_optimum_and_cost(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(imported))
    truth = fairwatt.make_benchmark("ec-nas-4v-linscale").reference()
    assert len(truth.keys) == 91
    assert 1 - truth.val_error.min() == pytest.approx(0.94418, abs=5e-6)
    assert truth.energy_kwh.sum() == pytest.approx(43.06, abs=5e-3)
    assert truth.energy_kwh.mean() == pytest.approx(0.4732, abs=5e-5)


def test_ec_nas_4v_is_measured_with_three_repeats(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(imported))
    benchmark = fairwatt.make_benchmark("ec-nas-4v")
    truth = benchmark.reference()
    assert truth.replicates == 3
    assert benchmark.provenance["energy_kwh"] == "measured"
    assert truth.energy_kwh.sum() == pytest.approx(37.09, abs=5e-3)
    assert 1 - truth.val_error.min() == pytest.approx(0.94247, abs=5e-6)


@pytest.mark.parametrize(
    ("name", "energy", "own"),
    [("ec-nas-4v", "scaled", "those of the same runs as the energy"), ("ec-nas-4v-linscale", "measured", "epochs/4")],
)
def test_another_energy_leaves_out_what_is_said_of_the_tables_own(
    imported: Path, monkeypatch: pytest.MonkeyPatch, name: str, energy: str, own: str
) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(imported))
    before = fairwatt.make_benchmark(name).reference().notes
    after = tabular.cell_benchmark(name, energy=energy).reference().notes
    assert any(own in note for note in before)
    assert not any(own in note for note in after[1:])  # the first says what was chosen
    assert [note for note in after if "carbontracker" in note or "half-way" in note] == [
        note for note in before if "carbontracker" in note or "half-way" in note
    ]


def test_ec_nas_5v_partial_says_how_its_cells_were_chosen(imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(imported))
    benchmark = fairwatt.make_benchmark("ec-nas-5v-partial", sampler="raw")
    truth = benchmark.reference()
    assert len(truth.keys) == 1469
    assert benchmark.space.sampler == "raw"
    assert truth.probabilities is not None
    assert (len(truth.probabilities), truth.probabilities.sum()) == (1469, pytest.approx(1))
    assert fairwatt.make_benchmark("ec-nas-5v-partial").reference().probabilities is None
    assert benchmark.provenance["energy_kwh"] == "scaled"
    assert any("published searches visited" in note for note in truth.notes)


def test_a_table_that_is_not_here_says_which_file_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    with pytest.raises(TableNotFoundError, match=r"fairwatt data import energy_4V9E_4epochs\.tfrecord"):
        fairwatt.make_benchmark("ec-nas-4v")


def test_a_benchmark_goes_to_another_process_and_answers_the_same() -> None:
    benchmark = fairwatt.make_benchmark("digits-cells-5v")
    copy = pickle.loads(pickle.dumps(benchmark))  # noqa: S301 - as multiprocessing does
    config = benchmark.problem(3).initial[0]
    for fidelity in benchmark.fidelities:
        assert copy.measure(config, fidelity, seed=5) == benchmark.measure(config, fidelity, seed=5)
    assert copy.problem(3).initial == benchmark.problem(3).initial
    copy.verify()
