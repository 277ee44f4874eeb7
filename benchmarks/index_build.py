"""How long all 423,624 cells take to enumerate, to load, to name and to look up: python benchmarks/index_build.py.

Every build and load is a process of its own. The reference keeps no index: it hashes each cell when asked, and its
figure is that of enumerating and hashing all cells in its way.
"""

import json
import os
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from command import Parser, positive, run
from timing import fresh_process, median_seconds, print_table, seconds

BUILD = """
import json
from time import perf_counter
from fairwatt.search_spaces.cell_enumeration import enumerate_cells
from fairwatt.search_spaces.network_counts import parameter_counts
begin = perf_counter()
found = enumerate_cells(7)
enumerated = perf_counter()
parameter_counts(found.sizes, found.published_masks, found.published_numbers)
print(json.dumps([enumerated - begin, perf_counter() - enumerated]))
"""
HASH = """
import json, os
from time import perf_counter
from fairwatt.search_spaces.cell_index import cell_index
from fairwatt.search_spaces.graph_hashes import graph_hashes
index = cell_index(7)
begin, busy = perf_counter(), sum(os.times()[:4])
graph_hashes(index.sizes, index.masks, index.numbers)
print(json.dumps([perf_counter() - begin, sum(os.times()[:4]) - busy]))
"""
LOAD = """
from time import perf_counter
from fairwatt.search_spaces.cell_index import cell_hashes, cell_index
begin = perf_counter()
{what}(7)
print(perf_counter() - begin)
"""
BATCH = 1_000_000


def _medians(code: str, runs: int) -> list[float]:
    """The median of each number that a fresh process prints."""
    return [median(column) for column in zip(*(json.loads(fresh_process(code)) for _ in range(runs)), strict=True)]


def _loads(what: str, runs: int) -> float:
    return median(float(fresh_process(LOAD.format(what=what))) for _ in range(runs))


def _look_ups() -> list[tuple[str, float]]:
    from fairwatt.search_spaces.cell import CellSpace
    from fairwatt.search_spaces.cell_index import cell_hash, cell_hashes, cell_id, cell_ids, cell_index, hash_cell

    rng = np.random.default_rng(0)
    index, space = cell_index(7), CellSpace(7)
    config = space.config(300_000)
    array, (_, names) = space.matrix(config), space.cell(config)
    matrix, ops = array.tolist(), list(names)
    code = cell_hash(300_000)
    cell_hashes()
    masks = rng.integers(1 << 21, size=BATCH, dtype=np.int32)
    numbers = rng.integers(3**5, size=BATCH, dtype=np.int16)
    matrices, codes = (
        np.triu(rng.integers(2, size=(BATCH // 10, 7, 7), dtype=np.int8), 1),
        rng.integers(3, size=(BATCH // 10, 5)),
    )
    single = {
        "id from an int key": lambda: index.id(1_234_567, 111),
        "id from lists: matrix + names": lambda: cell_id(matrix, ops),
        "id from a numpy matrix + names": lambda: cell_id(array, ops),
        "id from a hash": lambda: hash_cell(code),
        "sample": lambda: space.sample(rng),
        "mutate": lambda: space.mutate(config, rng),
        "neighbors": lambda: space.neighbors(config),
    }
    rows = [(name, median_seconds(action, runs=7, calls=2_000)) for name, action in single.items()]
    rows.append(("id, batched, from int keys (each)", median_seconds(lambda: index.ids_of(masks, numbers)) / BATCH))
    rows.append(("id, batched, from matrices (each)", median_seconds(lambda: cell_ids(matrices, codes)) * 10 / BATCH))
    return rows


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FAIRWATT_CACHE"] = folder
        enumerated, counted = _medians(BUILD, runs)
        first = float(fresh_process(LOAD.format(what="cell_index")))
        loaded = _loads("cell_index", runs)
        hashed, hash_cpu = _medians(HASH, max(1, runs // 3))
        fresh_process(LOAD.format(what="cell_hashes"))
        hashes_loaded = _loads("cell_hashes", runs)
        look_ups = _look_ups()
        megabytes = {path.name: path.stat().st_size / 1e6 for path in sorted(Path(folder).iterdir())}
    enumeration = "at least 395 s (extrapolated), without the isomorphism check"
    print_table(
        f"All 423,624 cells: medians of {runs} fresh processes",
        ("what", "fairwatt", "reference"),
        [
            ("enumerate", seconds(enumerated), enumeration),
            ("count parameters", seconds(counted), ""),
            ("both, with a first file written", seconds(first), "target: 5 s once, with the hashes"),
            ("load the stored index", seconds(loaded), "target: 20 ms"),
            ("hash (md5), when first asked for", f"{seconds(hashed)} ({seconds(hash_cpu)} CPU)", "in enumerate"),
            ("load the stored hashes, index included", seconds(hashes_loaded), ""),
            *((name, seconds(value), "") for name, value in look_ups),
        ],
    )
    print("Stored:", ", ".join(f"{name} {size:.1f} MB" for name, size in megabytes.items()))


if __name__ == "__main__":
    parser = Parser(description=__doc__)
    parser.add_argument("--runs", type=positive, default=7, help="fresh processes")
    chosen = parser.parse_args()
    run(lambda: main(chosen.runs))
