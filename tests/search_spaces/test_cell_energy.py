"""Energies as measured, scaled or affine, on EC-NAS's own tables."""

import hashlib
from dataclasses import replace
from pathlib import Path

import ecnas_writer as w
import numpy as np
import pandas as pd
import pytest

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.executor import run_study
from fairwatt.experiments.study import read_study
from fairwatt.registry import BENCHMARKS, make_benchmark
from fairwatt.search_spaces import catalogue
from fairwatt.search_spaces.cell import OPS, CellSpace
from fairwatt.search_spaces.cell_energy import affine, cell_energies, choices, scaled, scaling
from fairwatt.search_spaces.cell_index import cell_hash, cell_index, pairs
from fairwatt.search_spaces.sources import TableNotFoundError, load_table
from fairwatt.search_spaces.table_import import import_file

FILES = (
    "official/energy_4V9E_4epochs.tfrecord",
    "official/energy_4V9E_linscale.tfrecord",
    "official/energy_5V9E_4epochs.tfrecord",
    "ecnas_linscale.parquet",
    "ecnas_measured_nc.parquet",
)
EPOCHS = np.array([4, 12, 36, 108])


@pytest.fixture(scope="module")
def cache(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWATT_CACHE", str(folder))
        for file in FILES:
            import_file(shared / "ecnas" / file)
    return folder


@pytest.fixture(autouse=True)
def _cache(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = request.getfixturevalue("cache") if "cache" in request.fixturenames else tmp_path
    monkeypatch.setenv("FAIRWATT_CACHE", str(found))


# -- the two laws


def test_scaled_is_proportional_to_the_first_repeat_of_the_shortest() -> None:
    values = np.array([[[2.0, 3.0], [9.0, 9.0]]])
    assert scaled(values, np.array([4, 12])).tolist() == [[[2.0], [6.0]]]


def test_affine_is_a_line_through_both_ends_and_refuses_one_that_falls() -> None:
    values = np.array([[[0.1], [5.0], [0.7]]])
    found = affine(values, np.array([4, 50, 108]), EPOCHS)
    np.testing.assert_allclose(np.diff(found[0, :, 0]) / np.diff(EPOCHS), 0.6 / 104, rtol=1e-12)
    assert (found[0, 0, 0], found[0, -1, 0]) == (0.1, 0.7)
    with pytest.raises(UserError, match=r"1 of 2 cells took no more for 108 epochs than for 4.*energy=measured"):
        affine(np.array([[[0.1], [0.7]], [[0.7], [0.7]]]), np.array([4, 108]), EPOCHS)


# -- 4V


def test_scaled_4v_is_the_official_linscale_file_to_the_bit(cache: Path) -> None:
    measured, official = load_table("ec-nas-4v"), load_table("ec-nas-4v-linscale")
    found = cell_energies(measured, "scaled")
    assert found.energy_kwh.shape == (91, 4, 3)
    for repeat in range(3):
        np.testing.assert_array_equal(found.energy_kwh[..., repeat], official.values("energy_kwh")[..., 0])
        np.testing.assert_array_equal(found.seconds[..., repeat], official.values("seconds")[..., 0])
    co2eq_g = scaled(measured.values("co2eq_g"), measured.epochs)
    np.testing.assert_array_equal(co2eq_g, official.values("co2eq_g"))


def test_affine_4v_meets_the_means_at_both_ends_and_nearly_between(cache: Path) -> None:
    table = load_table("ec-nas-4v")
    ratio = cell_energies(table, "affine").energy_kwh / table.values("energy_kwh").mean(axis=2, keepdims=True)
    assert (ratio[:, [0, -1]] == 1).all()
    error = ratio[:, 1:3, 0] - 1
    assert np.median(error, axis=0) == pytest.approx([-0.0042, 0.0096], abs=5e-5)
    assert np.median(np.abs(error), axis=0) == pytest.approx([0.0067, 0.0123], abs=5e-5)
    assert (ratio > 0).all()


def test_the_choice_is_in_all_that_a_run_and_its_reference_say(cache: Path) -> None:
    own, *others = (make_benchmark("ec-nas-4v", energy=kind) for kind in (None, "measured", "scaled", "affine"))
    assert own.data_sha256 == others[0].data_sha256 == load_table("ec-nas-4v").sha256
    assert [benchmark.data_sha256.removeprefix(own.data_sha256) for benchmark in others] == [
        "",
        "+energy=scaled",
        "+energy=affine",
    ]
    means = [benchmark.reference().energy_kwh.mean() for benchmark in others]
    assert means == pytest.approx([0.4076, 0.4732, 0.4076], abs=5e-5)
    for kind, benchmark in zip(("measured", "scaled", "affine"), others, strict=True):
        assert (benchmark.provenance["energy_kwh"], benchmark.provenance["seconds"]) == (kind, kind)
        assert benchmark.provenance["validation_accuracy"] == "measured"
        truth = benchmark.reference()
        assert f"({kind}; NVIDIA Quadro RTX 6000" in truth.energy_label
        assert truth.notes[0].startswith("chosen: ") == (kind != "measured")
        assert benchmark.space.sample(np.random.default_rng(0)) == own.space.sample(np.random.default_rng(0))
        np.testing.assert_array_equal(truth.val_error, own.reference().val_error)


def test_linscale_4v_can_have_what_was_measured(cache: Path) -> None:
    table, measured = load_table("ec-nas-4v-linscale"), load_table("ec-nas-4v")
    assert choices(table) == ("scaled", "measured", "affine")
    means = measured.values("energy_kwh").mean(axis=2, keepdims=True)
    np.testing.assert_array_equal(cell_energies(table, "measured").energy_kwh, means)
    np.testing.assert_array_equal(
        cell_energies(table, "affine").energy_kwh[..., 0], cell_energies(measured, "affine").energy_kwh[..., 0]
    )


@pytest.mark.slow
def test_scaled_is_too_high_at_4v_and_at_5v(cache: Path) -> None:
    found = scaling("ec-nas-4v")
    assert [line.epochs for line in found] == [12, 36, 108]
    assert [line.ratio for line in found] == pytest.approx([1.109, 1.163, 1.157], abs=5e-4)
    assert all(0.93 < line.tau < 0.95 for line in found)
    assert [(line.ratio, line.tau) for line in scaling("ec-nas-4v-linscale")] == [
        (line.ratio, line.tau) for line in found
    ]
    (five,) = scaling("ec-nas-5v-4epochs")
    assert (five.cells, five.epochs) == (700, 108)
    assert (five.ratio, five.tau) == pytest.approx((1.142, 0.869), abs=5e-4)
    assert [line.cells for line in scaling("ec-nas-5v-partial")] == [400]


# -- 5V


def test_the_108_epoch_trainings_of_5v_are_the_published_ones(cache: Path, shared: Path) -> None:
    table = load_table("ec-nas-5v-108")
    assert (table.shape, table.epochs.tolist(), table.rows) == ((700, 1, 3), [108], 2_100)
    frame = pd.read_parquet(shared / "ecnas/ecnas_measured_nc.parquet")
    frame = frame.query("space == '5v' and eval_index == 2 and not estimated_row").sort_values("total_start")
    frame["replicate"] = frame.groupby("hash").cumcount()
    theirs = frame.set_index(["hash", "replicate"]).loc[
        list(zip(table.column("hash"), table.column("replicate"), strict=True))
    ]
    for ours, name in (
        ("energy_kwh", "energy_kwh"),
        ("seconds", "training_time_s"),
        ("validation_accuracy", "valid_acc"),
        ("test_accuracy", "test_acc"),
        ("params", "trainable_params"),
        ("total_start", "total_start"),
    ):
        np.testing.assert_array_equal(table.column(ours), theirs[name].to_numpy())
    assert [cell_hash(int(cell)) for cell in table.cells] == table.values("hash")[:, 0, 0].tolist()
    assert table.provenance("energy_kwh") == "measured"
    assert make_benchmark("ec-nas-5v-108").fidelities == (1.0,)


def test_the_card_of_the_108_epoch_trainings_is_right_about_their_choice(cache: Path) -> None:
    table, short = load_table("ec-nas-5v-108"), load_table("ec-nas-5v-4epochs")
    assert any("within .3 % and .006 of the others" in note for note in table.card.notes)
    chosen = np.isin(short.cells, table.cells)
    energy, accuracy = (short.values(name)[:, 0, 0] for name in ("energy_kwh", "validation_accuracy"))
    assert energy[chosen].mean() / energy[~chosen].mean() == pytest.approx(1, abs=0.003)
    assert accuracy[chosen].mean() == pytest.approx(accuracy[~chosen].mean(), abs=0.006)


def test_5v_keeps_the_cells_that_were_measured_at_both_ends(cache: Path) -> None:
    own, measured, line = (make_benchmark("ec-nas-5v-partial", energy=kind) for kind in (None, "measured", "affine"))
    assert [len(benchmark.reference().keys) for benchmark in (own, measured, line)] == [1_469, 400, 400]
    assert measured.fidelities == (4 / 108, 1.0)
    assert line.fidelities == own.fidelities
    assert line.data_sha256 == f"{own.data_sha256}+{load_table('ec-nas-5v-108').sha256}+energy=affine"
    table, longer = load_table("ec-nas-5v-partial"), load_table("ec-nas-5v-108")
    short = load_table("ec-nas-5v-4epochs")
    keys = np.array(measured.reference().keys)
    for benchmark in (measured, line):
        first, last = (benchmark.measure_batch(keys, fidelity) for fidelity in (4 / 108, 1.0))
        np.testing.assert_array_equal(first["energy_kwh"], short.column("energy_kwh")[short.rows_of(keys)])
        means = longer.values("energy_kwh")[np.searchsorted(longer.cells, keys), 0].mean(axis=1)
        np.testing.assert_allclose(last["energy_kwh"], means, rtol=1e-15)
        np.testing.assert_array_equal(
            last["val_error"], 1 - table.column("validation_accuracy")[table.rows_of(keys, 108)]
        )
    energies = [line.measure_batch(keys, fidelity)["energy_kwh"] for fidelity in line.fidelities]
    assert (np.diff(energies, axis=0) > 0).all()
    outside = own.space.config(min(set(own.reference().keys) - set(keys.tolist())))  # type: ignore[attr-defined]
    assert line.measure(outside).status.name == "INVALID"


def test_without_the_longer_trainings_it_is_said_what_to_get(shared: Path) -> None:
    import_file(shared / "ecnas/ecnas_linscale.parquet")
    with pytest.raises(TableNotFoundError, match=r"'ec-nas-5v-108'.*type: fairwatt data import ecnas_measured_nc.parq"):
        make_benchmark("ec-nas-5v-partial", energy="affine")


@pytest.mark.parametrize(
    ("name", "kind", "error", "message"),
    [
        ("ec-nas-4v", "mesured", UnknownNameError, "unknown energy 'mesured'; did you mean 'measured'"),
        ("ec-nas-5v-4epochs", "scaled", UserError, "its energies are measured at 4 epochs; scaled ones cannot be had"),
        ("digits-cells-4v", "measured", UserError, "energies are modelled at .* epochs; measured ones cannot be had"),
        ("toy-cells", "measured", UnknownNameError, "unknown option of the space toy-cells: 'energy'"),
    ],
)
def test_what_cannot_be_had_is_refused(cache: Path, name: str, kind: str, error: type[UserError], message: str) -> None:
    with pytest.raises(error, match=message):
        make_benchmark(name, energy=kind)
    with pytest.raises(UserError, match="has no column of suspect rows"):
        make_benchmark("ec-nas-4v", suspect="drop")


# -- studies

STUDY = """
study: energies
spaces: [{space}]
optimizers: [{arms}]
seeds: 0:2
budgets: [5 full]
"""


def _study(tmp_path: Path, space: str, arms: str, *overrides: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY.format(space=space, arms=arms))
    outcomes = run_study(read_study(path, overrides), tmp_path / "out", executor="serial")
    assert not [outcome.error for outcome in outcomes if outcome.error]
    return tmp_path / "out"


def test_a_folder_holds_one_choice_of_energies(cache: Path, tmp_path: Path) -> None:
    folder = _study(tmp_path, "ec-nas-4v", "rs", "energy=scaled")
    sha256 = make_benchmark("ec-nas-4v", energy="scaled").data_sha256
    runs = sorted((folder / "ec-nas-4v/rs").rglob("*.json"))
    assert len(runs) == 2
    assert all(sha256 in path.read_text() for path in runs)
    assert "(scaled; " in (folder / "ec-nas-4v/reference.json").read_text()
    for other in ((), ("energy=affine",)):
        with pytest.raises(UserError, match="holds a study with energy = 'scaled', not "):
            _study(tmp_path, "ec-nas-4v", "rs", *other)
    with pytest.raises(UserError, match="unknown energy 'scald'; did you mean 'scaled'"):
        _study(tmp_path, "ec-nas-4v", "rs", "energy=scald")


def test_every_kind_of_optimizer_runs_where_there_is_one_fidelity(cache: Path, tmp_path: Path) -> None:
    folder = _study(tmp_path, "ec-nas-5v-4epochs", "rs, re, hb, bohb, semoa")
    assert len(list(folder.glob("*/*/*/*/*.json"))) == 5 * 2


def test_brackets_need_fidelities_that_fit(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"eta = 3 does not fit the fidelities \(0\.037.*set eta to their ratio"):
        _study(tmp_path, "ec-nas-5v-partial", "rs, hb", "energy=measured")
    _study(
        tmp_path, "ec-nas-5v-partial", "rs, {optimizer: hb, settings: {eta: 27}}", "energy=measured", "budgets=30 full"
    )


# -- the catalogue


def test_the_official_5v_file_is_a_space_once_it_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a file of our own in its format, under the catalogue's name."""
    index = cell_index(5)
    cells = [0, 5, 40, 90, 91, 1_000, 2_531]
    payloads = [
        w.payload(
            w.metrics(w.FINAL | {1: 4.0, 2: 10.0 * epochs, 4: 0.5 + cell / 1e4, 6: (1 + cell) * epochs / 4e4}),
            cell=_text(index.edges(cell), index.ops(cell)),
            epochs=int(epochs),
        )
        for cell in cells
        for epochs in EPOCHS
    ]
    path = w.write(tmp_path / "energy_5V9E_linscale.tfrecord", *payloads)
    content = path.read_bytes()
    source = replace(
        catalogue.SOURCES["ec-nas-5v"],
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        rows=len(payloads),
    )
    monkeypatch.setitem(catalogue.SOURCES, source.name, source)
    with pytest.raises(TableNotFoundError, match=r"energy_5V9E_linscale\.tfrecord"):
        make_benchmark("ec-nas-5v")
    import_file(path)
    benchmark = make_benchmark("ec-nas-5v")
    assert benchmark.reference().keys == tuple(cells)
    assert benchmark.fidelities == (4 / 108, 12 / 108, 36 / 108, 1.0)
    assert benchmark.provenance["energy_kwh"] == "scaled"
    assert isinstance(benchmark.space, CellSpace)
    measured = benchmark.measure(benchmark.space.config(1_000))
    assert (measured.energy_kwh, measured.val_error) == pytest.approx((1_001 * 108 / 4e4, 0.4), rel=1e-12)
    with pytest.raises(TableNotFoundError, match="'ec-nas-5v-108'"):
        make_benchmark("ec-nas-5v", energy="measured")


def _text(edges: tuple[int, ...], ops: tuple[int, ...]) -> tuple[str, str]:
    """A cell as the files write it."""
    size = len(ops) + 2
    matrix = np.zeros((size, size), dtype=int)
    for (row, column), bit in zip(pairs(size), edges, strict=True):
        matrix[row, column] = bit
    return "".join(map(str, matrix.ravel())), ",".join(["input", *(OPS[op] for op in ops), "output"])


def test_every_table_of_the_catalogue_is_a_known_space() -> None:
    assert set(catalogue.SOURCES) <= set(BENCHMARKS.names())
    with pytest.raises(TableNotFoundError, match="type: fairwatt data"):
        make_benchmark("ec-nas-4v@titanxp")
