"""The columns of a table of RegNet + HPO trainings, from the results of a sweep.

On digits what is trained are miniatures, and energy is of the full-size CIFAR-10 network, by the operation-count model,
which was fitted to networks without grouped convolutions and squeeze-and-excitation. On one's own data energy is what
the sweep's meter read; where it read nothing, that of operation counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments import digits
from fairwatt.experiments.config_sweep import ConfigSweep, ConfigTask
from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE
from fairwatt.experiments.image_data import load_images
from fairwatt.experiments.own_sweep import FULL_SIDE, OwnSweep
from fairwatt.records import JOULES_PER_KWH
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.config_trainings import CIFAR10_TRAINING_IMAGES, CONFIG, CURVES, of_images
from fairwatt.search_spaces.regnet import Stages, complexity, work
from fairwatt.search_spaces.regnet_grid import VARIANTS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.surrogates.energy_model import OperationCountModel

_METHODS = {"counter": "measured", "integrated": "measured", "modelled": "modelled"}
"""Provenance of what a meter read, by its method; of any other it is an estimate."""


@dataclass(frozen=True)
class Row:
    """One training, and its result as the part holds it."""

    key: int
    task: ConfigTask
    result: Mapping[str, Any]


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
            "im_size": min(data.images.shape[2:]) if sweep.width == 1 else FULL_SIDE[sweep.variant],
            "stem_width": VARIANTS[sweep.variant].stem_width,
            "num_classes": data.classes,
        }
        return cls(RegnetHpoSpace(sweep.variant), images, size, images["train"], own=True)


def config_columns(rows: Sequence[Row], trained: TrainedOn) -> dict[str, Column]:
    """Columns of trainings, which are sorted by key and repeat."""
    space, full = trained.space, dict(trained.size)
    stages = [space.training(row.task.config).stages for row in rows]
    sizes = {each: (complexity(each, **full), work(each, **full)._asdict()) for each in set(stages)}
    size, features = zip(*(sizes[each] for each in stages), strict=True)
    counts = {name: np.array([each[name] for each in features]) for name in features[0]}
    model = OperationCountModel()
    configs = dict(zip(CONFIG, zip(*(row.task.config for row in rows), strict=True), strict=True))
    described = {dim.name: dim.group for dim in space.dims}
    columns = {
        "key": Column(_ints(row.key for row in rows), "1", "measured", "network x 540 + number of the hyperparameters"),
        "repeat": _small(
            (row.task.repeat for row in rows),
            "number of the repeated training: other initial weights, order and augmentation of images",
        ),
        **{
            name: Column(
                _values(configs[name]),
                _UNITS.get(name, ""),
                "measured",
                f"{described[name]} of the configuration: {what}",
            )
            for name, what in _DIMS.items()
        },
        "network": Column(
            _ints(space.network(row.task.config) for row in rows),
            "1",
            "measured",
            f"number of the network, of {len(space.grid.networks):,} that the space allows",
        ),
        "stages": Column(
            np.array([_text(each) for each in stages], dtype=object),
            "",
            "measured",
            "blocks x width and group width g of each stage, full size",
        ),
        "params": Column(_ints(each.params for each in size), "1", "measured", "trainable parameters, full size"),
        "flops": Column(_ints(each.flops for each in size), "1", "measured", "multiply-adds for one image, full size"),
        "acts": Column(
            _ints(each.acts for each in size),
            "1",
            "measured",
            "output elements of convolutions and linear layers, full size",
        ),
        "activation_bytes": Column(
            counts["activation_bytes"], "bytes", "measured", "activations read and written for one image, full size"
        ),
        "layers": Column(counts["layers"], "1", "measured", "convolutions and linear layers, full size"),
        "trained_epochs": _small(
            (len(row.result["validation"]) for row in rows),
            "epochs that were really trained for those of the configuration",
        ),
        "diverged": _small((row.result["status"] == "diverged" for row in rows), "1: some loss was not finite, else 0"),
        "diverged_epoch": _small(
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
        rows, model.training_kwh(counts, trained.epoch_images, extrapolate=True), trained
    )
    columns["extrapolated"] = _small(
        model.outside(counts), "1: operation counts are outside the energy model's fitted range, else 0", "modelled"
    )
    seconds = np.array([np.mean(row.result["seconds"]) for row in rows], dtype=np.float32)
    clock = "wall-clock" if rows[0].result.get("clock") == "wall" else "CPU"
    columns["seconds_per_epoch"] = Column(
        seconds,
        "s",
        "measured",
        f"{clock} seconds of an epoch that was trained, mean, an equal share of those of the nets trained beside it",
    )
    return columns


def _energy(rows: Sequence[Row], counted: NDArray[np.float64], trained: TrainedOn) -> Column:
    """kWh of an epoch that the configuration names; `counted` [N] by operation counts."""
    what = f"an epoch of the full-size network, {trained.epoch_images:,} images"
    if not trained.own:
        what += " of CIFAR-10"
    read: list[list[float]] = [row.result.get("joules") or [] for row in rows]
    if not all(read):
        beyond = "extrapolated to grouped convolutions and squeeze-and-excitation"
        return Column(counted, "kWh", "modelled", f"{what}, by operation counts, {beyond}")
    named = [int(row.task.config[CONFIG.index("epochs")]) for row in rows]
    kwh = [sum(joules) / JOULES_PER_KWH / epochs for joules, epochs in zip(read, named, strict=True)]
    result = rows[0].result
    return Column(
        np.array(kwh),
        "kWh",
        _METHODS.get(result["method"], "estimated"),
        f"of the whole training, for each epoch that the configuration names; meter {result['meter']}, "
        f"{result['method']}, scope {result['scope']}",
    )


_UNITS = {"epochs": "epochs", "cutout": "pixels"}
_DIMS = {
    "depth": "blocks",
    "w0": "initial width",
    "wa": "slope of widths",
    "wm": "multiplier of widths",
    "group_w": "group width",
    "lr": "base learning rate",
    "optimizer": "of the weights",
    "policy": "schedule of the learning rate",
    "epochs": "of full training",
    "cutout": "side of the square that is cut out, at full size",
}
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


def _text(stages: Stages) -> str:
    return " ".join(f"{d}x{w}g{g}" for w, d, g in zip(stages.widths, stages.depths, stages.group_widths, strict=True))


def _ints(numbers: Iterable[int]) -> NDArray[Any]:
    return np.fromiter(numbers, dtype=np.int64)


def _small(numbers: Iterable[int], description: str, provenance: str = "measured") -> Column:
    values = [int(number) for number in numbers]
    kind = np.int8 if max(values) <= np.iinfo(np.int8).max else np.int16
    return Column(np.array(values, dtype=kind), "1", provenance, description)


def _values(values: Sequence[Any]) -> NDArray[Any]:
    """As few bytes as hold them; whole numbers stay whole."""
    if isinstance(values[0], str):
        return np.array(values, dtype="S")
    return np.array(values, dtype=np.int16 if all(isinstance(value, int) for value in values) else np.float64)
