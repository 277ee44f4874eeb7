"""Scores of the best tenth and resampled taus, by hand and against exact cases."""

import numpy as np
import pytest

from fairwatt.experiments.curve_ranks import interval, resampled_end_taus, top
from fairwatt.surrogates.curve_examples import CurveExamples


def examples(ends: np.ndarray, lengths: np.ndarray | None = None) -> CurveExamples:
    rows = len(ends)
    errors = np.repeat(ends[:, :, None], 10, axis=2)
    lengths = np.full(rows, 10) if lengths is None else lengths
    return CurveExamples(np.zeros((rows, 1)), np.zeros((rows, 1)), lengths, errors)


def test_the_best_are_those_that_are_predicted_to_be() -> None:
    measured = np.stack([np.arange(200.0) / 4 + 10, np.full(200, 20.0)], axis=1)
    predicted = measured.copy()
    predicted[-20:, 0] = np.arange(20.0) / 10  # the worst twenty are taken for the best
    found = top(examples(measured), predicted)["validation"]
    assert found.configurations == 20
    assert found.predicted == pytest.approx(0.95)
    assert found.measured == pytest.approx(measured[-20:, 0].mean())
    assert found.rmse == pytest.approx(np.sqrt(((measured[-20:, 0] - predicted[-20:, 0]) ** 2).mean()))
    assert found.rmse_of_all == pytest.approx(found.rmse * np.sqrt(0.1))
    assert found.tau == pytest.approx(1.0)


def test_models_are_resampled_together_and_within_lengths() -> None:
    rng = np.random.default_rng(0)
    ends = rng.uniform(5, 95, (60, 2))
    actual = examples(ends, np.repeat([8, 10], 30))
    shifted = ends + np.repeat([0.0, 500.0], 30)[:, None]  # wrong between lengths, right within each
    drawn = resampled_end_taus(
        actual, {"right": shifted, "wrong": -ends, "noisy": ends + rng.normal(0, 20, (60, 2))}, rng, 40
    )
    assert np.allclose(drawn["right"], 1.0)
    assert np.allclose(drawn["wrong"], -1.0)
    low, high = interval(drawn["noisy"][:, 0])
    assert 0.3 < low < high < 1.0
    assert interval(np.arange(1001.0)) == (pytest.approx(25), pytest.approx(975))
