"""The energy of a training, epoch by epoch."""

from typing import Any

from fairwatt.experiments.meters import Meter, OperationCountMeter, Reading


class EpochEnergy:
    """The readings of a meter, one for each epoch: of its training steps, without evaluations."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.readings: list[Reading] = []

    def begin(self) -> None:
        """The steps of an epoch begin."""
        self._meter.start()

    def end(self, samples: int) -> None:
        """They are done: each network was trained on so many samples."""
        if isinstance(self._meter, OperationCountMeter):
            self._meter.count(samples)
        self.readings.append(self._meter.stop())

    def record(self, epochs: int) -> dict[str, Any]:
        """Of one training of so many epochs, JSON-able.

        joules: [E], or None where no epoch has an answer; method, scope, devices, note: of the readings.
        Epochs that a diverged training was spared take the mean of the others, as its seconds do.
        """
        joules = [reading.joules for reading in self.readings[:epochs]]
        known = [value for value in joules if value is not None]
        best = next((reading for reading in self.readings if reading.joules is not None), self.readings[0])
        spared = [sum(known) / len(known)] * (epochs - len(joules)) if known else []
        notes = dict.fromkeys(reading.note for reading in self.readings if reading.note)
        return {
            "meter": self._meter.name,
            "joules": [*joules, *spared] if known else None,
            "method": best.method,
            "scope": best.scope,
            "devices": list(best.devices),
            "note": "; ".join(notes),
        }
