"""Imports a synthetic file of the size of EC-NAS 7V, whole and killed in the middle.

    python benchmarks/import_7v.py [--cells N] [--keep FOLDER]

Prints rows, seconds and peak memory of the import in a process of its own; compares every number of the table with the
generator's; then kills imports (SIGKILL) at several moments, the last ones while the table is written, and shows that
no table is there, and that the import after it is complete and leaves nothing else.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import command
import ecnas_file
import numpy as np
from timing import fresh_process, load_line, print_table, seconds

from fairwatt.search_spaces.cell_index import cell_hashes, cell_index
from fairwatt.search_spaces.sources import verify

NAME, CELLS = "synthetic-7v", 423_624
PARTS = (0.1, 0.5, 0.9)
"""Of the time of an undisturbed import, after which one is killed."""
_IMPORT = """
import sys, time
start = time.perf_counter()
from fairwatt.search_spaces.table_import import import_file
import_file(sys.argv[1], sys.argv[2])
taken = time.perf_counter() - start
with open("/proc/self/status") as status:  # getrusage counts the parent of a new process too
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print(taken, time.process_time(), peak)
"""


def main() -> None:
    parser = command.Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=_cells, default=CELLS, help="so many cells, drawn at random; all by default")
    parser.add_argument("--keep", type=Path, help="leave the file and its table here (FAIRWATT_CACHE=FOLDER finds it)")
    chosen = parser.parse_args()
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        run(chosen.keep, chosen.cells)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder), chosen.cells)


def _cells(text: str) -> int:
    number = command.positive(text)
    if number > CELLS:
        raise argparse.ArgumentTypeError(f"there are {CELLS:,} cells, not {number:,}")
    return number


def run(folder: Path, count: int) -> None:
    os.environ["FAIRWATT_CACHE"] = str(folder)  # for this process and those that it starts
    cells = np.sort(np.random.default_rng(0).choice(len(cell_index(7)), count, replace=False)).astype(np.int32)
    cell_hashes()  # worked out once for a machine
    trainings, start = ecnas_file.invent(cells), time.perf_counter()
    source, table = folder / f"{NAME}.tfrecord", folder / f"{NAME}.arrow"
    size = ecnas_file.write_file(source, trainings)
    print(f"wrote {size:,} bytes in {seconds(time.perf_counter() - start)}; official: 613,992,864 of 423,624 cells")
    table.unlink(missing_ok=True)
    taken, processor, peak = imported(source)
    rows, different = compared(trainings)
    print_table(
        "one import",
        ("rows", "wall", "processor", "peak memory", "table", "numbers that differ"),
        [
            (
                f"{rows:,}",
                seconds(taken),
                seconds(processor),
                f"{peak:.0f} MiB",
                f"{table.stat().st_size:,} B",
                f"{different:,}",
            )
        ],
    )
    killed = [kill(source, table, taken * part) for part in PARTS] + [kill(source, table, None)]
    print_table("killed imports", ("after", "table there", "left behind"), killed)
    imported(source)
    left = [path.name for path in folder.glob(".*")]
    rows, different = compared(trainings)
    print(
        f"the import after them: {rows:,} rows, numbers that differ: {different:,}, "
        f"left behind: {', '.join(left) or 'nothing'}"
    )
    print(load_line())


def imported(source: Path) -> list[float]:
    """Wall seconds, processor seconds and peak memory [MiB] of an import in a process of its own."""
    return [float(part) for part in fresh_process(_IMPORT, str(source), NAME).split()]


def compared(trainings: ecnas_file.Trainings) -> tuple[int, int]:
    """The rows of the verified table, and how many of its numbers and hashes are not the generator's."""
    table, index = verify(NAME), cell_index(7)
    of_row = np.repeat(trainings.cells, len(ecnas_file.EPOCHS))
    expected = {
        "cell": of_row,
        "epochs": np.tile(ecnas_file.EPOCHS, len(trainings.cells)),
        "replicate": np.zeros(len(of_row)),
        "params": index.params[of_row],
        "vertices": index.sizes[of_row],
        "energy_kwh": trainings.energy_kwh.ravel(),
        "seconds": trainings.seconds.ravel(),
    }
    for name, values in zip(("train", "validation", "test"), trainings.accuracies, strict=True):
        expected |= {f"{point}{name}_accuracy": values.ravel() for point in ("", "halfway_", "initial_")}
    unequal = [table.column(name) != values for name, values in expected.items()]
    unequal.append(table.ascii("hash") != cell_hashes()[of_row])
    return table.rows, int(np.count_nonzero(unequal))


def kill(source: Path, table: Path, after: float | None) -> tuple[str, str, str]:
    """Kill an import `after` so many seconds, or as soon as it has begun to write; what is then in the folder."""
    table.unlink(missing_ok=True)
    before = {path.name for path in table.parent.iterdir()}
    process = subprocess.Popen([sys.executable, "-c", _IMPORT, str(source), NAME], stdout=subprocess.DEVNULL)
    start = time.perf_counter()
    while process.poll() is None:
        passed = time.perf_counter() - start
        writing = [path for path in table.parent.glob(f".{table.name}.*") if path.name not in before]
        if (after is None and writing and writing[0].stat().st_size) or (after is not None and passed > after):
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        return f"{passed:.1f} s", "yes, complete before the kill", ""
    left = sorted(path.name for path in table.parent.iterdir() if path.name not in before)
    moment = f"{passed:.1f} s" + (", writing" if after is None else "")
    return moment, "yes" if table.exists() else "no", ", ".join(left) or "nothing"


if __name__ == "__main__":
    command.run(main)
