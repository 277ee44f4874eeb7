"""The Gaussian process: the posterior and the likelihood of scikit-learn's, and what it was made to say."""

import warnings
from typing import Any

import numpy as np
import pytest

from fairwatt.surrogates.gaussian_process import LENGTHS, NOISES, GaussianProcess, Hyperparameters


def _data(count: int = 40, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.random((count, 3))
    return features, 5 + 2 * (np.sin(4 * features[:, 0]) + features[:, 1] ** 2 + noise * rng.normal(size=count))


def _by_scikit_learn(settled: Hyperparameters, **options: Any):  # type: ignore[no-untyped-def]
    regression = pytest.importorskip("sklearn.gaussian_process")
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    length, noise, scale = settled
    kernel = ConstantKernel(scale) * Matern(length, nu=2.5) + WhiteKernel(noise * scale)
    return regression.GaussianProcessRegressor(kernel, alpha=0.0, normalize_y=True, **options)


def test_the_posterior_is_that_of_scikit_learn() -> None:
    features, targets = _data()
    at = np.random.default_rng(1).random((20, 3))
    settled = Hyperparameters(0.7, 0.03, 2.0)
    theirs = _by_scikit_learn(settled, optimizer=None).fit(features, targets)
    mean, noisy = theirs.predict(at, return_std=True)
    ours = GaussianProcess.fit(features, targets, settled).predict(at)
    assert ours[0] == pytest.approx(mean)
    assert ours[1] ** 2 + 0.06 * targets.var() == pytest.approx(noisy**2)


def test_the_hyperparameters_are_the_likeliest_of_the_grid_and_nearly_so_off_it() -> None:
    features, targets = _data()
    chosen = GaussianProcess.fit(features, targets).hyperparameters
    standardised = (targets - targets.mean()) / targets.std()
    fitted = _by_scikit_learn(chosen, optimizer=None).fit(features, standardised)

    def likelihood(length: float, noise: float, scale: float) -> float:
        return float(fitted.log_marginal_likelihood(np.log([scale, length, noise * scale])))

    highest = likelihood(*chosen)
    for length in LENGTHS * 3**0.5:
        for noise in NOISES:
            for scale in (0.5, 0.9, 1.0, 1.1, 2.0):
                assert likelihood(length, noise, scale * chosen.scale) <= highest + 1e-9
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        best = _by_scikit_learn(chosen).fit(features, standardised).log_marginal_likelihood_value_
    assert best - 0.5 < highest <= best + 1e-6


def test_units_of_the_targets_do_not_matter() -> None:
    features, targets = _data()
    mean, deviation = GaussianProcess.fit(features, targets).predict(features[:5] + 0.1)
    scaled = GaussianProcess.fit(features, 1e-6 * targets - 3).predict(features[:5] + 0.1)
    assert scaled[0] == pytest.approx(1e-6 * mean - 3)
    assert scaled[1] == pytest.approx(1e-6 * deviation)


def test_noiseless_data_is_passed_through_and_doubt_grows_away_from_it() -> None:
    features, targets = _data(noise=0.0)
    model = GaussianProcess.fit(features, targets)
    mean, deviation = model.predict(np.vstack([features, features + 5]))
    assert mean[:40] == pytest.approx(targets, abs=0.1)
    assert deviation[:40].max() < 0.1 < deviation[40:].min()


@pytest.mark.parametrize("count", [1, 4])
def test_equal_targets_are_predicted_without_error(count: int) -> None:
    mean, deviation = GaussianProcess.fit(np.eye(4)[:count], np.full(count, 2.0)).predict(np.ones((2, 4)))
    assert mean.tolist() == [2.0, 2.0]
    assert (deviation >= 0).all()
    assert np.isfinite(deviation).all()


def test_shapes_that_disagree_are_refused() -> None:
    for features, targets in [(np.ones((2, 3)), np.ones(3)), (np.ones((0, 3)), np.ones(0)), (np.ones(3), np.ones(3))]:
        with pytest.raises(ValueError, match="expected features"):
            GaussianProcess.fit(features, targets)
