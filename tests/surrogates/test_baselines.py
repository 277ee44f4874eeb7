"""The baselines of the curve surrogate: what they put curves together from, and that they learn."""

import numpy as np
import pytest
from test_curve_model import invented

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.surrogates import baselines
from fairwatt.surrogates.baselines import BASELINES, POSITIONS, fit_baseline, singular_vectors, weibull
from fairwatt.surrogates.epoch_cost import EpochCost


def test_five_singular_vectors_hold_curves_of_rank_five() -> None:
    rng = np.random.default_rng(0)
    curves = (40 + rng.standard_normal((30, 5)) @ rng.standard_normal((5, 100))).reshape(30, 2, 50)
    weights, compose = singular_vectors(curves)
    assert weights.shape == (30, 5)
    assert compose(weights) == pytest.approx(curves)


def test_the_parametric_family_has_exponentials_late_falls_and_flat_curves() -> None:
    x = POSITIONS
    curves = np.stack([20 + 70 * np.exp(-x / 0.25), 30 + 60 * np.exp(-((x / 0.5) ** 4)), np.full(50, 90.0)])
    parameters, compose = weibull(np.stack([curves, curves], axis=1))
    assert parameters.shape == (3, 8)
    assert np.abs(compose(parameters) - curves[:, None]).max() < 3  # of 70: scale and steepness are of a grid
    assert compose(parameters)[2] == pytest.approx(90)
    wild = compose(np.random.default_rng(0).normal(0, 30, (100, 8)))
    assert np.isfinite(wild).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_each_learns_curves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(baselines._GBM, "max_iter", 150)
    model = fit_baseline(name, invented(300), invented(40, 1), np.random.default_rng(0))
    new = invented(200, 3)
    found = np.stack(model.predict(new.architecture, new.hyper, np.array([0.5, 1.0])), axis=1)
    actual = new.at(np.array([0.5, 1.0]))
    assert ((found - actual) ** 2).mean() < 0.25 * actual.var(axis=0).mean()
    assert ((found >= 0) & (found <= 100)).all()


def test_an_unknown_baseline_is_answered() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'svd-gbm'"):
        fit_baseline("svd-lgb", invented(20), invented(20), np.random.default_rng(0))


def test_what_an_epoch_costs_is_positive_and_adds_up() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((200, 3))
    cost = np.exp(3 * features[:, 0] - 5)
    model = EpochCost.fit(features, cost, np.random.default_rng(1), trees=60, members=1)
    found = model.after(features, [1, 2, 10])
    assert (found[:, 0] > 0).all()
    assert found[:, 2] == pytest.approx(10 * found[:, 0])
    assert np.corrcoef(np.log(found[:, 0]), np.log(cost))[0, 1] > 0.95
    assert (EpochCost.from_arrays(model.arrays()).predict(features) == found[:, 0]).all()
    for wrong, reason in ((np.zeros(200), "costs 0.0: expected a positive"), (np.full(200, np.nan), "costs nan")):
        with pytest.raises(UserError, match=reason):
            EpochCost.fit(features, wrong, rng)
    with pytest.raises(UserError, match="19 measured trainings"):
        EpochCost.fit(features[:19], cost[:19], rng)
