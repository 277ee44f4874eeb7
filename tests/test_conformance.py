"""The conformance suites: every built-in thing passes, and each fault is caught by the check that is meant for it."""

import gc
import random
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt import Query, load_table, make_benchmark, run
from fairwatt.conformance import check_benchmark, check_optimizer, check_space
from fairwatt.conformance.driven import drive
from fairwatt.conformance.finding import Finding
from fairwatt.conformance.global_state import global_random_state
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import Ledger
from fairwatt.optimizer import OptimizerFactory, SearchEnded, optimizer
from fairwatt.problem import Benchmark
from fairwatt.records import Measurement, Request
from fairwatt.registry import OPTIMIZERS, from_file
from fairwatt.search_spaces.measured_configs import measured_configs

NAMES = OPTIMIZERS.names()
FAST = ("rs", "re", "ls", "hb", "semoa")
QUICK = {
    "bohb-hpbandster": {"candidates": 1},
    "mo-sh-bananas": {"k": 20},
    "ms-ehvi": {"candidates": 64},
    "smac": {"challengers": 50, "initial_size": 24, "retrain_after": 16},
    "smac-mf": {"challengers": 50, "initial_size": 24, "retrain_after": 24},
    "tpe": {"redraws": 1},
}
"""Settings of those that take long for all checks: fewer models, fewer candidates. Of the 40 queries of the shortest
searches the last 16 are still the model's."""


@pytest.fixture(scope="module")
def toy() -> Benchmark:
    return make_benchmark("toy-cells")


def _registered(name: str) -> OptimizerFactory:
    factory: OptimizerFactory = OPTIMIZERS.load(name)
    if factory.extra:
        pytest.importorskip(factory.extra)
    return replace(factory, defaults=factory.resolve(QUICK.get(name, {})))


def _failed(findings: list[Finding]) -> set[str]:
    for finding in findings:
        assert finding.passed == (not finding.detail) == (not finding.fix)
        assert finding.tried or not finding.passed
    return {finding.check for finding in findings if finding.tried and not finding.passed}


@pytest.mark.usefixtures("one_step_local_search")
@pytest.mark.parametrize("name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow(3)) for n in NAMES])
def test_every_registered_optimizer_conforms(toy: Benchmark, name: str) -> None:
    factory = _registered(name)
    assert factory.name == name
    assert factory.source.endswith(".")
    assert factory.summary.endswith(".")
    assert [finding for finding in check_optimizer(factory, toy, run) if not finding.passed] == []


@pytest.mark.parametrize("name", NAMES)
def test_arms_of_one_seed_start_apart_where_no_design_is_shared(toy: Benchmark, name: str) -> None:
    factory = _registered(name)
    problem = toy.problem(0, initial=0, objectives=factory.objectives)
    one, other = (drive(factory, toy, problem, label=label, steps=3).asked for label in ("a", "b"))
    assert (len(one), len(other)) == (3, 3)
    assert not set(one) & set(other)


def test_the_toy_benchmark_conforms(toy: Benchmark) -> None:
    assert [f for f in check_benchmark(toy, np.random.default_rng(0)) if not f.passed] == []
    raw = make_benchmark("toy-cells", sampler="raw")
    assert [f for f in check_space(raw.space, np.random.default_rng(0)) if not f.passed] == []


@pytest.mark.slow(3)
@pytest.mark.usefixtures("one_step_local_search")
@pytest.mark.parametrize("name", NAMES)
def test_every_registered_optimizer_conforms_on_learning_curves(toy_table: Path, name: str) -> None:
    """Where trainings go on instead of starting again, and where full training differs by configuration."""
    curves, factory = measured_configs(str(toy_table)), _registered(name)
    assert [finding for finding in check_optimizer(factory, curves, run) if not finding.passed] == []
    found = run(curves, factory, budget="30 full")
    assert found.spent == found.header.budget
    assert found.incumbent is not None


# -- faults of optimizers ---------------------------------------------------------------------------------------------


def _searching(body: Callable[..., Any], **declared: Any) -> OptimizerFactory:
    return optimizer("faulty", **declared)(body)


def _unseeded(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(np.random.default_rng()):
        yield Query(config)


def _seeded_by_an_address(problem, rng):  # type: ignore[no-untyped-def]
    kept.append(object())  # so that the next one stands elsewhere
    for config in problem.starts(np.random.default_rng(id(kept[-1]))):
        yield Query(config)


kept: list[object] = []


def _deaf(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(np.random.default_rng(0)):
        yield Query(config)


def _drawing_nothing(problem, rng):  # type: ignore[no-untyped-def]
    asked = [*problem.initial] or [problem.space.sample(rng)]
    for place in range(1000):
        if place >= len(asked):
            new = (config for config in problem.space.neighbors(asked[-1]) if config not in asked)
            asked.append(next(new, asked[0]))
        yield Query(asked[place])


def _own_design(problem, rng):  # type: ignore[no-untyped-def]
    while True:
        yield Query(problem.space.sample(rng))


def _needing_the_design(problem, rng):  # type: ignore[no-untyped-def]
    yield Query(problem.initial[0])
    for config in islice(problem.starts(rng), 1, None):
        yield Query(config)


def _ending_without_a_design(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng) if problem.initial else ():
        yield Query(config)


def _own_fidelity(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(config, 0.5)


def _silent_about_fidelities(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(config, problem.fidelities[0])
        yield Query(config)


def _outside(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(config)
        yield Query((7, *config[1:]))


def _invalid(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(config)
        yield Query((0,) * len(config))


def _global_numpy(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        np.random.random()  # noqa: NPY002 - the fault
        yield Query(config)


def _global_numpy_seeded(problem, rng):  # type: ignore[no-untyped-def]
    np.random.seed(int(rng.integers(2**32)))  # noqa: NPY002 - the fault
    for config in problem.starts(rng):
        np.random.random()  # noqa: NPY002 - the fault
        yield Query(config)


def _global_python(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        random.random()
        yield Query(config)


def _global_torch(problem, rng):  # type: ignore[no-untyped-def]
    torch = pytest.importorskip("torch")
    for config in problem.starts(rng):
        torch.rand(1)
        yield Query(config)


def _numpy_values(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(tuple(np.int64(value) for value in config))


def _trusting(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        trial = yield Query(config)
        if not trial.ok:
            return


def _dividing(problem, rng):  # type: ignore[no-untyped-def]
    total = 0
    for config in problem.starts(rng):
        trial = yield Query(config)
        total += int(1000 * trial.val_error)  # no integer is infinite


def _asking_for_the_test_error(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        trial = yield Query(config)
        getattr(trial, "test_error", None)


def _asking_for_the_budget(problem, rng):  # type: ignore[no-untyped-def]
    for config, _ in zip(problem.starts(rng), range(problem.budget), strict=False):
        yield Query(config)


def _raising(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(config)
        raise KeyError("what")


def _ending(problem, rng):  # type: ignore[no-untyped-def]
    yield from ()


def _without_a_yield(problem, rng):  # type: ignore[no-untyped-def]
    return None


def _handing_over_configurations(problem, rng):  # type: ignore[no-untyped-def]
    yield from problem.starts(rng)


def _spinning(problem, rng):  # type: ignore[no-untyped-def]
    while True:
        with suppress(Exception):
            rng.random()
    yield Query(problem.initial[0])


def _collecting(problem, rng):  # type: ignore[no-untyped-def]
    gc.get_referrers(problem)
    for config in problem.starts(rng):
        yield Query(config)


TRUTH = make_benchmark("toy-cells").reference()


def _knowing(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        trial = yield Query(config)
        if trial.losses[0] <= TRUTH.val_error.min():
            return


def _reading_a_table(problem, rng):  # type: ignore[no-untyped-def]
    table = load_table("digits-cells-5v")
    for config in problem.starts(rng):
        yield Query(config)
        assert table.rows


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (_unseeded, "seeds its generators"),
        (_seeded_by_an_address, "one seed, one search"),
        (_deaf, "other seed, other search"),
        (_drawing_nothing, "other label, other search"),
        (_own_design, "starts with the shared design"),
        (_needing_the_design, "searches without a shared design"),
        (_ending_without_a_design, "searches without a shared design"),
        (_own_fidelity, "asks inside the space"),
        (_silent_about_fidelities, "declares its fidelities"),
        (_outside, "asks inside the space"),
        (_invalid, "asks valid configurations"),
        (_global_numpy, "leaves global state alone"),
        (_global_numpy_seeded, "leaves global state alone"),
        (_global_python, "leaves global state alone"),
        (_global_torch, "leaves global state alone"),
        (_trusting, "survives invalid answers"),
        (_dividing, "survives invalid answers"),
        (_asking_for_the_test_error, "reads what it is shown"),
        (_asking_for_the_budget, "reads what it is shown"),
        (_raising, "asks and is told"),
        (_ending, "asks and is told"),
        (_without_a_yield, "asks and is told"),
        (_handing_over_configurations, "asks and is told"),
        (_collecting, "asks the runner only"),
        (_knowing, "asks the runner only"),
        (_reading_a_table, "asks the runner only"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_fault_is_found_by_the_check_that_is_meant_for_it(
    toy: Benchmark, body: Callable[..., Any], expected: str
) -> None:
    assert _failed(check_optimizer(_searching(body), toy, run)) == {expected}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms on this system")
def test_what_a_search_raises_is_shown_in_one_line(toy: Benchmark) -> None:
    @optimizer("raising")
    def raising(problem, rng):  # type: ignore[no-untyped-def]
        raise RuntimeError("first\n  second")
        yield Query(problem.initial[0])

    (finding,) = (found for found in check_optimizer(raising, toy, run) if found.tried and not found.passed)
    assert finding.detail.startswith("RuntimeError: first second, in test_conformance.py, line ")


def test_a_search_that_never_asks_is_interrupted(toy: Benchmark) -> None:
    assert _failed(check_optimizer(_searching(_spinning), toy, run, patience=0.05)) == {"asks and is told"}
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_global_generators_are_put_back(toy: Benchmark) -> None:
    before = global_random_state()
    check_optimizer(OPTIMIZERS.load("rs"), toy, run)
    assert global_random_state() == before


def test_an_oracle_in_a_closure_is_found(toy: Benchmark) -> None:
    def body(problem, rng):  # type: ignore[no-untyped-def]
        for config in problem.starts(rng):
            yield Query(config)
            assert toy.has_test

    (finding,) = (f for f in check_optimizer(_searching(body), toy, run) if not f.passed)
    assert finding.detail == "it holds toy (a TabularBenchmark)"


def test_a_waived_check_is_left_out_and_an_unknown_one_refused(toy: Benchmark) -> None:
    assert _failed(check_optimizer(_searching(_invalid, waives=("asks valid configurations",)), toy, run)) == set()
    with pytest.raises(UnknownNameError, match="did you mean 'asks valid configurations'"):
        check_optimizer(_searching(_invalid, waives=("asks valid configs",)), toy, run)


def test_numpy_values_are_taken_as_numbers(toy: Benchmark) -> None:
    assert not _failed(check_optimizer(_searching(_numpy_values), toy, run))


def test_a_search_that_revives_is_found(toy: Benchmark) -> None:
    class Reviving:
        def __init__(self, problem, rng) -> None:  # type: ignore[no-untyped-def]
            self.starts, self.left = problem.starts(rng), 20

        def ask(self) -> Query:
            self.left -= 1
            if self.left == 0:
                raise SearchEnded
            return Query(next(self.starts))

        def tell(self, trial) -> None:  # type: ignore[no-untyped-def]
            pass

    assert _failed(check_optimizer(optimizer("reviving")(Reviving), toy, run)) == {"ends for good"}


SET_ORDER = """from fairwatt.optimizer import optimizer
from fairwatt.records import Query

@optimizer("sets")
def sets(problem, rng):
    config = problem.space.sample(rng)
    for config in problem.initial:
        yield Query(config)
    while True:
        for word in {"mutate", "sample", "sample again", "mutate again"}:
            config = problem.space.mutate(config, rng) if "mutate" in word else problem.space.sample(rng)
            yield Query(config)
"""


@pytest.mark.slow
def test_a_search_that_hangs_on_the_order_of_a_set_is_found_in_fresh_processes(toy: Benchmark, tmp_path: Path) -> None:
    (tmp_path / "sets.py").write_text(SET_ORDER, encoding="utf-8")
    sets = from_file(f"{tmp_path / 'sets.py'}:sets")
    assert not _failed(check_optimizer(sets, toy, run))
    assert _failed(check_optimizer(sets, toy, run, hash_seeds=(1, 2, 3))) == {"one search in any process"}
    assert not _failed(check_optimizer(OPTIMIZERS.load("re"), toy, run, hash_seeds=(1,)))


# -- six deliberately bad optimizers: one for each threat of the specification's test 18 ------------------------------


def _climbing(problem, rng, loss):  # type: ignore[no-untyped-def]
    """A sound search, save for what it takes for a loss: new mutations of the best so far."""
    best, lowest, asked = None, float("inf"), set()
    for start in problem.starts(rng):
        steps = (problem.space.mutate(best, rng) for _ in range(20)) if len(asked) > 5 else ()
        config = next((step for step in steps if problem.space.key(step) not in asked), start)
        asked.add(problem.space.key(config))
        trial = yield Query(config)
        if (found := loss(trial)) < lowest:
            best, lowest = config, found


def _invalid_is_best(problem, rng):  # type: ignore[no-untyped-def]
    """T4: what cannot be trained has no error, so nothing beats it."""
    yield from _climbing(problem, rng, lambda trial: trial.losses[0] if trial.ok else 0.0)


def _third_of_the_training(problem, rng):  # type: ignore[no-untyped-def]
    """T6: its points are trained a third as long, so they look three times as green beside the others'."""
    for config in problem.starts(rng):
        yield Query(config, problem.fidelities[-2])


def _of_the_runner(kind: type) -> list[Any]:
    """A list of these that somebody keeps who runs the search, read from the frames; empty where there is none."""
    frame = sys._getframe()
    while frame := frame.f_back:
        for value in frame.f_locals.values():
            if isinstance(value, list) and value and isinstance(value[0], kind):
                return value
    return []


def _selecting_on_test(problem, rng):  # type: ignore[no-untyped-def]
    """T9: climbs by the test error of what the runner wrote down last."""

    def peeked(trial):  # type: ignore[no-untyped-def]
        requests = _of_the_runner(Request)
        return requests[-1].test_error if requests else trial.losses[0]

    yield from _climbing(problem, rng, peeked)


def _comparing_by_asking(problem, rng):  # type: ignore[no-untyped-def]
    """T10: each comparison asks for both of its sides once more."""
    starts = problem.starts(rng)
    best = next(starts)
    yield Query(best)
    for start in starts:
        new = yield Query(start)
        for _ in range(2):
            old = yield Query(best)
            new = yield Query(start)
        best = start if new.losses[0] < old.losses[0] else best


def _training_elsewhere(problem, rng):  # type: ignore[no-untyped-def]
    """T16: three in four of its trainings are in no books."""
    from fairwatt import make_benchmark

    yield from (Query(config) for config in problem.initial)
    oracle = make_benchmark("toy-cells")
    while True:
        draws = [problem.space.sample(rng) for _ in range(4)]
        yield Query(min(draws, key=lambda config: oracle.measure(config).val_error))


def _nearly_spent() -> bool:
    return any(10 * ledger.spent.energy_nj > 9 * ledger.budget for ledger in _of_the_runner(Ledger))


def _spending_the_last(problem, rng):  # type: ignore[no-untyped-def]
    """T17: where little is left it asks for the largest, whose answer would come after the end of the budget."""
    for config in problem.starts(rng):
        yield Query(max(problem.space.neighbors(config), key=sum) if _nearly_spent() else config)


def test_the_sound_half_of_two_of_them_passes(toy: Benchmark) -> None:
    def body(problem, rng):  # type: ignore[no-untyped-def]
        yield from _climbing(problem, rng, lambda trial: trial.losses[0])

    assert not _failed(check_optimizer(_searching(body), toy, run))


@pytest.mark.parametrize(
    ("body", "declared", "check"),
    [
        (_invalid_is_best, {}, "builds on no invalid answer"),
        (_third_of_the_training, {"multi_fidelity": True}, "trains fully"),
        (_selecting_on_test, {}, "sees no cost and no test error"),
        (_comparing_by_asking, {}, "asks new questions"),
        (_training_elsewhere, {}, "asks the runner only"),
        (_spending_the_last, {}, "a smaller budget is a prefix"),
    ],
    ids=["T4", "T6", "T9", "T10", "T16", "T17"],
)
def test_each_of_six_bad_optimizers_passes_all_checks_but_one(
    toy: Benchmark, body: Callable[..., Any], declared: dict[str, Any], check: str
) -> None:
    findings = check_optimizer(_searching(body, **declared), toy, run)
    assert _failed(findings) == {check}
    assert all(finding.tried for finding in findings)


def test_a_torch_thread_setting_that_stays_is_a_change_of_state() -> None:
    torch = pytest.importorskip("torch")
    before, threads = global_random_state(), torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        assert global_random_state() != before
    finally:
        torch.set_num_threads(threads)
    assert global_random_state() == before


# -- faults of spaces and benchmarks ----------------------------------------------------------------------------------


def _patched(target: Any, name: str, value: Any) -> Any:
    """A copy of an object with one attribute of its class replaced."""
    made = type("Faulty", (type(target),), {name: value})
    copy = object.__new__(made)
    copy.__dict__.update(target.__dict__)
    return copy


SPACE_FAULTS = {
    "samples are valid": ("sample", lambda self, rng: (0,) * len(self.dims)),
    "keys name networks": ("is_valid", lambda self, config: True),
    "mutations are other networks": ("mutate", lambda self, config, rng: config),
    "perturbations are other networks": ("perturb", lambda self, config, rng, **rates: self.sample(rng)),
    "neighbors are distinct": ("neighbors", lambda self, config: [config]),
    "encoding and back": ("decode", lambda self, point: tuple(int(value > 0.3) for value in point)),
    "leaves global state alone": ("neighbors", lambda self, config: [][: int(random.random())]),
}


@pytest.mark.parametrize("check", SPACE_FAULTS)
def test_each_fault_of_a_space_is_found(toy: Benchmark, check: str) -> None:
    assert check in _failed(check_space(_patched(toy.space, *SPACE_FAULTS[check]), np.random.default_rng(0)))


def _moody(self: Any, config: Any, fidelity: float = 1.0, seed: int = 0) -> Measurement:
    self.calls = getattr(self, "calls", 0) + 1
    return replace(super(type(self), self).measure(config, fidelity, seed), val_error=(self.calls % 100) / 100)


def _generous(self: Any, config: Any, fidelity: float = 1.0, seed: int = 0) -> Measurement:
    return replace(super(type(self), self).measure(config, fidelity, seed), energy_kwh=0.0)


def _strict(self: Any, config: Any, fidelity: float = 1.0, seed: int = 0) -> Measurement:
    if not self.space.is_valid(config):
        raise KeyError(config)
    return super(type(self), self).measure(config, fidelity, seed)


def _biased(self: Any, keys: Any, fidelity: float = 1.0, seed: int = 0) -> Any:
    columns = super(type(self), self).measure_batch(keys, fidelity, seed)
    return columns | {"val_error": columns["val_error"] + 0.001}


BENCHMARK_FAULTS = {
    "fidelities rise to 1": ("epochs", lambda self, config, fidelity: 108),
    "the oracle is pure": ("measure", _moody),
    "answers are sound": ("measure", _generous),
    "invalid is a status": ("measure", _strict),
    "batches agree": ("measure_batch", _biased),
    "replicates exist": ("replicate", lambda self, key, fidelity, seed: seed),
    "prices are ordered": (
        "tariff",
        lambda self: (lambda t: replace(t, first=t.full, full=t.cheapest))(super(type(self), self).tariff()),
    ),
    "the shared design is shared": (
        "problem",
        lambda self, seed, **settings: super(type(self), self).problem(0, **settings),
    ),
}


@pytest.mark.parametrize("check", BENCHMARK_FAULTS)
def test_each_fault_of_a_benchmark_is_found(toy: Benchmark, check: str) -> None:
    assert check in _failed(check_benchmark(_patched(toy, *BENCHMARK_FAULTS[check]), np.random.default_rng(0)))
