"""The product-kernel density: normalised, in agreement with statsmodels, and kinds of dimensions kept apart."""

import warnings

import numpy as np
import pytest

from fairwatt.surrogates.kde import ProductKernelDensity

LEVELS = np.array([0, 3, 0, 2])


def _points(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    columns = [(rng.integers(n, size=count) + 0.5) / n if n else rng.beta(2, 5, size=count) for n in LEVELS]
    return np.stack(columns, axis=1)


def test_it_agrees_with_statsmodels_at_its_bandwidths() -> None:
    from statsmodels.nonparametric.kernel_density import KDEMultivariate

    points, at = _points(40), _points(15, seed=1)
    ours = ProductKernelDensity.fit(points, LEVELS)
    codes, at_codes = (np.where(LEVELS > 0, np.floor(p * LEVELS), p) for p in (points, at))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of its default generator, which nothing here uses
        theirs = KDEMultivariate(codes, var_type="cucu", bw="normal_reference")
    assert ours.bandwidths[[0, 2]] == pytest.approx(theirs.bw[[0, 2]])
    theirs.bw = ours.bandwidths
    assert np.exp(ours.log_density(at)) == pytest.approx(theirs.pdf(at_codes))


def test_unordered_dimensions_sum_to_one_over_the_levels_of_the_space() -> None:
    points = np.full((6, 1), 0.5 / 4)  # one of four levels was seen
    density = ProductKernelDensity.fit(points, np.array([4]))
    levels = (np.arange(4)[:, None] + 0.5) / 4
    assert np.exp(density.log_density(levels)).sum() == pytest.approx(1.0)


def test_no_kernel_prefers_what_was_not_seen() -> None:
    points = (np.array([0, 2] * 3)[:, None] + 0.5) / 3  # the reference rule gives .77 here
    density = ProductKernelDensity.fit(points, np.array([3]))
    unseen, seen = density.log_density(np.array([[0.5], [0.5 / 3]]))
    assert density.bandwidths[0] == pytest.approx(2 / 3)
    assert seen >= unseen - 1e-12


def test_an_ordered_dimension_is_a_density() -> None:
    density = ProductKernelDensity.fit(np.array([[0.4], [0.6], [0.5]]), np.array([0]))
    grid = np.linspace(-1, 2, 3001)[:, None]
    assert np.exp(density.log_density(grid)).sum() * 0.001 == pytest.approx(1.0, abs=1e-3)


def test_each_dimension_has_its_own_kernel() -> None:
    points = _points(30)
    density = ProductKernelDensity.fit(points, LEVELS)
    start = np.array([[0.3, 0.5, 0.3, 0.25]])
    for column, step in enumerate((0.3, 1 / 3, 0.3, 0.5)):
        moved = start.copy()
        moved[0, column] += step
        assert density.log_density(moved) != density.log_density(start)
    within = start + np.array([[0, 0.1, 0, 0.1]])  # the same levels
    assert density.log_density(within) == density.log_density(start)


def test_draws_are_in_the_cube_on_the_levels_and_near_the_points() -> None:
    points = _points(25)
    drawn = ProductKernelDensity.fit(points, LEVELS).sample(4000, np.random.default_rng(0), bandwidth_factor=3.0)
    assert drawn.shape == (4000, 4)
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert set(np.unique((drawn[:, 1] * 3 - 0.5).round(9))) == {0.0, 1.0, 2.0}
    narrow = ProductKernelDensity.fit(points, LEVELS).sample(4000, np.random.default_rng(0))
    assert narrow[:, 0].mean() == pytest.approx(points[:, 0].mean(), abs=0.03)
    assert drawn[:, 0].std() > narrow[:, 0].std() > points[:, 0].std() * 0.9


def test_one_point_alone_is_a_density_too() -> None:
    density = ProductKernelDensity.fit(_points(1), LEVELS, 1e-3)
    assert np.isfinite(density.log_density(_points(5))[0]) or density.log_density(_points(1))[0] > 0
    assert density.bandwidths.tolist() == [1e-3] * 4


def test_what_is_no_sample_is_refused() -> None:
    for points in (np.empty((0, 4)), np.zeros(4), np.zeros((3, 2))):
        with pytest.raises(ValueError, match="expected points"):
            ProductKernelDensity.fit(points, LEVELS)
