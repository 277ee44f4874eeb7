"""TPE: Optuna's own proposals on the space's terms, and nothing of Optuna left behind."""

import logging
import sys
import threading
import warnings

import numpy as np
import pytest

from fairwatt import Trial, make_benchmark
from fairwatt.conformance.global_state import global_random_state
from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizers.tpe import tpe
from fairwatt.problem import OBJECTIVES, Benchmark, Dim, Problem

optuna = pytest.importorskip("optuna")


class Valid:
    """A space without invalid points: two ordered dimensions, one that is not."""

    dims = (
        Dim("lr", (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8), True, "hyper"),
        Dim("width", tuple(range(100)), True, "architecture"),
        Dim("policy", ("cos", "exp", "lin"), False, "hyper"),
    )

    def sample(self, rng: np.random.Generator) -> tuple[object, ...]:
        return tuple(dim.values[int(rng.integers(len(dim.values)))] for dim in self.dims)

    def is_valid(self, config: tuple[object, ...]) -> bool:
        return True

    def key(self, config: tuple[object, ...]) -> str:
        return str(config)

    @staticmethod
    def loss(config: tuple[float, int, str]) -> float:
        lr, width, policy = config
        return abs(np.log(lr)) + abs(width - 30) / 30 + (policy != "exp")


def _searched(steps: int, seed: int, **settings: object) -> list[tuple[float, int, str]]:
    space = Valid()
    problem = Problem(space, (1.0,), False, (OBJECTIVES["val_error"],), ())  # type: ignore[arg-type]
    search = tpe.create(problem, np.random.default_rng(seed), **settings)
    asked = []
    for _ in range(steps):
        config = search.ask().config
        asked.append(config)
        search.tell(Trial(config, 1.0, space.loss(config), 1.0, (space.loss(config),)))
    return asked


@pytest.mark.parametrize("multivariate", [True, False])
def test_proposals_are_those_of_a_study_of_optunas_own(multivariate: bool) -> None:
    """After the initial draws, until it repeats itself: the same as `study.optimize` with the same seed and draws."""
    asked = _searched(30, 3, multivariate=multivariate)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = int(np.random.default_rng(3).integers(2**32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(multivariate=multivariate, seed=seed))
        lr, width, policy = Valid.dims
        for config in asked[:10]:
            study.enqueue_trial({d.name: d.values.index(v) for d, v in zip(Valid.dims, config, strict=True)})
        theirs = []

        def objective(trial: optuna.Trial) -> float:
            config = (
                lr.values[trial.suggest_int("lr", 0, 7)],
                width.values[trial.suggest_int("width", 0, 99)],
                policy.values[trial.suggest_categorical("policy", range(3))],
            )
            theirs.append(config)
            return Valid.loss(config)  # type: ignore[arg-type]

        study.optimize(objective, n_trials=30)
    optuna.logging.set_verbosity(verbosity)
    repeat = next((i for i, config in enumerate(theirs) if config in theirs[:i]), 30)
    assert repeat > 15
    assert asked[:repeat] == theirs[:repeat]


def test_the_model_sees_answers_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proposals that are not asked are told as failed: without a value, which would be an answer of nobody's."""
    studies: list[optuna.study.Study] = []
    create = optuna.create_study
    monkeypatch.setattr(optuna, "create_study", lambda **of: studies.append(create(**of)) or studies[-1])  # type: ignore[func-returns-value]
    asked = _searched(60, 0)
    complete, failed = (
        studies[0].get_trials(deepcopy=False, states=[state])
        for state in (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.FAIL)
    )
    assert [trial.value for trial in complete] == [Valid.loss(config) for config in asked[:-1]]
    assert failed
    assert not any(trial.values for trial in failed)


def test_proposals_settle_where_the_loss_is_low() -> None:
    asked = [config for seed in range(3) for config in _searched(40, seed)[20:]]
    draws = [Valid().sample(np.random.default_rng(seed)) for seed in range(500)]
    assert np.mean([Valid.loss(c) for c in asked]) < 0.6 * np.mean([Valid.loss(d) for d in draws])  # type: ignore[arg-type]


def test_it_starts_with_the_shared_design_and_its_own_draws(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    asked = [trial.config for trial in drive("tpe", 12)]
    rng = np.random.default_rng(0)
    rng.integers(2**32)
    starts = toy.problem(0).starts(rng)
    assert asked[:10] == [next(starts) for _ in range(10)]
    assert len({toy.space.key(config) for config in asked}) == 12


@pytest.mark.slow
def test_a_small_space_is_asked_once_through_and_then_the_search_ends(drive) -> None:  # type: ignore[no-untyped-def]
    small = make_benchmark("toy-cells")
    small.space = type(small.space)(5, range(14))
    trials = drive("tpe", 100, benchmark=small, redraws=2)
    assert sorted(small.space.key(trial.config) for trial in trials) == list(range(14))


def test_no_word_no_thread_and_no_global_draw(drive, capfd) -> None:  # type: ignore[no-untyped-def]
    def state() -> object:
        loggers = [(logging.getLogger(name).level, logging.getLogger(name).handlers) for name in ("", "optuna")]
        return global_random_state(), threading.enumerate(), loggers, warnings.filters[:]

    before = state()
    drive("tpe", 14)
    drive("tpe", 14, multivariate=False, redraws=2)
    assert state() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("settings", [{"initial_size": 0}, {"candidates": 0}, {"redraws": 0}])
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match="expected 1 or more of each"):
        tpe.create(toy.problem(0), np.random.default_rng(0), **settings).ask()


def test_without_optuna_it_says_what_to_install(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"optimizer tpe needs optuna: pip install 'fairwatt\[optuna\]'"):
        tpe.create(toy.problem(0), np.random.default_rng(0)).ask()
