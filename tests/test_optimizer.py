"""Ask and tell, the generator's face, and the decorator that makes factories."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fairwatt import Query, Trial, UserError, make_benchmark
from fairwatt.errors import UnknownNameError
from fairwatt.optimizer import GeneratorOptimizer, OptimizerFactory, SearchEnded, optimizer
from fairwatt.optimizers import random_search
from fairwatt.problem import Problem
from fairwatt.registry import from_file


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_benchmark("toy-cells").problem(0)


def _trial(query: Query) -> Trial:
    return Trial(query.config, query.fidelity, 0.5, 1.0, (0.5,))


def _counting(steps: int, heard: list[Trial]) -> Iterator[Query]:
    for step in range(steps):
        heard.append((yield Query((step,))))


def test_a_generator_hears_the_trial_of_each_of_its_queries() -> None:
    heard: list[Trial] = []
    search = GeneratorOptimizer(_counting(3, heard))
    asked = []
    for _ in range(3):
        asked.append(search.ask())
        search.tell(_trial(asked[-1]))
    with pytest.raises(SearchEnded):
        search.ask()
    assert [trial.config for trial in heard] == [query.config for query in asked] == [(0,), (1,), (2,)]
    with pytest.raises(SearchEnded):
        search.ask()


def test_an_empty_search_has_ended() -> None:
    with pytest.raises(SearchEnded):
        GeneratorOptimizer(_counting(0, [])).ask()


def test_ask_and_tell_alternate() -> None:
    search = GeneratorOptimizer(_counting(3, []))
    with pytest.raises(RuntimeError, match="nothing was asked"):
        search.tell(_trial(Query((0,))))
    query = search.ask()
    with pytest.raises(RuntimeError, match="tell the outcome"):
        search.ask()
    search.tell(_trial(query))
    with pytest.raises(RuntimeError, match="nothing was asked"):
        search.tell(_trial(query))
    assert search.ask() == Query((1,))


@optimizer("walk", kinds=("single", "multi"), multi_fidelity=True, cycle=lambda fidelities, settings: settings["size"])
def walk(problem, rng, *, size: int = 4, rate: float = 0.5, kind: str = "a", greedy: bool = False):  # type: ignore[no-untyped-def]
    """Walks about.

    size: how far.
    """
    if size < 1:
        raise UserError("size: expected 1 or more")
    for config in problem.starts(rng):
        yield Query(config)


@optimizer("class")
class Fixed:
    """Asks one thing."""

    def __init__(self, problem, rng, *, times: int = 2) -> None:  # type: ignore[no-untyped-def]
        if times < 1:
            raise ValueError("times = 0: expected 1 or more")
        self.config = problem.initial[0]

    def ask(self) -> Query:
        return Query(self.config)

    def tell(self, trial: Trial) -> None:
        pass


def test_the_decorator_makes_a_factory_that_knows_its_algorithm(problem: Problem) -> None:
    assert isinstance(walk, OptimizerFactory)
    assert (walk.name, walk.kinds, walk.multi_fidelity, walk.extra) == ("walk", ("single", "multi"), True, "")
    assert walk.source == "Ask and tell, the generator's face, and the decorator that makes factories."
    assert walk.summary == "Walks about."
    assert walk.objectives == ("val_error",)
    assert walk.defaults == {"size": 4, "rate": 0.5, "kind": "a", "greedy": False}
    assert walk.cycle_full((0.5, 1.0), walk.resolve({"size": 9})) == 9
    assert Fixed.cycle_full((1.0,), {}) == 0.0
    assert walk.create(problem, np.random.default_rng(0)).ask().config == problem.initial[0]


def test_a_class_is_registered_as_it_is(problem: Problem) -> None:
    search = Fixed.create(problem, np.random.default_rng(0))
    assert search.ask() == search.ask() == Query(problem.initial[0])
    assert Fixed.summary == "Asks one thing."


def test_two_searches_of_one_factory_share_nothing(problem: Problem) -> None:
    one, two = (walk.create(problem, np.random.default_rng(0)) for _ in range(2))
    first = one.ask()
    one.tell(_trial(first))
    one.ask()
    assert two.ask() == first


def test_settings_are_checked_before_anything_runs(problem: Problem) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'size'"):
        walk.resolve({"sise": 3})
    for settings in ({"size": 2.5}, {"size": "3"}, {"size": True}, {"rate": "x"}, {"kind": 1}, {"greedy": 1}):
        with pytest.raises(UserError, match="expected"):
            walk.resolve(settings)
    assert walk.resolve({"rate": 1, "greedy": True}) == {"size": 4, "rate": 1, "kind": "a", "greedy": True}
    with pytest.raises(UserError, match="optimizer class: times = 0"):
        Fixed.create(problem, np.random.default_rng(0), times=0)
    with pytest.raises(UserError, match="size"):
        walk.create(problem, np.random.default_rng(0), size=0).ask()


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="kind of optimizer"):
        optimizer("x", kinds=("both",))
    with pytest.raises(TypeError, match="keyword-only"):

        @optimizer("x")
        def positional(problem, rng, size=3):  # type: ignore[no-untyped-def]
            yield Query(())

    with pytest.raises(TypeError, match="with a default"):

        @optimizer("x")
        def required(problem, rng, *, size):  # type: ignore[no-untyped-def]
            yield Query(())


def test_code_is_that_of_the_file_and_of_what_it_builds_on(tmp_path: Path) -> None:
    alone, built = tmp_path / "alone.py", tmp_path / "built.py"
    body = b"from fairwatt.optimizer import optimizer\n\n\n@optimizer('mine')\ndef mine(problem, rng):\n    yield\n"
    alone.write_bytes(body)
    built.write_bytes(b"from fairwatt.optimizers import random_search\n" + body)
    used = Path(random_search.__file__).read_bytes()
    assert from_file(f"{alone}:mine").code == hashlib.sha256(body).hexdigest()[:12]
    assert from_file(f"{built}:mine").code == hashlib.sha256(built.read_bytes() + used).hexdigest()[:12]
    loaded = from_file(f"{alone}:mine")
    former = loaded.code
    alone.write_bytes(body + b"\n")
    assert loaded.code == former  # what this process runs
    assert from_file(f"{alone}:mine").code == hashlib.sha256(body + b"\n").hexdigest()[:12]
