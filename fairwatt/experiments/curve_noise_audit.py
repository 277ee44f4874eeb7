"""Whether the noise and the intervals of a curve surrogate are those of second trainings and of held-out ones."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.curve_checks import Check
from fairwatt.experiments.curve_scores import Predict, curve_scores
from fairwatt.search_spaces.curve_benchmark import FIDELITIES
from fairwatt.search_spaces.curve_surrogate import CurveSurrogate
from fairwatt.surrogates.curve_examples import KINDS, CurveExamples
from fairwatt.surrogates.curve_model import position

Array = NDArray[np.float64]

COVERAGES = (0.5, 0.8, 0.95)
EDGES = (0.0, 30.0, 60.0, 85.0, 100.0)
"""Percent of validation error, between which noise is compared: nearly learned, half-learned, hardly, at chance."""
LEAST_PAIRS = 10
FACTOR = 2.0
"""By which noise may be larger or smaller than that of second trainings."""
_DRAWS = 20


@dataclass(frozen=True)
class NoiseLevel:
    """where: what is compared. pairs: second trainings there. measured, drawn: standard deviations of a training around
    its configuration's mean in percent of validation error, of second trainings and of the surrogate's noise."""

    where: str
    pairs: int
    measured: float
    drawn: float


def coverage(surrogate: CurveSurrogate, tested: CurveExamples) -> dict[str, dict[str, tuple[float, float]]]:
    """By kind and by share promised: what share of trainings intervals held, at the end and over whole curves."""
    found: dict[str, dict[str, tuple[float, float]]] = {kind: {} for kind in KINDS}
    for share in COVERAGES:
        held = []
        for length, rows, errors in tested.groups():
            places = np.linspace(0.0, 1.0, length)
            low, high = surrogate.model.interval(tested.architecture[rows], tested.hyper[rows], places, share)
            inside = (low <= errors) & (errors <= high)
            held += [(own[:, -1], own.mean(axis=1)) for own in inside]
        for kind, name in enumerate(KINDS):
            ends, whole = (float(np.mean([one[part][kind] for one in held])) for part in (0, 1))
            found[name][f"{share:.0%}"] = (ends, whole)
    return found


def noise_tau(surrogate: CurveSurrogate, first: CurveExamples) -> dict[str, float]:
    """By kind: mean over draws of the final tau between two draws of noise, scored as second trainings are."""
    if surrogate.model.retraining is None:
        return {}
    rng, end = np.random.default_rng(surrogate.card.seed), np.ones(1)
    taus: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(_DRAWS):
        one, two = (
            surrogate.model.noisy(first.architecture, first.hyper, end, rng.random(len(first))) for _ in range(2)
        )
        errors = np.repeat(np.stack(one, axis=1), first.errors.shape[2], axis=2)
        drawn = CurveExamples(first.architecture, first.hyper, first.lengths, errors)
        scores = curve_scores(drawn, _repeating(two))
        for kind in KINDS:
            taus[kind].append(scores[kind]["mean"]["end_tau"])
    return {kind: fmean(taus[kind]) for kind in surrogate.card.kinds}


def noise_levels(surrogate: CurveSurrogate, first: CurveExamples, second: CurveExamples) -> list[NoiseLevel]:
    """At the end by level of error, then at earlier fidelities; of test configurations that were trained twice.

    Second trainings are sorted by what was measured, draws by what is predicted. None where the surrogate knows no
    second trainings.
    """
    if surrogate.model.retraining is None:
        return []
    rng = np.random.default_rng(surrogate.card.seed)
    found = []
    for fidelity in reversed(FIDELITIES):
        measured, mean = _seed_deviation(first, second, fidelity)
        places = position(fidelity, first.lengths)[:, None]
        predicted = surrogate.model.predict(first.architecture, first.hyper, places)[0][:, 0]
        draws = np.array(
            [
                surrogate.model.noisy(first.architecture, first.hyper, places, rng.random(len(first)))[0][:, 0]
                for _ in range(_DRAWS)
            ]
        )
        squares = ((draws - predicted) ** 2).mean(axis=0)
        share = Fraction(fidelity).limit_denominator(1000)
        bins = list(pairwise(EDGES)) if fidelity == 1.0 else [(EDGES[0], EDGES[-1])]
        for low, high in bins:
            own, told = ((low <= level) & (level <= high) for level in (mean, predicted))
            if own.any() and told.any():
                level = f", validation error {low:.0f} to {high:.0f} %" if len(bins) > 1 else ""
                found.append(
                    NoiseLevel(
                        f"{'at the end' if fidelity == 1.0 else f'after {share} of training'}{level}",
                        int(own.sum()),
                        float(np.sqrt((measured[own] ** 2).mean())),
                        float(np.sqrt(squares[told].mean())),
                    )
                )
    return found


def noise_check(levels: list[NoiseLevel]) -> Check:
    """Whether noise is that of second trainings, to a factor, wherever there are enough of those."""
    judged = [level for level in levels if level.pairs >= LEAST_PAIRS]
    wrong = [level for level in judged if not 1 / FACTOR <= level.drawn / max(level.measured, 1e-9) <= FACTOR]
    told = "; ".join(f"{level.where}: {level.drawn:.1f} for {level.measured:.1f}" for level in wrong)
    return Check(
        f"noise within a factor {FACTOR:g} of second trainings', by level and fidelity",
        not wrong if judged else None,
        told or f"{len(judged)} of {len(levels)} levels with {LEAST_PAIRS} pairs or more",
    )


def _seed_deviation(first: CurveExamples, second: CurveExamples, fidelity: float) -> tuple[Array, Array]:
    """[N] difference over √2 of validation errors of two trainings, and their mean, at a share of the training."""
    errors = np.empty((2, len(first)))
    for length in np.unique(first.lengths).tolist():
        rows = np.flatnonzero(first.lengths == length)
        place = np.atleast_1d(position(fidelity, length))
        errors[:, rows] = [examples.rows(rows).at(place)[:, 0, 0] for examples in (first, second)]
    return (errors[0] - errors[1]) / np.sqrt(2), errors.mean(axis=0)


def _repeating(ends: tuple[Array, Array]) -> Predict:
    """A prediction that is the same at every position."""
    return lambda places: (np.repeat(ends[0], len(places), axis=1), np.repeat(ends[1], len(places), axis=1))
