"""SH-EMOA: fewer steps at each fidelity, brute-force survivors, nothing trained twice, the whole front in the end."""

from dataclasses import replace
from pathlib import Path

import moocore
import numpy as np
import pytest

from fairwatt import make_benchmark, run
from fairwatt.analysis.indicators import FrontScale
from fairwatt.errors import UserError
from fairwatt.optimizers import mo_sh_bananas
from fairwatt.optimizers.sh_emoa import ladder, ladder_full, recombined, sh_emoa
from fairwatt.problem import Benchmark
from fairwatt.records import End, Run, Trial

DEFAULTS = sh_emoa.defaults


def _regret(benchmark: Benchmark, made: Run, upto: int) -> float:
    """Hypervolume regret of the full trainings among the first rows, by the true means."""
    truth = benchmark.reference()
    points = dict(zip(truth.keys, np.column_stack([truth.val_error, truth.energy_kwh]), strict=True))
    found = [points[row.key] for row in made.rows[:upto] if row.trial and row.fidelity == 1.0 and row.key is not None]
    return FrontScale.of(list(points.values())).hypervolume_regret(found)


def test_the_ladder_is_that_of_the_source() -> None:
    assert ladder(4, DEFAULTS) == [10 + 48, 10 + 24, 10 + 12, 10 + 6]  # 100 evaluations: ceil(90 / 15) = 6
    assert ladder(1, DEFAULTS) == [16]
    assert ladder_full((4, 12, 36, 108), DEFAULTS) == pytest.approx((58 * 4 + 34 * 12 + 22 * 36 + 16 * 108) / 108)
    assert ladder_full((1 / 9, 1 / 3, 1.0), DEFAULTS) < 30


def test_the_fidelities_are_climbed_once_and_the_last_is_for_good(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    low, mid, high, full = toy.fidelities
    asked = [trial.fidelity for trial in drive("sh-emoa", 200)]
    assert asked == [low] * 58 + [mid] * 34 + [high] * 22 + [full] * 86


def _survivors(trials: list[Trial], size: int) -> set[tuple[float, ...]]:
    """Losses that are left when after each trial the least contributor of the last front goes; slow and obvious."""
    kept: list[tuple[float, ...]] = []
    for trial in trials:
        kept.append(trial.losses)
        if len(kept) <= size:
            continue
        last = kept
        while beaten := [b for b in last if any(a != b and all(np.less_equal(a, b)) for a in last)]:
            last = beaten
        low, high = np.min(kept, axis=0), np.max(kept, axis=0)

        def volume(points: list[tuple[float, ...]]) -> float:
            scaled = (np.array(points).reshape(-1, 2) - low) / (high - low)  # noqa: B023 - called at once
            return float(moocore.hypervolume(scaled, ref=[1.1, 1.1])) if points else 0.0

        whole = volume(last)
        kept.remove(min(last, key=lambda p: whole - volume([q for q in last if q != p])))
    return set(kept)


@pytest.mark.parametrize("seed", range(3))
def test_who_is_trained_further_is_who_survives_by_brute_force(toy: Benchmark, drive, seed: int) -> None:  # type: ignore[no-untyped-def]
    trials = drive("sh-emoa", 114, seed)
    place = 0
    for count, following in zip((58, 34, 22), (10, 10, 0), strict=True):
        rung, place = trials[place : place + count], place + count
        expected = _survivors(rung, 10)
        promoted = {trial.config for trial in trials[place : place + following]}
        assert promoted <= {trial.config for trial in rung}
        if following:
            assert {trial.losses for trial in rung if trial.config in promoted} == expected


def test_nothing_is_trained_twice_at_one_fidelity(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    asked = [(toy.space.key(trial.config), trial.fidelity) for trial in drive("sh-emoa", 400)]
    assert len(set(asked)) == 400


def test_a_small_space_is_trained_in_full_and_then_the_search_ends(drive) -> None:  # type: ignore[no-untyped-def]
    small = make_benchmark("toy-cells")
    for size in (1, 25):
        small.space = type(small.space)(5, range(size))
        trials = drive("sh-emoa", 1_000, benchmark=small)
        assert len(trials) < 1_000
        full = [small.space.key(trial.config) for trial in trials if trial.fidelity == 1.0]
        assert sorted(full) == list(range(size))  # type: ignore[type-var]


def test_with_one_fidelity_it_is_an_sms_emoa(toy: Benchmark) -> None:
    problem = replace(toy.problem(0, objectives=sh_emoa.objectives), fidelities=(1.0,))
    search = sh_emoa.create(problem, np.random.default_rng(0))
    for _ in range(40):
        query = search.ask()
        assert query.fidelity == 1.0
        answer = toy.measure(query.config)
        losses = (answer.val_error, answer.energy_kwh)
        search.tell(Trial(query.config, 1.0, *losses, losses))


def test_the_winner_of_a_tournament_is_the_parent(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    parents: list[object] = []
    real = toy.space.mutate

    def watched(config, rng):  # type: ignore[no-untyped-def]
        parents.append(config)
        return real(config, rng)

    monkeypatch.setattr(toy.space, "mutate", watched)
    first = drive("sh-emoa", 11, tournament_size=10, mutation_share=1.0)[:10]
    (winner,) = set(parents)  # of all ten it must be one of the first front
    losses = {trial.config: trial.losses for trial in first}
    assert not any(np.all(np.less(other, losses[winner])) for other in losses.values())  # type: ignore[index]
    parents.clear()
    drive("sh-emoa", 58, tournament_size=1, mutation_share=1.0)
    assert len(set(parents)) > 15


def test_recombination_takes_each_value_from_one_of_the_parents() -> None:
    rng = np.random.default_rng(0)
    children = np.array([recombined((0,) * 8, (1,) * 8, 0.25, rng) for _ in range(2000)])
    assert children.mean(axis=0) == pytest.approx(0.25, abs=0.04)
    assert recombined((0, "a"), (1, "b"), 0.0, rng) == (0, "a")
    assert recombined((0, "a"), (1, "b"), 1.0, rng) == (1, "b")


@pytest.mark.parametrize(
    "settings", [{"population_size": 0}, {"eta": 0}, {"steps": 0}, {"mutation_share": 1.5}, {"swap_chance": -0.1}]
)
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, float]) -> None:
    problem = toy.problem(0, objectives=sh_emoa.objectives)
    with pytest.raises(UserError, match="expected"):
        sh_emoa.create(problem, np.random.default_rng(0), **settings).ask()


def test_one_objective_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="two objectives"):
        sh_emoa.create(toy.problem(0), np.random.default_rng(0)).ask()


class Noise:
    """A predictor that knows nothing."""

    @classmethod
    def fit(cls, features: object, targets: object, rng: np.random.Generator, members: int) -> "Noise":
        return cls()

    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.random.default_rng(len(features)).normal(size=(5, len(features)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sh-emoa", "mo-sh-bananas"])
def test_the_regret_on_the_genuine_4v_table_falls_to_zero(shared: Path, tmp_path: Path, monkeypatch, name: str) -> None:  # type: ignore[no-untyped-def]
    settings = {}
    if name == "mo-sh-bananas":
        settings = {"candidates": 20}  # draws are many when little is left
        pytest.importorskip("torch")
        monkeypatch.setattr(mo_sh_bananas, "NeuralEnsemble", Noise)  # everything is trained whatever it predicts
    from fairwatt.search_spaces.table_import import import_file

    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    import_file(shared / "ecnas" / "official" / "energy_4V9E_4epochs.tfrecord")
    table = make_benchmark("ec-nas-4v")
    made = run(table, name, budget="250 full", settings=settings)
    assert made.end is End.ENDED_EARLY  # everything was trained
    regrets = [_regret(table, made, upto) for upto in range(20, len(made.rows) + 1, 20)] + [_regret(table, made, 10**6)]
    assert (np.diff(regrets) <= 0).all()
    assert regrets[0] > 0.01
    assert regrets[-1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.slow
def test_it_beats_random_search_in_hypervolume() -> None:
    """On the measured digits cells at 50 full trainings: regrets .04 and .11 over 30 seeds."""
    table = make_benchmark("digits-cells-5v")

    def regrets(name: str) -> np.ndarray:
        return np.array([_regret(table, run(table, name, seed=seed, budget="50 full"), 10**6) for seed in range(8)])

    better = regrets("rs") - regrets("sh-emoa")
    assert better.mean() > 3 * better.std(ddof=1) / len(better) ** 0.5
