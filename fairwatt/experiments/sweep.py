"""Train every cell of a space at every epoch budget, and survive being stopped.

Worker processes train bundles and write each finished one as a small sealed part, atomically.
Stopping at any moment, by any signal, loses only the bundles in flight; running again trains what
has no part yet. A part depends on its bundle alone, never on workers, order or interruptions.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fairwatt.experiments.recipe import Recipe
from fairwatt.experiments.sweep_spec import (
    BundleSpec,
    SweepError,
    SweepSpec,
    adjacency,
    bundles,
    load_spec,
)
from fairwatt.sealed import read_sealed, write_atomically, write_sealed

SWEEPS = Path("sweeps")

Progress = Callable[[int, int], None]
"""Called with (done, in all)."""


@dataclass(frozen=True)
class SweepStatus:
    """Bundles and trainings, done and in all."""

    bundles_done: int
    bundles: int
    trainings_done: int
    trainings: int


def run_sweep(
    spec_path: Path, workers: int = 1, progress: Progress | None = None, *, folder: Path = SWEEPS
) -> SweepStatus:
    """Train what has no part yet, with `workers` processes of one thread each.

    Progress counts bundles. Raises SweepError where the folder holds another sweep of this name,
    or a training failed.
    """
    if workers < 1:
        raise SweepError(f"workers = {workers}: expected at least 1")
    spec = load_spec(spec_path)
    home = folder / spec.name
    _claim(home, spec)
    everything = bundles(spec)
    pending = [bundle for bundle in everything if not _part(home, bundle).is_file()]
    done = len(everything) - len(pending)
    if progress:
        progress(done, len(everything))
    for bundle, cpu_seconds in _train_all(home, pending, workers):
        with (home / "cpu-seconds.csv").open("a", encoding="utf-8") as log:
            log.write(f"{bundle.name},{len(bundle.nets)},{cpu_seconds:.3f}\n")
        done += 1
        if progress:
            progress(done, len(everything))
    return sweep_status(spec_path, folder=folder)


def sweep_status(spec_path: Path, *, folder: Path = SWEEPS) -> SweepStatus:
    """What is done of a sweep. Raises SweepError for a file that is none."""
    spec = load_spec(spec_path)
    everything = bundles(spec)
    done = [bundle for bundle in everything if _part(folder / spec.name, bundle).is_file()]
    return SweepStatus(
        len(done),
        len(everything),
        sum(len(bundle.nets) for bundle in done),
        sum(len(bundle.nets) for bundle in everything),
    )


def read_parts(spec: SweepSpec, *, folder: Path = SWEEPS) -> Iterator[tuple[BundleSpec, list[dict[str, Any]]]]:
    """Each bundle with its nets' results (the fields of `training.Trained`), in bundle order.

    Raises SweepError for a part that is missing or holds another bundle, DamagedFileError.
    """
    for bundle in bundles(spec):
        path = _part(folder / spec.name, bundle)
        if not path.is_file():
            raise SweepError(f"{path}: no such part; finish the sweep first: fairwatt sweep run")
        part = read_sealed(path)
        if part["bundle"] != _jsonable(bundle):
            raise SweepError(f"{path}: holds another bundle than {bundle.name} of {spec.name}; delete it and run again")
        yield bundle, part["results"]


def train_bundle(bundle: BundleSpec) -> dict[str, Any]:
    """The part of one bundle. A net's streams are keyed by (graph hash, epochs, repeat)."""
    from fairwatt.experiments import digits
    from fairwatt.experiments.training import Net, train

    nets = [Net(net.ops, (int(net.hash, 16), bundle.epochs, net.repeat)) for net in bundle.nets]
    trained = train(adjacency(bundle.edges), nets, bundle.epochs, digits.load(), Recipe())
    return {"bundle": _jsonable(bundle), "results": [_jsonable(result) for result in trained]}


def _train_all(home: Path, pending: list[BundleSpec], workers: int) -> Iterator[tuple[BundleSpec, float]]:
    """Hand bundles to workers through pipes: a worker whose parent is gone reads EOF and ends."""
    context = get_context("spawn")
    waiting = iter(pending)
    working: dict[Connection, BundleSpec] = {}
    for _ in range(min(workers, len(pending))):
        ours, theirs = context.Pipe()
        context.Process(target=_work, args=(theirs, home), daemon=True).start()
        theirs.close()
        working[ours] = next(waiting)
        ours.send(working[ours])
    while working:
        for ready in wait(list(working)):
            assert isinstance(ready, Connection)
            bundle = working.pop(ready)
            try:
                answer = ready.recv()
            except EOFError:
                answer = "its worker process died"
            if isinstance(answer, str):
                raise SweepError(f"bundle {bundle.name} failed: {answer}")
            following = next(waiting, None)
            if following is None:
                ready.close()
            else:
                working[ready] = following
                ready.send(following)
            yield bundle, answer


def _work(connection: Connection, home: Path) -> None:
    """A worker process: bundles in; CPU seconds, or a line on what failed, out."""
    from fairwatt.experiments.training import one_quiet_thread

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; its end is an EOF here
    one_quiet_thread()
    while True:
        try:
            bundle = connection.recv()
            began = time.process_time()
            try:
                write_sealed(_part(home, bundle), train_bundle(bundle))
                connection.send(time.process_time() - began)
            except Exception as fault:  # whatever it is, the parent says it in one line
                connection.send(f"{type(fault).__name__}: {fault}")
        except (EOFError, BrokenPipeError):
            return


def _claim(home: Path, spec: SweepSpec) -> None:
    """Make the folder this sweep's, or see that it is: parts of two settings must not mix.

    Where repeats are bundled apart, another number of them is the same sweep, shorter or longer.
    """
    own = home / "sweep.json"
    settings = {"sweep": _jsonable(spec), "recipe": _jsonable(Recipe())}
    if spec.repeats_apart:
        del settings["sweep"]["repeats"]
    if not own.is_file():
        write_atomically(own, json.dumps(settings, indent=1).encode())
    elif json.loads(own.read_bytes()) != settings:
        raise SweepError(f"{home}: holds a sweep with other settings; move it, or rename this one")


def _part(home: Path, bundle: BundleSpec) -> Path:
    return home / "parts" / f"{bundle.name}.json"


def _jsonable(record: Any) -> Any:
    return json.loads(json.dumps(asdict(record)))
