"""The scales of a space: each of its own kind of error."""

from dataclasses import replace

import numpy as np
from synthetic import world

from fairwatt.analysis.truth import Truth

REFERENCE = replace(
    world(4).reference,
    energy_kwh=np.array([1.0, 2.0, 3.0, 4.0]),
    val_error=np.array([0.4, 0.3, 0.3, 0.1]),
    test_error=np.array([0.5, 0.5, 0.2, 0.15]),
)


def test_each_front_is_of_its_own_errors() -> None:
    truth = Truth.of(REFERENCE)
    assert truth.val_front.front.tolist() == [[1, 0.4], [2, 0.3], [4, 0.1]]
    assert truth.test_front.front.tolist() == [[1, 0.5], [3, 0.2], [4, 0.15]]


def test_each_set_of_points_is_of_its_own_errors() -> None:
    truth = Truth.of(REFERENCE)
    on_val, on_test = np.array([0, 1, 3]), np.array([0, 2, 3])
    assert truth.val_front.hypervolume_regret(truth.val_points(on_val)) == 0
    assert truth.test_front.hypervolume_regret(truth.test_points(on_test)) == 0
    assert truth.val_front.hypervolume_regret(truth.val_points(on_test)) > 0.01
    assert truth.test_front.hypervolume_regret(truth.test_points(on_val)) > 0.01


def test_medians_and_the_best_are_of_their_own_errors() -> None:
    truth = Truth.of(REFERENCE)
    assert (truth.val_median, truth.test_median, truth.test_best) == (0.3, 0.35, 0.15)
