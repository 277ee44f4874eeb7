"""The surrogate of learning curves on invented ones: it learns them, is stored whole, stays in range, and is noisy."""

import numpy as np
import pytest

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.surrogates.curve_examples import CurveExamples
from fairwatt.surrogates.curve_model import CurveModel, position
from fairwatt.surrogates.curve_noise import CurveNoise

SETTINGS = {"members": 2, "width": 24, "epochs": 30, "batch": 32}


def invented(count: int, seed: int = 0, noise: float = 1.0) -> CurveExamples:
    """Errors that fall from 90 to an end that the features decide, in 10 or 20 points; test errors are one lower."""
    features, rng = np.random.default_rng(seed), np.random.default_rng([seed, round(1000 * noise)])
    architecture, hyper = features.random((count, 3)), features.random((count, 2))
    lengths = np.where(features.random(count) < 0.5, 10, 20)
    hyper = np.column_stack([hyper, lengths == 10])
    ends = 20 + 50 * architecture[:, 0] + 10 * np.sin(3 * hyper[:, 0]) + 5 * (lengths == 10)
    errors = np.full((count, 2, 20), np.nan)
    for row, length in enumerate(lengths):
        fall = 1 - np.exp(-4 * np.arange(1, length + 1) / length)
        curve = 90 - (90 - ends[row]) * fall + noise * rng.standard_normal()
        errors[row, :, :length] = [curve, curve - 1] + 0.2 * rng.standard_normal((2, length))
    return CurveExamples(architecture, hyper, lengths, errors)


@pytest.fixture(scope="module")
def model() -> CurveModel:
    pairs = invented(200, 2, 1.0), invented(200, 2, 1.001)
    return CurveModel.fit(invented(400), invented(60, 1), np.random.default_rng(0), pairs=pairs, **SETTINGS)


@pytest.mark.slow
def test_it_learns_curves_of_both_lengths_and_kinds(model: CurveModel) -> None:
    new = invented(300, 3)
    for length, rows, errors in new.groups():
        found = model.predict(new.architecture[rows], new.hyper[rows], np.linspace(0, 1, length))
        for kind in (0, 1):
            assert np.sqrt(np.mean((found[kind] - errors[:, kind]) ** 2)) < 2.5  # a curve's own noise is 1
        assert 0.5 < np.mean(found[0] - found[1]) < 1.5
    everywhere = np.column_stack([np.full((5000, 3), 9.0) * np.random.default_rng(0).standard_normal((5000, 3))])
    far = model.predict(everywhere, everywhere, [0.0, 0.3, 1.0])
    assert all(((one >= 0) & (one <= 100)).all() for one in far)


@pytest.mark.slow
def test_what_is_stored_is_what_predicts(model: CurveModel) -> None:
    again = CurveModel.from_arrays(model.arrays())
    new, places, uniforms = invented(40, 4), np.linspace(0, 1, 7), np.linspace(0, 0.99, 40)
    for noise in ("retraining", "residual"):
        ours = model.noisy(new.architecture, new.hyper, places, uniforms, noise)
        assert np.array_equal(ours, again.noisy(new.architecture, new.hyper, places, uniforms, noise))
    missing = {name: array for name, array in model.arrays().items() if name != "residual_scale"}
    with pytest.raises(KeyError):
        CurveModel.from_arrays(missing)


@pytest.mark.slow
def test_one_training_is_one_training_at_every_position(model: CurveModel) -> None:
    """Whole curves or a point of them, in a batch or alone: the same uniform, the same noise."""
    new, uniforms = invented(30, 5), np.random.default_rng(0).random(30)
    places = np.linspace(0, 1, 5)
    both = np.stack(model.noisy(new.architecture, new.hyper, places, uniforms))
    one = np.stack(model.noisy(new.architecture[7:8], new.hyper[7:8], [[places[3]]], uniforms[7:8]))
    assert one[:, 0, 0] == pytest.approx(both[:, 7, 3], abs=1e-4)
    mean = np.stack(model.predict(new.architecture, new.hyper, places))
    deviations = np.concatenate(
        [
            np.stack(model.noisy(new.architecture, new.hyper, places, np.random.default_rng(k).random(30))) - mean
            for k in range(40)
        ],
        axis=1,
    )
    assert np.std(deviations[:, :, 2:]) == pytest.approx(np.hypot(1, 0.2), rel=0.25)
    assert np.corrcoef(deviations[0, :, -1], deviations[1, :, -1])[0, 1] > 0.8  # the curve's noise is of both kinds
    assert np.corrcoef(deviations[0, :, 2], deviations[0, :, -1])[0, 1] > 0.8


@pytest.mark.slow
def test_intervals_hold_what_they_promise_on_new_trainings(model: CurveModel) -> None:
    new = invented(500, 6)
    low, high = model.interval(new.architecture, new.hyper, [0.0, 0.7, 1.0], 0.8)
    held = (low[:, :, -1] <= new.last) & (new.last <= high[:, :, -1])
    assert 0.68 < held.mean() < 0.92  # 60 trainings calibrated it: a standard error of .05


@pytest.mark.slow
def test_mistakes_are_answered(model: CurveModel) -> None:
    ok = np.zeros((2, 3))
    for architecture, hyper in ((np.zeros((2, 4)), ok), (ok, np.zeros((3, 3))), (np.zeros(3), ok)):
        with pytest.raises(UserError, match=r"expected \[N, 3\] and \[N, 3\]"):
            model.predict(architecture, hyper, [0.5])
    for positions in ([1.1], [-0.1], [np.nan], np.zeros((3, 2))):
        with pytest.raises(UserError, match=r"expected \[K\] or \[2, K\] within 0 to 1"):
            model.predict(ok, ok, positions)
    with pytest.raises(UnknownNameError, match="did you mean 'residual'"):
        model.noisy(ok, ok, [0.5], np.zeros(2), "residuals")


def test_curves_that_are_none_are_refused() -> None:
    good = invented(3)
    parts = {"architecture": good.architecture, "hyper": good.hyper, "lengths": good.lengths, "errors": good.errors}
    wrong = {
        "outside 0 to 100 percent": {"errors": good.errors + 100},
        "not finite; a diverged": {"errors": np.full((3, 2, 20), np.nan)},
        "curves of 3 to 20 points": {"lengths": np.array([3, 20, 20])},
        "curves of 21 to 21 points": {"lengths": np.array([21, 21, 21])},
        r"expected \[trainings, 2, points\]": {"errors": good.errors[:, 0]},
        "features that are not finite": {"hyper": np.full((3, 3), np.inf)},
        "expected as many of each": {"hyper": good.hyper[:2]},
    }
    for reason, part in wrong.items():
        with pytest.raises(UserError, match=reason):
            CurveExamples(**parts | part)
    with pytest.raises(UserError, match="3 curves to learn from: at least 20"):
        CurveModel.fit(good, good, np.random.default_rng(0))


def test_positions_of_progress() -> None:
    assert position([0.0, 0.25, 0.5, 1.0], 4).tolist() == [0.0, 0.0, 1 / 3, 1.0]
    both = position([[1 / 9, 1.0]], np.array([[10], [50]]))
    assert both == pytest.approx(np.array([[(10 / 9 - 1) / 9, 1.0], [(50 / 9 - 1) / 49, 1.0]]))


def test_curves_are_read_between_their_points() -> None:
    examples = invented(5)
    length = int(examples.lengths[0])
    at = examples.at(np.linspace(0, 1, 2 * length - 1))[0]
    assert at[:, ::2] == pytest.approx(examples.errors[0, :, :length])
    assert at[:, 1::2] == pytest.approx((at[:, :-2:2] + at[:, 2::2]) / 2)
    assert examples.last[0].tolist() == examples.errors[0, :, length - 1].tolist()


def test_noise_depends_on_the_level_and_keeps_its_shape() -> None:
    rng = np.random.default_rng(0)
    levels = rng.uniform(10, 90, 2000)
    means = np.broadcast_to(levels[:, None, None], (2000, 2, 5))
    size = 1 + levels / 20
    deviations = np.repeat((size * rng.standard_normal(2000))[:, None, None], 5, axis=2) * np.ones((2000, 2, 5))
    noise = CurveNoise.fit(deviations, means, np.zeros_like(deviations))
    asked, positions = np.repeat([[20.0], [80.0]], 2000, axis=0), np.broadcast_to([0.1, 0.9], (4000, 2))
    level = np.broadcast_to(asked[:, :, None], (4000, 2, 2))
    drawn = noise.draw(level, 0.0, positions, asked[:, 0], rng.random(4000))
    assert drawn[:2000].std() == pytest.approx(2, rel=0.2)
    assert drawn[2000:].std() == pytest.approx(5, rel=0.2)
    assert drawn[:, 0, 0] == pytest.approx(drawn[:, 1, 1], rel=0.1, abs=0.01)
    low, high = noise.interval(level[:1] + 30, 0.0, positions[:1], 0.95)  # at 50
    assert (high - low)[0, 0, 0] == pytest.approx(2 * 1.96 * 3.5, rel=0.15)
    assert np.isfinite(noise.total(np.full((1, 2, 1), 100.0), 0.0, np.ones((1, 1)))).all()
