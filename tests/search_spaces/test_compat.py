"""The interfaces of EC-NAS-Bench and NAS-Bench-101: same keys, same numbers, other programs' calls."""

import copy
import math
import pickle
import random
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fairwatt.errors import UserError
from fairwatt.search_spaces import compat
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_graph import OPS, adjacency, graph_hash, prune
from fairwatt.search_spaces.cell_index import cell_id, cell_index
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.compat import (
    ECNASBench,
    ModelSpec,
    NASBench,
    OutOfDomainError,
    UnknownCellError,
    mutate_spec_in_dataset,
    random_spec_from_dataset,
)
from fairwatt.search_spaces.dataset_file import open_dataset
from fairwatt.search_spaces.sources import TableNotFoundError, load_table
from fairwatt.search_spaces.table import write_table
from fairwatt.search_spaces.table_import import import_file
from fairwatt.search_spaces.tfrecord import read_records

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = "digits-cells-4v"
CELL = ([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]], ["input", OPS[0], OPS[1], "output"])
CHAIN = [[int(j == i + 1) for j in range(6)] for i in range(6)]
STATE_ORDER = ("training_time", "train_accuracy", "validation_accuracy", "test_accuracy")
STATE = set(STATE_ORDER)
FIXED = {"module_adjacency", "module_operations", "trainable_parameters"}
METER = {
    "energy (kWh)",
    "co2eq (g)",
    "total_time",
    "total_energy (kWh)",
    "total_co2eq (g)",
    "total_start_emission",
    "total_stop_emission",
    "overall_avg_intensity (gCO2/kWh)",
    "start_emission",
    "stop_emission",
    "avg_intensity (gCO2/kWh)",
    "predicted_training_time",
    "predicted_energy (kWh)",
    "predicted_co2eq (g)",
    "predicted_avg_intensity (gCO2/kWh)",
    "avg_power_usages",
}


@pytest.fixture(scope="module")
def bm() -> ECNASBench:
    return ECNASBench(EMBEDDED, seed=0)


@pytest.fixture(scope="module")
def cache(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two genuine files, imported."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWATT_CACHE", str(folder))
        for name in ("energy_4V9E_4epochs", "energy_4V9E_linscale", "hardware/energy_4V9E_rtx3090"):
            import_file(shared / f"ecnas/official/{name}.tfrecord")
    return folder


@pytest.fixture(autouse=True)
def _cache(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = request.getfixturevalue("cache") if "cache" in request.fixturenames else tmp_path
    monkeypatch.setenv("FAIRWATT_CACHE", str(found))


# -- ModelSpec


def test_a_spec_tells_what_was_given_and_what_is_left_of_it() -> None:
    matrix = np.array([[0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    ops = ["input", OPS[0], OPS[2], "output"]
    spec = ModelSpec(matrix, ops)
    matrix[0, 1], ops[1] = 0, "changed later"
    assert spec.original_matrix.tolist() == [[0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert spec.original_ops == ["input", OPS[0], OPS[2], "output"]
    assert spec.valid_spec
    assert spec.matrix is not None
    assert spec.matrix.tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert spec.matrix.dtype == matrix.dtype
    assert spec.ops == ["input", OPS[2], "output"]
    with pytest.raises(ValueError, match="read-only"):
        spec.matrix[0, 1] = 0
    copied = copy.deepcopy(spec.original_matrix)
    copied[0, 1] = 0  # as programs do that mutate a copy
    with pytest.raises(UserError, match="graphviz"):
        spec.visualize()


def test_a_spec_without_a_path_is_none_and_has_no_hash() -> None:
    spec = ModelSpec([[0, 1, 0], [0, 0, 0], [0, 0, 0]], ["input", OPS[0], "output"])
    assert not spec.valid_spec
    assert spec.matrix is None
    assert spec.ops is None
    assert spec.cell == -1
    with pytest.raises(OutOfDomainError, match="no path"):
        spec.hash_spec(OPS)


@pytest.mark.parametrize(
    ("matrix", "ops"),
    [
        ([[0, 1]], ["input", "output"]),
        ([[0, 1], [0]], ["input", "output"]),
        ([[0, 1], [1, 0]], ["input", "output"]),
        ([[0, 2], [0, 0]], ["input", "output"]),
        ([[0, 1], [0, 1]], ["input", "output"]),
        ([[0, 1], [0, 0]], ["input", OPS[0], "output"]),
        ([0, 1], ["input", "output"]),
        ([], []),
        ([["0", "1"], ["0", "0"]], ["input", "output"]),
    ],
)
def test_a_malformed_matrix_is_a_value_error(matrix: Any, ops: list[str]) -> None:
    with pytest.raises(ValueError, match=r"matrix|operations"):
        ModelSpec(matrix, ops)


def test_specs_are_the_cells_that_the_index_says_however_they_are_drawn() -> None:
    rng = np.random.default_rng(3)
    for size in (2, 3, 5, 6, 8, 10):  # a cell may be drawn on more vertices than it keeps
        for _ in range(40):
            mask = int(rng.integers(1, 1 << min(size * (size - 1) // 2, 20)))
            matrix, ops = adjacency(mask, size), ["input", *rng.choice(OPS, size - 2).tolist(), "output"]
            spec = ModelSpec(np.array(matrix, dtype=np.int8), ops)
            try:
                expected, code = cell_id(*prune(matrix, ops)), graph_hash(matrix, ops)
            except ValueError:
                assert spec.cell == -1
                continue
            assert spec.cell == expected
            assert spec.hash_spec(list(OPS)) == code
            assert ModelSpec(spec.matrix if spec.matrix is not None else [], spec.ops or []).cell == expected


def test_a_hash_is_that_of_the_labels_the_caller_gives() -> None:
    swapped = [OPS[1], OPS[0], OPS[2]]
    assert ModelSpec(*CELL).hash_spec(swapped) == graph_hash(CELL[0], [1, 0])
    with pytest.raises(OutOfDomainError, match="no cell"):
        ModelSpec(CELL[0], ["input", "conv9x9", OPS[1], "output"]).hash_spec(OPS)


def test_a_spec_keeps_the_names_that_it_was_given() -> None:
    class Name(str):
        __slots__ = ()

    plain, named = ModelSpec(*CELL), ModelSpec(CELL[0], [Name(op) for op in CELL[1]])
    assert named.cell == plain.cell
    for spec, kind in ((plain, str), (named, Name)):
        assert {type(op) for op in spec.original_ops} == {type(op) for op in spec.ops or []} == {kind}


@pytest.mark.parametrize(
    ("matrix", "ops"),
    [
        ([[0, 1], [0, 0]], ["foo", "bar"]),
        (CELL[0], ["output", OPS[0], OPS[1], "input"]),
        ([[int(j == i + 1) for j in range(9)] for i in range(9)], ["input", *[OPS[0]] * 7, "output"]),
        (CELL[0], ["input", ["a list"], OPS[1], "output"]),
    ],
)
def test_what_is_no_cell_has_no_hash(bm: ECNASBench, matrix: Any, ops: list[Any]) -> None:
    spec = ModelSpec(matrix, ops)
    assert spec.cell == -1
    assert not bm.is_valid(spec)
    for ask in (bm.query, bm._hash_spec, lambda spec: spec.hash_spec(OPS)):
        with pytest.raises(OutOfDomainError):
            ask(spec)


def test_a_spec_can_be_subclassed_compared_cached_and_pickled(bm: ECNASBench) -> None:
    class Ranked(ModelSpec):
        @lru_cache(maxsize=1)  # noqa: B019 - as a public notebook does it
        def accuracy(self) -> float:
            return float(bm.query(self)["validation_accuracy"])

        def __lt__(self, other: "Ranked") -> bool:
            return self.accuracy() < other.accuracy()

    specs = [
        Ranked(matrix=fixed["module_adjacency"], ops=fixed["module_operations"])
        for fixed in bm.fixed_statistics.values()
    ]
    ordered = [spec.accuracy() for spec in sorted(specs)]
    assert ordered == sorted(ordered)
    for spec in (ModelSpec(*CELL), bm.spec_at(7)):
        for copied in (pickle.loads(pickle.dumps(spec)), copy.deepcopy(spec)):  # noqa: S301
            assert copied.cell == spec.cell
            assert copied.original_matrix.tolist() == spec.original_matrix.tolist()


# -- answers


def test_answers_have_the_keys_of_the_originals(bm: ECNASBench) -> None:
    answer = bm.query(ModelSpec(*CELL))
    assert answer.keys() == FIXED | STATE | METER
    assert type(answer) is dict  # what else programs and libraries know how to print, store and join is uncertain
    assert list(answer) == list(bm.query(bm.spec_at(3), 4, stop_halfway=True))
    fixed, computed = bm.get_metrics_from_spec(ModelSpec(*CELL))
    assert fixed.keys() == FIXED
    assert list(computed) == [4, 12, 36, 108]
    points = {f"{part}_{key}" for part in ("halfway", "final") for key in STATE}
    assert computed[108][0].keys() == points | METER
    nas = NASBench(EMBEDDED, seed=0)
    assert nas.query(ModelSpec(*CELL)).keys() == FIXED | STATE
    assert nas.get_metrics_from_spec(ModelSpec(*CELL))[1][4][2].keys() == points
    assert bm.config == {"module_vertices": 4, "max_edges": 6, "num_repeats": 5, "available_ops": list(OPS)}
    assert bm.valid_epochs == {4, 12, 36, 108}


@pytest.mark.parametrize("repeat", [0, 4])
def test_answers_are_the_rows_of_the_table(repeat: int) -> None:
    bm = ECNASBench(EMBEDDED, repeat=repeat)
    hashes = bm.hash_iterator()
    for row in range(repeat, bm.table.rows, 35):
        record = bm.table.record(row)
        if record["replicate"] != repeat:
            continue
        fixed, computed = bm.get_metrics_from_hash(hashes[int(np.searchsorted(bm.table.cells, record["cell"]))])
        spec = bm.get_model_spec(fixed["module_adjacency"].tolist(), fixed["module_operations"])
        answer = bm.query(spec, epochs=record["epochs"])
        assert spec.cell == record["cell"]
        assert bm._hash_spec(spec) == record["hash"] == graph_hash(spec.original_matrix, spec.original_ops)
        assert answer["energy (kWh)"] == record["energy_kwh"] == computed[record["epochs"]][repeat]["energy (kWh)"]
        assert answer["training_time"] == record["seconds"]
        assert answer["validation_accuracy"] == record["validation_accuracy"]
        assert answer["test_accuracy"] == record["test_accuracy"]
        assert answer["trainable_parameters"] == record["params"]
        assert computed[record["epochs"]][repeat]["final_train_accuracy"] == record["train_accuracy"]


def test_what_a_table_does_not_know_is_not_zero(bm: ECNASBench) -> None:
    answer = bm.query(ModelSpec(*CELL))
    assert math.isnan(answer["total_energy (kWh)"])
    assert math.isnan(answer["predicted_energy (kWh)"])
    assert answer["start_emission"] == ""
    assert answer["avg_power_usages"] == {}
    assert answer["energy (kWh)"] > 0


def test_half_way_costs_the_whole_where_a_table_does_not_know_what_it_cost(bm: ECNASBench) -> None:
    """The linscale files repeat the time and energy of another, shorter training: long ones would be nearly free."""
    whole, half = (bm.query(ModelSpec(*CELL), stop_halfway=stop) for stop in (False, True))
    _, computed = bm.get_metrics_from_spec(ModelSpec(*CELL))
    assert half["validation_accuracy"] == computed[108][0]["halfway_validation_accuracy"]
    assert half["validation_accuracy"] != whole["validation_accuracy"]
    for key in ("training_time", "energy (kWh)"):
        assert half[key] == whole[key] > 0
    bm.reset_budget_counters()
    bm.query(ModelSpec(*CELL), stop_halfway=True)
    assert bm.get_budget_counters() == (whole["training_time"], 108)


def test_any_drawing_of_a_cell_and_any_object_with_a_drawing_is_answered(bm: ECNASBench) -> None:
    padded = [[0, 1, 1, 1, 1], [0, 0, 1, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    ops = ["input", OPS[0], OPS[1], OPS[2], "output"]
    foreign = SimpleNamespace(original_matrix=np.array(padded), original_ops=ops)
    expected = bm.query(ModelSpec(*CELL))
    for spec in (ModelSpec(padded, ops), foreign):
        answer = bm.query(spec)
        assert answer["module_operations"] == expected["module_operations"]
        assert answer["energy (kWh)"] == expected["energy (kWh)"]
    assert bm.is_valid(foreign)


def test_what_is_handed_out_is_the_callers_own(bm: ECNASBench) -> None:
    code = bm.hash_iterator()[50]
    fixed, computed = bm.get_metrics_from_hash(code)
    fixed["module_adjacency"][:] = 7
    fixed["module_operations"][0] = "spoilt"
    computed[4][0]["final_training_time"] = -1.0
    assert computed[4][0]["final_training_time"] == -1.0
    again, measured = bm.get_metrics_from_hash(code)
    assert again["module_adjacency"].max() == 1
    assert again["module_operations"][0] == "input"
    assert measured[4][0]["final_training_time"] > 0
    assert bm.fixed_statistics[code]["module_operations"][0] == "input"
    assert bm.computed_statistics[code][4] == measured[4]
    assert "108: [{" in repr(measured)
    with pytest.raises(KeyError):
        measured[5]


def test_hashes_are_a_collection_of_plain_text(bm: ECNASBench) -> None:
    hashes = bm.hash_iterator()
    assert len(hashes) == len(set(hashes)) == len(list(hashes)) == 91
    assert {type(code) for code in hashes} == {str}
    assert hashes[3] in hashes
    assert "0" * 32 not in hashes
    assert list(bm.fixed_statistics) == list(hashes)
    with pytest.raises(KeyError, match="holds no cell with the hash"):
        bm.get_metrics_from_hash("0" * 32)


@pytest.mark.parametrize(
    ("matrix", "ops", "message"),
    [
        ([[0, 0, 0], [0, 0, 1], [0, 0, 0]], ["input", OPS[0], "output"], "no path"),
        (adjacency((1 << 15) - 1, 6), ["input", *OPS, OPS[0], "output"], "15 edges"),
        (CELL[0], ["input", "conv9x9", OPS[0], "output"], "given: input, conv9x9"),
        (CELL[0], [OPS[0], OPS[0], OPS[0], "output"], "given: conv3x3"),
        (CHAIN, ["input", *OPS, OPS[0], "output"], "holds no cell"),
    ],
)
def test_what_is_outside_is_an_error_and_never_an_energy(
    bm: ECNASBench, matrix: Any, ops: list[str], message: str
) -> None:
    bm.reset_budget_counters()
    spec = ModelSpec(matrix, ops)
    for ask in (bm.query, bm.get_metrics_from_spec, bm._check_spec):
        with pytest.raises(OutOfDomainError, match=message):
            ask(spec)
    assert not bm.is_valid(spec)
    assert bm.energy_spent_nj == 0
    assert issubclass(UnknownCellError, KeyError)


def test_an_unknown_number_of_epochs_says_which_there_are(bm: ECNASBench) -> None:
    with pytest.raises(OutOfDomainError, match="trainings of 4, 12, 36, 108 epochs, not 50"):
        bm.query(ModelSpec(*CELL), epochs=50)


@pytest.mark.parametrize(
    "thing",
    [
        None,
        3,
        CELL,
        SimpleNamespace(original_matrix=[[0, 1], [1, 0]], original_ops=["input", "output"]),
        SimpleNamespace(original_matrix=CELL[0], original_ops=None),
    ],
)
def test_what_is_no_spec_is_outside(bm: ECNASBench, thing: Any) -> None:
    assert not bm.is_valid(thing)
    for ask in (bm.query, bm.get_metrics_from_spec, bm._hash_spec):
        with pytest.raises(OutOfDomainError, match="not as a ModelSpec"):
            ask(thing)


def test_arguments_of_another_kind_say_what_is_expected(bm: ECNASBench) -> None:
    wrong: Any
    for wrong in ([4], None, "108"):
        with pytest.raises(OutOfDomainError, match="trainings of 4, 12, 36, 108 epochs"):
            bm.query(ModelSpec(*CELL), epochs=wrong)
    for wrong in (1.5, "0", -1):
        with pytest.raises(UserError, match="repeats 0 to 4, not"):
            ECNASBench(EMBEDDED, repeat=wrong)
    for wrong in ("x", -1, 0.5):
        with pytest.raises(UserError, match="a seed is a whole number"):
            ECNASBench(EMBEDDED, seed=wrong)
    wrong = None
    with pytest.raises(UserError, match="name of a file or table"):
        ECNASBench(wrong)
    wrong = []
    with pytest.raises(UnknownCellError):
        bm.get_metrics_from_hash(wrong)


def test_more_than_seven_vertices_are_no_cell(bm: ECNASBench) -> None:
    chain = [[int(j == i + 1) for j in range(9)] for i in range(9)]
    with pytest.raises(OutOfDomainError, match="9 vertices"):
        bm.query(ModelSpec(chain, ["input", *[OPS[0]] * 7, "output"]))


# -- counters, repeats, randomness


def test_counters_meter_seconds_epochs_and_energy(bm: ECNASBench) -> None:
    bm.reset_budget_counters()
    answers = [bm.query(ModelSpec(*CELL), epochs=epochs) for epochs in (4, 108, 108)]
    bm.get_metrics_from_spec(ModelSpec(*CELL))
    seconds, epochs = bm.get_budget_counters()
    assert seconds == bm.training_time_spent == sum(answer["training_time"] for answer in answers)
    assert epochs == bm.total_epochs_spent == 220
    assert bm.energy_spent_nj == sum(round(answer["energy (kWh)"] * 3.6e15) for answer in answers)
    assert bm.energy_spent_kwh == pytest.approx(sum(answer["energy (kWh)"] for answer in answers), rel=1e-12)
    bm.reset_budget_counters()
    assert (*bm.get_budget_counters(), bm.energy_spent_kwh) == (0.0, 0, 0.0)


def test_draws_follow_the_seed_and_leave_the_global_generators_alone() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002

    def drawn(seed: int) -> tuple[list[Any], list[int]]:
        nas = NASBench(EMBEDDED, seed)
        answers = [nas.query(ModelSpec(*CELL))["test_accuracy"] for _ in range(30)]
        specs = [random_spec_from_dataset(nas) for _ in range(9)]
        return answers, [mutate_spec_in_dataset(nas, spec).cell for spec in specs]

    assert drawn(1) == drawn(1) != drawn(2)
    assert len(set(drawn(1)[0])) == 5
    assert len({ECNASBench(EMBEDDED, seed).query(ModelSpec(*CELL))["test_accuracy"] for seed in range(5)}) == 1
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    with pytest.raises(UserError, match="repeats 0 to 4, not 5"):
        ECNASBench(EMBEDDED, repeat=5)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda bm: pickle.loads(pickle.dumps(bm))])  # noqa: S301
def test_a_copy_goes_on_where_the_benchmark_stands_and_apart_from_it(copied: Any) -> None:
    nas = NASBench(EMBEDDED, seed=3, repeat=None)
    spent = nas.query(ModelSpec(*CELL))["training_time"]
    twin = copied(nas)
    assert type(twin) is NASBench
    assert twin.repeat is None
    assert twin.dataset_file == EMBEDDED
    assert twin.energy_spent_nj == nas.energy_spent_nj > 0
    draws = [[other.query(ModelSpec(*CELL), 4)["test_accuracy"] for _ in range(20)] for other in (nas, twin)]
    assert draws[0] == draws[1]
    twin.reset_budget_counters()
    assert nas.get_budget_counters()[0] > spent
    metered = ECNASBench(EMBEDDED, repeat=4)
    assert copied(metered).query(ModelSpec(*CELL))["energy (kWh)"] == metered.query(ModelSpec(*CELL))["energy (kWh)"]
    statistics, hashes = metered.get_metrics_from_spec(ModelSpec(*CELL))[1], metered.hash_iterator()
    assert copied(statistics)[108][4].keys() == statistics[108][4].keys()
    assert list(copied(hashes)) == list(hashes)


def test_a_pickle_does_not_open_another_table(tmp_path: Path) -> None:
    path = rewritten(tmp_path / "own.arrow")
    pickled = pickle.dumps(NASBench(path))
    assert pickle.loads(pickled).table.rows == 1820  # noqa: S301
    rewritten(path, "halfway")
    with pytest.raises(UserError, match="another table than when"):
        pickle.loads(pickled)  # noqa: S301


def test_mutants_are_all_the_members_one_step_from_the_pruned_parent(bm: ECNASBench) -> None:
    index, rng = cell_index(4), np.random.default_rng(5)
    for parent in (ModelSpec(*CELL), bm.spec_at(30)):
        size, mask, ops = parent.code()
        assert size == 4
        steps = {ModelSpec(adjacency(mask ^ 1 << bit, 4), ops).cell for bit in range(6)}
        steps |= {ModelSpec(adjacency(mask, 4), (ops[0], op, *ops[2:])).cell for op in OPS}
        steps |= {ModelSpec(adjacency(mask, 4), (*ops[:2], op, ops[3])).cell for op in OPS}
        found = {mutate_spec_in_dataset(bm, parent, rng=rng).cell for _ in range(400)}
        assert found == steps - {parent.cell, -1}
        assert max(found) < len(index)


def test_a_parent_without_mutants_gives_way_to_a_random_cell(bm: ECNASBench) -> None:
    smallest = ModelSpec([[0, 1], [0, 0]], ["input", "output"])
    found = {mutate_spec_in_dataset(bm, smallest, max_tries=3, rng=np.random.default_rng(1)).cell for _ in range(1)}
    assert all(0 <= cell < 91 for cell in found)
    with pytest.raises(OutOfDomainError, match="no path"):
        mutate_spec_in_dataset(bm, ModelSpec([[0, 0], [0, 0]], ["input", "output"]))


# -- finding the table


def test_published_file_names_lead_to_their_tables() -> None:
    for source in SOURCES.values():
        with pytest.raises(TableNotFoundError, match="fairwatt data") as caught:
            open_dataset(source.filename)
        assert caught.value.source.filename == source.filename
    with pytest.raises(UserError, match=r"fairwatt data import mine\.tfrecord --name NAME"):
        ECNASBench("mine.tfrecord")
    with pytest.raises(UserError, match="did you mean 'digits-cells-4v'"):
        ECNASBench("digits-cell-4v")
    assert ECNASBench(ECNASBench(EMBEDDED).table.path).table.card.name == EMBEDDED


def test_a_path_is_the_published_file_of_its_name(
    cache: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "energy_4V9E_4epochs.tfrecord"
    genuine = shared / "ecnas/official" / name
    assert open_dataset(genuine).card.name == open_dataset(name).card.name == "ec-nas-4v"
    with pytest.raises(UserError, match="No such file"):
        open_dataset(tmp_path / name)
    content = bytearray(genuine.read_bytes())
    content[1000] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match="is not the published file of this name"):
        open_dataset(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="is not the published file of this name"):
        open_dataset(name)


def test_training_is_not_here_and_info_prints(bm: ECNASBench, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="use query"):
        NASBench(EMBEDDED).evaluate(ModelSpec(*CELL), "folder")
    bm.info()
    printed = capsys.readouterr().out
    assert "1,820 trainings: 91 cells" in printed
    assert "2: 1, 3: 6, 4: 84" in printed
    assert "kWh" in printed
    assert bm.get_intermediate_ops() == list(OPS)


# -- genuine files and public programs


def test_a_genuine_measured_table_tells_of_half_way_and_of_power(cache: Path) -> None:
    bm = ECNASBench("energy_4V9E_4epochs.tfrecord")
    whole, half = bm.query(ModelSpec(*CELL)), bm.query(ModelSpec(*CELL), stop_halfway=True)
    assert half["energy (kWh)"] < whole["energy (kWh)"] / 50  # what these files call half-way is the first epoch
    assert half["validation_accuracy"] < whole["validation_accuracy"]
    assert bm.get_budget_counters() == (whole["training_time"] + half["training_time"], 108 + 1)
    assert bm.energy_spent_nj == sum(round(answer["energy (kWh)"] * 3.6e15) for answer in (whole, half))
    assert whole["start_emission"].startswith("2022-")
    gpu = whole["avg_power_usages"]["gpu"]
    assert gpu["devices"][0]["name"].endswith("Quadro RTX 6000")
    assert gpu["avgPowerUsagesW"][0]["avgPowerUsage"] > 50
    assert gpu["avgPowerUsagesJ"][0]["avgPowerUsage"] > 1e5
    gpu.clear()
    whole["energy (kWh)"] = whole["total_energy (kWh)"] = 0.0  # an answer is its caller's own
    again = bm.query(ModelSpec(*CELL))
    assert again["avg_power_usages"]["gpu"]
    assert again["energy (kWh)"] * again["total_energy (kWh)"] > 0
    every = [point for stats in bm.computed_statistics.values() for points in stats.values() for point in points]
    assert len(every) == 1092


@pytest.mark.parametrize("device", ["linscale", "rtx3090"])
def test_a_genuine_scaled_table_costs_the_whole_half_way(cache: Path, device: str) -> None:
    """What it calls half-way are the final accuracies; the hardware files also scale what they call half-way costs."""
    bm = ECNASBench(f"energy_4V9E_{device}.tfrecord")
    whole, half = (bm.query(ModelSpec(*CELL), stop_halfway=stop) for stop in (False, True))
    assert half["validation_accuracy"] == whole["validation_accuracy"]
    for key in ("energy (kWh)", "co2eq (g)", "training_time"):
        assert half[key] == whole[key]
    assert bm.get_budget_counters() == (2 * whole["training_time"], 2 * 108)


def test_a_genuine_scaled_table_tells_what_its_file_has_half_way(cache: Path) -> None:
    bm = ECNASBench("energy_4V9E_linscale.tfrecord")
    assert bm.get_metrics_from_spec(ModelSpec(*CELL))[1][108][0]["halfway_training_time"] < 60  # as the file has it


@pytest.mark.parametrize("name", ["energy_4V9E_4epochs", "energy_4V9E_linscale"])
def test_every_answer_is_a_record_of_the_genuine_file(cache: Path, shared: Path, name: str) -> None:
    recorded: dict[tuple[str, int], list[Any]] = {}
    for record in read_records(shared / f"ecnas/official/{name}.tfrecord"):
        recorded.setdefault((record.hash, record.epochs), []).append(record)
    benchmarks = [ECNASBench(f"{name}.tfrecord", repeat=repeat) for repeat in range(len(recorded[record.hash, 4]))]
    for (code, epochs), records in recorded.items():
        spec = ModelSpec(records[0].matrix, records[0].ops)
        answers = [bm.query(spec, epochs) for bm in benchmarks]
        assert {_told(record) for record in records} == {_answered(answer) for answer in answers}
        assert benchmarks[0]._hash_spec(spec) == code


def _told(record: Any) -> tuple[Any, ...]:
    end, job = record.metrics.final, record.metrics
    numbers = (end.seconds, end.train_accuracy, end.validation_accuracy, end.test_accuracy, end.energy_kwh, end.co2eq_g)
    more = (end.intensity_g_per_kwh, end.predicted_energy_kwh, end.predicted_co2eq_g, end.predicted_seconds)
    totals = (job.total_seconds, job.total_energy_kwh, job.total_co2eq_g, job.total_intensity_g_per_kwh)
    known = (math.inf if number is None else number for number in (*numbers, *more, *totals, job.trainable_parameters))
    texts = (text or "" for text in (end.start, end.stop, job.total_start, job.total_stop))
    drew = [(p.power_w, p.energy_j, p.names) for p in (job.power.gpu, job.power.cpu)] if job.power else []
    return *known, *texts, *drew


def _answered(answer: dict[str, Any]) -> tuple[Any, ...]:
    numbers = (*STATE_ORDER, "energy (kWh)", "co2eq (g)", "avg_intensity (gCO2/kWh)", "predicted_energy (kWh)")
    more = ("predicted_co2eq (g)", "predicted_training_time", "total_time", "total_energy (kWh)", "total_co2eq (g)")
    rest = (*more, "overall_avg_intensity (gCO2/kWh)", "trainable_parameters")
    known = (math.inf if math.isnan(answer[key]) else answer[key] for key in (*numbers, *rest))
    texts = (answer[key] for key in ("start_emission", "stop_emission", "total_start_emission", "total_stop_emission"))
    drew = [
        tuple(
            tuple(device[inner] for device in answer["avg_power_usages"][kind][key])
            for key, inner in (
                ("avgPowerUsagesW", "avgPowerUsage"),
                ("avgPowerUsagesJ", "avgPowerUsage"),
                ("devices", "name"),
            )
        )
        for kind in ("gpu", "cpu")
        if kind in answer["avg_power_usages"]
    ]
    return *known, *texts, *drew


def rewritten(path: Path, dropped: str = "-", **changes: Any) -> Path:
    """The embedded table without the columns whose names begin so, and with other values (arrays) of some."""
    table = load_table(EMBEDDED)
    columns = {
        name: Column(table.column(name), table.unit(name), table.provenance(name), table.description(name))
        for name in table.columns
        if not name.startswith(dropped)
    }
    for name in ("hash", "edges", "ops"):
        columns[name] = replace(columns[name], values=table.ascii(name))
    for name, values in changes.items():
        columns[name] = Column(values, "", "measured", name)
    return write_table(path, columns, table.card)


@pytest.mark.parametrize("energy", [math.nan, math.inf])
def test_a_training_of_unknown_cost_is_refused_and_nothing_of_it_is_booked(
    bm: ECNASBench, tmp_path: Path, energy: float
) -> None:
    energies = bm.table.column("energy_kwh").copy()
    first = bm.table.row(ModelSpec(*CELL).cell, 108, 0)
    energies[first] = energy
    own = ECNASBench(rewritten(tmp_path / "own.arrow", energy_kwh=energies))
    with pytest.raises(OutOfDomainError, match=f"does not tell what its row {first} took"):
        own.query(ModelSpec(*CELL))
    assert (*own.get_budget_counters(), own.energy_spent_nj) == (0.0, 0, 0)
    assert own.query(ModelSpec(*CELL), epochs=4)["energy (kWh)"] > 0
    without = ECNASBench(rewritten(tmp_path / "without.arrow", "validation_accuracy"))
    assert math.isnan(without.query(ModelSpec(*CELL))["validation_accuracy"])


def test_half_way_counts_half_of_the_epochs_where_only_the_time_is_known(bm: ECNASBench, tmp_path: Path) -> None:
    seconds = bm.table.column("seconds") / 3
    own = ECNASBench(rewritten(tmp_path / "own.arrow", halfway_seconds=seconds))
    half = own.query(ModelSpec(*CELL), stop_halfway=True)
    assert own.get_budget_counters() == (half["training_time"], 54)
    assert half["training_time"] < bm.query(ModelSpec(*CELL))["training_time"]


def test_a_table_that_knows_nothing_of_half_way_says_so(tmp_path: Path) -> None:
    without = NASBench(rewritten(tmp_path / "without.arrow", "halfway"))
    without.query(ModelSpec(*CELL))
    with pytest.raises(OutOfDomainError, match="does not tell of trainings half-way"):
        without.query(ModelSpec(*CELL), stop_halfway=True)
    assert without.total_epochs_spent == 108


@pytest.fixture
def notebook(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs the code cells of a public notebook's text, with replacements, and returns the names that they leave."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    left: list[dict[str, Any]] = []

    def run(pattern: str, replacements: dict[str, str]) -> tuple[dict[str, Any], int]:
        found = sorted((shared.parent / "seeds").glob(pattern))
        if not found:
            pytest.skip(f"the notebook {pattern} is not there")
        cells = import_module("notebook_cells").code_cells(found[0])
        names: dict[str, Any] = {"__name__": "notebook"}
        left.append(names)
        for code in cells:
            for old, new in replacements.items():
                code = code.replace(old, new)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*non-interactive.*")
                exec(compile(code, "notebook", "exec"), names)  # noqa: S102
        return names, len(cells)

    yield run
    plt.close("all")
    for names in left:  # typing's caches keep a notebook's classes, and so its data, for ever
        names.clear()


@pytest.mark.slow
def test_the_tutorials_given_code_runs_on_another_import_line(cache: Path, notebook: Any) -> None:
    names, cells = notebook(
        "000_*.txt",
        {
            "from ecnas.api.nasbench101 import": "from fairwatt.search_spaces.compat import",
            "energy_7V9E_surrogate.tfrecord": "energy_4V9E_4epochs.tfrecord",
        },
    )
    assert cells >= 12
    for result in (names["rs_res"], names["es_res"]):
        assert len(result["points"]) in (300, 324)
        assert result["pareto_front"] == sorted(result["pareto_front"])
        assert result["times"] == sorted(result["times"])
    assert len(names["cloud"]) == 4000
    best = max(accuracy for _, accuracy in names["cloud"])
    table = names["benchmark"].table
    assert best == table.values("validation_accuracy")[:, -1, 0].max()
    assert min(energy for energy, _ in names["cloud"]) == table.values("energy_kwh")[:, -1, 0].min()


@pytest.mark.slow
def test_the_nas_bench_101_notebook_runs_on_another_import_line(
    cache: Path, notebook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def module(name: str, **names: Any) -> None:
        made = ModuleType(name)
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, name, made)

    module("tqdm")
    module("tqdm.notebook", tqdm=lambda items, **_: items)
    module("IPython")
    module("IPython.display", clear_output=lambda wait: None)
    names, cells = notebook(
        "003_*.txt",
        {
            "from nasbench import api": "from fairwatt.search_spaces import compat as api",
            "from nasbench.api import": "from fairwatt.search_spaces.compat import",
            "nasbench_full.tfrecord": "ec-nas-4v",
            "run_random_search(10, 5e8)": "run_random_search(10, 1e6)",  # 91 cells are used up before 5e8 seconds
        },
    )
    assert cells >= 15
    assert len(names["all_specs"]) == 91
    assert names["adf"].shape[1] == names["bdf"].shape[1] == 6
    assert names["nasbench"].get_budget_counters()[0] > 0
    assert compat.ModelSpec in names["SpecWrapper"].__mro__
