"""Trainings of a sweep of one's own that are done together, and what their part holds."""

import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fairwatt.experiments.config_sweep import ConfigTask
from fairwatt.experiments.epoch_energy import EpochEnergy
from fairwatt.experiments.image_data import ImageData, fingerprint, load_images
from fairwatt.experiments.metering import undisturbed
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.search_spaces.regnet_grid import VARIANTS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

if TYPE_CHECKING:  # a sweep makes its bundles
    from fairwatt.experiments.own_sweep import OwnSweep


@dataclass(frozen=True)
class OwnBundle:
    """Trainings of one network structure in a sweep of one's own."""

    name: str
    tasks: tuple[ConfigTask, ...]
    sweep: "OwnSweep"

    @property
    def size(self) -> int:
        """Trainings."""
        return len(self.tasks)

    def record(self) -> dict[str, Any]:
        """Name and tasks; the sweep's settings stand in its folder."""
        return {"name": self.name, "tasks": [asdict(task) for task in self.tasks]}

    def train(self) -> list[dict[str, Any]]:
        """In the order of the tasks: the fields of `config_training.Curves`, `clock`, those of `EpochEnergy.record`.

        clock: of `seconds`; cpu (of the process) or wall. Raises SweepError where the data is not the sweep's.
        """
        from fairwatt.experiments.config_training import Member, train

        sweep = self.sweep
        data = _data(sweep.data, sweep.sha256)
        space, device = RegnetHpoSpace(sweep.variant), sweep.metering.device_here()
        trainings = [space.training(task.config) for task in self.tasks]
        members = [
            Member(training, sweep.epochs(training), sweep.cutout_pixels(training, data), task.key())
            for training, task in zip(trainings, self.tasks, strict=True)
        ]
        meters = sweep.make_meters(trainings, data)
        energy = EpochEnergy(*meters)
        with undisturbed(meters[0]):
            curves = train(
                sweep.stages(trainings[0]),
                members,
                data,
                sweep.full_recipe(data),
                stem_width=VARIANTS[sweep.variant].stem_width // sweep.width,
                device=device,
                clock=time.process_time if device == "cpu" else time.perf_counter,
                energy=energy,
            )
        clock = "cpu" if device == "cpu" else "wall"
        return [
            asdict(one) | {"clock": clock} | energy.record(len(one.seconds), member)
            for member, one in enumerate(curves)
        ]


@lru_cache(maxsize=1)
def _data(source: str, sha256: str) -> ImageData:
    """Read once in each process. Raises SweepError where it is not what the sweep began with."""
    if sha256 and fingerprint(source) != sha256:
        raise SweepError(f"{source}: holds other data than when the sweep was started")
    return load_images(source)
