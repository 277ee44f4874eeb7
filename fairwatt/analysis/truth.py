"""What is best in a space, and how far from it something is: the scales of all regrets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.indicators import FrontScale
from fairwatt.errors import UserError
from fairwatt.problem import Reference
from fairwatt.records import Key

NOTHING = -1
"""The place of an incumbent before there is one."""


@dataclass(frozen=True)
class Truth:
    """The true values of a space at full training, means over replicates.

    places: key to row of the arrays. val_error, test_error, energy_kwh: [K]. val_median, test_median, test_best: of
    those, keys counting equally. label: what regret is measured on. probabilities: [K] of a draw of the sampler, None
    where it is uniform. observed: energies and validation errors [K, R] each, which searches see one of; None where
    those are the true ones, or not known. seconds: [K] of full training.
    """

    places: Mapping[Key, int]
    val_error: NDArray[np.float64]
    test_error: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    val_median: float
    test_median: float
    test_best: float
    label: str
    probabilities: NDArray[np.float64] | None
    observed: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    seconds: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, reference: Reference) -> "Truth":
        """The truth of an enumerable benchmark."""
        return cls(
            places={key: place for place, key in enumerate(reference.keys)},
            val_error=reference.val_error,
            test_error=reference.test_error,
            energy_kwh=reference.energy_kwh,
            val_median=float(np.median(reference.val_error)),
            test_median=float(np.median(reference.test_error)),
            test_best=float(reference.test_error.min()),
            label="test" if reference.has_test else "validation (this space has no test metric)",
            probabilities=reference.probabilities,
            observed=_observed(reference),
            seconds=reference.seconds,
        )

    def costs(self, currency: str) -> NDArray[np.float64] | None:
        """[K] kWh or seconds of full training; None in a currency in which they are not known to differ."""
        return {"energy": self.energy_kwh, "time": self.seconds}.get(currency)

    def with_energies_of(self, reference: Reference) -> "Truth":
        """The same networks with the energies of another reference of them."""
        return replace(self, energy_kwh=reference.energy_kwh, observed=_observed(reference))

    @cached_property
    def test_front(self) -> FrontScale:
        """The scale of the front of (energy_kwh, test_error)."""
        return FrontScale.of(np.column_stack([self.energy_kwh, self.test_error]))

    @cached_property
    def val_front(self) -> FrontScale:
        """The scale of the front of (energy_kwh, val_error)."""
        return FrontScale.of(np.column_stack([self.energy_kwh, self.val_error]))

    @cached_property
    def log_front(self) -> FrontScale:
        """The scale of the front of (log10 of energy_kwh, test_error): the same networks, weighed otherwise."""
        return FrontScale.of(np.column_stack([np.log10(self.energy_kwh), self.test_error]))

    def place(self, key: Key) -> int:
        """The row of a key. Raises UserError for a key that the space does not have."""
        if key not in self.places:
            raise UserError(f"network {key!r} of a run is not in the reference of its space; are both of one release?")
        return self.places[key]

    def regret(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Normalised regret of incumbents: 0 the optimum, 1 the median network, and 1 where there is NOTHING."""
        span = self.test_median - self.test_best  # 0 where half of all networks are the optimum: natural units then
        regret = (self.test_error[places] - self.test_best) / (span if span > 0 else 1.0)
        return np.where(places == NOTHING, 1.0, regret)

    def incumbent_val_error(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Validation error of incumbents; that of the median network where there is NOTHING."""
        return np.where(places == NOTHING, self.val_median, self.val_error[places])

    def test_points(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """[P, 2] energy and test error of a set of networks."""
        return np.column_stack([self.energy_kwh[places], self.test_error[places]])

    def log_points(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """[P, 2] log10 of energy (in kWh) and test error of a set of networks."""
        return np.column_stack([np.log10(self.energy_kwh[places]), self.test_error[places]])

    def val_points(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """[P, 2] energy and validation error of a set of networks."""
        return np.column_stack([self.energy_kwh[places], self.val_error[places]])


def _observed(reference: Reference) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Energies and validation errors [K, R] that searches see, where that is known to be more than one of each."""
    columns = (
        (reference.energy_kwh, reference.energy_repeats),
        (reference.val_error, reference.val_repeats),
    )
    known = [repeats for _, repeats in columns if repeats is not None]
    if not known:
        return None
    energy, error = (
        np.broadcast_to(true[:, None], known[0].shape) if repeats is None else repeats for true, repeats in columns
    )
    return energy, error
