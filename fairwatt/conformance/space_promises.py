"""What every search space and benchmark must satisfy; the counterpart of `conformance` for those who bring one."""

import json
from itertools import pairwise
from math import isfinite

import numpy as np

from fairwatt.conformance.driven import misfit
from fairwatt.conformance.finding import Finding, findings
from fairwatt.conformance.global_state import global_random_state
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Benchmark, SearchSpace
from fairwatt.records import Config, Measurement, Status

DRAWS = 50
ABSENT = "no such value"


def check_space(space: SearchSpace, rng: np.random.Generator) -> list[Finding]:
    """Every promise of a search space, tried on 50 draws from `rng`."""
    configs = [space.sample(rng) for _ in range(DRAWS)]

    def samples() -> str:
        for config in configs:
            if fault := misfit(space, config):
                return fault
            if not space.is_valid(config):
                return f"{config} is a sample and not valid"
        one, two = ([space.sample(np.random.default_rng(seed)) for seed in range(5)] for _ in range(2))
        return "" if one == two else "one seed gives different samples"

    def keys() -> str:
        for config in configs:
            key = space.key(config)
            if type(key) not in (int, str):
                return f"the key {key!r} is a {type(key).__name__}"
            if key != space.key(tuple(config)) or json.loads(json.dumps(key)) != key:
                return f"the key {key!r} is not the same when asked again or read back from JSON"
        for wrong in malformed(space):
            if space.is_valid(wrong):
                return f"{wrong!r} is called valid"
            try:
                return f"{wrong!r} has a key, {space.key(wrong)!r}"
            except ValueError:
                pass
        return ""

    def moved(moves: list[tuple[Config, Config]]) -> str:
        for before, after in moves:
            if fault := misfit(space, after):
                return fault
            if not space.is_valid(after):
                return f"{before} becomes {after}, which is not valid"
            if space.key(after) == space.key(before):
                return f"{before} becomes {after}, the same network"
        return ""

    def perturbs() -> str:
        groups = {dim.group for dim in space.dims}
        fault = moved([(c, space.perturb(c, rng, **dict.fromkeys(groups, 1.0))) for c in configs])
        if fault:
            return fault
        try:
            space.perturb(configs[0], rng, no_such_group=1.0)
        except UserError:
            return ""
        return "a rate for a group that does not exist is accepted"

    def neighborhoods() -> str:
        for config in configs:
            around = space.neighbors(config)
            if len({space.key(other) for other in around}) != len(around):
                return f"two neighbors of {config} are the same network"
            if around != space.neighbors(config):
                return f"the neighbors of {config} change"
            if fault := moved([(config, other) for other in around]):
                return fault
        return ""

    def encodes() -> str:
        for config in configs:
            point = space.encode(config)
            if point.shape != (len(space.dims),) or not ((point >= 0) & (point <= 1)).all():
                return f"{config} is encoded as {point}, not a point of the unit cube"
            if space.decode(point) != config:
                return f"{config} is decoded as {space.decode(point)}"
        try:
            space.encode(configs[0], "no such kind")
        except UnknownNameError:
            return ""
        return "an encoding that does not exist is accepted"

    def global_state() -> str:
        before = global_random_state()
        for config in configs:
            space.perturb(space.mutate(space.sample(rng), rng), rng)
            space.neighbors(config)
        after = global_random_state()
        changed = [name for name in after if after[name] != before.get(name, after[name])]
        return f"changed: {', '.join(changed)}" if changed else ""

    return findings(
        [
            ("samples are valid", samples, "draw from `rng` only, and only what can be measured"),
            ("keys name networks", keys, "return int or str; raise ValueError for what is not valid"),
            (
                "mutations are other networks",
                lambda: moved([(config, space.mutate(config, rng)) for config in configs]),
                "repeat the step until `key` changes and the result is valid",
            ),
            ("perturbations are other networks", perturbs, "draw again until `key` changes; refuse unknown groups"),
            ("neighbors are distinct", neighborhoods, "list each key once, without the configuration's own"),
            ("encoding and back", encodes, "encode value k of n as (k + 1/2)/n, decode to the nearest"),
            ("leaves global state alone", global_state, "draw from `rng`"),
        ]
    )


def check_benchmark(benchmark: Benchmark, rng: np.random.Generator) -> list[Finding]:
    """Every promise of a benchmark, tried on 50 draws of its space; `check_space` is part of it."""
    space = benchmark.space
    configs = [space.sample(rng) for _ in range(DRAWS)]
    questions = [(config, fidelity) for config in configs for fidelity in benchmark.fidelities]

    def grid() -> str:
        rising = all(low < high for low, high in pairwise(benchmark.fidelities))
        if not rising or benchmark.fidelities[0] <= 0 or benchmark.fidelities[-1] != 1.0:
            return f"fidelities {benchmark.fidelities}"
        epochs = [benchmark.epochs(configs[0], fidelity) for fidelity in benchmark.fidelities]
        if not all(low < high for low, high in pairwise(epochs)):
            return f"epochs {epochs}"
        try:
            benchmark.measure(configs[0], benchmark.fidelities[0] / 2)
        except UserError:
            return ""
        return f"fidelity {benchmark.fidelities[0] / 2} is answered"

    def pure() -> str:
        forth = [benchmark.measure(*question, 7) for question in questions]
        back = [benchmark.measure(*question, 7) for question in reversed(questions)]
        return "" if forth == back[::-1] else "the same question has different answers"

    def sound() -> str:
        for config, fidelity in questions:
            if fault := unsound(benchmark.measure(config, fidelity), benchmark.has_test):
                return f"{config} at {fidelity}: {fault}"
        return ""

    def invalid() -> str:
        for config in malformed(space):
            answer = benchmark.measure(config)
            if answer.status is not Status.INVALID or isfinite(answer.val_error) or isfinite(answer.energy_kwh):
                return f"{config!r} is answered by {answer}"
        return ""

    def batch() -> str:
        keys = [space.key(config) for config in configs]
        answers = [benchmark.measure(config, seed=3) for config in configs]
        columns = benchmark.measure_batch(keys, seed=3)
        wrong = [
            name
            for name in ("val_error", "energy_kwh", "seconds", "epochs")
            if not np.array_equal(columns[name], [getattr(answer, name) for answer in answers])
        ]
        return f"measure_batch and measure disagree on {', '.join(wrong)}" if wrong else ""

    def replicates() -> str:
        found = {benchmark.replicate(space.key(c), f, seed) for c, f in questions for seed in range(5)}
        return "" if found <= set(range(benchmark.replicates)) else f"replicates {sorted(found)}"

    def prices() -> str:
        tariff = benchmark.tariff()
        rising = all(
            low <= mean <= full for low, mean, full in zip(tariff.cheapest, tariff.first, tariff.full, strict=True)
        )
        return "" if rising and min(tariff.full) > 0 else f"{tariff}"

    def designs() -> str:
        one, two = benchmark.problem(0).initial, benchmark.problem(0).initial
        if one != two or one == benchmark.problem(1).initial:
            return "the shared design is not a function of the seed"
        return "" if all(map(space.is_valid, one)) else f"the shared design {one} is not valid"

    return [
        *check_space(space, rng),
        *findings(
            [
                ("fidelities rise to 1", grid, "fractions of full training, ascending, the last 1.0; refuse others"),
                ("the oracle is pure", pure, "choose the replicate by `Benchmark.replicate`, never by call order"),
                ("answers are sound", sound, "errors are fractions; energy, time and epochs are positive and finite"),
                (
                    "invalid is a status",
                    invalid,
                    "answer INVALID_MEASUREMENT for what the space has not; raise nothing",
                ),
                ("batches agree", batch, "take both from one column"),
                ("replicates exist", replicates, "count replicates from 0 to `replicates` - 1"),
                ("prices are ordered", prices, "cheapest <= first <= full, in every currency"),
                ("the shared design is shared", designs, "draw it from the stream of role 'initial'"),
            ]
        ),
    ]


def malformed(space: SearchSpace) -> list[Config]:
    """Tuples that no space may take for a configuration."""
    good = tuple(dim.values[0] for dim in space.dims)
    return [(), good[:-1], (*good, good[-1]), (ABSENT, *good[1:]), (*good[:-1], ABSENT)]


def unsound(answer: Measurement, has_test: bool) -> str:
    """What is wrong with the answer to a valid question; "" for nothing."""
    if answer.status is Status.INVALID:
        return "a valid configuration is answered INVALID"
    if (answer.test_error is not None) != has_test:
        return f"test_error = {answer.test_error} where has_test is {has_test}"
    for error in (answer.val_error, answer.test_error):
        if error is not None and not 0 <= error <= 1:
            return f"an error of {error}"
    for name in ("energy_kwh", "seconds", "epochs"):
        if not 0 < getattr(answer, name) < float("inf"):
            return f"{name} = {getattr(answer, name)}"
    return ""
