"""Our BOHB beside HpBandSter's on both embedded spaces: `python benchmarks/bohb_equivalence.py [--seeds 50]`.

A study with `bohb-hpbandster` for reference; EQUIVALENT means that the ratio of RS-equivalent energies lies within
+-10 % with its whole 95 % interval. The arms between the two take one deviation away at a time: the brackets, the
model, and that nothing is trained twice. Below it, the proposals by themselves: on the toy cells with full trainings
only and no random draws, the mean error of trainings 31 to 60. No time is asserted; HpBandSter needs some 65 ms for
each proposal of its model.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import numpy as np
from command import Parser, positive, run
from timing import print_table

from fairwatt import make_benchmark
from fairwatt.analysis.load import load
from fairwatt.analysis.verdict import Verdict
from fairwatt.conformance.driven import told
from fairwatt.errors import UserError
from fairwatt.experiments.executor import run_study
from fairwatt.experiments.study import parse_study
from fairwatt.optimizers import bohb
from fairwatt.registry import OPTIMIZERS
from fairwatt.streams import stream

SPACES = ("digits-cells-5v", "digits-regnet-hpo")
FLOOR = {"variant": "hpbandster"}
ARMS = (
    {"optimizer": "bohb"},
    {"optimizer": "bohb", "label": "its-brackets", "settings": FLOOR},
    {"optimizer": "bohb", "label": "its-brackets-no-model", "settings": {**FLOOR, "random_fraction": 1.0}},
    {"optimizer": "hb", "label": "hyperband-its-brackets", "settings": FLOOR},
    {"optimizer": "bohb-hpbandster", "label": "hpbandster-no-model", "settings": {"random_fraction": 1.0}},
    {"optimizer": "bohb-hpbandster"},
)


def compared(
    folder: Path, seeds: int, workers: int, spaces: Sequence[str] = SPACES, budget: str = "30 full"
) -> list[Verdict]:
    """The verdict of every arm on the reference, by space."""
    study = parse_study(
        {
            "study": "bohb_equivalence",
            "spaces": spaces,
            "optimizers": ARMS,
            "seeds": f"0:{seeds}",
            "budgets": budget,
            "reference": "bohb-hpbandster",
        },
        "the study",
    )
    study.check()
    for outcome in run_study(study, folder, executor="processes", workers=workers):
        if outcome.error:
            raise UserError(f"{outcome.cell.arm.label}, seed {outcome.cell.seed}: {outcome.error}")
    return [verdict for comparison in load(folder).comparisons() for verdict in comparison.verdicts]


def proposal_errors(optimizer: str, seeds: int, candidates: int = 64, random_fraction: float = 0.0) -> list[float]:
    """[seeds] mean validation error of trainings 31 to 60 of a search with one rung on the toy cells."""
    toy, means = make_benchmark("toy-cells"), []
    for seed in range(seeds):
        problem = replace(toy.problem(seed), fidelities=(1.0,))
        search = OPTIMIZERS.load(optimizer).create(
            problem,
            stream("optimizer", toy.name, seed, optimizer),
            candidates=candidates,
            random_fraction=random_fraction,
        )
        losses = []
        for _ in range(60):
            trial = told(toy, problem, search.ask())
            search.tell(trial)
            losses.append(trial.losses[0])
        means.append(mean(losses[30:]))
    return means


@contextmanager
def two_values_on_a_line() -> Iterator[None]:
    """Our model as HpBandSter's: Gaussian kernels for ordered dimensions of two values, too."""
    ours = bohb.model_levels
    bohb.model_levels = lambda space: np.array([0 if dim.ordered else len(dim.values) for dim in space.dims])
    try:
        yield
    finally:
        bohb.model_levels = ours


def print_proposals(seeds: int) -> None:
    rows = {"random": proposal_errors("bohb", seeds, random_fraction=1.0), "bohb": proposal_errors("bohb", seeds)}
    with two_values_on_a_line():
        rows["bohb, two values on a line"] = proposal_errors("bohb", seeds)
    rows["bohb-hpbandster"] = proposal_errors("bohb-hpbandster", seeds)
    print_table(
        f"Error of proposals on the toy cells, {seeds} seeds, with standard errors",
        ("proposals", "mean error"),
        [(name, f"{mean(found):.4f} +- {np.std(found) / len(found) ** 0.5:.4f}") for name, found in rows.items()],
    )


def main(verdicts: Sequence[Verdict]) -> None:
    rows = []
    for v in verdicts:
        ratio, difference = v.ratio, v.difference
        rows.append(
            (
                v.space,
                v.arm,
                str(v.outcome),
                f"{v.winner}",
                f"{v.win_rate:.2f}",
                f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})",
                f"{100 * difference.value:+.2f} ({100 * difference.low:+.2f} to {100 * difference.high:+.2f})",
                f"{v.p:.3f}",
                f"{v.arm_equivalent.interval.value:.2f} v. {v.reference_equivalent.interval.value:.2f}",
                "; ".join((*v.reasons, *v.flips)),
            )
        )
    print_table(
        f"v. bohb-hpbandster, {verdicts[0].seeds} paired seeds, {verdicts[0].budget}; below 0 the arm is better",
        (
            "space",
            "arm",
            "verdict",
            "winner",
            "win rate",
            "energy ratio (95 %)",
            "regret, % of the median's (95 %)",
            "p",
            "RS multiples",
            "remarks",
        ),
        rows,
    )


if __name__ == "__main__":
    parser = Parser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=positive, default=50)
    parser.add_argument("--proposal-seeds", type=positive, default=8)
    parser.add_argument("--budget", default="30 full")
    parser.add_argument("--workers", type=positive, default=2)
    parser.add_argument("--folder", type=Path, help="results are kept here, and gone on with")
    words = parser.parse_args()

    def measured() -> None:
        with TemporaryDirectory() as scratch:
            main(compared(words.folder or Path(scratch), words.seeds, words.workers, budget=words.budget))
        print_proposals(words.proposal_seeds)

    run(measured)
