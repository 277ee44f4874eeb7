"""SMAC: its own loop asks the same, its parts are the façade's, and nothing is left behind."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt import make_benchmark
from fairwatt.conformance.driven import told
from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizer import SearchEnded
from fairwatt.optimizers import smac as module
from fairwatt.optimizers.hyperband import brackets
from fairwatt.optimizers.smac import nearest, smac
from fairwatt.optimizers.smac_multi_fidelity import smac_cycle_full, smac_multi_fidelity
from fairwatt.problem import Benchmark
from fairwatt.records import Status, Trial
from fairwatt.search_spaces.cell import CellSpace

if find_spec("smac") is None:  # not imported here: every worker would take two seconds before its first test
    pytest.skip("smac is not installed", allow_module_level=True)

CHEAP = {"challengers": 50, "retrain_after": 40}
"""SMAC costs seconds; with few forests and few challengers its plumbing is the same."""
TRIALS = 24


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[..., float]], list[Any]]:
    """captured(façade, function): from now on searches end at once, and leave the façades that they made."""

    def capture(name: str, train: Callable[..., float]) -> list[Any]:
        import smac as library

        made: list[Any] = []

        class Captured(getattr(library, name)):  # type: ignore[misc]
            def __init__(self, scenario: Any, target: None, **parts: Any) -> None:
                super().__init__(scenario, train, **parts)
                made.append(self)

            def ask(self) -> None:
                raise StopIteration

        monkeypatch.setattr(library, name, Captured)
        return made

    return capture


def _answered(
    factory: Any, problem: Any, steps: int, answer: Callable[[Any, int], Trial], **settings: Any
) -> list[Any]:
    search, queries = factory.create(problem, np.random.default_rng(0), **settings), []
    for step in range(steps):
        try:
            queries.append(search.ask())
        except SearchEnded:
            break
        search.tell(answer(queries[-1], step))
    return queries


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smac", "smac-mf"])
def test_smacs_own_loop_asks_the_same(name: str, toy: Benchmark, drive, captured, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """The library is given a function to minimise instead of answers by `tell`: an evaluation by evaluation equal."""
    settings = {"challengers": 50, "retrain_after": 6}
    ours = [(trial.config, trial.fidelity) for trial in drive(name, TRIALS, **settings)]
    asked = []

    def train(config: Any, seed: int = 0, budget: float | None = None) -> float:
        theirs = made[0].scenario.configspace.config(config.get_array())
        asked.append((theirs, nearest(budget, toy.fidelities)))
        return toy.measure(*asked[-1]).val_error

    facade = {"smac": "HyperparameterOptimizationFacade", "smac-mf": "MultiFidelityFacade"}[name]
    made = captured(facade, train)
    monkeypatch.setattr(module, "MAX_TRIALS", TRIALS)
    assert drive(name, 1, **settings) == []
    made[0].optimize()
    assert asked == ours


@pytest.mark.filterwarnings("ignore:Please use `dict:DeprecationWarning")  # SMAC's own, of ConfigSpace
def test_the_parts_are_the_facades(toy: Benchmark, drive, captured) -> None:  # type: ignore[no-untyped-def]
    from smac import HyperparameterOptimizationFacade as Facade

    from fairwatt.optimizers.smac_parts import UnwrittenScenario

    made = captured("HyperparameterOptimizationFacade", lambda config, seed=0: 0.0)
    drive("smac", 1)
    ours = made[0].meta
    scenario = UnwrittenScenario(made[0].scenario.configspace, deterministic=True, seed=made[0].scenario.seed)
    theirs = Facade(scenario, lambda config, seed=0: 0.0, logging_level=False, overwrite=True).meta
    for part in ("acquisition_maximizer", "acquisition_function", "intensifier", "random_design", "runhistory_encoder"):
        if part == "acquisition_maximizer":
            assert ours[part].pop("local_search") | {"name": "LocalSearch"} == theirs[part].pop("local_search")
        assert ours[part] == theirs[part]
    changed = {name for name, value in theirs["model"].items() if ours["model"][name] != value}
    assert changed == {"n_jobs", "max_leaf_nodes"}
    assert {name for name, value in theirs["config_selector"].items() if ours["config_selector"][name] != value} == {
        "name",
        "max_new_config_tries",
    }


def test_the_space_is_the_one_that_benchmarks_give(toy: Benchmark) -> None:
    from fairwatt.optimizers.smac_parts import NetworkSpace

    rng = np.random.default_rng(0)
    for space in (toy.space, make_benchmark("digits-regnet-hpo").space):
        configs = [space.sample(rng) for _ in range(30)]
        ours, theirs = NetworkSpace(space, rng, configs[0]), space.configspace()
        for config in configs:
            vector = ours.configuration(config).get_array()
            assert ours.config(vector) == config
            assert (vector == space.to_configspace(config, theirs).get_array()).all()
        drawn = [each.get_array() for each in theirs.sample_configuration(50)]
        for vector in drawn:
            config = ours.config(vector)
            assert ours.is_forbidden(vector) == (not space.is_valid(config))
        assert any(map(ours.is_forbidden, drawn))


def test_another_name_of_a_network_is_forbidden_and_draws_take_the_first_one(
    toy: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairwatt.optimizers.smac_parts import NetworkSpace

    rng = np.random.default_rng(0)
    draws = (toy.space.sample(rng) for _ in range(1_000))
    pairs = ((config, (*config[:-1], (config[-1] + 1) % 3)) for config in draws)  # an operation that many do not use
    first, other = next(pair for pair in pairs if len(set(map(toy.space.key, pair))) == 1)
    space = NetworkSpace(toy.space, rng, first)
    vector = space.configuration(other).get_array()
    assert not space.is_forbidden(vector)
    space.names[toy.space.key(other)] = other
    assert not space.is_forbidden(vector)
    assert space.is_forbidden(space.configuration(first).get_array())
    monkeypatch.setattr(toy.space, "sample", lambda rng: first)
    assert [space.config(each.get_array()) for each in space.sample_configuration(2)] == [other, other]


@pytest.mark.parametrize("rungs", [2, 3, 4, 5, 6])
def test_no_rung_is_lost_and_brackets_are_the_papers(toy: Benchmark, rungs: int, captured) -> None:  # type: ignore[no-untyped-def]
    """log(243) / log(3) is 4.999999999999999: SMAC alone would begin at 1/81."""
    fidelities = tuple(3.0 ** (place + 1 - rungs) for place in range(rungs))
    problem = replace(toy.problem(0), fidelities=fidelities)
    made = captured("MultiFidelityFacade", lambda config, budget, seed=0: 0.0)
    _answered(smac_multi_fidelity, problem, 1, lambda query, _: told(toy, problem, query))
    assert nearest(made[0].optimizer.ask().budget, fidelities) == fidelities[0]
    budgets, counts = made[0].intensifier._budgets_in_stage, made[0].intensifier._n_configs_in_stage
    theirs = [
        [(n, nearest(budget, fidelities)) for n, budget in zip(counts[b], budgets[b], strict=True)] for b in budgets
    ]
    assert theirs == brackets(fidelities, 3)
    assert all(min(abs(each - f) for f in fidelities) < 1e-12 for rung in budgets.values() for each in rung)


def test_a_cycle_is_asked_bracket_by_bracket(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    problem = replace(toy.problem(0), fidelities=toy.fidelities[1:])
    cycle = [step for bracket in brackets(problem.fidelities, 3) for step in bracket]
    total = sum(n for n, _ in cycle)
    queries = _answered(smac_multi_fidelity, problem, total, lambda query, _: told(toy, problem, query), **CHEAP)
    fidelities = [query.fidelity for query in queries]
    assert fidelities == [fidelity for n, fidelity in cycle for _ in range(n)]
    assert sum(fidelities) == pytest.approx(smac_cycle_full(problem.fidelities, {"eta": 3}))


def test_the_best_of_a_rung_go_on(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    trials = drive("smac-mf", 36, **CHEAP)
    rung, next_rung = trials[:27], trials[27:]
    best = sorted(rung, key=lambda trial: trial.losses[0])[:9]
    assert {trial.config for trial in next_rung} == {trial.config for trial in best}
    assert {trial.fidelity for trial in next_rung} == {toy.fidelities[1]}


def test_the_shared_design_and_own_draws_come_first(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    problem, rng = toy.problem(0), np.random.default_rng(0)
    starts = problem.starts(rng)
    wanted = list(dict.fromkeys(next(starts) for _ in range(10)))
    assert [trial.config for trial in drive("smac", len(wanted), **CHEAP)] == wanted


@pytest.mark.slow
@pytest.mark.usefixtures("one_step_local_search")
@pytest.mark.parametrize("factory", [smac, smac_multi_fidelity], ids=lambda factory: factory.name)
def test_nothing_is_asked_twice_to_the_end_of_a_space(factory: Any) -> None:
    small = make_benchmark("digits-cells-4v")
    problem = small.problem(0)
    queries = _answered(factory, problem, 1_000, lambda query, _: told(small, problem, query), **CHEAP)
    asked = [(small.space.key(query.config), query.fidelity) for query in queries]
    assert len(set(asked)) == len(asked) < 1_000
    networks = len({key for key, _ in asked})
    assert networks == 91 if factory is smac else 91 - 27 < networks < 91  # a bracket takes up to 27 at once


def test_a_space_smaller_than_a_rung_ends_the_search(toy: Benchmark) -> None:
    space = CellSpace(3)
    assert len(space.members) < 27
    problem = replace(toy.problem(0), space=space, initial=(space.sample(np.random.default_rng(0)),))
    queries = _answered(
        smac_multi_fidelity,
        problem,
        100,
        lambda query, _: Trial(query.config, query.fidelity, 0.3, 1.0, (0.3,)),
        **CHEAP,
    )
    assert len({space.key(query.config) for query in queries}) <= len(space.members)


def test_answers_that_are_invalid_are_the_worst(toy: Benchmark, captured, drive) -> None:  # type: ignore[no-untyped-def]
    def answer(query: Any, step: int) -> Trial:
        if step % 2 == 0:
            return Trial(query.config, 1.0, np.inf, np.inf, (np.inf,), Status.INVALID)
        return Trial(query.config, 1.0, 0.3, 1.0, (0.3 + step / 100,))

    from smac.runhistory.runhistory import RunHistory

    told_to_smac: list[float] = []
    original = RunHistory.add

    def add(self: Any, config: Any, cost: float, *args: Any, **kwargs: Any) -> None:
        told_to_smac.append(cost)
        original(self, config, cost, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunHistory, "add", add)
        queries = _answered(smac, toy.problem(0), 9, answer, initial_size=6, **CHEAP)
    assert len(queries) == 9
    costs = [cost for cost in told_to_smac if cost < 2.0]  # what is running, SMAC adds at 2^31 - 1
    assert costs[:6] == pytest.approx([1.0, 0.31, 0.31, 0.33, 0.33, 0.35])


def test_nothing_is_written_printed_or_logged(  # type: ignore[no-untyped-def]
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd, caplog: pytest.LogCaptureFixture, drive
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "smac")
    root = list(logging.getLogger().handlers)
    for name in ("smac", "smac-mf"):
        drive(name, 30, challengers=2, retrain_after=30)
    assert [record for record in caplog.records if record.name.startswith("smac")] == []
    assert (logging.getLogger("smac").level, logging.getLogger("smac").handlers) == (logging.DEBUG, [])
    assert logging.getLogger().handlers == root
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow(8)
def test_another_hash_seed_asks_the_same() -> None:
    """SMAC keeps configurations in a set, whose order is that of their hashes, and those of strings differ."""
    code = (
        "import fairwatt\n"
        "settings = {'challengers': 50, 'retrain_after': 16}\n"
        "made = fairwatt.run('toy-cells', 'smac', budget='30 full', settings=settings)\n"
        "print([row.key for row in made.rows])"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True
        )
        for seed in ("1", "2")
    ]
    printed = {process.communicate()[0] for process in processes}
    assert "[" in min(printed)
    assert len(printed) == 1


@pytest.mark.parametrize("factory", [smac, smac_multi_fidelity], ids=lambda factory: factory.name)
def test_without_smac_it_says_what_to_install(factory: Any, toy: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smac", None)
    with pytest.raises(MissingExtraError, match=rf"{factory.name} needs smac: pip install 'fairwatt\[smac\]'"):
        factory.create(toy.problem(0), np.random.default_rng(0)).ask()


@pytest.mark.parametrize("settings", [{"initial_size": 0}, {"challengers": 0}, {"retrain_after": 0}])
def test_settings_out_of_range_are_refused(toy: Benchmark, settings: dict[str, int]) -> None:
    for factory in (smac, smac_multi_fidelity):
        with pytest.raises(UserError, match="expected 1 or more"):
            factory.create(toy.problem(0), np.random.default_rng(0), **settings).ask()


def test_an_eta_that_does_not_fit_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="eta = 2 does not fit"):
        smac_multi_fidelity.create(toy.problem(0), np.random.default_rng(0), eta=2)
    with pytest.raises(UserError, match="eta = 2 does not fit"):
        smac_multi_fidelity.cycle_full(toy.fidelities, {"eta": 2})
