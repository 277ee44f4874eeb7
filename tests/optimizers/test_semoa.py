"""SEMOA: archive, contributions, ranking, and children that may change everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairwatt.errors import UserError
from fairwatt.optimizers import semoa as module
from fairwatt.optimizers.semoa import change_rates, contributions, non_dominated, parents, ranking_chances, ranks, semoa
from fairwatt.problem import Benchmark
from fairwatt.records import Status, Trial


def _trial(*losses: float) -> Trial:
    return Trial((len(losses),), 1.0, losses[0], losses[1], losses)


def _area(points: np.ndarray, reference: float = 20.0) -> float:
    area, height = 0.0, reference
    for first, second in sorted(map(tuple, points)):
        if second < height:
            area += (reference - first) * (height - second)
            height = second
    return area


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_the_archive_is_the_non_dominated_set(losses: list[tuple[int, int]]) -> None:
    archive: list[Trial] = []
    for pair in losses:
        archive = non_dominated(archive, _trial(*map(float, pair)))
    front = {p for p in losses if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in losses)}
    assert sorted(trial.losses for trial in archive) == sorted(front)


def test_an_invalid_trial_never_enters() -> None:
    invalid = Trial((0,), 1.0, np.inf, np.inf, (np.inf, np.inf), Status.INVALID)
    assert non_dominated([], invalid) == []


@given(st.sets(st.integers(1, 12), min_size=1, max_size=8))
def test_contributions_are_what_the_hypervolume_loses(firsts: set[int]) -> None:
    rng = np.random.default_rng(len(firsts))
    points = np.array([[x, 13 - x + 0.1 * i] for i, x in enumerate(sorted(firsts, reverse=True))], dtype=float)
    points = points[rng.permutation(len(points))]
    added = contributions(points)
    order = np.argsort(points[:, 0])
    assert np.isinf(added[order[[0, -1]]]).all()
    for place in order[1:-1]:
        assert added[place] == pytest.approx(_area(points) - _area(np.delete(points, place, axis=0)))


def test_linear_ranking() -> None:
    chances = ranking_chances(5, 1.9)
    assert chances.sum() == pytest.approx(1.0)
    assert chances[0] == pytest.approx(1.9 / 5)
    assert chances[-1] == pytest.approx(0.1 / 5)
    assert np.diff(chances) == pytest.approx([-0.09] * 4)
    assert ranking_chances(1, 1.9).tolist() == [1.0]


@pytest.mark.parametrize("size", [1, 2, 30])
def test_ranks_are_the_draws_of_a_generators_own_choice(size: int) -> None:
    """So that traces stay as they were when ranks were drawn by it."""
    one, two = np.random.default_rng(size), np.random.default_rng(size)
    for count in (0, 1, 8, 500):
        assert ranks(size, count, 1.9, one).tolist() == two.choice(size, count, p=ranking_chances(size, 1.9)).tolist()
    assert one.random() == two.random()


def test_the_extremes_are_always_parents() -> None:
    archive = [_trial(float(i), float(9 - i)) for i in (4, 0, 7, 9, 2)]
    for seed in range(20):
        chosen = [trial.losses[0] for trial in parents(archive, 4, 1.9, np.random.default_rng(seed))]
        assert chosen[:2] == [0.0, 9.0]
        assert len(chosen) == 4
    assert len(parents(archive[:1], 10, 1.9, np.random.default_rng(0))) == 10


def test_what_adds_more_hypervolume_is_a_parent_more_often() -> None:
    archive = [_trial(*losses) for losses in [(0.0, 9.0), (0.1, 8.9), (4.0, 4.0), (8.9, 0.1), (9.0, 0.0)]]
    drawn = [t.losses for seed in range(300) for t in parents(archive, 8, 1.9, np.random.default_rng(seed))[2:]]
    assert drawn.count((4.0, 4.0)) > 1.5 * max(drawn.count((0.1, 8.9)), drawn.count((8.9, 0.1)))


def test_children_change_every_dimension_the_first_interior_op_too(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    mothers: list[tuple[int, ...]] = []
    real = toy.space.perturb

    def watched(config, rng, **rates):  # type: ignore[no-untyped-def]
        assert rates == {"edges": 2.0, "ops": 0.5}
        mothers.append(config)
        return real(config, rng, **rates)

    monkeypatch.setattr(toy.space, "perturb", watched)
    search = semoa.create(toy.problem(0, objectives=semoa.objectives), np.random.default_rng(0))
    changed = []
    for _ in range(400):
        query = search.ask()
        if mothers:
            changed.append(np.array(query.config) != np.array(mothers[-1]))
        answer = toy.measure(query.config)
        losses = (answer.val_error, answer.energy_kwh)
        search.tell(Trial(query.config, 1.0, *losses, losses))
    assert (np.mean(changed, axis=0) > 0.05).all(), np.mean(changed, axis=0)


def test_children_that_were_asked_are_drawn_again(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    def distinct() -> int:
        return sum(len({toy.space.key(t.config) for t in drive("semoa", 100, seed)}) for seed in range(4))

    redrawn = distinct()
    monkeypatch.setattr(module, "REDRAWS", 1)
    assert redrawn > distinct() + 20
    assert redrawn > 0.93 * 400


def test_rates_fit_the_groups(toy: Benchmark) -> None:
    assert change_rates(toy.space, {"edges": 99.0}) == {"edges": 10.0, "ops": 1.0}


@pytest.mark.parametrize("settings", [{"population_size": 0}, {"eta_p": 2.5}, {"op_changes": -1.0}])
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, float]) -> None:
    problem = toy.problem(0, objectives=semoa.objectives)
    with pytest.raises(UserError, match="expected"):
        semoa.create(problem, np.random.default_rng(0), **settings).ask()


def test_one_objective_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="two objectives"):
        semoa.create(toy.problem(0), np.random.default_rng(0)).ask()
