"""How good an energy surrogate is after how many cells: figure 2 of EC-NAS, for both kinds and several splits."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product

import numpy as np

from fairwatt.experiments.energy_data import PUBLISHED_SPLIT, EnergyData, split
from fairwatt.experiments.surrogate_fit import scores
from fairwatt.search_spaces.energy_surrogate import FEATURES, MODELS, pooled, train

SIZES = (100, 200, 400, 800, 1600)


@dataclass(frozen=True)
class Point:
    """One training: on the first `cells` training cells of a split, scored on the test cells of that split.

    seed: of the training. kind "published" is EC-NAS's surrogate on the test cells of its own split. Scores as of
    `surrogate_fit.scores`.
    """

    kind: str
    split: int
    seed: int
    cells: int
    r2: float
    tau: float
    mape: float
    mae_wh: float


def learning_curve(
    data: EnergyData,
    repeats: int = 5,
    sizes: Sequence[int] = SIZES,
    members: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Point]:
    """Trainings of both kinds on so many cells each, and on all training cells, under a split of its own each repeat.

    Repeat k has split 42 + k and seed k. members: of an ensemble; a single model is a little worse than the five of a
    fit and takes a fifth of the time. Raises MissingExtraError.
    """
    most = len(split(len(data)).training)
    chosen = sorted({size for size in sizes if size < most} | {most})
    trainings = list(product(range(repeats), MODELS, chosen))
    points = _published(data)
    for done, (repeat, kind, size) in enumerate(trainings):
        if progress:
            progress(done, len(trainings))
        parts = split(len(data), PUBLISHED_SPLIT + repeat)
        rows = parts.training[:size]
        rng = np.random.default_rng(repeat)
        model = train(kind, data.cells[rows], data.energy_kwh[rows], rng, members=members)
        predicted, _ = pooled(model.predict(FEATURES[kind](data.cells[parts.test])))
        reached = scores(data.energy_kwh[parts.test], predicted)
        points.append(Point(kind, PUBLISHED_SPLIT + repeat, repeat, size, **reached))
    if progress:
        progress(len(trainings), len(trainings))
    return points


def as_csv(points: Sequence[Point]) -> str:
    """A line for each training, under the names of `Point`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Point)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, points))
    return text.getvalue()


def _published(data: EnergyData) -> list[Point]:
    if data.published_kwh is None:
        return []
    parts = split(len(data))
    reached = scores(data.energy_kwh[parts.test], data.published_kwh[parts.test])
    return [Point("published", PUBLISHED_SPLIT, PUBLISHED_SPLIT, len(parts.training), **reached)]
