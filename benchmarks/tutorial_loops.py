"""The loops of the EC-NAS workshop tutorial on `compat.ECNASBench`: random search 300, evolution 300, cloud 4,000.

    python benchmarks/tutorial_loops.py [--table NAME|FILE]... [--runs N]

Without --table a synthetic table of all 423,624 cells is made in a temporary folder, and the embedded tables are run
too. Each table is run twice: with helpers that make the tutorial's own calls (a list of all hashes for each draw, a set
of them for each mutation), and with the two helpers of `compat` in their place. Where $FAIRWATT_SHARED (default:
../shared) has the tutorial's text, its own code is run as well, with another import line. The reference took 58 s on
the table of all cells, load excluded. All are seconds of CPU, `open` of the wall clock.
"""

import argparse
import io
import os
import random
import tempfile
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from notebook_cells import code_cells
from synthetic_table import synthetic_7v
from timing import median_seconds as timed
from timing import print_table, seconds

from fairwatt.search_spaces.compat import ECNASBench, mutate_spec_in_dataset, random_spec_from_dataset

TUTORIAL = "seeds/000_*.txt"
IMPORT = "from ecnas.api.nasbench101 import ECNASBench"
DATASET = "energy_7V9E_surrogate.tfrecord"
LARGE = 100_000
median_seconds = partial(timed, clock=process_time)
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
    epochs = max(bm.valid_epochs)
    points = {
        "rs": search(bm, (draw(bm) for _ in range(300)), epochs),
        "es": search(bm, evolution(bm, draw, mutate), epochs),
    }
    return {
        "random search": median_seconds(lambda: search(bm, (draw(bm) for _ in range(300)), epochs), runs),
        "evolution": median_seconds(lambda: search(bm, evolution(bm, draw, mutate), epochs), runs),
        "Pareto splits": median_seconds(lambda: [split(found) for found in points.values()], runs),
        "cloud": median_seconds(lambda: search(bm, (draw(bm) for _ in range(4000)), epochs), runs),
    }


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
    return {
        "random search and split": median_seconds(lambda: names["rs_with_points"](bm, 300, epochs), runs),
        "evolution and split": median_seconds(lambda: names["es_with_points"](bm, 300, 24, epochs), runs),
        "cloud": median_seconds(lambda: names["sample_dataset_cloud"](bm, 4000, epochs), runs),
    }


def report(table: str, runs: int, text: Path | None) -> None:
    """Print the parts of one table."""
    start = perf_counter()
    bm = ECNASBench(table, seed=0)
    opened = perf_counter() - start
    runs = 1 if len(bm.table.cells) > LARGE else runs
    ways: dict[str, tuple[dict[str, float], dict[str, float]]] = {
        "same calls": (own_loops(bm, listing_draw, listing_mutation, runs), {}),
        "compat's helpers": (own_loops(bm, random_spec_from_dataset, mutate_spec_in_dataset, max(runs, 5)), {}),
    }
    if text is not None and {4, 108} <= bm.valid_epochs:  # the tutorial's text names these
        helpers = {f.__name__: f for f in (random_spec_from_dataset, mutate_spec_in_dataset)}
        ways["same calls"] = (ways["same calls"][0], tutorial_loops(text, table, runs, {}))
        ways["compat's helpers"] = (ways["compat's helpers"][0], tutorial_loops(text, table, max(runs, 5), helpers))
    rows = [["open", *[seconds(opened)] * 2]]
    for who, place in (("our loops", 0), ("tutorial's", 1)):
        parts = [way[place] for way in ways.values()]
        rows += [[f"{who}: {part}", *(seconds(way[part]) for way in parts)] for part in parts[0]]
        if parts[0]:
            rows.append([f"{who}: all", *(seconds(sum(way.values())) for way in parts)])
    print_table(
        f"{bm.table.card.name}: {len(bm.table.cells):,} cells (reference on 423,624: 58 s)", ["part", *ways], rows
    )
    print()


def main() -> None:
    """Run the loops on the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="append", help="a table's name, a published file's name, or an .arrow file")
    parser.add_argument("--runs", type=int, default=5, help="runs of each part; 1 on tables of over 100,000 cells")
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
    main()
