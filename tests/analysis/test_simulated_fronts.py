"""What selection by observations costs random search in hypervolume."""

import numpy as np
import pytest

from fairwatt.analysis import simulated_fronts
from fairwatt.analysis.indicators import FrontScale
from fairwatt.analysis.random_search_curve import RandomSearchCurve
from fairwatt.analysis.simulated_fronts import fronts, selection_loss

TRAININGS = np.array([1.0, 3.0, 10.0, 40.0])


def _space(noise: float, count: int = 60) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], FrontScale]:
    rng = np.random.default_rng(4)
    energy, error = rng.random(count), rng.random(count)
    points = np.column_stack([energy, error])
    observed = error[:, None] + noise * rng.standard_normal((count, 3))
    return points, (np.repeat(energy[:, None], 3, axis=1), observed), FrontScale.of(points)


def test_fronts_of_every_beginning() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 12, size=(2, 300)).astype(float)  # with many equal points, and beyond the first block
    entered, sets = fronts(x, y)
    for n in (1, 2, 7, 64, 65, 200, 300):
        kept = set(sets[np.searchsorted(entered, n) - 1])
        dominated = (x[:n] <= x[:n, None]) & (y[:n] <= y[:n, None]) & ((x[:n] < x[:n, None]) | (y[:n] < y[:n, None]))
        equal = (x[:n] == x[:n, None]) & (y[:n] == y[:n, None])
        before = np.tri(n, k=-1, dtype=bool)
        assert kept == set(np.flatnonzero(~dominated.any(axis=1) & ~(equal & before).any(axis=1)).tolist())


def test_without_noise_nothing_is_lost() -> None:
    points, observed, scale = _space(0.0)
    loss = selection_loss(
        observed, points, scale, TRAININGS, replacement=False, chances=None, rng=np.random.default_rng(0)
    )
    assert abs(loss.mean).max() < 1e-12


@pytest.mark.parametrize(("replacement", "even"), [(False, True), (True, False)])
def test_the_loss_is_that_of_searches(replacement: bool, even: bool) -> None:
    points, (energy, observed), scale = _space(0.5)
    chances = None if even else np.random.default_rng(1).dirichlet(np.full(60, 2.0))
    found = selection_loss(
        (energy, observed),
        points,
        scale,
        TRAININGS,
        replacement=replacement,
        chances=chances,
        rng=np.random.default_rng(0),
    )
    rng, losses = np.random.default_rng(7), np.empty((100, 4))
    for search in range(100):
        drawn = rng.choice(60, size=40, replace=replacement, p=chances)
        seen = np.column_stack([energy[:, 0], observed[np.arange(60), rng.integers(3, size=60)]])
        for place, n in enumerate(TRAININGS.astype(int)):
            had = np.unique(drawn[:n])
            best = [i for i in had if not any((seen[j] <= seen[i]).all() and (seen[j] != seen[i]).any() for j in had)]
            losses[search, place] = scale.hypervolume_regret(points[best]) - scale.hypervolume_regret(points[had])
    error = np.hypot(losses.std(axis=0) / 10, found.standard_error)
    assert (abs(found.mean - losses.mean(axis=0)) <= 4 * error + 1e-12).all()
    assert found.mean[-1] > 3 * found.standard_error[-1] > 0


def test_a_second_training_of_a_configuration_shows_the_same() -> None:
    """The better of two configurations shows 0 or 1, the other always .5: forty draws of both do not change that."""
    points, observed = np.array([(1.0, 0.1), (1.0, 0.9)]), np.array([(0.0, 1.0), (0.5, 0.5)])
    found = selection_loss(
        (np.ones((2, 2)), observed),
        points,
        FrontScale.of(points),
        np.array([40.0]),
        replacement=True,
        chances=None,
        rng=np.random.default_rng(0),
    )
    lost = FrontScale.of(points).hypervolume_regret(points[1:])
    assert found.mean[0] / lost == pytest.approx(0.5, abs=0.15)


def test_a_large_space_is_drawn_from_in_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    points, observed, scale = _space(0.5)
    chances = np.random.default_rng(1).dirichlet(np.full(60, 5.0))
    found = []
    for few in (20_000, 0):
        monkeypatch.setattr(simulated_fronts, "_FEW", few)
        rng = np.random.default_rng(0)
        found.append(selection_loss(observed, points, scale, TRAININGS, replacement=False, chances=chances, rng=rng))
    one, other = found
    assert (abs(one.mean - other.mean) <= 4 * np.hypot(one.standard_error, other.standard_error) + 1e-12).all()
    assert not np.array_equal(one.mean, other.mean)


def test_the_error_of_a_multiple_is_that_of_the_loss_over_the_slope() -> None:
    curve = RandomSearchCurve(np.array([1.0, 10.0, 100.0]), np.array([3.0, 2.0, 1.0]), np.array([0.0, 0.01, 0.01]))
    assert curve.simulation_error(2.0) == pytest.approx(0.01 * 10 * np.log(4) / (1 / 9 * 5 + 1 / 9), rel=0.2)
    assert curve.simulation_error(3.0) == 0
    assert curve.simulation_error(1.0) == 0
