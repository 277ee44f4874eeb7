"""NSGA-II: the individuals of pymoo's own loop, valid children, fronts that are found."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairwatt import make_benchmark, run
from fairwatt.analysis.indicators import FrontScale
from fairwatt.conformance import check_optimizer
from fairwatt.errors import MissingExtraError, UserError
from fairwatt.optimizers.nsga2 import new_draws, nsga2
from fairwatt.problem import OBJECTIVES, Benchmark, Dim, Problem, SearchSpace
from fairwatt.records import Config, End, Status, Trial
from fairwatt.search_spaces.table_import import import_file

pytest.importorskip("pymoo")

BITS = 10


class Bits(SearchSpace):
    """Strings of bits, of which those with more than seven ones do not exist."""

    dims = tuple(Dim(f"bit_{place}", (0, 1), False, "bits") for place in range(BITS))
    sampler = "uniform"

    def sample(self, rng: np.random.Generator) -> Config:
        while True:
            if self.is_valid(config := tuple(rng.integers(2, size=BITS).tolist())):
                return config

    def mutate(self, config: Config, rng: np.random.Generator) -> Config:
        while True:
            place = int(rng.integers(BITS))
            if self.is_valid(flipped := (*config[:place], 1 - int(config[place]), *config[place + 1 :])):
                return flipped

    def is_valid(self, config: Config) -> bool:
        return sum(map(int, config)) <= 7

    def key(self, config: Config) -> str:
        assert self.is_valid(config)
        return "".join(map(str, config))

    def neighbors(self, config: Config) -> list[Config]:
        raise NotImplementedError

    def perturb(self, config: Config, rng: np.random.Generator, **rates: float) -> Config:
        raise NotImplementedError

    def encode(self, config: Config, kind: str = "unit") -> Any:
        raise NotImplementedError

    def decode(self, point: Any) -> Config:
        raise NotImplementedError


def _leading_ones_trailing_zeros(config: Config) -> tuple[float, float]:
    """Laumanns, Thiele and Zitzler 2004; its front is 1...10...0."""
    text = "".join(map(str, config))
    return float(len(text.lstrip("1")) - BITS), float(len(text.rstrip("0")) - BITS)


@pytest.fixture
def bits() -> Problem:
    return Problem(Bits(), (1.0,), False, (OBJECTIVES["val_error"], OBJECTIVES["energy_kwh"]), ())


def _searched(problem: Problem, steps: int, seed: int = 0, **settings: Any) -> list[Trial]:
    search, trials = nsga2.create(problem, np.random.default_rng(seed), **settings), []
    for _ in range(steps):
        query = search.ask()
        losses = _leading_ones_trailing_zeros(query.config)
        trials.append(Trial(query.config, query.fidelity, *losses, losses))
        search.tell(trials[-1])
    return trials


def test_pymoos_own_loop_asks_the_same(bits: Problem) -> None:
    """The same operators, minimised by pymoo itself: the same individuals, generation by generation."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.problem import Problem as Shape
    from pymoo.optimize import minimize

    from fairwatt.optimizers.nsga2_operators import Draws, Genome, Step, Unasked, ValidCrossover

    genome, asked, evaluated = Genome(bits.space), set(), []  # type: ignore[var-annotated]

    class Theirs(Shape):  # type: ignore[misc]
        def _evaluate(self, x: Any, out: Any, *args: Any, **kwargs: Any) -> None:
            configs = [genome.decode(each) for each in x]
            evaluated.extend(configs)
            asked.update(bits.space.key(config) for config in configs)
            out["F"] = np.array([_leading_ones_trailing_zeros(config) for config in configs])

    class Shared(Draws):
        """Draws from the one stream that pymoo makes of a seed."""

        def _do(self, problem: Any, n_samples: int, random_state: Any = None, **_: Any) -> Any:
            self._fresh = new_draws(bits, random_state, asked)
            return super()._do(problem, n_samples)

    algorithm = NSGA2(
        pop_size=10,
        sampling=Shared(genome, iter(())),
        crossover=ValidCrossover(genome, prob=0.9),
        mutation=Step(genome),
        eliminate_duplicates=Unasked(genome, asked),
    )
    minimize(Theirs(n_var=BITS, n_obj=2), algorithm, ("n_gen", 12), seed=7, copy_algorithm=False)
    ours = [trial.config for trial in _searched(bits, 120, seed=7)]
    assert len(evaluated) == 120
    assert evaluated == ours


def test_the_known_front_is_found(bits: Problem) -> None:
    trials = _searched(bits, 400)
    front = {tuple([1] * ones + [0] * (BITS - ones)) for ones in range(8)}
    assert front <= {trial.config for trial in trials}
    drawn = new_draws(bits, np.random.default_rng(0), set())
    assert not front <= {next(drawn) for _ in range(400)}


def test_children_are_valid_new_and_of_their_parents(bits: Problem) -> None:
    from fairwatt.optimizers.nsga2_operators import Genome, ValidCrossover

    trials = _searched(bits, 300)
    assert all(bits.space.is_valid(trial.config) for trial in trials)
    assert len({trial.config for trial in trials}) == 300
    genome, rng = Genome(bits.space), np.random.default_rng(0)
    parents = genome.encode([bits.space.sample(rng) for _ in range(400)]).reshape(2, 200, BITS)
    children = ValidCrossover(genome)._do(None, parents, random_state=rng)
    assert ((children == parents[0]) | (children == parents[1])).all()
    assert all(bits.space.is_valid(genome.decode(child)) for child in children.reshape(-1, BITS))
    assert (children != parents).any(axis=2).mean() > 0.9
    full = genome.encode([(1,) * 7 + (0,) * 3, (0,) * 3 + (1,) * 7]).reshape(2, 1, BITS)
    many = [ValidCrossover(genome)._do(None, full, random_state=rng) for _ in range(50)]
    assert all(bits.space.is_valid(genome.decode(child)) for drawn in many for child in drawn[:, 0])


def test_invalid_trials_are_no_parents(bits: Problem) -> None:
    """One half of the space answers as invalid: selection leaves it to mutations, though the whole front lies there."""
    search = nsga2.create(bits, np.random.default_rng(0))
    invalid = []
    for _ in range(100):
        query = search.ask()
        invalid.append(query.config[0] == 1)
        losses = (np.inf, np.inf) if invalid[-1] else _leading_ones_trailing_zeros(query.config)
        search.tell(Trial(query.config, 1.0, *losses, losses, Status.INVALID if invalid[-1] else Status.OK))
    assert np.mean(invalid[:20]) > 0.3
    assert np.mean(invalid[30:]) < 0.3


@pytest.mark.slow
def test_the_regret_goes_to_0_where_everything_can_be_asked(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the genuine 4V table of 91 cells, which all are asked in the end, each once."""
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    import_file(shared / "ecnas" / "official" / "energy_4V9E_linscale.tfrecord")
    benchmark = make_benchmark("ec-nas-4v-linscale")
    truth = benchmark.reference()
    scale = FrontScale.of(np.column_stack([truth.val_error, truth.energy_kwh]))
    runs = [run(benchmark, "nsga2", seed=seed, budget="100 full") for seed in range(3)]
    assert {made.end for made in runs} == {End.ENDED_EARLY}
    assert [len({row.key for row in made.rows}) for made in runs] == [len(made) for made in runs] == [91] * 3
    losses = np.array([[row.trial.losses for row in made.rows if row.trial] for made in runs])
    regret = np.array([[scale.hypervolume_regret(each[:asked]) for asked in (10, 30, 60, 91)] for each in losses])
    assert (np.diff(regret.mean(axis=0)) <= 0).all()
    assert (regret[:, 0] > 0).all()
    assert regret[:, -1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("space", ["toy-cells", "digits-cells-5v", "digits-regnet-hpo"])
def test_it_conforms(space: str) -> None:
    assert [found for found in check_optimizer(nsga2, make_benchmark(space), run) if not found.passed] == []


def test_without_pymoo_it_says_what_to_install(bits: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymoo", None)
    with pytest.raises(MissingExtraError, match=r"nsga2 needs pymoo: pip install 'fairwatt\[pymoo\]'"):
        nsga2.create(bits, np.random.default_rng(0)).ask()


@pytest.mark.parametrize("settings", [{"population_size": 1}, {"crossover_rate": 1.1}, {"mutation_rate": -0.1}])
def test_settings_out_of_range_are_refused(bits: Problem, settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match="expected"):
        nsga2.create(bits, np.random.default_rng(0), **settings).ask()


def test_one_objective_is_refused(toy: Benchmark) -> None:
    with pytest.raises(UserError, match="two objectives"):
        nsga2.create(toy.problem(0), np.random.default_rng(0)).ask()
