"""Energy of training a network, modelled from its operation counts.

Joules per training sample = a * MACs + b * activation bytes + c * layers, with coefficients fitted
to measured trainings. Counts come from the caller, so that this room knows no search space. A
calibration is a currency of its own: never add or compare energies of two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UserError
from fairwatt.records import JOULES_PER_KWH


@dataclass(frozen=True)
class Term:
    """One feature of a calibration: joules per unit of it, 95 % interval, range it was fitted on."""

    joules: float
    low: float
    high: float
    smallest: int
    largest: int


@dataclass(frozen=True)
class Calibration:
    """Fitted coefficients by feature, and how far they may be trusted.

    mape: mean absolute relative error in 5-fold cross-validation. extrapolated_mape: on measured
    networks beyond the range, up to one factor of the measuring set-up. pue: contained in them.
    """

    name: str
    terms: Mapping[str, Term]
    mape: float
    extrapolated_mape: float
    pue: float
    hardware: str
    source: str


ECNAS_GPU = Calibration(
    name="ecnas-gpu",
    terms={
        "macs": Term(1.062e-10, 1.038e-10, 1.085e-10, 37_098_496, 7_335_187_456),
        "activation_bytes": Term(3.681e-9, 3.366e-9, 3.936e-9, 10_270_760, 50_280_488),
        "layers": Term(1.703e-3, 1.622e-3, 1.802e-3, 40, 85),
    },
    mape=0.0778,
    extrapolated_mape=0.154,
    pue=1.59,
    hardware="NVIDIA GPU (Quadro RTX 6000, doubtful) and its host CPUs, as carbontracker 1.1.7 measured them",
    source="4,310 measured EC-NAS 7V trainings (PedramBakh/EC-NAS-Bench, MIT); least squares",
)
"""Training of NAS-Bench-101 networks on CIFAR-10, energy per training sample.

EC-NAS names a Quadro RTX 6000. Its 7V energies are .60 of its 5V energies for the same cells, and at 4V an RTX 3090
takes .60 of what the Quadro takes: which of the two these trainings ran on is in doubt.

The range lacks shallow networks: 25 of the 91 cells of 4 vertices have fewer than 40 layers. They
were measured too, in EC-NAS 4V and 5V, whose energies differ from 7V's by one factor (1.8). Up to
that factor the model's error is 7.5 % on the 66 cells of 4V within the range and 15.4 % on the 25
beyond it, mostly upwards: usable with that label, so `extrapolate=True` permits it. Kendall's tau
with the measured energies is .87 on all of 4V and .80 on all of 5V (within 5V's range: 10.0 %).
"""


class OutsideCalibrationError(UserError):
    """Features outside the range that a calibration was fitted on."""


class OperationCountModel:
    """A calibration applied. Features are arrays [N] (or numbers) by the calibration's names."""

    def __init__(self, calibration: Calibration = ECNAS_GPU) -> None:
        self.calibration = calibration

    def outside(self, features: Mapping[str, ArrayLike]) -> NDArray[np.bool_]:
        """[N] whether any feature lies outside the fitted range.

        Raises ValueError unless the features are exactly the calibration's.
        """
        terms = self.calibration.terms
        if features.keys() != terms.keys():
            raise ValueError(f"features {sorted(features)}; expected {sorted(terms)}")
        beyond = [
            ~((np.asarray(features[name]) >= term.smallest) & (np.asarray(features[name]) <= term.largest))
            for name, term in terms.items()
        ]
        return np.asarray(np.logical_or.reduce(np.broadcast_arrays(*beyond)))

    def joules_per_sample(self, features: Mapping[str, ArrayLike], *, extrapolate: bool = False) -> NDArray[np.float64]:
        """[N] joules of one training sample (forward, backward and update).

        Raises OutsideCalibrationError beyond the fitted range unless `extrapolate`.
        """
        outside = self.outside(features)
        if outside.any() and not extrapolate:
            raise OutsideCalibrationError(self._refusal(features))
        terms = self.calibration.terms
        parts = [terms[name].joules * np.asarray(features[name], dtype=np.float64) for name in terms]
        return np.asarray(sum(parts), dtype=np.float64)

    def training_kwh(
        self, features: Mapping[str, ArrayLike], samples: ArrayLike, *, extrapolate: bool = False
    ) -> NDArray[np.float64]:
        """[N] kWh of training on `samples` (images times epochs); raises as `joules_per_sample`."""
        joules = self.joules_per_sample(features, extrapolate=extrapolate)
        return joules * np.asarray(samples, dtype=np.float64) / JOULES_PER_KWH

    def _refusal(self, features: Mapping[str, ArrayLike]) -> str:
        ranges = []
        for name, term in self.calibration.terms.items():
            given = np.asarray(features[name])
            if not (np.all(given >= term.smallest) and np.all(given <= term.largest)):
                span = f"{given.min():g}" if given.min() == given.max() else f"{given.min():g}..{given.max():g}"
                ranges.append(f"{name} {span}, fitted on {term.smallest:g}..{term.largest:g}")
        return (
            f"outside the calibration {self.calibration.name}: {'; '.join(ranges)}; "
            f"extrapolate=True permits it at an error of {self.calibration.extrapolated_mape:.1%}"
        )
