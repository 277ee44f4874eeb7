"""Names to factories. Targets are "module:attribute" strings, imported when first asked for."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.optimizer import OptimizerFactory
from fairwatt.problem import Benchmark


class Registry:
    """One kind of thing that can be asked for by name.

    builtin: names to "module:attribute". group: the entry-point group through which installed packages add theirs.
    found_by: "module:attribute" of a function that returns further names and targets: what is on this machine now.
    """

    def __init__(self, kind: str, group: str, builtin: Mapping[str, str], found_by: str = "") -> None:
        self.kind = kind
        self.group = group
        self._targets = dict(builtin)
        self._found_by = found_by
        self._plugins_read = False

    def register(self, name: str, target: str) -> None:
        """Add a name. Raises UserError where it is taken by something else."""
        if self._targets.setdefault(name, target) != target:
            raise UserError(f"{self.kind} {name!r} is registered twice: {self._targets[name]} and {target}")

    @property
    def declared(self) -> frozenset[str]:
        """Names that the program itself gives, whatever is found on this machine."""
        return frozenset(self._targets)

    def names(self) -> list[str]:
        """Every registered name, the built-in ones first, in the order of registration."""
        return list(self._known())

    def load(self, name: str) -> Any:
        """The factory of a name. Raises UnknownNameError with the nearest name, UserError where a plug-in is broken."""
        known = self._known()
        if name not in known:
            raise UnknownNameError(self.kind, name, known)
        try:
            return _attribute(known[name])
        except Exception as error:
            if known[name].startswith("fairwatt."):
                raise
            why = f"{type(error).__name__}: {error}"
            raise UserError(f"{self.kind} {name!r}, {known[name]}: cannot be imported ({why})") from error

    def _known(self) -> dict[str, str]:
        if not self._plugins_read:
            self._plugins_read = True
            for point in entry_points(group=self.group):
                self.register(point.name, point.value)
        return (_attribute(self._found_by)() if self._found_by else {}) | self._targets


def _attribute(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


OPTIMIZERS = Registry(
    "optimizer",
    "fairwatt.optimizers",
    {
        "rs": "fairwatt.optimizers.random_search:random_search",
        "re": "fairwatt.optimizers.regularized_evolution:regularized_evolution",
        "ls": "fairwatt.optimizers.local_search:local_search",
        "bananas": "fairwatt.optimizers.bananas:bananas",
        "hb": "fairwatt.optimizers.hyperband:hyperband",
        "bohb": "fairwatt.optimizers.bohb:bohb",
        "semoa": "fairwatt.optimizers.semoa:semoa",
        "bohb-hpbandster": "fairwatt.optimizers.bohb_hpbandster:bohb_hpbandster",
        "tpe": "fairwatt.optimizers.tpe:tpe",
        "semoa-release": "fairwatt.optimizers.semoa_release:semoa_release",
        "smac": "fairwatt.optimizers.smac:smac",
        "smac-mf": "fairwatt.optimizers.smac_multi_fidelity:smac_multi_fidelity",
        "nsga2": "fairwatt.optimizers.nsga2:nsga2",
        "sh-emoa": "fairwatt.optimizers.sh_emoa:sh_emoa",
        "ms-ehvi": "fairwatt.optimizers.ms_ehvi:ms_ehvi",
        "mo-bohb": "fairwatt.optimizers.mo_bohb:mo_bohb",
        "mo-sh-bananas": "fairwatt.optimizers.mo_sh_bananas:mo_sh_bananas",
        "ea-ls": "fairwatt.optimizers.energy_aware:ea_local_search",
        "ea-bananas": "fairwatt.optimizers.energy_aware:ea_bananas",
    },
)
BENCHMARKS = Registry(
    "space",
    "fairwatt.benchmarks",
    {
        "digits-cells-5v": "fairwatt.search_spaces.tabular:cell_benchmark",
        "digits-cells-4v": "fairwatt.search_spaces.tabular:cell_benchmark",
        "ec-nas-4v": "fairwatt.search_spaces.tabular:cell_benchmark",
        "ec-nas-4v-linscale": "fairwatt.search_spaces.tabular:cell_benchmark",
        "ec-nas-5v-partial": "fairwatt.search_spaces.tabular:cell_benchmark",
        "toy-cells": "fairwatt.search_spaces.toy:toy_cells",
    },
    found_by="fairwatt.search_spaces.sources:table_spaces",
)


def from_file(text: str) -> Any:
    """The attribute of a Python file, written `FILE.py:NAME`: code that its user wrote and asks to run.

    Raises UserError where the file or the name in it does not exist.
    """
    path, _, attribute = text.rpartition(":")
    file = Path(path)
    if not file.is_file():
        raise UserError(f"no such file: {path!r} (expected FILE.py:NAME)")
    spec = importlib.util.spec_from_file_location(f"fairwatt_user_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"{path!r} is not a Python file (expected FILE.py:NAME)")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # known, so that its docstring is found
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UserError(f"{path}: cannot be imported ({type(error).__name__}: {error})") from error
    if not hasattr(module, attribute):
        public = [name for name in vars(module) if not name.startswith("_")]
        raise UnknownNameError(f"name in {path}", attribute, public)
    return getattr(module, attribute)


def find_optimizer(text: str) -> OptimizerFactory:
    """The optimizer of a registered name, or of a file, written `FILE.py:NAME`.

    Raises UserError for an unknown name, a missing file, or something else under that name.
    """
    if text.endswith(".py"):
        raise UserError(f"{text!r}: expected FILE.py:NAME, such as {text}:{Path(text).stem}")
    found = from_file(text) if ".py:" in text else OPTIMIZERS.load(text)
    if not isinstance(found, OptimizerFactory):
        raise UserError(f"{text} is not an optimizer; decorate it with @optimizer('name')")
    return found


def make_benchmark(name: str, **options: Any) -> Benchmark:
    """The benchmark of a registered name.

    options: such as `sampler="raw"` for cell spaces, `energy="scaled"` for EC-NAS. Raises UnknownNameError, for an
    option that this space has not too, and UserError where its data is not here.
    """
    factory = BENCHMARKS.load(name)
    _, *known = inspect.signature(factory).parameters.values()  # the first is the name
    if not any(option.kind is inspect.Parameter.VAR_KEYWORD for option in known):
        for option in options.keys() - {option.name for option in known}:
            raise UnknownNameError(f"option of the space {name}:", option, (option.name for option in known))
    benchmark: Benchmark = factory(name, **options)
    return benchmark
