"""One search: what the optimizer is told, what the books show, what is recorded."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairwatt
from fairwatt import overhead, runfile
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.ledger import AccountingPolicy, StreamTooShortError, price
from fairwatt.optimizer import OptimizerFactory, Search, optimizer
from fairwatt.overhead import NoOverheadModelError, Stopwatch
from fairwatt.problem import Benchmark, Problem
from fairwatt.records import Charge, End, Measurement, Query, Trial
from fairwatt.runfile import read_reference, read_run, write_reference, write_run
from fairwatt.sealed import DamagedFileError, read_sealed, write_sealed
from fairwatt.streams import replicate, stream

told: list[Trial] = []


@optimizer("probe")
def probe(problem: Problem, rng: np.random.Generator, *, limit: int = 10_000, fidelity: float = 1.0) -> Search:
    """Random draws, noting what it is told."""
    for _, config in zip(range(limit), problem.starts(rng), strict=False):
        told.append((yield Query(config, fidelity)))


@optimizer("astray")
def astray(problem: Problem, rng: np.random.Generator) -> Search:
    """Every second proposal is no cell at all."""
    for config in problem.starts(rng):
        yield Query(config)
        yield Query((0,) * len(config))


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return fairwatt.make_benchmark("toy-cells")


@pytest.fixture(autouse=True)
def _forget() -> None:
    told.clear()


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models under which what `astray` computes takes a third of a mean training by its tenth proposal."""
    path = tmp_path / "overhead.json"
    models = {"astray": {"a": 20_000.0, "b": 1_000.0, "k": 1.5}, "rs": {"a": 0.0, "b": 0.0, "k": 1.0}}
    path.write_text(json.dumps({"watts_per_core": 10.0, "optimizers": models}), encoding="utf-8")
    monkeypatch.setattr(overhead, "FROZEN", path)


def test_a_run_closes_at_its_budget_and_the_aborted_training_answers_nothing(benchmark: Benchmark) -> None:
    run = fairwatt.run(benchmark, probe, budget="10 full")
    assert run.end is End.EXHAUSTED
    assert run.spent == run.header.budget == 10 * benchmark.tariff().full.energy_nj
    assert run.rows[-1].charge is Charge.ABORTED
    assert (run.rows[-1].trial, run.rows[-1].test_error) == (None, None)
    assert run.incumbent == min((row for row in run.rows if row.trial), key=lambda row: row.trial.val_error)  # type: ignore[union-attr]


def test_the_optimizer_is_told_nothing_of_costs_budgets_and_tests(benchmark: Benchmark) -> None:
    fairwatt.run(benchmark, probe, budget="5 full")
    assert {field.name for field in dataclasses.fields(told[0])} == {
        "config",
        "fidelity",
        "val_error",
        "energy_kwh",
        "losses",
        "status",
    }
    assert {field.name for field in dataclasses.fields(Problem)} == {
        "space",
        "fidelities",
        "resumable",
        "objectives",
        "initial",
    }


def test_clones_share_design_and_noise_and_nothing_else(benchmark: Benchmark) -> None:
    one, other = (fairwatt.run(benchmark, probe, label=label, budget="20 full") for label in ("one", "other"))
    assert [row.config for row in one.rows[:3]] == [row.config for row in other.rows[:3]]
    assert [row.config for row in one.rows[3:]] != [row.config for row in other.rows[3:]]
    again = fairwatt.run(benchmark, probe, label="one", budget="20 full")
    assert again.rows == one.rows
    assert fairwatt.run(benchmark, probe, label="one", seed=1, budget="20 full").rows[0] != one.rows[0]


def test_without_a_design_clones_share_the_noise_alone(benchmark: Benchmark) -> None:
    one, other = (
        fairwatt.run(benchmark, "rs", label=label, budget="100 full", initial=0).requests for label in ("one", "other")
    )
    own = stream("optimizer", benchmark.name, 0, "one")
    assert [request.trial.config for request in one[:3]] == [benchmark.space.sample(own) for _ in range(3)]
    assert not {request.key for request in one[:3]} & {request.key for request in other[:3]}
    answers = {request.key: request for request in one}
    both = [(answers[request.key], request) for request in other if request.key in answers]
    assert both  # by chance
    assert all(mine.replicate == yours.replicate and mine.test_error == yours.test_error for mine, yours in both)


def test_repeats_are_chosen_by_seed_cell_and_fidelity_and_never_by_order(benchmark: Benchmark) -> None:
    configs = [benchmark.space.sample(np.random.default_rng(i)) for i in range(50)]
    forwards = {config: benchmark.measure(config, 1.0, seed=7) for config in configs}
    backwards = {config: benchmark.measure(config, 1.0, seed=7) for config in reversed(configs)}
    assert forwards == backwards
    repeats = {benchmark.replicate(key, 1.0, 7) for key in range(50)}
    assert repeats == {0, 1, 2}


def test_invalid_proposals_are_rows_without_numbers(benchmark: Benchmark) -> None:
    run = fairwatt.run(benchmark, astray, budget="5 full")
    invalid = [row for row in run.rows if row.charge is Charge.INVALID]
    assert invalid
    assert all(row.cost == 0 and row.key is None and row.trial and not row.trial.ok for row in invalid)
    paid = fairwatt.run(benchmark, astray, budget="5 full", policy=AccountingPolicy(invalid="charge_min"))
    charged = [row.cost for row in paid.rows if row.charge is Charge.INVALID]
    assert set(charged) == {benchmark.tariff().cheapest.energy_nj}


def test_repricing_equals_running(benchmark: Benchmark, frozen: None) -> None:
    """Section 4 of the design: one recorded stream stands for every smaller budget and other policy."""
    others = [
        (AccountingPolicy(), "10 full"),
        (AccountingPolicy(duplicates="charged"), "20 full"),
        (AccountingPolicy(invalid="charge_first_fidelity"), "20 full"),
        (AccountingPolicy(currency="epochs"), "20 full"),
        (AccountingPolicy(currency="time"), "20 full"),
        (AccountingPolicy(fidelity="continue"), "20 full"),
        (AccountingPolicy(overhead="included_model"), "20 full"),
        (AccountingPolicy(overhead="included_model", invalid="charge_min", currency="time"), "15 full"),
    ]
    tariff = benchmark.tariff()
    from fairwatt.budget import Budget

    books = [(policy, Budget.parse(text).resolve(policy.currency, tariff)) for policy, text in others]
    recorded = fairwatt.run(benchmark, astray, budget="20 full", also=books)
    for (policy, text), (_, amount) in zip(others, books, strict=True):
        direct = fairwatt.run(benchmark, astray, budget=text, policy=policy)
        repriced = price(recorded, policy, amount, text)
        assert (repriced.rows, repriced.end, repriced.header) == (direct.rows, direct.end, direct.header)


def test_what_an_optimizer_computes_is_charged_by_its_frozen_model(
    benchmark: Benchmark, frozen: None, tmp_path: Path
) -> None:
    """By hand: in joules 20,000 + 1,000 n^1.5 of the proposal that n others came before; toy energies have no PUE."""
    included = fairwatt.run(benchmark, astray, budget="10 full", policy={"overhead": "included_model"})
    excluded = fairwatt.run(benchmark, astray, budget="20 full")
    assert len(included) < len(excluded)
    for place, (one, other) in enumerate(zip(included.rows[:-1], excluded.rows, strict=False)):
        assert one.trial == other.trial
        assert one.cost - other.cost == round((20_000 + 1_000 * place**1.5) * 1e9)
    assert included.spent == included.header.budget
    write_run(tmp_path / "run.json", included)
    overhead.FROZEN.unlink()  # the run has the model that it was charged with
    overhead._read.cache_clear()
    assert read_run(tmp_path / "run.json") == included


def test_where_nothing_is_computed_nothing_is_charged(benchmark: Benchmark, frozen: None) -> None:
    one, other = (
        fairwatt.run(benchmark, "rs", budget="10 full", policy={"overhead": overhead})
        for overhead in ("included_model", "excluded_reported")
    )
    assert [row._replace(policy_id="") for row in one] == [row._replace(policy_id="") for row in other]


def test_energy_that_contains_a_pue_is_charged_with_it(benchmark: Benchmark, frozen: None) -> None:
    digits = fairwatt.make_benchmark("digits-cells-5v")
    assert (digits.pue, benchmark.pue) == (1.59, 1.0)
    first = fairwatt.run(digits, astray, budget="3 full", policy={"overhead": "included_model"}).rows[0]
    assert first.cost - digits.tariff().cheapest.energy_nj > 0
    assert first.cost == fairwatt.run(digits, astray, budget="3 full").rows[0].cost + round(20_000 * 1.59e9)


def test_what_nobody_froze_is_refused_with_the_command(benchmark: Benchmark, frozen: None) -> None:
    line = r"probe computes; make it, .* with: python benchmarks/optimizer_overhead\.py --freeze --optimizers probe "
    with pytest.raises(NoOverheadModelError, match=line):
        fairwatt.run(benchmark, probe, policy={"overhead": "included_model"})
    recorded = fairwatt.run(benchmark, probe, budget="5 full")
    with pytest.raises(NoOverheadModelError, match=line):
        price(recorded, AccountingPolicy(overhead="included_model"), recorded.header.budget, "5 full")


def test_a_stopwatch_runs_while_the_optimizer_does_and_leaves_the_run_as_it_is(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    measure = type(benchmark).measure

    def measured(*asked: Any) -> Measurement:
        clock[0] += 100.0
        return measure(*asked)

    @optimizer("busy")
    def busy(problem: Problem, rng: np.random.Generator) -> Search:
        for config in problem.starts(rng):
            clock[0] += 2.0
            yield Query(config)

    monkeypatch.setattr(time, "process_time", lambda: clock[0])
    monkeypatch.setattr(type(benchmark), "measure", measured)
    stopwatch = Stopwatch()
    timed = fairwatt.run(benchmark, busy, budget="5 full", stopwatch=stopwatch)
    assert timed == fairwatt.run(benchmark, busy, budget="5 full")
    assert stopwatch.laps == [2.0 * asked for asked in range(1, len(timed.requests) + 1)]


def test_a_stream_that_is_too_short_says_so(benchmark: Benchmark) -> None:
    recorded = fairwatt.run(benchmark, probe, budget="5 full")
    with pytest.raises(StreamTooShortError, match="run the study again with this budget"):
        price(recorded, AccountingPolicy(), 6 * benchmark.tariff().full.energy_nj, "6 full")


def test_a_search_that_ends_keeps_its_unspent_energy(benchmark: Benchmark) -> None:
    run = fairwatt.run(benchmark, probe, settings={"limit": 4}, budget="30 full")
    assert run.end is End.ENDED_EARLY
    assert len(run) == 4
    assert run.spent < run.header.budget


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"settings": {"limt": 3}}, "unknown setting of optimizer probe 'limt'; did you mean 'limit'"),
        ({"settings": {"limit": "3"}}, "setting limit of optimizer probe: expected int like 10000, got '3'"),
        ({"settings": {"limit": True}}, "expected int"),
        ({"settings": {"fidelity": 0.5}}, "has fidelities"),
        ({"budget": "30"}, "expected a number and a unit"),
        ({"budget": "3 h"}, "a budget of time"),
        ({"seed": -1}, "whole numbers from 0"),
        ({"seed": 1.5}, "whole numbers from 0"),
        ({"seed": True}, "whole numbers from 0"),
        ({"budget": 30}, "expected text like '30 full'"),
        ({"budget": "1e400 full"}, "expected a number and a unit"),
        ({"policy": {"duplicate": "charged"}}, "did you mean 'duplicates'"),
        ({"initial": -1}, "0 or more"),
    ],
)
def test_mistakes_get_one_line(benchmark: Benchmark, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        fairwatt.run(benchmark, probe, **arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_unknown_names_get_the_nearest(benchmark: Benchmark) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'bananas'"):
        fairwatt.run(benchmark, "banana")
    with pytest.raises(UnknownNameError, match="did you mean 'toy-cells'"):
        fairwatt.make_benchmark("toy-cell")
    with pytest.raises(UserError, match="is not an optimizer"):
        fairwatt.run(benchmark, print)  # type: ignore[arg-type]


def test_an_undeclared_setting_is_refused_when_decorating() -> None:
    def positional(problem: Problem, rng: np.random.Generator, size: int) -> Search:
        yield Query(problem.initial[0])

    with pytest.raises(TypeError, match="setting size must be keyword-only with a default"):
        optimizer("positional")(positional)


@pytest.mark.parametrize(
    ("asked", "message"), [((0, 1), "expected Query"), (None, "expected Query"), (Query("config"), "expected Query")]
)
def test_what_is_no_query_is_said(benchmark: Benchmark, asked: object, message: str) -> None:
    @optimizer("wrong")
    def wrong(problem: Problem, rng: np.random.Generator) -> Search:
        yield asked  # type: ignore[misc]

    with pytest.raises(UserError, match=message):
        fairwatt.run(benchmark, wrong)


def test_a_resumable_benchmark_is_continued_by_default(benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fairwatt.run(benchmark, probe, budget="5 full").header.policy["fidelity"] == "scratch"
    monkeypatch.setattr(type(benchmark), "resumable", True)
    assert fairwatt.run(benchmark, probe, budget="5 full").header.policy["fidelity"] == "continue"


def test_the_noise_of_two_seeds_is_independent() -> None:
    """A checksum instead of a hash gives seeds that agree always or never where R is a power of two."""
    for replicates in range(2, 9):
        noise = np.array([[replicate(seed, key, 1.0, replicates) for key in range(400)] for seed in range(40)])
        agree = [(noise[a] == noise[b]).mean() for a in range(40) for b in range(a)]
        deviation = (1 / replicates * (1 - 1 / replicates) / 400) ** 0.5
        assert np.mean(agree) == pytest.approx(1 / replicates, abs=deviation)
        assert np.std(agree) == pytest.approx(deviation, rel=0.2)


def test_labels_that_a_checksum_confuses_have_streams_of_their_own() -> None:
    one, other = (stream("optimizer", "x", 0, label).random() for label in ("plumless", "buckeroo"))
    assert one != other


# -- files


def _written(benchmark: Benchmark, folder: Path, factory: OptimizerFactory = astray) -> tuple[Path, fairwatt.Run]:
    run = fairwatt.run(benchmark, factory, budget="5 full", also=[(AccountingPolicy(), 10**16)])
    path = folder / "run.json"
    write_run(path, run)
    return path, run


def test_run_files_round_trip_with_their_whole_stream(benchmark: Benchmark, tmp_path: Path) -> None:
    path, run = _written(benchmark, tmp_path)
    read = read_run(path)
    assert read == run
    assert read.requests == run.requests
    assert len(read.requests) > len(read.rows)
    again = path.read_bytes()
    write_run(path, read)
    assert path.read_bytes() == again


def test_runs_of_before_the_sampler_had_a_source_are_as_they_were(benchmark: Benchmark, tmp_path: Path) -> None:
    run = fairwatt.run(benchmark, "rs", budget="3 full")
    assert run.header.sampler_code == benchmark.space.sampler_code != ""
    former, path = (
        dataclasses.replace(run, header=dataclasses.replace(run.header, sampler_code="")),
        tmp_path / "run.json",
    )
    write_run(path, former)
    assert b"sampler_code" not in path.read_bytes()
    assert read_run(path).header == former.header


def test_runs_that_ask_the_same_may_share_the_answers(benchmark: Benchmark, tmp_path: Path) -> None:
    """What is shared is what each would have read; another seed's noise or another objective's losses never are."""
    runs = [fairwatt.run(benchmark, name, budget="3 full", seed=1) for name in ("rs", "semoa")]
    known: dict[Any, Any] = {}
    for place, made in enumerate(runs):
        runfile.write_run(tmp_path / f"{place}.json", made)
        alone, shared, again = (read_run(tmp_path / f"{place}.json", each) for each in (None, known, known))
        assert alone == shared == again == made
        assert all(one is other for one, other in zip(shared.requests, again.requests, strict=True))
    assert sum(map(len, known.values())) == len({request for made in runs for request in made.requests})


def test_every_changed_byte_is_noticed(benchmark: Benchmark, tmp_path: Path) -> None:
    path, _ = _written(benchmark, tmp_path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content), size=200).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(DamagedFileError):
            read_run(path)
    for length in rng.integers(len(content), size=50).tolist():
        path.write_bytes(content[:length])
        with pytest.raises(DamagedFileError):
            read_run(path)


def test_cooked_books_are_noticed_even_under_a_new_seal(benchmark: Benchmark, tmp_path: Path) -> None:
    path, _ = _written(benchmark, tmp_path)
    data = read_sealed(path)
    data["rows"]["cost"][0] -= 1
    write_sealed(path, data)
    with pytest.raises(DamagedFileError, match="do not come out as written"):
        read_run(path)
    data["rows"]["cost"][0] += 1
    write_sealed(path, data | {"end": "stalled"})
    with pytest.raises(DamagedFileError, match="do not come out as written"):
        read_run(path)


@pytest.mark.parametrize("long", [20_000, 100])
@pytest.mark.parametrize("spelling", [int, str])
def test_references_round_trip(
    benchmark: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: int, spelling: type
) -> None:
    monkeypatch.setattr(runfile, "LONG", long)
    truth = benchmark.reference()
    truth = dataclasses.replace(
        truth,
        keys=tuple(map(spelling, truth.keys)),
        params=truth.params * np.nan,
        probabilities=np.full(len(truth.keys), 1 / len(truth.keys)),
        device_factors={"another/one": truth.energy_kwh * 2},
    )
    assert truth.val_repeats is not None
    assert truth.energy_repeats is not None
    write_reference(tmp_path / "reference.json", truth)
    assert (tmp_path / "reference.npz").exists() == (long == 100)
    read = read_reference(tmp_path / "reference.json")
    for name, value in vars(truth).items():
        if name != "device_factors":
            assert np.array_equal(getattr(read, name), value, equal_nan=name == "params"), name
    assert {name: column.tolist() for name, column in read.device_factors.items()} == {
        "another/one": (truth.energy_kwh * 2).tolist()
    }
    assert {type(key) for key in read.keys} == {spelling}


def test_long_references_are_two_files_that_belong_together(
    benchmark: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runfile, "LONG", 100)
    path, columns = tmp_path / "reference.json", tmp_path / "reference.npz"
    write_reference(path, benchmark.reference())
    content = columns.read_bytes()
    write_reference(path, benchmark.reference())
    assert columns.read_bytes() == content
    for damaged in (content[:-1], content[:500] + b"?" + content[501:], None):
        columns.unlink(missing_ok=True)
        if damaged is not None:
            columns.write_bytes(damaged)
        with pytest.raises(DamagedFileError, match=r"reference\.npz: not the columns that belong to reference\.json"):
            read_reference(path)
    write_sealed(path, {"format": 3})
    with pytest.raises(DamagedFileError, match="format 1 or 2, but 3"):
        read_reference(path)
