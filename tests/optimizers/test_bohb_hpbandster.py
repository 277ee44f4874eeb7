"""HpBandSter's BOHB in this process: its brackets, its model, and nothing of its network left behind."""

import logging
import os
import socket
import subprocess
import sys
import threading
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fairwatt import Query, Trial, make_benchmark, run
from fairwatt.conformance import check_optimizer
from fairwatt.conformance.driven import told
from fairwatt.conformance.global_state import global_random_state
from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizers.bohb_hpbandster import bohb_hpbandster, cycle_full
from fairwatt.optimizers.hyperband import brackets
from fairwatt.problem import Benchmark, SearchSpace
from fairwatt.records import Config
from fairwatt.surrogates.kde import ProductKernelDensity

pytest.importorskip("hpbandster")
R108 = (4, 12, 36, 108)
NO_MODEL = {"random_fraction": 1.0, "min_points": 10_000}


def _generator() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hpbandster.optimizers.config_generators.bohb import BOHB
    return BOHB


def _picks(monkeypatch: pytest.MonkeyPatch, answer: Any = None) -> list[bool]:
    """Whether each proposal was the model's; with `answer`, all proposals are that one."""
    found: list[bool] = []
    real = _generator().get_config

    def watched(self, budget):  # type: ignore[no-untyped-def]
        proposed, info = (answer(self), {"model_based_pick": True}) if answer else real(self, budget)
        found.append(info["model_based_pick"])
        return proposed, info

    monkeypatch.setattr(_generator(), "get_config", watched)
    return found


def _dictionary(benchmark: Benchmark, generator: Any, config: Config) -> dict[str, Any]:
    return dict(benchmark.space.to_configspace(config, generator.configspace))


@pytest.fixture
def quick(toy: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proposals are draws of the space without the library's: for tests of what becomes of them."""
    rng = np.random.default_rng(7)
    _picks(monkeypatch, lambda generator: _dictionary(toy, generator, toy.space.sample(rng)))


@pytest.mark.usefixtures("quick")
def test_a_cycle_on_108_epochs_is_1620_from_scratch_and_1368_continued(toy: Benchmark, drive) -> None:  # type: ignore[no-untyped-def]
    trials = drive("bohb-hpbandster", 65 + 27, **NO_MODEL)
    fidelities = [trial.fidelity for trial in trials]
    cycle = brackets(toy.fidelities, variant="hpbandster")
    assert fidelities[:65] == [fidelity for bracket in cycle for n, fidelity in bracket for _ in range(n)]
    assert fidelities[65:] == [toy.fidelities[0]] * 27
    scratch = continued = 0
    rest = iter(trials)
    for bracket in cycle:
        reached: dict[object, int] = {}
        for n, _ in bracket:
            for trial in [next(rest) for _ in range(n)]:
                epochs = toy.epochs(trial.config, trial.fidelity)
                scratch += epochs
                continued += epochs - reached.get(trial.config, 0)
                reached[trial.config] = epochs
    assert (scratch, continued) == (1620, 1368)
    assert cycle_full([epochs / 108 for epochs in R108], {"eta": 3}) == pytest.approx(1620 / 108)


@pytest.mark.parametrize("rungs", [R108, (1, 3, 9, 27, 81), (1, 3, 9, 27, 81, 243)])
def test_brackets_are_those_of_the_librarys_own_arithmetic(rungs: tuple[int, ...]) -> None:
    _generator()
    from hpbandster.optimizers import BOHB

    library = SimpleNamespace(
        max_SH_iter=len(rungs), eta=3, budgets=np.array(rungs, float), config_generator=SimpleNamespace(get_config=None)
    )
    for number, bracket in enumerate(brackets(rungs, variant="hpbandster")):
        halving = BOHB.get_next_iteration(library, number)
        assert list(zip(halving.num_configs, halving.budgets, strict=True)) == bracket


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_no_rung_of_243_epochs_is_lost(toy: Benchmark) -> None:
    assert -int(np.log(1 / 243) / np.log(3)) + 1 == 5, "the library's own count of the six rungs"
    problem = replace(toy.problem(0), fidelities=tuple(3**i / 243 for i in range(6)))
    search = bohb_hpbandster.create(problem, np.random.default_rng(0), **NO_MODEL)
    asked = []
    for place in range(364):
        query = search.ask()
        asked.append(round(243 * query.fidelity))
        search.tell(Trial(query.config, query.fidelity, place / 364, 1.0, (place / 364,)))
    assert asked == [e for n, e in [(243, 1), (81, 3), (27, 9), (9, 27), (3, 81), (1, 243)] for _ in range(n)]


@pytest.mark.slow
def test_the_model_chooses_once_it_can(monkeypatch, drive) -> None:  # type: ignore[no-untyped-def]
    """28 trials at one fidelity make a model of 13 dimensions; the library falls back to random draws silently."""
    picks = _picks(monkeypatch)
    trials = drive("bohb-hpbandster", 80, random_fraction=0.0, candidates=2)
    first = 27 + 9 + 6 + 4  # drawn in the first cycle; promotions are not
    assert not any(picks[: first + 1])
    assert len(picks) == first + 15
    assert all(picks[first + 1 :])
    assert all(trial.ok for trial in trials)


@pytest.mark.slow
def test_invalid_proposals_become_random_draws_and_duplicates_are_asked(toy: Benchmark, drive, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    random = [trial.config for trial in drive("bohb-hpbandster", 30, **NO_MODEL)]
    good = toy.problem(0).initial[0]
    with monkeypatch.context() as patch:
        _picks(patch, lambda generator: _dictionary(toy, generator, (0,) * 13))
        assert [trial.config for trial in drive("bohb-hpbandster", 30, **NO_MODEL)] == random
    _picks(monkeypatch, lambda generator: _dictionary(toy, generator, good))
    assert {trial.config for trial in drive("bohb-hpbandster", 30, **NO_MODEL)} == {good}


@pytest.mark.usefixtures("quick")
def test_slots_of_invalid_answers_are_filled_with_new_configurations(toy: Benchmark) -> None:
    problem = toy.problem(0)
    search = bohb_hpbandster.create(problem, np.random.default_rng(0), **NO_MODEL)
    asked = []
    for place in range(40):
        asked.append(search.ask())
        search.tell(told(toy, problem, asked[-1], invalid=place not in range(10, 15)))
    first, second = asked[:27], asked[27:36]
    assert [query.fidelity for query in asked] == [
        f for f, n in zip(toy.fidelities, (27, 9, 3, 1), strict=True) for _ in range(n)
    ]
    assert {query.config for query in second[:5]} == {query.config for query in first[10:15]}
    assert not {query.config for query in second[5:]} & {query.config for query in first}


@pytest.mark.slow
def test_no_socket_no_thread_no_word_and_no_global_draw(toy: Benchmark, drive, monkeypatch, capfd) -> None:  # type: ignore[no-untyped-def]
    _generator()

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refused)
    before = global_random_state(), threading.enumerate(), logging.root.handlers[:], logging.root.level
    warned = warnings.filters[:]
    drive("bohb-hpbandster", 70, random_fraction=0.0, candidates=1)
    assert (global_random_state(), threading.enumerate(), logging.root.handlers, logging.root.level) == before
    assert warnings.filters == warned
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_global_draws_of_others_change_nothing(toy: Benchmark) -> None:
    def asked(disturb: bool) -> list[Query]:
        problem = toy.problem(0)
        search = bohb_hpbandster.create(problem, np.random.default_rng(0), random_fraction=0.0, candidates=1)
        queries = []
        for _ in range(72):
            if disturb:
                np.random.random(7)  # noqa: NPY002 - what others may do
            queries.append(search.ask())
            search.tell(told(toy, problem, queries[-1]))
        return queries

    outside = np.random.get_state()  # noqa: NPY002
    try:
        assert asked(disturb=True) == asked(disturb=False)
    finally:
        np.random.set_state(outside)  # noqa: NPY002


@pytest.mark.slow
def test_it_conforms_on_digits_regnet_hpo() -> None:
    light = replace(bohb_hpbandster, defaults={**bohb_hpbandster.defaults, "candidates": 1})
    benchmark = make_benchmark("digits-regnet-hpo")
    assert [finding for finding in check_optimizer(light, benchmark, run) if not finding.passed] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bohb-hpbandster", "tpe"])
def test_the_hash_seed_changes_nothing(drive, name: str) -> None:  # type: ignore[no-untyped-def]
    code = """
import sys
import numpy as np
from fairwatt import make_benchmark
from fairwatt.conformance.driven import told
from fairwatt.registry import OPTIMIZERS

toy = make_benchmark("toy-cells")
problem = toy.problem(0)
search = OPTIMIZERS.load(sys.argv[1]).create(problem, np.random.default_rng(0), candidates=1)
for _ in range(72):
    query = search.ask()
    print(query.config)
    search.tell(told(toy, problem, query))
"""
    environment = {**os.environ, "PYTHONHASHSEED": "1"}  # ours has another, or, where somebody set it, the same
    ran = subprocess.run(
        [sys.executable, "-c", code, name], env=environment, check=True, capture_output=True, text=True
    )
    assert ran.stdout == "".join(f"{trial.config}\n" for trial in drive(name, 72, candidates=1))


def test_spaces_without_a_configspace_and_settings_out_of_range_are_refused(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    problem = toy.problem(0)
    for settings in ({"top_percent": 0}, {"candidates": 0}, {"eta": 2}):
        with pytest.raises(UserError):
            bohb_hpbandster.create(problem, np.random.default_rng(0), **settings).ask()

    bare = type("Bare", (type(toy.space),), {"configspace": SearchSpace.configspace})
    monkeypatch.setattr(problem.space, "__class__", bare)
    with pytest.raises(UserError, match="the space Bare has no ConfigurationSpace; give it configspace"):
        bohb_hpbandster.create(problem, np.random.default_rng(0)).ask()


def test_without_hpbandster_it_says_what_to_install(toy: Benchmark, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "hpbandster", None)
    with pytest.raises(MissingExtraError, match=r"bohb-hpbandster needs hpbandster: pip install 'fairwatt\[hpbandster"):
        bohb_hpbandster.create(toy.problem(0), np.random.default_rng(0)).ask()


def test_its_densities_are_ours(toy: Benchmark) -> None:
    """Bandwidths by the same rule, ours cut where all levels weigh the same; then the same densities."""
    rng, space = np.random.default_rng(0), toy.space
    described, losses = space.configspace(), rng.random(40)
    configs = [space.sample(rng) for _ in losses]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = _generator()(described)
        for config, loss in zip(configs, losses, strict=True):
            kwargs = {"config": dict(space.to_configspace(config, described)), "budget": 1.0}
            library.new_result(SimpleNamespace(kwargs=kwargs, result={"loss": loss}, exception=None))
    vectors = np.array(configs, float)  # its form: edges 0 or 1 on a line, operations by number
    units = np.hstack([vectors[:, :10], (vectors[:, 10:] + 0.5) / 3])
    order = np.argsort(losses)
    for part, chosen in (("good", order[:14]), ("bad", order[14:])):
        model = library.kde_models[1.0][part]
        ours = ProductKernelDensity.fit(units[chosen], np.array([0] * 10 + [3] * 3))
        assert ours.bandwidths == pytest.approx(np.minimum(model.bw, [np.inf] * 10 + [2 / 3] * 3))
        model.bw = ours.bandwidths
        assert ours.log_density(units) == pytest.approx(np.log(model.pdf(vectors)))


@pytest.mark.slow(14)
def test_our_proposals_are_no_worse_and_both_are_better_than_random(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Two seeds of benchmarks/bohb_equivalence.py with half of the candidates: .115, .133 and .150."""
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "benchmarks")
    from bohb_equivalence import proposal_errors

    random = np.mean(proposal_errors("bohb", 2, random_fraction=1.0))
    ours, theirs = (np.mean(proposal_errors(name, 2, candidates=32)) for name in ("bohb", "bohb-hpbandster"))
    assert ours < theirs < random
