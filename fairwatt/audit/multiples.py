"""How many times an arm's spend random search needs for the arm's quality, read off the reference's own requests.

Any n of the reference's pooled requests are one random search of n requests, so the expected quality after n is an
order statistic of the pool, in closed form (without replacement; unbiased for what n fresh requests would give). It
ends at the pool: a quality beyond that is censored. This takes the reference's requests for independent draws. Those
of one random search are not where it sees the same noise again each time; then the reference's own multiple is not 1,
and the audit says so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.random_search_curve import RandomSearchCurve, expected_best, expected_hypervolume
from fairwatt.analysis.statistics import Interval
from fairwatt.audit.matched import Course, at_full, scaled
from fairwatt.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from fairwatt.problem import Reference

Array = NDArray[np.float64]
DRAWS = 99
_NODES = 64
_CELLS, _LINES = 4_000_000, 256
_UNSEEN = 2.0  # a coordinate beyond the corner (1, 1): impossible proposals are draws that find nothing


@dataclass(frozen=True)
class Multiple:
    """Cost that random search needs for an arm's mean quality, over the arm's mean spend.

    interval: percentile bootstrap of the searches of both. quality: the arm's mean loss. spent: its mean spend. needed:
    what random search spends for it. bound: "" where the curve tells; "more than" or "less than" where it ends. basis:
    where the curve is from; from_log: whether that is the log. searches: of the arm. without: those of them that hold
    no incumbent; where there are any there is no mean quality, and no multiple: NaN.
    """

    space: str
    endpoint: str
    method: str
    rule: str
    interval: Interval
    quality: float
    spent: float
    needed: float
    bound: str
    basis: str
    from_log: bool
    searches: int
    without: int

    @property
    def doubtful(self) -> bool:
        """Of the reference itself: whether its own curve does not give back what it spent, 1 time."""
        return (
            self.from_log and not self.without and not self.bound and not self.interval.low <= 1.0 <= self.interval.high
        )


@dataclass(frozen=True)
class Curve:
    """Expected loss of random search by what it costs. cost, loss: [J] ascending, descending."""

    cost: Array
    loss: Array

    def needs(self, loss: Array) -> Array:
        """Cost of each loss; the curve's ends where it lies beyond."""
        return np.asarray(np.interp(-loss, -self.loss, self.cost), dtype=np.float64)

    def bound(self, loss: float) -> str:
        """Whether the curve ends before the loss: less than its first request, more than its last."""
        if not math.isfinite(loss) or loss >= self.loss[0]:
            return "less than"
        return "more than" if loss <= self.loss[-1] else ""


class Source(Protocol):
    """Where a curve of random search comes from."""

    endpoint: str
    from_log: bool

    @property
    def basis(self) -> str:
        """In words."""

    @property
    def resampled(self) -> Sequence[Curve]:
        """DRAWS curves of bootstrap samples, the same for every arm."""

    def curve(self) -> Curve | None:
        """The estimate; None where there is too little to draw from."""


class Table:
    """Random search in closed form from a table: each configuration trained once, in full, at the mean price.

    A log holds what its searches saw, so where the table has several repeats the curve is of what one of them shows.
    Raises UserError where a table has repeats that are not known.
    """

    endpoint = "regret"
    from_log = False

    def __init__(self, name: str, reference: "Reference") -> None:
        repeats = reference.val_error[:, None] if reference.val_repeats is None else reference.val_repeats
        if repeats.shape[1] < reference.replicates:
            raise UserError(
                f"{name} has {reference.replicates} repeats, and not all are known; leave out --space {name}"
            )
        chances = reference.probabilities
        each = None if chances is None else np.repeat(chances / repeats.shape[1], repeats.shape[1])
        found = RandomSearchCurve.of_best(repeats.ravel(), replacement=False, probabilities=each)
        self._curve, self._name = Curve(found.trainings * reference.tariff.mean_full_kwh, found.loss), name

    @property
    def basis(self) -> str:
        """In words."""
        return f"closed form from the table {self._name}, each configuration trained once and in full"

    @property
    def resampled(self) -> Sequence[Curve]:
        """The same curve each time: it is no estimate."""
        return [self._curve] * DRAWS

    def curve(self) -> Curve:
        """The closed form."""
        return self._curve


class Pool:
    """The reference's requests in one space: points or errors [P], and what each search of it paid.

    frame: the space's rows of the log; charged: of each of them. reference: the method. rng: of the bootstrap.
    """

    from_log = True

    def __init__(
        self, frame: "pd.DataFrame", charged: Array, reference: str, endpoint: str, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        valid = frame["valid"].to_numpy()
        error, energy = frame["val_error"].to_numpy(), frame["energy"].to_numpy()
        own = (frame["method"] == reference).to_numpy()
        self.endpoint = endpoint
        if endpoint == "hypervolume":
            valid = valid & np.isfinite(energy)
            energy, error = scaled(energy, error, valid)
            points = np.where(valid[:, None], np.column_stack([energy, error]), _UNSEEN)
            drawn = own
        else:
            drawn = own & at_full(frame)
            points = error[:, None]
        names, search = np.unique(frame["seed"].to_numpy()[own], return_inverse=True)
        points, drawn, charged = points[own], drawn[own], charged[own]
        self.searches = [points[drawn & (search == place)] for place in range(len(names))]
        self.paid = np.array([charged[search == place].sum() for place in range(len(names))])

    @property
    def basis(self) -> str:
        """In words."""
        return f"{sum(map(len, self.searches)):,} pooled requests of {len(self.searches)} searches of the reference"

    @cached_property
    def resampled(self) -> Sequence[Curve]:
        """Curves of bootstrap samples of its searches, the same for every arm."""
        chosen = self._rng.integers(len(self.searches), size=(DRAWS, len(self.searches)))
        return [curve for picked in chosen if (curve := self._curve(self._coarse, picked.tolist())) is not None]

    def curve(self) -> Curve | None:
        """Of all searches; None where they hold too little to draw from."""
        return self._curve(self.searches, range(len(self.searches)))

    @cached_property
    def _coarse(self) -> list[Array]:
        """The points of each search, on fewer lines where the plane has too many cells to be walked DRAWS times.

        The best fronts keep their coordinates, the rest moves to the nearest of 2 _LINES: what random search needs
        moved by .1 % at most in 100,000 points without ties.
        """
        import moocore

        points = np.concatenate(self.searches)
        if self.endpoint != "hypervolume" or math.prod(len(np.unique(values)) for values in points.T) <= _CELLS:
            return self.searches
        front = points[np.argsort(moocore.pareto_rank(points), kind="stable")[:_LINES]]
        moved = np.empty_like(points)
        for axis, values in enumerate(points.T):
            spread = np.quantile(values, np.linspace(0, 1, _LINES), method="nearest")
            lines = np.unique(np.concatenate([front[:, axis], spread]))
            moved[:, axis] = lines[np.searchsorted((lines[1:] + lines[:-1]) / 2, values)]
        return np.split(moved, np.cumsum([len(search) for search in self.searches])[:-1])

    def _curve(self, searches: Sequence[Array], picked: Sequence[int]) -> Curve | None:
        """Of the searches at these places, with repetitions."""
        points = np.concatenate([searches[place] for place in picked])
        paid = float(sum(self.paid[place] for place in picked))
        if len(points) < 2 or not paid > 0:
            return None
        nodes = np.unique(np.geomspace(1, len(points), _NODES).round())
        if self.endpoint == "hypervolume":
            loss = 1.0 - expected_hypervolume(points, np.ones(2), nodes, replacement=False)
        else:
            loss = expected_best(points[:, 0], nodes, replacement=False)
        lower = np.diff(np.minimum.accumulate(loss), prepend=np.inf) < 0
        return Curve(nodes[lower] * paid / len(points), loss[lower])


def multiple(
    arm: Sequence[Course], running: Array, limit: float, pool: Source, rule: str, rng: np.random.Generator
) -> Multiple | None:
    """The multiple of an arm's searches cut at a limit; None where the pool gives no curve or nothing was spent.

    running: see `matched.running`. A bootstrap sample whose quality lies beyond its curve counts as infinite.
    """
    curve = pool.curve()
    losses, spent = held(arm, running, limit)
    if curve is None or not spent.mean() > 0:
        return None
    head, without = (arm[0].space, pool.endpoint, arm[0].method, rule), int((~np.isfinite(losses)).sum())
    tail = (pool.basis, pool.from_log, len(arm), without)
    if without:
        nowhere = Interval(math.nan, math.nan, math.nan)
        return Multiple(*head, nowhere, math.inf, float(spent.mean()), math.nan, "", *tail)
    drawn = []
    for resampled in pool.resampled:
        picked = rng.integers(len(arm), size=len(arm))
        if spent[picked].sum() > 0:
            loss = float(losses[picked].mean())
            needs = np.inf if resampled.bound(loss) == "more than" else float(resampled.needs(np.array(loss)))
            drawn.append(needs / float(spent[picked].mean()))
    quality = float(losses.mean())
    needed = float(curve.needs(np.array(quality)))
    low, high = (
        (np.quantile(drawn, 0.025, method="lower"), np.quantile(drawn, 0.975, method="higher"))
        if drawn
        else (math.nan, math.nan)
    )
    return Multiple(
        *head,
        Interval(needed / float(spent.mean()), float(low), float(high)),
        quality,
        float(spent.mean()),
        needed,
        curve.bound(quality),
        *tail,
    )


def held(arm: Sequence[Course], running: Array, limit: float) -> tuple[Array, Array]:
    """(losses [A], spent [A]) of searches cut at a limit."""
    limits = np.array([limit])
    losses = np.array([course.held(running, limits)[0] for course in arm])
    return losses, np.array([course.spent(running, limits)[0] for course in arm])
