"""A small study of the invented table, really run: what the tests of the fairness audit tamper with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import fairwatt
from fairwatt.analysis.load import Results
from fairwatt.analysis.spend import Overhead
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import sensitivity_books
from fairwatt.budget import Budget
from fairwatt.fairness.evidence import Evidence
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Benchmark, Reference
from fairwatt.records import Request, Row, Run

SPACE = "toy-cells"
BUDGET = "14 full"
ARMS = ("rs", "hb", "semoa-release")
CLEAN = {"fairwatt": "0", "git": "0123456789ab", "system": "Linux x86_64"}


@cache
def table() -> tuple[Benchmark, Reference]:
    benchmark = fairwatt.make_benchmark(SPACE)
    return benchmark, benchmark.reference()


def record(
    budget: str,
    seeds: Iterable[int],
    arms: Sequence[str] = ARMS,
    *,
    policy: dict[str, Any] | None = None,
    long: bool = False,
    initial: int = 3,
) -> tuple[Run, ...]:
    """Searches; `long` enough to be priced under all sensitivity books, as those of a study are."""
    benchmark, reference = table()
    primary = AccountingPolicy.of(policy or {}, resumable=benchmark.resumable)
    books = sensitivity_books(primary, Budget.parse(budget), reference.tariff)[1:] if long else ()
    also = [(book.policy, book.budget.resolve(book.policy.currency, reference.tariff)) for book in books]
    return tuple(
        fairwatt.run(benchmark, arm, seed=seed, budget=budget, policy=primary, also=also, initial=initial)
        for arm in arms
        for seed in seeds
    )


@cache
def small() -> tuple[Run, ...]:
    """A study of three seeds at `BUDGET`."""
    return record(BUDGET, range(3))


def results(runs: Sequence[Run], budget: str, **fields: Any) -> Results:
    """The folder that a study of these runs would be."""
    arms, seeds = (list(dict.fromkeys(getattr(run.header, name) for run in runs)) for name in ("arm", "seed"))
    study = {
        "optimizers": [{"label": arm, "optimizer": arm, "settings": {}, "budget_factor": 1.0} for arm in arms],
        "seeds": seeds,
        "budgets": [budget],
        "reference": "rs",
        "initial": 3,
        "policy": {name: runs[0].header.policy[name] for name in ("currency", "exhaustion", "overhead")},
        "min_seeds": 20,
    }
    _, reference = table()
    quick = {(SPACE, arm): {seed: Overhead({budget: 1e-3}, 10.0, 1.0) for seed in seeds} for arm in arms}
    given = {"study": study, "references": {SPACE: reference}, "overheads": quick, "provenance": [CLEAN]} | fields
    return Results(folder=Path("nowhere"), runs={SPACE: tuple(runs)}, **{"missing": (), "extended": ()} | given)


def evidence(study: Results) -> Evidence:
    """Of one study, without verdicts."""
    return Evidence(study, compared(study))


def compared(study: Results, *, judged: bool = False) -> list[Comparison]:
    """Comparisons of a study; without verdicts, which take seconds, where nothing is about those."""
    found = [Comparison(runs, study.references[space], study.protocol) for space, runs in study.runs.items()]
    for comparison in found if not judged else ():
        comparison.__dict__["verdicts"] = ()
    return found


def tampered(runs: Sequence[Run], arm: str, change: Callable[[Run], Run]) -> tuple[Run, ...]:
    """The same runs, with one search of this arm, seed 1, changed."""
    return tuple(change(run) if (run.header.arm, run.header.seed) == (arm, 1) else run for run in runs)


def with_row(place: int, **fields: Any) -> Callable[[Run], Run]:
    """A change of one row of the books."""

    def change(run: Run) -> Run:
        rows: list[Row] = list(run.rows)
        rows[place] = rows[place]._replace(**fields)
        return replace(run, rows=tuple(rows))

    return change


def with_answer(place: int, change: Callable[[Request], Request]) -> Callable[[Run], Run]:
    """A change of one recorded answer, and of the row that holds it."""

    def changed(run: Run) -> Run:
        requests = list(run.requests)
        requests[place] = change(requests[place])
        moved = replace(run, requests=tuple(requests))
        answer = requests[place]
        return with_row(place, trial=answer.trial, key=answer.key, test_error=answer.test_error)(moved)

    return changed
