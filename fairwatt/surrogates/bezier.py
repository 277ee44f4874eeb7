"""Bézier control points <-> learning curves, batched. After Dou, Jiang, Zhao and Li, EA-HAS-Bench, ICLR 2023.

A curve of L points is a function of x, point j of L at x = (j-1)/(L-1). Its fit goes through the first and the last
point and is the closest in least squares of those whose control points have their x on a lattice: equally spaced (the
plain Bernstein polynomial), crowded where the curve falls or jumps, and all between them. Deviations from the authors:
x is monotone, so that a curve has one value at every x (theirs turns back in a fifth to a third of the fits, and
answers with the middle of the curve where it finds no value); the ends are a constraint of the fit and not put in
afterwards; x runs over [0, 1] at any length.

Values are errors in percent. They are fitted as they are; evaluation clips them to [0, 100] unless told otherwise.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UserError
from fairwatt.surrogates.bernstein import CELLS, bernstein, horner, powers, reach

Array = NDArray[np.float64]
DEGREES = (3, 4, 5, 6)
LATTICE_STEPS = {3: 12, 4: 8, 5: 5, 6: 5}
"""By degree; some 80 to 150 placements stay. Finer lattices fit about 4 % closer at two to three times the work."""
MAX_AMPLIFICATION = 1.5
"""Placements whose fit may swing further between the points than this multiple of equal spacing's are left out.

All of them would follow few points closer and miss what lies between by more: on learning curves of which every second
or fourth point was kept, the error at the others is least at about this bound; at degree 6 it is up to twice as large
without.
"""
_CHUNK = 1 << 16  # curve points at a time: the work arrays stay near the processor
_SLACK = 1e-6  # by which x may miss 0, 1 or monotony: rounding to float32


def fit(curves: ArrayLike, degree: int, *, x: ArrayLike | None = None) -> Array:
    """Control points [N, degree + 1, 2], as (x, y), of curves [N, L]: through both ends, least squares between.

    degree: 3 to 6. x: abscissae [degree + 1] for all curves, from 0 to 1 without a decrease: control points are then
    linear in the curves. By default each curve has the best ones of a lattice (see LATTICE_STEPS, MAX_AMPLIFICATION).
    Raises UserError for another degree, curves of fewer than degree + 1 points, values that are not finite.
    """
    _check_degree(degree)
    values = _numbers(curves, "curves", "[N, L]")
    count, length = values.shape
    if length <= degree:
        advice = f"use degree {length - 1}, or longer curves" if length - 1 in DEGREES else "4 points are the least"
        raise UserError(f"curves of {length} points: degree {degree} needs {degree + 1} or more; {advice}")
    chosen = None if x is None else tuple(_monotone(_numbers(x, "x", "[degree + 1]")[None], degree)[0].tolist())
    placements = _placements(degree, length, chosen)
    grid = np.linspace(0.0, 1.0, length)
    points = np.empty((count, degree + 1, 2))
    rows = _CHUNK // length + 1
    for begin in range(0, count, rows):
        y, here = values[begin : begin + rows], points[begin : begin + rows]
        first, rise = y[:, :1], y[:, -1:] - y[:, :1]
        # The control points of a straight line lie on it wherever their x are. What is left when the line from end to
        # end is taken off is therefore the same for all placements, and the best one explains most of it.
        parts = (y - first - rise * grid) @ placements.projections
        explained = np.einsum("ink,ink->nk", parts, parts)
        slack = 1e-9 * explained.max(axis=1) + 1e-18 * np.einsum("nl,nl->n", y, y)  # of equals: the first
        best = (explained >= (explained.max(axis=1) - slack)[:, None]).argmax(axis=1)
        here[..., 0] = placements.x[best]
        here[..., 1] = first + rise * here[..., 0]
        here[:, -1, 1] = y[:, -1]
        here[:, 1:-1, 1] += np.einsum("nij,jn->ni", placements.solutions[best], parts[:, np.arange(len(y)), best])
    return points


def evaluate(control_points: ArrayLike, length: int, *, clip: bool = True) -> Array:
    """Curves [N, length] at x = (j-1)/(length-1) from control points [N, degree + 1, 2]; see `evaluate_at`."""
    if length < 2:
        raise UserError(f"length {length!r}: a curve has 2 points or more; one value: evaluate_at(control_points, [x])")
    return evaluate_at(control_points, np.linspace(0.0, 1.0, length), clip=clip)


def evaluate_at(control_points: ArrayLike, positions: ArrayLike, *, clip: bool = True) -> Array:
    """Curves [N, K] at x = positions, [K] or [N, K], in [0, 1], from control points [N, degree + 1, 2].

    clip: to [0, 100], for errors in percent. Values are within 1e-7 of what the control points define, relative to the
    largest of them, where the curve is not vertical. Curves that share their x are the fastest.
    Raises UserError for x that decreases or does not run from 0 to 1, positions outside [0, 1], wrong shapes, values
    that are not finite.
    """
    points = _numbers(control_points, "control points", "[N, degree + 1, 2]")
    if points.shape[2] != 2:
        raise UserError(f"control points of shape {list(points.shape)}: [N, degree + 1, 2] expected, x and y last")
    count, degree = len(points), points.shape[1] - 1
    _check_degree(degree)
    x, y = _monotone(points[..., 0], degree), points[..., 1]
    where = _numbers(positions, "positions", "[K]", "[N, K]")
    if where.ndim == 2 and len(where) != count:
        raise UserError(f"positions of shape {list(where.shape)}: [K] or [{count}, K] expected, one row a curve")
    if ((where < 0) | (where > 1)).any():
        raise UserError("positions outside [0, 1]: 0 is the first point of a curve and 1 its last")
    values = np.empty((count, where.shape[-1]))
    rows = _CHUNK // max(CELLS, where.shape[-1]) + 1
    shared = None
    if where.ndim == 1:
        if (x == x[:1]).all():  # the usual case of a model, and of one curve
            distinct, which = x[:1], np.zeros(count, dtype=np.int64)
        else:
            distinct, which = np.unique(x, axis=0, return_inverse=True)
        if len(distinct) <= rows:
            shared = reach(distinct, np.tile(where, (len(distinct), 1))), which.reshape(count)
    for begin in range(0, count, rows):
        here = slice(begin, begin + rows)
        if shared:
            t = shared[0][shared[1][here]]
        else:
            t = reach(x[here], np.tile(where, (len(x[here]), 1)) if where.ndim == 1 else where[here])
        values[here] = horner(powers(y[here]), t)
    return np.clip(values, 0.0, 100.0, out=values) if clip else values


@dataclass(frozen=True)
class _Placements:
    """P ways to place control points in x, each with its least squares of curves of one length.

    x: [P, d + 1]. projections: [d - 1, L, P], onto an orthonormal basis of the inner Bernstein polynomials at the
    points. solutions: [P, d - 1, d - 1], from there to the inner control points.
    """

    x: Array
    projections: Array
    solutions: Array


@lru_cache(maxsize=32)
def _placements(degree: int, length: int, chosen: tuple[float, ...] | None) -> _Placements:
    """The chosen placement alone, or equal spacing and then those of the lattice, the nearest to it first."""
    x = _lattice(degree) if chosen is None else np.array([chosen])
    t = reach(x, np.tile(np.linspace(0.0, 1.0, length), (len(x), 1)))
    orthonormal, triangle = np.linalg.qr(bernstein(t, degree)[..., 1:-1])
    solutions = np.linalg.inv(triangle)
    if chosen is None:
        swings = np.array([_amplification(*each) for each in zip(x, orthonormal, solutions, strict=True)])
        kept = swings <= MAX_AMPLIFICATION * swings[0]
        x, orthonormal, solutions = x[kept], orthonormal[kept], solutions[kept]
    return _Placements(x, np.ascontiguousarray(orthonormal.transpose(2, 1, 0)), solutions)


def _lattice(degree: int) -> Array:
    """[P, degree + 1]: equal spacing, then all inner control points on the lattice in all ways, the nearest first."""
    equal, steps = np.arange(degree + 1) / degree, LATTICE_STEPS[degree]
    ways = combinations_with_replacement(range(steps + 1), degree - 1)
    x = np.array([(0, *way, steps) for way in ways]) / steps
    distances = np.abs(x - equal).sum(axis=1)
    order = np.argsort(distances, kind="stable")
    return np.vstack([equal, x[order[distances[order] > 1e-9]]])


def _amplification(x: Array, orthonormal: Array, solution: Array) -> float:
    """Lebesgue constant of a fit: how far its curve may swing for values within [-1, 1]."""
    grid = np.linspace(0.0, 1.0, len(orthonormal))
    control = np.zeros((len(x), len(grid)))  # control values as linear forms of the curve's
    control[1:-1] = solution @ orthonormal.T
    control[:, 0], control[:, -1] = 1 - x - control @ (1 - grid), x - control @ grid
    fine = bernstein(np.linspace(0.0, 1.0, 201), len(x) - 1)
    return float(np.abs(fine @ control).sum(axis=1).max())


def _check_degree(degree: int) -> None:
    if degree not in DEGREES:
        raise UserError(f"degree {degree!r}: Bézier curves of degree 3 to 6 are known, of 4 to 7 control points")


def _numbers(values: ArrayLike, what: str, *shapes: str) -> Array:
    """As an array of finite numbers with as many dimensions as one of the shapes, or a UserError."""
    expected = " or ".join(shapes)
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{what}: numbers {expected} expected; curves of another length go into another call") from None
    if array.ndim not in [shape.count(",") + 1 for shape in shapes]:
        raise UserError(f"{what} of shape {list(array.shape)}: {expected} expected")
    if not np.isfinite(array).all():
        place = np.argwhere(~np.isfinite(array))[0].tolist()
        raise UserError(f"{what}: {array[tuple(place)]} at {place}; drop that row, or give it numbers (chance level)")
    return array


def _monotone(x: Array, degree: int) -> Array:
    """x [N, degree + 1] with what rounding has left of 0, 1 and monotony mended, or a UserError."""
    if x.shape[1] != degree + 1:
        raise UserError(f"x has {x.shape[1]} numbers: degree {degree} has {degree + 1} control points")
    wrong = (np.diff(x, axis=1) < -_SLACK).any(axis=1) | (np.abs(x[:, 0]) > _SLACK) | (np.abs(x[:, -1] - 1) > _SLACK)
    if wrong.any():
        place = int(wrong.argmax())
        raise UserError(f"control points {place} have x = {x[place].tolist()}: 0 to 1 without a decrease expected")
    mended = np.clip(np.maximum.accumulate(x, axis=1), 0.0, 1.0)
    mended[:, 0], mended[:, -1] = 0.0, 1.0
    return mended
