"""The energy of trainings, epoch by epoch."""

from collections.abc import Callable
from typing import Any

from fairwatt.errors import UserError
from fairwatt.experiments.meters import Meter, OperationCountMeter, Reading, measure


class EpochEnergy:
    """The readings of a meter, one for each epoch: of its training steps, without evaluations.

    Where an epoch is too short for the meter, its steps are repeated in one window that is long enough, once in a
    training, because all its epochs do the same work; all its short epochs count as their mean.

    meters: one that sees the trainings of a bundle as one, or one of each training, in the bundle's order.
    """

    def __init__(self, *meters: Meter) -> None:
        self._meters = meters
        self._readings: list[list[Reading]] = [[] for _ in meters]
        self._repeated: list[Reading | None] = [None for _ in meters]

    def begin(self) -> None:
        """The steps of an epoch begin."""
        for meter in self._meters:
            meter.start()

    def end(self, samples: int, again: Callable[[], object]) -> None:
        """They are done: each network was trained on so many samples. again: does them once more, to no effect."""
        ended = []
        for meter in self._meters:
            if isinstance(meter, OperationCountMeter):
                meter.count(samples)
            ended.append(meter.stop())
        for place, (meter, reading) in enumerate(zip(self._meters, ended, strict=True)):
            if reading.seconds < meter.shortest_seconds:
                reading = self._repeated[place] = self._repeated[place] or measure(meter, again)
            self._readings[place].append(reading)

    def record(self, epochs: int, member: int = 0) -> dict[str, Any]:
        """Of one training of so many epochs, JSON-able. member: its place in the bundle.

        joules: [E], None for an epoch without an answer; or None where no epoch has one. windows: epochs that were
        metered; repeated: those that count as the mean of repeats. method, scope, devices, note: of the readings.
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
            "repeated": sum(reading is self._repeated[place] for reading in readings),
            "method": best.method,
            "scope": best.scope,
            "devices": list(best.devices),
            "note": "; ".join(notes),
        }
