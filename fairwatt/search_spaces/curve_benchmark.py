"""Benchmarks on learning curves of RegNet + HPO: a table of a whole grid, or a surrogate of the whole space.

A fidelity is a share of the configuration's own 50, 100 or 200 epochs, rounded to whole ones; the error is that of the
curve after so many, on a straight line between measured epochs. A training that goes on is the same training, so
everything is resumable; energy is the epochs' times that of an epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.problem import Benchmark, Reference, SearchSpace, Tariff
from fairwatt.records import INVALID_MEASUREMENT, Config, Cost, Key, Measurement, Status
from fairwatt.search_spaces.config_trainings import CONFIG

Array = NDArray[np.float64]

FIDELITIES = (1 / 9, 1 / 3, 1.0)
_EPOCHS = CONFIG.index("epochs")
_MOST_CHOICES = 64
"""Seeds whose repeats are remembered, each in a byte a key."""


def epochs_at(fidelity: float, full: int) -> int:
    """Whole epochs of a share of `full`."""
    return round(fidelity * full)


@dataclass(frozen=True)
class CurveData:
    """What a benchmark answers, of K keys in ascending order, R repeats, at F fidelities.

    keys, full_epochs, params: [K]. val_error, test_error: [K, R, F] in units of 1/denominator; test_error is None where
    nothing was tested. diverged: [K, R, F], or None. energy_kwh_per_epoch: [K]; seconds_per_epoch: [K, R or 1].
    true_val_error, true_test_error: [K] at full training, what repeats scatter around; means over repeats where None.
    probabilities: [K] of a draw of the sampler; None for uniform.
    """

    keys: NDArray[np.int64]
    full_epochs: NDArray[np.int64]
    params: Array
    val_error: NDArray[Any]
    test_error: NDArray[Any] | None
    energy_kwh_per_epoch: Array
    seconds_per_epoch: Array
    diverged: NDArray[np.bool_] | None = None
    true_val_error: Array | None = None
    true_test_error: Array | None = None
    probabilities: Array | None = None
    denominator: int = 1


class CurveBenchmark(Benchmark):
    """Learning curves with an oracle's face: one look-up a question.

    The repeat is chosen by seed and key, the same at every fidelity. Raises UserError for data that is not of one
    number of keys, repeats and fidelities, not finite, or without positive energy and time.
    """

    fidelities = FIDELITIES
    resumable = True

    def __init__(
        self,
        name: str,
        space: SearchSpace,
        data: CurveData,
        *,
        data_sha256: str,
        provenance: Mapping[str, str],
        energy_label: str,
        notes: tuple[str, ...] = (),
    ) -> None:
        keys, repeats, fidelities = data.val_error.shape
        errors = [column for column in (data.val_error, data.test_error) if column is not None]
        shapes = [column.shape for column in errors]
        if len(set(shapes)) > 1 or (keys, fidelities) != (len(data.keys), len(FIDELITIES)):
            raise UserError(
                f"{name}: errors of shape {', '.join(map(str, shapes))} for {len(data.keys)} keys; "
                f"expected every repeat at all {len(FIDELITIES)} fidelities"
            )
        for column in errors:
            if not ((column >= 0) & (column <= data.denominator)).all():
                raise UserError(f"{name}: errors are fractions from 0 to 1")
        for column in (data.energy_kwh_per_epoch, data.seconds_per_epoch):
            if not ((column > 0) & np.isfinite(column)).all():
                raise UserError(f"{name}: an epoch takes positive energy and time")
        if not (np.diff(data.keys) > 0).all():
            raise UserError(f"{name}: keys are not in ascending order, each once")
        self.name, self.space = name, space
        self.replicates = repeats
        self.has_test = data.test_error is not None
        self.data_sha256 = data_sha256
        self.provenance = dict(provenance)
        self._data, self._energy_label, self._notes = data, energy_label, notes
        self._place = {fidelity: place for place, fidelity in enumerate(FIDELITIES)}
        self._key_place = {key: place for place, key in enumerate(data.keys.tolist())}
        self._epochs = {
            full: [epochs_at(fidelity, full) for fidelity in FIDELITIES]
            for full in np.unique(data.full_epochs).tolist()
        }
        self._repeats: dict[int, NDArray[np.int8]] = {}

    def epochs(self, config: Config, fidelity: float) -> int:
        """Epochs of a fidelity of this configuration's own training."""
        return epochs_at(fidelity, int(config[_EPOCHS])) if self._fidelity_place(fidelity) >= 0 else 0

    def measure(self, config: Config, fidelity: float = 1.0, seed: int = 0) -> Measurement:
        """One training up to here, the repeat chosen by seed and key. Raises UserError for a fidelity it has not."""
        place = self._fidelity_place(fidelity)
        if not self.space.is_valid(config):
            return INVALID_MEASUREMENT
        key = self.space.key(config)
        row, data = self._key_place[int(key)], self._data
        where = row, self.replicate(key, fidelity, seed), place
        epochs = float(self._epochs[int(data.full_epochs[row])][place])
        return Measurement(
            val_error=float(data.val_error[where]) / data.denominator,
            test_error=None if data.test_error is None else float(data.test_error[where]) / data.denominator,
            energy_kwh=float(data.energy_kwh_per_epoch[row] * epochs),
            seconds=float(data.seconds_per_epoch[row, where[1] % data.seconds_per_epoch.shape[1]] * epochs),
            epochs=epochs,
            status=Status.DIVERGED if data.diverged is not None and data.diverged[where] else Status.OK,
        )

    def measure_batch(self, keys: Sequence[Key], fidelity: float = 1.0, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Arrays [N] by field of Measurement but its status; test errors are NaN where there are none."""
        place, data = self._fidelity_place(fidelity), self._data
        wanted = np.asarray(keys)
        numbers = wanted if wanted.dtype.kind in "iu" else np.full(wanted.shape, -1)
        rows = np.minimum(np.searchsorted(data.keys, numbers), len(data.keys) - 1)
        if (data.keys[rows] != numbers).any():
            unknown = next(key for key in keys if key not in self._key_place)
            raise UserError(f"{self.name} holds no key {unknown!r}; it has {len(data.keys):,}")
        repeats = self._repeats_of(rows, seed)
        epochs = self._epochs_of(place)[rows]
        val_error, test_error = (
            np.full(len(rows), np.nan)
            if column is None
            else column[rows, repeats, place].astype(np.float64) / data.denominator
            for column in (data.val_error, data.test_error)
        )
        return {
            "val_error": val_error,
            "test_error": test_error,
            "energy_kwh": data.energy_kwh_per_epoch[rows] * epochs,
            "seconds": data.seconds_per_epoch[rows, repeats % data.seconds_per_epoch.shape[1]] * epochs,
            "epochs": epochs,
        }

    def repeats(self, keys: NDArray[np.int64], fidelity: float) -> Array:
        """[N, R] validation errors of every repeat of keys [N], which must be there."""
        rows = np.searchsorted(self._data.keys, keys)
        return np.asarray(self._data.val_error[rows, :, self._fidelity_place(fidelity)] / self._data.denominator)

    @property
    def keys(self) -> NDArray[np.int64]:
        """[K] ascending."""
        return self._data.keys

    def tariff(self) -> Tariff:
        """Prices: means over the sampler's draws and over repeats, sums over all keys."""
        return self._tariff

    @cached_property
    def _tariff(self) -> Tariff:
        data, count = self._data, len(self._data.keys)
        chance = np.full(count, 1 / count) if data.probabilities is None else data.probabilities
        seconds = data.seconds_per_epoch.mean(axis=1)
        first, full = self._epochs_of(0), self._epochs_of(-1)
        return Tariff(
            cheapest=Cost.of(
                (data.energy_kwh_per_epoch * first).min(), float((seconds * first).min()), float(first.min())
            ),
            first=Cost.of(
                float(chance @ (data.energy_kwh_per_epoch * first)),
                float(chance @ (seconds * first)),
                float(chance @ first),
            ),
            full=Cost.of(
                float(chance @ (data.energy_kwh_per_epoch * full)),
                float(chance @ (seconds * full)),
                float(chance @ full),
            ),
            exhaustive=Cost.of(
                float(data.energy_kwh_per_epoch @ full), float(seconds @ full), float(full.sum()), float(count)
            ),
        )

    def reference(self) -> Reference:
        """What repeats scatter around at full training, or their means where that is not known; and the repeats."""
        data, full = self._data, self._epochs_of(-1)
        val_repeats = data.val_error[:, :, -1] / data.denominator
        tested = (data.val_error, data.true_val_error)
        if data.test_error is not None:
            tested = (data.test_error, data.true_test_error)
        val_error, test_error = (
            column[:, :, -1].mean(axis=1, dtype=np.float64) / data.denominator if true is None else true
            for column, true in ((data.val_error, data.true_val_error), tested)
        )
        return Reference(
            name=self.name,
            data_sha256=self.data_sha256,
            has_test=self.has_test,
            replicates=self.replicates,
            resumable=self.resumable,
            fidelities=self.fidelities,
            tariff=self.tariff(),
            keys=tuple(data.keys.tolist()),
            val_error=val_error,
            test_error=test_error,
            energy_kwh=data.energy_kwh_per_epoch * full,
            seconds=data.seconds_per_epoch.mean(axis=1) * full,
            params=data.params,
            energy_label=self._energy_label,
            notes=self._notes,
            probabilities=data.probabilities,
            val_repeats=val_repeats if self.replicates > 1 else None,
        )

    def _epochs_of(self, place: int) -> Array:
        """[K] epochs of a fidelity."""
        full, inverse = np.unique(self._data.full_epochs, return_inverse=True)
        return np.array([self._epochs[each][place] for each in full.tolist()], dtype=np.float64)[inverse]

    def _repeats_of(self, rows: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
        """[N] which repeat answers for each key at `rows` [N]; each is worked out once."""
        if (repeats := self._repeats.get(seed)) is None:
            if len(self._repeats) == _MOST_CHOICES:
                self._repeats.pop(next(iter(self._repeats)))
            repeats = self._repeats[seed] = np.full(len(self._data.keys), -1, dtype=np.int8)
        if (unknown := repeats[rows] < 0).any():
            new = np.unique(rows[unknown])
            repeats[new] = [self.replicate(key, 1.0, seed) for key in self._data.keys[new].tolist()]
        return repeats[rows].astype(np.intp)

    def _fidelity_place(self, fidelity: float) -> int:
        if fidelity not in self._place:
            raise UserError(f"{self.name} has fidelities {self.fidelities}, not {fidelity}")
        return self._place[fidelity]
