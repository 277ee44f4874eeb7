"""A benchmark whose energies are structurally wrong: for searches that see energies and so have to be run again.

How wrong is `energy_error.EnergyError`'s business, the same that recorded searches are priced again by: what a search
is told and charged here is what pricing the same questions again would say, to the last bit.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.energy_error import EnergyError, energy_errors
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Benchmark, Reference, Tariff
from fairwatt.records import Config, Key, Measurement, Status


class PerturbedBenchmark(Benchmark):
    """Another benchmark with factors on its energies; errors, times and epochs are that one's.

    It keeps the name, and with it every random stream: searches of both are paired by seed. What tells them apart is
    `data_sha256` and the provenance of energies.
    """

    def __init__(self, base: Benchmark, error: EnergyError) -> None:
        self.name, self.space = base.name, base.space
        self.fidelities, self.resumable = base.fidelities, base.resumable
        self.has_test, self.replicates, self.pue = base.has_test, base.replicates, base.pue
        self.data_sha256 = f"{base.data_sha256}+{error.name.replace(' ', '-')}"
        energies = base.provenance.get("energy_kwh", "unknown")
        self.provenance = {**base.provenance, "energy_kwh": f"{energies}, with the error '{error.name}'"}
        self.base, self.error = base, error

    def epochs(self, config: Config, fidelity: float) -> int:
        """See `Benchmark.epochs`."""
        return self.base.epochs(config, fidelity)

    def measure(self, config: Config, fidelity: float = 1.0, seed: int = 0) -> Measurement:
        """See `Benchmark.measure`."""
        measured = self.base.measure(config, fidelity, seed)
        if measured.status is Status.INVALID:
            return measured
        (factor,) = self._factors([self.space.key(config)], fidelity)
        return replace(measured, energy_kwh=float(measured.energy_kwh * factor))

    def measure_batch(self, keys: Sequence[Key], fidelity: float = 1.0, seed: int = 0) -> dict[str, NDArray[Any]]:
        """See `Benchmark.measure_batch`."""
        answers = self.base.measure_batch(keys, fidelity, seed)
        return answers | {"energy_kwh": answers["energy_kwh"] * self._factors(keys, fidelity)}

    def tariff(self) -> Tariff:
        """Prices under the error; see `EnergyError.tariff`."""
        return self._reference.tariff

    def reference(self) -> Reference:
        """What would be true under the error."""
        return self._reference

    def replicate(self, key: Key, fidelity: float, seed: int) -> int:
        """See `Benchmark.replicate`."""
        return self.base.replicate(key, fidelity, seed)

    def verify(self) -> None:
        """See `Benchmark.verify`."""
        self.base.verify()

    @cached_property
    def _reference(self) -> Reference:
        true = self.base.reference()
        wrong = self.error.reference(true)
        label = f"{true.energy_label}; as if they had the error '{self.error.name}'"
        return replace(wrong, data_sha256=self.data_sha256, energy_label=label)

    @cached_property
    def _places(self) -> dict[Key, int]:
        return {key: place for place, key in enumerate(self.base.reference().keys)}

    def _factors(self, keys: Sequence[Key], fidelity: float) -> NDArray[np.float64]:
        """[N] of trainings of `keys` [N], which the space has."""
        known = self.error.by_key is not None
        places = np.array([self._places[key] if known else 0 for key in keys], dtype=np.intp)
        return self.error.factors(places, np.full(len(keys), fidelity))


class EnergyNotKnownError(UserError):
    """An energy error for which a space does not know enough; the message says what."""


def perturbed(base: Benchmark, name: str) -> PerturbedBenchmark:
    """A benchmark under one of the structural errors of `energy_errors`.

    Raises EnergyNotKnownError where the space does not know enough for it, UnknownNameError for other names.
    """
    errors = energy_errors(base.reference())
    found = errors.get(name)
    if isinstance(found, EnergyError):
        return PerturbedBenchmark(base, found)
    found = found or (errors.get("another device") if name.startswith("device ") else None)
    if found is None:
        raise UnknownNameError(f"energy error of {base.name}", name, errors)
    raise EnergyNotKnownError(str(found))
