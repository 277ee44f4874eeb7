"""Random search that sees one of several noisy repeats of each configuration, and is judged by their mean.

It selects by what it sees, so it falls for luck like every other search: its incumbent after n trainings is the lowest
*observed* value, and what that is worth is the mean over the repeats of its configuration. A configuration shows each
of its R repeats with the same chance, and a second training of it shows the same one (specification, 0.12, 4.4 and 6).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.weighted_draws import draws_for

Array = NDArray[np.float64]

MOST_THRESHOLDS = 1_024
"""Observed values that are told apart; beyond, neighbours among the worse ones are taken together."""
_MOST_COUNTS = 6_000_000
_NEGLIGIBLE = 45.0  # exp(-45) of a sum is below its last binary digit
_BLOCK = 64  # trainings that are looked at together
_DROPPED = (0, 46, 48, 50)  # bits of a probability: all told apart, or 64, 16, 4 classes an octave


def expected_quality(
    observed: Array, quality: Array, trainings: ArrayLike, *, replacement: bool, chances: Array | None
) -> Array:
    """[J] expected quality of the incumbent after `trainings` [J] draws; at most K without replacement.

    observed: [K, R] repeats; quality: [K]. chances: [K] of a draw, uniform where None. Of equal observations the first
    is the incumbent: any of those that tie, by how often they do.

    With P the probability that a draw shows one of the best observations, and m of R those of each configuration, n
    draws miss them all with probability

        (1 - P)^n exp(n P) * product over configurations of (1 - a m/R),

    a that of having been trained: n/K, or 1 - exp(-n p) with replacement, and where probabilities differ with the draws
    that n different ones take in place of n. Either factor alone is a limit: independent draws, and as many as chance
    has it. Together they are exact for n = 1 and for n = K up to a term of 1/K, and between as good (see the tests).
    """
    counted = _Thresholds.of(observed, quality, chances)
    wanted = np.atleast_1d(np.asarray(trainings, dtype=np.float64))
    if not replacement and wanted.size and wanted.max() > len(quality):
        raise ValueError(f"{wanted.max():g} draws without replacement from {len(quality)}")
    draws = wanted if replacement or chances is None else draws_for(wanted, chances)
    exhausted = np.zeros(wanted.shape, dtype=bool) if replacement else wanted == len(quality)
    found = np.empty(wanted.shape)
    for begin in range(0, wanted.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        uniform = chances is None and not replacement
        found[block] = counted.expected(wanted[block], draws[block], exhausted[block], uniform=uniform)
    return found


class _Thresholds:
    """For each of V ascending observed values: who has shown as much or better.

    below: [V] probability P that a draw does. worth: [V] mean quality of those that join at this value. joined: [V, C,
    R] how many configurations of each class of probabilities have 1..R such repeats. chance: [C] of a configuration of
    each class.
    """

    def __init__(self, below: Array, worth: Array, joined: Array, chance: Array) -> None:
        self.below, self.worth, self.joined, self.chance = below, worth, joined, chance

    @classmethod
    def of(cls, observed: Array, quality: Array, chances: Array | None) -> "_Thresholds":
        """From repeats [K, R], qualities [K] and chances [K] of a draw, None where they are equal."""
        count, repeats = observed.shape
        weight = np.full(count, 1.0 / count) if chances is None else chances
        order = np.argsort(observed, axis=None, kind="stable")
        config = order // repeats
        rank = np.argsort(np.argsort(observed, axis=1, kind="stable"), axis=1, kind="stable").ravel()[order]
        ends = _ends(observed.ravel()[order])
        group = np.searchsorted(ends, np.arange(order.size))
        mass = np.bincount(group, weights=weight[config])
        worth = np.bincount(group, weights=weight[config] * quality[config]) / mass
        kind, chance = _classes(weight, len(ends) * repeats)
        shape = (len(ends), len(chance), repeats)
        place = np.ravel_multi_index((group, kind[config], rank), shape)
        changes = np.bincount(place, minlength=np.prod(shape)) - np.bincount(
            place[rank > 0] - 1, minlength=np.prod(shape)
        )
        return cls(np.minimum(mass.cumsum() / repeats, 1.0), worth, changes.reshape(shape).cumsum(axis=0), chance)

    def expected(self, trainings: Array, draws: Array, exhausted: NDArray[np.bool_], *, uniform: bool) -> Array:
        """[J] expected quality after so many trainings [J], which take so many draws [J]."""
        kept = min(1 + int(np.searchsorted(self.below, _NEGLIGIBLE / trainings.min())), len(self.below))
        below, worth, joined = self.below[:kept], self.worth[:kept], self.joined[:kept]
        share = np.arange(1, joined.shape[2] + 1) / joined.shape[2]
        expected = draws[:, None] * self.chance  # [J, C] trainings of a configuration
        trained = np.minimum(trainings[:, None] * self.chance, 1.0) if uniform else -np.expm1(-expected)
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.log1p(-trained[..., None] * share) + np.where(
                exhausted[:, None, None], 0.0, expected[..., None] * share
            )
            independent = trainings[:, None] * (np.log1p(-below) + below) - draws[:, None] * below
        excess = np.maximum(excess, -1e6).reshape(len(trainings), -1)  # of what is sure to be there: not -inf times 0
        missed = excess @ joined.reshape(kept, -1).T
        missed += np.where(exhausted[:, None], 0.0, independent)
        survival = np.exp(np.minimum(missed, 0.0))
        survival = np.minimum.accumulate(np.column_stack([np.ones(len(trainings)), survival]), axis=1)
        return np.asarray(-np.diff(survival, axis=1) @ worth)


def _ends(ordered: Array) -> NDArray[np.intp]:
    """[V] last place of each value in ascending order; of too many, those that are about equally far apart in log."""
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    if len(ends) <= MOST_THRESHOLDS:
        return ends
    near = np.geomspace(1, len(ordered), MOST_THRESHOLDS).round().astype(np.intp) - 1
    return np.unique(np.append(ends[np.searchsorted(ends, near)], len(ordered) - 1))


def _classes(weight: Array, cells: int) -> tuple[NDArray[np.intp], Array]:
    """([K] class, [C] its mean) of probabilities, as finely as the counts may be."""
    for dropped in _DROPPED:
        _, kind = np.unique(np.ascontiguousarray(weight).view(np.int64) >> dropped, return_inverse=True)
        count = np.bincount(kind)
        if len(count) * cells <= _MOST_COUNTS:
            break
    return kind, np.bincount(kind, weights=weight) / count
