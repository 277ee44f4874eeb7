"""What optimizers compute themselves: `python benchmarks/optimizer_overhead.py [--freeze]`. Nothing is asserted.

Processor seconds of ask and tell in searches on digits-cells-5v, one thread, and a model of them: the proposal that n
others came before takes a + b n^k joules at the declared power. `--freeze` puts the models into fairwatt/overhead.json,
from where the policy `overhead: included_model` charges them; models of optimizers that are not measured stay.
"""

import json
import os
from statistics import median
from typing import Any, NamedTuple

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
from command import Parser, positive, run
from numpy.typing import NDArray
from scipy.optimize import nnls
from timing import median_seconds, print_table, seconds

import fairwatt
from fairwatt.errors import UserError
from fairwatt.optimizer import OptimizerFactory
from fairwatt.optimizers.semoa import parents
from fairwatt.overhead import FROZEN, WATTS_PER_CORE, Stopwatch
from fairwatt.problem import Benchmark
from fairwatt.records import Measurement, Trial
from fairwatt.registry import OPTIMIZERS, find_optimizer
from fairwatt.sealed import write_atomically

SPACE = "digits-cells-5v"
USUAL = 150
TARGETS = {"re": 0.01, "bohb": 0.5, "bananas": 5.0}
"""Seconds of a search of 150 evaluations."""
RANKING_TARGET, QUERY_TARGET = 1e-4, 5e-5
WARM = 40
"""Evaluations of a first search, which loads libraries."""
POWERS = np.arange(0.25, 2.01, 0.05).round(2)
"""None here grows faster than with the square of what it knows; a higher power would be noise that extrapolates."""


class Model(NamedTuple):
    """Joules of a proposal: a + b n^k."""

    a: float
    b: float
    k: float

    def total(self, proposals: int) -> float:
        return float((self.a + self.b * np.arange(proposals, dtype=float) ** self.k).sum())


def fit(joules_so_far: NDArray[np.float64]) -> Model:
    """The model whose totals are nearest to [N] joules until each proposal, in least squares; a, b of 0 or more.

    Totals and not each proposal's own, because many optimizers compute for several proposals at once.
    """
    count = np.arange(len(joules_so_far), dtype=float)
    fitted = [(nnls(np.stack([count + 1, np.cumsum(count**k)], axis=1), joules_so_far), k) for k in POWERS.tolist()]
    ((a, b), _), k = min(fitted, key=lambda each: each[0][1])
    a, b = (float(f"{value:.3g}") for value in (a, b))
    return Model(a, b, k if b else 1.0)


def laps(factory: OptimizerFactory, benchmark: Benchmark, evaluations: int, seed: int) -> list[float]:
    """Seconds until each proposal of one search."""
    stopwatch = Stopwatch()
    policy = {"currency": "evaluations", "duplicates": "charged"}
    fairwatt.run(benchmark, factory, seed=seed, budget=f"{evaluations} evaluations", policy=policy, stopwatch=stopwatch)
    return stopwatch.laps


def measured(factory: OptimizerFactory, benchmark: Benchmark, evaluations: int, runs: int) -> NDArray[np.float64]:
    """[runs, N] seconds until each proposal; N of the shortest search."""
    laps(factory, benchmark, min(WARM, evaluations), seed=runs)
    searches = [laps(factory, benchmark, evaluations, seed) for seed in range(runs)]
    return np.array([search[: min(map(len, searches))] for search in searches])


def ranking_seconds() -> float:
    """Parents of SEMOA from an archive of 100."""
    rng = np.random.default_rng(0)
    points = zip(np.sort(rng.random(100)).tolist(), np.sort(rng.random(100))[::-1].tolist(), strict=True)
    archive = [Trial((place,), 1.0, *losses, losses) for place, losses in enumerate(points)]
    return median_seconds(lambda: parents(archive, 10, 1.9, rng), runs=9, calls=200)


def own_seconds(runs: int) -> float:
    """What runner, ledger and records take for a query of random search, besides oracle and optimizer."""
    benchmark = fairwatt.make_benchmark(SPACE)
    measure, oracle = benchmark.measure, Stopwatch()

    def timed(*question: Any) -> Measurement:
        with oracle:
            return measure(*question)

    benchmark.measure = timed
    times = []
    for seed in range(runs):
        everything, search, before = Stopwatch(), Stopwatch(), oracle.seconds
        with everything:
            fairwatt.run(benchmark, "rs", seed=seed, budget=f"{USUAL} full", stopwatch=search)
        times.append((everything.seconds - search.seconds - (oracle.seconds - before)) / len(search.laps))
    return median(times)


def main(names: list[str], evaluations: int, runs: int, freeze: bool) -> None:
    benchmark = fairwatt.make_benchmark(SPACE)
    rows, models, skipped = [], {}, []
    for name in names or OPTIMIZERS.names():
        try:
            factory = find_optimizer(name)
            searches = measured(factory, benchmark, evaluations, runs)
        except UserError as error:
            if names:
                raise
            skipped.append(f"{name}: {error}")
            continue
        model = models[factory.name] = fit(searches.mean(axis=0) * WATTS_PER_CORE)
        count = searches.shape[1]
        target = TARGETS.get(name, 0.0) if evaluations == USUAL else 0.0
        rows.append(
            (
                name,
                str(count),
                seconds(float(np.median(searches[:, -1]))),
                seconds(float(searches[:, -1].max())),
                seconds(target) if target else "",
                f"{float(searches[:, -1].mean()) * WATTS_PER_CORE:.3g} J",
                f"{model.a:.3g} + {model.b:.3g} n^{model.k:g} J",
                f"{model.total(count):.3g} J",
            )
        )
    print_table(
        f"Processor time of ask and tell in {runs} searches of {evaluations} evaluations on {SPACE}; "
        f"{WATTS_PER_CORE:g} W a core, no PUE",
        ("optimizer", "proposals", "median", "most", "target", "energy", "model of a proposal", "in all"),
        rows,
    )
    for line in skipped:
        print(f"skipped {line}")
    print_table(
        "Parts",
        ("what", "fairwatt", "target"),
        [
            ("SEMOA's ranking step, archive of 100", seconds(ranking_seconds()), seconds(RANKING_TARGET)),
            ("a query of rs, besides oracle and optimizer", seconds(own_seconds(9)), seconds(QUERY_TARGET)),
        ],
    )
    if freeze:
        freeze_models(models, evaluations, runs)


def freeze_models(models: dict[str, Model], evaluations: int, runs: int) -> None:
    """Put the models among those that this version has."""
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    made = {"evaluations": evaluations, "searches": runs}
    kept = {} if frozen["watts_per_core"] != WATTS_PER_CORE else frozen["optimizers"]
    content = {
        "made_by": "python benchmarks/optimizer_overhead.py --freeze",
        "what": "a + b n^k joules for the proposal that n others came before; default settings",
        "space": SPACE,
        "watts_per_core": WATTS_PER_CORE,
        "optimizers": kept | {name: model._asdict() | made for name, model in models.items()},
    }
    write_atomically(FROZEN, json.dumps(content, indent=1).encode() + b"\n")
    print(f"{len(models)} models are in {FROZEN.name}")


if __name__ == "__main__":
    parser = Parser(description=__doc__)
    parser.add_argument("--optimizers", default="", help="names or FILE.py:NAME, with commas; all that load by default")
    parser.add_argument("--evaluations", type=positive, default=USUAL)
    parser.add_argument("--runs", type=positive, default=3)
    parser.add_argument("--freeze", action="store_true", help="put the models into fairwatt/overhead.json")
    chosen = parser.parse_args()
    wanted = [name.strip() for name in chosen.optimizers.split(",") if name.strip()]
    run(lambda: main(wanted, chosen.evaluations, chosen.runs, chosen.freeze))
