"""The energy of any of the 423,624 cells, as a model that learned from measured trainings predicts it.

Predictions are energies of 4 epochs in kWh and positive by construction: both kinds of model answer with logarithms.
An ensemble's mean is the prediction; its spread, widened until it held for cells that no member had seen, is the
interval (split conformal prediction: Vovk et al. 2005; Lei et al. 2018, section 5.2). That promise is for cells like
the training cells; one with a count beyond theirs is `extrapolated`, and its interval is a guess.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.sealed import DamagedFileError
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.cell_features import count_features, published_features
from fairwatt.surrogates.energy_mlp import EnergyMlp
from fairwatt.surrogates.energy_trees import BoostedTrees
from fairwatt.surrogates.surrogate_file import read_surrogate, write_surrogate

Array = NDArray[np.float64]
Model = EnergyMlp | BoostedTrees

MODELS: Mapping[str, type[BoostedTrees] | type[EnergyMlp]] = {"trees": BoostedTrees, "mlp": EnergyMlp}
FEATURES = {"trees": count_features, "mlp": published_features}
FILE, FILE_BYTES = "ecnas_7v_energy.parquet", 146_220
FILE_SHA256 = "b898b335f15d6dfcaa4a2a5ac7b2776201daf9c4851bad7c1265faf47b6ddb71"
EPOCHS = 4
_BATCH = 1 << 16
_OWN = ("smallest", "largest", "quantile", "noise")


@dataclass(frozen=True)
class SurrogateCard:
    """What a reader must know before quoting a prediction.

    data, data_sha256: the file of measured cells. split: how training, validation and test cells were chosen; cells:
    how many each has; test_sha256: of the sorted hashes of the test cells. level: the share of cells that intervals
    are to hold. settings: that differ from the defaults of the model's `fit`. test: scores on the test cells;
    published: those of EC-NAS's own surrogate on the same cells, empty where the file has none. extrapolated: how many
    of all 423,624 cells are, by their vertices. command: what made it.
    """

    kind: str
    title: str
    data: str
    data_sha256: str
    split: str
    cells: dict[str, int]
    test_sha256: str
    seed: int
    level: float
    settings: dict[str, int]
    test: dict[str, float]
    published: dict[str, float]
    extrapolated: dict[str, int]
    unit: str
    epochs: int
    pue: float | None
    hardware: str
    licence: str
    command: str
    packages: dict[str, str]
    notes: tuple[str, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "SurrogateCard":
        """From the object that `dataclasses.asdict` made; raises ValueError for any other keys."""
        if data.keys() != {entry.name for entry in fields(cls)}:
            raise ValueError("the card has other keys than this fairwatt's")
        return cls(**data | {"notes": tuple(data["notes"])})


@dataclass(frozen=True)
class Prediction:
    """Of cells [N]: energy of 4 epochs and the ends of its interval in kWh, and whether the cell is extrapolated."""

    energy_kwh: Array
    low_kwh: Array
    high_kwh: Array
    extrapolated: NDArray[np.bool_]


@dataclass(frozen=True)
class EnergySurrogate:
    """A trained model with its range and its error.

    smallest, largest: [27] of the training cells' `count_features`. noise: added to the relative spread of the members;
    quantile: how many such widths an interval reaches to either side, as logarithms. sha256: of the file's content,
    empty before it is saved.
    """

    model: Model
    smallest: Array
    largest: Array
    noise: float
    quantile: float
    card: SurrogateCard
    sha256: str = ""

    def predict(self, cells: NDArray[np.integer]) -> Prediction:
        """The energies of cells [N] of the index."""
        parts = [self._predict(cells[begin : begin + _BATCH]) for begin in range(0, max(len(cells), 1), _BATCH)]
        return Prediction(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def is_extrapolated(self, cells: NDArray[np.integer]) -> NDArray[np.bool_]:
        """[N] whether cells [N] have a count below or above all training cells'."""
        return self._is_outside(count_features(cells))

    def save(self, path: Path) -> "EnergySurrogate":
        """Write it, whole or not at all; returns it with its checksum. Raises OSError."""
        own = {name: np.asarray(getattr(self, name)) for name in _OWN}
        digest = write_surrogate(path, self.model.arrays() | own, asdict(self.card))
        return replace(self, sha256=digest)

    @classmethod
    def load(cls, path: Path) -> "EnergySurrogate":
        """Read what `save` wrote. Raises SurrogateNotFoundError, DamagedFileError, UserError."""
        try:
            arrays, entries, digest = read_surrogate(path)
        except FileNotFoundError:
            raise SurrogateNotFoundError(path) from None
        try:
            card = SurrogateCard.from_json(entries)
            model = MODELS[card.kind].from_arrays(arrays)
            smallest, largest, quantile, noise = (arrays[name] for name in _OWN)
        except (ValueError, KeyError) as error:
            raise DamagedFileError(path, f"is no energy surrogate of this fairwatt ({error})") from None
        return cls(model, smallest, largest, float(noise), float(quantile), card, digest)

    def _predict(self, cells: NDArray[np.integer]) -> tuple[NDArray[Any], ...]:
        counts = count_features(cells)
        features = counts if self.card.kind == "trees" else published_features(cells)
        energy, spread = pooled(self.model.predict(features))
        factor = np.exp(self.quantile * (spread + self.noise))
        return energy, energy / factor, energy * factor, self._is_outside(counts)

    def _is_outside(self, counts: Array) -> NDArray[np.bool_]:
        return np.asarray(((counts < self.smallest) | (counts > self.largest)).any(axis=1))


class SurrogateNotFoundError(UserError):
    """No surrogate on this machine, with the file to get and what to type."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no energy surrogate at {path} yet; get {FILE} ({FILE_BYTES:,} bytes, sha256 {FILE_SHA256}) "
            f"and type: fairwatt surrogate fit {FILE}"
        )
        self.path = path


def pooled(members: Array) -> tuple[Array, Array]:
    """[N] mean energy and [N] relative standard deviation, from the logarithms [M, N] that members predict.

    Of the energies, not of their logarithms: there a network that wrongly says almost nothing would outvote the others.
    """
    energy = np.exp(members)
    return energy.mean(axis=0), energy.std(axis=0) / energy.mean(axis=0)


def default_path() -> Path:
    """Where the surrogate is that the spaces use."""
    return cache_dir() / "surrogates" / "ec-nas-7v-energy.npz"


def train(
    kind: str,
    cells: NDArray[np.integer],
    energy_kwh: Array,
    rng: np.random.Generator,
    *,
    progress: Callable[[int, int], None] | None = None,
    **settings: int,
) -> Model:
    """A model of one of `MODELS` from energies [N] of cells [N]; settings: as of its `fit`, such as members=1.

    Raises UnknownNameError for another kind, MissingExtraError.
    """
    if kind not in MODELS:
        raise UnknownNameError("kind of surrogate", kind, MODELS)
    return MODELS[kind].fit(FEATURES[kind](cells), np.log(energy_kwh), rng, progress=progress, **settings)
