"""Train all that a sweep plans, and survive being stopped.

Bundles are trained by an executor; each finished one is written as a small sealed part, atomically.
Stopping at any moment, by any signal, loses only the bundles in flight; running again trains what
has no part yet. On CPUs of one kind a part depends on its bundle alone, never on workers, order or
interruptions: measured seconds and joules, where a sweep has them, aside. On CUDA this is not
promised: its kernels may add in another order each time, and training amplifies that round-off.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fairwatt.errors import UserError
from fairwatt.experiments.metering import Metering
from fairwatt.experiments.own_bundle import OwnBundle
from fairwatt.experiments.own_sweep import OwnSweep
from fairwatt.experiments.process_lock import HeldError, holding
from fairwatt.experiments.sweep_plan import Bundle, BundleT, Plan, load_plan
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.experiments.task_executor import make_executor
from fairwatt.sealed import read_sealed, remove_leftovers, write_atomically, write_sealed

SWEEPS = Path("sweeps")

Progress = Callable[[int, int], None]
"""Called with (done, in all)."""


@dataclass(frozen=True)
class SweepStatus:
    """Bundles and trainings, done and in all.

    what: is trained, in words. cpu_hours: that finished bundles took, as far as they are on file. caution: what the
    sweep will be too little for, if it is.
    """

    bundles_done: int
    bundles: int
    trainings_done: int
    trainings: int
    what: str = ""
    cpu_hours: float = 0.0
    caution: str = ""

    @property
    def cpu_hours_left(self) -> float:
        """If trainings go on to take what they took."""
        return self.cpu_hours * (self.trainings - self.trainings_done) / max(self.trainings_done, 1)


def run_sweep(
    spec_path: Path,
    workers: int = 1,
    progress: Progress | None = None,
    *,
    folder: Path = SWEEPS,
    executor: str = "processes",
    scheduler: str = "",
) -> SweepStatus:
    """Train what has no part yet, with `workers` processes of one thread each, every core's where 0.

    executor: serial, processes or dask. scheduler: the address of one for dask. Progress counts bundles. A sweep whose
    meter counts whole devices is trained by one worker on each machine or GPU. Raises SweepError where the folder holds
    another sweep of this name, or one that another process trains now, or that began with another meter; for more
    workers than may be, and where a training failed; UserError for a wrong executor.
    """
    if workers < 0:
        raise SweepError(f"workers = {workers}: expected at least 1, or 0 for every core")
    plan = load_plan(spec_path).checked()
    if plan.alone and not scheduler:
        if workers > 1:
            raise SweepError(f"{spec_path}: {plan.alone}, so one training runs at a time: --workers 1")
        workers = 1
    executing = make_executor(executor, workers, scheduler, patient=False)
    home = folder / plan.name
    with _trained_by_this_process(home):
        _claim(home, plan)
        if isinstance(plan, OwnSweep) and not scheduler:
            _claim_meter(home, plan.metering)
        remove_leftovers(home / "parts")
        everything = plan.bundles()
        pending = [bundle for bundle in everything if not _part(home, bundle).is_file()]
        done = len(everything) - len(pending)
        if progress:
            progress(done, len(everything))
        for bundle, answer in executing.run(partial(train_part, home.resolve()), pending):
            if isinstance(answer, str):
                raise SweepError(f"bundle {bundle.name} failed: {answer}")
            if answer:
                with (home / "cpu-seconds.csv").open("a", encoding="utf-8") as log:
                    log.write(f"{bundle.name},{bundle.size},{answer:.3f}\n")
            done += 1
            if progress:
                progress(done, len(everything))
    return sweep_status(spec_path, folder=folder)


@contextmanager
def _trained_by_this_process(home: Path) -> Iterator[None]:
    """Keep other processes from training this sweep too. Raises SweepError where one does."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        with holding(home / "running.lock"):
            yield
    except HeldError as held:
        raise SweepError(f"{home}: {held.holder} trains this sweep; wait for it, or stop it and run again") from None


def sweep_status(spec_path: Path, *, folder: Path = SWEEPS) -> SweepStatus:
    """What is done of a sweep. Raises SweepError for a file that is none."""
    plan = load_plan(spec_path)
    everything = plan.bundles()
    done = [bundle for bundle in everything if _part(folder / plan.name, bundle).is_file()]
    trainings = sum(bundle.size for bundle in done)
    return SweepStatus(
        len(done),
        len(everything),
        trainings,
        sum(bundle.size for bundle in everything),
        plan.what,
        _cpu_hours(folder / plan.name, {bundle.name for bundle in done}, trainings),
        plan.caution if isinstance(plan, OwnSweep) else "",
    )


def read_parts(plan: Plan[BundleT], *, folder: Path = SWEEPS) -> Iterator[tuple[BundleT, list[dict[str, Any]]]]:
    """Each bundle with its results, in bundle order.

    Raises SweepError for a part that is missing or holds another bundle, DamagedFileError.
    """
    for bundle in plan.bundles():
        path = _part(folder / plan.name, bundle)
        if not path.is_file():
            raise SweepError(f"{path}: no such part; finish the sweep first: fairwatt sweep run")
        part = read_sealed(path)
        if part["bundle"] != _jsonable(bundle.record()):
            raise SweepError(f"{path}: holds another bundle than {bundle.name} of {plan.name}; delete it and run again")
        yield bundle, part["results"]


def train_part(home: Path, bundle: Bundle) -> float | str:
    """A worker's task: train one bundle and write its part; CPU seconds, or a line on what failed.

    What failed is text, whatever it was: the parent says it in one line. A part that is there is left alone, and so is
    one that came meanwhile, of a worker whose parent is gone: 0 seconds.
    """
    from fairwatt.experiments.training import one_quiet_thread

    if not home.is_dir():
        return f"{home}: no such folder on this worker's machine; share it with all workers"
    began, path = time.process_time(), _part(home, bundle)
    try:
        if path.is_file():
            return 0.0
        if isinstance(bundle, OwnBundle):
            _claim_meter(home, bundle.sweep.metering)
        one_quiet_thread()
        part = part_of(bundle)
        if path.is_file():
            return 0.0
        write_sealed(path, part)
    except Exception as fault:
        return str(fault) if isinstance(fault, UserError) else f"{type(fault).__name__}: {fault}"
    return time.process_time() - began


def _claim(home: Path, plan: Plan[Any]) -> None:
    """Make the folder this sweep's, or see that it is: parts of two settings must not mix."""
    own = home / "sweep.json"
    settings = _jsonable(plan.settings())
    if not own.is_file():
        write_atomically(own, json.dumps(settings, indent=1).encode())
    elif json.loads(own.read_bytes()) != settings:
        raise _other_settings(home)


def _claim_meter(home: Path, metering: Metering) -> None:
    """Make the folder's trainings this meter's and device's, or see that they are: joules of two kinds must not mix.

    "auto" is what works where one is. Raises SweepError.
    """
    own, here = home / "metering.json", dict(metering.here())
    if not own.is_file():
        write_atomically(own, json.dumps(here, indent=1).encode())
    began = json.loads(own.read_bytes())
    if began != here:
        raise SweepError(
            f"{home}: began with {_metering_words(began)}, and would go on with {_metering_words(here)}: joules and "
            "seconds of two kinds do not mix; go on where it began, or rename this sweep and begin anew"
        )


def _metering_words(metering: Mapping[str, str]) -> str:
    on = f" ({metering['hardware']})" if metering.get("hardware") else ""
    return f"meter {metering.get('meter')} on {metering.get('device')}{on}"


def _other_settings(home: Path) -> SweepError:
    return SweepError(f"{home}: holds a sweep with other settings; move it, or rename this one")


def check_settings(plan: Plan[Any], *, folder: Path = SWEEPS) -> None:
    """Raise SweepError where the folder of this name holds another sweep."""
    own = folder / plan.name / "sweep.json"
    if own.is_file() and json.loads(own.read_bytes()) != _jsonable(plan.settings()):
        raise _other_settings(own.parent)


def part_of(bundle: Bundle) -> dict[str, Any]:
    """Train one bundle: what its part holds."""
    return {"bundle": _jsonable(bundle.record()), "results": _jsonable(bundle.train())}


def _cpu_hours(home: Path, done: set[str], trainings: int) -> float:
    """Of all finished trainings; those whose seconds were lost with a killed parent count as the mean of the others."""
    log = home / "cpu-seconds.csv"
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    found = {line.split(",")[0]: line.split(",")[1:] for line in lines if line.count(",") == 2}
    known = [(int(size), float(seconds)) for name, (size, seconds) in found.items() if name in done]
    timed = sum(size for size, _ in known)
    return sum(seconds for _, seconds in known) / 3600 * trainings / timed if timed else 0.0


def _part(home: Path, bundle: Bundle) -> Path:
    return home / "parts" / f"{bundle.name}.json"


def _jsonable(data: Any) -> Any:
    return json.loads(json.dumps(data))
