"""Who runs the cells of a study: this process, or several. The bytes on disk are the same."""

import json
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path

from fairwatt.books import sensitivity_books
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.provenance import provenance
from fairwatt.experiments.runner import run
from fairwatt.experiments.store import Store
from fairwatt.experiments.study import Cell, Study, cells
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Benchmark
from fairwatt.registry import make_benchmark
from fairwatt.runfile import write_reference, write_run
from fairwatt.sealed import is_intact

EXECUTORS = ("serial", "processes")
POOLS = 3
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_SLOW_FIRST = {"bananas": 0, "bohb": 1, "hb": 2}


@dataclass(frozen=True)
class Outcome:
    """What became of one cell. `error` is empty where it succeeded."""

    cell: Cell
    error: str
    cpu_seconds: float
    requests: int


def run_study(
    study: Study,
    folder: Path,
    *,
    executor: str = "processes",
    workers: int = 0,
    progress: Callable[[int, int, Outcome | None], None] = lambda done, total, outcome: None,
) -> list[Outcome]:
    """Run the cells that are not finished yet; what is finished is kept.

    workers: processes; the machine's cores where 0. progress: called with (done, total, outcome) at the start and
    after each cell. Returns the outcomes of this call. Raises UserError for a folder that holds another study.
    """
    store = Store(folder)
    everything = check_study(study, folder, executor)
    store.claim(study)
    for space in study.spaces:
        write_reference(store.reference_path(space), _benchmark(study, space).reference())
    store.note_provenance(provenance())
    todo = [cell for cell, path in everything if not is_intact(path)]
    todo.sort(key=lambda cell: _SLOW_FIRST.get(cell.arm.optimizer, 9))
    done = len(everything) - len(todo)
    progress(done, len(everything), None)
    outcomes = []
    with (folder / "timings.jsonl").open("a", encoding="utf-8") as timings:
        for outcome in _serial(study, store, todo) if executor == "serial" else _processes(study, store, todo, workers):
            done += 1
            outcomes.append(outcome)
            if not outcome.error:
                timings.write(json.dumps(_timing(outcome)) + "\n")
                timings.flush()
            progress(done, len(everything), outcome)
    return outcomes


def check_study(study: Study, folder: Path, executor: str) -> list[tuple[Cell, Path]]:
    """The cells of a study and their files, once everything that can be wrong before the first search was looked at.

    Raises UserError: missing data, a budget of another currency, settings that an algorithm refuses, ...
    """
    if executor not in EXECUTORS:
        raise UnknownNameError("executor", executor, EXECUTORS)
    for space in study.spaces:
        benchmark = _benchmark(study, space)
        benchmark.verify()
        fidelities = benchmark.fidelities
        for arm in study.optimizers:
            factory = arm.factory()
            factory.cycle_full(fidelities, factory.resolve(arm.settings))
    return paths(study, Store(folder))


def paths(study: Study, store: Store) -> list[tuple[Cell, Path]]:
    """Every cell with the file that it is, or will be, in."""
    places = {}
    for space in study.spaces:
        policy = _policy(study, _benchmark(study, space))
        for arm in study.optimizers:
            budgets = study.largest(arm)
            tariff = _benchmark(study, space).tariff()
            largest = max(budgets, key=lambda budget: budget.resolve(policy.currency, tariff))
            places[space, arm.label] = str(largest), policy.policy_id
    return [(cell, store.run_path(cell, *places[cell.space, cell.arm.label])) for cell in cells(study)]


def run_cell(study: Study, store: Store, cell: Cell) -> Outcome:
    """Run one cell and write its file; a failure is noted in a file of its own, and returned."""
    started = time.process_time()
    benchmark = _benchmark(study, cell.space)
    policy, tariff = _policy(study, benchmark), benchmark.tariff()
    budgets = sorted(study.largest(cell.arm), key=lambda budget: budget.resolve(policy.currency, tariff))
    path = store.run_path(cell, str(budgets[-1]), policy.policy_id)
    books = [book for budget in budgets for book in sensitivity_books(policy, budget, tariff)]
    try:
        recorded = run(
            benchmark,
            cell.arm.factory(),
            seed=cell.seed,
            budget=budgets[-1],
            settings=cell.arm.settings,
            policy=policy,
            label=cell.arm.label,
            initial=study.initial,
            also=[(book.policy, book.budget.resolve(book.policy.currency, tariff)) for book in books],
        )
        write_run(path, recorded)
    except UserError as error:
        store.fail(path, str(error))
        return Outcome(cell, str(error), time.process_time() - started, 0)
    except (Exception, SystemExit) as error:  # one broken optimizer must not take the other arms with it
        store.fail(path, traceback.format_exc())
        return Outcome(cell, f"{type(error).__name__}: {error}", time.process_time() - started, 0)
    store.failure_path(path).unlink(missing_ok=True)
    return Outcome(cell, "", time.process_time() - started, len(recorded.requests))


def _serial(study: Study, store: Store, todo: Iterable[Cell]) -> Iterator[Outcome]:
    for cell in todo:
        yield run_cell(study, store, cell)


def _processes(study: Study, store: Store, todo: Sequence[Cell], workers: int) -> Iterator[Outcome]:
    """Outcomes as they come. Where a worker is killed a new pool goes on, twice; then it is said."""
    left = list(todo)
    for _ in range(POOLS):
        try:
            for outcome in _one_pool(study, store, left, min(workers or os.cpu_count() or 1, max(len(left), 1))):
                left.remove(outcome.cell)
                yield outcome
        except BrokenProcessPool:
            continue
        return
    raise UserError(
        f"worker processes were killed {POOLS} times (out of memory?), {len(left)} searches are left; "
        "run the same command to go on, with fewer --workers"
    )


def _one_pool(study: Study, store: Store, todo: Sequence[Cell], workers: int) -> Iterator[Outcome]:
    with _one_thread_each(), _pool(workers) as pool:
        waiting: set[Future[Outcome]] = {pool.submit(run_cell, study, store, cell) for cell in todo}
        try:
            while waiting:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)  # what runs now is finished, what waits is not begun
            raise


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_become_worker)


def _become_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it is gone, even if it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers inherit one BLAS thread each: more would spin against each other."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _benchmark(study: Study, space: str) -> Benchmark:
    return _made(space, study.sampler, study.energy, study.suspect)


@lru_cache(maxsize=16)
def _made(space: str, sampler: str, energy: str | None, suspect: str) -> Benchmark:
    chosen = ({} if energy is None else {"energy": energy}) | ({} if suspect == "keep" else {"suspect": suspect})
    return make_benchmark(space, sampler=sampler, **chosen)


def _policy(study: Study, benchmark: Benchmark) -> AccountingPolicy:
    return AccountingPolicy.of(study.policy, resumable=benchmark.resumable)


def _timing(outcome: Outcome) -> dict[str, object]:
    return {
        "space": outcome.cell.space,
        "arm": outcome.cell.arm.label,
        "seed": outcome.cell.seed,
        "cpu_seconds": round(outcome.cpu_seconds, 4),
        "requests": outcome.requests,
    }
