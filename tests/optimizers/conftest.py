"""What the tests of this room share: the toy benchmark, and a search that is driven by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fairwatt import Trial, make_benchmark
from fairwatt.conformance.driven import told
from fairwatt.optimizer import SearchEnded
from fairwatt.problem import Benchmark
from fairwatt.registry import OPTIMIZERS

Drive = Callable[..., list[Trial]]


@pytest.fixture(scope="session")
def toy() -> Benchmark:
    return make_benchmark("toy-cells")


@pytest.fixture
def drive(toy: Benchmark) -> Drive:
    """drive(name, steps, seed=0, benchmark=toy, **settings): the first trials of a search."""

    def driven(name: str, steps: int, seed: int = 0, benchmark: Benchmark = toy, **settings: Any) -> list[Trial]:
        factory = OPTIMIZERS.load(name)
        problem = benchmark.problem(seed, objectives=factory.objectives)
        search = factory.create(problem, np.random.default_rng(seed), **settings)
        trials: list[Trial] = []
        for _ in range(steps):
            try:
                query = search.ask()
            except SearchEnded:
                break
            trials.append(told(benchmark, problem, query))
            search.tell(trials[-1])
        return trials

    return driven
