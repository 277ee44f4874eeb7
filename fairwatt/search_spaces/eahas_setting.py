"""What a sweep was trained on: the data set, how many images its errors are shares of, the size of its networks.

One table is of one setting. What the file does not say, options say; what neither says is asked for, not guessed.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces.eahas_fields import RECIPE, SweepRecord, number, shown
from fairwatt.search_spaces.regnet_grid import VARIANTS

BATCH_SIZE = 1_024
IM_SIZE = 32
_MOST = {"im_size": 1_024, "stem_width": 4_096, "classes": 100_000, "batch_size": 1_000_000, "gpus": 10_000}
_SETTINGS = ("dataset", *_MOST)
_PARTS = ("train", "validation", "test")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True)
class _Known:
    """A data set of EA-HAS-Bench. images: of each part; TinyImageNet's "test" is its validation set."""

    variant: str
    images: Mapping[str, int]


_KNOWN = {
    "cifar10": _Known("cifar10", {"train": 50_000, "test": 10_000}),
    "tiny": _Known("tiny", {"train": 100_000, "test": 10_000}),
}
_ALIASES = {"tinyimagenet": "tiny", "tiny-imagenet-200": "tiny"}


@dataclass(frozen=True)
class SweepOptions:
    """What the user says of a file, because it does not say so itself.

    dataset: what was trained on. variant: of the space, where that is none of EA-HAS-Bench's data sets. images: of
    parts. cutout: of all trainings, 0 or 16. weights: ema or raw. energy_unit: auto, wh, kwh, or none to leave energies
    out. energy_series: auto, epoch or cumulative. Raises UserError for other values.
    """

    dataset: str = ""
    variant: str = ""
    images: Mapping[str, int] = field(default_factory=dict)
    cutout: int | None = None
    weights: str = "ema"
    energy_unit: str = "auto"
    energy_series: str = "auto"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("weights", self.weights, ("ema", "raw")),
            ("energy unit", self.energy_unit, ("auto", "wh", "kwh", "none")),
            ("energy series", self.energy_series, ("auto", "epoch", "cumulative")),
            ("variant", self.variant, ("", *VARIANTS)),
        ):
            if value not in known:
                raise UnknownNameError(what, value, (name for name in known if name))
        if self.cutout not in (None, 0, 16):
            raise UserError(f"--cutout {self.cutout}: expected 0 or 16")
        for part, count in self.images.items():
            if part not in _PARTS or not 0 < count < 10**9:
                raise UserError(f"--images {part}={count}: expected train=N, validation=N or test=N")


@dataclass(frozen=True)
class Setting:
    """dataset; variant: of the space; images: of each part, of training those of an epoch. gpus: of one training."""

    dataset: str
    variant: str
    images: Mapping[str, int]
    im_size: int
    stem_width: int
    classes: int
    gpus: int

    @property
    def size(self) -> dict[str, int]:
        """As `regnet.complexity` takes it."""
        return {"im_size": self.im_size, "stem_width": self.stem_width, "num_classes": self.classes}

    def count(self, part: str) -> int:
        """Images of a part. Raises UserError where nobody says how many."""
        if part not in self.images:
            raise UserError(
                f"errors are shares of images, and nobody says how many the {part} part of {self.dataset} has: "
                f"say --images {part}=N"
            )
        return self.images[part]


def told_setting(record: SweepRecord) -> dict[str, object]:
    """What a record says of its setting; raises UserError for numbers that are none."""
    told: dict[str, object] = {}
    values = dict(record.values)
    if "anynet_stem_width" in values and (values.get("model") == "anynet" or "stem_width" not in values):
        values["stem_width"] = values["anynet_stem_width"]
    for name in _SETTINGS:
        if name not in values:
            continue
        if name == "dataset":
            given = str(values[name]).lower()
            told[name] = _ALIASES.get(given, given)
            continue
        value = number(values[name])
        if not (value % 1 == 0 and 1 <= value <= _MOST[name]):
            raise UserError(f"record {record.number}: {name} is {shown(values[name])}; expected 1 to {_MOST[name]:,}")
        told[name] = int(value)
    for name in RECIPE:
        if name in values:
            value = number(values[name])
            told[name] = value if math.isfinite(value) else str(values[name])
    return told


def decide_setting(told: Mapping[str, object], options: SweepOptions) -> Setting:
    """From what the first record says, and the options. Raises UserError where they leave something open."""
    given = _ALIASES.get(options.dataset.lower(), options.dataset.lower())
    dataset = str(told.get("dataset", given))
    if not dataset:
        raise UserError(f"the file does not say what was trained on; say --dataset {', '.join(_KNOWN)} or another")
    if not _NAME.fullmatch(dataset):
        raise UserError(
            f"the data set is called {shown(dataset)}; expected a-z, 0-9, '.', '_', '-', at most 40 of them"
        )
    if given and given != dataset:
        raise UserError(f"the file says that {shown(dataset)} was trained on, and --dataset {given}; leave that out")
    known = _KNOWN.get(dataset)
    variant = options.variant or (known.variant if known else "")
    if not variant:
        choices = " or ".join(VARIANTS)
        raise UserError(f"{shown(dataset)} is no data set of EA-HAS-Bench: say whose space it is, --variant {choices}")
    images = {**(known.images if known else {}), **options.images}
    numbers = {name: int(str(told[name])) for name in _MOST if name in told}
    if "train" in images:  # an epoch leaves the last batch out where it is not whole
        batch = numbers.get("batch_size", BATCH_SIZE)
        if images["train"] < batch:
            raise UserError(f"{images['train']:,} training images are no batch of {batch:,}")
        images["train"] = images["train"] // batch * batch
    usual = VARIANTS[known.variant if known else variant]  # also where another space is to hold these networks
    return Setting(
        dataset,
        variant,
        images,
        im_size=numbers.get("im_size", IM_SIZE),
        stem_width=numbers.get("stem_width", usual.stem_width),
        classes=numbers.get("classes", usual.classes),
        gpus=numbers.get("gpus", 1),
    )
