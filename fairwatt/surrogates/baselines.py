"""What the Bezier surrogate of learning curves is compared with: the models of NAS-Bench-x11 and parametric curves.

Yan et al., NeurIPS 2021, "NAS-Bench-x11": curves are put together from a few singular vectors, whose weights are
regressed on the features by boosted trees or by a network (SVD-LGB, SVD-MLP). Domhan et al., IJCAI 2015: a curve is
one of a family of functions of progress, whose parameters are regressed. EA-HAS-Bench compares itself with all three.
Deviations: trees are scikit-learn's histogram boosting with the settings of LightGBM there (early stopping instead of
3,000 rounds), so the model is called svd-gbm; curves of all lengths are read at the same 50 positions instead of being
padded with their last value; validation and test curves are decomposed together; networks are the mean of five.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError, UnknownNameError
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples

Array = NDArray[np.float64]
COMPONENTS = 5
MEMBERS = 5
POSITIONS = np.linspace(0.0, 1.0, 50)
_GBM = {"max_iter": 3000, "learning_rate": 0.0218, "max_depth": 18, "max_leaf_nodes": 40, "l2_regularization": 134.5}
_STEEPNESS = np.geomspace(0.25, 8.0, 16)
_SCALES = np.geomspace(0.02, 4.0, 24)


class Regressor(Protocol):
    """What learns targets [N, O] of features [N, D]."""

    def __call__(self, features: Array, targets: Array, rng: np.random.Generator) -> Callable[[Array], Array]:
        """The learned function from features [M, D] to targets [M, O]."""


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline: from features to coefficients, and from those to both curves at POSITIONS, [N, 2, 50]."""

    coefficients: Callable[[Array], Array]
    curves: Callable[[Array], Array]

    def predict(self, architecture: Array, hyper: Array, positions: Array) -> tuple[Array, Array]:
        """As `CurveModel.predict`: validation and test errors [N, K] in percent, at positions [K]."""
        curves = self.curves(self.coefficients(np.hstack([architecture, hyper])))
        place = np.asarray(positions, dtype=np.float64) * (len(POSITIONS) - 1)
        left = np.minimum(place.astype(np.intp), len(POSITIONS) - 2)
        share = place - left
        found = np.clip(curves[..., left] * (1 - share) + curves[..., left + 1] * share, 0.0, 100.0)
        return found[:, 0], found[:, 1]


def fit_baseline(name: str, training: CurveExamples, held: CurveExamples, rng: np.random.Generator) -> Baseline:
    """Fit one of BASELINES to the training rows and those held out, which these models need for nothing else.

    Raises UnknownNameError, MissingExtraError without scikit-learn.
    """
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    both = [np.concatenate([getattr(part, field) for part in (training, held)]) for field in ("architecture", "hyper")]
    curves = np.concatenate([training.at(POSITIONS), held.at(POSITIONS)])
    decompose, regressor = BASELINES[name]
    coefficients, compose = decompose(curves)
    centre, scale = coefficients.mean(axis=0), coefficients.std(axis=0)
    scale[scale < 1e-9] = 1.0
    predict = regressor(np.hstack(both), (coefficients - centre) / scale, rng)
    return Baseline(lambda features: centre + scale * predict(features), compose)


def singular_vectors(curves: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Weights [N, 5] of curves [N, 2, P] in their leading singular vectors, and what makes curves of weights."""
    flat = curves.reshape(len(curves), -1)
    mean = flat.mean(axis=0)
    _, _, vectors = np.linalg.svd(flat - mean, full_matrices=False)
    basis = vectors[:COMPONENTS]
    return (flat - mean) @ basis.T, lambda weights: (mean + weights @ basis).reshape(-1, *curves.shape[1:])


def weibull(curves: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Parameters [N, 8] of curves [N, 2, P] as end + height exp(-(x / scale)^steepness), and what makes curves of them.

    Least squares: scale and steepness from a grid, as logarithms, the other two exactly. Of the families that are as
    easily fitted it is nearest to the digits' curves: 1.2 percent of error are left, exp3 1.7, vap 2.7, pow3 3.3.
    """
    rows = curves.reshape(-1, curves.shape[2])
    mean = rows.mean(axis=1, keepdims=True)
    least = np.full(len(rows), np.inf)
    found = np.zeros((len(rows), 4))
    for steepness in _STEEPNESS:
        for scale in _SCALES:
            fall = np.exp(-((POSITIONS / scale) ** steepness))
            centred = fall - fall.mean()
            height = (rows - mean) @ centred / (centred @ centred)
            loss = ((rows - mean - height[:, None] * centred) ** 2).sum(axis=1)
            better = loss < least - 1e-9
            least[better] = loss[better]
            end = mean[:, 0] - height * fall.mean()
            found[better] = np.column_stack(
                [end, height, np.full(len(rows), np.log(scale)), np.full(len(rows), np.log(steepness))]
            )[better]
    # what a curve ends at and falls by within its training is told better than what it would end at after it
    found[:, 0], found[:, 1] = _ends(found)
    return found.reshape(len(curves), -1), _weibull_curves


def _ends(parameters: Array) -> tuple[Array, Array]:
    end, height, scale, steepness = parameters.T
    last = np.exp(-(np.exp(-scale) ** np.exp(steepness)))
    return end + height * last, height * (1 - last)


def _weibull_curves(parameters: Array) -> Array:
    last, drop, scale, steepness = (part[:, None] for part in parameters.reshape(-1, 4).T)
    scale = np.clip(np.exp(scale), _SCALES[0], _SCALES[-1])
    steepness = np.clip(np.exp(steepness), _STEEPNESS[0], _STEEPNESS[-1])
    fall = np.exp(-((POSITIONS / scale) ** steepness))
    end = fall[:, -1:]
    return np.asarray(last + drop * (fall - end) / (1 - end)).reshape(-1, len(KINDS), len(POSITIONS))


def boosted(features: Array, targets: Array, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Histogram gradient boosting, one model a target."""
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("the baseline svd-gbm", "scikit-learn", "training") from None
    with threadpool_limits(1):
        models: list[Any] = [
            HistGradientBoostingRegressor(
                **_GBM, early_stopping=True, n_iter_no_change=50, random_state=int(rng.integers(2**31))
            ).fit(features, target)
            for target in targets.T
        ]

    def predict(given: Array) -> Array:
        with threadpool_limits(1):
            return np.column_stack([model.predict(given) for model in models])

    return predict


def perceptron(features: Array, targets: Array, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Five multi-layer perceptrons of three layers, stopped early; the mean of what they say.

    alpha: the best of .001, 1 and 3 for svd-mlp on the first 200 trainings of the digits' sweep.
    """
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise MissingExtraError("the baselines with networks", "scikit-learn", "training") from None
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the weights that did best are kept, whenever it ends
        models: list[Any] = [
            MLPRegressor(
                hidden_layer_sizes=(64, 64, 64), learning_rate_init=1e-3, batch_size=32, alpha=3.0, max_iter=300,
                early_stopping=True, n_iter_no_change=40, random_state=int(rng.integers(2**31)),
            ).fit((features - centre) / scale, targets)
            for _ in range(MEMBERS)
        ]  # fmt: skip
    return lambda given: np.mean([model.predict((given - centre) / scale) for model in models], axis=0)


Decomposition = Callable[[Array], tuple[Array, Callable[[Array], Array]]]
BASELINES: Mapping[str, tuple[Decomposition, Regressor]] = {
    "svd-gbm": (singular_vectors, boosted),
    "svd-mlp": (singular_vectors, perceptron),
    "parametric": (weibull, perceptron),
}
