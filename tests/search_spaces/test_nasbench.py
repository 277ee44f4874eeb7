"""NAS-Bench-101's own files: told by their content, read like EC-NAS's, energy modelled."""

from collections.abc import Iterator
from pathlib import Path

import ecnas_writer as w
import numpy as np
import pytest

from fairwatt.search_spaces import table_import
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_columns import cell_columns
from fairwatt.search_spaces.cell_complexity import complexity
from fairwatt.search_spaces.cell_graph import OPS, adjacency
from fairwatt.search_spaces.cell_index import CellIndex, cell_index
from fairwatt.search_spaces.ecnas_metrics import decode_nasbench, is_nasbench
from fairwatt.search_spaces.sources import verify
from fairwatt.search_spaces.stamp import file_state
from fairwatt.search_spaces.table import open_table
from fairwatt.search_spaces.table_import import import_file
from fairwatt.search_spaces.tfrecord import Record, TFRecordError
from fairwatt.surrogates.energy_model import ECNAS_GPU, OperationCountModel

SQUARE = ("0110000100010000", "input,conv1x1-bn-relu,maxpool3x3,output")


def metrics(validation: float, seconds: float = 1157.5, path: str = "") -> bytes:
    """A ModelMetrics with three complete evaluations."""
    numbers = {1: 108.0, 2: seconds, 3: 1.0, 4: validation, 5: 0.9375} | ({6: path} if path else {})
    points = (numbers | {1: 0.0, 2: 0.0}, numbers | {1: 54.0, 2: seconds / 2}, numbers)
    return b"".join(w.field(1, w.message(part)) for part in points) + w.field(2, 8555530) + w.field(3, 2400.5)


def payloads() -> list[bytes]:
    """Two cells at two budgets in three repeats, the repeats in no order."""
    return [
        w.payload(metrics(validation, seconds=10.0 * epochs + repeat), cell=cell, epochs=epochs)
        for repeat, validation in ((2, 0.75), (0, 0.5), (1, 0.625))
        for epochs in (108, 4)
        for cell in (SQUARE, w.CHAIN)
    ]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_message_is_told_by_its_content() -> None:
    assert is_nasbench(metrics(0.5))
    assert is_nasbench(metrics(0.5, path="model.ckpt"))  # field 6, where EC-NAS has its energy
    assert not is_nasbench(w.metrics())
    assert not is_nasbench(w.metrics({2: 1.0, 4: 0.5}))  # not complete
    assert not is_nasbench(metrics(0.5) + w.field(4, 1.0))  # the total energy of EC-NAS
    assert not is_nasbench(b"")
    assert not is_nasbench(b"\xff")


def test_a_file_becomes_a_table_with_modelled_energy(tmp_path: Path, cache: Path) -> None:
    path = w.write(tmp_path / "own.tfrecord", *payloads())
    assert import_file(path, "own-nasbench") == cache / "own-nasbench.arrow"
    table = verify("own-nasbench")
    assert (table.rows, table.card.replicates, table.card.epochs) == (12, 3, (4, 108))
    accuracy, seconds, epochs = (table.column(name) for name in ("validation_accuracy", "seconds", "epochs"))
    assert np.sort(accuracy.reshape(4, 3)).tolist() == [[0.5, 0.625, 0.75]] * 4
    np.testing.assert_array_equal(seconds, 10.0 * epochs + 8 * accuracy - 4)  # each row is one training's
    np.testing.assert_array_equal(table.column("halfway_seconds"), seconds / 2)
    assert table.column("total_seconds").tolist() == [2400.5] * 12
    assert table.column("params").tolist() == [8555530] * 12
    assert "checkpoint_path" not in table
    assert table.provenance("validation_accuracy") == "estimated"  # the catalogue does not know this file
    assert (table.provenance("energy_kwh"), table.provenance("extrapolated")) == ("modelled", "modelled")
    assert any("modelled from operation counts" in note for note in table.card.notes)
    model = OperationCountModel()
    for row in range(12):
        size = int(table.column("vertices")[row])
        mask = sum(int(bit) << place for place, bit in enumerate(str(table.column("edges")[row])))
        counts = complexity(adjacency(mask, size), [int(op) for op in str(table.column("ops")[row])])
        features = {name: getattr(counts, name) for name in ECNAS_GPU.terms}
        kwh = model.training_kwh(features, 40_000 * int(table.column("epochs")[row]), extrapolate=True)
        assert table.column("energy_kwh")[row] == pytest.approx(float(kwh), rel=1e-12)
        assert table.column("extrapolated")[row] == model.outside(features)


def test_the_number_of_a_repeat_tells_nothing_of_its_outcome(tmp_path: Path) -> None:
    """400 cells of three trainings: were repeat 0 the cheapest, its mean seconds would be far below the others'."""
    rng = np.random.default_rng(0)
    seconds = rng.normal(1_000, 50, (400, 3))
    records = [
        Record("0" * 32, 108, matrix, ("input", *ops, "output"), decode_nasbench(metrics(0.5, float(one))), 0, 0)
        for trainings, (matrix, ops) in zip(seconds, _cells(), strict=False)
        for one in trainings
    ]
    path, answers = tmp_path / "any", ("validation_accuracy", "seconds")
    columns = cell_columns(records, path, (), answers)
    found = columns["seconds"].values.reshape(400, 3)
    np.testing.assert_array_equal(np.sort(found.ravel()), np.sort(seconds.ravel()))
    assert np.bincount(found.argmin(axis=1), minlength=3).min() > 100  # of 133 expected, a deviation of 9
    assert np.abs(found.mean(axis=0) - 1_000).max() < 10  # a standard error of 2.5; by cost they would be 958 to 1,042
    assert "says nothing" in columns["replicate"].description
    shuffled = cell_columns([records[place] for place in rng.permutation(len(records))], path, (), answers)
    np.testing.assert_array_equal(shuffled["seconds"].values.ravel(), found.ravel())


def _cells() -> Iterator[tuple[tuple[tuple[int, ...], ...], list[str]]]:
    index = cell_index(5)
    for cell in range(400):
        matrix = adjacency(int(index.masks[cell]), int(index.sizes[cell]))
        yield tuple(map(tuple, matrix)), [OPS[op] for op in index.ops(cell)]


def test_the_published_file_is_recognised(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = w.write(tmp_path / "nasbench_only108.tfrecord", *payloads())
    source = SOURCES["nasbench-101-108"]
    monkeypatch.setattr(table_import, "checksum", lambda path: (source.sha256, file_state(path)))
    table = open_table(import_file(path))
    assert (table.card.name, table.card.licence, table.card.pue) == ("nasbench-101-108", "Apache-2.0", 1.59)
    labels = {name: table.provenance(name) for name in ("validation_accuracy", "seconds", "params", "energy_kwh")}
    assert labels == {"validation_accuracy": "measured", "seconds": "measured", "params": "measured"} | {
        "energy_kwh": "modelled"
    }


def test_a_record_of_ec_nas_among_them_is_refused(tmp_path: Path, cache: Path) -> None:
    path = w.write(tmp_path / "a.tfrecord", *payloads(), w.payload(epochs=12))
    with pytest.raises(TFRecordError, match=r"record 12 at byte .*EvaluationData: field 6 has wire type 1, expected 2"):
        import_file(path, "own")
    assert not cache.exists()


@pytest.mark.slow
def test_the_sizes_of_the_published_files_follow_from_their_layout(all_cells: CellIndex) -> None:
    """Of files that are too large to be here: so many numbers, the parameters and nothing else are in a message."""
    index = all_cells
    sizes, params = index.sizes.astype(int), index.params.astype(int)
    operations = np.full(len(index), len("input") + len(",output"))
    for place in range(5):
        op = index.numbers.astype(int) // 3**place % 3
        operations += np.where(place < sizes - 2, 1 + np.array([len(name) for name in OPS])[op], 0)

    def file_size(doubles: int, epochs: tuple[int, ...], replicates: int) -> int:
        message = 3 * 2 + doubles * 9 + 1 + sum(params >= 1 << 7 * count for count in range(1, 5)) + 1
        characters = -(-message // 3) * 4
        text = characters + 2 * -(-characters // 76)  # each line break is an escape in JSON
        json = len('["", , "", "", ""]') + 32 + sizes**2 + operations + text
        return replicates * sum(int((16 + json + len(str(budget))).sum()) for budget in epochs)

    budgets = (4, 12, 36, 108)
    assert file_size(12, budgets, 1) == SOURCES["ec-nas-7v"].bytes
    assert file_size(16, budgets, 3) == SOURCES["nasbench-101"].bytes
    assert file_size(16, (108,), 3) == SOURCES["nasbench-101-108"].bytes
