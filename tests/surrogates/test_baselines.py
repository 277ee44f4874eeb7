"""The baselines of the curve surrogate: what they put curves together from, and that they learn."""

from collections.abc import Callable

import numpy as np
import pytest
from test_curve_model import invented

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.surrogates import baselines
from fairwatt.surrogates.baselines import (
    BASELINES,
    POSITIONS,
    Array,
    Pairs,
    Regressor,
    boosted,
    fit_baseline,
    perceptron,
    singular_vectors,
    weibull,
)
from fairwatt.surrogates.epoch_cost import EpochCost


def test_five_singular_vectors_hold_curves_of_rank_five() -> None:
    rng = np.random.default_rng(0)
    curves = (40 + rng.standard_normal((30, 5)) @ rng.standard_normal((5, 100))).reshape(30, 2, 50)
    take_apart, compose = singular_vectors(curves)
    weights = take_apart(curves)
    assert weights.shape == (30, 5)
    assert compose(weights) == pytest.approx(curves)
    assert take_apart(curves[3:5]) == pytest.approx(weights[3:5])


def test_the_parametric_family_has_exponentials_late_falls_and_flat_curves() -> None:
    x = POSITIONS
    curves = np.stack([20 + 70 * np.exp(-x / 0.25), 30 + 60 * np.exp(-((x / 0.5) ** 4)), np.full(50, 90.0)])
    both = np.stack([curves, curves], axis=1)
    take_apart, compose = weibull(both)
    parameters = take_apart(both)
    assert parameters.shape == (3, 8)
    assert np.abs(compose(parameters) - curves[:, None]).max() < 3  # of 70: scale and steepness are of a grid
    assert compose(parameters)[2] == pytest.approx(90)
    wild = compose(np.random.default_rng(0).normal(0, 30, (100, 8)))
    assert np.isfinite(wild).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_each_learns_curves(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_MOST_TREES", 150)
    monkeypatch.setattr(baselines, "_MOST_EPOCHS", 60)
    model = fit_baseline(name, invented(300), invented(40, 1), np.random.default_rng(0))
    new = invented(200, 3)
    found = np.stack(model.predict(new.architecture, new.hyper, np.array([0.5, 1.0])), axis=1)
    actual = new.at(np.array([0.5, 1.0]))
    assert ((found - actual) ** 2).mean() < 0.25 * actual.var(axis=0).mean()
    assert ((found >= 0) & (found <= 100)).all()


def test_what_is_learned_from_and_what_stops_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Singular vectors, scales and regressors are of the training rows; those held out arrive beside them."""
    training, held = invented(60), invented(30, 1)
    given = []

    def regressor(known: Pairs, stopping: Pairs, _: np.random.Generator) -> Callable[[Array], Array]:
        given.extend([known, stopping])
        return lambda features: np.zeros((len(features), known[1].shape[1]))

    for decompose in (singular_vectors, weibull):
        monkeypatch.setitem(BASELINES, "svd-gbm", (decompose, regressor))
        fit_baseline("svd-gbm", training, held, np.random.default_rng(0))
        fit_baseline("svd-gbm", training, training, np.random.default_rng(0))
    for first in (0, 4):
        known, stopping, again, same = given[first : first + 4]
        for pair, rows in ((known, training), (stopping, held)):
            assert (pair[0] == np.hstack([rows.architecture, rows.hyper])).all()
        assert known[1].mean(axis=0) == pytest.approx(0, abs=1e-9)
        assert np.abs(stopping[1].mean(axis=0)).max() > 0.01  # scaled by others
        for one, other in ((known, again), (known, same)):
            assert (one[1] == other[1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("regressor", [boosted, perceptron])
def test_rows_held_out_say_when_to_stop(regressor: Regressor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they say the opposite of what is learned, the first step is the last; where they agree, it goes on."""
    monkeypatch.setattr(baselines, "_MOST_TREES", 150)
    monkeypatch.setattr(baselines, "_MOST_EPOCHS", 30)
    monkeypatch.setattr(baselines, "_EPOCHS_PATIENCE", 5)
    rng = np.random.default_rng(0)
    known, held, new = (rng.standard_normal((count, 3)) for count in (300, 100, 100))
    agrees, contradicts = (
        regressor((known, known[:, :2]), (held, sign * held[:, :2]), np.random.default_rng(1))(new) for sign in (1, -1)
    )
    assert np.corrcoef(agrees[:, 0], new[:, 0])[0, 1] > 0.9
    assert np.abs(agrees).mean() > 5 * np.abs(contradicts).mean()


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
