"""Where a front bends: the bend angle of Deb and Gupta (Engineering Optimization 2011), for two objectives.

On a front scaled to the unit square by its extremes, a point bends by the angle at which the line from its left
neighbour falls to it less the angle at which the line to its right neighbour falls on: 90 degrees where all is gained
on the left and nothing lost on the right, 0 on a straight line. The neighbours are the two extremes of the front,
which makes the knee the point that bends most in the large; or the nearest points, which makes it hang on the gaps
between whatever points a search happened to find.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def bend_angles(front: Array, *, nearest: bool = False) -> Array:
    """[F] degrees of a front [F, 2], both minimised, by ascending first objective; NaN at the extremes."""
    angles = np.full(len(front), np.nan)
    if len(front) < 3:
        return angles
    low, high = front.min(axis=0), front.max(axis=0)
    scaled = (front - low) / (high - low)
    inner = scaled[1:-1]
    left, right = (scaled[:-2], scaled[2:]) if nearest else (scaled[:1], scaled[-1:])
    fall = np.arctan2(left[:, 1] - inner[:, 1], inner[:, 0] - left[:, 0])
    falls_on = np.arctan2(inner[:, 1] - right[:, 1], right[:, 0] - inner[:, 0])
    angles[1:-1] = np.degrees(fall - falls_on)
    return angles


def knee(front: Array, *, nearest: bool = False) -> int:
    """The place of the point that bends most; -1 where a front has no point between its extremes."""
    angles = bend_angles(front, nearest=nearest)
    return -1 if np.isnan(angles).all() else int(np.nanargmax(angles))
