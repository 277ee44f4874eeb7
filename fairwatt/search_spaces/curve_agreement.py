"""How far a surrogate of learning curves agrees with trainings that it is about, fidelity by fidelity."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fairwatt.search_spaces.curve_benchmark import FIDELITIES, CurveBenchmark


@dataclass(frozen=True)
class CurveAgreement:
    """At one fidelity, of validation errors: means over repeats of a table, and of a surrogate's draws.

    configurations: that both have. tau: Kendall's tau-b of the two. repeats_tau: of the table's first repeat with its
    second, NaN where it has one. difference: mean absolute one; bias: mean of surrogate less table.
    """

    fidelity: float
    configurations: int
    tau: float
    repeats_tau: float
    difference: float
    bias: float

    def __str__(self) -> str:
        share = Fraction(self.fidelity).limit_denominator(1000)
        again = "" if np.isnan(self.repeats_tau) else f" (of two repeats {self.repeats_tau:.2f})"
        return (
            f"at {share} of training, {self.configurations:,} configurations: τ {self.tau:.2f}{again}, "
            f"mean difference {self.difference:.3f}, bias {self.bias:+.3f}"
        )


def curve_agreement(table: CurveBenchmark, surrogate: CurveBenchmark) -> list[CurveAgreement]:
    """One for each fidelity, over the keys that both have; none where there are fewer than two."""
    from scipy.stats import kendalltau

    keys = np.intersect1d(table.keys, surrogate.keys)
    found = []
    for fidelity in FIDELITIES if len(keys) > 1 else ():
        measured, drawn = (benchmark.repeats(keys, fidelity) for benchmark in (table, surrogate))
        one, other = measured.mean(axis=1), drawn.mean(axis=1)
        twice = measured.shape[1] > 1
        found.append(
            CurveAgreement(
                fidelity=fidelity,
                configurations=len(keys),
                tau=float(kendalltau(one, other).statistic),
                repeats_tau=float(kendalltau(measured[:, 0], measured[:, 1]).statistic) if twice else float("nan"),
                difference=float(np.abs(other - one).mean()),
                bias=float((other - one).mean()),
            )
        )
    return found
