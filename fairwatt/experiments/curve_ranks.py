"""How sure scores of rankings are, and how good a curve surrogate is where optimizers look: among the best."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.curve_scores import kendall
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples

Array = NDArray[np.float64]

DRAWS = 300
LEVEL = 0.95
BEST = 0.1
LEAST_BEST = 10


@dataclass(frozen=True)
class Top:
    """The tested configurations that are predicted to be the best tenth, at the end, in percent of error.

    predicted, measured: means; their difference is how far the surrogate flatters what optimizers will pick. rmse: of
    predictions; of all tested configurations: rmse_of_all. tau: Kendall's among them.
    """

    configurations: int
    predicted: float
    measured: float
    rmse: float
    rmse_of_all: float
    tau: float


def top(actual: CurveExamples, ends: Array) -> dict[str, Top]:
    """By kind, for predicted ends [N, 2] of configurations."""
    found = {}
    count = min(len(actual), max(LEAST_BEST, round(BEST * len(actual))))
    for kind, name in enumerate(KINDS):
        predicted, measured = ends[:, kind], actual.last[:, kind]
        best = np.argsort(predicted, kind="stable")[:count]
        squares = (predicted - measured) ** 2
        found[name] = Top(
            count,
            float(predicted[best].mean()),
            float(measured[best].mean()),
            float(np.sqrt(squares[best].mean())),
            float(np.sqrt(squares.mean())),
            kendall(measured[best], predicted[best]),
        )
    return found


def resampled_end_taus(
    actual: CurveExamples, ends: Mapping[str, Array], rng: np.random.Generator, draws: int | None = None
) -> dict[str, Array]:
    """[draws, 2] final tau by kind, mean over lengths, on configurations drawn with replacement within each length.

    ends: predictions [N, 2] by model; all models are scored on the same draws, so that they can be compared.
    """
    draws = DRAWS if draws is None else draws
    found = {name: np.zeros((draws, len(KINDS))) for name in ends}
    groups = actual.groups()
    for draw in range(draws):
        for _, rows, errors in groups:
            chosen = rng.integers(len(rows), size=len(rows))
            for name, told in ends.items():
                for kind in range(len(KINDS)):
                    tau = kendall(errors[chosen, kind, -1], told[rows[chosen], kind])
                    found[name][draw, kind] += tau / len(groups)
    return found


def interval(values: Array) -> tuple[float, float]:
    """The middle 95 percent of resampled values: a percentile bootstrap interval."""
    low, high = np.quantile(values, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)
