"""The columns of a table of RegNet + HPO trainings, and what they say: configurations with whole learning curves."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.records import Config
from fairwatt.search_spaces.table import Table, TableError

Array = NDArray[np.float64]

CONFIG = ("depth", "w0", "wa", "wm", "group_w", "lr", "optimizer", "policy", "epochs", "cutout")
"""Columns of a configuration, in the order of its values."""
PARTS = ("train", "validation", "test")
CIFAR10_TRAINING_IMAGES = 40_000
"""Training images an epoch, of the full-size network whose energy is modelled; as of the tables of cells."""
CURVES = {part: f"{part}_correct" for part in PARTS}
"""Columns of learning curves: correct images of each epoch, as text with a space between numbers."""
_SEARCHED = "validation"
"""The part that every table has."""
_NUMBERS = ("key", "network", "repeat", "diverged_epoch", "params", "energy_kwh_per_epoch", "seconds_per_epoch")


def of_images(count: int) -> str:
    """The unit of a column of curves: of how many images so many are correct."""
    return f"of {count} images"


def at_progress(curves: Array, lengths: NDArray[np.integer], progress: ArrayLike) -> Array:
    """[N, ..., K] values of curves [N, ..., E] at `progress` [N, K] of trainings of so many epochs [N].

    Point j, from 1, is at progress j/length; between points lie straight lines, before the first is the first.
    """
    place = np.maximum(np.asarray(progress, dtype=np.float64) * lengths[:, None] - 1, 0.0)
    left = np.clip(place.astype(np.intp), 0, np.maximum(lengths[:, None] - 2, 0))
    share = place - left
    middle = tuple(range(1, curves.ndim - 1))
    left, share = np.expand_dims(left, middle), np.expand_dims(share, middle)
    right = np.minimum(left + 1, curves.shape[-1] - 1)
    low, high = (
        np.take_along_axis(curves, np.broadcast_to(side, (*curves.shape[:-1], side.shape[-1])), -1)
        for side in (left, right)
    )
    return np.asarray(low * (1 - share) + high * share)


@dataclass(frozen=True)
class ConfigTrainings:
    """N trainings in the order of (key, repeat).

    lengths: [N] epochs that ran. errors: [N, 3, E] of training, validation and test as fractions, by epoch; behind a
    curve's length its last value; NaN where the table lacks a part, as may be training and test (`has_test`).
    diverged_epoch: [N] in which a loss was not finite, 0 for none. The rest [N].
    """

    configs: tuple[Config, ...]
    key: NDArray[np.int64]
    network: NDArray[np.int64]
    repeat: NDArray[np.int64]
    lengths: NDArray[np.int64]
    errors: Array
    diverged_epoch: NDArray[np.int64]
    params: NDArray[np.int64]
    energy_kwh_per_epoch: Array
    seconds_per_epoch: Array

    @classmethod
    def of(cls, table: Table) -> "ConfigTrainings":
        """The trainings of a table. Raises TableError for a table of something else."""
        if missing := [name for name in (*CONFIG, CURVES[_SEARCHED], *_NUMBERS) if name not in table]:
            raise TableError(table.path, f"is no table of RegNet + HPO trainings: it lacks {', '.join(missing)}")
        try:
            curves = {name: [text.split() for text in table.column(name)] for name in CURVES.values() if name in table}
            lengths = np.array([len(curve) for curve in curves[CURVES[_SEARCHED]]])
            longest = int(lengths.max())
            errors = np.full((len(lengths), len(PARTS), longest), np.nan)
            for part, name in enumerate(CURVES.values()):
                images = int(table.unit(name).split()[1]) if name in curves else 0
                for row, curve in enumerate(curves.get(name, ())):
                    errors[row, part, : lengths[row]] = 1.0 - np.array(curve, dtype=np.float64) / images
                    errors[row, part, lengths[row] :] = errors[row, part, lengths[row] - 1]
        except (ValueError, IndexError) as error:
            raise TableError(table.path, f"its learning curves cannot be read: {error}") from None
        there = errors[:, [name in curves for name in CURVES.values()]]
        if not ((there >= 0) & (there <= 1)).all():
            raise TableError(table.path, "has more correct images than there are")
        configs = zip(*(table.column(name).tolist() for name in CONFIG), strict=True)
        numbers = {name: np.asarray(table.column(name)) for name in _NUMBERS}
        return cls(tuple(configs), lengths=lengths, errors=errors, **numbers)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def has_test(self) -> bool:
        """Whether there are test errors."""
        return bool(np.isfinite(self.errors[0, PARTS.index("test"), 0]))

    @cached_property
    def epochs(self) -> NDArray[np.int64]:
        """[N] epochs that the configurations name."""
        return np.array([config[CONFIG.index("epochs")] for config in self.configs], dtype=np.int64)

    def at(self, progress: ArrayLike) -> Array:
        """[N, 3, K] errors at shares [N, K] of each training."""
        return at_progress(self.errors, self.lengths, progress)
