"""The energy-aware objective: known answers, the plain searches at weight 0, cheaper networks at a strong weight."""

import sys

import numpy as np
import pytest

from fairwatt import Query, Trial, run
from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizer import Search
from fairwatt.optimizers import bananas as bananas_module
from fairwatt.optimizers.bananas import bananas
from fairwatt.optimizers.energy_aware import Loss, compromise, ea_bananas, ea_local_search, energy_aware_error
from fairwatt.optimizers.local_search import local_search
from fairwatt.problem import Benchmark
from fairwatt.records import Status

SLOW = pytest.mark.slow
BOTH = pytest.mark.parametrize("factory", [ea_local_search, ea_bananas], ids=lambda factory: factory.name)


@pytest.mark.parametrize(
    ("val_error", "relative_energy", "weight", "accuracy_worth"),
    [
        (0.1, 1.0, -0.07, 0.9),  # what takes T0 is worth its accuracy
        (0.1, 2.0, -0.07, 0.9 * 0.952638),  # 2^-.07 = exp(-.07 ln 2)
        (0.1, 0.25, -0.5, 0.9 * 2),
        (0.1, 4.0, -1.0, 0.9 / 4),
        (1.0, 7.0, -0.07, 0.0),
    ],
)
def test_known_answers(val_error: float, relative_energy: float, weight: float, accuracy_worth: float) -> None:
    assert energy_aware_error(val_error, relative_energy, weight) == pytest.approx(1 - accuracy_worth, abs=1e-6)


def test_at_weight_0_it_is_the_error_to_the_last_bit() -> None:
    for error in np.random.default_rng(0).random(1_000).tolist():
        assert energy_aware_error(error, 3.7, 0.0) == error


def _losses_told(
    toy: Benchmark, answers: list[tuple[float, float]], initial: int = 3, **settings: float
) -> list[list[float]]:
    """What a search that compares all it knows after each answer sees, answers being (error, energy)."""
    seen: list[list[float]] = []

    def asking(loss: Loss) -> Search:
        known: list[Trial] = []
        while True:
            known.append((yield Query(toy.problem(0).initial[0])))
            seen.append([loss(trial) for trial in known])

    search = compromise(toy.problem(0, initial=initial), settings["weight"], settings["reference_kwh"], asking)
    next(search)
    for error, energy in answers:
        status = Status.OK if np.isfinite(error) else Status.INVALID
        search.send(Trial((0,), 1.0, error, energy, (error, energy), status))
    return seen


def test_t0_is_the_mean_energy_of_the_valid_part_of_the_shared_design(toy: Benchmark) -> None:
    """Of three trials here; the fourth is the search's own."""
    answers = [(0.5, 2.0), (np.inf, np.inf), (0.5, 4.0), (0.2, 6.0)]
    first, *_, last = _losses_told(toy, answers, weight=-1.0, reference_kwh=0.0)
    assert first == [0.5]
    assert last == pytest.approx([1 - 0.5 * 3 / 2, np.inf, 1 - 0.5 * 3 / 4, 1 - 0.8 * 3 / 6])
    *_, last = _losses_told(toy, answers, weight=-1.0, reference_kwh=12.0)
    assert last == pytest.approx([1 - 0.5 * 6, np.inf, 1 - 0.5 * 3, 1 - 0.8 * 2])
    assert _losses_told(toy, [(np.inf, np.inf)] * 3 + [(0.5, 2.0)], weight=-1.0, reference_kwh=0.0)[-1][-1] == 0.5


def test_without_a_shared_design_t0_is_the_energy_of_the_first_valid_trial(toy: Benchmark) -> None:
    """Of a T0 of each trial's own, errors alone would be left."""
    answers = [(np.inf, np.inf), (0.5, 2.0), (0.5, 4.0)]
    for initial in (0, 1):  # the first trial is no valid one
        *_, last = _losses_told(toy, answers, initial, weight=-1.0, reference_kwh=0.0)
        assert last == pytest.approx([np.inf, 0.5, 1 - 0.5 * 2 / 4])


def test_t0_decides_nothing(drive) -> None:  # type: ignore[no-untyped-def]
    configs = [[t.config for t in drive("ea-ls", 120, weight=-0.5, reference_kwh=kwh)] for kwh in (0.0, 1e-3, 1e3)]
    assert configs[0] == configs[1] == configs[2]


@pytest.mark.parametrize(("factory", "steps"), [(ea_local_search, 150), pytest.param(ea_bananas, 21, marks=SLOW)])
def test_at_weight_0_it_is_the_plain_search(drive, factory, steps: int) -> None:  # type: ignore[no-untyped-def]
    plain = drive(factory.name.removeprefix("ea-"), steps)
    aware = drive(factory.name, steps, weight=0.0)
    assert [trial.config for trial in aware] == [trial.config for trial in plain]
    assert [trial.config for trial in drive(factory.name, steps)] != [trial.config for trial in plain]


def test_the_other_settings_are_those_of_the_plain_searches() -> None:
    own = {"weight": -0.07, "reference_kwh": 0.0}
    assert ea_local_search.defaults == own | dict(local_search.defaults)
    assert ea_bananas.defaults == own | dict(bananas.defaults)
    for aware, plain in ((ea_local_search, local_search), (ea_bananas, bananas)):
        assert aware.objectives == ("val_error", "energy_kwh")
        assert aware.kinds == ("multi",)  # ranked by regret they would be compared on what they do not pursue (T19)
        assert (aware.extra, aware.multi_fidelity) == (plain.extra, plain.multi_fidelity)


def test_a_strong_weight_ends_on_cheaper_networks(toy: Benchmark) -> None:
    """What is trained after the initial design, and the best by its own objective; eight seeds, paired."""
    cheaper = []
    for seed in range(8):
        plain, aware = (
            [row.trial for row in run(toy, name, seed=seed, budget="40 full", settings=settings) if row.trial]
            for name, settings in (("ls", {}), ("ea-ls", {"weight": -1.0}))
        )
        assert [trial.config for trial in plain[:3]] == [trial.config for trial in aware[:3]], "the shared design"
        best = min(plain, key=lambda trial: trial.val_error)
        chosen = max(aware, key=lambda trial: (1 - trial.val_error) / trial.energy_kwh)
        cheaper.append(
            (
                np.mean([trial.energy_kwh for trial in aware[10:]]) < np.mean([t.energy_kwh for t in plain[10:]]),
                chosen.energy_kwh < 0.7 * best.energy_kwh,
            )
        )
    assert np.all(cheaper)


def test_the_predictor_learns_the_declared_objective(toy: Benchmark, monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    targets: list[np.ndarray] = []

    class Watched:
        @classmethod
        def fit(cls, features: np.ndarray, losses: np.ndarray, rng: np.random.Generator, members: int) -> "Watched":
            targets.append(losses)
            return cls()

        def predict(self, features: np.ndarray) -> np.ndarray:
            return np.zeros((5, len(features)))

    monkeypatch.setattr(bananas_module, "NeuralEnsemble", Watched)
    trials = drive("ea-bananas", 11, weight=-1.0, reference_kwh=1e-2)
    expected = sorted(1 - (1 - trial.val_error) * 1e-2 / trial.energy_kwh for trial in trials[:10])
    assert targets[0] == pytest.approx(expected)


@BOTH
@pytest.mark.parametrize(
    "settings", [{"weight": 0.1}, {"weight": float("nan")}, {"reference_kwh": -1.0}, {"reference_kwh": float("inf")}]
)
def test_settings_out_of_range_are_refused(toy: Benchmark, factory, settings: dict[str, float]) -> None:  # type: ignore[no-untyped-def]
    problem = toy.problem(0, objectives=factory.objectives)
    with pytest.raises(UserError, match="expected"):
        factory.create(problem, np.random.default_rng(0), **settings).ask()


@BOTH
def test_refusals_of_the_plain_searches_are_passed_on(toy: Benchmark, factory) -> None:  # type: ignore[no-untyped-def]
    problem = toy.problem(0, objectives=factory.objectives)
    with pytest.raises(UserError, match="initial_size = 0"):
        factory.create(problem, np.random.default_rng(0), initial_size=0).ask()


def test_without_torch_it_says_what_to_install(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"ea-bananas needs torch: pip install 'fairwatt\[torch\]'"):
        ea_bananas.create(toy.problem(0), np.random.default_rng(0)).ask()
