"""R² and Kendall's tau of predicted learning curves, as EA-HAS-Bench and NAS-Bench-x11 score them: by epoch, by length.

Trainings of one length are scored together, at each of their epochs, and the scores averaged over epochs; then over
lengths. Scoring all lengths at once would reward a model for knowing that longer trainings are better.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fairwatt.surrogates.curve_examples import KINDS, CurveExamples

Array = NDArray[np.float64]
Predict = Callable[[Array], tuple[Array, Array]]
"""Validation and test errors [N, K] of all examples at positions [K]."""
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By kind of error, by length ("12") and their "mean", by score."""


def curve_scores(actual: CurveExamples, predict: Predict) -> Scores:
    """end_tau, end_r2: at the end; tau, r2: means over epochs; end_rmse, rmse: in percent of error."""
    found: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in KINDS}
    for length, rows, errors in actual.groups():
        predicted = predict(np.linspace(0.0, 1.0, length))
        for kind, name in enumerate(KINDS):
            found[name][str(length)] = _group(errors[:, kind], predicted[kind][rows])
    for groups in found.values():
        names = next(iter(groups.values()))
        groups["mean"] = {name: float(np.mean([own[name] for own in groups.values()])) for name in names}
    return found


def _group(actual: Array, predicted: Array) -> dict[str, float]:
    tau = [kendall(*columns) for columns in zip(actual.T, predicted.T, strict=True)]
    r2 = [_r2(*columns) for columns in zip(actual.T, predicted.T, strict=True)]
    squares = (actual - predicted) ** 2
    return {
        "end_tau": tau[-1],
        "end_r2": r2[-1],
        "tau": float(np.mean(tau)),
        "r2": float(np.mean(r2)),
        "end_rmse": float(np.sqrt(squares[:, -1].mean())),
        "rmse": float(np.sqrt(squares.mean())),
    }


def kendall(actual: Array, predicted: Array) -> float:
    """Kendall's tau-b; 0 where one side is constant, which ranks nothing."""
    from scipy.stats import kendalltau

    if np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return 0.0
    return float(kendalltau(actual, predicted).statistic)


def _r2(actual: Array, predicted: Array) -> float:
    around = ((actual - actual.mean()) ** 2).sum()
    return float(1 - ((actual - predicted) ** 2).sum() / around) if around else 0.0
