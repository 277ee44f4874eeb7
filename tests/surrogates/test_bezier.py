"""Bézier curves: closer than the reference's at every degree and length, through both ends, sane between the points."""

import numpy as np
import pytest

from fairwatt.errors import UserError
from fairwatt.surrogates import bezier
from fairwatt.surrogates.bernstein import bernstein, horner, powers
from fairwatt.surrogates.bezier import DEGREES, evaluate, evaluate_at, fit

SHAPES = ("exponential", "power law", "spikes", "divergence", "chance level", "late fall")


def curves(shape: str, length: int, count: int, *, noise: float = 1.0) -> np.ndarray:
    """Noisy synthetic errors [count, length] in percent, as trained networks show them."""
    rng = np.random.default_rng([SHAPES.index(shape), length])
    progress = np.arange(1, length + 1) / length
    rows = []
    for _ in range(count):
        low, high, deviation = rng.uniform(5, 50), rng.uniform(60, 90), rng.uniform(0.3, 3)
        falling = low + (high - low) * np.exp(-progress * rng.uniform(3, 25))
        if shape == "power law":
            falling = low + (high - low) * np.arange(1, length + 1) ** -rng.uniform(0.3, 1.2)
        elif shape == "spikes":
            falling[rng.integers(length, size=3)] += rng.uniform(10, 40)
        elif shape == "divergence":
            falling[rng.integers(length // 5, length - 1) :] = 90
        elif shape == "chance level":
            falling, deviation = np.full(length, 90.0), rng.uniform(0, 0.5)
        elif shape == "late fall":
            falling = low + (high - low) / (1 + np.exp((progress - rng.uniform(0.2, 0.8)) * rng.uniform(8, 40)))
        rows.append(np.clip(falling + noise * rng.normal(0, deviation, length), 0, 100))
    return np.array(rows)


def reference(y: np.ndarray, degree: int) -> np.ndarray:
    """The published curve of one training [L] at its own epochs (eahas.md §2.2), written from its description.

    Chord-length parameter over (epoch, percent), least squares without constraints, end control points replaced; a
    value is the first crossing of a vertical segment from -10 to 100, and the curve's middle where there is none.
    """
    epochs = np.arange(1, len(y) + 1.0)
    chords = np.hypot(np.diff(epochs), np.diff(y))
    parameter = np.concatenate([[0], np.cumsum(chords)]) / chords.sum()
    control = np.linalg.pinv(bernstein(parameter, degree)) @ np.column_stack([epochs, y])
    control[0], control[-1] = (1, y[0]), (len(y), y[-1])
    x, percent = (bernstein(np.linspace(0, 1, 1001), degree) @ control).T
    before, after = x[:-1] - epochs[:, None], x[1:] - epochs[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = percent[:-1] + np.diff(percent) * before / (before - after)
    hit = (before * after <= 0) & (value >= -10) & (value <= 100)
    middle = (bernstein(np.array([0.5]), degree) @ control[:, 1])[0]
    answer = np.where(hit.any(axis=1), value[np.arange(len(y)), hit.argmax(axis=1)], middle)
    answer[0], answer[-1] = y[0], y[-1]
    return answer


def rmse(found: np.ndarray, sought: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - sought) ** 2)))


def control_points(degree: int, count: int, crowding: float = 1.0) -> np.ndarray:
    """Random ones [count, degree + 1, 2] with monotone x."""
    rng = np.random.default_rng(degree)
    steps = rng.dirichlet(np.full(degree, crowding), size=count)
    x = np.column_stack([np.zeros(count), np.cumsum(steps, axis=1)])
    x[:, -1] = 1
    return np.stack([x, rng.uniform(0, 100, size=x.shape)], axis=-1)


@pytest.mark.parametrize("degree", DEGREES)
def test_it_is_closer_than_the_reference(degree: int) -> None:
    errors = np.array(
        [
            [
                (rmse(evaluate(fit(y, degree), length), y), rmse(np.array([reference(row, degree) for row in y]), y))
                for y in (curves(shape, length, 4) for shape in SHAPES)
            ]
            for length in (12, 25, 50, 100, 200)
        ]
    )
    for over in (0, 1):  # curves of each shape, curves of each length
        ours, theirs = np.sqrt((errors**2).mean(axis=over)).T
        assert (ours < theirs).all()


def test_the_reference_is_no_straw_man() -> None:
    y = curves("exponential", 100, 6, noise=0)
    errors = [rmse(np.array([reference(row, degree) for row in y]), y) for degree in DEGREES]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1


@pytest.mark.parametrize("degree", DEGREES)
def test_ends_are_met_and_x_is_monotone(degree: int) -> None:
    y = np.concatenate([curves(shape, 25, 4) for shape in SHAPES])
    points = fit(y, degree)
    assert points.shape == (len(y), degree + 1, 2)
    assert (points[:, 0, 0] == 0).all()
    assert (points[:, -1, 0] == 1).all()
    assert (np.diff(points[:, :, 0], axis=1) >= 0).all()
    assert (points[:, 0, 1] == y[:, 0]).all()
    assert (points[:, -1, 1] == y[:, -1]).all()
    assert evaluate(points, 25)[:, [0, -1]] == pytest.approx(y[:, [0, -1]], abs=1e-10)


@pytest.mark.parametrize("degree", DEGREES)
def test_given_x_the_fit_is_constrained_least_squares(degree: int) -> None:
    y = np.concatenate([curves(shape, 30, 3) for shape in SHAPES])
    equal = np.linspace(0, 1, degree + 1)
    basis = bernstein(np.linspace(0, 1, 30), degree)  # equal spacing: x is t
    ends = np.outer(y[:, 0], basis[:, 0]) + np.outer(y[:, -1], basis[:, -1])
    solved = np.linalg.lstsq(basis[:, 1:-1], (y - ends).T, rcond=None)[0].T
    points = fit(y, degree, x=equal)
    assert points[:, 1:-1, 1] == pytest.approx(solved, rel=1e-9)
    assert points[:, :, 0] == pytest.approx(np.tile(equal, (len(y), 1)))
    gain = ((evaluate(points, 30, clip=False) - y) ** 2).sum(1) - (
        (evaluate(fit(y, degree), 30, clip=False) - y) ** 2
    ).sum(1)
    assert (gain > -1e-6).all()  # no curve is further from its own best of the lattice
    assert (gain > 0).mean() > 0.5


def test_a_bezier_curve_is_found_again() -> None:
    points = control_points(5, 1)
    y = evaluate(points, 40, clip=False)
    assert fit(y, 5, x=points[0, :, 0]) == pytest.approx(points, abs=1e-4)
    straight = np.linspace(80, 20, 30)[None]
    for y in (straight, np.full((1, 12), 90.0)):
        found = fit(y, 4)
        assert found[0, :, 0] == pytest.approx([0, 0.25, 0.5, 0.75, 1])  # where all placements are as good
        assert evaluate(found, y.shape[1]) == pytest.approx(y)


@pytest.mark.parametrize("degree", DEGREES)
def test_as_many_points_as_control_points_are_met(degree: int) -> None:
    y = np.random.default_rng(0).uniform(20, 80, size=(5, degree + 1))
    assert evaluate(fit(y, degree), degree + 1, clip=False) == pytest.approx(y, abs=1e-6)


@pytest.mark.parametrize("degree", DEGREES)
def test_left_out_points_are_closer_than_with_equal_spacing(degree: int) -> None:
    y = np.concatenate([curves(shape, 49, 10) for shape in SHAPES])
    kept, others = y[:, ::4], np.arange(49) % 4 > 0
    errors = [
        rmse(evaluate(fit(kept, degree, x=x), 49)[:, others], y[:, others])
        for x in (None, np.linspace(0, 1, degree + 1))
    ]
    assert errors[0] < errors[1]


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("crowding", [0.3, 2.0])
def test_values_are_those_the_control_points_define(degree: int, crowding: float) -> None:
    points = control_points(degree, 200, crowding)
    t = np.random.default_rng(1).random((200, 40))
    basis = bernstein(t, degree)
    x, y = (np.einsum("nkd,nd->nk", basis, points[..., axis]) for axis in (0, 1))
    slope = horner(powers(points[..., 0])[:, 1:] * np.arange(1, degree + 1), t)
    found = evaluate_at(points, np.clip(x, 0, 1), clip=False)
    assert np.abs(found - y)[slope > 1e-2].max() <= 1e-7 * 100
    identity = np.stack([points[..., 0], 100 * points[..., 0]], axis=-1)  # y is 100 x, however x is crowded
    assert np.abs(evaluate_at(identity, x.clip(0, 1)) - 100 * x).max() <= 1e-7 * 100


def test_lengths_and_ways_to_ask_agree() -> None:
    points = control_points(4, 6)
    fine = evaluate(points, 199)
    assert evaluate(points, 100) == pytest.approx(fine[:, ::2], abs=1e-6)
    assert evaluate(points, 2) == pytest.approx(fine[:, [0, -1]], abs=1e-10)
    positions = np.linspace(0, 1, 199)[::-1]
    assert evaluate_at(points, positions) == pytest.approx(fine[:, ::-1], abs=1e-6)
    assert evaluate_at(points, np.tile(positions, (6, 1))) == pytest.approx(fine[:, ::-1], abs=1e-6)
    assert evaluate_at(points.astype(np.float32), [0.3]) == pytest.approx(evaluate_at(points, [0.3]), rel=1e-3)


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.concatenate([curves(shape, 25, 2) for shape in SHAPES])
    points = fit(y, 4)
    fitted, own = evaluate(points, 50), evaluate(control_points(4, 12), 50)
    assert np.concatenate([fit(row[None], 4) for row in y]) == pytest.approx(points, abs=1e-9)
    monkeypatch.setattr(bezier, "_CHUNK", 100)
    assert fit(y, 4) == pytest.approx(points, abs=1e-9)
    assert evaluate(points, 50) == pytest.approx(fitted, abs=1e-9)
    assert evaluate(control_points(4, 12), 50) == pytest.approx(own, abs=1e-9)
    assert evaluate(fit(y[:0], 4), 50).shape == (0, 50)
    assert evaluate_at(points, []).shape == (12, 0)


def test_values_are_clipped_where_they_are_evaluated_only() -> None:
    y = np.array([[150.0, 120.0, 60.0, -10.0, -20.0, 5.0]])
    points = fit(y, 5)
    assert points[0, 0, 1] == 150
    clipped, whole = evaluate(points, 30), evaluate(points, 30, clip=False)
    assert (whole.min(), whole.max()) < (0, 100) < (whole.max(), 1e9)
    assert (clipped == whole.clip(0, 100)).all()


@pytest.mark.parametrize(
    ("curves", "degree", "said"),
    [
        (np.zeros((2, 20)), 2, "degree 2: .* 3 to 6"),
        (np.zeros((2, 20)), 7, "degree 7"),
        (np.zeros((2, 20)), "quartic", "'quartic'"),
        (np.zeros((2, 4)), 4, "curves of 4 points: degree 4 needs 5 or more; use degree 3"),
        (np.zeros((2, 3)), 3, "4 points are the least"),
        (np.zeros(20), 4, r"shape \[20\]: \[N, L\]"),
        ([[1.0, np.nan, 1, 1, 1, 1]], 4, r"nan at \[0, 1\]"),
        ([[1.0, 1, 1, 1, 1, np.inf]], 4, r"inf at \[0, 5\]"),
        ([[1.0, 1, 1, 1, 1], [1.0, 1, 1, 1]], 3, "another length"),
        ([["low", "lower", "lowest", "none"]], 3, "numbers"),
    ],
)
def test_what_cannot_be_fitted_is_said(curves: object, degree: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        fit(curves, degree)  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [[0, 0.5, 1], [0, 0.6, 0.4, 0.8, 1], [0.1, 0.2, 0.3, 0.4, 1], [0, 0.2, 0.3, 0.4, np.nan]])
def test_x_that_is_not_monotone_is_refused(x: list[float]) -> None:
    with pytest.raises(UserError, match=r"x has 3 numbers|from|0 to 1 without a decrease|nan at \[4\]"):
        fit(np.zeros((1, 20)), 4, x=x)


def test_what_cannot_be_evaluated_is_said() -> None:
    points = control_points(4, 3)
    for wrong, positions, said in (
        (points[..., :1], [0.5], "x and y last"),
        (points[:, :3], [0.5], "degree 2"),
        (points[0], [0.5], r"shape \[5, 2\]"),
        (points[:, ::-1], [0.5], "control points 0 have x"),
        (points * np.nan, [0.5], "nan at"),
        (points, [1.5], r"outside \[0, 1\]"),
        (points, [[0.5], [0.5]], r"\[3, K\] expected"),
        (points, 0.5, "positions of shape"),
        (points, [np.nan], "nan at"),
    ):
        with pytest.raises(UserError, match=said):
            evaluate_at(wrong, positions)
    with pytest.raises(UserError, match="2 points or more"):
        evaluate(points, 1)
