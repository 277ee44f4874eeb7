"""Small steps between RegNets within limits of size: two of an architecture's five numbers at a time.

EA-HAS-Bench's searches change one number. Within CIFAR-10's limits that is a trap: the 334 networks fall into 61
islands between which no sequence of such steps leads, and some have no other beside them at all, because FLOPs between
.12 and .13 billion hardly leave a number free while the other four stay. Two numbers at a time join all points.

Positions are of (depth, w0, wa, wm, group width) on the grid; a *plane* is all points that share three of the five.
"""

from collections.abc import Iterator
from itertools import combinations
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.regnet_grid import RegnetGrid

_DEPTH, _W0, _WA, _WM, _GROUP = range(5)
_PLANES = tuple(combinations(range(5), 2))


class RegnetMoves:
    """Steps on a grid; every one leads to another network that is allowed."""

    def __init__(self, grid: RegnetGrid) -> None:
        self._grid = grid
        self._classes = grid.class_of.reshape(grid.shape)
        self._priors = (grid.depth_p, grid.w0_p, grid.wa_p, grid.wm_p, grid.group_p)

    def network(self, places: list[int]) -> int:
        """The id of the network at these positions, -1 where it is not allowed."""
        depth, w0, wa, wm, group = places
        return int(self._grid.network_of[self._classes[w0, wa, wm], depth, group])

    def redraw(self, places: list[int], dim: int, rng: np.random.Generator) -> list[int] | None:
        """`dim` drawn anew together with another dimension, from the grid's distribution given the other three.

        Given, too, that the network is allowed and another one; one of the two may stay. The other dimension is tried
        in random order; None where none of the four has such a point.
        """
        for other in rng.permutation([other for other in range(5) if other != dim]).tolist():
            first, second = sorted((dim, other))
            drawn = (
                self._draw_slope_and_factor(places, rng)
                if (first, second) == (_WA, _WM)
                else self._draw(places, first, second, rng)
            )
            if drawn:
                return _moved(places, first, second, *drawn)
        return None

    def nearest(self, places: list[int]) -> Iterator[tuple[float, int, list[int]]]:
        """(distance, network, positions) of the nearest other networks, ascending, one for each network.

        In each of the ten planes, the nearest point in each of eight directions (one number up, down or as it is, the
        other too). Distances are sums of steps, as shares of the dimensions' ranges.
        """
        found = [
            (distance, _moved(places, first, second, row, column))
            for first, second in _PLANES
            for distance, row, column in _directions(self._others(places, first, second), places[first], places[second])
        ]
        seen: set[int] = set()
        for distance, moved in sorted(found, key=itemgetter(0)):
            network = self.network(moved)
            if network not in seen:
                seen.add(network)
                yield distance, network, moved

    def _others(self, places: list[int], first: int, second: int) -> NDArray[np.bool_]:
        """[values of first, values of second] whether another network is there; first < second."""
        where: list[Any] = [slice(None) if dim in (first, second) else place for dim, place in enumerate(places)]
        of_class = self._grid.network_of[:, where[_DEPTH], where[_GROUP]]
        classes = self._classes[tuple(where[_W0 : _WM + 1])]
        own = self.network(places)
        if of_class.ndim == 1:  # the large planes: compare classes, not points
            return np.asarray(_is_other(of_class, own)[classes])
        others: NDArray[np.bool_] = _is_other(of_class[classes], own)
        return others.T if first == _DEPTH and second != _GROUP else others

    def _draw(self, places: list[int], first: int, second: int, rng: np.random.Generator) -> tuple[int, int] | None:
        others = self._others(places, first, second)
        if not others.any():
            return None
        weights = others * self._priors[first][:, None] * self._priors[second]
        return divmod(draw(rng, weights.ravel()), int(weights.shape[1]))

    def _draw_slope_and_factor(self, places: list[int], rng: np.random.Generator) -> tuple[int, int] | None:
        """The largest plane, 10^5 points: first a class, which decides the network, then one of its points."""
        grid, w0 = self._grid, places[_W0]
        of_class = grid.network_of[:, places[_DEPTH], places[_GROUP]]
        weights = np.where(_is_other(of_class, self.network(places)) & (grid.class_w0 == w0), grid.triple_mass, 0.0)
        if not weights.any():
            return None
        inside = np.flatnonzero(self._classes[w0].ravel() == draw(rng, weights))
        wa, wm = np.divmod(inside, len(grid.wm_p))
        return divmod(int(inside[draw(rng, grid.wa_p[wa] * grid.wm_p[wm])]), len(grid.wm_p))


def draw(rng: np.random.Generator, weights: NDArray[np.float64]) -> int:
    """A position, drawn in proportion to `weights`."""
    cumulative = np.cumsum(weights)
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))


def _moved(places: list[int], first: int, second: int, there: int, beside: int) -> list[int]:
    moved = list(places)
    moved[first], moved[second] = there, beside
    return moved


def _is_other(networks: NDArray[np.int32], own: int) -> NDArray[np.bool_]:
    return np.asarray((networks >= 0) & (networks != own))


def _directions(others: NDArray[np.bool_], row: int, column: int) -> Iterator[tuple[float, int, int]]:
    """(distance, row, column) of the nearest true point of a plane, in each direction from (row, column)."""
    rows, columns = (
        np.abs(np.arange(size) - here) / (size - 1) for size, here in zip(others.shape, (row, column), strict=True)
    )
    nearest = np.full((3, len(rows)), column)  # left, here, right
    if column > 0:
        nearest[0] = column - 1 - others[:, column - 1 :: -1].argmax(axis=1)
    if column + 1 < len(columns):
        nearest[2] = column + 1 + others[:, column + 1 :].argmax(axis=1)
    distances = np.where(others[np.arange(len(rows)), nearest], rows + columns[nearest], np.inf)
    for above in (slice(row), slice(row, row + 1), slice(row + 1, None)):
        for side, block in enumerate(distances[:, above]):
            if block.size and np.isfinite(least := block.min()):
                there = int(block.argmin()) + (above.start or 0)
                yield float(least), there, int(nearest[side, there])
