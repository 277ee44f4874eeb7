"""Train an energy surrogate on measured cells, calibrate its intervals, and score it on cells that it never saw."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.energy_data import PUBLISHED_SPLIT, EnergyData, Split, read_energy_data, split
from fairwatt.search_spaces.catalogue import PUE
from fairwatt.search_spaces.cell_features import count_features
from fairwatt.search_spaces.cell_index import LARGEST, cell_index
from fairwatt.search_spaces.energy_surrogate import (
    EPOCHS,
    FEATURES,
    FILE_SHA256,
    EnergySurrogate,
    SurrogateCard,
    default_path,
    pooled,
    train,
)

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

LEVEL = 0.9
"""The share of cells whose energy an interval is to hold."""
_PACKAGES = {"trees": ("numpy", "scikit-learn"), "mlp": ("numpy", "torch")}
_WH_PER_KWH = 1000.0
_HARDWARE = "not stated in the file (see the notes); GPU and CPU, by carbontracker"
_LICENCE = "MIT (the data: raghavian/surrogate-ec-nasbench)"
_NOTES = (
    "the energies are those of EC-NAS 7V, about .60 × those of 5V for the same cells: never mix the spaces' energies",
    "perhaps not measured on the Quadro RTX 6000 of 4V and 5V: an RTX 3090's and an RTX 3060's energies of the 4V "
    "cells are .60 and .57 × its own, and PedramBakh/nc_nasbench measured 2,429 of these 7V cells on an RTX 3090",
    "the published surrogate never saw the test cells of split 42; of those of other splits it knew about 70 %",
)


def fit_energy_surrogate(
    data_path: Path | str,
    kind: str = "trees",
    seed: int = 0,
    out: Path | None = None,
    *,
    split_seed: int = PUBLISHED_SPLIT,
    progress: Progress | None = None,
    **settings: int,
) -> Path:
    """Train, calibrate, score and store a surrogate; returns where: `out`, or where the spaces look for it.

    seed: of the training; split_seed: of the split. settings: of the model's `fit`, by default the ones that its scores
    are stated for. Raises UserError (kind, file, missing extra), OSError.
    """
    path = out or default_path()
    data = read_energy_data(data_path)
    fit_surrogate(data, kind, seed, split_seed=split_seed, progress=progress, **settings).save(path)
    return path


def fit_surrogate(
    data: EnergyData,
    kind: str = "trees",
    seed: int = 0,
    *,
    split_seed: int = PUBLISHED_SPLIT,
    progress: Progress | None = None,
    **settings: int,
) -> EnergySurrogate:
    """As `fit_energy_surrogate`, in memory."""
    parts = split(len(data), split_seed)
    cells, energy = data.cells, data.energy_kwh
    rng = np.random.default_rng(seed)
    model = train(kind, cells[parts.training], energy[parts.training], rng, progress=progress, **settings)
    predicted, spread = pooled(model.predict(FEATURES[kind](cells[parts.validation])))
    residual = np.abs(np.log(energy[parts.validation] / predicted))
    noise = float(np.median(residual))
    counts = count_features(cells[parts.training])
    surrogate = EnergySurrogate(
        model=model,
        smallest=counts.min(axis=0),
        largest=counts.max(axis=0),
        noise=noise,
        quantile=conformal_quantile(residual / (spread + noise), LEVEL),
        card=_card(data, kind, seed, split_seed, parts, settings),
    )
    return _scored(surrogate, data, parts)


def conformal_quantile(scores: Array, level: float) -> float:
    """The ceil((n+1) level)-th smallest of n scores: a new one is at most that with probability `level` or more.

    Source: Lei et al. 2018, algorithm 2. Raises ValueError where n is too small for such a promise.
    """
    rank = int(np.ceil((len(scores) + 1) * level))
    if rank > len(scores):
        raise ValueError(f"{len(scores)} scores cannot promise {level:.0%}")
    return float(np.sort(scores)[rank - 1])


def scores(actual_kwh: Array, predicted_kwh: Array) -> dict[str, float]:
    """R², Kendall's tau-b, mean absolute relative error and mean absolute error in Wh, of energies [N]."""
    from scipy.stats import kendalltau

    error = predicted_kwh - actual_kwh
    return {
        "r2": float(1 - (error**2).sum() / ((actual_kwh - actual_kwh.mean()) ** 2).sum()),
        "tau": float(kendalltau(actual_kwh, predicted_kwh).statistic),
        "mape": float(np.mean(np.abs(error) / actual_kwh)),
        "mae_wh": float(np.mean(np.abs(error)) * _WH_PER_KWH),
    }


def _scored(surrogate: EnergySurrogate, data: EnergyData, parts: Split) -> EnergySurrogate:
    """With its scores on the test cells on the card, and how many of all cells lie outside its range."""
    actual = data.energy_kwh[parts.test]
    predicted = surrogate.predict(data.cells[parts.test])
    held = (predicted.low_kwh <= actual) & (actual <= predicted.high_kwh)
    width = (predicted.high_kwh - predicted.low_kwh) / (2 * predicted.energy_kwh)
    test = scores(actual, predicted.energy_kwh) | {"coverage": float(held.mean()), "half_width": float(width.mean())}
    published = {} if data.published_kwh is None else scores(actual, data.published_kwh[parts.test])
    index = cell_index(LARGEST)
    outside = np.bincount(index.sizes[surrogate.is_extrapolated(np.arange(len(index)))], minlength=LARGEST + 1)
    extrapolated = {str(vertices): int(count) for vertices, count in enumerate(outside) if vertices >= 2}
    return replace(surrogate, card=replace(surrogate.card, test=test, published=published, extrapolated=extrapolated))


def _card(
    data: EnergyData, kind: str, seed: int, split_seed: int, parts: Split, settings: dict[str, int]
) -> SurrogateCard:
    genuine = data.sha256 == FILE_SHA256
    chosen = "".join(f" --{name} {value}" for name, value in (("kind", kind), ("seed", seed), ("split", split_seed)))
    return SurrogateCard(
        kind=kind,
        title="energy of training a NAS-Bench-101 cell network for 4 epochs on CIFAR-10",
        data=data.name,
        data_sha256=data.sha256,
        split=f"70/10/20 by cell, rows shuffled as torch.randperm does under seed {split_seed}"
        + (", EC-NAS's own split" if genuine and split_seed == PUBLISHED_SPLIT else ""),
        cells={name: len(rows) for name, rows in vars(parts).items()},
        test_sha256=hashlib.sha256("\n".join(sorted(data.hashes[parts.test].tolist())).encode()).hexdigest(),
        seed=seed,
        level=LEVEL,
        settings=dict(settings),
        test={},
        published={},
        extrapolated={},
        unit="kWh",
        epochs=EPOCHS,
        pue=PUE if genuine else None,
        hardware=_HARDWARE if genuine else "not stated",
        licence=_LICENCE if genuine else "not stated",
        command=f"fairwatt surrogate fit {data.name}{chosen}",
        packages={name: metadata.version(name) for name in _PACKAGES[kind]},
        notes=_NOTES if genuine else (),
    )
