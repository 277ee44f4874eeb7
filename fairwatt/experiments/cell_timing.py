"""CPU time of one training step of each cell alone, on one thread: what a table calls seconds.

A sweep trains bundles, whose time cannot be divided among their nets, so time is taken in a pass
of its own. Thread CPU time and the median of a dozen steps keep other processes mostly out of it;
a quiet machine does the rest.
"""

import time
from pathlib import Path

import numpy as np

from fairwatt.experiments.recipe import Recipe
from fairwatt.experiments.sweep import SWEEPS, Progress
from fairwatt.experiments.sweep_spec import adjacency, cells, load_spec
from fairwatt.search_spaces.cell import graph_hash

WARM_UP_STEPS, TIMED_STEPS = 3, 12


def cell_step_seconds(spec_path: Path, progress: Progress | None = None, *, folder: Path = SWEEPS) -> dict[str, float]:
    """CPU seconds of a training step by graph hash, measured where not yet on file.

    The file `step-seconds.csv` of the sweep's folder grows by a line a cell; running again goes on.
    """
    spec = load_spec(spec_path)
    path = folder / spec.name / "step-seconds.csv"
    seconds = _read(path)
    everything = [(graph_hash(adjacency(edges), ops), edges, ops) for edges, ops in cells(spec)]
    pending = [cell for cell in everything if cell[0] not in seconds]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:  # anew: the last line may have been torn
        file.writelines(f"{name},{value!r}\n" for name, value in seconds.items())
        for done, (name, edges, ops) in enumerate(pending, start=len(seconds) + 1):
            seconds[name] = _measure(edges, ops)
            file.write(f"{name},{seconds[name]!r}\n")
            file.flush()
            if progress:
                progress(done, len(everything))
    return seconds


def _measure(edges: tuple[int, ...], ops: tuple[int, ...]) -> float:
    from fairwatt.experiments import digits
    from fairwatt.experiments.training import Bundle, Net, one_quiet_thread

    one_quiet_thread()
    bundle = Bundle(adjacency(edges), [Net(ops, (0,))], TIMED_STEPS, digits.load(), Recipe())
    taken = []
    for _ in range(WARM_UP_STEPS + TIMED_STEPS):
        began = time.thread_time()
        bundle.step()
        taken.append(time.thread_time() - began)
    return float(np.median(taken[WARM_UP_STEPS:]))


def _read(path: Path) -> dict[str, float]:
    if not path.is_file():
        return {}
    whole = [line for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]
    return {name: float(value) for name, value in (line.strip().split(",") for line in whole)}
