"""The loops of the EC-NAS workshop tutorial on `compat.ECNASBench`: random search 300, evolution 300, cloud 4,000.

    python benchmarks/tutorial_loops.py [--table NAME|FILE]... [--runs N]

Without --table a synthetic table of all 423,624 cells is made in a temporary folder, and the embedded tables are run
too. Each table is run twice: with helpers that make the tutorial's own calls (a list of all hashes for each draw, a set
of them for each mutation), and with the two helpers of `compat` in their place. Where $FAIRWATT_SHARED (default:
../shared) has the tutorial's text, its own code is run as well, with another import line; on small tables also with a
benchmark that only repeats recorded answers, which tells how much of the time is the tutorial's own. The reference took
58 s on the table of all cells, load excluded. All are seconds of CPU, `open` of the wall clock. "First run": indices
are loaded, caches empty, pages of the table not yet mapped; the other rows are medians of the runs after it.
"""

import argparse
import gc
import io
import os
import random
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from command import Parser, positive, run
from notebook_cells import code_cells
from synthetic_table import synthetic_7v
from tape import Tape
from timing import print_table, seconds

from fairwatt.search_spaces.compat import ECNASBench, mutate_spec_in_dataset, random_spec_from_dataset

TUTORIAL = "seeds/000_*.txt"
IMPORT = "from ecnas.api.nasbench101 import ECNASBench"
DATASET = "energy_7V9E_surrogate.tfrecord"
LARGE = 100_000
Points = list[tuple[float, float]]


def listing_draw(bm: ECNASBench) -> Any:
    """A cell by way of a list of all hashes."""
    fixed, _ = bm.get_metrics_from_hash(random.choice(list(bm.hash_iterator())))
    return bm.get_model_spec(fixed["module_adjacency"].tolist(), fixed["module_operations"])


def listing_mutation(bm: ECNASBench, parent: Any, max_tries: int = 200) -> Any:
    """A mutant by way of a set of all hashes."""
    hashes, own = set(bm.hash_iterator()), bm._hash_spec(parent)
    for _ in range(max_tries):
        matrix, ops = np.array(parent.matrix, dtype=int), list(parent.ops)
        if len(ops) > 2 and random.random() < 0.5:
            vertex = random.randint(1, len(ops) - 2)
            ops[vertex] = random.choice([op for op in bm.config["available_ops"] if op != ops[vertex]])
        else:
            tail = random.randint(0, len(ops) - 2)
            head = random.randint(tail + 1, len(ops) - 1)
            matrix[tail, head] = 1 - matrix[tail, head]
        child = bm.get_model_spec(matrix.tolist(), ops)
        try:
            code = bm._hash_spec(child)
        except Exception:
            continue
        if code != own and code in hashes:
            return child
    return listing_draw(bm)


def search(bm: ECNASBench, proposals: Iterable[Any], epochs: int) -> Points:
    """What queries of these cells tell; the counters are read after each."""
    bm.reset_budget_counters()
    points = []
    for spec in proposals:
        answer = bm.query(spec, epochs=epochs)
        points.append((float(answer["energy (kWh)"]), float(answer["validation_accuracy"])))
        bm.get_budget_counters()
    return points


def evolution(bm: ECNASBench, draw: Callable[..., Any], mutate: Callable[..., Any], population_size: int = 24) -> Any:
    """The proposals of the tutorial's evolution: a random parent's mutant replaces a random member."""
    population = [draw(bm) for _ in range(population_size)]
    yield from population
    for _ in range(300):
        child = mutate(bm, random.choice(population), max_tries=200)
        population[random.randrange(population_size)] = child
        yield child


def split(points: Points) -> Points:
    """The points that no other one dominates, by comparing all pairs as the tutorial does."""

    def dominated(p: tuple[float, float]) -> bool:
        return any(q[1] >= p[1] and q[0] <= p[0] and (q[1] > p[1] or q[0] < p[0]) for q in points)

    return sorted(p for p in points if not dominated(p))


def own_loops(bm: ECNASBench, draw: Callable[..., Any], mutate: Callable[..., Any], runs: int) -> dict[str, float]:
    """Seconds of each part."""
    epochs, points = max(bm.valid_epochs), dict[str, Points]()

    def searched(name: str, proposals: Iterable[Any]) -> None:
        points[name] = search(bm, proposals, epochs)

    parts = {
        "random search": lambda: searched("rs", (draw(bm) for _ in range(300))),
        "evolution": lambda: searched("es", evolution(bm, draw, mutate)),
        "Pareto splits": lambda: [split(points[name]) for name in ("rs", "es")],
        "cloud": lambda: searched("cloud", (draw(bm) for _ in range(4000))),
    }
    return summary(spent(parts, 1), spent(parts, runs))


def spent(parts: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of each run of each part; parts take turns, so that a machine that slows down slows all of them."""
    times: dict[str, list[float]] = {part: [] for part in parts}
    for _ in range(runs):
        for part, action in parts.items():
            start = process_time()
            action()
            times[part].append(process_time() - start)
    return times


def summary(first: dict[str, list[float]], again: dict[str, list[float]]) -> dict[str, float]:
    """Medians of the runs after the first, where there are any, and sums."""
    medians = {part: median(again[part] or first[part]) for part in first}
    return medians | {"all": sum(medians.values()), "all, first run": sum(once for (once,) in first.values())}


def tutorial_loops(text: Path, table: str, runs: int, helpers: dict[str, Any]) -> dict[str, float]:
    """Seconds of the tutorial's own functions, on another import line and another table."""
    import matplotlib

    matplotlib.use("Agg")
    names: dict[str, Any] = {"__name__": "tutorial"}
    for code in code_cells(text):
        if "plt.show" not in code:  # cells that draw also search: the searches are timed below
            ours = code.replace(IMPORT, f"from {ECNASBench.__module__} import ECNASBench").replace(DATASET, table)
            with redirect_stdout(io.StringIO()):
                exec(compile(ours, "tutorial", "exec"), names)  # noqa: S102 - a file of the user's own
    names |= helpers
    bm, epochs = names["benchmark"], max(names["benchmark"].valid_epochs)
    loops: dict[str, Callable[[Any], object]] = {
        "random search and split": lambda bm: names["rs_with_points"](bm, 300, epochs),
        "evolution and split": lambda bm: names["es_with_points"](bm, 300, 24, epochs),
        "cloud": lambda bm: names["sample_dataset_cloud"](bm, 4000, epochs),
    }
    parts = {part: partial(loop, bm) for part, loop in loops.items()}
    first = spent(parts, 1)
    if helpers or not runs:
        return summary(first, spent(parts, runs))
    taped = {f"{part}, taped": partial(from_tape, loop, record(bm, loop)) for part, loop in loops.items()}
    again = spent(parts | taped, runs)
    return summary(first, again) | {"all, answers from a tape": sum(median(again[part]) for part in taped)}


def record(bm: ECNASBench, loop: Callable[[Any], object]) -> Tape:
    """The answers to a loop, whose random draws are seeded, so that it asks the same each time."""
    tape = Tape(bm)
    loop(tape)
    gc.freeze()  # the collector is not to look at what is recorded
    return tape


def from_tape(loop: Callable[[Any], object], tape: Tape) -> None:
    """Run a loop without a benchmark."""
    tape.rewind()
    loop(tape)


def report(table: str, runs: int, text: Path | None) -> None:
    """Print the parts of one table."""
    start = perf_counter()
    bm = ECNASBench(table, seed=0)
    opened = perf_counter() - start
    same = 0 if len(bm.table.cells) > LARGE else runs
    ways: dict[str, tuple[dict[str, float], dict[str, float]]] = {
        "same calls": (own_loops(bm, listing_draw, listing_mutation, same), {}),
        "compat's helpers": (own_loops(bm, random_spec_from_dataset, mutate_spec_in_dataset, runs), {}),
    }
    if text is not None and {4, 108} <= bm.valid_epochs:  # the tutorial's text names these
        helpers = {f.__name__: f for f in (random_spec_from_dataset, mutate_spec_in_dataset)}
        ways["same calls"] = (ways["same calls"][0], tutorial_loops(text, table, same, {}))
        ways["compat's helpers"] = (ways["compat's helpers"][0], tutorial_loops(text, table, runs, helpers))
    rows = [["open", *[seconds(opened)] * 2]]
    for who, place in (("our loops", 0), ("tutorial's", 1)):
        parts = [way[place] for way in ways.values()]
        rows += [
            [f"{who}: {name}", *(seconds(way[name]) if name in way else "-" for way in parts)] for name in parts[0]
        ]
    cells = len(bm.table.cells)
    title = f"{bm.table.card.name}: {cells:,} cells (all: reference on 423,624 cells 58 s, target 100 ms)"
    print_table(title, ["part", *ways], rows)
    print()


def main() -> None:
    """Run the loops on the tables that were asked for."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", help="a table's name, a published file's name, or an .arrow file")
    parser.add_argument(
        "--runs", type=positive, default=5, help="runs after the first; none with the same calls on large tables"
    )
    given = parser.parse_args()
    shared = Path(os.environ.get("FAIRWATT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    text = next(iter(sorted(shared.glob(TUTORIAL))), None)
    with tempfile.TemporaryDirectory() as folder:
        tables = given.table or [
            "digits-cells-4v",
            "digits-cells-5v",
            str(synthetic_7v(Path(folder) / "synthetic-7v.arrow")),
        ]
        for table in tables:
            report(table, given.runs, text)


if __name__ == "__main__":
    run(main)
