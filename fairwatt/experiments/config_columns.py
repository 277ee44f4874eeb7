"""The columns of a table of RegNet + HPO trainings, from the results of a sweep.

On digits what is trained are miniatures, and energy is of the full-size CIFAR-10 network, by the operation-count model,
which was fitted to networks without grouped convolutions and squeeze-and-excitation. On one's own data energy is what
the sweep's meter read; where it read nothing, that of operation counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments import digits
from fairwatt.experiments.config_energy import Metered
from fairwatt.experiments.config_sweep import ConfigSweep, ConfigTask
from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE
from fairwatt.experiments.image_data import load_images
from fairwatt.experiments.own_sweep import OwnSweep
from fairwatt.experiments.sweep_spec import SweepError
from fairwatt.records import JOULES_PER_KWH
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.config_trainings import CIFAR10_TRAINING_IMAGES, CONFIG, CURVES, of_images
from fairwatt.search_spaces.described_configs import described_configs, small_column
from fairwatt.search_spaces.regnet_grid import VARIANTS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.surrogates.energy_model import OperationCountModel


@dataclass(frozen=True)
class Row:
    """One training, and its result as the part of this name holds it."""

    key: int
    task: ConfigTask
    result: Mapping[str, Any]
    part: str


@dataclass(frozen=True)
class TrainedOn:
    """images: of each part, of training those of an epoch. size: of the full-size network's images, stem and classes.

    epoch_images: training images of an epoch whose energy operation counts give. own: whether it is the user's data.
    """

    space: RegnetHpoSpace
    images: Mapping[str, int]
    size: Mapping[str, int]
    epoch_images: int
    own: bool

    @classmethod
    def of(cls, sweep: ConfigSweep | OwnSweep) -> "TrainedOn":
        """What a sweep trains on. Raises SweepError where its data is not there."""
        if isinstance(sweep, ConfigSweep):
            images = _whole_batches(digits.load().sizes(), DIGITS_RECIPE.batch_size)
            size = {"im_size": 32, "stem_width": 16, "num_classes": 10}
            return cls(RegnetHpoSpace(), images, size, CIFAR10_TRAINING_IMAGES, own=False)
        data = load_images(sweep.data)
        images = _whole_batches(data.sizes(), sweep.full_recipe(data).batch_size)
        size = {
            "im_size": sweep.full_side(data),
            "stem_width": VARIANTS[sweep.variant].stem_width,
            "num_classes": data.classes,
        }
        return cls(RegnetHpoSpace(sweep.variant), images, size, images["train"], own=True)


def config_columns(rows: Sequence[Row], trained: TrainedOn, metered: Metered | None = None) -> dict[str, Column]:
    """Columns of trainings, which are sorted by key and repeat. metered: how they were; None where they were not.

    Raises SweepError where their seconds are of two clocks.
    """
    model = OperationCountModel()
    columns, counts = described_configs(
        trained.space,
        [row.task.config for row in rows],
        [row.task.repeat for row in rows],
        trained.size,
        repeated="other initial weights, order and augmentation of images",
    )
    columns |= {
        "trained_epochs": small_column(
            (len(row.result["validation"]) for row in rows),
            "epochs that were really trained for those of the configuration",
        ),
        "diverged": small_column(
            (row.result["status"] == "diverged" for row in rows), "1: some loss was not finite, else 0"
        ),
        "diverged_epoch": small_column(
            (diverged_epoch(row.result) for row in rows), "epoch in which a loss was not finite, from 1; 0 where none"
        ),
    }
    for part, images in trained.images.items():
        curves = np.array([" ".join(map(str, row.result[part])) for row in rows], dtype=object)
        columns[CURVES[part]] = Column(
            curves, of_images(images), "measured", f"correct {part} images after each epoch, {_CURVES[part]}"
        )
    for part in ("validation", "test"):
        last = np.array([row.result[part][-1] for row in rows]) / trained.images[part]
        columns[f"{part}_accuracy"] = Column(
            last.astype(np.float32), "fraction", "measured", f"accuracy on the {part} data at the end"
        )
    columns["energy_kwh_per_epoch"] = _energy(
        rows, model.training_kwh(counts, trained.epoch_images, extrapolate=True), trained, metered
    )
    columns["extrapolated"] = small_column(
        model.outside(counts), "1: operation counts are outside the energy model's fitted range, else 0", "modelled"
    )
    seconds = np.array([np.mean(row.result["seconds"]) for row in rows], dtype=np.float32)
    columns["seconds_per_epoch"] = Column(
        seconds,
        "s",
        "measured",
        f"{_clock(rows)} seconds of an epoch that was trained, mean, an equal share of those of the nets trained "
        "beside it",
    )
    return columns


def _energy(rows: Sequence[Row], counted: NDArray[np.float64], trained: TrainedOn, metered: Metered | None) -> Column:
    """kWh of an epoch that the configuration names; `counted` [N] by operation counts."""
    if metered is None or metered.joules is None:
        whose = "" if trained.own else " of CIFAR-10"
        return Column(
            counted,
            "kWh",
            "modelled",
            f"an epoch of the full-size network, {trained.epoch_images:,} images{whose}, by operation counts, "
            "extrapolated to grouped convolutions and squeeze-and-excitation",
        )
    named = np.array([row.task.config[CONFIG.index("epochs")] for row in rows], dtype=np.int64)
    return Column(
        metered.joules / JOULES_PER_KWH / named,
        "kWh",
        metered.provenance,
        f"of the whole training, for each epoch that the configuration names; meter {metered.meter}, "
        f"{metered.method}, scope {metered.scope}",
    )


def _clock(rows: Sequence[Row]) -> str:
    """Of the seconds of all trainings. Raises SweepError where they are of two."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.result.get("clock", "cpu"), row)
    if len(first) > 1:
        raise SweepError(
            f"seconds of two clocks: {' and '.join(f'{clock} in {row.part}' for clock, row in first.items())}; train "
            "those of one kind again on the device of the other"
        )
    return "wall-clock" if "wall" in first else "CPU"


_CURVES = {
    "train": "of those trained on in it, with the weights of that moment",
    "validation": "with averaged weights",
    "test": "with averaged weights",
}


def _whole_batches(sizes: Mapping[str, int], batch_size: int) -> dict[str, int]:
    return {**sizes, "train": sizes["train"] // batch_size * batch_size}


def diverged_epoch(result: Mapping[str, Any]) -> int:
    """The epoch, from 1, in which a training's loss was not finite; 0 where that never happened.

    Epochs after it were not computed: their seconds are the mean of those before, exactly.
    """
    if result["status"] != "diverged":
        return 0
    seconds = result["seconds"]
    for ran in range(1, len(seconds)):
        mean = sum(seconds[:ran]) / ran
        if all(each == mean for each in seconds[ran:]):
            return ran
    return len(seconds)
