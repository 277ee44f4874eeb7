"""The optimizer contract: ask and tell, strictly alternating; and the decorator that makes one of a generator.

    @optimizer("rs")
    def random_search(problem, rng):
        for config in problem.starts(rng):
            yield Query(config)

The body reads like the paper; `trial = yield Query(config)` is the whole interface.
"""

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, wraps
from importlib import metadata
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from fairwatt.errors import MissingExtraError, UnknownNameError, UserError
from fairwatt.problem import Problem
from fairwatt.records import Query, Trial
from fairwatt.source_code import digest_of

Search = Generator[Query, Trial, None]
KINDS = {"single": ("val_error",), "multi": ("val_error", "energy_kwh")}
"""Kinds of ranking an optimizer takes part in, and the objectives that its problem then has."""
_BUILDS_ON = ("fairwatt.optimizers", "fairwatt.surrogates")


class SearchEnded(Exception):  # noqa: N818 - the name of an event, not of a fault
    """Raised by `ask` when an optimizer has nothing more to ask."""


class Optimizer(Protocol):
    """Asks what to train and is told what came of it. Never sees cost, budget or test error."""

    def ask(self) -> Query:
        """The next training. Raises SearchEnded when there is none."""

    def tell(self, trial: Trial) -> None:
        """The outcome of the training asked for last."""


class GeneratorOptimizer:
    """The ask/tell face of a search written as a generator."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._told: Trial | None = None
        self._asked: Query | None = None
        self._started = False

    def ask(self) -> Query:
        """The next training. Raises SearchEnded at the generator's end, RuntimeError when asked twice."""
        if self._asked is not None:
            raise RuntimeError("ask and tell alternate: tell the outcome of the last query before asking again")
        try:
            if self._started and self._told is not None:
                self._asked = self._search.send(self._told)
            else:
                self._asked = next(self._search)
        except StopIteration:
            raise SearchEnded from None
        self._started = True
        return self._asked

    def tell(self, trial: Trial) -> None:
        """The outcome of the training asked for last. Raises RuntimeError where nothing was asked."""
        if self._asked is None:
            raise RuntimeError("ask and tell alternate: nothing was asked")
        self._asked, self._told = None, trial


@dataclass(frozen=True)
class OptimizerFactory:
    """A registered algorithm: how to build it, and what a reader must know of it.

    kinds: the rankings it belongs to, of "single" and "multi"; its problem has the objectives of the first.
    source: line 1 of its module's docstring. defaults: keyword-only settings. multi_fidelity: whether it asks below
    full training. extra: the optional dependencies it needs. cycle: energy of one full cycle of brackets, in full
    trainings, as a function of (fidelities, settings); None for algorithms without brackets. waives: conformance
    checks, by name, that a published behaviour fails which it is here to reproduce.
    """

    name: str
    build: Callable[..., Optimizer]
    defaults: Mapping[str, Any]
    kinds: tuple[str, ...]
    source: str
    summary: str
    multi_fidelity: bool
    extra: str
    cycle: Callable[[Sequence[float], Mapping[str, Any]], float] | None
    waives: tuple[str, ...] = ()

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the objectives of its problem."""
        return KINDS[self.kinds[0]]

    @cached_property
    def code(self) -> str:
        """Twelve hex digits of the sha256 of what makes its searches; "interactive" where it is in no file.

        That is the file that defines it, fairwatt's optimizers and surrogates that it imports by `from ... import`, at
        whatever depth, and the version of the package that it wraps. As it was when first asked for: a file that is
        edited later is not what this process runs. Runs of different code are not compared as one arm.
        """
        version = ""
        if self.extra:
            with suppress(metadata.PackageNotFoundError):
                version = f"{self.extra} {metadata.version(self.extra)}"
        return digest_of(self.build, _BUILDS_ON, version)

    def resolve(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """All settings with their values. Raises UserError for unknown names and values of another type."""
        for name, value in settings.items():
            if name not in self.defaults:
                raise UnknownNameError(f"setting of optimizer {self.name}", name, self.defaults)
            default = self.defaults[name]
            accepted = (int, float) if type(default) is float else type(default)
            if not isinstance(value, accepted) or (isinstance(value, bool) and not isinstance(default, bool)):
                raise UserError(
                    f"setting {name} of optimizer {self.name}: expected {type(default).__name__} "
                    f"like {default!r}, got {value!r}"
                )
        return {**self.defaults, **settings}

    def check_extra(self) -> None:
        """Raise UserError where the package that its extra is named after is not installed."""
        if not self.extra or find_spec(self.extra) is not None:
            return
        if self.build.__module__.startswith("fairwatt."):
            raise MissingExtraError(f"optimizer {self.name}", self.extra, self.extra)
        raise UserError(f"optimizer {self.name} needs {self.extra}: pip install {self.extra}")

    def create(self, problem: Problem, rng: np.random.Generator, **settings: Any) -> Optimizer:
        """A fresh search. Raises as `resolve`, and UserError where the algorithm refuses its settings."""
        try:
            return self.build(problem, rng, **self.resolve(settings))
        except ValueError as error:
            raise UserError(f"optimizer {self.name}: {error}") from error

    def cycle_full(self, fidelities: Sequence[float], settings: Mapping[str, Any]) -> float:
        """Energy of one full cycle of brackets in full trainings; 0 for algorithms without brackets."""
        return self.cycle(fidelities, settings) if self.cycle else 0.0


def optimizer(
    name: str,
    *,
    kinds: Iterable[str] = ("single",),
    multi_fidelity: bool = False,
    extra: str = "",
    cycle: Callable[[Sequence[float], Mapping[str, Any]], float] | None = None,
    waives: Iterable[str] = (),
) -> Callable[[Callable[..., Search] | type[Any]], OptimizerFactory]:
    """Make an `OptimizerFactory` of a generator function (problem, rng, *, settings) or an ask/tell class.

    Raises TypeError where a setting is not keyword-only with a default, UnknownNameError for an unknown kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownNameError("kind of optimizer", kind, KINDS)

    def decorate(target: Callable[..., Search] | type[Any]) -> OptimizerFactory:
        """The factory of this target; raises where its settings have no defaults."""
        parameters = list(inspect.signature(target).parameters.values())
        for parameter in parameters[2:]:
            if parameter.kind is not parameter.KEYWORD_ONLY or parameter.default is parameter.empty:
                raise TypeError(f"optimizer {name}: setting {parameter.name} must be keyword-only with a default")

        @wraps(target, updated=())
        def build(problem: Problem, rng: np.random.Generator, **settings: Any) -> Optimizer:
            made: Any = target(problem, rng, **settings)
            return made if inspect.isclass(target) else GeneratorOptimizer(made)

        module_doc = inspect.getdoc(inspect.getmodule(target)) or ""
        return OptimizerFactory(
            name=name,
            build=build,
            defaults={parameter.name: parameter.default for parameter in parameters[2:]},
            kinds=tuple(kinds),
            source=module_doc.partition("\n")[0],
            summary=(inspect.getdoc(target) or "").partition("\n")[0],
            multi_fidelity=multi_fidelity,
            extra=extra,
            cycle=cycle,
            waives=tuple(waives),
        )

    return decorate
