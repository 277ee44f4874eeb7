"""The scales of a space: each of its own kind of error."""

from dataclasses import replace

import numpy as np
import pytest
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


def test_on_a_logarithmic_axis_each_decade_of_energy_weighs_alike() -> None:
    """In units of the front (0, 1), (1/2, 1/4), (1, 0); by energy itself the second is at 1/11.

    Within (1.1, 1.1) that is .05 + .425 + .11 = .585, by energy 1/110 + .85 * 10/11 + .11. Without the second .1 + .11
    of both is left; without the first, .05 less, and by energy 1/110.
    """
    reference = replace(
        REFERENCE,
        energy_kwh=np.array([0.1, 1.0, 10.0, 10.0]),
        test_error=np.array([0.5, 0.2, 0.1, 0.3]),
    )
    truth = Truth.of(reference)
    assert truth.log_front.front == pytest.approx(np.array([[-1, 0.5], [0, 0.2], [1, 0.1]]))
    assert truth.log_front.best == pytest.approx(0.585)

    def regrets(*places: int) -> list[float]:
        held = np.array(places)
        return [
            truth.log_front.hypervolume_regret(truth.log_points(held)),
            truth.test_front.hypervolume_regret(truth.test_points(held)),
        ]

    by_energy = 1 / 110 + 0.85 * 10 / 11 + 0.11
    assert regrets(0, 1, 2, 3) == pytest.approx([0, 0], abs=1e-12)
    assert regrets(0, 2) == pytest.approx([1 - 0.21 / 0.585, 1 - 0.21 / by_energy])
    assert regrets(1, 2) == pytest.approx([0.05 / 0.585, 1 / 110 / by_energy])


def test_medians_and_the_best_are_of_their_own_errors() -> None:
    truth = Truth.of(REFERENCE)
    assert (truth.val_median, truth.test_median, truth.test_best) == (0.3, 0.35, 0.15)
