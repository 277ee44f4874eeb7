"""The analysis of 10,000 searches: `python benchmarks/analysis_of_10000_runs.py [FOLDER]`. Nothing is asserted.

20 arms of 500 seeds on digits-cells-5v at 30 full trainings are read from disk, judged, and put into every table, by
one process with one thread. FOLDER keeps the searches, and a second call goes on with them; making them takes minutes.
Any other results, whatever their size, are analysed as they are.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

from command import Parser, run
from timing import fresh_process, print_table, seconds

from fairwatt.analysis.load import load
from fairwatt.analysis.verdict import Comparison
from fairwatt.sealed import write_atomically

TARGET = 60.0
STUDY = """\
study: ten_thousand
spaces: [digits-cells-5v]
seeds: 0:500
budgets: [30 full]
reference: rs
optimizers:
  - rs
  - {optimizer: rs, label: rs-b}
  - {optimizer: rs, label: rs-c}
  - {optimizer: rs, label: rs-d}
  - re
  - {optimizer: re, label: re-b}
  - {optimizer: re, label: re-2, settings: {sample_size: 2}}
  - {optimizer: re, label: re-5, settings: {population_size: 5, sample_size: 5}}
  - {optimizer: re, label: re-20, settings: {population_size: 20}}
  - ls
  - {optimizer: ls, label: ls-1, settings: {initial_size: 1}}
  - {optimizer: ls, label: ls-3, settings: {initial_size: 3}}
  - {optimizer: ls, label: ls-20, settings: {initial_size: 20}}
  - hb
  - {optimizer: hb, label: hb-b}
  - {optimizer: hb, label: hb-bster, settings: {variant: hpbandster}}
  - semoa
  - {optimizer: semoa, label: semoa-b}
  - {optimizer: semoa, label: semoa-5, settings: {population_size: 5}}
  - {optimizer: semoa, label: semoa-20, settings: {population_size: 20}}
"""


def stages(comparison: Comparison) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is asked of a comparison, in the order in which a report asks it."""
    yield "verdicts, with all books", lambda: comparison.verdicts
    yield "verdict table, flips", lambda: (comparison.table(), comparison.flip_shares())
    yield "all indicators at the budgets", comparison.finals
    yield "anytime curves", lambda: [comparison.curves(name) for name in ("regret", "hypervolume_regret")]
    yield "ranks with bands", comparison.ranks
    yield "crossings", comparison.crossings
    yield "attainment surfaces", comparison.attainment
    yield "attainment tests", comparison.attainment_tests
    yield "energy to target", lambda: (comparison.hitting(), comparison.target_shares())
    yield "area over log-energy", comparison.areas
    yield "spend and proposals", lambda: (comparison.spend(), comparison.proposals())
    yield "all of it as JSON", comparison.to_json


def main() -> None:
    """Make the searches where they are not there, and print how long each stage takes."""
    parser = Parser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="of results; a temporary one without")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        results = folder or Path(temporary) / "results"
        if not (results / "study.json").is_file():
            study = Path(temporary) / "ten_thousand.yaml"
            write_atomically(study, STUDY.encode())
            fresh_process(
                "import sys; from fairwatt.cli import app; app(sys.argv[1:])", "run", str(study), "--out", str(results)
            )
        measure(results)


def measure(results: Path) -> None:
    """Print the seconds of every stage of the analysis of these results."""
    wall, processor = perf_counter(), process_time()
    rows: list[tuple[str, str, str]] = []

    def timed(name: str, stage: Callable[[], object]) -> object:
        begin = perf_counter(), process_time()
        made = stage()
        rows.append((name, seconds(perf_counter() - begin[0]), seconds(process_time() - begin[1])))
        return made

    loaded = load(results)
    rows.append(("reading, books kept again", seconds(perf_counter() - wall), seconds(process_time() - processor)))
    made: list[Comparison] = []
    timed("checks, truth, trajectories", lambda: made.extend(loaded.comparisons()))
    for comparison in made:
        for name, stage in stages(comparison):
            timed(name if len(made) == 1 else f"{comparison.space}: {name}", stage)
    rows.append(("all", seconds(perf_counter() - wall), seconds(process_time() - processor)))
    runs = sum(len(of_space) for of_space in loaded.runs.values())
    print_table(
        f"Analysis of {runs:,} searches, one process; target for 10,000: {TARGET:.0f} s",
        ("stage", "wall", "processor"),
        rows,
    )


if __name__ == "__main__":
    run(main)
