"""How far a surrogate of learning curves agrees with a grid of trainings, fidelity by fidelity.

What the surrogate says of a configuration is held against one training of it, and so is a second training: who knew no
more of a configuration than one training tells would do as well. Configurations of 50, 100 and 200 epochs are ranked
apart and the results averaged, lest a surrogate be praised for knowing that longer trainings are better.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.curve_benchmark import FIDELITIES, CurveBenchmark, epochs_at
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.search_spaces.regnet_encoding import key_epochs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CurveAgreement:
    """At one fidelity, of validation errors as fractions, of the surrogate with the first training of a table.

    configurations: compared; learned: left out, because the surrogate learned from them. tau: Kendall's tau-b, mean
    over the lengths of training. repeat_tau: as tau, of the second training with the first; NaN where there is none.
    difference: mean absolute one; bias: mean of surrogate less table.
    """

    fidelity: float
    configurations: int
    learned: int
    tau: float
    repeat_tau: float
    difference: float
    bias: float

    def __str__(self) -> str:
        share = Fraction(self.fidelity).limit_denominator(1000)
        again = "" if np.isnan(self.repeat_tau) else f" (a second training {self.repeat_tau:.2f})"
        left = f", {self.learned} more were learned from" if self.learned else ""
        return (
            f"at {share} of training, {self.configurations:,} configurations{left}: τ {self.tau:.2f}{again}, "
            f"mean difference {self.difference:.3f}, bias {self.bias:+.3f}"
        )


def curve_agreement(table: CurveBenchmark, surrogate: CurveSurrogate) -> list[CurveAgreement]:
    """One for each fidelity, over the table's keys of which the surrogate learned nothing; none for fewer than two."""
    learned = np.intersect1d(table.keys, np.concatenate([surrogate.training, surrogate.stopping]))
    keys = np.setdiff1d(table.keys, learned)
    epochs = key_epochs(keys)
    found = []
    for fidelity in FIDELITIES if len(keys) > 1 else ():
        measured = table.repeats(keys, fidelity)
        progress = np.array([[epochs_at(fidelity, full) / full] for full in epochs.tolist()])
        told = surrogate.predict(keys, progress)[0][:, 0] / 100
        found.append(
            CurveAgreement(
                fidelity=fidelity,
                configurations=len(keys),
                learned=len(learned),
                tau=_tau(measured[:, 0], told, epochs),
                repeat_tau=_tau(measured[:, 0], measured[:, 1], epochs) if measured.shape[1] > 1 else float("nan"),
                difference=float(np.abs(told - measured[:, 0]).mean()),
                bias=float((told - measured[:, 0]).mean()),
            )
        )
    return found


def _tau(one: Array, other: Array, epochs: NDArray[np.int64]) -> float:
    from scipy.stats import kendalltau

    groups = [epochs == full for full in np.unique(epochs)]
    return float(np.mean([kendalltau(one[group], other[group]).statistic for group in groups]))
