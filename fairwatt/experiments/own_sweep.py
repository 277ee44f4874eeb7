"""A sweep of RegNet + HPO configurations over one's own images, on one's own machine, with an energy meter.

Trainings follow the configurations as the embedded benchmarks' do; how large and how long they are is the sweep's to
say. A meter that really measures sees one training at a time; under `null` and `opcount` networks that are of one
structure once they are narrowed are trained together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from math import isfinite
from typing import Any

from fairwatt.errors import UnknownNameError
from fairwatt.experiments.config_sweep import MOST_CONFIGS, cut_waves, sampled_waves, shuffled
from fairwatt.experiments.curve_data import LEAST_KEYS, TEST_OF_REPEATED
from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE, HpoRecipe
from fairwatt.experiments.image_data import DIGITS, ImageData, fingerprint, load_images
from fairwatt.experiments.metering import DEVICES, Metering
from fairwatt.experiments.meters import METERS, UNMEASURED, Meter, OperationCountMeter
from fairwatt.experiments.miniature import narrowed
from fairwatt.experiments.own_bundle import OwnBundle
from fairwatt.experiments.recipe_settings import check_recipe, with_settings
from fairwatt.experiments.sweep_spec import SweepError, check_name
from fairwatt.search_spaces.regnet import Stages, work
from fairwatt.search_spaces.regnet_encoding import EPOCHS
from fairwatt.search_spaces.regnet_grid import VARIANTS
from fairwatt.search_spaces.regnet_hpo import CUTOUTS, RegnetHpoSpace, Training
from fairwatt.surrogates.curve_examples import LEAST_POINTS
from fairwatt.surrogates.curve_model import LEAST_EXAMPLES

OWN = "regnet-hpo"
WIDTHS = (1, 2, 4, 8)
FULL_SIDE = 32
"""Pixels of the images that both variants are made for, as EA-HAS-Bench sets them: what 16 of cutout are a part of."""
LEAST_REPEATED = next(n for n in count(LEAST_EXAMPLES) if n - round(TEST_OF_REPEATED * n) >= LEAST_EXAMPLES)
"""Configurations to train twice, so that enough of them are left to learn noise from once some are tested."""


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
        check_recipe(self.recipe)

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
        """Why no surrogate of curves, or none with noise, could learn from this sweep; empty where one could."""
        shortest = max(1, round(self.epochs_scale * min(EPOCHS)))
        lacking = _lacking(
            (self.configs, "configurations", LEAST_KEYS),
            (shortest, "epochs of the shortest training (epochs_scale)", LEAST_POINTS),
        )
        noise = _lacking((self.repeated, "second trainings (repeated)", LEAST_REPEATED))
        told = (("a surrogate of curves", lacking), ("the noise between trainings", noise))
        return "; ".join(f"too little for {what}: {why}" for what, why in told if why)

    @property
    def metering(self) -> Metering:
        """Which meter reads the trainings, on which device."""
        return Metering(self.meter, self.device)

    @property
    def alone(self) -> str:
        """Why trainings must be done one at a time; empty where they need not."""
        return self.metering.alone

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
        self.metering.device_here()
        return replace(self, sha256=fingerprint(self.data))

    def settings(self) -> dict[str, Any]:
        """What makes this sweep another one: all but where the data lies."""
        own = asdict(self)
        own["data"] = own.pop("sha256") or fingerprint(self.data)
        return {"sweep": {"space": OWN, **own}}

    def bundles(self) -> list[OwnBundle]:
        """All bundles in an order that never changes; a part of them is a sample too."""
        space = RegnetHpoSpace(self.variant)
        size = self.bundle_size if self.meter in UNMEASURED else 1
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
        standing = side * most // FULL_SIDE if self.cutout < 0 else self.cutout
        return standing * training.cutout // most

    def full_recipe(self, data: ImageData) -> HpoRecipe:
        """EA-HAS-Bench's recipe, shifts in proportion to the image, or the digits' own; then what the sweep sets."""
        side = min(data.images.shape[2:])
        usual = DIGITS_RECIPE if self.data == DIGITS else HpoRecipe(crop_padding=max(1, side // 8))
        return with_settings(usual, self.recipe)

    def full_side(self, data: ImageData) -> int:
        """Pixels of the images that energy is counted for: a narrowed network's counts are of its full width, on images
        of the usual size, because the model of counts holds for networks of that size only."""
        return min(data.images.shape[2:]) if self.width == 1 else FULL_SIDE

    def make_meters(self, trainings: Sequence[Training], data: ImageData) -> list[Meter]:
        """The meter of a bundle's trainings; under `opcount` one of each, by its own full-width network."""
        if self.meter != "opcount":
            return [self.metering.make_meter()]
        side, stem = self.full_side(data), VARIANTS[self.variant].stem_width
        label = f"counts of the full-width network on {side} x {side} images"
        counts = [
            work(training.stages, im_size=side, stem_width=stem, num_classes=data.classes) for training in trainings
        ]
        return [OperationCountMeter(each._asdict(), label) for each in counts]


def _lacking(*found: tuple[int, str, int]) -> str:
    """Of (count, what it counts, the least that is needed): those that are too few, in words."""
    return " and ".join(f"{own} {what} where {least} are needed" for own, what, least in found if own < least)
