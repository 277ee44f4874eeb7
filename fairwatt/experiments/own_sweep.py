"""A sweep of RegNet + HPO configurations over one's own images, on one's own machine, with an energy meter.

Trainings follow the configurations as the embedded benchmarks' do; how large and how long they are is the sweep's to
say. A meter that really measures sees one training at a time; under `null` and `opcount` networks of one structure are
trained together.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from math import isfinite
from typing import Any

from fairwatt.errors import UnknownNameError
from fairwatt.experiments.config_sweep import MOST_CONFIGS, ConfigTask, cut_waves, sampled_waves, shuffled
from fairwatt.experiments.curve_data import LEAST_KEYS
from fairwatt.experiments.epoch_energy import EpochEnergy
from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE, HpoRecipe
from fairwatt.experiments.image_data import DIGITS, ImageData, fingerprint, load_images
from fairwatt.experiments.meters import METERS, Meter, OperationCountMeter, choose, make_meter, meter_classes
from fairwatt.experiments.miniature import narrowed
from fairwatt.experiments.sweep_spec import SweepError, check_name
from fairwatt.search_spaces.regnet import Stages, work
from fairwatt.search_spaces.regnet_encoding import EPOCHS
from fairwatt.search_spaces.regnet_grid import VARIANTS
from fairwatt.search_spaces.regnet_hpo import CUTOUTS, RegnetHpoSpace, Training
from fairwatt.surrogates.curve_examples import LEAST_POINTS

OWN = "regnet-hpo"
WIDTHS = (1, 2, 4, 8)
DEVICES = ("auto", "cpu", "cuda")
FULL_SIDE = {"cifar10": 32, "tiny": 64}
"""Pixels of the images that a variant is made for: what its 16 pixels of cutout are a part of."""


@dataclass(frozen=True)
class OwnSweep:
    """A sample of `configs` distinct keys of the variant's space under `seed`, the first `repeated` trained twice.

    data: "digits", or the path of an .npz file or of a folder of classes (see `image_data`). width: 1, 2, 4 or 8, by
    which channels are divided. epochs_scale: the share of a configuration's 50, 100 or 200 epochs that really runs.
    cutout: pixels that stand for the configuration's 16; by default the same part of the image's side. recipe:
    settings of `HpoRecipe` that differ. meter: auto, or one of METERS; device: auto, cpu or cuda. sha256: of the data,
    once it was looked at. Raises SweepError for values that are no sweep.
    """

    name: str
    data: str
    configs: int
    variant: str = "cifar10"
    repeated: int = 0
    seed: int = 0
    bundle_size: int = 16
    width: int = 1
    epochs_scale: float = 1.0
    cutout: int = -1
    recipe: Mapping[str, Any] = field(default_factory=dict)
    meter: str = "auto"
    device: str = "auto"
    sha256: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.variant not in VARIANTS:
            raise SweepError(str(UnknownNameError("variant", self.variant, VARIANTS)))
        if self.meter not in (*METERS, "auto"):
            raise SweepError(str(UnknownNameError("meter", self.meter, (*METERS, "auto"))))
        if self.device not in DEVICES:
            raise SweepError(f"device {self.device!r}: expected {', '.join(DEVICES)}")
        if not (0 <= self.repeated <= self.configs and 1 <= self.configs <= MOST_CONFIGS):
            raise SweepError(
                f"configs {self.configs}, repeated {self.repeated}: expected 1 to {MOST_CONFIGS}, and not more repeated"
            )
        if self.width not in WIDTHS:
            raise SweepError(f"width {self.width}: expected one of {', '.join(map(str, WIDTHS))}")
        if not (isfinite(self.epochs_scale) and 0 < self.epochs_scale <= 10):
            raise SweepError(f"epochs_scale {self.epochs_scale}: expected a number above 0, at most 10")
        if self.bundle_size < 1 or self.seed < 0 or self.cutout < -1:
            raise SweepError(
                f"bundle_size {self.bundle_size}, seed {self.seed}, cutout {self.cutout}: expected 1, 0 and 0 or more"
            )
        _check_recipe(self.recipe)

    @property
    def what(self) -> str:
        """What is trained, in words."""
        twice = f", {self.repeated:,} of them twice" if self.repeated else ""
        return (
            f"{self.name}: {self.configs:,} RegNet + HPO configurations ({self.variant}) on {self.data}{twice}; "
            f"meter {self.meter}, device {self.device}"
        )

    @property
    def caution(self) -> str:
        """Why no surrogate of curves could learn from this sweep; empty where one could."""
        shortest = max(1, round(self.epochs_scale * min(EPOCHS)))
        lacking = [
            f"{count} {what} where {least} are needed"
            for count, what, least in (
                (self.configs, "configurations", LEAST_KEYS),
                (shortest, "epochs of the shortest training (epochs_scale)", LEAST_POINTS),
            )
            if count < least
        ]
        return f"too little for a surrogate of curves: {' and '.join(lacking)}" if lacking else ""

    @property
    def alone(self) -> str:
        """Why trainings must be done one at a time: a meter that counts whole devices would count their neighbours."""
        chosen = choose(self.meter, self.device_here())
        return f"meter {chosen} counts a whole device" if meter_classes()[chosen].exclusive else ""

    def checked(self) -> "OwnSweep":
        """This sweep, with its data's checksum, once all that can be wrong before a training was looked at.

        Raises SweepError.
        """
        data = load_images(self.data)
        recipe = self.full_recipe(data)
        if data.sizes()["train"] < recipe.batch_size:
            raise SweepError(
                f"{self.data}: {data.sizes()['train']} training images, batches of {recipe.batch_size}: "
                "expected a whole batch; set recipe: {batch_size: ...}"
            )
        self.device_here()
        return replace(self, sha256=fingerprint(self.data))

    def settings(self) -> dict[str, Any]:
        """What makes this sweep another one: all but where the data lies."""
        own = asdict(self)
        own["data"] = own.pop("sha256") or fingerprint(self.data)
        return {"sweep": {"space": OWN, **own}}

    def bundles(self) -> list["OwnBundle"]:
        """All bundles in an order that never changes; a part of them is a sample too."""
        space = RegnetHpoSpace(self.variant)
        size = self.bundle_size if self.meter in ("null", "opcount") else 1
        waves = sampled_waves(space, self.name, self.seed, self.configs, self.repeated)
        cut = cut_waves(waves, lambda task: self.stages(space.training(task.config)), size)
        return shuffled([OwnBundle(name, tasks, self) for name, tasks in cut], self.name, self.seed)

    # -- what a configuration becomes

    def stages(self, training: Training) -> Stages:
        """The network that is really trained."""
        return narrowed(training.stages, self.width)

    def epochs(self, training: Training) -> int:
        """How many epochs really run."""
        return max(1, round(self.epochs_scale * training.epochs))

    def cutout_pixels(self, training: Training, data: ImageData) -> int:
        """Side of the square that is really cut out."""
        side = min(data.images.shape[2:])
        most = max(CUTOUTS)
        standing = side * most // FULL_SIDE[self.variant] if self.cutout < 0 else self.cutout
        return standing * training.cutout // most

    def full_recipe(self, data: ImageData) -> HpoRecipe:
        """EA-HAS-Bench's recipe, shifts in proportion to the image, or the digits' own; then what the sweep sets."""
        side = min(data.images.shape[2:])
        usual = DIGITS_RECIPE if self.data == DIGITS else HpoRecipe(crop_padding=max(1, side // 8))
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in self.recipe.items()
        }
        return replace(usual, **given)

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

    def make_meter(self, training: Training, data: ImageData) -> Meter:
        """The meter of one training, or of one structure under `opcount`.

        `opcount` counts the network as it is trained; a narrowed one is counted at full width on images of the
        variant's size, because the model holds for networks of that size only.
        """
        if self.meter != "opcount":
            return make_meter(self.meter, self.device_here())
        side = min(data.images.shape[2:]) if self.width == 1 else FULL_SIDE[self.variant]
        stem = VARIANTS[self.variant].stem_width
        found = work(training.stages, im_size=side, stem_width=stem, num_classes=data.classes)
        features = {"macs": found.macs, "activation_bytes": found.activation_bytes, "layers": found.layers}
        return OperationCountMeter(features, f"counts of the full-width network on {side} x {side} images")


@dataclass(frozen=True)
class OwnBundle:
    """Trainings of one network structure in a sweep of one's own."""

    name: str
    tasks: tuple[ConfigTask, ...]
    sweep: OwnSweep

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
        space, device = RegnetHpoSpace(sweep.variant), sweep.device_here()
        trainings = [space.training(task.config) for task in self.tasks]
        members = [
            Member(training, sweep.epochs(training), sweep.cutout_pixels(training, data), task.key())
            for training, task in zip(trainings, self.tasks, strict=True)
        ]
        energy = EpochEnergy(sweep.make_meter(trainings[0], data))
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
        return [asdict(one) | {"clock": clock} | energy.record(len(one.seconds)) for one in curves]


@lru_cache(maxsize=1)
def _data(source: str, sha256: str) -> ImageData:
    """Read once in each process. Raises SweepError where it is not what the sweep began with."""
    if sha256 and fingerprint(source) != sha256:
        raise SweepError(f"{source}: holds other data than when the sweep was started")
    return load_images(source)


def _check_recipe(recipe: Mapping[str, Any]) -> None:
    usual = {one.name: one.default for one in fields(HpoRecipe)}
    for key, value in recipe.items():
        if key not in usual:
            raise SweepError(str(UnknownNameError("setting of the recipe", key, usual)))
        default = usual[key]
        if isinstance(default, tuple):
            fine = isinstance(value, list | tuple) and len(value) == len(default) and all(map(_is_share, value))
        elif isinstance(default, bool):
            fine = isinstance(value, bool)
        elif isinstance(default, int):
            fine = type(value) is int and value >= (0 if key in ("crop_padding", "warmup_epochs") else 1)
        else:
            fine = type(value) in (int, float) and isfinite(value) and value >= 0
        if not fine:
            raise SweepError(f"recipe: {key} {value!r}: expected something like {default!r}")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < 1
