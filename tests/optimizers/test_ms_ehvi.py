"""MS-EHVI: an exact expectation, models that choose, and no training twice."""

from pathlib import Path

import moocore
import numpy as np
import pytest

from fairwatt import make_benchmark
from fairwatt.analysis.indicators import FrontScale
from fairwatt.errors import UserError
from fairwatt.optimizers import ms_ehvi as module
from fairwatt.optimizers.ms_ehvi import expected_improvements, front_places, ms_ehvi, positive
from fairwatt.problem import Benchmark
from fairwatt.search_spaces.table_import import import_file

REFERENCE = np.array([1.1, 1.3])


def _front(seed: int, count: int = 6) -> np.ndarray:
    losses = np.random.default_rng(seed).uniform(0.1, 1.0, (count, 2))
    return losses[front_places(losses)]


def _gains(front: np.ndarray, points: np.ndarray) -> np.ndarray:
    """[P] what each point [P, 2] adds to the hypervolume of the front, by another library."""
    before = moocore.hypervolume(front, ref=REFERENCE)
    return np.array([moocore.hypervolume(np.vstack([front, point]), ref=REFERENCE) - before for point in points])


@pytest.mark.parametrize("seed", range(5))
def test_what_is_certain_improves_by_the_hypervolume_that_it_adds(seed: int) -> None:
    front, points = _front(seed), np.random.default_rng(seed + 9).uniform(0.01, 1.5, (100, 2))
    certain = np.zeros(100)
    first, second = np.log(points).T
    expected = expected_improvements(front, REFERENCE, (first, certain), (second, certain))
    assert expected == pytest.approx(_gains(front, points), abs=1e-12)
    assert (expected == 0).any()
    assert (expected > 0).any()


@pytest.mark.parametrize("deviations", [(0.4, 0.7), (0.4, 0.0), (0.0, 1.5), (3.0, 0.01)])
def test_the_expectation_is_that_of_draws(deviations: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    for seed, means in enumerate([(-0.7, -0.7), (-1.5, 0.1), (0.05, -2.0)]):
        front = _front(seed)
        predicted = [
            (np.array([mean]), np.array([deviation])) for mean, deviation in zip(means, deviations, strict=True)
        ]
        drawn = _gains(front, np.exp(rng.normal(means, deviations, (3_000, 2))))
        error = drawn.std() / len(drawn) ** 0.5
        assert abs(expected_improvements(front, REFERENCE, *predicted)[0] - drawn.mean()) <= 4 * error + 1e-12


def test_the_front_is_that_of_another_library() -> None:
    losses = np.random.default_rng(0).integers(0, 9, (60, 2)).astype(float)
    front = losses[front_places(losses)]
    assert (np.diff(front[:, 0]) > 0).all()
    assert sorted(front.tolist()) == sorted(moocore.filter_dominated(losses).tolist())


def test_an_expectation_without_any_knowledge_is_a_number() -> None:
    unknown = np.array([0.0, 50.0, -50.0]), np.array([100.0, 40.0, 1e-9])
    improvements = expected_improvements(_front(0), REFERENCE, unknown, unknown)
    assert np.isfinite(improvements).all()
    assert improvements[2] == pytest.approx(_gains(_front(0), np.zeros((1, 2)))[0])


def test_zeros_have_logarithms_and_keep_their_place() -> None:
    losses = positive(np.array([[0.0, 3.0], [0.2, 0.0], [0.4, 0.0]]))
    assert losses.tolist() == [[0.1, 3.0], [0.2, 1.5], [0.4, 1.5]]
    assert positive(np.zeros((2, 2))).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_the_next_training_is_what_is_expected_to_improve_most(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    shown: list[np.ndarray] = []
    real = module.expected_improvements

    def watched(front, reference, first, second):  # type: ignore[no-untyped-def]
        improvements = real(front, reference, first, second)
        assert (second[1] == 0).all(), "energy is taken for certain"
        assert (first[1] > 0).all()
        assert (front < reference).all()
        shown.append(improvements)
        return np.where(np.arange(len(improvements)) == 7, 1e9, 0.0)  # the eighth candidate

    monkeypatch.setattr(module, "expected_improvements", watched)
    pools: list[list[object]] = []
    unasked = module.unasked
    monkeypatch.setattr(module, "unasked", lambda *args: pools.append(unasked(*args)) or pools[-1])  # type: ignore[func-returns-value]
    trials = drive("ms-ehvi", 14)
    assert [len(pool) for pool in pools[:10]] == [1] * 10
    assert [trial.config for trial in trials[10:]] == [pool[7] for pool in pools[10:14]]
    assert len(shown) == 4


def test_half_of_the_candidates_are_mutations_of_the_front(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    mothers: list[object] = []
    real = toy.space.mutate
    monkeypatch.setattr(toy.space, "mutate", lambda config, rng: mothers.append(config) or real(config, rng))  # type: ignore[func-returns-value]
    trials = drive("ms-ehvi", 11, candidates=50)[:10]
    losses = np.array([trial.losses for trial in trials])
    front = [trials[place].config for place in front_places(losses)]
    assert mothers == (front * 25)[:25]


def test_no_network_is_trained_twice(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    keys = [toy.space.key(trial.config) for trial in drive("ms-ehvi", 40, candidates=64)]
    assert len(set(keys)) == len(keys) == 40


def test_models_are_of_the_latest_trials_and_settled_until_there_are_a_tenth_more(
    toy: Benchmark, monkeypatch, drive
) -> None:  # type: ignore[no-untyped-def]
    fits: list[tuple[np.ndarray, np.ndarray, bool]] = []
    real = module.GaussianProcess.fit

    def watched(features, targets, settled=None):  # type: ignore[no-untyped-def]
        fits.append((features, targets, settled is None))
        return real(features, targets, settled)

    monkeypatch.setattr(module.GaussianProcess, "fit", staticmethod(watched))
    trials = drive("ms-ehvi", 26, max_points=20, candidates=16)
    assert len(fits) == 2 * 16
    for fitted, (features, targets, _) in enumerate(fits):
        before = trials[: 10 + fitted // 2][-20:]
        assert (features == [toy.space.encode(trial.config, "onehot") for trial in before]).all()
        assert targets == pytest.approx(np.log([trial.losses[fitted % 2] for trial in before]))
    assert [10 + place for place, (*_, anew) in enumerate(fits[::2]) if anew] == [10, 11, 13, 15, 17, 19, 21, 24]


@pytest.mark.slow
def test_models_find_more_than_noise_in_their_place(monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    def volume() -> float:
        found = [np.array([t.losses for t in drive("ms-ehvi", 35, seed, candidates=64)]) for seed in range(6)]
        return float(np.mean([moocore.hypervolume(losses, ref=np.array([0.5, 0.1])) for losses in found]))

    modelled = volume()
    noise = np.random.default_rng(0)

    def blind(self, features):  # type: ignore[no-untyped-def]
        count = len(features)
        return noise.normal(self.centre, self.spread, count), np.full(count, self.spread)

    monkeypatch.setattr(module.GaussianProcess, "predict", blind)
    assert modelled > volume() * 1.01


@pytest.mark.slow
def test_hypervolume_regret_on_4v_falls_to_nothing(shared: Path, tmp_path: Path, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    import_file(shared / "ecnas/official/energy_4V9E_4epochs.tfrecord")
    benchmark = make_benchmark("ec-nas-4v")
    truth = benchmark.reference()
    scale = FrontScale.of(np.column_stack([truth.val_error, truth.energy_kwh]))
    places = {key: place for place, key in enumerate(truth.keys)}
    trials = drive("ms-ehvi", 92, benchmark=benchmark, candidates=64)
    asked = [places[benchmark.space.key(trial.config)] for trial in trials]
    assert sorted(asked) == list(range(91)), "each of the 91 once, and then the search ends"
    points = np.column_stack([truth.val_error, truth.energy_kwh])[asked]
    regrets = [scale.hypervolume_regret(points[:count]) for count in (10, 45, 91)]
    assert regrets[0] > 0.05
    assert regrets[1] < 0.02
    assert regrets[2] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("settings", [{"initial_size": 0}, {"candidates": 0}, {"max_points": 0}])
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, int]) -> None:
    problem = toy.problem(0, objectives=ms_ehvi.objectives)
    with pytest.raises(UserError, match="expected 1 or more"):
        ms_ehvi.create(problem, np.random.default_rng(0), **settings).ask()


def test_one_objective_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="two objectives"):
        ms_ehvi.create(toy.problem(0), np.random.default_rng(0)).ask()
