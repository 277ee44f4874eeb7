"""BOHB: a model that chooses, brackets like Hyperband's, and no training twice."""

import numpy as np
import pytest

from fairwatt import Query, Trial, make_benchmark
from fairwatt.errors import UserError
from fairwatt.optimizers import bohb as module
from fairwatt.optimizers.bohb import bohb, model_levels, only_new
from fairwatt.optimizers.hyperband import successive_halving
from fairwatt.problem import OBJECTIVES, Benchmark, Dim, Problem


def test_no_network_is_trained_twice_at_one_fidelity(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    for seed in range(3):
        asked = [(toy.space.key(trial.config), trial.fidelity) for trial in drive("bohb", 300, seed=seed)]
        assert len(set(asked)) == len(asked) == 300


@pytest.mark.slow
def test_a_small_space_is_trained_once_through_and_then_the_search_ends(drive) -> None:  # type: ignore[no-untyped-def]
    small = make_benchmark("toy-cells")
    small.space = type(small.space)(5, range(12))
    trials = drive("bohb", 2_000, benchmark=small)
    asked = [(small.space.key(trial.config), trial.fidelity) for trial in trials]
    assert len(set(asked)) == len(asked) < 2_000
    assert {key for key, fidelity in asked if fidelity == 1.0} == set(range(12))


@pytest.mark.slow
def test_proposals_are_valid_and_better_than_random_ones(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    def mean_loss(random_fraction: float) -> float:
        trials = [t for seed in range(6) for t in drive("bohb", 195, seed, random_fraction=random_fraction)[65:]]
        assert all(trial.ok for trial in trials)
        return float(np.mean([trial.losses[0] for trial in trials if trial.fidelity == toy.fidelities[1]]))

    assert mean_loss(0.0) < mean_loss(1.0) - 0.01  # twelve seeds: .173 and .194


def test_the_model_is_of_the_largest_fidelity_with_enough_points(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    fitted: list[tuple[int, int]] = []
    real = module.ProductKernelDensity.fit

    def watched(points, levels, min_bandwidth):  # type: ignore[no-untyped-def]
        fitted.append(points.shape)
        return real(points, levels, min_bandwidth)

    monkeypatch.setattr(module.ProductKernelDensity, "fit", staticmethod(watched))
    drive("bohb", 16, random_fraction=0.0)
    assert fitted == [], "N_min + 2 = 16 trials of 13 dimensions come first"
    drive("bohb", 27, random_fraction=0.0)
    assert [shape[0] for shape in fitted[0::2]] == [14] * 11, "N_min good ones at least"
    assert [shape[0] for shape in fitted[1::2]] == [14] * 11
    fitted.clear()
    drive("bohb", 41, random_fraction=0.0, min_points=5)
    shapes = [shape[0] for shape in fitted]
    assert shapes[0:2] == [5, 5]
    assert shapes[-2:] == [5, 5], "9 trials at the second fidelity are enough for the model, 26 at the first are more"


def test_binary_and_unordered_dimensions_are_unordered_to_the_model(toy: Benchmark) -> None:
    assert model_levels(toy.space).tolist() == [2] * 10 + [3] * 3

    class Mixed:
        dims = (
            Dim("lr", (0.1, 0.2, 0.3), True, "hpo"),
            Dim("nesterov", (0, 1), True, "hpo"),
            Dim("op", (0, 1, 2), False, "op"),
        )

    assert model_levels(Mixed()).tolist() == [0, 2, 3]  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"top_percent": 0}, {"candidates": 0}, {"bandwidth_factor": 0.0}, {"eta": 2}])
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, float]) -> None:
    with pytest.raises(UserError):
        bohb.create(toy.problem(0), np.random.default_rng(0), **settings).ask()


def test_what_is_known_is_not_trained_again_and_no_survivor_enters_another_bracket(toy: Benchmark) -> None:
    """The best of all, known from an earlier bracket, is neither asked nor promoted; a result that is known is used."""
    rng = np.random.default_rng(0)
    champion, *fresh = (toy.space.sample(rng) for _ in range(4))
    low, high = toy.fidelities[-2:]

    def answer(config: tuple[int, ...], fidelity: float, loss: float) -> Trial:
        return Trial(config, fidelity, loss, 1.0, (loss,))

    known = {(toy.space.key(champion), fidelity): answer(champion, fidelity, 0.0) for fidelity in (low, high)}
    known[toy.space.key(fresh[1]), high] = answer(fresh[1], high, 0.2)
    draws = iter(fresh)
    search = only_new(successive_halving([(3, low), (2, high), (1, 3 * high)], lambda _: next(draws)), toy.space, known)
    losses = dict(zip(fresh, (0.5, 0.1, 0.3), strict=True))
    asked, query = [], next(search)
    while query is not None:
        asked.append(query)
        query = _sent(search, answer(query.config, query.fidelity, losses[query.config]))
    assert asked == [
        *(Query(config, low) for config in fresh),
        Query(fresh[2], high),  # the other survivor is known there, with .2
        Query(fresh[1], 3 * high),
    ]


def _sent(search, trial: Trial) -> Query | None:  # type: ignore[no-untyped-def]
    try:
        return search.send(trial)
    except StopIteration:
        return None


class Pairs:
    """Two groups of dimensions, three of an architecture and three of hyperparameters; everything is valid."""

    dims = (
        *(Dim(f"width{i}", tuple(range(8)), True, "architecture") for i in range(3)),
        Dim("lr", tuple(range(8)), True, "hyper"),
        Dim("optimizer", tuple(range(4)), False, "hyper"),
        Dim("policy", tuple(range(4)), False, "hyper"),
    )
    sizes = np.array([len(dim.values) for dim in dims])

    def sample(self, rng: np.random.Generator) -> tuple[int, ...]:
        return tuple(rng.integers(self.sizes).tolist())

    def is_valid(self, config: tuple[int, ...]) -> bool:
        return True

    def key(self, config: tuple[int, ...]) -> str:
        return str(config)

    def encode(self, config: tuple[int, ...]) -> np.ndarray:
        return (np.array(config) + 0.5) / self.sizes

    def decode(self, point: np.ndarray) -> tuple[int, ...]:
        return tuple(np.minimum((point * self.sizes).astype(int), self.sizes - 1).tolist())


@pytest.mark.parametrize("place", [0, 3, 5])
def test_each_dimension_is_modelled_by_its_own_values(place: int) -> None:
    """Where only one dimension matters, of whatever group and kind, proposals settle in that one and no other."""
    problem = Problem(Pairs(), (1 / 3, 1.0), True, (OBJECTIVES["val_error"],), ())  # type: ignore[arg-type]
    search = bohb.create(problem, np.random.default_rng(0), random_fraction=0.0)
    configs = []
    for _ in range(150):
        query = search.ask()
        configs.append(query.config)
        loss = abs(query.config[place] - 2.0)
        search.tell(Trial(query.config, query.fidelity, loss, 1.0, (loss,)))
    late = np.array(list(dict.fromkeys(configs[60:])))
    shares = (late == 2).mean(axis=0)
    assert shares[place] > 0.5
    assert all(share < 0.5 for other, share in enumerate(shares) if other != place)
