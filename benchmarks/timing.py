"""What the scripts of this folder share: medians of runs, the machine's load, a table of figures.

No script asserts anything about time: each prints its figure beside the reference's, with the load it was taken under.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter


def median_seconds(
    action: Callable[[], object], runs: int = 5, calls: int = 1, clock: Callable[[], float] = perf_counter
) -> float:
    """Seconds of one call of `action`: the median of `runs` runs of `calls` calls each."""
    times = []
    for _ in range(runs):
        start = clock()
        for _ in range(calls):
            action()
        times.append((clock() - start) / calls)
    return median(times)


def fresh_process(code: str, *arguments: str) -> str:
    """What `python -c code arguments...` prints, in a process of its own that shares nothing but the environment."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def seconds(value: float) -> str:
    """A time in the unit that fits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def load_line() -> str:
    """The machine and how busy it is: figures of a busy machine are upper limits."""
    averages = " ".join(f"{average:.2f}" for average in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load averages (1, 5, 15 min): {averages}"


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table in columns, the load below it."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    print(title)
    for row in (header, ["-" * width for width in widths], *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(load_line())
