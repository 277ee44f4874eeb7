"""How much of the plane exactly k points dominate: what expected hypervolumes of random draws are sums over.

The lines through all points cut the plane into cells of one k each; walking through them is exact. Where they are too
many, only what is near the front is walked through: areas of small k hang on few points. Those of larger k, where no
single point counts, are read off grids of fewer lines, each grid for the k that the next one leaves. Where nearly all
points are near the front (a curve of trade-offs), a grid has nothing to tell, and a walk that looks at the lowest few
points only gives the smallest k.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_CELLS = 2 * 10**8
"""Cells that are walked through, in about two seconds; 14,000 points in general position."""
LINES = 2_048
"""Of a grid, in each direction: half at quantiles, half at equal distances."""


def area_by_dominators(points: Array, ref: Array, *, most_cells: int = MOST_CELLS) -> Array:
    """[N + 1] area within `ref` that exactly k of points [N, 2] dominate, for each k.

    Exact while the points' coordinates cut the plane into at most `most_cells` cells, and for k < `most_cells` / N
    whatever the points; approximate for larger k. So what many times N² / `most_cells` draws are expected to reach is
    exact again; for fewer draws the error hangs on the points. It was largest, about 1 % of the hypervolume missed,
    where all points are the front.
    """
    inside = points[(points < ref).all(axis=1)]
    areas = np.zeros(len(points) + 1)
    if not len(inside):
        return areas
    areas[: len(inside) + 1] = _grids(inside, ref, most_cells)
    return areas


def _cells(points: Array) -> int:
    return len(np.unique(points[:, 0])) * len(np.unique(points[:, 1]))


def _walk(points: Array, ref: Array) -> Array:
    """[N + 1] exact areas, column by column; all points [N, 2] are within `ref`."""
    areas = np.zeros(len(points) + 1)
    xs, column = np.unique(points[:, 0], return_inverse=True)
    ys, row = np.unique(points[:, 1], return_inverse=True)
    widths, heights = np.diff(np.append(xs, ref[0])), np.diff(np.append(ys, ref[1]))
    dominators = np.zeros(len(ys), dtype=np.int64)
    rows_of_column = np.split(row[np.argsort(column, kind="stable")], np.cumsum(np.bincount(column))[:-1])
    for width, rows in zip(widths, rows_of_column, strict=True):
        np.add.at(dominators, rows, 1)
        areas += np.bincount(np.cumsum(dominators), weights=width * heights, minlength=areas.size)
    return areas


def _walk_low(points: Array, ref: Array, depth: int) -> Array:
    """[depth] exact areas of k < depth: of the points left of a column only the `depth` lowest count."""
    areas, floor = np.zeros(depth), points[:, 1].min()
    lowest = np.full(depth, ref[1])
    ordered = points[np.argsort(points[:, 0])]
    begin = ordered[0, 0]
    for x, y in [*ordered, ref]:
        if y < lowest[-1] or x == ref[0]:
            areas += (x - begin) * np.diff(lowest, prepend=floor)
            begin, place = x, np.searchsorted(lowest, y)
            lowest[place + 1 :] = lowest[place:-1].copy()
            lowest[place : place + 1] = y
    return areas


def _grids(points: Array, ref: Array, most_cells: int) -> Array:
    """[N + 1] areas: of small k from a quarter of the points, which are all that matter there, the rest from a grid.

    Where the quarter says less than the lowest points do, those are asked instead. A region of the grid counts at the
    mean of the numbers at its corners.
    """
    if _cells(points) <= most_cells:
        return _walk(points, ref)
    (xs, column), (ys, row) = (_lines(values) for values in points.T)
    corner = np.zeros((len(xs), len(ys)), dtype=np.int32)  # [i, j] how many points dominate (xs[i], ys[j])
    np.add.at(corner, (column, row), 1)
    corner = corner.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)

    surely = np.pad(corner, ((1, 0), (1, 0)))[column, row]  # [N] dominators of a point that the grid is sure of
    order = np.argsort(surely, kind="stable")
    quarter = len(points) // 4
    exact = int(surely[order[quarter]])  # what has fewer dominators is among the first quarter
    if exact < (depth := most_cells // len(points)):
        exact, near = depth, _walk_low(points, ref, depth)
    else:
        near = _grids(points[order[:quarter]], ref, most_cells)[:exact]

    far = np.pad(corner, ((0, 1), (0, 1)), mode="edge")
    middle = (far[1:, 1:] + far[:-1, :-1] + far[1:, :-1] + far[:-1, 1:]) // 4
    regions = np.outer(np.diff(np.append(xs, ref[0])), np.diff(np.append(ys, ref[1])))
    areas = np.zeros(len(points) + 1)
    areas += np.bincount(middle.ravel(), weights=regions.ravel(), minlength=areas.size)
    areas[:exact] = 0.0
    areas *= (regions.sum() - near.sum()) / areas.sum()
    areas[:exact] = near
    return areas


def _lines(values: Array) -> tuple[Array, NDArray[np.int64]]:
    """Lines [L] from the smallest value to the largest, and for each value [N] the first line that is not below it."""
    ordered = np.sort(values)
    by_rank = np.linspace(0, len(values) - 1, LINES // 2).round().astype(np.int64)
    by_value = np.searchsorted(ordered, np.linspace(ordered[0], ordered[-1], LINES // 2, endpoint=False))
    lines = np.unique(ordered[np.concatenate([by_rank, by_value])])
    return lines, np.searchsorted(lines, values)
