"""`semoa-release` beside the published runs: `python benchmarks/semoa_release.py ecnas_published_runs.parquet`.

The released code's runs on EC-NAS 4V, 100 generations each, against as many generations here on `ec-nas-4v-linscale`
(no energy budget, repetitions charged, no shared design, as there). No time: quantiles over runs of what they asked.
"""

from collections.abc import Hashable, Sequence
from pathlib import Path

from command import Parser, positive, run
from timing import print_table

import fairwatt
from fairwatt.errors import UserError
from fairwatt.problem import Benchmark

SPACE, PUBLISHED_SPACE, PUBLISHED_ALGORITHM = "ec-nas-4v-linscale", "4v", "semoa"
EVERYTHING = "1000000 full"
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)

Asked = tuple[Hashable, float, float]
"""One valid evaluation: which training it was, its validation error, its energy in kWh."""


def summary(proposals: int, valid: Sequence[Asked]) -> dict[str, float]:
    """What one run asked. Energies are with repetitions, the front is of all fidelities."""
    trainings = set(valid)
    errors_by_energy = sorted((energy, error) for _, error, energy in trainings)
    front, least = 0, float("inf")
    for _, error in errors_by_energy:
        front, least = front + (error < least), min(error, least)
    return {
        "evaluations": proposals,
        "invalid share": 1 - len(valid) / proposals,
        "repetitions among valid": 1 - len(trainings) / len(valid),
        "points on the front": front,
        "kWh per 1,000 evaluations": 1000 * sum(energy for *_, energy in valid) / proposals,
    }


def published(file: Path) -> list[dict[str, float]]:
    """The summaries of the published runs. Raises UserError where the file has none."""
    import pandas as pd

    if not file.is_file():
        raise UserError(f"no such file: {file} (expected ecnas_published_runs.parquet)")
    rows = pd.read_parquet(file)
    rows = rows[(rows["space"] == PUBLISHED_SPACE) & (rows["algorithm"] == PUBLISHED_ALGORITHM)]
    found = []
    for _, one in rows.groupby("seed"):
        valid = one[one["valid"]]
        trainings = zip(valid["hash"], valid["budget_epochs"], strict=True)
        asked = zip(trainings, 1 - valid["val_acc_pct"] / 100, valid["energy_kwh"], strict=True)
        found.append(summary(len(one), list(asked)))
    if not found:
        raise UserError(f"{file}: no run of {PUBLISHED_ALGORITHM} on {PUBLISHED_SPACE}")
    return found


def ours(benchmark: Benchmark, seeds: Sequence[int]) -> list[dict[str, float]]:
    """The summaries of our runs, one a seed."""
    found = []
    for seed in seeds:
        made = fairwatt.run(
            benchmark, "semoa-release", seed=seed, budget=EVERYTHING, policy={"duplicates": "charged"}, initial=0
        )
        valid = [request for request in made.requests if request.trial.ok]
        asked = [((r.key, r.trial.fidelity), r.trial.val_error, r.trial.energy_kwh) for r in valid]
        found.append(summary(len(made.requests), asked))
    return found


def main(file: Path, runs: int) -> None:
    import numpy as np
    from scipy.stats import mannwhitneyu

    theirs, own = published(file), ours(fairwatt.make_benchmark(SPACE), range(runs))
    rows = []
    for name in theirs[0]:
        columns = [[one[name] for one in side] for side in (theirs, own)]
        for side, values in zip((f"{len(theirs)} published", f"{runs} ours"), columns, strict=True):
            rows.append((name, side, *(f"{value:.4g}" for value in np.quantile(values, QUANTILES)), ""))
        rows[-1] = (*rows[-1][:-1], f"{mannwhitneyu(*columns).pvalue:.2f}")
    heads = ("", "runs", *(f"{quantile:.0%}" for quantile in QUANTILES), "p (rank sum)")
    print_table(f"semoa-release on {SPACE}: quantiles over runs", heads, rows)


if __name__ == "__main__":
    parser = Parser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=positive, default=100)
    chosen = parser.parse_args()
    run(lambda: main(chosen.file, chosen.runs))
