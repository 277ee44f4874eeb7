"""A12 of one method against another over the cost at which both are cut."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.statistics import a12
from fairwatt.audit.contrast import MATCHED, a12_bounds
from fairwatt.audit.matched import Course

Array = NDArray[np.float64]
LEVELS = 60


@dataclass(frozen=True)
class Level:
    """A12 of an arm over the cut level, both sides cut at the limit. All [G].

    low, high: 95 %, NaN where a side has one search. matched: whether the mean spends are the same within the factor
    MATCHED; they are not where one side has nothing left to cut.
    """

    limits: Array
    values: Array
    low: Array
    high: Array
    matched: NDArray[np.bool_]


def level(mine: Sequence[Course], other: Sequence[Course], running: Array, totals: Array) -> Level:
    """At each of LEVELS limits up to the largest spend.

    running: see `matched.running`. totals: what each search of the arm [A] and then of the other [R] spent. Raises
    ValueError where one side spent nothing.
    """
    if not (totals[: len(mine)].any() and totals[len(mine) :].any()):
        raise ValueError("one side spent nothing: there is no cost at which both can be cut")
    first = max(first_held(course, running) for course in (*mine, *other))
    limits = np.geomspace(min(first, 0.25 * totals[totals > 0].min()) or totals.max() / 1e3, totals.max(), LEVELS)
    losses = [np.array([course.held(running, limits) for course in side]) for side in (mine, other)]
    means = [np.mean([course.spent(running, limits) for course in side], axis=0) for side in (mine, other)]
    values = np.array([a12(-losses[0][:, place], -losses[1][:, place]) for place in range(LEVELS)])
    low, high = a12_bounds(values, len(mine), len(other))
    matched = (means[0] <= MATCHED * means[1]) & (means[1] <= MATCHED * means[0])
    return Level(limits, values, low, high, matched)


def first_held(course: Course, running: Array) -> float:
    """What the search had spent when it first held something; all it spent where it never did."""
    held = int(course.answered[1]) if course.holds else course.rows.stop - course.rows.start
    return float(running[course.rows][held - 1])
