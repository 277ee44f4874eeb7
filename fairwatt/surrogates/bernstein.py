"""Bernstein polynomials, many at once: their values, and where those that do not decrease reach a value."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CELLS = 256
"""Of the grid of t that the search for a value starts from: [N, CELLS + 1] numbers are held at a time."""
_SURE_STEP = 1e-5  # a Newton step as small as this leaves an error of its square
_SETTLED = 1e-9  # a step where the polynomial hardly moves: its last digits are rounding
_FLAT = 1e-12  # a smaller slope or width divides as this one


def bernstein(t: Array, degree: int) -> Array:
    """Bernstein polynomials [..., degree + 1] at t [...]."""
    i = np.arange(degree + 1)
    binomials = np.array([math.comb(degree, k) for k in i], dtype=np.float64)
    return np.asarray(binomials * t[..., None] ** i * (1 - t[..., None]) ** (degree - i), dtype=np.float64)


def powers(control: Array) -> Array:
    """Coefficients of 1, t, t² ... [N, d + 1] of polynomials with Bernstein coefficients [N, d + 1]."""
    return control @ _to_powers(control.shape[1] - 1)


def horner(coefficients: Array, t: Array) -> Array:
    """Polynomials with coefficients [N, d + 1] of 1, t, t² ... at t [N, K]."""
    value = np.multiply(t, coefficients[:, -1:])
    for power in range(coefficients.shape[1] - 2, 0, -1):
        value += coefficients[:, power, None]
        value *= t
    value += coefficients[:, :1]
    return value


def reach(x: Array, positions: Array) -> Array:
    """t [N, K] where polynomials reach positions [N, K] in [0, 1].

    x: Bernstein coefficients [N, d + 1] from 0 to 1 without a decrease. One Newton step from the chord of a cell of a
    grid of t; where it is not small, because x hardly moves there, more of them within a bracket.
    """
    count, degree = len(x), x.shape[1] - 1
    reached = np.clip(x @ _on_the_grid(degree), 0.0, 1.0)
    shares = 1 / np.maximum(np.diff(reached, axis=1, append=2.0), _FLAT)  # cells of t for a unit of x
    row = np.arange(count)[:, None]
    rows = reached + 2.0 * row  # they do not overlap: one search serves them all
    rows[:, -1] += 0.5  # the last edge belongs to the last cell
    place = np.searchsorted(rows.ravel(), (positions + 2.0 * row).ravel(), side="right").reshape(positions.shape) - 1
    cell = place - (CELLS + 1) * row
    t = (cell + (positions - reached.ravel()[place]) * shares.ravel()[place]) / CELLS
    coefficients = powers(x)
    slopes = coefficients[:, 1:] * np.arange(1, degree + 1)
    step = (horner(coefficients, t) - positions) / np.maximum(horner(slopes, t), _FLAT)
    t -= step
    ends = (positions == 0) | (positions == 1)
    t[ends], step[ends] = positions[ends], 0.0
    unsure = np.nonzero(np.abs(step) > _SURE_STEP)
    if len(unsure[0]):
        lower = cell[unsure] / CELLS
        start = np.clip(t[unsure], lower, lower + 1 / CELLS)
        t[unsure] = _bracketed(coefficients[unsure[0]], slopes[unsure[0]], positions[unsure], start, lower)
    return t


def _bracketed(coefficients: Array, slopes: Array, sought: Array, t: Array, lower: Array) -> Array:
    """t [M] in the cell from lower [M] on where polynomials [M, d + 1] have the values sought [M]."""
    found, upper, active = t.copy(), lower + 1 / CELLS, np.arange(len(t))
    for _ in range(60):  # halving alone needs 25
        excess = horner(coefficients, t[:, None])[:, 0] - sought
        lower, upper = np.where(excess < 0, t, lower), np.where(excess > 0, t, upper)
        better = t - excess / np.maximum(horner(slopes, t[:, None])[:, 0], _FLAT)
        better = np.where((better < lower) | (better > upper), 0.5 * (lower + upper), better)
        found[active] = better
        on = np.abs(better - t) > _SETTLED
        if not on.any():
            break
        t, active = better[on], active[on]
        coefficients, slopes, sought, lower, upper = coefficients[on], slopes[on], sought[on], lower[on], upper[on]
    return found


@lru_cache(maxsize=8)
def _to_powers(degree: int) -> Array:
    """[d + 1, d + 1]: row i has the coefficients of the i-th Bernstein polynomial."""
    matrix = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for power in range(i, degree + 1):
            matrix[i, power] = math.comb(degree, power) * math.comb(power, i) * (-1) ** (power - i)
    return matrix


@lru_cache(maxsize=8)
def _on_the_grid(degree: int) -> Array:
    return np.ascontiguousarray(bernstein(np.linspace(0.0, 1.0, CELLS + 1), degree).T)
