"""fairwatt's benchmarks as search spaces of NASLib (github.com/automl/NASLib), for the optimizers and predictors there.

NASLib is not on PyPI and is imported when a space is asked for. What its discrete optimizers call is here: sampling,
mutation, neighbours, encodings, queries. There is no network behind an architecture: zero-cost proxies and one-shot
optimizers need one. Randomness comes from one generator that all clones of a space share, never from the global ones
that NASLib seeds; neighbours are shuffled by it too.
"""

import math
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import NotAvailableError, UnknownNameError, UserError
from fairwatt.problem import Benchmark
from fairwatt.records import Config, Key, Measurement
from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.config_grid import ConfigGrid
from fairwatt.search_spaces.ea_has_config import read_config
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

_ENCODINGS = {"adjacency_one_hot": ("onehot", "unit"), "path": ("path",)}
"""NASLib's names of encodings to ours, the first that a space has."""

_TRIES = 100
"""Draws of a mutant before one that is its own parent is accepted: only tiny spaces get there."""

_UNKNOWN_HERE = ("TRAIN_ACCURACY",)
"""What every NASLib optimizer asks for its log and no fairwatt benchmark tells: NaN."""


def fairwatt_space(benchmark: str | Benchmark, rng: np.random.Generator, *, seed: int = 0) -> Any:
    """A NASLib search space (an instance of its Graph) over a fairwatt benchmark.

    benchmark: a name as in `fairwatt spaces`, or the thing itself. rng: all random moves of this space and its clones.
    seed: which repeated trainings answer. Raises UserError where NASLib cannot be imported.
    """
    try:
        graph = import_module("naslib.search_spaces.core.graph").Graph
    except ImportError as error:
        raise UserError(
            f"NASLib cannot be imported ({error}); get a checkout of github.com/automl/NASLib and put it on PYTHONPATH"
        ) from error
    oracle = make_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    bound = {"benchmark": oracle, "rng": rng, "seed": seed, "__doc__": f"{oracle.name} of fairwatt."}
    return type("FairwattSearchSpace", (Architecture, graph), bound)()


class Architecture:
    """One architecture of a benchmark, with the methods that NASLib expects of a queryable Graph.

    Benchmark and generator belong to the class: NASLib deep-copies architectures and makes new ones without arguments.
    `dataset_api`, `dataset` and `path` are accepted and not needed.
    """

    QUERYABLE = True
    OPTIMIZER_SCOPE = "all"
    benchmark: ClassVar[Benchmark]
    rng: ClassVar[np.random.Generator]
    seed: ClassVar[int]
    _parameter_counts: ClassVar[dict[Key, float] | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.space_name = self.name = self.benchmark.name
        self.instantiate_model = False
        self.spec: Config | None = None
        super().add_edge(1, 2)  # type: ignore[misc]  # a graph without nodes is false: `if not best_arch`

    def get_type(self) -> str:
        """The name of the benchmark, as `space_name`."""
        return self.benchmark.name

    def clone(self) -> "Architecture":
        """Another object with this architecture, on the same benchmark and generator."""
        twin = type(self)()
        twin.spec = self.spec
        twin.instantiate_model = self.instantiate_model
        return twin

    # -- identity

    def get_spec(self) -> Config | None:
        """The raw configuration; None before an architecture was set."""
        return self.spec

    def set_spec(self, spec: Config | Mapping[str, Any] | str, dataset_api: object = None) -> None:
        """Become an architecture: a configuration or what `get_hash` gave.

        Of cells also {"matrix", "ops"} or the md5, of RegNet + HPO what `ea_has_config.read_config` takes. Raises
        UserError for what is none of the benchmark's architectures.
        """
        space = self.benchmark.space
        if isinstance(spec, tuple):
            config = tuple(spec)
        elif isinstance(space, RegnetHpoSpace):
            config = read_config(spec, space)
        else:
            from fairwatt.search_spaces.cell_index import cell_id, hash_cell

            cells = self._cells()
            try:
                config = cells.config(hash_cell(spec) if isinstance(spec, str) else cell_id(**spec))
            except (TypeError, ValueError) as error:
                raise UserError(f"{self.benchmark.name} has no architecture {spec!r}: {error}") from None
        if not space.is_valid(config):
            raise UserError(f"{self.benchmark.name} has no architecture {spec!r}")
        self.spec = config

    def get_hash(self) -> Config:
        """A configuration that is the same for every encoding of this network, and good for `set_spec`."""
        config, space = self._chosen(), self.benchmark.space
        return space.config(space.key(config)) if isinstance(space, CellSpace | RegnetHpoSpace) else config

    def get_arch_iterator(self, dataset_api: object = None) -> Iterator[Config]:
        """What `get_hash` gives, for every architecture. Raises UserError for spaces of other kinds."""
        if isinstance(self.benchmark.space, RegnetHpoSpace | ConfigGrid):
            return self.benchmark.space.configs()
        cells = self._cells()
        return (cells.config(int(cell)) for cell in cells.members)

    # -- moves

    def sample_random_architecture(self, dataset_api: object = None, load_labeled: bool = False) -> None:
        """Become one of the space's own sampler; every architecture of a benchmark is labelled."""
        self.spec = self.benchmark.space.sample(self.rng)

    def sample_random_labeled_architecture(self) -> None:
        """As `sample_random_architecture`."""
        self.sample_random_architecture()

    def load_labeled_architecture(self, dataset_api: object = None) -> None:
        """As `sample_random_architecture`."""
        self.sample_random_architecture()

    def mutate(self, parent: "Architecture", dataset_api: object = None, edits: int = 1) -> None:
        """Become a mutant of the parent, `edits` of the space's own steps away; again where they lead back to it."""
        space, origin = self.benchmark.space, parent._chosen()
        for _ in range(_TRIES):
            config = origin
            for _ in range(edits):
                config = space.mutate(config, self.rng)
            if space.key(config) != space.key(origin):
                break
        self.spec = config

    def get_nbhd(self, dataset_api: object = None) -> list[Any]:
        """torch Modules that hold the distinct neighbours as `arch`, in random order."""
        import torch

        neighbors = self.benchmark.space.neighbors(self._chosen())
        modules = []
        for place in self.rng.permutation(len(neighbors)):
            module: Any = torch.nn.Module()
            module.arch = self.clone()
            module.arch.spec = neighbors[place]
            modules.append(module)
        return modules

    # -- answers

    def encode(self, encoding_type: Any = "adjacency_one_hot") -> NDArray[np.float64]:
        """[D] features: NASLib's "adjacency_one_hot" and "path" in our order of entries, or a kind of our own."""
        name, config = str(getattr(encoding_type, "value", encoding_type)), self._chosen()
        for kind in _ENCODINGS.get(name, (name,)):
            try:
                return self.benchmark.space.encode(config, kind)
            except UnknownNameError:
                continue
        raise NotAvailableError(f"encoding of {self.benchmark.name}", name, (*_ENCODINGS, "unit"))

    def get_max_epochs(self) -> int:
        """The last epoch of full training, counted from 0 as NASLib does; of the longest before one was set."""
        if self.spec is None and (lengths := self._lengths()):
            return max(lengths) - 1
        config = self.spec or self.benchmark.space.sample(np.random.default_rng(0))  # all take equally long
        return self.benchmark.epochs(config, 1.0) - 1

    def query(
        self,
        metric: Any,
        dataset: str | None = None,
        path: str | None = None,
        epoch: int | None = -1,
        full_lc: bool = False,
        dataset_api: object = None,
    ) -> Any:
        """What one training of this architecture tells.

        metric: one of NASLib's Metric (accuracies in percent, TRAIN_TIME in seconds, PARAMETERS, RAW: all we have; HP:
        the hyperparameters, where a configuration has any), of EA-HAS-Bench's fork TRAIN_COST in kWh, or a field of
        Measurement by name, such as "energy_kwh". NaN where the benchmark does not have it. epoch: one of the
        benchmark's, which are shares of the configuration's own training; -1, None or `get_max_epochs()`: all of it.
        full_lc: a list with one value for each epoch up to `epoch`, that of the longest training not beyond it (before
        the shortest: that one's); the trainings may be separate ones.
        Raises UnknownNameError for metrics that are not here, UserError for an epoch that is not.
        """
        config = self._chosen()
        epochs = {self.benchmark.epochs(config, share): share for share in self.benchmark.fidelities}
        last = max(epochs)
        if epoch in (-1, None) or (epoch == last - 1 and epoch not in epochs):
            epoch = last
        if full_lc:
            known = {count: self._answer(metric, config, share) for count, share in sorted(epochs.items())}
            stop = min(int(epoch or 0), last)
            first = min(known)
            return [known[max((k for k in known if k <= t), default=first)] for t in range(1, stop + 1)]
        if epoch not in epochs:
            own = f": this configuration's own training has {last}" if self._lengths() else ""
            raise UserError(f"{self.benchmark.name} has trainings of {sorted(epochs)} epochs, not {epoch}{own}")
        return self._answer(metric, config, epochs[epoch])

    def _answer(self, metric: Any, config: Config, fidelity: float) -> Any:
        name, found = str(getattr(metric, "name", metric)), self.benchmark.measure(config, fidelity, self.seed)
        test_error = math.nan if found.test_error is None else found.test_error
        values: dict[str, Any] = {field: getattr(found, field) for field in Measurement.__dataclass_fields__}
        values |= {"VAL_ACCURACY": 100 * (1 - found.val_error), "TEST_ACCURACY": 100 * (1 - test_error)}
        values |= {"TRAIN_TIME": found.seconds, "TRAIN_COST": found.energy_kwh, "EPOCH": found.epochs}
        values |= dict.fromkeys(_UNKNOWN_HERE, math.nan)
        dims = zip(self.benchmark.space.dims, config, strict=True)
        if hyper := {dim.name: value for dim, value in dims if dim.group == "hyper"}:
            values["HP"] = hyper
        if name in values:
            return values[name]
        if name == "PARAMETERS":
            return self._parameter_count(config)
        if name == "RAW":
            return {field: values[field] for field in Measurement.__dataclass_fields__}
        raise UnknownNameError(f"metric of {self.benchmark.name}", name, (*values, "PARAMETERS", "RAW"))

    def _parameter_count(self, config: Config) -> float:
        if self._parameter_counts is None:
            reference = self.benchmark.reference()
            type(self)._parameter_counts = dict(zip(reference.keys, reference.params.tolist(), strict=True))
        return (self._parameter_counts or {})[self.benchmark.space.key(config)]

    def _lengths(self) -> list[int]:
        """Epochs of full trainings, where they are a dimension of configurations; empty where all are equally long."""
        return [int(value) for dim in self.benchmark.space.dims if dim.name == "epochs" for value in dim.values]

    def _chosen(self) -> Config:
        if self.spec is None:
            raise UserError(f"no architecture of {self.benchmark.name} was sampled or set yet")
        return self.spec

    def _cells(self) -> CellSpace:
        if not isinstance(self.benchmark.space, CellSpace):
            raise UserError(f"{self.benchmark.name} is no space of cells: only a configuration says an architecture")
        return self.benchmark.space
