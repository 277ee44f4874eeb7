"""What random search achieves with n trainings, in closed form, and how many it needs for a given quality.

Everything follows from one probability: that none of k marked configurations of N is among n drawn ones. An order
statistic and a hypervolume are both sums of it over k. Specification: sections 4.4 and 6 (answers 1-4 and 14). Where
the sampler is not uniform over configurations their probabilities take the place of counting: `weighted_draws`. Where
trainings are repeated with noise, random search is misled by it like every other search: `repeated_draws` for the best,
and a simulation of the difference for the front, `simulated_fronts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.dominance_areas import MOST_CELLS, area_by_dominators
from fairwatt.analysis.indicators import REFERENCE_POINT, FrontScale
from fairwatt.analysis.repeated_draws import expected_quality
from fairwatt.analysis.simulated_fronts import LONGEST, SelectionLoss, selection_loss
from fairwatt.analysis.weighted_draws import MissedSets, draws_for, expected_cost, expected_different, uneven

Array = NDArray[np.float64]

_EVERY = 512  # every n up to here; beyond, as many log-spaced nodes, with straight lines between them
_EVERY_FEW, _FURTHER_FEW = 64, 256  # the same where each takes longer
_BLOCK = 8_192  # terms added at a time: more, and BLAS would start threads that spin against those of other processes
_NEGLIGIBLE = 45.0  # exp(-45) of a sum is below its last binary digit


def expected_best(
    values: ArrayLike, trainings: ArrayLike, *, replacement: bool, probabilities: ArrayLike | None = None
) -> Array:
    """[J] expected minimum of `trainings` [J] draws from values [N]; at most N without replacement.

    probabilities: [N] of a draw, uniform where None; then without replacement is an approximation, see
    `weighted_draws`. Raises ValueError for probabilities that are none.
    """
    array = np.asarray(values, dtype=np.float64)
    chances = uneven(probabilities, array.size)
    if chances is not None:
        draws = _draws(trainings, chances, replacement)
        return np.asarray(array.min() + MissedSets.of_values(array, chances).expected_loss(draws))
    ordered = np.sort(array)
    gaps = np.append(0.0, np.diff(ordered))  # entry k: what missing the best k costs beyond missing the best k - 1
    expected: Array = ordered[0] + _sum_over_missed(gaps, ordered.size, trainings, replacement)
    return expected


def expected_hypervolume(
    points: ArrayLike,
    ref: ArrayLike,
    trainings: ArrayLike,
    *,
    replacement: bool,
    probabilities: ArrayLike | None = None,
) -> Array:
    """[J] expected hypervolume within `ref` of `trainings` [J] draws from points [N, 2], as of `expected_best`."""
    array, corner = np.asarray(points, dtype=np.float64), np.asarray(ref, dtype=np.float64)
    chances = uneven(probabilities, len(array))
    if chances is not None:
        areas = MissedSets.of_areas(array, corner, chances, most_cells=MOST_CELLS)
        return np.asarray(areas.amounts.sum() - areas.expected_loss(_draws(trainings, chances, replacement)))
    area = area_by_dominators(array, corner)
    expected: Array = area.sum() - _sum_over_missed(area, len(array), trainings, replacement)
    return expected


def expected_distinct(configurations: int, draws: int, probabilities: ArrayLike | None = None) -> float:
    """Expected number of different configurations among draws with replacement, uniform or with probabilities [N]."""
    chances = uneven(probabilities, configurations)
    if chances is not None:
        return float(expected_different(draws, chances)[0])
    return configurations * (1.0 - ((configurations - 1) / configurations) ** draws)


def probability_within(
    value: float, costs: Sequence[int], values: Sequence[float], budget: int, *, overshoot: bool = False
) -> float:
    """P(best <= value) of random search with replacement under a budget, by recursion over what is left.

    costs: [N] positive integers. A draw beyond the budget ends the search, and counts only with `overshoot`.
    """

    @cache
    def miss(left: int) -> float:
        total = 0.0
        for cost, found in zip(costs, values, strict=True):
            if cost > left:
                total += float(not (overshoot and left > 0 and found <= value))
            elif found > value:
                total += miss(left - cost)
        return total / len(costs)

    return 1.0 - miss(budget)


@dataclass(frozen=True)
class RandomSearchCurve:
    """Expected loss of random search after each number of full trainings.

    trainings: [J] ascending from 1 to the first number that is sure to find the optimum, which without replacement is
    N - T + 1 where T of N configurations tie for it (for fronts: where every point of the front is there T times or
    more), and else N; loss: [J], descending. Repeated losses are left out, so that each has its first number only.
    After `paid`, trainings are what they cost, in mean full trainings. Of an `unknown` sampler both are NaN.
    standard_error: [J] Monte-Carlo error of the loss where a part of it is simulated, else 0. ends: why there is no
    more of it: "exhaustive", all that can be found is found; "flat", more trainings do not help, since who sees noisy
    repeats falls for luck more and more often; "simulated", it is not known any further.
    """

    trainings: Array
    loss: Array
    standard_error: Array
    ends: str = ""

    @classmethod
    def of_best(
        cls, values: ArrayLike, *, replacement: bool, probabilities: ArrayLike | None = None
    ) -> "RandomSearchCurve":
        """The curve of the expected best of values [N]."""
        array = np.asarray(values, dtype=np.float64)
        nodes = _nodes(array.size, int((array == array.min()).sum()))
        chances = uneven(probabilities, array.size)
        if chances is None:
            return cls._descending(nodes, expected_best(array, nodes, replacement=replacement), not replacement)
        draws = _draws(nodes, chances, replacement, certain=nodes[-1])
        loss = array.min() + MissedSets.of_values(array, chances).expected_loss(draws)
        return cls._descending(nodes, loss, not replacement)

    @classmethod
    def of_observed_best(
        cls, observed: Array, quality: Array, *, replacement: bool, probabilities: ArrayLike | None = None
    ) -> "RandomSearchCurve":
        """The curve of the quality [N] of the configuration with the lowest of values observed [N, R]."""
        nodes = _few_nodes(len(quality))
        chances = uneven(probabilities, len(quality))
        loss = expected_quality(observed, quality, nodes, replacement=replacement, chances=chances)
        return cls._descending(nodes, loss, not replacement)

    def with_selection_loss(
        self,
        observed: tuple[Array, Array],
        points: Array,
        scale: FrontScale,
        rng: np.random.Generator,
        *,
        replacement: bool,
        probabilities: ArrayLike | None = None,
    ) -> "RandomSearchCurve":
        """This curve of hypervolume regret, of a search that keeps the front of what it observes.

        observed: energies and errors [N, R] each; points: [N, 2] the true ones, which this curve is of. Ends at LONGEST
        trainings.
        """
        nodes = _few_nodes(min(len(points), LONGEST))
        chances = uneven(probabilities, len(points))
        found: SelectionLoss = selection_loss(
            observed, points, scale, nodes, replacement=replacement, chances=chances, rng=rng
        )
        loss = np.interp(nodes, self.trainings, self.loss) + found.mean
        return self._descending(nodes, loss, not replacement and len(points) <= LONGEST, found.standard_error)

    @classmethod
    def of_hypervolume(
        cls, points: ArrayLike, scale: FrontScale, *, replacement: bool, probabilities: ArrayLike | None = None
    ) -> "RandomSearchCurve":
        """The curve of the expected hypervolume regret of points [N, 2] in units of their front."""
        array, ref = scale.normalise(points), np.asarray(REFERENCE_POINT)
        chances = uneven(probabilities, len(array))
        if chances is not None:
            nodes = _nodes(len(array), _copies(array, scale.normalised_front))
            sets = MissedSets.of_areas(array, ref, chances, most_cells=MOST_CELLS)
            missed = sets.expected_loss(_draws(nodes, chances, replacement, certain=nodes[-1]))
            return cls._descending(nodes, 1.0 - (sets.amounts.sum() - missed) / scale.best, not replacement)
        areas = area_by_dominators(array, ref)
        count = areas.size - 1
        nodes = _nodes(count, 1 + int(np.flatnonzero(areas[1:])[0]))
        found = areas.sum() - _sum_over_missed(areas, count, nodes, replacement)
        return cls._descending(nodes, 1.0 - found / scale.best, not replacement)

    @classmethod
    def _descending(
        cls, trainings: Array, loss: Array, whole: bool, standard_error: Array | None = None
    ) -> "RandomSearchCurve":
        """whole: whether these go on until everything is trained."""
        lower = np.diff(np.minimum.accumulate(loss), prepend=np.inf) < 0
        error = np.zeros_like(loss) if standard_error is None else standard_error
        found = bool(np.isclose(loss[-1], loss.min(), rtol=1e-9, atol=1e-12))
        ends = ("exhaustive" if found else "flat") if whole else "simulated"
        return cls(trainings[lower], loss[lower], error[lower], ends)

    @classmethod
    def unknown(cls) -> "RandomSearchCurve":
        """Of a sampler whose probabilities are not known: everything that is asked of it is NaN."""
        nothing = np.full(1, np.nan)
        return cls(nothing, nothing, nothing)

    @property
    def is_known(self) -> bool:
        """Whether there is a closed form at all."""
        return bool(np.isfinite(self.loss).all())

    def paid(
        self, costs: Array, mean: float, *, replacement: bool, probabilities: ArrayLike | None = None
    ) -> "RandomSearchCurve":
        """This curve by what is spent: costs [N] of a training each, in units of their `mean`, the c̄ of a budget.

        Where all are equally likely n trainings cost n of them, and nothing changes. Else n draws cost n times what a
        draw does; and where none is trained twice, more than that, since those that come often are paid for once.
        """
        chances = uneven(probabilities, len(costs))
        if chances is None:
            return self
        spent = self.trainings * (chances @ costs) if replacement else expected_cost(self.trainings, chances, costs)
        return replace(self, trainings=spent / mean)

    def equivalent(self, loss: ArrayLike) -> Array:
        """Full trainings that random search needs for an expected loss, same shape as `loss`.

        Straight lines between nodes: a search that tosses a coin between n and n + 1. Censored at both ends: see
        `is_censored`, and `ends` for the last.
        """
        return np.asarray(np.interp(-np.asarray(loss), -self.loss, self.trainings), dtype=np.float64)

    def simulation_error(self, loss: float) -> float:
        """Standard error of `equivalent(loss)` that comes from simulating; 0 where nothing is, or where it is censored.

        The error of the loss over the curve's slope, which is that between half and twice the equivalent.
        """
        here = float(self.equivalent(loss))
        error = float(np.interp(here, self.trainings, self.standard_error))
        if error == 0.0 or self.is_censored(here):
            return 0.0
        near, far = np.clip([here / 2, here * 2], *self.trainings[[0, -1]])
        fall = float(-np.diff(np.interp([near, far], self.trainings, self.loss))[0]) / float(np.log(far / near))
        return error / fall * here

    def is_censored(self, trainings: ArrayLike) -> bool:
        """Whether any of these equivalents stands at an end of the curve, so that the truth may lie beyond it."""
        ends = self.trainings[[0, -1]]
        return bool(np.isclose(np.asarray(trainings)[..., None], ends, rtol=1e-6, atol=0.0).any())


def _nodes(count: int, ties: int) -> Array:
    first = np.arange(1.0, min(count, _EVERY) + 1)
    certain = count - ties + 1  # so many different draws cannot miss one of `ties`
    return np.unique(np.concatenate([first, np.geomspace(first[-1], count, _EVERY).round(), [certain]]))


def _few_nodes(most: int) -> Array:
    """Every n at first, then numbers that are 2 % or so apart: loss is smooth there."""
    first = np.arange(1.0, min(most, _EVERY_FEW) + 1)
    further = np.geomspace(first[-1], most, _FURTHER_FEW).round()
    return np.unique(np.concatenate([first, further]))


def _copies(points: Array, front: Array) -> int:
    """How often the rarest point of their front is there."""
    return min(int(((points[:, 0] == x) & (points[:, 1] == y)).sum()) for x, y in front)


def _draws(trainings: ArrayLike, chances: Array, replacement: bool, certain: float = np.inf) -> Array:
    """[J] draws that these numbers of trainings take; infinite from `certain` on, where none is trained twice."""
    wanted = np.atleast_1d(np.asarray(trainings, dtype=np.float64))
    if replacement:
        return wanted
    if wanted.size and wanted.max() > chances.size:
        raise ValueError(f"{wanted.max():g} draws without replacement from {chances.size}")
    return np.where(wanted >= certain, np.inf, draws_for(wanted, chances))


def _sum_over_missed(weights: Array, count: int, trainings: ArrayLike, replacement: bool) -> Array:
    """[J] sum over k of weights [K] times P(none of k marked of `count` is drawn), k from 0."""
    from scipy.special import gammaln

    marked = np.flatnonzero(weights)
    drawn = np.atleast_1d(np.asarray(trainings, dtype=np.int64))
    if not replacement and drawn.size and drawn.max() > count:
        raise ValueError(f"{drawn.max()} draws without replacement from {count}")
    log_factorial = gammaln(np.arange(count + 1) + 1.0)
    total = np.zeros(drawn.size)
    for place, n in enumerate(drawn.tolist()):
        likely = min(_NEGLIGIBLE * count / n, count if replacement else count - n)  # both are at most exp(-k n / N)
        terms = int(np.searchsorted(marked, likely, side="right"))
        for begin in range(0, terms, _BLOCK):
            block = marked[begin : min(begin + _BLOCK, terms)]
            unmarked = count - block
            if replacement:
                missed = (unmarked / count) ** n
            else:  # C(N - k, n) / C(N, n)
                log = log_factorial[unmarked] - log_factorial[unmarked - n]
                missed = np.exp(log - (log_factorial[count] - log_factorial[count - n]))
            total[place] += missed @ weights[block]
    return total
