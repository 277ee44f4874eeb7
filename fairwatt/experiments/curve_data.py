"""Measured learning curves of RegNet + HPO configurations, as a surrogate learns from them, and how they are split.

A split is by key: both trainings of a configuration are on one side. Of the keys that were trained twice a larger share
is tested, because only there can a surrogate be compared with what a second training tells; which keys those are was
decided by the order of drawing, so they are like the others. Keys that a model's features and settings were chosen on
are not tested.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.config_trainings import PARTS, ConfigTrainings
from fairwatt.search_spaces.regnet_encoding import EPOCHS, HYPERS
from fairwatt.search_spaces.regnet_features import key_features
from fairwatt.search_spaces.regnet_grid import VARIANTS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.sources import EMBEDDED, find_table
from fairwatt.search_spaces.table import TableError, open_table
from fairwatt.streams import stream
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

TEST, STOPPING, TEST_OF_REPEATED = 0.2, 0.1, 0.4
LEAST_KEYS = 200


@dataclass(frozen=True)
class MeasuredCurves:
    """Trainings [N] of a table, ordered by key and repeat.

    examples: features and curves. lengths: points of a curve, by the epochs that the configuration names. seconds,
    energy_kwh [N]: of an epoch. energy_origin: what the table says that it is: measured, estimated or modelled. name,
    sha256: of the table; source: what it was read by, its name or its file's. variant: of the space. validation_only:
    whether the table has no test errors; the examples then have validation errors in both places. developed: keys that
    our models' features and settings were chosen on, ascending.
    """

    name: str
    variant: str
    keys: Ints
    repeats: Ints
    examples: CurveExamples
    lengths: dict[int, int]
    seconds: Array
    energy_kwh: Array
    energy_origin: str
    sha256: str
    source: str
    dataset: str
    validation_only: bool = False
    developed: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def repeated(self) -> Ints:
        """Keys that were trained more than once, ascending."""
        keys, counts = np.unique(self.keys, return_counts=True)
        return keys[counts > 1]

    def rows(self, keys: Ints) -> NDArray[np.intp]:
        """Rows of all trainings of `keys`."""
        return np.flatnonzero(np.isin(self.keys, keys))

    def first(self, keys: Ints) -> NDArray[np.intp]:
        """Row of the first training of each of `keys`, which must be there."""
        return np.searchsorted(self.keys, keys)

    def pairs(self, keys: Ints) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of the first and of the second training of each of `keys` that has both."""
        first = self.first(np.intersect1d(keys, self.repeated))
        return first, first + 1


@dataclass(frozen=True)
class KeySplit:
    """Keys, ascending, none in two parts: to learn from, to stop and calibrate with, to test."""

    training: Ints
    stopping: Ints
    test: Ints


def read_measured_curves(table: str | Path) -> MeasuredCurves:
    """Trainings of a table of a sweep, collected or imported, by its name or the path of its `.arrow` file.

    Raises UnknownNameError, TableError for a damaged table and one of something else, UserError for fewer than 200
    configurations, a configuration whose length is not always the same, and curves that are no errors.
    """
    path = Path(table) if str(table).endswith(".arrow") else find_table(str(table))
    opened = open_table(path)
    opened.verify()
    trainings = ConfigTrainings.of(opened)
    if len(np.unique(trainings.key)) < LEAST_KEYS:
        raise UserError(
            f"{path}: {len(np.unique(trainings.key))} configurations; a surrogate of curves needs {LEAST_KEYS}: "
            "train more (fairwatt sweep run) and collect them again"
        )
    order = np.lexsort((trainings.repeat, trainings.key))
    if (np.diff(trainings.key[order] * 1024 + trainings.repeat[order]) <= 0).any():
        raise TableError(path, "has a training twice")
    lengths: dict[int, int] = {}
    for epochs in np.unique(trainings.epochs).tolist():
        points = np.unique(trainings.lengths[trainings.epochs == epochs])
        if len(points) > 1:
            raise UserError(f"{path}: configurations of {epochs} epochs have {points.tolist()} points; expected one")
        lengths[epochs] = int(points[0])
    if missing := [str(epochs) for epochs in EPOCHS if epochs not in lengths]:
        raise UserError(
            f"{path}: no configuration of {' or '.join(missing)} epochs; a surrogate of the space needs some"
        )
    variant = _variant(path, trainings)
    keys = np.asarray(trainings.key, dtype=np.int64)[order]
    kinds = [PARTS.index(kind) if trainings.has_test else PARTS.index(KINDS[0]) for kind in KINDS]
    examples = CurveExamples(
        *key_features(keys, variant), trainings.lengths[order], 100 * trainings.errors[order][:, kinds]
    )
    return MeasuredCurves(
        name=opened.card.name,
        variant=variant,
        keys=keys,
        repeats=np.asarray(trainings.repeat, dtype=np.int64)[order],
        examples=examples,
        lengths=lengths,
        seconds=np.asarray(trainings.seconds_per_epoch, dtype=np.float64)[order],
        energy_kwh=np.asarray(trainings.energy_kwh_per_epoch, dtype=np.float64)[order],
        energy_origin=opened.provenance("energy_kwh_per_epoch"),
        sha256=opened.sha256,
        source=path.name if str(table).endswith(".arrow") else str(table),
        dataset=opened.card.dataset,
        validation_only=not trainings.has_test,
        developed=_developed(opened.card.name),
    )


def split_keys(data: MeasuredCurves, seed: int = 0, *, by_network: bool = False) -> KeySplit:
    """70 % of the keys to learn from, 10 % to stop and calibrate with, 20 % to test, 40 % of those trained twice.

    by_network: no network in two parts, which is stricter; a fifth of the networks is tested. Keys that models were
    developed on are never tested: learned from instead, or left out by_network. The same keys and seed give the same
    split.
    """
    rng = stream("training", data.name, seed, "split by network" if by_network else "split by key")
    keys, repeated = np.unique(data.keys), data.repeated
    if by_network:
        networks = keys // HYPERS
        order = rng.permutation(np.unique(networks))
        ends = [round(TEST * len(order)), round((TEST + STOPPING) * len(order))]
        test, stopping, training = (keys[np.isin(networks, part)] for part in np.split(order, ends))
        return KeySplit(training, stopping, np.setdiff1d(test, data.developed))
    twice = rng.permutation(repeated)[: round(TEST_OF_REPEATED * len(repeated))]
    once = rng.permutation(np.setdiff1d(keys, repeated))[: max(round(TEST * len(keys)) - len(twice), 0)]
    test = np.setdiff1d(np.concatenate([twice, once]), data.developed)
    rest = rng.permutation(np.setdiff1d(keys, test))
    stopping, training = np.split(rest, [round(STOPPING * len(keys))])
    return KeySplit(np.sort(training), np.sort(stopping), test)


def _developed(name: str) -> Ints:
    """Keys of an embedded table that were looked at while features and settings were chosen; none of other tables."""
    path = EMBEDDED / f"{name}-development.json"
    return np.array(json.loads(path.read_text("utf-8"))["keys"] if path.is_file() else [], dtype=np.int64)


def _variant(path: Path, trainings: ConfigTrainings) -> str:
    """The variant under which configurations have the keys that the table says."""
    for name in VARIANTS:
        space = RegnetHpoSpace(name)
        if all(
            space.is_valid(config) and space.key(config) == key
            for config, key in zip(trainings.configs, trainings.key.tolist(), strict=True)
        ):
            return name
    raise TableError(path, f"has keys that are not those of its configurations in {' or '.join(VARIANTS)}")
