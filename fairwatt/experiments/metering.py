"""Which meter reads a sweep's trainings, on which device: as the sweep names them, and what that is on this machine."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairwatt.experiments.meter_rapl import processor
from fairwatt.experiments.meters import UNMEASURED, Meter, choose, make_meter, meter_classes
from fairwatt.experiments.process_lock import HeldError, holding
from fairwatt.experiments.sweep_spec import SweepError

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Metering:
    """meter: "auto", or one of METERS. device: one of DEVICES."""

    meter: str
    device: str

    def device_here(self) -> str:
        """cpu or cuda. Raises SweepError for cuda where there is none."""
        if self.device == "cpu":
            return "cpu"
        import torch

        if torch.cuda.is_available():
            return "cuda"
        if self.device == "cuda":
            raise SweepError("device cuda: PyTorch finds no such device here; take cpu, or auto")
        return "cpu"

    def meter_here(self) -> str:
        """The meter's name, that of the best one that works here for "auto"."""
        return choose(self.meter, self.device_here())

    def make_meter(self) -> Meter:
        """The meter of this machine. Raises UserError for opcount, which needs the counts of a network."""
        return make_meter(self.meter, self.device_here())

    @property
    def alone(self) -> str:
        """Why trainings must be done one at a time: a meter that counts whole devices would count their neighbours."""
        chosen = self.meter_here()
        return f"meter {chosen} counts a whole device" if meter_classes()[chosen].exclusive else ""

    def here(self) -> Mapping[str, str]:
        """What must be the same wherever a sweep goes on: meter, kind of device and, where one measures, its model."""
        meter, device = self.meter_here(), self.device_here()
        return {"meter": meter, "device": device, "hardware": "" if meter in UNMEASURED else hardware(device)}


@contextmanager
def undisturbed(meter: Meter) -> Iterator[None]:
    """Have the meter's device for this process, as far as fairwatt's own trainings on this machine go.

    Raises SweepError where another process is measured on it.
    """
    if not meter.exclusive:
        yield
        return
    try:
        with holding(Path(tempfile.gettempdir()) / f"fairwatt-{meter.counted}.lock"):
            yield
    except HeldError as held:
        raise SweepError(
            f"meter {meter.name} counts a whole device ({meter.counted}), on which {held.holder} is measured too: "
            "one training at a time, so one worker for each device"
        ) from None


def hardware(device: str) -> str:
    """The model of the GPU that trains, or of the processor."""
    if device == "cpu":
        return processor()
    import torch

    return torch.cuda.get_device_name()
