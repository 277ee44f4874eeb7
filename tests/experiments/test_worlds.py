"""Searching again in other worlds: what is declared, what is run, what goes on after a stop, what analysis gets."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fairwatt import cli
from fairwatt.analysis.load import load
from fairwatt.analysis.outcome import Outcome
from fairwatt.analysis.protocol import ComparisonError
from fairwatt.energy_error import NAMES, energy_errors
from fairwatt.errors import UserError
from fairwatt.experiments.executor import paths, run_study
from fairwatt.experiments.store import Store, progress, read_stored_study
from fairwatt.experiments.study import Study, read_study
from fairwatt.experiments.worlds import Rerun, reruns
from fairwatt.problem import Benchmark
from fairwatt.registry import BENCHMARKS, make_benchmark
from fairwatt.runfile import read_run, write_run
from fairwatt.sealed import write_sealed
from fairwatt.search_spaces.toy import toy_cells
from fairwatt.study_change import OWN_DESIGN

RAW, SLOPE = "raw sampler", "size slope +0.1"
GOOD = """
study: worlds
spaces: [toy-cells]
optimizers: [rs, {optimizer: semoa, settings: {population_size: 3}}]
seeds: 0:2
budgets: [3 full, 2 full]
"""
PRICED_AGAIN = "no arm is told of energies; their searches are priced again"


def plain(name: str) -> Benchmark:
    """A space of one sampler."""
    return toy_cells(name)


def study(tmp_path: Path, *words: str, text: str = GOOD) -> Study:
    path = tmp_path / "worlds.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study(path, words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reruns=raw smpler"], "unknown re-run 'raw smpler'; did you mean 'raw sampler'"),
        (["reruns=size slope +0.2"], "did you mean 'size slope"),
        (["reruns=energy spread 1, energy spread 1"], "reruns must differ"),
        (["reruns=own initial"], "did you mean 'own initial design'"),
        (["reruns=raw sampler", "sampler=raw"], "has sampler: raw already; take 'raw sampler' out"),
        (["reruns=own initial design", "initial=0"], "has initial: 0 already; take 'own initial design' out"),
        (["rerun=raw sampler"], "did you mean 'reruns'"),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        study(tmp_path, *words)


def test_every_energy_error_can_be_declared() -> None:
    assert {*NAMES, "another device"} == set(energy_errors(make_benchmark("toy-cells").reference()))


def test_only_what_pricing_again_cannot_tell_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHMARKS._targets, "plain", f"{__name__}:plain")
    declared = study(tmp_path, "spaces=toy-cells,plain", f"reruns=raw sampler,{OWN_DESIGN},{SLOPE},device titanxp")
    device = "the space knows the energies of one device only"
    assert reruns(declared) == [
        Rerun("toy-cells", RAW, ("rs", "semoa")),
        Rerun("toy-cells", OWN_DESIGN, ("rs", "semoa")),
        Rerun("toy-cells", SLOPE, ("semoa",)),
        Rerun("toy-cells", "device titanxp", (), device),
        Rerun("plain", RAW, (), "the space has no other sampler"),
        Rerun("plain", OWN_DESIGN, ("rs", "semoa")),
        Rerun("plain", SLOPE, ("semoa",)),
        Rerun("plain", "device titanxp", (), device),
    ]
    (alone,) = reruns(study(tmp_path, "optimizers=rs,re", f"reruns={SLOPE}"))
    assert alone.note == PRICED_AGAIN
    (in_time,) = reruns(study(tmp_path, "policy={currency: time}", f"reruns={SLOPE}"))
    assert (in_time.arms, in_time.note) == ((), "energies matter in books that count energy")


def test_a_space_without_another_sampler_misses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHMARKS._targets, "plain", f"{__name__}:plain")
    words = ("spaces=plain", "optimizers=rs", "seeds=0:1", "budgets=2 full", "reruns=raw sampler")
    run_study(study(tmp_path, *words), tmp_path / "results", executor="serial")
    results = load(tmp_path / "results")
    assert results.not_again == (("plain", RAW, "the space has no other sampler"),)
    assert (results.reruns, results.missing_again) == ({}, ())


def rewrite(folder: Path, **header: object) -> None:
    """Give all runs below a folder another header."""
    for path in folder.glob("**/[0-9]*.json"):
        run = read_run(path)
        write_run(path, replace(run, header=replace(run.header, **header)))  # type: ignore[arg-type]


def _bytes(folder: Path) -> dict[str, bytes]:
    side = {"timings.jsonl", "provenance.json"}
    return {str(path): path.read_bytes() for path in folder.rglob("*.json*") if path.name not in side}


@pytest.mark.slow
def test_re_runs_go_on_after_a_stop_and_reach_the_analysis(tmp_path: Path) -> None:
    declared, folder = study(tmp_path, f"reruns=raw sampler,{SLOPE},device titanxp"), tmp_path / "results"
    run_study(declared, folder, executor="serial")
    whole = _bytes(folder)
    lost = [path for _, path in paths(declared, Store(folder)) if path.parts[-5].startswith("toy-cells@")][1::2]
    assert len(lost) == 3
    for path in lost:
        path.unlink()
    (half,) = {name for _, name, _, _ in load(folder).missing_again if name != RAW}
    assert half == SLOPE
    assert "3 re-runs are missing (of raw sampler, size slope +0.1)" in load(folder).caveats[0]
    assert sum(len(line.missing) for line in progress(Store(folder), read_stored_study(folder))) == 3
    assert len(run_study(declared, folder, executor="serial")) == 3
    assert _bytes(folder) == whole

    results = load(folder)
    assert (results.missing, results.missing_again, results.caveats) == ((), (), ())
    assert results.not_again == (("toy-cells", "device titanxp", "the space knows the energies of one device only"),)
    (reference, raw), (wrong, sloped) = results.reruns["toy-cells"][RAW], results.reruns["toy-cells"][SLOPE]
    assert [(run.header.arm, run.header.seed, run.header.sampler) for run in raw] == [
        (arm, seed, "raw") for arm in ("rs", "semoa") for seed in (0, 1)
    ]
    assert {run.header.arm for run in sloped} == {"semoa"}
    assert {run.header.space for run in (*raw, *sloped)} == {"toy-cells"}
    assert reference.tariff == results.references["toy-cells"].tariff != wrong.tariff
    (comparison,) = results.comparisons()
    assert {world.name for world in comparison._worlds if world.again} == {RAW, SLOPE}
    assert sorted(results.overheads) == sorted(
        (space, arm)
        for space, arms in (
            ("toy-cells", ("rs", "semoa")),
            ("toy-cells@raw-sampler", ("rs", "semoa")),
            ("toy-cells@size-slope-+0.1", ("semoa",)),
        )
        for arm in arms
    )

    again = folder / "toy-cells@raw-sampler" / "rs"
    rewrite(again, sampler="uniform")
    with pytest.raises(ComparisonError, match=r"^re-run 'raw sampler': sampler differs: uniform in rs .* raw in semoa"):
        load(folder).comparisons()
    (folder / "reruns.json").unlink()  # what is sealed declares them all the same
    results = load(folder)
    assert (results.reruns, results.not_again[0][1]) == ({}, "device titanxp")
    assert results.missing_again == (
        *(("toy-cells", RAW, arm, seed) for arm in ("rs", "semoa") for seed in (0, 1)),
        *(("toy-cells", SLOPE, "semoa", seed) for seed in (0, 1)),
    )


@pytest.mark.slow
def test_re_runs_may_be_added_after_a_look_and_stay(tmp_path: Path) -> None:
    folder, small = tmp_path / "results", ("budgets=2 full", "seeds=0:1")
    run_study(study(tmp_path, *small), folder, executor="serial")
    assert not (folder / "reruns.json").exists()
    stored = json.loads((folder / "study.json").read_bytes().splitlines()[0])
    assert stored["study"]["reruns"] == []
    assert len(run_study(study(tmp_path, *small, f"reruns={SLOPE}"), folder, executor="serial")) == 1
    assert len(run_study(study(tmp_path, *small, "reruns=raw sampler"), folder, executor="serial")) == 2
    assert run_study(study(tmp_path, *small), folder, executor="serial") == []
    assert read_stored_study(folder).reruns == (SLOPE, RAW)
    assert set(load(folder).reruns["toy-cells"]) == {SLOPE, RAW}


def test_the_plan_of_a_study_that_never_ran_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    store.plan([Rerun("toy-cells", RAW, ("rs",))])
    run_study(study(tmp_path, "optimizers=rs", "seeds=0:1"), store.folder, executor="serial")
    assert store.planned() == []


def test_words_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = [
        "worlds.yaml",
        f"reruns=raw sampler,{OWN_DESIGN},{SLOPE},device titanxp",
        "--executor",
        "serial",
        "--out",
        "out",
    ]
    told = []
    for command in (["run", *words, "--dry-run"], ["run", *words], ["status", "out"]):
        monkeypatch.setattr(sys, "argv", ["fairwatt", *command])
        with pytest.raises(SystemExit):
            cli.main()
        told.append(capfd.readouterr().out)
    impossible = "not run again: device titanxp on toy-cells: the space knows the energies of one device only"
    assert "4 searches" in told[0]
    assert "4 re-runs: raw sampler on toy-cells, rs, semoa" in told[0]
    assert "4 re-runs: own initial design on toy-cells, rs, semoa" in told[0]
    assert "2 re-runs: size slope +0.1 on toy-cells, semoa" in told[0]
    assert "14 of 14 searches" in told[1]
    assert [line.split()[:3] for line in told[2].splitlines() if "@" in line] == [
        ["toy-cells@raw-sampler", "rs", "2"],
        ["toy-cells@raw-sampler", "semoa", "2"],
        ["toy-cells@own-initial-design", "rs", "2"],
        ["toy-cells@own-initial-design", "semoa", "2"],
        ["toy-cells@size-slope-+0.1", "semoa", "2"],
    ]
    assert impossible in told[0]
    assert impossible in told[2]


LOYAL = """
from fairwatt.optimizer import optimizer
from fairwatt.records import Query

@optimizer("loyal")
def loyal(problem, rng):
    trials = []
    for config in problem.initial or [next(problem.starts(rng))]:
        trials.append((yield Query(config)))
    for _ in range(200):
        best = min(trials, key=lambda trial: trial.losses[0])
        trial = yield Query(problem.space.mutate(best.config, rng))
        trials += [trial] if problem.initial else []
"""
"""It climbs from the best of the shared design; where there is none it never leaves the one network that it drew."""


@pytest.fixture(scope="module")
def loyal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a study in which the shared design decides; not to be changed."""
    folder = tmp_path_factory.mktemp("loyal")
    (folder / "loyal.py").write_text(LOYAL, encoding="utf-8")
    arms = f"optimizers=rs,{folder / 'loyal.py'}:loyal"
    words = ["study=loyal", "spaces=toy-cells", arms, "seeds=0:24", "budgets=30 full", f"reruns={OWN_DESIGN}"]
    run_study(read_study(words[0], words[1:]), folder / "results", executor="serial")
    return folder / "results"


def test_a_claim_that_hangs_on_the_shared_design_is_taken_away(loyal: Path) -> None:
    results = load(loyal)
    (verdict,) = results.comparisons()[0].verdicts
    assert (verdict.outcome, verdict.flips) == (Outcome.POLICY_DEPENDENT, (OWN_DESIGN,))
    (cell,) = (cell for cell in verdict.cells if cell.name == OWN_DESIGN)
    assert (cell.seeds, cell.note, verdict.difference.value < 0 < cell.difference) == (24, "other sign", True)
    (without,) = replace(results, reruns={}).comparisons()[0].verdicts
    assert (without.outcome, without.winner) == (Outcome.WIN, "loyal")


def test_each_search_has_starts_of_its_own(loyal: Path) -> None:
    results = load(loyal)
    reference, runs = results.reruns["toy-cells"][OWN_DESIGN]
    assert np.array_equal(reference.test_error, results.references["toy-cells"].test_error)
    assert {(run.header.initial, run.header.sampler) for run in runs} == {(0, "uniform")}
    first = {(run.header.arm, run.header.seed): run.requests[0].key for run in runs}
    shared = {(run.header.arm, run.header.seed): run.requests[0].key for run in results.runs["toy-cells"]}
    seeds = range(24)
    assert all(shared["rs", seed] == shared["loyal", seed] for seed in seeds)
    assert sum(first["rs", seed] == first["loyal", seed] for seed in seeds) <= 1  # by chance
    assert sum(first[cell] == shared[cell] for cell in first) <= 2


def test_what_is_said_of_starts_of_their_own_is_held_against_them(loyal: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(loyal, folder)
    rewrite(folder / "toy-cells@own-initial-design", initial=3)
    with pytest.raises(
        ComparisonError, match=r"^re-run 'own initial design': initial of rs .* is 3, but in this world"
    ):
        load(folder).comparisons()
    excuse = [{"space": "toy-cells", "name": OWN_DESIGN, "folder": "", "arms": [], "note": "there is none"}]
    write_sealed(folder / "reruns.json", {"format": 1, "reruns": excuse})
    excused = load(folder)
    (folder / "reruns.json").unlink()
    for results in (excused, load(folder)):
        assert (results.reruns, results.not_again, len(results.missing_again)) == ({}, (), 48)
        assert results.caveats == ("48 re-runs are missing (of own initial design), which might take claims away",)
