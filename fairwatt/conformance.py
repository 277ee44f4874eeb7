"""What every optimizer must satisfy. `fairwatt check` and the project's own tests run this.

A check that fails, or stops with an error, is a `Finding` with what was seen and what to do; nothing is raised.
"""

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any

import numpy as np

from fairwatt.optimizer import OptimizerFactory, SearchEnded
from fairwatt.problem import Benchmark, Problem, SearchSpace
from fairwatt.records import Charge, Config, Key, Query, Row, Run, Status, Trial
from fairwatt.streams import stream

Runner = Callable[..., Run]
Check = tuple[str, Callable[[], str], str]
"""A name, a function that says what is wrong ("" for nothing), and what to do about it."""

LONG, SHORT = "30 full", "10 full"
STEPS = 40
PROBLEM_FIELDS = {"space", "fidelities", "resumable", "objectives", "initial"}
TRIAL_FIELDS = {"config", "fidelity", "val_error", "energy_kwh", "losses", "status"}


@dataclass(frozen=True)
class Finding:
    """The outcome of one check. detail: what was seen; fix: what to do; both empty where it passed."""

    check: str
    passed: bool
    detail: str
    fix: str


def findings(checks: Iterable[Check]) -> list[Finding]:
    """The outcome of each check."""
    return [_finding(*check) for check in checks]


def _finding(name: str, check: Callable[[], str], fix: str) -> Finding:
    try:
        detail = check()
    except Exception as error:  # whatever the checked code raises is the finding
        detail = f"{type(error).__name__}: {error}"
    return Finding(name, not detail, detail, fix if detail else "")


def check_optimizer(factory: OptimizerFactory, benchmark: Benchmark, run: Runner) -> list[Finding]:
    """Every promise of an optimizer, tried on one benchmark.

    run: the project's runner, `fairwatt.run`: called as run(benchmark, factory, seed=, budget=, label=). Takes a few
    short searches on `benchmark`, which should have at least a few hundred configurations.
    """
    space = benchmark.space
    runs: dict[tuple[int, str, str], Run] = {}
    begun: list[Query] = []

    def searched(seed: int = 0, label: str = "a", budget: str = LONG) -> Run:
        if (seed, label, budget) not in runs:
            runs[seed, label, budget] = run(benchmark, factory, seed=seed, label=label, budget=budget)
        return runs[seed, label, budget]

    def beginning() -> list[Query]:
        if not begun:
            begun.extend(query for query, _ in drive(factory, benchmark))
        return begun

    def same_seed() -> str:
        again = run(benchmark, factory, seed=0, label="a", budget=LONG)
        return "" if again.requests == searched().requests else "two runs with one seed and label differ"

    def other(seed: int, label: str) -> str:
        one, two = (
            [(r.trial.config, r.trial.fidelity) for r in s.requests] for s in (searched(), searched(seed, label))
        )
        return f"seed {seed}, label {label!r} asks the same as seed 0, label 'a'" if one == two else ""

    def inside() -> str:
        for query in beginning():
            if fault := misfit(space, query.config):
                return fault
            if query.fidelity not in benchmark.fidelities:
                return f"asked fidelity {query.fidelity!r}; the benchmark has {benchmark.fidelities}"
        return ""

    def valid() -> str:
        invalid = [query.config for query in beginning() if not space.is_valid(query.config)]
        return f"{len(invalid)} of {len(begun)} queries are invalid, the first {invalid[0]}" if invalid else ""

    def shared_design() -> str:
        problem = benchmark.problem(0, objectives=factory.objectives)
        wanted = distinct(space.key(config) for config in problem.initial)
        asked = distinct(space.key(q.config) for q in beginning() if space.is_valid(q.config))[: len(wanted)]
        return "" if asked == wanted else f"first distinct networks {asked}, shared design {wanted}"

    def global_state() -> str:
        list(drive(factory, benchmark))  # whatever is imported on first use is imported now
        before = global_random_state()
        list(drive(factory, benchmark))
        after = global_random_state()
        changed = [name for name in after if after[name] != before.get(name, after[name])]
        return f"changed: {', '.join(changed)}" if changed else ""

    def prefix() -> str:
        short = [row for row in searched(budget=SHORT).rows if row.charge is not Charge.ABORTED]
        return (
            "" if tuple(short) == searched().rows[: len(short)] else f"rows under {SHORT} do not begin those of {LONG}"
        )

    def json_able() -> str:
        made = searched()
        for row in made.rows:
            if fault := changed_by_json(row):
                return fault
        header = asdict(made.header) | {"settings": dict(made.header.settings)}
        settings = json.loads(json.dumps(header, allow_nan=False))["settings"]
        return "" if settings == made.header.settings else f"settings come back from JSON as {settings}"

    def sees() -> str:
        problem = benchmark.problem(0, objectives=factory.objectives)
        extra = {field.name for field in fields(Problem)} - PROBLEM_FIELDS
        extra |= {field.name for field in fields(Trial)} - TRIAL_FIELDS
        extra |= {name for name in ("measure", "tariff", "reference") if hasattr(problem.space, name)}
        return f"it can reach {', '.join(sorted(extra))}" if extra else ""

    def alternates() -> str:
        problem = benchmark.problem(0, objectives=factory.objectives)
        search = factory.create(problem, stream("optimizer", benchmark.name, 0, "a"))
        for _ in range(STEPS):
            try:
                query = search.ask()
            except SearchEnded:
                break
            search.tell(told(benchmark, problem, query))
        else:
            return ""
        try:
            return f"after SearchEnded it asks again, {search.ask()}"
        except SearchEnded:
            return ""

    def survives_invalid() -> str:
        asked = sum(1 for _ in drive(factory, benchmark, invalid_every=3))
        return "" if asked > 3 else f"stopped after {asked} queries when every third answer was INVALID"

    return findings(
        [
            ("one seed, one search", same_seed, "draw from `rng` only; iterate over lists, not sets"),
            ("other seed, other search", lambda: other(1, "a"), "draw from `rng`"),
            ("other label, other search", lambda: other(0, "b"), "draw from `rng`, which the arm's label keys"),
            ("asks inside the space", inside, "ask tuples of values of `space.dims` at one of `problem.fidelities`"),
            ("asks valid configurations", valid, "propose by the space's moves, or test `space.is_valid` first"),
            ("starts with the shared design", shared_design, "take first configurations from `problem.starts(rng)`"),
            ("leaves global state alone", global_state, "use `rng`; torch: a `torch.Generator` seeded from `rng`"),
            ("a smaller budget is a prefix", prefix, "do not plan on a budget"),
            ("survives JSON", json_able, "ask built-in int, float and str, not numpy's; plain settings"),
            ("sees no cost and no test error", sees, "give optimizers the problem's and trial's own fields only"),
            ("ends for good", alternates, "let `ask` raise SearchEnded every time after the first"),
            ("survives invalid answers", survives_invalid, "treat `not trial.ok` as the worst outcome"),
        ]
    )


def drive(
    factory: OptimizerFactory, benchmark: Benchmark, seed: int = 0, invalid_every: int = 0
) -> Iterator[tuple[Query, Trial]]:
    """The first 40 queries and answers of a search, without books; each n-th answer INVALID where asked for.

    A fidelity that the benchmark has not is answered by full training.
    """
    problem = benchmark.problem(seed, objectives=factory.objectives)
    search = factory.create(problem, stream("optimizer", benchmark.name, seed, "a"))
    for step in range(1, STEPS + 1):
        try:
            query = search.ask()
        except SearchEnded:
            return
        trial = told(benchmark, problem, query, invalid=bool(invalid_every and step % invalid_every == 0))
        yield query, trial
        search.tell(trial)


def told(benchmark: Benchmark, problem: Problem, query: Query, invalid: bool = False) -> Trial:
    """What an optimizer is told of one query, or that it was INVALID."""
    fidelity = query.fidelity if query.fidelity in benchmark.fidelities else 1.0
    measured = benchmark.measure(query.config, fidelity, 0)
    if invalid or measured.status is Status.INVALID:
        losses = (inf,) * len(problem.objectives)
        return Trial(query.config, query.fidelity, inf, inf, losses, Status.INVALID)
    losses = tuple(objective.value(measured) for objective in problem.objectives)
    return Trial(query.config, query.fidelity, measured.val_error, measured.energy_kwh, losses, measured.status)


def distinct(keys: Iterable[Key]) -> list[Key]:
    """Without repetitions, in the order of first appearance."""
    return list(dict.fromkeys(keys))


def misfit(space: SearchSpace, config: Config) -> str:
    """Why this is not a configuration of the space, valid or not; "" where it is one."""
    if not isinstance(config, tuple) or len(config) != len(space.dims):
        return f"{config!r} is not a tuple of {len(space.dims)} values"
    for value, dim in zip(config, space.dims, strict=True):
        if value not in dim.values:
            return f"{dim.name} = {value!r} is not one of {dim.values}"
    return ""


def changed_by_json(row: Row) -> str:
    """Why a row does not come back from JSON as it was; "" where it does."""
    back = json.loads(json.dumps([row.config, row.fidelity, row.key]))
    same = [tuple(back[0]), *back[1:]] == [row.config, row.fidelity, row.key]
    return "" if same else f"row {row.seq}: {row.config!r} at {row.fidelity!r} comes back as {back}"


def global_random_state() -> dict[str, Any]:
    """Everything that code which draws from a global generator, or sets torch's threads, would change."""
    state: dict[str, Any] = {"random": random.getstate()}
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002 - read, to see that nobody draws from it
    state["numpy.random"] = json.dumps(legacy, default=lambda array: array.tolist())
    if torch := sys.modules.get("torch"):
        state["torch"] = torch.get_rng_state().tolist()
        state["torch threads"] = torch.get_num_threads()
    return state
