"""The energy of trainings, epoch by epoch."""

from typing import Any

from fairwatt.errors import UserError
from fairwatt.experiments.meters import Meter, OperationCountMeter, Reading


class EpochEnergy:
    """The readings of a meter, one for each epoch: of its training steps, without evaluations.

    meters: one that sees the trainings of a bundle as one, or one of each training, in the bundle's order.
    """

    def __init__(self, *meters: Meter) -> None:
        self._meters = meters
        self._readings: list[list[Reading]] = [[] for _ in meters]

    def begin(self) -> None:
        """The steps of an epoch begin."""
        for meter in self._meters:
            meter.start()

    def end(self, samples: int) -> None:
        """They are done: each network was trained on so many samples."""
        for meter, readings in zip(self._meters, self._readings, strict=True):
            if isinstance(meter, OperationCountMeter):
                meter.count(samples)
            readings.append(meter.stop())

    def record(self, epochs: int, member: int = 0) -> dict[str, Any]:
        """Of one training of so many epochs, JSON-able. member: its place in the bundle.

        joules: [E], None for an epoch without an answer; or None where no epoch has one. windows: epochs that were
        metered; short: those of them that were too short for the meter. method, scope, devices, note: of the readings.
        Epochs that a diverged training was spared take the mean of the others, as its seconds do. Raises UserError
        where most epochs lack what others have.
        """
        place = member if len(self._meters) > 1 else 0
        readings = self._readings[place][:epochs]
        joules = [reading.joules for reading in readings]
        known = [value for value in joules if value is not None]
        answered = [reading for reading in readings if reading.joules is not None]
        silent = [reading for reading in readings if reading.joules is None]
        if answered and len(silent) > len(answered):
            raise UserError(
                f"{len(silent)} of {len(readings)} epochs have no reading of the meter ({silent[0].note}): where "
                "epochs are too short for it, train longer ones, or take another meter"
            )
        best = (answered or silent)[0]
        spared = [sum(known) / len(known)] * (epochs - len(joules)) if known else []
        notes = dict.fromkeys(reading.note for reading in (*answered, *silent[:1]) if reading.note)
        return {
            "meter": self._meters[place].name,
            "joules": [*joules, *spared] if known else None,
            "windows": len(readings),
            "short": sum(reading.short for reading in readings),
            "method": best.method,
            "scope": best.scope,
            "devices": list(best.devices),
            "note": "; ".join(notes),
        }
