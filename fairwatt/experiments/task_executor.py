"""Who does many independent tasks: this process, several on this machine, or Dask's workers. Results are the same.

A task writes its own file, whole or not at all, so whatever stops an executor, finished tasks stay finished. What comes
back is an item and the task's answer, in the order in which they are ready.
"""

import os
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, TypeVar

from fairwatt.errors import UnknownNameError, UserError

EXECUTORS = ("serial", "processes", "dask")
DEATHS = 3
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Executor(Protocol):
    """Does `work(item)` for every item; both travel to other processes, and so do answers."""

    def run(self, work: Callable[[Item], Answer], items: Sequence[Item]) -> Iterator[tuple[Item, Answer]]:
        """Items with their answers, as they come. Raises UserError where workers keep dying."""


def make_executor(name: str, workers: int = 0, scheduler: str = "", *, patient: bool = True) -> Executor:
    """An executor by name. workers: 0 takes every core. scheduler: the address of a Dask scheduler that runs already.

    patient: whether a stop waits for the tasks that run now. Raises UnknownNameError, and UserError for an address that
    is not asked for; MissingExtraError without Dask.
    """
    check_executor(name, scheduler)
    if name == "serial":
        return Serial()
    if name == "processes":
        return Processes(workers, patient=patient)
    from fairwatt.experiments.dask_executor import DaskExecutor

    return DaskExecutor(workers, scheduler)


def check_executor(name: str, scheduler: str = "") -> None:
    """Pass where `make_executor` would know the name. Raises as it does."""
    if name not in EXECUTORS:
        raise UnknownNameError("executor", name, EXECUTORS)
    if scheduler and name != "dask":
        raise UserError(f"scheduler {scheduler!r}: it is for the executor dask, not {name}")


class Serial:
    """One after the other, in this process."""

    def run(self, work: Callable[[Item], Answer], items: Sequence[Item]) -> Iterator[tuple[Item, Answer]]:
        """See `Executor`."""
        for item in items:
            yield item, work(item)


class Processes:
    """Processes of one thread each on this machine, which end with this one.

    A task whose process is killed is given to a new one, DEATHS times in all. A stop, such as Ctrl-C, lets the tasks
    that run now be finished if it is patient; a second one never waits for them.
    """

    def __init__(self, workers: int = 0, *, patient: bool = True) -> None:
        self._workers, self._patient = workers or os.cpu_count() or 1, patient

    def run(self, work: Callable[[Item], Answer], items: Sequence[Item]) -> Iterator[tuple[Item, Answer]]:
        """See `Executor`."""
        waiting, deaths = deque(enumerate(items)), Counter[int]()
        busy: dict[Connection, tuple[BaseProcess, int]] = {}
        begun: list[tuple[Connection, BaseProcess]] = []
        with _one_thread_each():
            try:
                while waiting or busy:
                    while waiting and len(busy) < self._workers:
                        ours, process = _begin(work)
                        begun.append((ours, process))
                        _give(waiting.popleft(), ours, process, busy)
                    for ready in wait(list(busy)):
                        assert isinstance(ready, Connection)
                        process, place = busy.pop(ready)
                        try:
                            answer = ready.recv()
                        except (EOFError, ConnectionResetError):
                            deaths[place] += 1
                            if deaths[place] == DEATHS:
                                raise UserError(_gave_up(len(waiting) + len(busy) + 1)) from None
                            waiting.appendleft((place, items[place]))
                            continue
                        if isinstance(answer, _Raised):
                            raise RuntimeError(answer.traceback)
                        if waiting:
                            _give(waiting.popleft(), ready, process, busy)
                        else:
                            ready.close()
                        yield items[place], answer
            finally:
                _finish(busy, self._patient)
                for connection, process in begun:
                    connection.close()  # at which an idle worker ends
                    process.join()


def _give(
    task: tuple[int, Any], connection: Connection, process: BaseProcess, busy: dict[Connection, tuple[BaseProcess, int]]
) -> None:
    place, item = task
    with suppress(BrokenPipeError, ConnectionResetError):  # it died in the meantime: its end of the pipe will say so
        connection.send(item)
    busy[connection] = process, place  # last: a stop in between must not wait for an answer to what was never asked


def _begin(work: Callable[[Any], Any]) -> tuple[Connection, BaseProcess]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _finish(busy: dict[Connection, tuple[BaseProcess, int]], patient: bool) -> None:
    """Wait for the tasks that run now, or end them; no others begin."""
    for connection, (process, _) in busy.items():
        if patient:
            wait([connection, process.sentinel])
        else:
            process.terminate()


def _serve(connection: Connection, work: Callable[[Any], Any]) -> None:
    """A worker process: items in, answers out."""
    become_worker()
    while True:
        try:
            item = connection.recv()
        except (EOFError, ConnectionResetError):  # the parent asks for no more, or did not read the last answer
            return
        try:
            answer = work(item)
        except Exception:  # tasks answer with what is expected to fail: this is a defect, and the parent's to raise
            answer = _Raised(traceback.format_exc())
        try:
            connection.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return


@dataclass(frozen=True)
class _Raised:
    """An answer that is an exception: as text, because not every exception survives the journey."""

    traceback: str


def become_worker() -> None:
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


def _gave_up(left: int) -> str:
    return (
        f"worker processes were killed {DEATHS} times in one task (out of memory?), {left} tasks are left; "
        "run the same command to go on, with fewer --workers"
    )
