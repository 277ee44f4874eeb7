"""Tasks on Dask: processes on the loopback of this machine, or the workers of a scheduler that runs already.

Workers must see the folder that results are written to under the same path, have this version of fairwatt, and one
thread each: a second one's seconds would be counted in the first one's process time.
"""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.experiments.task_executor import DEATHS, Answer, Item

LOOPBACK = "127.0.0.1"
SECONDS_TO_CONNECT = 20


def dask_setup(worker: object) -> None:
    """What a worker process of our own cluster does first: leave Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class DaskExecutor:
    """scheduler: an address such as tcp://host:8786; a cluster of `workers` processes of its own where it is empty.

    A task whose worker dies is repeated elsewhere, at most DEATHS times. A stop, such as Ctrl-C, takes back what waits.
    Raises MissingExtraError without Dask.
    """

    def __init__(self, workers: int = 0, scheduler: str = "") -> None:
        try:
            import distributed
        except ImportError:
            raise MissingExtraError("the executor dask", "distributed", "dask") from None
        self._library: Any = distributed
        self._workers, self._scheduler = workers or os.cpu_count() or 1, scheduler

    def run(self, work: Callable[[Item], Answer], items: Sequence[Item]) -> Iterator[tuple[Item, Answer]]:
        """See `Executor`. Raises UserError for a scheduler that cannot be reached or is lost, and for other workers."""
        if not items:
            return
        with self._client(min(self._workers, len(items))) as client:
            futures = [client.submit(partial(_alone, work), item, pure=False) for item in items]
            places = {future.key: place for place, future in enumerate(futures)}
            try:
                for future in self._library.as_completed(futures, loop=client.loop):
                    try:
                        answer = future.result()
                    except self._library.KilledWorker:
                        raise UserError(
                            f"Dask's workers were killed {DEATHS} times in one task (out of memory?); "
                            "run the same command to go on, with fewer workers"
                        ) from None
                    except (CancelledError, self._library.comm.CommClosedError):
                        raise UserError(
                            f"scheduler {self._scheduler or 'of this machine'}: the connection was lost; what is "
                            "finished is kept: start it again, then run the same command to go on"
                        ) from None
                    yield items[places[future.key]], answer
            finally:
                with suppress(OSError):  # nobody is there any more
                    client.cancel(futures, force=True)

    @contextmanager
    def _client(self, workers: int) -> Iterator[Any]:
        library = self._library
        if self._scheduler:
            try:
                client = library.Client(self._scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
            except (OSError, ValueError) as fault:
                raise UserError(f"scheduler {self._scheduler!r}: no answer ({' '.join(str(fault).split())})") from None
            with _quiet(), client:
                yield client
            return
        import dask

        settings = {"distributed.scheduler.allowed-failures": DEATHS - 1}
        with (
            dask.config.set(settings),
            library.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host=LOOPBACK,
                dashboard_address=f"{LOOPBACK}:0",
                silence_logs=logging.CRITICAL,
                preload=[__name__],
            ) as cluster,
            library.Client(cluster, set_as_default=False) as client,
        ):
            yield client


def _alone(work: Callable[[Item], Answer], item: Item) -> Answer:
    """A worker's task. Raises UserError where others may run in its process at the same time."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads > 1:
        raise UserError(
            f"the Dask worker {worker.address} has {worker.state.nthreads} threads, whose seconds cannot be told "
            f"apart; start it anew: dask worker {worker.scheduler.address} --nthreads 1"
        )
    return work(item)


@contextmanager
def _quiet() -> Iterator[None]:
    """What the client has to say of a lost scheduler is raised, so it is not logged too."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client", "distributed.utils")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
