"""How long a surrogate of learning curves takes to answer: `python benchmarks/curve_surrogate.py [FILE.npz]`.

The file is that of `fairwatt surrogate fit digits-regnet-hpo`, or the embedded one. One thread. The reference's times
are those of EA-HAS-Bench's code on another machine.
"""

import os
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # before numpy is imported

import numpy as np
from command import Parser, positive, run
from timing import median_seconds, print_table, seconds

from fairwatt.search_spaces.curve_surrogate import CurveSurrogate, curve_surrogate_path
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_grid import grid

LENGTH, BATCH = 200, 5_000
FIDELITIES = (1 / 9, 1 / 3, 1.0)
REFERENCE = "9 to 11 ms"


def main(path: Path, runs: int) -> None:
    surrogate = CurveSurrogate.load(path)
    model, rng = surrogate.model, np.random.default_rng(0)
    every = np.arange(len(grid(surrogate.card.variant).networks) * HYPERS)
    keys, places = rng.choice(every, BATCH), np.linspace(0, 1, LENGTH)
    some, one = surrogate.features(keys), surrogate.features(keys[:1])
    uniforms = rng.random(len(every))

    def time(action, calls: int = 1, per: int = 1) -> str:
        return seconds(median_seconds(action, runs=runs, calls=calls) / per)

    noisy = time(lambda: model.noisy(*some, places, uniforms[:BATCH]), per=BATCH) if model.retraining else "no pairs"
    rows = [
        ("two curves, batched", time(lambda: model.predict(*some, places), per=BATCH), REFERENCE, "50 µs"),
        ("two curves with noise, batched", noisy, "", ""),
        ("two curves of one configuration", time(lambda: model.predict(*one, places), calls=50), REFERENCE, "1 ms"),
        ("its interval", time(lambda: model.interval(*one, places, 0.9), calls=5), "", ""),
        (f"all {len(every):,} keys at 3 fidelities", time(lambda: surrogate.predict(every, FIDELITIES)), "", ""),
        ("load the file", time(lambda: CurveSurrogate.load(path)), "", ""),
    ]
    print_table(
        f"Validation and test curve of {LENGTH} epochs, {path.stat().st_size:,} bytes: medians of {runs} runs",
        ("what", "fairwatt", "reference", "target"),
        rows,
    )


if __name__ == "__main__":
    parser = Parser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=curve_surrogate_path("digits-regnet-hpo"))
    parser.add_argument("--runs", type=positive, default=5)
    chosen = parser.parse_args()
    run(lambda: main(chosen.file, chosen.runs))
