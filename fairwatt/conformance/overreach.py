"""What a search reaches for besides what it is given: oracles, prices, test errors, generators without a seed.

It runs in the process that knows all of that, so nothing here is proof; each function sees one way of looking.
"""

import gc
import inspect
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import fields, replace
from typing import Any
from unittest import mock

from fairwatt.ledger import Ledger
from fairwatt.optimizer import GeneratorOptimizer, Optimizer, OptimizerFactory
from fairwatt.problem import Benchmark, Problem, Reference, SearchSpace, Tariff
from fairwatt.records import Config, Measurement, Request, Run, Trial
from fairwatt.registry import BENCHMARKS, Registry

ORACLES = (Benchmark, Reference, Tariff, Ledger, Run, Request, Measurement)
ANSWERS = ("measure", "measure_batch", "tariff", "reference")
ROOMS_WITH_ANSWERS = ("fairwatt.search_spaces.", "fairwatt.experiments.", "fairwatt.analysis.")
DEPTH = 4
_missed: list[str] = []


class NotedTrial(Trial):
    """A trial that notes what is asked of it and not there, even where that is asked with `getattr`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return _miss("trial", name)


class NotedProblem(Problem):
    """A problem that notes what is asked of it and not there."""

    def __getattr__(self, name: str) -> Any:
        return _miss("problem", name)


def _miss(what: str, name: str) -> Any:
    if not name.startswith("_"):  # Python's own questions, of copying and printing
        _missed.append(f"{what}.{name}")
    raise AttributeError(f"a {what} has no {name}")


def noted_problem(problem: Problem) -> NotedProblem:
    """The same problem, with a note of what it has not; empties the notes."""
    _missed.clear()
    return NotedProblem(**{field.name: getattr(problem, field.name) for field in fields(Problem)})


def missed() -> list[str]:
    """What was asked of noted trials and problems and is not there, without repetitions."""
    return list(dict.fromkeys(_missed))


@contextmanager
def watched(calls: list[str], unseeded: list[str]) -> Iterator[None]:
    """Note calls of oracles, and where generators were made without a seed, while a search's own code runs.

    calls: gets such as "TabularBenchmark.measure" and "gc.get_objects". unseeded: gets the file and line that took
    entropy from the operating system.
    """

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            calls.append(name)
            return function(*given, **named)

        return noted

    seed, entropy, load = random.Random.seed, random._urandom, Registry.load  # type: ignore[attr-defined]

    def reseed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None:
            unseeded.append(_caller())
        seed(self, a, version)

    def draw(size: int) -> bytes:
        unseeded.append(_caller())
        drawn: bytes = entropy(size)
        return drawn

    def look_up(self: Registry, name: str) -> Any:
        if self is BENCHMARKS:
            calls.append(f"make_benchmark({name!r})")
        return load(self, name)

    with ExitStack() as patches:
        for owner in _family(Benchmark):
            for name in ANSWERS:
                if name in vars(owner):
                    noted = noting(f"{owner.__name__}.{name}", vars(owner)[name])
                    patches.enter_context(mock.patch.object(owner, name, noted))
        for name in ("get_objects", "get_referrers"):
            patches.enter_context(mock.patch.object(gc, name, noting(f"gc.{name}", getattr(gc, name))))
        patches.enter_context(mock.patch.object(Registry, "load", look_up))
        patches.enter_context(mock.patch.object(random.Random, "seed", reseed))
        patches.enter_context(mock.patch.object(random, "_urandom", draw))
        yield


def disguised(benchmark: Benchmark) -> Benchmark:
    """The same benchmark in all that a search is shown; test errors, seconds and epochs are others."""

    def measure(self: Benchmark, config: Config, fidelity: float = 1.0, seed: int = 0) -> Measurement:
        true = benchmark.measure(config, fidelity, seed)
        test = None if true.test_error is None else 1.0 - true.test_error
        return replace(true, test_error=test, seconds=2 * true.seconds, epochs=3 * true.epochs)

    other = copy(benchmark)
    other.__class__ = type("Disguised", (type(benchmark),), {"measure": measure})
    return other


def held_oracles(factory: OptimizerFactory, search: Optimizer | None) -> list[str]:
    """Names under which an algorithm's module, closures or state hold what knows answers or prices."""
    target = inspect.unwrap(factory.build)
    roots = dict(_names_used(target))
    if isinstance(search, GeneratorOptimizer):
        frame = getattr(search._search, "gi_frame", None)
        roots |= dict(frame.f_locals) if frame else {}
    elif search is not None:
        roots |= getattr(search, "__dict__", {})
    found: list[str] = []
    seen: set[int] = set()
    for name, value in roots.items():
        found += _oracles_in(name, value, target.__module__, DEPTH, seen)
    return found


def _oracles_in(name: str, value: Any, home: str, depth: int, seen: set[int]) -> Iterator[str]:
    if id(value) in seen or depth == 0:
        return
    seen.add(id(value))
    if isinstance(value, ORACLES) or _is_of_a_room_with_answers(value):
        yield f"{name} (a {type(value).__name__})"
        return
    inside: dict[str, Any] = {}
    if isinstance(value, dict):
        inside = {f"{name}[{key!r}]": each for key, each in list(value.items())}
    elif isinstance(value, list | tuple | set | frozenset):
        inside = {f"{name}[{place}]": each for place, each in enumerate(value)}
    elif inspect.isfunction(value) or inspect.isclass(value):
        if value.__module__ == home:
            inside = dict(_names_used(value))
    elif type(value).__module__ == home:
        inside = {f"{name}.{key}": each for key, each in getattr(value, "__dict__", {}).items()}
    for key, each in inside.items():
        yield from _oracles_in(key, each, home, depth - 1, seen)


def _is_of_a_room_with_answers(value: Any) -> bool:
    """Whether this is a table, a program that answers from one, or results; a search space is what searches have."""
    ours = type(value).__module__.startswith(ROOMS_WITH_ANSWERS)
    return ours and not isinstance(value, SearchSpace)


def _names_used(target: Any) -> Iterator[tuple[str, Any]]:
    """Globals and cells that a function, or the methods of a class, refer to."""
    for function in vars(target).values() if inspect.isclass(target) else (target,):
        if inspect.isfunction(function):
            used = inspect.getclosurevars(function)
            yield from {**used.globals, **used.nonlocals}.items()


def _family(owner: type[Any]) -> Iterator[type[Any]]:
    for child in owner.__subclasses__():
        yield child
        yield from _family(child)


def _caller() -> str:
    """File and line nearest to here that is not Python's own nor this file's."""
    own = (__file__, random.__file__, mock.__file__)
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename in own:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
