"""The conformance suites: every built-in thing passes, and each fault is caught by the check that is meant for it."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt import Query, make_benchmark, run
from fairwatt.conformance import check_optimizer, global_random_state
from fairwatt.optimizer import OptimizerFactory, SearchEnded, optimizer
from fairwatt.problem import Benchmark
from fairwatt.records import Measurement
from fairwatt.registry import OPTIMIZERS
from fairwatt.search_spaces.measured_configs import measured_configs
from fairwatt.space_conformance import check_benchmark, check_space

NAMES = OPTIMIZERS.names()


@pytest.fixture(scope="module")
def toy() -> Benchmark:
    return make_benchmark("toy-cells")


def _failed(findings) -> set[str]:  # type: ignore[no-untyped-def]
    for finding in findings:
        assert finding.passed == (not finding.detail) == (not finding.fix)
    return {finding.check for finding in findings if not finding.passed}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == "bananas" else n for n in NAMES])
def test_every_registered_optimizer_conforms(toy: Benchmark, name: str) -> None:
    factory = OPTIMIZERS.load(name)
    if factory.extra:
        pytest.importorskip(factory.extra)
    assert factory.name == name
    assert factory.source.endswith(".")
    assert factory.summary.endswith(".")
    assert [finding for finding in check_optimizer(factory, toy, run) if not finding.passed] == []


def test_the_toy_benchmark_conforms(toy: Benchmark) -> None:
    assert [f for f in check_benchmark(toy, np.random.default_rng(0)) if not f.passed] == []
    raw = make_benchmark("toy-cells", sampler="raw")
    assert [f for f in check_space(raw.space, np.random.default_rng(0)) if not f.passed] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_registered_optimizer_conforms_on_learning_curves(toy_table: Path, name: str) -> None:
    """Where trainings go on instead of starting again, and where full training differs by configuration."""
    curves, factory = measured_configs(str(toy_table)), OPTIMIZERS.load(name)
    if factory.extra:
        pytest.importorskip(factory.extra)
    assert [finding for finding in check_optimizer(factory, curves, run) if not finding.passed] == []
    found = run(curves, factory, budget="30 full")
    assert found.spent == found.header.budget
    assert found.incumbent is not None


# -- faults of optimizers ---------------------------------------------------------------------------------------------


def _searching(body: Callable[..., Any]) -> OptimizerFactory:
    return optimizer("faulty")(body)


def _unseeded(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(np.random.default_rng()):
        yield Query(config)


def _deaf(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(np.random.default_rng(0)):
        yield Query(config)


def _own_design(problem, rng):  # type: ignore[no-untyped-def]
    while True:
        yield Query(problem.space.sample(rng))


def _own_fidelity(problem, rng):  # type: ignore[no-untyped-def]
    for config in problem.starts(rng):
        yield Query(config, 0.5)


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


NEED_A_RUN = {  # the runner refuses a fidelity that the benchmark has not
    "one seed, one search",
    "other seed, other search",
    "other label, other search",
    "a smaller budget is a prefix",
    "survives JSON",
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (_unseeded, {"one seed, one search", "a smaller budget is a prefix"}),
        (_deaf, {"other label, other search"}),
        (_own_design, {"starts with the shared design"}),
        (_own_fidelity, {"asks inside the space", *NEED_A_RUN}),
        (_outside, {"asks inside the space", "asks valid configurations"}),
        (_invalid, {"asks valid configurations"}),
        (_global_numpy, {"leaves global state alone"}),
        (_global_python, {"leaves global state alone"}),
        (_global_torch, {"leaves global state alone"}),
        (_trusting, {"survives invalid answers"}),
        (_dividing, {"survives invalid answers"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_fault_is_found(toy: Benchmark, body: Callable[..., Any], expected: set[str]) -> None:
    assert _failed(check_optimizer(_searching(body), toy, run)) == expected


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


def test_planning_on_the_budget_is_found(toy: Benchmark) -> None:
    plain = OPTIMIZERS.load("rs")
    budgets: list[str] = []

    def peeking(problem, rng):  # type: ignore[no-untyped-def]
        draws = problem.starts(rng)
        skip = budgets[-1] == "10 full"
        for place, config in enumerate(draws):
            if not (skip and place == 3):
                yield Query(config)

    def telling(benchmark, factory, **settings: Any):  # type: ignore[no-untyped-def]
        budgets.append(settings["budget"])
        return run(benchmark, factory, **settings)

    assert _failed(check_optimizer(replace(_searching(peeking), name=plain.name), toy, telling)) == {
        "a smaller budget is a prefix"
    }


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
