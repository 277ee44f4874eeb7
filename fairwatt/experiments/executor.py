"""Run the cells of a study. Whoever does it (see `task_executor`), the bytes on disk are the same."""

import json
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fairwatt.books import recording_books
from fairwatt.errors import UserError
from fairwatt.experiments.provenance import provenance
from fairwatt.experiments.runner import model_of, run
from fairwatt.experiments.store import Store
from fairwatt.experiments.study import Cell, Study, cells
from fairwatt.experiments.task_executor import check_executor, make_executor
from fairwatt.experiments.worlds import benchmark_of, cells_again, forget, reruns
from fairwatt.ledger import AccountingPolicy, price
from fairwatt.overhead import WATTS_PER_CORE, Stopwatch, charged_model
from fairwatt.problem import Benchmark
from fairwatt.runfile import read_run, write_reference, write_run
from fairwatt.sealed import is_intact

_SLOW = ("smac-mf", "bohb-hpbandster", "smac", "tpe", "mo-sh-bananas", "bananas", "ms-ehvi", "ea-bananas")
"""Begun first, so that no core waits for the last of them."""


@dataclass(frozen=True)
class Outcome:
    """What became of one cell. `error` is empty where it succeeded.

    cpu_seconds: of everything that was done for it. optimizer_seconds: what of them the optimizer computed until its
    account closed, by budget.
    """

    cell: Cell
    error: str
    cpu_seconds: float
    requests: int
    optimizer_seconds: Mapping[str, float] = field(default_factory=dict)


def run_study(
    study: Study,
    folder: Path,
    *,
    executor: str = "processes",
    workers: int = 0,
    scheduler: str = "",
    progress: Callable[[int, int, Outcome | None], None] = lambda done, total, outcome: None,
) -> list[Outcome]:
    """Run the cells that are not finished yet; what is finished is kept.

    executor: serial, processes or dask. workers: processes; the machine's cores where 0. scheduler: the address of one
    for dask. progress: called with (done, total, outcome) at the start and after each cell. Returns the outcomes of
    this call. Raises UserError for a folder that holds another study.
    """
    executing = make_executor(executor, workers, scheduler)
    store = Store(folder)
    everything = check_study(study, folder, executor)
    store.claim(study)
    store.plan(reruns(study))
    for cell in {cell.folder: cell for cell, _ in everything}.values():
        write_reference(store.reference_path(cell), benchmark_of(study, cell.space, cell.rerun).reference())
    store.note_provenance(provenance())
    todo = [cell for cell, path in everything if not is_intact(path)]
    todo.sort(key=_turn)
    done = len(everything) - len(todo)
    progress(done, len(everything), None)
    outcomes = []
    with store.open_timings() as timings:
        there = Store(folder.resolve())  # for workers that stand in another folder
        for _, outcome in executing.run(partial(run_cell, study, there), todo):
            done += 1
            outcomes.append(outcome)
            if not outcome.error:
                timings.write(json.dumps(_timing(study, outcome)) + "\n")
                timings.flush()
            progress(done, len(everything), outcome)
    return outcomes


def check_study(study: Study, folder: Path, executor: str, scheduler: str = "") -> list[tuple[Cell, Path]]:
    """The cells of a study, re-runs last, and their files, once everything that can be wrong before was looked at.

    Raises UserError: missing data, a budget of another currency, settings that an algorithm refuses, searches in the
    folder that were made by another version of an optimizer's or a space's code, ...
    """
    check_executor(executor, scheduler)
    forget()
    for space in study.spaces:
        benchmark = benchmark_of(study, space)
        benchmark.verify()
        fidelities = benchmark.fidelities
        for arm in study.optimizers:
            factory = arm.factory()
            factory.cycle_full(fidelities, factory.resolve(arm.settings))
            factory.check_extra()
            model = model_of(factory, benchmark)
            charged_model(_policy(study, benchmark).overhead, model.to_json() if model else None, factory.name)
    everything = paths(study, Store(folder))
    _check_code(study, everything)
    return everything


def _turn(cell: Cell) -> tuple[bool, int]:
    """The study's own searches before its re-runs, slow optimizers first among each."""
    optimizer = cell.arm.optimizer
    return bool(cell.rerun), _SLOW.index(optimizer) if optimizer in _SLOW else len(_SLOW)


def _check_code(study: Study, everything: list[tuple[Cell, Path]]) -> None:
    """Raise UserError where an arm's first finished search in a space was made by other code than there is now."""
    looked_at = set()
    for cell, path in everything:
        if (cell.folder, cell.arm.label) in looked_at or not is_intact(path):
            continue
        looked_at.add((cell.folder, cell.arm.label))
        header, space = read_run(path).header, benchmark_of(study, cell.space, cell.rerun).space
        for what, made, now in (
            (cell.arm.optimizer, header.code, cell.arm.factory().code),
            (f"the sampler of {cell.space}", header.sampler_code or space.sampler_code, space.sampler_code),
        ):
            if made != now:
                raise UserError(
                    f"{path}: made by another version of {what} ({made}, now {now}), and finished searches are not "
                    f"run again; choose another folder with --out, or delete {path.parent.parent.parent}"
                )


def paths(study: Study, store: Store) -> list[tuple[Cell, Path]]:
    """Every cell, re-runs last, with the file that it is, or will be, in."""
    everything, places = cells(study) + cells_again(study), {}
    for space, rerun in dict.fromkeys((cell.space, cell.rerun) for cell in everything):
        benchmark = benchmark_of(study, space, rerun)
        policy, tariff = _policy(study, benchmark), benchmark.tariff()
        for arm in study.optimizers:
            largest = max(study.largest(arm), key=lambda budget: budget.resolve(policy.currency, tariff))
            places[space, rerun, arm.label] = str(largest), policy.policy_id
    return [(cell, store.run_path(cell, *places[cell.space, cell.rerun, cell.arm.label])) for cell in everything]


def run_cell(study: Study, store: Store, cell: Cell) -> Outcome:
    """Run one cell and write its file; a failure is noted in a file of its own, and returned."""
    started = time.process_time()
    if not store.folder.is_dir():
        return Outcome(
            cell, f"{store.folder}: no such folder on this worker's machine; share it with all workers", 0.0, 0
        )
    benchmark = benchmark_of(study, cell.space, cell.rerun)
    policy, tariff = _policy(study, benchmark), benchmark.tariff()
    budgets = sorted(study.largest(cell.arm), key=lambda budget: budget.resolve(policy.currency, tariff))
    path = store.run_path(cell, str(budgets[-1]), policy.policy_id)
    books = [book for budget in budgets for book in recording_books(policy, budget, tariff) if not cell.rerun]
    stopwatch = Stopwatch()
    try:
        recorded = run(
            benchmark,
            cell.arm.factory(),
            seed=cell.seed,
            budget=budgets[-1],
            settings=cell.arm.settings,
            policy=policy,
            label=cell.arm.label,
            initial=study.changed(cell.rerun).initial,
            also=[(book.policy, book.budget.resolve(book.policy.currency, tariff)) for book in books],
            stopwatch=stopwatch,
        )
        write_run(path, recorded)
    except UserError as error:
        store.fail(path, str(error))
        return Outcome(cell, str(error), time.process_time() - started, 0)
    except (Exception, SystemExit) as error:  # one broken optimizer must not take the other arms with it
        store.fail(path, traceback.format_exc())
        return Outcome(cell, f"{type(error).__name__}: {error}", time.process_time() - started, 0)
    store.failure_path(path).unlink(missing_ok=True)
    until = {str(b): price(recorded, policy, b.resolve(policy.currency, tariff), str(b)) for b in budgets}
    seconds = {budget: stopwatch.laps[len(closed) - 1] for budget, closed in until.items() if len(closed)}
    return Outcome(cell, "", time.process_time() - started, len(recorded.requests), seconds)


def _policy(study: Study, benchmark: Benchmark) -> AccountingPolicy:
    return AccountingPolicy.of(study.policy, resumable=benchmark.resumable)


def _timing(study: Study, outcome: Outcome) -> dict[str, object]:
    return {
        "space": outcome.cell.folder,
        "arm": outcome.cell.arm.label,
        "seed": outcome.cell.seed,
        "cpu_seconds": round(outcome.cpu_seconds, 4),
        "requests": outcome.requests,
        "optimizer_seconds": {budget: round(seconds, 6) for budget, seconds in outcome.optimizer_seconds.items()},
        "watts_per_core": WATTS_PER_CORE,
        "pue": benchmark_of(study, outcome.cell.space).pue,
    }
