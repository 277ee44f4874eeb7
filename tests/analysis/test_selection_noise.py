"""What selection on noise gains, and that it is not reported: fairness.md, section 6, answer 13; threat T9."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import World, world

from fairwatt.analysis.trajectories import Trajectory
from fairwatt.analysis.truth import Truth

MEAN, SPREAD, SEARCHES = 6.0, 0.25, 400  # errors in percentage points


def _pure_noise() -> World:
    """Networks that are all equally good: what validation and test say of them is independent noise."""
    space, rng = world(4_000), np.random.default_rng(13)
    val_error, test_error = rng.normal(MEAN, SPREAD, size=(2, 4_000))
    answers = {}
    for (key, fidelity), request in space.answers.items():
        if request.key is not None and fidelity == 1.0:
            trial = replace(request.trial, val_error=val_error[key], losses=(val_error[key],))
            answers[key, fidelity] = replace(request, trial=trial, test_error=test_error[key])
    return World(replace(space.reference, val_error=val_error, test_error=test_error), answers)


@pytest.mark.slow
def test_what_was_selected_is_reported_by_the_sealed_test() -> None:
    """The best of n by validation looks 1.539 (n = 10) or 2.508 (n = 100) spreads better, and is no better on test."""
    space = _pure_noise()
    truth = Truth.of(space.reference)
    runs = [space.random_search("rs", seed, 100) for seed in range(SEARCHES)]
    trajectories = [Trajectory(run, truth) for run in runs]
    for trainings, gain in ((10, 0.386), (100, 0.626)):
        held = np.array([trajectory.incumbents[trainings] for trajectory in trajectories])
        assert MEAN - truth.val_error[held].mean() == pytest.approx(gain, abs=0.03)
        assert MEAN - truth.test_error[held].mean() == pytest.approx(0.0, abs=0.045)
        seen = np.mean([trajectory.steps("val_error")[trainings] for trajectory in trajectories])
        assert seen == pytest.approx(truth.val_error[held].mean())
        regret = np.mean([trajectory.steps("regret")[trainings] for trajectory in trajectories])
        assert regret == pytest.approx(1.0, abs=0.06)  # that of the median network
    peeked = np.array([min(request.test_error for request in run.requests) for run in runs])  # the fault
    assert MEAN - peeked.mean() == pytest.approx(0.629, abs=0.03)
