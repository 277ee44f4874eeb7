"""Learning curves of every key of a RegNet + HPO space, as a surrogate that learned from measured trainings tells them.

The file holds the model, what an epoch takes, and which keys it learned from and which it was tested on.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UserError
from fairwatt.sealed import DamagedFileError
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.regnet_encoding import EPOCHS, key_epochs
from fairwatt.search_spaces.regnet_features import key_features
from fairwatt.search_spaces.sources import EMBEDDED
from fairwatt.surrogates.curve_examples import KINDS
from fairwatt.surrogates.curve_model import CurveModel, position
from fairwatt.surrogates.epoch_cost import EpochCost
from fairwatt.surrogates.surrogate_file import read_surrogate, write_surrogate

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

KIND = "bezier-curves"
_PARTS = ("training", "stopping", "test")
_BATCH = 1 << 14


@dataclass(frozen=True)
class CurveCard:
    """What a reader must know before quoting a prediction.

    data, data_sha256: the table of trainings; dataset: what they were trained on. lengths: points of a curve by the
    epochs that the configuration names. split: how keys were chosen; trainings: how many each part has. settings: that
    differ from the defaults. test: scores on the test keys; see `fairwatt surrogate audit` for all. command: what made
    it. validation_only: whether the table has no test errors; what the model holds in their place are validation errors
    again, which nothing shows.
    """

    kind: str
    title: str
    data: str
    data_sha256: str
    dataset: str
    variant: str
    lengths: dict[str, int]
    degree: int
    split: str
    split_seed: int
    by_network: bool
    trainings: dict[str, int]
    seed: int
    settings: dict[str, Any]
    test: dict[str, float]
    seconds: str
    energy: str
    command: str
    packages: dict[str, str]
    notes: tuple[str, ...]
    validation_only: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of errors that are told."""
        return KINDS[:1] if self.validation_only else KINDS

    def to_json(self) -> dict[str, Any]:
        """The fields by name; without `validation_only` where that is False."""
        return {name: value for name, value in asdict(self).items() if name != "validation_only" or value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "CurveCard":
        """From the object that `to_json` made; raises ValueError for any other keys."""
        data = {"validation_only": False} | data
        if data.keys() != {entry.name for entry in fields(cls)} or data["kind"] != KIND:
            raise ValueError("the card is not that of a curve surrogate of this fairwatt")
        return cls(**data | {"notes": tuple(data["notes"])})


@dataclass(frozen=True)
class CurveSurrogate:
    """A model of curves, and of what an epoch takes, by key.

    seconds: of an epoch that was trained. energy: in kWh, where it was measured; None where operation counts give it.
    training, stopping, test: keys, ascending. sha256: of the file's content, empty before it is saved.
    """

    model: CurveModel
    seconds: EpochCost
    energy: EpochCost | None
    training: Ints
    stopping: Ints
    test: Ints
    card: CurveCard
    sha256: str = ""

    def predict(self, keys: NDArray[np.integer], progress: ArrayLike) -> tuple[Array, Array]:
        """Validation and test errors [N, K] in percent of keys [N] after shares `progress`, [K] or [N, K], of training.

        Test errors are NaN where the card says that there are none.
        Raises UserError for keys that the space has not, and for shares outside 0..1.
        """
        return self._in_batches(keys, progress, None, "")

    def noisy(
        self, keys: NDArray[np.integer], progress: ArrayLike, uniforms: Array, noise: str = "retraining"
    ) -> tuple[Array, Array]:
        """As `predict`, of one training each, decided by uniforms [N] in [0, 1); see `CurveModel.noisy`."""
        return self._in_batches(keys, progress, np.asarray(uniforms), noise)

    def positions(self, keys: NDArray[np.integer], progress: ArrayLike) -> Array:
        """[N, K] places of keys [N] on their curves after shares of training. Raises UserError outside 0..1."""
        shares = np.atleast_1d(np.asarray(progress, dtype=np.float64))
        if not ((shares >= 0) & (shares <= 1)).all():
            raise UserError("progress outside 0 to 1: expected shares of the training")
        return position(np.broadcast_to(shares, (len(keys), shares.shape[-1])), self.lengths(keys)[:, None])

    def lengths(self, keys: NDArray[np.integer]) -> Ints:
        """[N] points of the curves that keys [N] have."""
        points = np.array([self.card.lengths[str(epochs)] for epochs in EPOCHS], dtype=np.int64)
        return points[np.searchsorted(EPOCHS, key_epochs(keys))]

    def features(self, keys: NDArray[np.integer]) -> tuple[Array, Array]:
        """What the model is asked with for keys [N]."""
        return key_features(keys, self.card.variant)

    def seconds_per_epoch(self, keys: NDArray[np.integer]) -> Array:
        """[N] seconds of an epoch that was trained, for keys [N]."""
        return self.seconds.predict(np.hstack(self.features(keys)))

    def save(self, path: Path) -> "CurveSurrogate":
        """Write it, whole or not at all; returns it with its checksum. Raises OSError."""
        arrays = {f"model_{name}": array for name, array in self.model.arrays().items()}
        for name, cost in (("seconds", self.seconds), ("energy", self.energy)):
            arrays |= {} if cost is None else {f"{name}_{key}": array for key, array in cost.arrays().items()}
        arrays |= {f"keys_{part}": getattr(self, part).astype(np.int32) for part in _PARTS}
        return replace(self, sha256=write_surrogate(path, arrays, self.card.to_json()))

    @classmethod
    def load(cls, path: Path) -> "CurveSurrogate":
        """Read what `save` wrote. Raises CurveSurrogateNotFoundError, DamagedFileError, UserError."""
        try:
            arrays, entries, digest = read_surrogate(path)
        except FileNotFoundError:
            raise CurveSurrogateNotFoundError(path) from None
        try:
            card = CurveCard.from_json(entries)
            energy = _within("energy", arrays)
            return cls(
                CurveModel.from_arrays(_within("model", arrays)),
                EpochCost.from_arrays(_within("seconds", arrays)),
                EpochCost.from_arrays(energy) if energy else None,
                **{part: arrays[f"keys_{part}"].astype(np.int64) for part in _PARTS},
                card=card,
                sha256=digest,
            )
        except (ValueError, KeyError) as error:
            raise DamagedFileError(path, f"is no curve surrogate of this fairwatt ({error})") from None

    def _in_batches(
        self, keys: NDArray[np.integer], progress: ArrayLike, uniforms: Array | None, noise: str
    ) -> tuple[Array, Array]:
        places = self.positions(keys, progress)
        found = []
        for begin in range(0, max(len(keys), 1), _BATCH):
            rows = slice(begin, begin + _BATCH)
            given = (*self.features(keys[rows]), places[rows])
            if uniforms is None:
                found.append(self.model.predict(*given))
            else:
                found.append(self.model.noisy(*given, uniforms[rows], noise))
        validation, test = zip(*found, strict=True)
        told = np.concatenate(test)
        return np.concatenate(validation), np.full_like(told, np.nan) if self.card.validation_only else told


class CurveSurrogateNotFoundError(UserError):
    """No surrogate at a path, with what makes one."""

    def __init__(self, path: Path) -> None:
        command = f"fairwatt surrogate fit {path.stem} (or the sweep's .arrow file)"
        super().__init__(f"no curve surrogate at {path}; make it: {command}")
        self.path = path


def curve_surrogate_path(name: str) -> Path:
    """Where the surrogate that was fitted to a table of this name is: embedded, or in the cache."""
    shipped = EMBEDDED / f"{name}.npz"
    return shipped if shipped.is_file() else cache_dir() / "surrogates" / f"{name}.npz"


def is_curve_surrogate(path: Path) -> bool:
    """Whether a file is a surrogate of learning curves, not of energies. Raises DamagedFileError, and
    CurveSurrogateNotFoundError where there is none."""
    try:
        return bool(read_surrogate(path)[1].get("kind") == KIND)
    except FileNotFoundError:
        raise CurveSurrogateNotFoundError(path) from None


def _within(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    start = f"{prefix}_"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
