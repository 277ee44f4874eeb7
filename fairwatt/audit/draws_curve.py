"""Curves of random search, by what it costs: of the reference's own requests, or in closed form from a table.

Any n of the reference's pooled requests are one random search of n requests, so the expected quality after n is an
order statistic of the pool, in closed form (without replacement; unbiased for what n fresh requests would give). It
ends at the pool: a quality beyond that is censored. This takes the reference's requests for independent draws.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.random_search_curve import RandomSearchCurve, expected_best, expected_hypervolume
from fairwatt.audit.matched import at_full, scaled
from fairwatt.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from fairwatt.problem import Reference

Array = NDArray[np.float64]
DRAWS = 99
_NODES = 64
_CELLS, _LINES = 4_000_000, 256
_UNSEEN = 2.0  # a coordinate beyond the corner (1, 1): impossible proposals are draws that find nothing
_HALVINGS = 50


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

    def times(self, loss: float, spent: Array) -> float:
        """m: random searches that spend m times these amounts [A], one each, have this loss in the mean.

        Where the amounts differ it is not the cost of the loss over their mean, for the curve is convex. Infinite where
        m times the largest amount lies beyond the curve. Not all amounts are 0.
        """

        def mean_loss(factor: float) -> float:
            return float(np.interp(factor * spent, self.cost, self.loss).mean())

        low, high = self.cost[[0, -1]] / spent.max()
        if loss <= mean_loss(high):
            return math.inf
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if mean_loss(middle) > loss else (low, middle)
        return float(high)


class Source(Protocol):
    """Where a curve of random search comes from."""

    endpoint: str
    from_log: bool

    @property
    def basis(self) -> str:
        """In words."""

    @property
    def resampled(self) -> Sequence[Curve]:
        """DRAWS curves of bootstrap samples, the same for every arm; none of a single search."""

    def curve(self) -> Curve | None:
        """The estimate; None where there is too little to draw from."""


class Table:
    """Random search in closed form from a table: each configuration trained once, in full.

    n trainings cost n times the mean, but where the sampler prefers some configurations: what is drawn is then paid.

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
        mean, costs = reference.tariff.mean_full_kwh, np.repeat(reference.energy_kwh, repeats.shape[1])
        paid = found.paid(costs, mean, replacement=False, probabilities=each)
        self._curve, self._name = Curve(paid.trainings * mean, paid.loss), name

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
        """Curves of bootstrap samples of its searches, the same for every arm; a single one says nothing of others."""
        if len(self.searches) < 2:
            return ()
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
