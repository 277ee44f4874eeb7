"""A search that is driven by hand, without books: what it asked, what it was told, how it stopped."""

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from fairwatt.optimizer import Optimizer, OptimizerFactory, SearchEnded
from fairwatt.problem import Benchmark, Problem, SearchSpace
from fairwatt.records import Config, Query, Status, Trial
from fairwatt.streams import stream

STEPS = 40
PATIENCE_SECONDS = 120.0

Around = Callable[[], AbstractContextManager[None]]


class OutOfPatience(BaseException):  # not an Exception: a search may catch those
    """A search that neither asks nor ends."""


@dataclass
class Driven:
    """The first queries of a search and their answers, in order.

    search: as it was left; None where it could not be made. fault: what it raised or did instead of asking; empty
    where nothing. ended: whether it raised SearchEnded.
    """

    problem: Problem
    queries: list[Query] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    search: Optimizer | None = None
    fault: str = ""
    ended: bool = False

    @property
    def asked(self) -> list[tuple[object, ...]]:
        """Configuration and fidelity of each query, as plain numbers and text: equal after JSON."""
        return [(*map(_plain, query.config), float(query.fidelity)) for query in self.queries]


def drive(
    factory: OptimizerFactory,
    benchmark: Benchmark,
    problem: Problem | None = None,
    *,
    seed: int = 0,
    label: str = "a",
    steps: int = STEPS,
    invalid_every: int = 0,
    around: Around = nullcontext,
    kind: type[Trial] = Trial,
    patience: float = PATIENCE_SECONDS,
) -> Driven:
    """The first queries of a search; each n-th answer INVALID where asked for. Raises nothing that the search raises.

    problem: what the search is given; the benchmark's own where None. around: entered whenever its code runs. kind: of
    trial that it is told. patience: seconds for one query, where the system can interrupt. A fidelity that the
    benchmark has not is answered by full training.
    """
    seen = Driven(problem or benchmark.problem(seed, objectives=factory.objectives))
    try:
        with around():
            seen.search = factory.create(seen.problem, stream("optimizer", benchmark.name, seed, label))
        for step in range(1, steps + 1):
            with around(), at_most(patience):
                query = seen.search.ask()
            if not isinstance(query, Query) or not isinstance(query.config, tuple | list):
                seen.fault = f"asked {query!r}; expected Query(config)"
                break
            invalid = bool(invalid_every and step % invalid_every == 0)
            trial = told(benchmark, seen.problem, query, invalid, kind)
            seen.queries.append(query)
            seen.trials.append(trial)
            with around(), at_most(patience):
                seen.search.tell(trial)
    except SearchEnded:
        seen.ended = True
    except OutOfPatience:
        seen.fault = f"does not ask: nothing within {patience:g} seconds"
    except (Exception, SystemExit, GeneratorExit) as error:  # whatever the search raises is what was seen
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())
        seen.fault = f"{type(error).__name__}: {said}, in {Path(last.filename).name}, line {last.lineno}"
    return seen


def told(
    benchmark: Benchmark, problem: Problem, query: Query, invalid: bool = False, kind: type[Trial] = Trial
) -> Trial:
    """What an optimizer is told of one query, or that it was INVALID."""
    fidelity = query.fidelity if query.fidelity in benchmark.fidelities else 1.0
    measured = benchmark.measure(query.config, fidelity, 0)
    if invalid or measured.status is Status.INVALID:
        losses = (inf,) * len(problem.objectives)
        return kind(query.config, query.fidelity, inf, inf, losses, Status.INVALID)
    losses = tuple(objective.value(measured) for objective in problem.objectives)
    return kind(query.config, query.fidelity, measured.val_error, measured.energy_kwh, losses, measured.status)


def misfit(space: SearchSpace, config: Config) -> str:
    """Why this is not a configuration of the space, valid or not; "" where it is one."""
    if not isinstance(config, tuple) or len(config) != len(space.dims):
        return f"{config!r} is not a tuple of {len(space.dims)} values"
    for value, dim in zip(config, space.dims, strict=True):
        if value not in dim.values:
            return f"{dim.name} = {value!r} is not one of {dim.values}"
    return ""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise OutOfPatience after so many seconds, in the main thread of systems with alarms; elsewhere wait."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise OutOfPatience

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _plain(value: object) -> object:
    """A number of Python's own for one of numpy's."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value
