"""How fast a table of 423,624 cells answers: `python benchmarks/query_speed.py`. Nothing is asserted."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from command import Parser, run
from synthetic_table import synthetic_7v
from timing import median_seconds, print_table, seconds

from fairwatt import load_table
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_data import CellData
from fairwatt.search_spaces.cell_index import cell_index
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.tabular import TabularBenchmark

CALLS, BATCH = 2_000, 1_000_000
OPS = np.array(["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"])


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--table", help="name of a table, or path of its .arrow file; a synthetic one by default")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = load_table(chosen.table or synthetic_7v(Path(folder) / "synthetic-7v.arrow"))
        print_table(
            f"Queries of {table.card.name}, {table.rows:,} rows of {len(table.columns)} columns",
            ("what", "fairwatt", "reference", "target"),
            [*singles(table), *batches(table), *measured(4, 91), *measured(7, len(cell_index(7)))],
        )


def singles(table: CellTable) -> list[tuple[str, str, str, str]]:
    """One question at a time, each of another cell; all columns of a row are the answer."""
    rng = np.random.default_rng(0)
    keys = rng.choice(table.cells, size=CALLS).tolist()
    cells = [labelled(key) for key in keys]
    anything = rng.integers(2 * max(keys), size=CALLS).tolist()
    epochs = int(table.epochs[-1])

    def each(ask: Callable[[int], object]) -> str:
        def all_of_them() -> None:
            for place in range(CALLS):
                ask(place)

        return seconds(median_seconds(all_of_them, runs=9) / CALLS)

    count = len(table.cells)
    return [
        ("matrix and operations to metrics", each(lambda i: table.query(*cells[i], epochs)), "350 to 410 µs", "25 µs"),
        ("cell id to metrics", each(lambda i: table.record(table.row(keys[i], epochs))), "", "8 µs"),
        ("random cell", each(lambda i: int(table.cells[rng.integers(count)])), "6 ms", "5 µs"),
        ("membership", each(lambda i: anything[i] in table), "48 ms", "5 µs"),
    ]


def batches(table: CellTable) -> list[tuple[str, str, str, str]]:
    """A million questions at once; one column is the answer."""
    rng = np.random.default_rng(1)
    index, column = cell_index(7), table.column("validation_accuracy")
    cells = rng.choice(table.cells, size=BATCH)
    masks, numbers = rng.integers(1 << 21, size=BATCH), rng.integers(3**5, size=BATCH)
    found = index.ids_of(masks, numbers)
    known = np.isin(found, table.cells)
    masks, numbers = np.resize(masks[known], BATCH), np.resize(numbers[known], BATCH)

    def each_second(ask: Callable[[], object]) -> str:
        return f"{BATCH / median_seconds(ask, runs=9) / 1e6:.0f} M/s"

    return [
        ("batch, cell ids to a column", each_second(lambda: column[table.rows_of(cells)]), "2,600/s", "10 M/s"),
        (
            "batch, raw 7-vertex encodings to a column",
            each_second(lambda: column[table.rows_of(index.ids_of(masks, numbers))]),
            "2,600/s",
            "10 M/s",
        ),
    ]


def measured(vertices: int, count: int) -> list[tuple[str, str, str, str]]:
    """A million trainings at once of invented ones in three repeats, four columns the answer; first, and then again."""
    rng = np.random.default_rng(2)
    errors, cells = rng.random((count, 4, 3)), np.arange(count)
    energy = np.broadcast_to(rng.random((count, 4, 1)) + 1, errors.shape)
    data = CellData(cells, np.array([4, 12, 36, 108]), errors, errors, energy, energy, np.ones(count))
    space = CellSpace(vertices, cells)
    benchmark = TabularBenchmark("invented", space, data, data_sha256="", provenance={}, energy_label="")
    keys: Any = rng.choice(cells, size=BATCH)
    seed = iter(range(100))

    def each_second(taken: float) -> str:
        return f"{BATCH / taken / 1e6:.1f} M/s"

    first = median_seconds(lambda: benchmark.measure_batch(keys, seed=next(seed)), runs=3)
    again = median_seconds(lambda: benchmark.measure_batch(keys, seed=0), runs=9)
    of = f"of {count:,} cells in 3 repeats"
    return [
        (f"measure_batch {of}, a new seed", each_second(first), "", ""),
        (f"measure_batch {of}, the same seed", each_second(again), "", "10 M/s"),
    ]


def labelled(cell: int) -> tuple[list[list[int]], list[str]]:
    """Matrix and operations of a cell, as users have them."""
    index = cell_index(7)
    size = int(index.sizes[cell])
    matrix = np.zeros((size, size), dtype=int)
    matrix[np.triu_indices(size, 1)] = index.edges(cell)
    return matrix.tolist(), ["input", *OPS[list(index.ops(cell))].tolist(), "output"]


if __name__ == "__main__":
    run(main)
