"""Variance components against known ones and against the textbook's mean squares."""

import numpy as np
import pytest

from fairwatt.experiments.repeatability import budget_agreement, repeatability


def test_components_are_found_again() -> None:
    rng = np.random.default_rng(0)
    accuracy = rng.normal(0, 0.09, (4_000, 1)) + rng.normal(0, 0.04, (4_000, 5))
    found = repeatability(accuracy)
    assert found.architecture_std == pytest.approx(0.09, rel=0.05)
    assert found.seed_std == pytest.approx(0.04, rel=0.05)
    assert found.icc == pytest.approx(0.09**2 / (0.09**2 + 0.04**2), rel=0.05)


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    assert repeatability(ratings).icc == pytest.approx(0.17, abs=0.005)  # their table 4, ICC(1,1)


def test_noise_alone_has_no_architecture() -> None:
    same = np.array([[0.1, 0.9], [0.9, 0.1]])
    assert repeatability(same).icc == 0
    with pytest.raises(ValueError, match="at least 2"):
        repeatability(np.zeros((3, 1)))


def test_budgets_agree_with_themselves_and_disagree_when_reversed() -> None:
    full = np.array([0.1, 0.2, 0.3, 0.4])
    assert budget_agreement(np.stack([full[::-1], full], axis=1)).tolist() == pytest.approx([-1, 1])
