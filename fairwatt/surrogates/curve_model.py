"""From a configuration to its learning curves: the Bezier surrogate of EA-HAS-Bench. Li et al., ICLR 2023, section 4.

A two-stream network predicts the control points of two Bezier curves, validation and test error in percent over the
progress of a training; one network serves trainings of all lengths, the length being a feature. Deviations, each
against a weakness of the published code: curves are fitted at their own length instead of being padded to the longest,
control points have their x in common, so that curves are linear in what is predicted and the mean of an ensemble is
the mean of its curves; targets are scaled; the loss is the distance between curves instead of that between control
points, which trade off against each other; training stops on rows that are not learned from; predictions stay within
0..100; validation and test are told apart; and there is noise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.surrogates import bezier
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples
from fairwatt.surrogates.curve_noise import CurveNoise
from fairwatt.surrogates.two_stream import Rows, TwoStreamNetwork

Array = NDArray[np.float64]
DEGREE = 6
WARP = 1.5
"""Control point i of d has x = (i/d)^1.5: closer together where curves fall. Of the digits' curves 1.04 percent are
left, 1.10 with equal distances and .82 where each curve has an x of its own; predictions err by much more."""
LEAST_EXAMPLES = 20
POSITIONS = np.linspace(0.0, 1.0, 50)
"""Where noise is known: the points of the longest of the digits' curves."""
_FEW = 32
_OWN = ("input_centre", "input_scale", "target_centre", "target_scale")
_NOISES = ("residual", "retraining")


@dataclass(frozen=True)
class CurveModel:
    """A trained network and its scaling, with the noise around it.

    input_centre, input_scale [A + H]; target_centre, target_scale [2 (degree + 1)]: of the control points' y, those of
    validation first. residual: how measured trainings lie around predictions. retraining: how one training of a
    configuration lies around the mean of many, told from those that were trained twice; None where they are too few.
    """

    network: TwoStreamNetwork
    input_centre: Array
    input_scale: Array
    target_centre: Array
    target_scale: Array
    residual: CurveNoise
    retraining: CurveNoise | None

    @classmethod
    def fit(
        cls,
        training: CurveExamples,
        held: CurveExamples,
        rng: np.random.Generator,
        *,
        pairs: tuple[CurveExamples, CurveExamples] | None = None,
        degree: int = DEGREE,
        progress: Callable[[int, int], None] | None = None,
        **settings: Any,
    ) -> "CurveModel":
        """Learn from `training`; `held` stops the training and measures the noise.

        pairs: first and second trainings of the same configurations, for the noise between trainings. settings: of
        `TwoStreamNetwork.fit`. Raises UserError for fewer than 20 examples, MissingExtraError without torch.
        """
        for name, rows in (("to learn from", training), ("held out", held)):
            if len(rows) < LEAST_EXAMPLES:
                raise UserError(f"{len(rows)} curves {name}: at least {LEAST_EXAMPLES} are needed; train more of them")
        inputs = np.hstack([training.architecture, training.hyper])
        input_centre, input_scale = inputs.mean(axis=0), inputs.std(axis=0)
        input_scale[input_scale < 1e-9] = 1.0
        labels = _labels(training, degree)
        centre, scale = labels.mean(axis=0), labels.std(axis=0)
        scale[scale < 1e-9] = 1.0
        split = training.architecture.shape[1]

        def rows_of(examples: CurveExamples) -> Rows:
            given = (np.hstack([examples.architecture, examples.hyper]) - input_centre) / input_scale
            return Rows(given[:, :split], given[:, split:], (_labels(examples, degree) - centre) / scale)

        metric = scale[:, None] * np.kron(np.eye(len(KINDS)), _basis(degree, POSITIONS.tobytes()))
        network = TwoStreamNetwork.fit(rows_of(training), rows_of(held), metric, rng, progress=progress, **settings)
        fields = (network, input_centre, input_scale, centre, scale)
        quiet = CurveNoise.fit(*np.ones((3, 2, 2, len(POSITIONS))))  # until the network can be asked
        model = cls(*fields, residual=quiet, retraining=None)
        means, spreads = model.predict_all(held.architecture, held.hyper, POSITIONS)
        residual = CurveNoise.fit(held.at(POSITIONS) - means, means, spreads)
        return cls(*fields, residual=residual, retraining=_between(pairs))

    def predict(self, architecture: Array, hyper: Array, positions: ArrayLike) -> tuple[Array, Array]:
        """Validation and test errors [N, K] in percent of features [N, A] and [N, H].

        positions [K] or [N, K]: 0 is the first point of a curve and 1 its end; see `position`. Raises UserError for
        other numbers of features and other positions.
        """
        labels = self._members(architecture, hyper).mean(axis=0)
        means = _evaluate(labels, self._positions(positions, len(labels)))
        return means[:, 0], means[:, 1]

    def predict_all(self, architecture: Array, hyper: Array, positions: ArrayLike) -> tuple[Array, Array]:
        """Means and the standard deviations of the members [N, 2, K], validation and test; raises as `predict`."""
        members = self._members(architecture, hyper)
        places = self._positions(positions, members.shape[1])
        spread = np.std([_evaluate(labels, places) for labels in members], axis=0)
        return _evaluate(members.mean(axis=0), places), spread

    def uncut(self, architecture: Array, hyper: Array, positions: Array) -> Array:
        """[N, 2, K] the means before they are kept within 0..100, at positions [K]; raises as `predict`."""
        members = self._members(architecture, hyper)
        return _evaluate(members.mean(axis=0), self._positions(positions, members.shape[1]), clip=False)

    def control_points(self, architecture: Array, hyper: Array) -> Array:
        """[N, 2, degree + 1, 2] (x, y) of validation and test, for `bezier.evaluate`; y may leave 0..100."""
        return _points(self._members(architecture, hyper).mean(axis=0))

    def noisy(
        self, architecture: Array, hyper: Array, positions: ArrayLike, uniforms: Array, noise: str = "retraining"
    ) -> tuple[Array, Array]:
        """As `predict`, of one training each: what is drawn is decided by uniforms [N] in [0, 1).

        noise: "retraining", as one training differs from another of the same configuration; "residual", as trainings
        differ from predictions, which adds what the model does not know. Noise at several positions is of one training.
        Raises UnknownNameError for another noise, UserError where the model lacks it.
        """
        if noise not in _NOISES:
            raise UnknownNameError("noise", noise, _NOISES)
        source = self.residual if noise == "residual" else self.retraining
        if source is None:
            raise UserError("this model knows no second trainings: noise 'residual' is what it has")
        members = self._members(architecture, hyper)
        centre = members.mean(axis=0)
        places = self._positions(positions, len(centre))
        means = _evaluate(centre, places)
        spreads: ArrayLike = 0.0
        if noise == "residual":
            spreads = np.std([_evaluate(labels, places) for labels in members], axis=0)
        last = _evaluate(centre, np.ones(1))[:, 0, 0]
        found = np.clip(means + source.draw(means, spreads, places, last, uniforms), 0.0, 100.0)
        return found[:, 0], found[:, 1]

    def interval(self, architecture: Array, hyper: Array, positions: ArrayLike, coverage: float) -> tuple[Array, Array]:
        """Ends [N, 2, K] of intervals that hold a share `coverage` of trainings; raises as `predict`."""
        means, spreads = self.predict_all(architecture, hyper, positions)
        return self.residual.interval(means, spreads, self._positions(positions, len(means)), coverage)

    @property
    def degree(self) -> int:
        """Of the Bezier curves."""
        return len(self.target_centre) // len(KINDS) - 1

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, by name."""
        found = {name: getattr(self, name) for name in _OWN} | _prefixed("network", self.network.arrays())
        for name in _NOISES:
            noise: CurveNoise | None = getattr(self, name)
            found |= {} if noise is None else _prefixed(name, noise.arrays())
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "CurveModel":
        """The inverse of `arrays`; raises KeyError where one is missing."""
        network = TwoStreamNetwork.from_arrays(_within("network", arrays))
        residual = CurveNoise.from_arrays(_within("residual", arrays))
        between = _within("retraining", arrays)
        return cls(
            network,
            **{name: arrays[name] for name in _OWN},
            residual=residual,
            retraining=CurveNoise.from_arrays(between) if between else None,
        )

    def _members(self, architecture: Array, hyper: Array) -> Array:
        """[M, N, O] labels."""
        given, expected = (architecture.shape[-1], hyper.shape[-1]), self._features
        if given != expected or architecture.ndim != 2 or len(architecture) != len(hyper):
            shapes = f"{architecture.shape} and {hyper.shape}"
            raise UserError(f"features of shape {shapes}: expected [N, {expected[0]}] and [N, {expected[1]}]")
        inputs = (np.hstack([architecture, hyper]) - self.input_centre) / self.input_scale
        found = self.network.predict(inputs[:, : expected[0]], inputs[:, expected[0] :])
        return np.asarray(self.target_centre + self.target_scale * found)

    @property
    def _features(self) -> tuple[int, int]:
        architecture, hyper = (array.shape[1] for array in self.network.weights[:2])
        return architecture, hyper

    def _positions(self, positions: ArrayLike, rows: int) -> Array:
        """[K] or [rows, K]."""
        places = np.atleast_1d(np.asarray(positions, dtype=np.float64))
        if not ((places >= 0) & (places <= 1)).all() or (places.ndim == 2 and len(places) != rows) or places.ndim > 2:
            raise UserError(f"positions of shape {places.shape}: expected [K] or [{rows}, K] within 0 to 1")
        return places


def position(progress: ArrayLike, length: ArrayLike) -> Array:
    """Where on a curve of `length` points a progress lies: point j is at progress j/length, position (j-1)/(length-1).

    Before the first point it is that point's.
    """
    points = np.asarray(length, dtype=np.float64)
    return np.clip((np.multiply(progress, points) - 1) / (points - 1), 0.0, 1.0)


def _labels(examples: CurveExamples, degree: int) -> Array:
    """[N, 2 (degree + 1)] y of the control points, those of validation first."""
    found = np.empty((len(examples), len(KINDS), degree + 1))
    for _, rows, errors in examples.groups():
        for kind in range(len(KINDS)):
            found[rows, kind] = bezier.fit(errors[:, kind], degree, x=_abscissae(degree))[:, :, 1]
    return found.reshape(len(examples), -1)


def _points(labels: Array) -> Array:
    """[N, 2, degree + 1, 2] control points: the inverse of `_labels`."""
    y = labels.reshape(len(labels), len(KINDS), -1)
    return np.stack([np.broadcast_to(_abscissae(y.shape[2] - 1), y.shape), y], axis=-1)


def _evaluate(labels: Array, positions: Array, *, clip: bool = True) -> Array:
    """[N, 2, K] curves at positions [K] or [N, K]: where many share theirs one matrix serves them all.

    clip: keep them within 0..100, which positions [N, K] always do.
    """
    y = labels.reshape(len(labels), len(KINDS), -1)
    if positions.ndim == 1:
        found = y @ _basis(y.shape[2] - 1, positions.tobytes())
        return np.clip(found, 0.0, 100.0) if clip else found
    distinct, which = np.unique(positions, axis=0, return_inverse=True)
    if len(distinct) > _FEW:
        points = _points(labels)
        return np.stack([bezier.evaluate_at(points[:, kind], positions) for kind in range(len(KINDS))], axis=1)
    found = np.empty((*y.shape[:2], positions.shape[1]))
    for number, shared in enumerate(distinct):
        rows = np.flatnonzero(which.ravel() == number)
        found[rows] = _evaluate(labels[rows], shared)
    return found


@lru_cache(maxsize=256)
def _basis(degree: int, positions: bytes) -> Array:
    """[degree + 1, K] what each control point's y adds to a curve at positions, the bytes of 64-bit floats."""
    x = np.broadcast_to(_abscissae(degree), (degree + 1, degree + 1))
    return bezier.evaluate_at(np.stack([x, np.eye(degree + 1)], axis=-1), np.frombuffer(positions), clip=False)


def _abscissae(degree: int) -> Array:
    return np.linspace(0.0, 1.0, degree + 1) ** WARP


def _between(pairs: tuple[CurveExamples, CurveExamples] | None) -> CurveNoise | None:
    """The noise of retraining: the difference of two trainings over √2 varies as one of them does."""
    if pairs is None or len(pairs[0]) < LEAST_EXAMPLES:
        return None
    first, second = (examples.at(POSITIONS) for examples in pairs)
    deviations, means = (first - second) / np.sqrt(2), (first + second) / 2
    return CurveNoise.fit(deviations, means, np.zeros_like(deviations))


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f"{prefix}_{name}": array for name, array in arrays.items()}


def _within(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(f"{prefix}_"): array for name, array in arrays.items() if name.startswith(f"{prefix}_")}
