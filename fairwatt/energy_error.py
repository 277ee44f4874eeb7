"""What if all energies of a space are wrong together: structural errors, by which recorded searches are priced again.

Errors of 10 % that are independent from training to training average to 2 % over 30 of them and test nothing. These
do not average out (specification, section 0.6): short trainings that take more than their share of a long one, as
measured; larger networks that take more, or less, than their table says; another device; and a spread that is fixed
for each network, as wide as that between two published sets of energies of the same cells (CV 14 %).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.problem import Reference, Tariff
from fairwatt.records import Cost
from fairwatt.streams import stream

Array = NDArray[np.float64]

MEASURED_RATIO = 23.5
"""Energy of 108 epochs over that of 4, as measured; by the number of epochs it is 27."""
SLOPES = (0.1, -0.1)
SPREAD = 0.14
"""Coefficient of variation of the ratio of two published energies of the same cell."""
DRAWS = 3
"""Of the spread: one draw may happen to favour the networks that one arm asks for."""
RATIO = "fidelity ratio"
NAMES = (
    RATIO,
    *(f"size slope {slope:+}" for slope in SLOPES),
    *(f"energy spread {draw}" for draw in range(1, DRAWS + 1)),
)
"""Of the errors that need no other device; those of devices are `device` and its name."""


@dataclass(frozen=True)
class EnergyError:
    """Factors on a space's energies.

    name: of the sensitivity cell. by_key: [K] in the order of the reference's keys; None where it is 1. fixed: share of
    a full training's energy that a shorter one takes too; the rest is in proportion to its length.
    """

    name: str
    by_key: Array | None = None
    fixed: float = 0.0

    def at(self, fidelity: ArrayLike) -> Array:
        """Factor on trainings of a length, 1 for full ones; same shape as `fidelity`."""
        share = np.asarray(fidelity, dtype=np.float64)
        return np.asarray((self.fixed + (1.0 - self.fixed) * share) / share)

    def factors(self, places: NDArray[np.intp], fidelities: ArrayLike) -> Array:
        """[N] on trainings of the keys at `places` [N] of the reference, to `fidelities` [N]."""
        by_length = self.at(fidelities)
        return by_length if self.by_key is None else by_length * self.by_key[places]

    def tariff(self, reference: Reference) -> Tariff:
        """The tariff under this error.

        c̄ and exhaustive search are exact. Prices at the first fidelity are taken to scale with those of full training,
        since a reference knows no others; they matter where invalid proposals are charged.
        """
        tariff, energy = reference.tariff, reference.energy_kwh
        wrong = energy if self.by_key is None else energy * self.by_key
        chances = _weights(reference)
        mean, short = float(chances @ wrong / (chances @ energy)), float(self.at(reference.fidelities[0]))
        return Tariff(
            cheapest=_scaled(tariff.cheapest, short * float(wrong.min() / energy.min())),
            first=_scaled(tariff.first, short * mean),
            full=_scaled(tariff.full, mean),
            exhaustive=tariff.exhaustive and _scaled(tariff.exhaustive, float(wrong.sum() / energy.sum())),
        )

    def reference(self, reference: Reference) -> Reference:
        """What would be true of the space under this error."""
        if self.by_key is None:
            return replace(reference, tariff=self.tariff(reference))
        repeats = reference.energy_repeats
        return replace(
            reference,
            tariff=self.tariff(reference),
            energy_kwh=reference.energy_kwh * self.by_key,
            energy_repeats=None if repeats is None else repeats * self.by_key[:, None],
        )


def energy_errors(reference: Reference) -> dict[str, EnergyError | str]:
    """Every structural error by its name, or why there is none of this kind in this space."""
    shortest = 1 / 27
    fixed = (1 / MEASURED_RATIO - shortest) / (1 - shortest)
    found: dict[str, EnergyError | str] = {}
    found[RATIO] = EnergyError(RATIO, fixed=fixed)
    for slope in SLOPES:
        name = f"size slope {slope:+}"
        if np.isfinite(reference.params).all() and (reference.params > 0).all():
            size = reference.params / np.median(reference.params)
            found[name] = EnergyError(name, size**slope)
        else:
            found[name] = "the space does not know the number of parameters of all networks"
    for device, factors in reference.device_factors.items():
        found[f"device {device}"] = EnergyError(f"device {device}", factors)
    if not reference.device_factors:
        found["another device"] = "the space knows the energies of one device only"
    sigma = math.sqrt(math.log1p(SPREAD**2))
    for draw in range(1, DRAWS + 1):
        name = f"energy spread {draw}"
        normal = stream("analysis", f"{reference.name}: energy spread", draw).standard_normal(len(reference.keys))
        found[name] = EnergyError(name, np.exp(sigma * normal - sigma**2 / 2))
    return found


def _weights(reference: Reference) -> Array:
    """[K] of keys in the tariff's means, which are of all keys or of the sampler's draws: whichever c̄ comes from."""
    even = np.full(len(reference.keys), 1.0 / len(reference.keys))
    if reference.probabilities is None:
        return even
    found = [
        abs(float(chances @ reference.energy_kwh) - reference.tariff.mean_full_kwh)
        for chances in (even, reference.probabilities)
    ]
    return even if found[0] <= found[1] else reference.probabilities


def _scaled(cost: Cost, factor: float) -> Cost:
    return cost._replace(energy_nj=round(cost.energy_nj * factor))
