"""Our benchmarks as NASLib search spaces: the calls that NASLib's optimizers make, on a small stand-in for its Graph.

With FAIRWATT_NASLIB=<a checkout of NASLib> its own optimizers run too.
"""

import copy
import math
import os
import random
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fairwatt.errors import NotAvailableError, UnknownNameError, UserError
from fairwatt.problem import Benchmark
from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_index import cell_hash
from fairwatt.search_spaces.curve_benchmark import CurveBenchmark, CurveData
from fairwatt.search_spaces.measured_configs import measured_configs
from fairwatt.search_spaces.naslib_bridge import fairwatt_space
from fairwatt.search_spaces.regnet_encoding import EPOCHS, HYPER_SHAPE, HYPERS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

NAME = "digits-cells-4v"
GRAPH = "naslib.search_spaces.core.graph"


class Metric(Enum):
    """The members of NASLib's Metric that matter here."""

    RAW = auto()
    ALL = auto()
    TRAIN_ACCURACY = auto()
    VAL_ACCURACY = auto()
    TEST_ACCURACY = auto()
    TRAIN_TIME = auto()
    FLOPS = auto()
    PARAMETERS = auto()
    EPOCH = auto()
    HP = auto()


class EncodingType(Enum):
    ADJACENCY_ONE_HOT = "adjacency_one_hot"
    PATH = "path"
    GCN = "gcn"


@pytest.fixture(scope="module", autouse=True)
def naslib() -> Iterator[None]:
    """A stand-in for NASLib's Graph: a networkx graph and a torch module, made without arguments."""
    import networkx as nx
    import torch

    class Graph(nx.DiGraph, torch.nn.Module):  # type: ignore[misc]
        QUERYABLE = False
        OPTIMIZER_SCOPE = "all"

        def __init__(self) -> None:
            super().__init__()
            torch.nn.Module.__init__(self)
            self.name, self.scope, self.is_parsed, self._id = None, None, False, random.Random(0).random()

        def __eq__(self, other: object) -> bool:
            return self is other

        def __hash__(self) -> int:
            return id(self)

    module = ModuleType(GRAPH)
    vars(module).update(Graph=Graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, GRAPH, module)
        yield


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    return make_benchmark(NAME)


@pytest.fixture
def space(bench: Benchmark) -> Any:
    return fairwatt_space(bench, np.random.default_rng(0))


def model_of(arch: Any) -> Any:
    import torch

    model: Any = torch.nn.Module()
    model.arch = arch
    return model


def regularized_evolution(space: Any, epochs: int, size: int = 10, sample: int = 5) -> list[float]:
    """The calls of NASLib's optimizer of this name, its log included."""
    import torch

    rng, population, history = random.Random(1), deque[Any](maxlen=size), torch.nn.ModuleList()
    assert space.QUERYABLE
    search_space, best = space.clone(), []
    for epoch in range(epochs):
        model = model_of(search_space.clone())
        if epoch < size:
            model.arch.sample_random_architecture(dataset_api=None)
        else:
            parent = max((rng.choice(population) for _ in range(sample)), key=lambda x: x.accuracy)
            model.arch.mutate(parent.arch, dataset_api=None)
        model.accuracy = model.arch.query(Metric.VAL_ACCURACY, "cifar10", dataset_api=None)
        population.append(model)
        history.append(model)
        top = max(history, key=lambda x: x.accuracy).arch
        log = [top.query(metric, "cifar10", dataset_api=None) for metric in list(Metric)[2:6]]
        best.append(log[1])
        assert isinstance(top.query(Metric.RAW, "cifar10", dataset_api=None), dict)
    assert history.state_dict() == {}
    return best


def test_evolution_as_naslib_runs_it_improves_and_repeats_itself(bench: Benchmark) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    runs = [regularized_evolution(fairwatt_space(bench, np.random.default_rng(seed)), 40) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0] == sorted(runs[0])
    assert runs[0][-1] > runs[0][0]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_local_search_as_naslib_runs_it_ends_in_a_local_optimum(space: Any) -> None:
    best = model_of(space.clone())
    best.arch.sample_random_architecture(dataset_api=None)
    best.accuracy = best.arch.query(Metric.VAL_ACCURACY)
    while True:
        chosen, neighbours = best, best.arch.get_nbhd(dataset_api=None)
        while neighbours:
            model = neighbours.pop()
            model.accuracy = model.arch.query(Metric.VAL_ACCURACY, "cifar10", dataset_api=None)
            best = max(best, model, key=lambda x: x.accuracy)
        if best is chosen:
            break
    around = [model.arch.query(Metric.VAL_ACCURACY) for model in best.arch.get_nbhd()]
    assert around
    assert best.accuracy >= max(around)


def test_neighbours_are_the_spaces_own_in_an_order_of_the_generator(bench: Benchmark, space: Any) -> None:
    space.sample_random_architecture()
    expected = {bench.space.key(config) for config in bench.space.neighbors(space.get_spec())}
    orders = [[bench.space.key(model.arch.get_spec()) for model in space.get_nbhd()] for _ in range(2)]
    assert set(orders[0]) == set(orders[1]) == expected
    assert orders[0] != orders[1]


def test_clones_keep_the_architecture_and_share_benchmark_and_generator(space: Any) -> None:
    space.sample_random_architecture(dataset_api=None, load_labeled=True)
    for twin in (space.clone(), copy.deepcopy(space)):
        assert twin.get_hash() == space.get_hash()
        assert twin.benchmark is space.benchmark
        assert twin.rng is space.rng
        twin.sample_random_labeled_architecture()
        twin.load_labeled_architecture(dataset_api=None)
    assert bool(space)  # an empty graph would be false
    assert space.get_type() == space.space_name == NAME
    assert space.instantiate_model is False


def test_the_hash_is_one_for_all_encodings_and_a_spec(bench: Benchmark, space: Any) -> None:
    assert isinstance(bench.space, CellSpace)
    drawings: dict[Any, set[Any]] = {}
    for _ in range(200):
        space.set_spec(bench.space.sample_raw(np.random.default_rng(_)))
        drawings.setdefault(bench.space.key(space.get_spec()), set()).add(space.get_hash())
        twin = space.clone()
        twin.set_spec(space.get_hash())
        assert twin.get_hash() == space.get_hash()
    assert all(len(hashes) == 1 for hashes in drawings.values())
    assert len({*map(tuple, drawings.values())}) == len(drawings)


def test_a_spec_may_be_a_matrix_or_an_md5(bench: Benchmark, space: Any) -> None:
    assert isinstance(bench.space, CellSpace)
    matrix, ops = bench.space.cell(bench.space.config(40))
    space.set_spec({"matrix": matrix, "ops": ops})
    by_matrix = space.get_hash()
    space.set_spec(cell_hash(40), dataset_api=None)
    assert space.get_hash() == by_matrix == bench.space.config(40)
    listed = list(space.get_arch_iterator(dataset_api=None))
    assert len(set(listed)) == 91
    space.set_spec(listed[40])
    assert space.get_hash() == by_matrix


FIVE_VERTICES = cell_hash(500)


@pytest.mark.parametrize("spec", [(9, 9), FIVE_VERTICES, {"matrix": [[0]], "ops": []}, {"size": 3}])
def test_what_is_no_architecture_says_so(space: Any, spec: Any) -> None:
    with pytest.raises(UserError, match="has no architecture"):
        space.set_spec(spec)


def test_queries_tell_what_the_benchmark_measures(bench: Benchmark, space: Any) -> None:
    space.sample_random_architecture()
    config, seed = space.get_spec(), 0
    full, short = bench.measure(config, 1.0, seed), bench.measure(config, bench.fidelities[1], seed)
    assert full.test_error is not None
    assert space.query(Metric.VAL_ACCURACY, "cifar10") == 100 * (1 - full.val_error)
    assert space.query(metric=Metric.TEST_ACCURACY, dataset=None, epoch=None) == 100 * (1 - full.test_error)
    assert space.query(Metric.VAL_ACCURACY, epoch=12) == 100 * (1 - short.val_error)
    assert space.query(Metric.TRAIN_TIME) == full.seconds
    assert space.query("energy_kwh", epoch=12) == short.energy_kwh
    assert space.query(Metric.EPOCH) == 108
    assert space.query(Metric.VAL_ACCURACY, epoch=space.get_max_epochs()) == space.query(Metric.VAL_ACCURACY)
    reference = bench.reference()
    params = reference.params[reference.keys.index(bench.space.key(config))]
    assert space.query(Metric.PARAMETERS) == space.query(Metric.PARAMETERS) == params
    assert math.isnan(space.query(Metric.TRAIN_ACCURACY))
    assert space.query(Metric.RAW)["val_error"] == full.val_error
    for metric in (Metric.ALL, Metric.HP, Metric.FLOPS, "energy"):
        with pytest.raises(UnknownNameError, match="unknown metric of"):
            space.query(metric)
    with pytest.raises(UserError, match=r"\[4, 12, 36, 108\] epochs, not 50"):
        space.query(Metric.VAL_ACCURACY, epoch=50)


def test_a_learning_curve_never_looks_beyond_its_epoch(space: Any) -> None:
    space.sample_random_architecture()
    known = {epoch: space.query(Metric.VAL_ACCURACY, epoch=epoch) for epoch in (4, 12, 36, 108)}
    curve = space.query(Metric.VAL_ACCURACY, epoch=space.get_max_epochs() + 1, full_lc=True)
    assert curve == [known[4]] * 11 + [known[12]] * 24 + [known[36]] * 72 + [known[108]]
    assert space.query(Metric.VAL_ACCURACY, full_lc=True) == curve
    assert space.query(Metric.VAL_ACCURACY, epoch=space.get_max_epochs(), full_lc=True) == curve
    assert space.query(Metric.VAL_ACCURACY, epoch=20, full_lc=True) == curve[:20]


def test_encodings_are_vectors_under_naslibs_names(bench: Benchmark, space: Any) -> None:
    space.sample_random_architecture()
    onehot = bench.space.encode(space.get_spec(), "onehot")
    np.testing.assert_array_equal(space.encode(), onehot)
    np.testing.assert_array_equal(space.encode(encoding_type=EncodingType.ADJACENCY_ONE_HOT), onehot)
    path = bench.space.encode(space.get_spec(), "path")
    np.testing.assert_array_equal(space.encode(encoding_type=EncodingType.PATH), path)
    with pytest.raises(NotAvailableError, match="gcn"):
        space.encode(encoding_type=EncodingType.GCN)


def test_mutation_takes_as_many_edits_as_are_asked_for(bench: Benchmark, space: Any) -> None:
    space.sample_random_architecture()
    child = space.clone()
    child.mutate(space, dataset_api=None)
    assert bench.space.key(child.get_spec()) != bench.space.key(space.get_spec())
    child.mutate(space, dataset_api=None, edits=5)
    assert bench.space.is_valid(child.get_spec())
    for _ in range(60):
        child.mutate(space, dataset_api=None, edits=2)
        assert bench.space.key(child.get_spec()) != bench.space.key(space.get_spec())


def test_a_space_without_an_architecture_and_a_name_that_is_none(space: Any) -> None:
    for ask in (space.get_hash, space.encode, space.get_nbhd, lambda: space.query(Metric.VAL_ACCURACY)):
        with pytest.raises(UserError, match="was sampled or set yet"):
            ask()
    with pytest.raises(UnknownNameError, match="did you mean"):
        fairwatt_space("digits-cell-4v", np.random.default_rng(0))


def test_without_naslib_one_line_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, GRAPH, None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"github\.com/automl/NASLib and put it on PYTHONPATH"):
        fairwatt_space(NAME, np.random.default_rng(0))


def test_the_bridge_imports_neither_naslib_nor_torch() -> None:
    code = "import sys, fairwatt.search_spaces.naslib_bridge; print({'naslib', 'torch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "set()\n"


# -- RegNet + HPO


@pytest.fixture(scope="module")
def curves() -> Benchmark:
    """Invented answers to every key of the whole space: errors that fall with epochs, nothing trained."""
    space = RegnetHpoSpace()
    keys = np.arange(len(space))
    network, hyper = np.divmod(keys, HYPERS)
    best = 1_000 + 12 * network + 5 * hyper
    errors = (best[:, None, None] + np.array([2_000, 900, 0])).astype(np.uint16)
    data = CurveData(
        keys=keys,
        full_epochs=np.array(EPOCHS)[np.unravel_index(hyper, HYPER_SHAPE)[3]],
        params=1e6 + network,
        val_error=errors,
        test_error=errors + 100,
        energy_kwh_per_epoch=1e-3 * (1 + network),
        seconds_per_epoch=2.0 + network[:, None],
        denominator=10_000,
    )
    return CurveBenchmark("invented", space, data, data_sha256="", provenance={}, energy_label="")


@pytest.fixture(scope="module")
def grid(toy_table: Path) -> Benchmark:
    return measured_configs(str(toy_table))


@pytest.fixture(params=["curves", "grid"])
def trained(request: pytest.FixtureRequest) -> Benchmark:
    bench: Benchmark = request.getfixturevalue(request.param)
    return bench


def test_evolution_runs_on_configurations_and_repeats_itself(trained: Benchmark) -> None:
    runs = [regularized_evolution(fairwatt_space(trained, np.random.default_rng(seed)), 60) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0] == sorted(runs[0])
    assert runs[0][-1] > runs[0][0]


def test_moves_among_configurations_are_the_spaces_own(trained: Benchmark) -> None:
    space, key = fairwatt_space(trained, np.random.default_rng(0)), trained.space.key
    space.sample_random_architecture()
    expected = sorted(key(config) for config in trained.space.neighbors(space.get_spec()))
    assert sorted(key(model.arch.get_spec()) for model in space.get_nbhd(dataset_api=None)) == expected
    child = space.clone()
    for edits in (1, 2, 5):
        child.mutate(space, dataset_api=None, edits=edits)
        assert key(child.get_spec()) != key(space.get_spec())


def test_all_numbers_of_a_network_have_one_hash(curves: Benchmark) -> None:
    space, rng = fairwatt_space(curves, np.random.default_rng(0)), np.random.default_rng(1)
    spread = set()
    for config in [curves.space.sample(rng) for _ in range(60)]:
        space.set_spec(config)
        found = space.get_hash()
        assert curves.space.key(found) == curves.space.key(config)
        spread.add(found == config)
        space.set_spec(found)
        assert space.get_hash() == found
    assert False in spread  # some were written with other numbers


def test_every_configuration_is_listed_once_in_order_of_keys(trained: Benchmark, curves: Benchmark) -> None:
    listed = list(fairwatt_space(trained, np.random.default_rng(0)).get_arch_iterator(dataset_api=None))
    assert isinstance(trained, CurveBenchmark)
    assert len(set(listed)) == len(listed) == len(trained.keys) == (334 * 540 if trained is curves else 480)
    assert [trained.space.key(config) for config in listed[::97]] == trained.keys[::97].tolist()
    space = fairwatt_space(trained, np.random.default_rng(0))
    for config in listed[:: len(listed) // 20]:
        space.set_spec(config)
        assert space.get_hash() == config


def test_a_configuration_may_be_written_as_the_fork_does(curves: Benchmark) -> None:
    space = fairwatt_space(curves, np.random.default_rng(0))
    example = (11, 112, 17.9, 2.601, 8, 0.1, "adam", "lin", 200, 16)
    regnet = {"DEPTH": 11, "W0": 112, "WA": 17.9, "WM": 2.601, "GROUP_W": 8}
    optim = {"BASE_LR": 0.1, "OPTIMIZER": "adam", "LR_POLICY": "lin"}
    space.set_spec({"REGNET": regnet, "OPTIM": optim, "TRAIN": {"CUTOUT_LENGTH": 16}})
    assert space.get_spec() == example
    space.set_spec(space.encode())
    assert space.get_spec() == example
    with pytest.raises(UserError, match="invented has no architecture"):
        space.set_spec({"REGNET": regnet | {"DEPTH": 15}, "OPTIM": optim, "TRAIN": {"CUTOUT_LENGTH": 16}})
    with pytest.raises(UserError, match="lacks OPTIM"):
        space.set_spec({"REGNET": regnet})


def test_lengths_differ_and_the_empty_space_says_the_longest(trained: Benchmark, bench: Benchmark) -> None:
    space = fairwatt_space(trained, np.random.default_rng(0))
    assert space.get_max_epochs() == 199
    for config in [trained.space.sample(np.random.default_rng(seed)) for seed in range(20)]:
        space.set_spec(config)
        assert space.get_max_epochs() == int(config[8]) - 1
    assert fairwatt_space(bench, np.random.default_rng(0)).get_max_epochs() == 107


def test_queries_are_of_shares_of_the_configurations_own_training(trained: Benchmark) -> None:
    space, rng = fairwatt_space(trained, np.random.default_rng(0)), np.random.default_rng(2)
    for full, own in {50: (6, 17, 50), 100: (11, 33, 100), 200: (22, 67, 200)}.items():
        config = next(found for _ in range(200) if (found := trained.space.sample(rng))[8] == full)
        space.set_spec(config)
        answers = [trained.measure(config, fidelity) for fidelity in trained.fidelities]
        for epoch, answer in zip(own, answers, strict=True):
            assert space.query(Metric.VAL_ACCURACY, "cifar10", epoch=epoch) == 100 * (1 - answer.val_error)
            assert space.query(Metric.TRAIN_TIME, epoch=epoch) == answer.seconds
            assert space.query("TRAIN_COST", epoch=epoch) == space.query("energy_kwh", epoch=epoch) == answer.energy_kwh
        assert space.query(Metric.EPOCH) == space.query(Metric.EPOCH, epoch=space.get_max_epochs()) == full
        names = ("lr", "optimizer", "policy", "epochs", "cutout")
        assert space.query(Metric.HP) == dict(zip(names, config[5:], strict=True))
        known = [100 * (1 - answer.val_error) for answer in answers]
        curve = [known[0]] * (own[1] - 1) + [known[1]] * (full - own[1]) + [known[2]]
        assert space.query(Metric.VAL_ACCURACY, full_lc=True) == curve
        assert space.query(Metric.VAL_ACCURACY, full_lc=True, epoch=199) == curve  # no epoch 51 of 50
        with pytest.raises(UserError, match=rf"{full}\] epochs, not 20: this configuration's own training has {full}"):
            space.query(Metric.VAL_ACCURACY, epoch=20)
    reference = trained.reference()
    params = reference.params[reference.keys.index(trained.space.key(config))]
    assert space.query(Metric.PARAMETERS) == params
    for metric in ("TEST_COST", "G_ACC", Metric.FLOPS):
        with pytest.raises(UnknownNameError, match="unknown metric of"):
            space.query(metric)


def test_encodings_of_configurations(curves: Benchmark, grid: Benchmark) -> None:
    for bench, kind, size in ((curves, "onehot", 26), (grid, "unit", 10)):
        space = fairwatt_space(bench, np.random.default_rng(0))
        space.sample_random_architecture()
        assert space.encode().shape == (size,)
        np.testing.assert_array_equal(space.encode(), bench.space.encode(space.get_spec(), kind))
        with pytest.raises(NotAvailableError, match="path"):
            space.encode(EncodingType.PATH)


REAL = """
import sys
from types import SimpleNamespace
import numpy as np
from fairwatt.search_spaces.naslib_bridge import fairwatt_space
from naslib.optimizers import LocalSearch, RegularizedEvolution

settings = SimpleNamespace(epochs=60, sample_size=5, population_size=10, num_init=5)
for kind in (RegularizedEvolution, LocalSearch):
    optimizer = kind(SimpleNamespace(search=settings, dataset="cifar10"))
    optimizer.adapt_search_space(fairwatt_space("digits-cells-4v", np.random.default_rng(0)), dataset_api=None)
    for epoch in range(settings.epochs):
        optimizer.new_epoch(epoch)
    print(kind.__name__, optimizer.train_statistics()[1])
"""


@pytest.mark.slow
def test_naslibs_own_optimizers_run_on_our_space(bench: Benchmark) -> None:
    checkout = os.environ.get("FAIRWATT_NASLIB")
    if not checkout:
        pytest.skip("NASLib itself is not run: set FAIRWATT_NASLIB to a checkout of github.com/automl/NASLib")
    root = str(Path(__file__).resolve().parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((checkout, root))}
    ran = subprocess.run([sys.executable, "-c", REAL], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    best = 100 * (1 - bench.reference().val_error.min())
    found = dict(line.split() for line in ran.stdout.splitlines() if line.startswith(("Regularized", "Local")))
    assert found.keys() == {"RegularizedEvolution", "LocalSearch"}
    assert all(50 < float(accuracy) < best + 5 for accuracy in found.values())
