"""Whoever does the tasks, the answers are the same, and a worker that dies costs only time."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from multiprocessing import active_children
from pathlib import Path

import pytest

from fairwatt.errors import MissingExtraError, UserError
from fairwatt.experiments.task_executor import DEATHS, EXECUTORS, Executor, check_executor, make_executor

ITEMS = (5, 3, 8, 1)

dask = pytest.mark.filterwarnings("default")
"""Dask's own warnings are not errors of fairwatt."""


CLUSTER = """
import sys
import distributed

if __name__ == "__main__":
    settings = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=int(sys.argv[1]), silence_logs=50, **settings) as own:
        print(own.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address and the process of a Dask scheduler with one worker of so many threads."""
    pytest.importorskip("distributed")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER, str(request.param)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        process.kill()


def executor(name: str, workers: int = 2) -> Executor:
    if name == "dask":
        pytest.importorskip("distributed")
    return make_executor(name, workers)


def square(number: int) -> int:
    return number**2


def die_once(folder: Path, number: int) -> int:
    """The first worker that gets 8 is killed in the middle of it."""
    marker = folder / "died"
    if number == 8 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def die(folder: Path, number: int) -> int:
    with (folder / "deaths").open("a") as log:
        log.write("x")
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def square_or_hang(number: int) -> int:
    if number == 3:
        threading.Event().wait()
    return number**2


def fail(number: int) -> int:
    raise LookupError(f"no square of {number}")


@dask
@pytest.mark.slow
@pytest.mark.parametrize("name", EXECUTORS)
def test_every_item_is_answered_once(name: str) -> None:
    assert sorted(executor(name).run(square, ITEMS)) == sorted((item, item**2) for item in ITEMS)
    assert list(executor(name).run(square, ())) == []


def test_in_this_process_items_come_in_their_order() -> None:
    assert list(executor("serial").run(square, ITEMS)) == [(item, item**2) for item in ITEMS]


@dask
@pytest.mark.slow
@pytest.mark.parametrize("name", ["processes", "dask"])
def test_the_task_of_a_killed_worker_is_done_again(tmp_path: Path, name: str) -> None:
    found = list(executor(name).run(partial(die_once, tmp_path), ITEMS))
    assert sorted(found) == sorted((item, item**2) for item in ITEMS)
    assert (tmp_path / "died").exists()


@dask
@pytest.mark.slow
@pytest.mark.parametrize("name", ["processes", "dask"])
def test_a_task_that_kills_its_workers_is_given_up(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"were killed {DEATHS} times in one task"):
        list(executor(name, 1).run(partial(die, tmp_path), (1,)))
    assert (tmp_path / "deaths").read_text() == DEATHS * "x"


@pytest.mark.slow
def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match=r"LookupError: no square of 5"):
        list(executor("processes", 1).run(fail, ITEMS))


@pytest.mark.slow
def test_who_stops_asking_ends_the_workers() -> None:
    answers = make_executor("processes", 2, patient=False).run(square, ITEMS)
    next(answers)
    assert active_children()
    answers.close()  # type: ignore[attr-defined]
    assert not active_children()


def test_names_and_addresses_that_do_not_fit() -> None:
    with pytest.raises(UserError, match="did you mean 'dask'"):
        check_executor("dusk")
    with pytest.raises(UserError, match="it is for the executor dask, not serial"):
        make_executor("serial", 1, "tcp://localhost:8786")


def test_dask_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"fairwatt\[dask\]"):
        make_executor("dask")


@dask
@pytest.mark.slow
def test_a_scheduler_that_runs_is_used_and_left_running() -> None:
    distributed = pytest.importorskip("distributed")
    from fairwatt.experiments import dask_executor

    settings = {"host": "127.0.0.1", "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, **settings) as cluster:
        address = cluster.scheduler_address
        for _ in range(2):
            assert dict(make_executor("dask", scheduler=address).run(square, ITEMS)) == {i: i**2 for i in ITEMS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask_executor, "SECONDS_TO_CONNECT", 1)
        with pytest.raises(UserError, match="no answer"):
            list(make_executor("dask", scheduler=address).run(square, ITEMS))


@dask
@pytest.mark.slow
@pytest.mark.parametrize("cluster", [2], indirect=True)
def test_a_worker_of_several_threads_is_refused(cluster: tuple[str, subprocess.Popen[str]]) -> None:
    address, _ = cluster
    wanted = rf"worker tcp://.* has 2 threads, .* start it anew: dask worker {address} --nthreads 1$"
    with pytest.raises(UserError, match=wanted):
        list(make_executor("dask", scheduler=address).run(square, ITEMS))


@dask
@pytest.mark.slow
@pytest.mark.parametrize("cluster", [1], indirect=True)
def test_a_scheduler_that_is_killed_is_one_line_and_what_was_done_stays(
    cluster: tuple[str, subprocess.Popen[str]],
) -> None:
    address, process = cluster
    answers = make_executor("dask", scheduler=address).run(square_or_hang, ITEMS)
    assert next(iter(answers)) == (5, 25)
    process.kill()
    with pytest.raises(UserError, match=rf"scheduler {address}: the connection was lost; what is finished is kept"):
        list(answers)
