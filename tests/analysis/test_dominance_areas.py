"""Areas by number of dominators: by definition, and where points are too many to walk through."""

import numpy as np
import pytest

from fairwatt.analysis import dominance_areas
from fairwatt.analysis.dominance_areas import area_by_dominators
from fairwatt.analysis.random_search_curve import _sum_over_missed

DRAWS = np.array([1, 2, 5, 10, 30, 100, 300, 1_000, 3_000])
REF = np.array([1.0, 1.0])


def test_areas_are_what_raster_points_count() -> None:
    points = np.random.default_rng(0).integers(0, 9, size=(12, 2)) / 8  # ties, a corner, points on and beyond the edge
    areas = area_by_dominators(points, REF)
    places = (np.arange(8) + 0.5) / 8
    counts = [(points <= (x, y)).all(axis=1).sum() for x in places for y in places]
    inside = points[(points < 1).all(axis=1)]
    expected = np.bincount(counts, minlength=13) / 64
    expected[0] -= 1 - (1 - inside[:, 0].min()) * (1 - inside[:, 1].min())  # left of and below all points
    np.testing.assert_allclose(areas, expected, atol=1e-12)
    assert not area_by_dominators(np.ones((3, 2)), REF).any()


def clouds() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    count = 4_000
    energy = rng.lognormal(-3, 0.7, count).clip(0, 0.99)
    trade_off = 0.1 + 0.02 / (0.02 + energy) * 0.5 + 0.03 * np.abs(rng.normal(size=count))
    return {"uniform": rng.random((count, 2)), "trade-off": np.column_stack([energy, trade_off])}


@pytest.mark.parametrize(("cloud", "few", "tolerance"), [("uniform", 500, 2e-3), ("trade-off", 1_000, 1e-2)])
def test_many_points_have_nearly_the_same_expected_hypervolumes(
    cloud: str, few: int, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 4,000 points on coarse grids, `few` of which may be walked through."""
    monkeypatch.setattr(dominance_areas, "LINES", 512)
    points = clouds()[cloud]
    exact, fast = area_by_dominators(points, REF), area_by_dominators(points, REF, most_cells=few**2)
    assert not np.array_equal(exact, fast)
    assert fast.sum() == pytest.approx(exact.sum(), rel=1e-12)
    assert fast[:3] == pytest.approx(exact[:3], rel=1e-9)  # the front, and what is next to it
    losses = [_sum_over_missed(areas, len(points), DRAWS, False) - areas[0] for areas in (exact, fast)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=tolerance)


@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_where_all_points_are_the_front_the_smallest_areas_are_exact(
    noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grid is sure of no dominator of any point there."""
    monkeypatch.setattr(dominance_areas, "LINES", 512)
    rng = np.random.default_rng(2)
    rank = np.sort(rng.random(4_000))
    points = 0.9 * np.column_stack([rank, 1 - rank]) + noise * rng.random((4_000, 2))
    exact, fast = area_by_dominators(points, REF), area_by_dominators(points, REF, most_cells=4_000 * 40)
    np.testing.assert_allclose(fast[:40], exact[:40], rtol=1e-9)
    assert not np.array_equal(exact, fast)
    losses = [_sum_over_missed(areas, len(points), DRAWS, False) - areas[0] for areas in (exact, fast)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-2)
    np.testing.assert_allclose(losses[1][-2:], losses[0][-2:], rtol=1e-4)
