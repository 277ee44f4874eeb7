"""MO-BANANAS-SH: the predictor chooses, the halving is that of brute force, and choosing at random is worse."""

import sys
from dataclasses import replace

import moocore
import numpy as np
import pytest

from fairwatt import make_benchmark
from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizers import mo_sh_bananas as module
from fairwatt.optimizers.dominance import best_first, crowding_distances
from fairwatt.optimizers.mo_sh_bananas import first_round_full, mo_sh_bananas, rounds, thompson_places
from fairwatt.problem import Benchmark
from fairwatt.records import Key, Status, Trial


class Noise:
    """A predictor that knows nothing."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    @classmethod
    def fit(cls, features: object, targets: object, rng: np.random.Generator, members: int) -> "Noise":
        return cls(rng)

    def predict(self, features: np.ndarray) -> np.ndarray:
        return self.rng.normal(size=(5, len(features)))


def test_rungs_are_the_highest_fidelities_and_at_least_one_climbs() -> None:
    assert rounds((4, 12, 36, 108), 10, 3, 2) == [(10, 36), (3, 108)]
    assert rounds((4, 12, 36, 108), 27, 3, 4) == [(27, 4), (9, 12), (3, 36), (1, 108)]
    assert rounds((4, 12, 36, 108), 10, 3, 9) == [(10, 4), (3, 12), (1, 36), (1, 108)]
    assert rounds((1.0,), 10, 3, 2) == [(10, 1.0)]
    assert first_round_full((4, 12, 36, 108), mo_sh_bananas.defaults) == pytest.approx(10 + 10 / 3 + 3)


def _best(losses: np.ndarray, count: int) -> set[int]:
    """Places of the best by fronts, peeled off one by one, and crowding distance; slow and obvious."""
    left, order = list(range(len(losses))), []
    span = np.ptp(losses, axis=0)
    while left:
        front = [
            i for i, alone in zip(left, moocore.is_nondominated(losses[left], keep_weakly=True), strict=True) if alone
        ]
        front.sort(key=lambda i: losses[i, 0])
        sides = {front[0]: np.inf, front[-1]: np.inf}
        for a, b, c in zip(front, front[1:], front[2:], strict=False):
            sides[b] = float((np.abs(losses[c] - losses[a]) / span).sum())
        order += sorted(sorted(front), key=lambda i: -sides[i])
        left = [i for i in left if i not in front]
    return set(order[:count])


def test_who_is_trained_in_full_is_who_is_best_by_brute_force(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "NeuralEnsemble", Noise)
    for seed in range(4):
        trials = drive("mo-sh-bananas", 23, seed)
        assert [trial.fidelity for trial in trials] == [1.0] * 10 + [1 / 3] * 10 + [1.0] * 3
        tried, climbed = trials[10:20], {trial.config for trial in trials[20:]}
        expected = _best(np.array([trial.losses for trial in tried]), 3)
        assert climbed == {tried[place].config for place in expected}


def test_the_predictor_chooses_k_of_many_candidates(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    fitted: list[np.ndarray] = []
    pools: list[np.ndarray] = []

    class Watched(Noise):
        def __init__(self, weights: np.ndarray) -> None:
            self.weights = weights

        @classmethod
        def fit(cls, features: np.ndarray, targets: np.ndarray, rng: np.random.Generator, members: int) -> "Watched":
            fitted.append(targets)
            return cls(np.random.default_rng(len(fitted)).random(features.shape[1]))

        def predict(self, features: np.ndarray) -> np.ndarray:
            pools.append(features @ self.weights)
            return np.tile(pools[-1], (5, 1))

    monkeypatch.setattr(module, "NeuralEnsemble", Watched)
    trials = drive("mo-sh-bananas", 20)
    assert np.array_equal(np.column_stack(fitted), [trial.losses for trial in trials[:10]])
    pool = np.column_stack(pools)
    assert len(pool) == 100
    weights = np.column_stack([np.random.default_rng(n).random(len(toy.space.dims)) for n in (1, 2)])
    asked = np.array([toy.space.encode(trial.config) for trial in trials[10:]]) @ weights
    assert np.sort(asked, axis=0) == pytest.approx(np.sort(pool[best_first(pool, crowding_distances)[:10]], axis=0))


def test_places_are_drawn_about_the_mean_prediction_by_how_much_members_disagree() -> None:
    one = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    agreed = np.stack([one, one])
    assert thompson_places(agreed, np.random.default_rng(0)).tolist() == [0, 1, 2, 3]
    other = one[[0, 2, 1, 3]] * 1.2  # the mean orders as the second member does
    draws = np.array([thompson_places(np.stack([one, other]), np.random.default_rng(seed)) for seed in range(300)])
    assert draws.mean(axis=0) == pytest.approx([0, 2, 1, 3], abs=0.2)
    assert draws.std(axis=0) == pytest.approx([0, 1, 1, 0], abs=0.2)
    assert thompson_places(one[None], np.random.default_rng(0)).tolist() == [0, 1, 2, 3]


def test_nothing_is_trained_twice_and_a_small_space_is_trained_in_full(monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "NeuralEnsemble", Noise)
    small = make_benchmark("toy-cells")
    small.space = type(small.space)(5, range(30))
    trials = drive("mo-sh-bananas", 1_000, benchmark=small)
    asked = [(small.space.key(trial.config), trial.fidelity) for trial in trials]
    assert len(set(asked)) == len(asked)
    assert sorted(key for key, fidelity in asked if fidelity == 1.0) == list(range(30))  # type: ignore[type-var]


def test_what_was_invalid_at_a_low_fidelity_is_no_candidate_again(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Its answer is known and never leads to a full training: a search of such candidates would ask nothing."""
    excluded: list[set[Key]] = []
    real = module.mutants
    monkeypatch.setattr(module, "NeuralEnsemble", Noise)
    monkeypatch.setattr(module, "mutants", lambda *args: excluded.append(set(args[3])) or real(*args))  # type: ignore[func-returns-value]
    search = mo_sh_bananas.create(toy.problem(0, objectives=mo_sh_bananas.objectives), np.random.default_rng(0))
    invalid: set[Key] = set()
    for step in range(50):
        query = search.ask()
        lost = query.fidelity < 1.0 and step % 2 == 0
        losses = (np.inf, np.inf) if lost else (0.5, query.fidelity)
        search.tell(Trial(query.config, query.fidelity, *losses, losses, Status.INVALID if lost else Status.OK))
        invalid |= {toy.space.key(query.config)} if lost and step < 36 else set()
    assert len(invalid) > 5
    assert invalid <= excluded[-1]


def test_with_one_fidelity_all_k_are_trained_in_full(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "NeuralEnsemble", Noise)
    problem = replace(toy.problem(0, objectives=mo_sh_bananas.objectives), fidelities=(1.0,))
    search = mo_sh_bananas.create(problem, np.random.default_rng(0))
    asked = []
    for _ in range(40):
        query = search.ask()
        asked.append(toy.space.key(query.config))
        assert query.fidelity == 1.0
        answer = toy.measure(query.config)
        losses = (answer.val_error, answer.energy_kwh)
        search.tell(Trial(query.config, 1.0, *losses, losses))
    assert len(set(asked)) == 40


def test_without_torch_it_says_what_to_install(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "torch", None)
    problem = toy.problem(0, objectives=mo_sh_bananas.objectives)
    with pytest.raises(MissingExtraError, match=r"mo-sh-bananas needs torch: pip install 'fairwatt\[torch\]'"):
        mo_sh_bananas.create(problem, np.random.default_rng(0)).ask()


@pytest.mark.parametrize("settings", [{"k": 20, "candidates": 8}, {"initial_size": 0}, {"eta": 0}, {"rungs": 0}])
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, int]) -> None:
    problem = toy.problem(0, objectives=mo_sh_bananas.objectives)
    with pytest.raises(UserError, match="expected"):
        mo_sh_bananas.create(problem, np.random.default_rng(0), **settings).ask()


def test_one_objective_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="two objectives"):
        mo_sh_bananas.create(toy.problem(0), np.random.default_rng(0)).ask()


@pytest.mark.slow
def test_choosing_at_random_is_worse(monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    """On the measured digits cells, the first k are in much better fronts of the space than their candidates are.

    With noise for a predictor they are not. (The toy cells' fronts are mostly invented noise.)
    """
    pytest.importorskip("torch")
    table = make_benchmark("digits-cells-5v")
    truth = table.reference()
    fronts = moocore.pareto_rank(np.column_stack([truth.val_error, truth.energy_kwh]))
    front = dict(zip(truth.keys, fronts, strict=True))
    pools: list[float] = []
    real = module.mutants

    def watched(*settings):  # type: ignore[no-untyped-def]
        pool = real(*settings)
        pools.append(float(np.mean([front[table.space.key(config)] for config in pool])))
        return pool

    def gained() -> np.ndarray:
        pools.clear()
        runs = [drive("mo-sh-bananas", 20, seed, table)[10:] for seed in range(8)]
        chosen = [np.mean([front[table.space.key(trial.config)] for trial in trials]) for trials in runs]
        return np.array(pools) - np.array(chosen)

    monkeypatch.setattr(module, "mutants", watched)
    itself = gained()
    assert itself.mean() > 3 * itself.std(ddof=1) / len(itself) ** 0.5
    monkeypatch.setattr(module, "NeuralEnsemble", Noise)
    noise = gained()
    assert noise.mean() < 3 * noise.std(ddof=1) / len(noise) ** 0.5
    assert noise.mean() < itself.mean() / 2
