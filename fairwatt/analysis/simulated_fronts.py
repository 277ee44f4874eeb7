"""What random search loses in hypervolume because it keeps the front of what it sees, not of what is true.

With noisy repeats there is no closed form: which set it keeps depends on everything it saw. So the loss is simulated,
as the difference between the front by observations and the front by true values of the *same* draws, whose mean the
closed form knows; that difference varies far less than either. Its Monte-Carlo error is stated with it.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.indicators import REFERENCE_POINT, FrontScale

Array = NDArray[np.float64]

SEARCHES = 128
LONGEST = 2_048
"""Trainings of a simulated search: 20 times a budget of 100."""
_FIRST_BLOCK = 64
_FEW = 20_000  # configurations for which all arrival times are drawn


@dataclass(frozen=True)
class SelectionLoss:
    """Hypervolume regret that selection by observations adds after each number of trainings [J], and its error [J]."""

    mean: Array
    standard_error: Array


def selection_loss(
    observed: tuple[Array, Array],
    points: Array,
    scale: FrontScale,
    trainings: Array,
    *,
    replacement: bool,
    chances: Array | None,
    rng: np.random.Generator,
) -> SelectionLoss:
    """The loss at numbers of trainings [J], ascending, at most LONGEST.

    observed: energies and errors, each [K, R]; points: [K, 2] the true ones. chances: [K] of a draw, None if uniform.
    """
    energies, errors = observed
    losses = np.empty((SEARCHES, len(trainings)))
    cumulative = None if chances is None else np.cumsum(chances)
    normalised = np.vstack([scale.normalise(points), REFERENCE_POINT])  # the last adds nothing to a set
    for search in range(SEARCHES):
        drawn = _drawn(len(points), int(trainings[-1]), replacement, chances, cumulative, rng)
        first, again = np.unique(drawn, return_inverse=True)  # a configuration always shows the same repeat
        repeat = rng.integers(errors.shape[1], size=len(first))[again]
        seen = fronts(energies[drawn, repeat], errors[drawn, repeat])
        true = fronts(points[drawn, 0], points[drawn, 1])
        drawn = np.append(drawn, len(points))
        after = [_hypervolumes(normalised, drawn, *kept, trainings) for kept in (true, seen)]
        losses[search] = (after[0] - after[1]) / scale.best
    return SelectionLoss(losses.mean(axis=0), losses.std(axis=0, ddof=1) / np.sqrt(SEARCHES))


def _drawn(
    count: int,
    length: int,
    replacement: bool,
    chances: Array | None,
    cumulative: Array | None,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """[L] configurations in the order in which a search trains them."""
    if chances is None or cumulative is None:
        return rng.choice(count, size=length, replace=replacement)
    if not replacement and count <= _FEW:
        arrival = rng.standard_exponential(count) / chances
        first = np.argpartition(arrival, length - 1)[:length]  # the others need no order
        return first[np.argsort(arrival[first])]
    drawn = np.empty(0, dtype=np.intp)
    while True:
        more = np.searchsorted(cumulative, rng.random(length) * cumulative[-1], side="right")
        drawn = np.append(drawn, more)
        if not replacement:
            drawn = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
        if len(drawn) >= length:
            return drawn[:length]


def _hypervolumes(
    points: Array, drawn: NDArray[np.intp], entered: NDArray[np.intp], sets: list[list[int]], trainings: Array
) -> Array:
    """[J] hypervolume of what is kept after so many trainings [J], of all sets at once: in a tenth of the time.

    points: [K + 1, 2] in units of the front, the last the reference point; drawn: [L + 1] places of it.
    """
    widest = max(map(len, sets))
    members = np.array([kept + [len(drawn) - 1] * (widest + 1 - len(kept)) for kept in sets])  # [T, widest + 1]
    corners = np.minimum(points[drawn[members]], REFERENCE_POINT)
    order = np.argsort(corners[..., 0], axis=1)
    x, y = (np.take_along_axis(corners[..., axis], order, axis=1) for axis in (0, 1))
    height = REFERENCE_POINT[1] - np.minimum.accumulate(y, axis=1)
    volumes = (np.diff(x, axis=1) * height[:, :-1]).sum(axis=1)
    return np.asarray(volumes[np.searchsorted(entered, trainings.astype(np.intp), side="left") - 1])


def fronts(energy: Array, error: Array) -> tuple[NDArray[np.intp], list[list[int]]]:
    """When a point [L] is dominated by none before it, and the places of all such points from then on.

    Of equal points the first stays. Blocks are looked at together, since later points hardly ever enter.
    """
    energies: list[float] = []  # of the front, ascending; their errors descend
    errors: list[float] = []
    places: list[int] = []
    entered, sets = [], []
    begin, size = 0, _FIRST_BLOCK
    while begin < len(energy):
        block = slice(begin, begin + size)
        likely = np.arange(len(energy[block]))
        if places:
            nearest = np.searchsorted(energies, energy[block], side="right") - 1
            likely = np.flatnonzero((nearest < 0) | (error[block] < np.array(errors)[nearest]))
        for place in (begin + likely).tolist():
            x, y = float(energy[place]), float(error[place])
            here = bisect_right(energies, x)
            if here and errors[here - 1] <= y:
                continue
            first = bisect_left(energies, x)
            last = first
            while last < len(errors) and errors[last] >= y:
                last += 1
            energies[first:last], errors[first:last], places[first:last] = [x], [y], [place]
            entered.append(place)
            sets.append(places.copy())
        begin, size = begin + size, size * 2
    return np.array(entered, dtype=np.intp), sets
