"""MO-BOHB: one order for what is good and for what goes on, and everything else as in BOHB."""

from pathlib import Path

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairwatt import make_benchmark
from fairwatt.analysis.indicators import FrontScale
from fairwatt.errors import UserError
from fairwatt.optimizers import bohb as module
from fairwatt.optimizers.dominance import REFERENCE
from fairwatt.optimizers.hyperband import brackets
from fairwatt.optimizers.mo_bohb import by_hypervolume, mo_bohb, selected_early
from fairwatt.problem import Benchmark
from fairwatt.records import Status, Trial
from fairwatt.search_spaces.table_import import import_file

CORNER = np.full(2, REFERENCE)


def _trial(*losses: float, status: Status = Status.OK) -> Trial:
    return Trial((0,), 1.0, losses[0], losses[1], losses, status)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=9), st.integers(0, 99))
def test_each_next_one_adds_most_to_the_hypervolume_of_those_taken(places: list[int], seed: int) -> None:
    """Against the hypervolume of another library; equal points, too, are in one front."""
    rng = np.random.default_rng(seed)
    front = np.column_stack([np.array(places) / 20, 1 - (np.array(places) / 20) ** rng.uniform(0.3, 3)])
    order = np.argsort(-selected_early(front))
    assert sorted(order) == list(range(len(front)))

    def volume(places: list[int]) -> float:
        return float(moocore.hypervolume(front[places], ref=CORNER)) if places else 0.0

    for count in range(len(front)):
        taken, rest = order[:count].tolist(), order[count:].tolist()
        gains = [volume([*taken, place]) - volume(taken) for place in rest]
        assert gains[0] == pytest.approx(max(gains), abs=1e-12)


def test_fronts_come_before_selection_and_invalid_ones_last() -> None:
    rng = np.random.default_rng(0)
    trials = [_trial(*losses) for losses in rng.random((40, 2)).tolist()]
    invalid = _trial(np.inf, np.inf, status=Status.INVALID)
    ordered = by_hypervolume([invalid, *trials])
    assert ordered[-1] is invalid
    ranks = moocore.pareto_rank(np.array([trial.losses for trial in ordered[:-1]]))
    assert (np.diff(ranks) >= 0).all()
    assert ranks[-1] > 2


def test_the_best_by_both_losses_go_on(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    bracket = brackets(toy.fidelities)[0]
    rest = iter(drive("mo-bohb", sum(n for n, _ in bracket)))
    before: list[Trial] = []
    for n, fidelity in bracket:
        rung = [next(rest) for _ in range(n)]
        assert {trial.fidelity for trial in rung} == {fidelity}
        if before:
            assert [trial.config for trial in rung] == [trial.config for trial in by_hypervolume(before)[:n]]
            assert len({trial.config for trial in before}) > n
        before = rung


def test_the_good_are_the_first_in_that_order(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    fitted: list[np.ndarray] = []
    real = module.ProductKernelDensity.fit

    def watched(points, levels, min_bandwidth):  # type: ignore[no-untyped-def]
        fitted.append(points)
        return real(points, levels, min_bandwidth)

    monkeypatch.setattr(module.ProductKernelDensity, "fit", staticmethod(watched))
    trials = drive("mo-bohb", 28, random_fraction=0.0, min_points=4)[:27]
    before = [trials[:place] for place in range(6, 27)]  # the model of each draw is of what was trained before it
    assert len(fitted) == 2 * len(before)
    for known, good in zip(before, fitted[::2], strict=True):
        assert (good == [toy.space.encode(trial.config) for trial in by_hypervolume(known)[:4]]).all()


def test_no_network_is_trained_twice_at_one_fidelity(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    asked = [(toy.space.key(trial.config), trial.fidelity) for trial in drive("mo-bohb", 250)]
    assert len(set(asked)) == len(asked) == 250


@pytest.mark.slow
def test_the_model_finds_more_hypervolume_than_random_draws(drive) -> None:  # type: ignore[no-untyped-def]
    def volume(random_fraction: float) -> float:
        found = []
        for seed in range(8):
            trials = drive("mo-bohb", 195, seed, random_fraction=random_fraction)
            losses = np.array([trial.losses for trial in trials if trial.fidelity == 1.0])
            found.append(moocore.hypervolume(losses, ref=np.array([0.5, 0.1])))
        return float(np.mean(found))

    assert volume(0.0) > volume(1.0)


@pytest.mark.slow
def test_a_small_space_is_trained_once_through_and_then_the_search_ends(drive) -> None:  # type: ignore[no-untyped-def]
    small = make_benchmark("toy-cells")
    small.space = type(small.space)(5, range(12))
    asked = [(small.space.key(trial.config), trial.fidelity) for trial in drive("mo-bohb", 49, benchmark=small)]
    assert len(set(asked)) == len(asked) < 49
    assert {key for key, fidelity in asked if fidelity == 1.0} == set(range(12))


@pytest.mark.slow
def test_hypervolume_regret_on_4v_falls(shared: Path, tmp_path: Path, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    import_file(shared / "ecnas/official/energy_4V9E_4epochs.tfrecord")
    benchmark = make_benchmark("ec-nas-4v")
    truth = benchmark.reference()
    points = dict(zip(truth.keys, np.column_stack([truth.val_error, truth.energy_kwh]), strict=True))
    scale = FrontScale.of(list(points.values()))
    full = [t for t in drive("mo-bohb", 280, benchmark=benchmark) if t.fidelity == 1.0]
    found = [points[benchmark.space.key(trial.config)] for trial in full]
    assert len(found) < 45, "less than a half of the 91"
    assert scale.hypervolume_regret(found[:2]) > 0.1
    assert scale.hypervolume_regret(found[:20]) < 0.04
    assert scale.hypervolume_regret(found) < 0.02


def test_energy_of_a_cycle_is_that_of_hyperband() -> None:
    assert mo_bohb.cycle_full((4, 12, 36, 108), mo_bohb.defaults) == pytest.approx(1692 / 108)


@pytest.mark.parametrize("wrong", [{"top_percent": 0}, {"candidates": 0}, {"random_fraction": 2.0}, {"eta": 2}])
def test_settings_out_of_range_are_refused(toy: Benchmark, wrong: dict[str, float]) -> None:
    problem = toy.problem(0, objectives=mo_bohb.objectives)
    with pytest.raises(UserError):
        mo_bohb.create(problem, np.random.default_rng(0), **wrong).ask()


def test_one_objective_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="two objectives"):
        mo_bohb.create(toy.problem(0), np.random.default_rng(0))
