"""What the Bezier surrogate of learning curves is compared with: the models of NAS-Bench-x11 and parametric curves.

Yan et al., NeurIPS 2021, "NAS-Bench-x11": curves are put together from a few singular vectors, whose weights are
regressed on the features by boosted trees or by a network (SVD-LGB, SVD-MLP). Domhan et al., IJCAI 2015: a curve is
one of a family of functions of progress, whose parameters are regressed. EA-HAS-Bench compares itself with all three.
Deviations: trees are scikit-learn's histogram boosting with the settings of LightGBM there (early stopping instead of
3,000 rounds), so the model is called svd-gbm; curves of all lengths are read at the same 50 positions instead of being
padded with their last value; validation and test curves are decomposed together; networks are the mean of five. All of
them learn from the rows that the Bezier surrogate learns from, and are stopped by those that stop it.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError, UnknownNameError
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples

Array = NDArray[np.float64]
COMPONENTS = 5
MEMBERS = 5
POSITIONS = np.linspace(0.0, 1.0, 50)
_GBM = {"learning_rate": 0.0218, "max_depth": 18, "max_leaf_nodes": 40, "l2_regularization": 134.5}
_MOST_TREES, _TREES_PATIENCE = 3000, 50
_ALPHAS = (0.3, 3.0)
_MOST_EPOCHS, _EPOCHS_PATIENCE = 300, 40
_STEEPNESS = np.geomspace(0.25, 8.0, 16)
_SCALES = np.geomspace(0.02, 4.0, 24)


Pairs = tuple[Array, Array]
"""Features [N, D] and targets [N, O]."""


class Regressor(Protocol):
    """What learns targets of features."""

    def __call__(self, training: Pairs, held: Pairs, rng: np.random.Generator) -> Callable[[Array], Array]:
        """The learned function from features [M, D] to targets [M, O]; `held` says only when to stop."""


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
    """Fit one of BASELINES to the training rows; those held out stop it, as they stop `CurveModel.fit`.

    Raises UnknownNameError, MissingExtraError without scikit-learn.
    """
    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    decompose, regressor = BASELINES[name]
    curves = training.at(POSITIONS)
    take_apart, compose = decompose(curves)
    coefficients = take_apart(curves)
    centre, scale = coefficients.mean(axis=0), coefficients.std(axis=0)
    scale[scale < 1e-9] = 1.0
    targets = (coefficients, take_apart(held.at(POSITIONS)))
    known, stopping = (
        (np.hstack([rows.architecture, rows.hyper]), (target - centre) / scale)
        for rows, target in zip((training, held), targets, strict=True)
    )
    predict = regressor(known, stopping, rng)
    return Baseline(lambda features: centre + scale * predict(features), compose)


def singular_vectors(curves: Array) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """What makes weights [N, 5] of curves [N, 2, P], in the singular vectors of those given, and curves of weights."""
    flat = curves.reshape(len(curves), -1)
    mean = flat.mean(axis=0)
    _, _, vectors = np.linalg.svd(flat - mean, full_matrices=False)
    basis = vectors[:COMPONENTS]
    shape = curves.shape[1:]
    return (
        lambda given: (given.reshape(len(given), -1) - mean) @ basis.T,
        lambda weights: (mean + weights @ basis).reshape(-1, *shape),
    )


def weibull(curves: Array) -> tuple[Callable[[Array], Array], Callable[[Array], Array]]:
    """What makes parameters [N, 8] of curves [N, 2, P], and curves of them; it is the same whatever it is made for.

    Curves are end + height exp(-(x / scale)^steepness). Of the families that are as easily fitted it is nearest to the
    digits' curves: 1.2 percent of error are left, exp3 1.7, vap 2.7, pow3 3.3.
    """
    return _weibull_parameters, _weibull_curves


def _weibull_parameters(curves: Array) -> Array:
    """Least squares: scale and steepness from a grid, as logarithms, the other two exactly."""
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
    return found.reshape(len(curves), -1)


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


def boosted(training: Pairs, held: Pairs, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Histogram gradient boosting, one model a target, of as many trees as do best on the rows held out."""
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtraError("the baseline svd-gbm", "scikit-learn", "training") from None

    def grown(target: Array, stopping: Array) -> tuple[Any, int]:
        """A model, and how many of its trees are best: none of the following 50 made it better, or there are 3,000."""
        seed = int(rng.integers(2**31))
        model = HistGradientBoostingRegressor(**_GBM, early_stopping=False, warm_start=True, random_state=seed)
        best = 0
        for trees in range(_TREES_PATIENCE, _MOST_TREES + 1, _TREES_PATIENCE):
            model.set_params(max_iter=trees).fit(training[0], target)
            losses = [float(np.square(found - stopping).mean()) for found in model.staged_predict(held[0])]
            best = int(np.argmin(losses)) + 1
            if trees - best >= _TREES_PATIENCE:
                break
        return model, best

    with threadpool_limits(1):
        models = [grown(*targets) for targets in zip(training[1].T, held[1].T, strict=True)]

    def predict(given: Array) -> Array:
        with threadpool_limits(1):
            return np.column_stack(
                [next(islice(model.staged_predict(given), best - 1, None)) for model, best in models]
            )

    return predict


def perceptron(training: Pairs, held: Pairs, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Five multi-layer perceptrons of three layers, each as it was when it did best on the rows held out; their mean.

    Those rows choose the decay, too: of the digits' sweep svd-mlp needs a large one while it sees 150 trainings, under
    which it learns nothing from 1,100.
    """
    try:
        from sklearn.neural_network import MLPRegressor
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise MissingExtraError("the baselines with networks", "scikit-learn", "training") from None
    centre, scale = training[0].mean(axis=0), training[0].std(axis=0)
    scale[scale < 1e-9] = 1.0
    known, stopping = ((features - centre) / scale for features in (training[0], held[0]))

    def learned(alpha: float) -> tuple[float, float, Any]:
        """The least loss, alpha, and the network that had it."""
        model = MLPRegressor(
            hidden_layer_sizes=(64, 64, 64), learning_rate_init=1e-3, batch_size=min(32, len(known)), alpha=alpha,
            random_state=int(rng.integers(2**31)),
        )  # fmt: skip
        least, when, best = np.inf, 0, copy(model)
        for epoch in range(_MOST_EPOCHS):
            model.partial_fit(known, training[1])  # one epoch
            loss = float(np.square(model.predict(stopping) - held[1]).mean())
            if loss < least:
                least, when, best = loss, epoch, copy(model)
                best.coefs_, best.intercepts_ = (
                    [part.copy() for part in parts] for parts in (model.coefs_, model.intercepts_)
                )
            elif epoch - when >= _EPOCHS_PATIENCE:
                break
        return least, alpha, best

    with threadpool_limits(1):
        first = min(map(learned, _ALPHAS), key=itemgetter(0))
        models = [first[2], *(learned(first[1])[2] for _ in range(MEMBERS - 1))]
    return lambda given: np.mean([model.predict((given - centre) / scale) for model in models], axis=0)


Decomposition = Callable[[Array], tuple[Callable[[Array], Array], Callable[[Array], Array]]]
BASELINES: Mapping[str, tuple[Decomposition, Regressor]] = {
    "svd-gbm": (singular_vectors, boosted),
    "svd-mlp": (singular_vectors, perceptron),
    "parametric": (weibull, perceptron),
}
