"""Where fronts bend, in angles that can be worked out by hand."""

from math import atan, degrees

import numpy as np
import pytest

from fairwatt.reproductions.knee import bend_angles, knee

FRONT = np.array([[0.0, 10.0], [1.0, 4.0], [5.0, 1.0], [10.0, 0.0]])


def test_angles_against_the_extremes() -> None:
    """(1, 4) of 10 by 10: from the left down .6 over .1, to the right down .4 over .9."""
    angles = bend_angles(FRONT)
    assert np.isnan(angles[[0, -1]]).all()
    assert angles[1] == pytest.approx(degrees(atan(6) - atan(4 / 9)))
    assert angles[2] == pytest.approx(degrees(atan(9 / 5) - atan(1 / 5)))
    assert knee(FRONT) == 1


def test_angles_against_the_nearest_points() -> None:
    angles = bend_angles(FRONT, nearest=True)
    assert angles[1] == pytest.approx(degrees(atan(6) - atan(3 / 4)))
    assert angles[2] == pytest.approx(degrees(atan(3 / 4) - atan(1 / 5)))


def test_the_neighbours_matter() -> None:
    """A small dent bends more than the large curve when only its neighbours are looked at."""
    front = np.array([[0.0, 1.0], [0.25, 0.25], [0.79, 0.13], [0.8, 0.02], [1.0, 0.0]])
    assert knee(front) == 1
    assert knee(front, nearest=True) == 3


def test_scales_do_not_matter() -> None:
    assert bend_angles(FRONT * (1e-3, 1e6) + (7.0, -2.0)) == pytest.approx(bend_angles(FRONT), nan_ok=True)


@pytest.mark.parametrize("points", [0, 1, 2])
def test_a_front_of_extremes_alone_has_no_knee(points: int) -> None:
    assert knee(FRONT[:points]) == -1
