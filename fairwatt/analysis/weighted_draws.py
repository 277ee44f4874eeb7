"""Random draws from configurations that are not equally likely: what they miss, how many of them are different.

A set of probability P is missed by n draws with (1 - P)^n. Where repetitions are free, n trainings are the draws until
n different configurations came; that law (Plackett 1975, Luce 1959) has no closed form. Taken for it is (1 - P)^m, m
the number of draws, not whole, in which n different ones are expected. That is exact for n = 1, and with equal
probabilities for single configurations; else the error falls with the number of configurations: see the tests.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_EVEN = 1e-9
_NEGLIGIBLE = 45.0  # exp(-45) of a sum is below its last binary digit
_BLOCK = 8_192  # terms added at a time, as in `random_search_curve`
_HALVINGS = 60
_COARSE, _FINE = 46, 40  # bits of a float64 that are dropped: 64 or 4,096 classes an octave


def uneven(probabilities: ArrayLike | None, count: int) -> Array | None:
    """Probabilities [N], or None where there are none or all are equal; they must be positive and sum to 1.

    Raises ValueError for others.
    """
    if probabilities is None:
        return None
    array = np.asarray(probabilities, dtype=np.float64)
    if array.shape != (count,) or not (array > 0).all() or not abs(array.sum() - 1.0) < 1e-6:
        raise ValueError(f"probabilities {array.shape}: expected {count} positive numbers that sum to 1")
    return None if np.ptp(array) <= _EVEN * array.max() else array / array.sum()


def expected_different(draws: ArrayLike, probabilities: Array) -> Array:
    """[J] expected number of different configurations among `draws` [J], which need not be whole."""
    chance, count = _classes(probabilities, np.ones_like(probabilities), _COARSE)
    return _expected_different(np.atleast_1d(np.asarray(draws, dtype=np.float64)), chance, count)


def draws_for(different: ArrayLike, probabilities: Array) -> Array:
    """[J] draws in which so many different configurations [J] are expected, from 1; infinite for all of them."""
    wanted = np.atleast_1d(np.asarray(different, dtype=np.float64))
    chance, count = _classes(probabilities, np.ones_like(probabilities), _COARSE)
    draws = np.full(wanted.shape, np.inf)
    finite = wanted < len(probabilities)
    low = np.log(wanted[finite])
    high = np.log(np.log(len(probabilities) / (len(probabilities) - wanted[finite])) / chance.min() + 1.0)
    high = np.maximum(low, high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = _expected_different(np.exp(middle), chance, count) >= wanted[finite]
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    draws[finite] = np.exp(high)
    return draws


def expected_cost(different: ArrayLike, probabilities: Array, costs: Array) -> Array:
    """[J] what so many different configurations [J] cost in expectation, each of which costs one of costs [N].

    Those that come often are trained once, so that the others weigh more than in the mean cost of a draw.
    """
    chance, cost = _classes(probabilities, costs, _COARSE)
    return _expected_different(draws_for(different, probabilities), chance, cost)


@dataclass(frozen=True)
class MissedSets:
    """Amounts [B] that are lost while a set of configurations is missed, and each set's probability [B], ascending."""

    amounts: Array
    chances: Array

    @classmethod
    def of_values(cls, values: Array, probabilities: Array) -> "MissedSets":
        """What missing the best configurations costs, for each number of them, beyond missing one fewer."""
        order = np.argsort(values, kind="stable")
        return cls(np.diff(values[order]), np.minimum(np.cumsum(probabilities[order])[:-1], 1.0))

    @classmethod
    def of_areas(cls, points: Array, ref: Array, probabilities: Array, *, most_cells: int) -> "MissedSets":
        """Area within `ref` by the probability of the points [N, 2] that dominate it.

        Walked through column by column. Where that is more than `most_cells` cells, columns that are close in rank are
        taken for one, at its last point: an underestimate by at most such a strip. Chances are kept to 1/4,096, with
        the mean of each class, so that sums are exact to about 1e-8.
        """
        inside = (points < ref).all(axis=1)
        if not inside.any():
            return cls(np.zeros(0), np.zeros(0))
        (xs, column), (ys, row) = (np.unique(values, return_inverse=True) for values in points[inside].T)
        most_columns = max(most_cells // len(ys), 1)
        if len(xs) > most_columns:
            column = column * most_columns // len(xs)
            xs = np.maximum.reduceat(
                xs, np.searchsorted(np.arange(len(xs)) * most_columns // len(xs), range(most_columns))
            )
        chance = probabilities[inside]
        widths, heights = np.diff(np.append(xs, ref[0])), np.diff(np.append(ys, ref[1]))
        order = np.argsort(column, kind="stable")
        ends = np.cumsum(np.bincount(column, minlength=len(xs)))[:-1]
        by_row = np.zeros(len(ys))
        lowest = int(_bits(np.array([chance.min()]), _FINE)[0])
        amounts = np.zeros(int(_bits(np.ones(1), _FINE)[0]) - lowest + 1)
        moments = np.zeros_like(amounts)
        for width, members in zip(widths, np.split(order, ends), strict=True):
            np.add.at(by_row, row[members], chance[members])
            dominators = np.minimum(np.cumsum(by_row), 1.0)
            reached = np.searchsorted(dominators, 0.0, side="right")
            found, areas = dominators[reached:], width * heights[reached:]
            place = np.maximum(_bits(found, _FINE) - lowest, 0)
            amounts += np.bincount(place, weights=areas, minlength=amounts.size)
            moments += np.bincount(place, weights=areas * found, minlength=amounts.size)
        there = amounts > 0
        return cls(amounts[there], moments[there] / amounts[there])

    def expected_loss(self, draws: Array) -> Array:
        """[J] amounts lost in expectation after `draws` [J], which need not be whole and may be infinite."""
        with np.errstate(divide="ignore"):
            log_missed = np.log1p(-np.minimum(self.chances, 1.0))
        total = np.zeros(draws.shape)
        for place, n in enumerate(draws.tolist()):
            terms = int(np.searchsorted(self.chances, _NEGLIGIBLE / n, side="right"))
            for begin in range(0, terms, _BLOCK):
                block = slice(begin, min(begin + _BLOCK, terms))
                total[place] += np.exp(n * log_missed[block]) @ self.amounts[block]
        return total


def _expected_different(draws: Array, chance: Array, count: Array) -> Array:
    with np.errstate(divide="ignore"):
        log_missed = np.log1p(-chance)
    found = np.empty(draws.shape)
    for begin in range(0, draws.size, rows := max(_BLOCK // len(chance), 1)):
        block = slice(begin, begin + rows)
        found[block] = -np.expm1(np.outer(draws[block], log_missed)) @ count
    return found


def _classes(values: Array, weights: Array, dropped: int) -> tuple[Array, Array]:
    """(mean [C], summed weight [C]) of positive values [N] that agree in all but their lowest bits."""
    _, place = np.unique(_bits(values, dropped), return_inverse=True)
    total = np.bincount(place, weights=weights).astype(np.float64)
    mean: Array = np.bincount(place, weights=weights * values) / total
    return mean, total


def _bits(values: Array, dropped: int) -> NDArray[np.int64]:
    """The leading bits of positive floats, which ascend with them: a logarithmic scale without logarithms."""
    return np.asarray(np.ascontiguousarray(values).view(np.int64) >> dropped)
