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
_MOST_COUNTS = 2_000_000
_NEGLIGIBLE = 1e-20  # of a sum, below its last binary digit
_BLOCK, _COLUMNS = 64, 128  # trainings and thresholds that are looked at together
_FIRST, _SLICES = 0.25, 64  # of the draws in which the first of those that tie may come
_DROPPED = (0, 46, 48, 50)  # bits of a probability: all told apart, or 64, 16, 4 classes an octave
_SURE = -1e6  # the logarithm of a chance of nothing: not infinite, since it is multiplied by how many have it


def expected_quality(
    observed: Array, quality: Array, trainings: ArrayLike, *, replacement: bool, chances: Array | None
) -> Array:
    """[J] expected quality of the incumbent after `trainings` [J] draws; at most K without replacement.

    observed: [K, R] repeats; quality: [K]. chances: [K] of a draw, uniform where None. Of equal observations the first
    is the incumbent, so that of those that tie a likely configuration has it more often.

    With t the probability that a configuration was trained, and r of its R repeats among the best observations, all of
    these are missed with probability, were configurations trained independently of each other,

        product over configurations of (1 - t r/R).

    But there are n trainings, neither more nor fewer. Of a search that missed them d fewer would be expected, and it
    has (1 - x)^n exp(n x) times that probability, x = d/n: exactly so for independent draws, where it makes (1 - P)^n
    of exp(-n P). Without replacement some of the n are hardly in doubt, and d weighs more: for how good this is, see
    the tests.
    """
    counted = _Thresholds.of(observed, quality, chances)
    wanted = np.atleast_1d(np.asarray(trainings, dtype=np.float64))
    if not replacement and wanted.size and wanted.max() > len(quality):
        raise ValueError(f"{wanted.max():g} draws without replacement from {len(quality)}")
    draws = wanted if replacement or chances is None else draws_for(wanted, chances)
    met = counted.met(draws, replacement=replacement)
    ties = counted.first_of_ties(draws, replacement=replacement)
    found = np.empty(wanted.shape)
    for begin in range(0, wanted.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        times = draws[block, None] * counted.chance if replacement else met[block]
        scale = wanted[block] if replacement else counted.in_doubt(wanted[block], met[block])
        found[block] = counted.expected(wanted[block], scale, met[block], times, ties[block])
    found[wanted == 1] = quality.mean() if chances is None else chances @ quality  # nothing to choose between
    return found


class _Thresholds:
    """For each of V ascending observed values: who has shown as much or better, and who joins them.

    joined: [V, C, R] how many configurations of each class of probabilities have 1..R such repeats. new, worth: [V, C,
    R] how many observations of configurations with 0..R - 1 better ones join at this value, and the sum of these
    configurations' qualities. tied: [V] whether they are several, of one value. chance, size: [C] of a configuration of
    each class, and how many there are.
    """

    def __init__(
        self, joined: Array, new: Array, worth: Array, tied: NDArray[np.bool_], chance: Array, size: Array
    ) -> None:
        self.joined, self.new, self.worth, self.tied = joined, new, worth, tied
        self.chance, self.size = chance, size
        self._share = np.arange(1, joined.shape[2] + 1) / joined.shape[2]

    @classmethod
    def of(cls, observed: Array, quality: Array, chances: Array | None) -> "_Thresholds":
        """From repeats [K, R], qualities [K] and chances [K] of a draw, None where they are equal."""
        count, repeats = observed.shape
        weight = np.full(count, 1.0 / count) if chances is None else chances
        order = np.argsort(observed, axis=None, kind="stable")
        config = order // repeats
        within = np.argsort(observed, axis=1, kind="stable")
        rank = np.empty_like(within)
        np.put_along_axis(rank, within, np.arange(repeats)[None], axis=1)
        rank = rank.ravel()[order]
        ordered = observed.ravel()[order]
        ends = _ends(ordered)
        group = np.searchsorted(ends, np.arange(order.size))
        kind, chance = _classes(weight, len(ends) * repeats)
        shape = (len(ends), len(chance), repeats)
        cells = int(np.prod(shape))
        place = np.ravel_multi_index((group, kind[config], rank), shape)
        new = np.bincount(place, minlength=cells).astype(np.float64)
        worth: Array = np.bincount(place, weights=quality[config], minlength=cells).astype(np.float64)
        joined = (new - np.bincount(place[rank > 0] - 1, minlength=cells)).reshape(shape).cumsum(axis=0)
        begins = np.append(0, ends[:-1] + 1)
        tied = (ordered[begins] == ordered[ends]) & (ends > begins)
        size = np.bincount(kind).astype(np.float64)
        return cls(joined, new.reshape(shape), worth.reshape(shape), tied, chance, size)

    def met(self, draws: Array, *, replacement: bool) -> Array:
        """[J, C] probability of a configuration to be among so many draws [J]: n of K where all are alike."""
        with np.errstate(invalid="ignore"):
            if replacement:
                return -np.expm1(-draws[:, None] * self.chance)
            if len(self.chance) == 1:
                return np.minimum(draws[:, None] * self.chance, 1.0)
            return -np.expm1(draws[:, None] * np.log1p(-self.chance))

    def in_doubt(self, trainings: Array, met: Array) -> Array:
        """[J] how many of trainings [J] are in doubt: all of them where the chances [J, C] to be met are alike.

        Those that are likely to be met take up trainings for sure, and the number of those met varies the less.
        """
        alike = trainings * (1.0 - trainings / self.size.sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.sqrt((met * (1.0 - met)) @ self.size / alike)
        return np.where(alike > 0, trainings * share, trainings)

    def expected(self, trainings: Array, in_doubt: Array, met: Array, times: Array, ties: Array) -> Array:
        """[J] expected quality after so many trainings [J], so many of which are in doubt [J].

        met, times: [J, C] probability of a configuration to be met, and how often it counts among the trainings. ties:
        [J, V] as of `first_of_ties`.
        """
        left = 1.0 - met[..., None] * self._share  # [J, C, R]
        with np.errstate(divide="ignore", invalid="ignore"):
            missed_of = np.maximum(np.log(left), _SURE)
            fewer_of = np.nan_to_num((times * (1.0 - met))[..., None] * self._share / left)
        joins = self._joins(met)
        survived, total = np.ones(len(trainings)), np.zeros(len(trainings))
        for begin in range(0, len(self.tied), _COLUMNS):
            column = slice(begin, begin + _COLUMNS)
            missed = _over(missed_of, self.joined[column])
            share = _over(fewer_of, self.joined[column]) / in_doubt[:, None]
            missed += _given(trainings[:, None], share)
            survival = np.exp(np.minimum(missed, 0.0))
            survival = np.minimum.accumulate(np.column_stack([survived, survival]), axis=1)
            worth = _ratio(_over(joins, self.worth[column]), _over(joins, self.new[column]))
            worth = np.where(np.isnan(ties[:, column]), worth, ties[:, column])
            total -= (np.diff(survival, axis=1) * worth).sum(axis=1)
            survived = survival[:, -1]
            if survived.max() < _NEGLIGIBLE:
                break
        return total

    def first_of_ties(self, draws: Array, *, replacement: bool) -> Array:
        """[J, V] expected quality of the first to come of configurations that tie; NaN where none do, or all are alike.

        Time is cut into slices: who joins in the first slice in which anybody does is of its mixture.
        """
        found = np.full((len(draws), len(self.tied)), np.nan)
        if len(self.chance) == 1 or not self.tied.any():
            return found
        last = draws[np.isfinite(draws)].max(initial=1.0)
        slices = np.unique(np.append(np.geomspace(min(_FIRST, last), last, _SLICES), draws))
        joins = self._joins(self.met(slices, replacement=replacement))
        new, worth = self.new[self.tied], self.worth[self.tied]
        with np.errstate(divide="ignore"):
            nobody = np.exp(_over(np.maximum(np.log1p(-joins), _SURE), new))
        begun = np.diff(nobody, axis=0, prepend=1.0)
        mixture = _ratio(*(np.diff(_over(joins, counts), axis=0, prepend=0.0) for counts in (worth, new)))
        came = _ratio(np.cumsum(begun * np.nan_to_num(mixture), axis=0), nobody - 1.0)
        found[:, self.tied] = came[np.searchsorted(slices, draws)]
        return found

    def _joins(self, met: Array) -> Array:
        """[J, C, R] probability to show one repeat of a configuration, of which 0..R - 1 better ones were not shown."""
        better = self._share - self._share[0]
        joins = met[..., None] * self._share[0] / (1.0 - met[..., None] * better)
        return np.asarray(np.minimum(joins, 1.0))  # which they are, but for rounding


def _given(n: Array, share: Array) -> Array:
    """[J, V] log of the factor that makes the number of trainings a given one; share: of it that would be missing."""
    missing = np.minimum(share, 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(n * (np.log1p(-missing) + missing), _SURE))


def _ratio(sums: Array, counts: Array) -> Array:
    """[J, V] means; NaN of nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums / counts)


def _over(of_class: Array, counts: Array) -> Array:
    """[J, V] sums over classes and numbers of repeats [C, R] of [J, C, R] by how many there are [V, C, R]."""
    return np.asarray(of_class.reshape(len(of_class), -1) @ counts.reshape(len(counts), -1).T)


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
