"""How long Bézier fits and learning curves take, and how close the fits are: `python benchmarks/bezier.py`.

On synthetic noisy curves of 200 epochs that fall exponentially or by a power law, spike, diverge, or stay at chance
level. One thread. The reference's times are those of EA-HAS-Bench's code on another machine.
"""

import os
from collections.abc import Callable

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # before numpy is imported

import numpy as np
from command import Parser, positive, run
from timing import median_seconds, print_table, seconds

from fairwatt.surrogates.bezier import DEGREES, evaluate, evaluate_at, fit

LENGTH = 200
REFERENCE_FIT, REFERENCE_CURVE = "3.3 ms", "9 to 11 ms"


def noisy_curves(count: int, rng: np.random.Generator) -> np.ndarray:
    """Errors [count, LENGTH] in percent."""
    epoch = np.arange(1, LENGTH + 1)
    low, high = rng.uniform(5, 50, size=(count, 1)), rng.uniform(60, 90, size=(count, 1))
    share = np.exp(-epoch / LENGTH * rng.uniform(3, 25, size=(count, 1)))
    kind = np.arange(count) % 5
    share[kind == 1] = epoch ** -rng.uniform(0.3, 1.2, size=((kind == 1).sum(), 1))
    curves = low + (high - low) * share
    curves[(kind == 2)[:, None] & (rng.random(curves.shape) < 0.01)] += 30
    curves[(kind == 3)[:, None] & (epoch >= rng.integers(LENGTH // 5, LENGTH, size=(count, 1)))] = 90
    curves[kind == 4] = 90
    return np.clip(curves + rng.normal(0, rng.uniform(0.3, 3, size=(count, 1)), size=curves.shape), 0, 100)


def main(count: int, runs: int) -> None:
    rng = np.random.default_rng(0)
    curves, rows = noisy_curves(count, rng), []
    for degree in DEGREES:
        first = median_seconds(lambda degree=degree: fit(curves[:1], degree), runs=1)  # prepares its lattice
        points = fit(curves, degree)
        own = points.copy()  # x of its own for each curve, as a model may predict them
        own[:, 1:-1, 0] = np.sort(rng.random((count, degree - 1)), axis=1)
        equal = fit(curves, degree, x=np.linspace(0, 1, degree + 1))
        positions = rng.random((count, LENGTH))

        def each(action: Callable[[], object]) -> str:
            return seconds(median_seconds(action, runs=runs) / count)

        error = np.sqrt(np.mean((evaluate(points, LENGTH) - curves) ** 2))
        equal_error = np.sqrt(np.mean((evaluate(equal, LENGTH) - curves) ** 2))
        rows += [
            (f"degree {degree}: fit", each(lambda d=degree: fit(curves, d)), REFERENCE_FIT, "35 µs"),
            ("  curve, fitted x", each(lambda p=points: evaluate(p, LENGTH)), REFERENCE_CURVE, "50 µs"),
            ("  curve, x of its own", each(lambda p=own: evaluate(p, LENGTH)), REFERENCE_CURVE, "50 µs"),
            ("  curve, x shared by all", each(lambda p=equal: evaluate(p, LENGTH)), REFERENCE_CURVE, "50 µs"),
            ("  values at own positions", each(lambda p=own, w=positions: evaluate_at(p, w)), "", ""),
            ("  one curve alone", seconds(median_seconds(lambda p=points: evaluate(p[:1], LENGTH), calls=50)), "", ""),
            ("  first fit of a length, once", seconds(first), "", ""),
            ("  distance (RMSE), equally spaced x", f"{error:.2f} %, {equal_error:.2f} %", "", ""),
        ]
    print_table(
        f"Bézier curves, batches of {count:,} with {LENGTH} epochs: medians of {runs} runs, for one curve",
        ("what", "fairwatt", "reference", "target"),
        rows,
    )


if __name__ == "__main__":
    parser = Parser(description=__doc__)
    parser.add_argument("--curves", type=positive, default=5_000)
    parser.add_argument("--runs", type=positive, default=9)
    chosen = parser.parse_args()
    run(lambda: main(chosen.curves, chosen.runs))
