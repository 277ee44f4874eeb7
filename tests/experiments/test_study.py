"""Studies: the schema, what it refuses, and what is on disk after a stop."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tunings import FOUND

from fairwatt.analysis.load import load, seeds_in_words
from fairwatt.errors import UserError
from fairwatt.experiments.executor import paths, run_study
from fairwatt.experiments.store import Store, progress, read_stored_study
from fairwatt.experiments.study import Study, cells, read_study, shipped_studies
from fairwatt.overhead import NoOverheadModelError
from fairwatt.problem import SearchSpace
from fairwatt.registry import find_optimizer
from fairwatt.sealed import read_sealed, write_sealed
from fairwatt.search_spaces.tabular import TabularBenchmark
from fairwatt.tuning import write_tuning

GOOD = """
study: small
spaces: [toy-cells]
optimizers: [rs, {optimizer: re, label: re-4, settings: {population_size: 4}}]
seeds: 0:3
budgets: [5 full]
"""


def study(tmp_path: Path, text: str = GOOD, *overrides: str) -> Study:
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study(path, overrides)


def test_a_study_declares_a_grid(tmp_path: Path) -> None:
    declared = study(tmp_path)
    assert declared.labels == ("rs", "re-4")
    assert len(cells(declared)) == 1 * 2 * 3
    changed = study(tmp_path, GOOD, "seeds=5:7", "optimizers=rs,re", "budgets=3 full,0.5 kWh", "reference=re")
    assert (changed.seeds, changed.labels, changed.budgets) == ((5, 6), ("rs", "re"), ("3 full", "0.5 kWh"))


OWN_SEEDS = GOOD.replace("label: re-4, settings", "label: re-4, seeds: 0:5, settings")


def test_an_arm_may_have_more_seeds_than_the_others(tmp_path: Path) -> None:
    declared = study(tmp_path, OWN_SEEDS)
    assert [(cell.arm.label, cell.seed) for cell in cells(declared)] == [
        *(("rs", seed) for seed in range(3)),
        *(("re-4", seed) for seed in range(5)),
    ]
    run_study(declared, tmp_path / "out", executor="serial")
    assert [(line.arm, line.done, line.missing) for line in progress(Store(tmp_path / "out"), declared)] == [
        ("rs", 3, ()),
        ("re-4", 5, ()),
    ]
    results = load(tmp_path / "out")
    assert results.missing == ()
    assert seeds_in_words(results.study) == "3 to 5 seeds"
    (comparison,) = results.comparisons()
    assert comparison.endpoints.paired_seeds("rs", "re-4") == [0, 1, 2]


@pytest.mark.parametrize(
    ("seeds", "message"),
    [("5:0", "expected first:end"), ("[1, 1]", "seeds must differ"), ("[-1]", "seeds count from 0"), ("x", "expected")],
)
def test_seeds_of_an_arm_are_read_as_those_of_a_study(tmp_path: Path, seeds: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        study(tmp_path, OWN_SEEDS.replace("0:5", seeds))


def test_all_pairs_are_declared_and_judged(tmp_path: Path) -> None:
    text = GOOD.replace("optimizers: [rs,", "optimizers: [rs, ls,").replace(
        "study: small", "study: small\nall_pairs: true"
    )
    run_study(study(tmp_path, text), tmp_path / "out", executor="serial")
    (comparison,) = load(tmp_path / "out").comparisons()
    assert [(each.arm, each.reference) for each in comparison.verdicts] == [
        ("ls", "rs"),
        ("re-4", "rs"),
        ("re-4", "ls"),
    ]
    with pytest.raises(UserError, match="all_pairs = True, not False"):
        Store(tmp_path / "out").claim(study(tmp_path, text.replace("true", "false")))


def test_results_of_before_a_field_was_there_go_on(tmp_path: Path) -> None:
    declared = study(tmp_path)
    run_study(declared, tmp_path / "out", executor="serial")
    path = tmp_path / "out" / "study.json"
    old = read_sealed(path)
    for field in ("all_pairs", "reruns"):
        del old["study"][field]
    write_sealed(path, old)
    assert load(tmp_path / "out").comparisons()[0].verdicts
    Store(tmp_path / "out").claim(study(tmp_path, GOOD, "seeds=0:4"))
    assert read_stored_study(tmp_path / "out").seeds == (0, 1, 2, 3)


TUNED = GOOD.replace("settings: {population_size: 4}", "tuned: tuning")


def _tuning(folder: Path, **fields: Any) -> None:
    factory = find_optimizer("re")
    given: dict[str, Any] = {
        "optimizer": "re",
        "code": factory.code,
        "spaces": ("toy-cells",),
        "seeds": (7, 8),
    } | fields
    tried = ({"population_size": 3, "sample_size": 2}, {"population_size": 5, "sample_size": 2})
    scores: dict[str, Any] = {"scores": (0.2, 0.1), "configurations": tried, "energy_kwh": 1.5, "trainings": 20.0}
    write_tuning(folder / "tuning", replace(FOUND, **scores, **given))


def test_a_tuned_arm_has_the_best_settings_and_keeps_how_they_were_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _tuning(tmp_path)
    declared = study(tmp_path, TUNED)
    assert declared.optimizers[1].settings == {"population_size": 5, "sample_size": 2}
    Store(tmp_path / "out").claim(declared)
    shutil.rmtree(tmp_path / "tuning")
    assert read_study(tmp_path / "out") == declared
    again = study(tmp_path, GOOD.replace("label: re-4, settings: {population_size: 4}", "budget_factor: 2"))
    assert set(again.model_dump(mode="json")["optimizers"][1]) == {"optimizer", "label", "settings", "budget_factor"}


def test_the_usual_label_of_a_tuned_arm_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _tuning(tmp_path)
    assert study(tmp_path, TUNED.replace(" label: re-4,", "")).labels == ("rs", "re-tuned")


def test_the_seeds_of_a_tuning_on_another_space_are_other_searches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _tuning(tmp_path, spaces=("digits-cells-4v",), seeds=(0, 1, 2))
    assert study(tmp_path, TUNED).optimizers[1].settings["population_size"] == 5


@pytest.mark.parametrize(
    ("tuning", "change", "message"),
    [
        ({"seeds": (2, 9)}, ("", ""), "tuned on 1 of the seeds that it is judged by on toy-cells, such as 2"),
        ({"code": "ba5eba11ba5e"}, ("", ""), "tuned re ba5eba11ba5e, which is not re .*; tune it again"),
        ({"optimizer": "ls"}, ("", ""), "tuned ls .*, which is not re"),
        ({"optimizer": "ls"}, ("optimizer: re,", "optimizer: ls,"), "tuned ls .*, which is not ls"),
        ({}, ("tuned: tuning", "tuned: nowhere"), "nowhere holds no tuning .*fairwatt tune"),
        ({}, ("tuned: tuning", "tuned: tuning, settings: {population_size: 4}"), "its settings come from tuning"),
    ],
)
def test_a_tuning_that_is_not_fair_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tuning: dict[str, Any], change: tuple[str, str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _tuning(tmp_path, **tuning)
    with pytest.raises(UserError, match=message):
        study(tmp_path, TUNED.replace(*change))


def test_nobody_writes_down_a_tuning_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _tuning(tmp_path)
    kept = json.dumps(study(tmp_path, TUNED).model_dump(mode="json")["optimizers"][1]["tuning"])
    with pytest.raises(UserError, match="`tuning` is what `tuned: FOLDER` fills in"):
        study(tmp_path, TUNED.replace("tuned: tuning", f"tuned: tuning, tuning: {kept}"))


def test_of_many_arms_only_those_that_differ_are_named(tmp_path: Path) -> None:
    arms = ", ".join(
        f"{{optimizer: re, label: re-{size}, settings: {{population_size: {size}}}}}" for size in range(2, 9)
    )
    text = f"study: small\nspaces: [toy-cells]\noptimizers: [rs, {arms}]\nseeds: 0:1\nbudgets: [5 full]\n"
    run_study(study(tmp_path, text), tmp_path / "out", executor="serial")
    with pytest.raises(UserError, match=r"holds a study with other optimizers: re-4; choose another folder"):
        Store(tmp_path / "out").claim(study(tmp_path, text.replace("population_size: 4", "population_size: 9")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seeds: 0:3", "sedes: 0:3"), "unknown key 'sedes'; did you mean 'seeds'"),
        (("settings: {population_size: 4}", "setings: {}"), "unknown key 'setings'; did you mean 'settings'"),
        (("population_size", "population_sise"), "did you mean 'population_size'"),
        (("toy-cells", "toy-cell"), "unknown space 'toy-cell'; did you mean 'toy-cells'"),
        (("optimizer: re,", "optimizer: rx,"), "unknown optimizer 'rx'"),
        (("seeds: 0:3", "seeds: 3:0"), "expected first:end"),
        (("seeds: 0:3", "seeds: [1, 1]"), "seeds must differ"),
        (("label: re-4", "label: rs"), "labels must differ"),
        (("label: re-4", "label: ../re"), "letters, digits"),
        (("study: small", "study: ../small"), "letters, digits"),
        (("5 full", "5 ful"), "did you mean 'full'"),
        (("[toy-cells]", "[]"), "spaces"),
        (("study: small", "study: small\nreference: rz"), "unknown reference 'rz'; did you mean 'rs'"),
        (("study: small", "study: small\npolicy: {duplicates: free}"), "duplicates"),
        (("study: small", "study: small\npolicy: {invalid: charge_fixed}"), "not available yet"),
        (("study: small", "study: [small"), "not YAML"),
        (("study: small", "- small"), "not YAML"),
        (("study: small", "study: small\nstudy: other"), "the key 'study' is there twice"),
        (("study: small", "study: 2024-13-45"), "not YAML"),
        (("[5 full]", "[5 full, 5.0 full]"), "budgets must differ"),
        (("study: small", "study: small\nmin_seeds: 3"), "min_seeds"),
        (("label: re-4", "label: RS"), "labels must differ"),
        (("label: re-4", "label: re-4, budget_factor: .inf"), "budget_factor"),
        (("seeds: 0:3", "seeds: 0:100000000000"), "at most 100,000 seeds"),
        (("seeds: 0:3", "seeds: ²:5"), "expected first:end"),
    ],
)
def test_mistakes_get_one_line_with_the_nearest_right_word(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        study(tmp_path, GOOD.replace(*change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"), [("seeds", "expected key=value"), ("sead=1", "did you mean 'seeds'"), ("policy=[", "YAML")]
)
def test_overrides_are_checked_too(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        study(tmp_path, GOOD, override)


@pytest.mark.parametrize(("text", "first", "last"), [("0:30", 0, 29), ("10:40", 10, 39), ("59:61", 59, 60)])
def test_seed_ranges_are_not_numbers_of_base_60(tmp_path: Path, text: str, first: int, last: int) -> None:
    declared = study(tmp_path, GOOD.replace("0:3", text))
    assert (declared.seeds[0], declared.seeds[-1]) == (first, last)


def test_yaml_cannot_run_code(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not YAML"):
        study(tmp_path, GOOD + "policy: !!python/object/apply:os.getcwd []\n")


def test_the_studies_that_ship_are_sound() -> None:
    assert {"quickstart.yaml", "ec_nas_5v.yaml", "ec_nas_4v.yaml"} <= set(shipped_studies())
    for name in shipped_studies():
        assert read_study(name).study == name.removesuffix(".yaml")


def test_missing_files_name_the_studies_that_ship() -> None:
    with pytest.raises(UserError, match=r"did you mean 'quickstart\.yaml'"):
        read_study("quikstart.yaml")


# -- running


def _bytes(folder: Path) -> dict[str, bytes]:
    """Content by relative path of everything but wall-clock notes and provenance."""
    side = {"timings.jsonl", "provenance.json"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in side
    }


@pytest.mark.slow
def test_the_bytes_are_the_same_with_one_worker_and_four_and_in_this_process(tmp_path: Path) -> None:
    declared = study(tmp_path)
    run_study(declared, tmp_path / "serial", executor="serial")
    for workers in (1, 4):
        run_study(declared, tmp_path / str(workers), executor="processes", workers=workers)
        assert _bytes(tmp_path / str(workers)) == _bytes(tmp_path / "serial")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Dask's own are not errors of fairwatt
def test_the_bytes_are_the_same_with_dask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    declared = study(tmp_path)
    monkeypatch.chdir(tmp_path)
    run_study(declared, tmp_path / "serial", executor="serial")
    run_study(declared, Path("dask"), executor="dask", workers=2)
    assert _bytes(tmp_path / "dask") == _bytes(tmp_path / "serial")


def test_a_stopped_study_goes_on_where_it_was(tmp_path: Path) -> None:
    declared, folder = study(tmp_path), tmp_path / "results"
    run_study(declared, folder, executor="serial")
    whole = _bytes(folder)
    lost = [path for _, path in paths(declared, Store(folder))][1::2]
    kept = {path: path.stat().st_mtime_ns for _, path in paths(declared, Store(folder)) if path not in lost}
    for path in lost:
        path.unlink()
        (path.parent / f".{path.name}.torn.part").write_bytes(b'{"format":1')
    outcomes = run_study(declared, folder, executor="serial")
    assert len(outcomes) == len(lost)
    after = _bytes(folder)
    assert {name: content for name, content in after.items() if not name.endswith(".part")} == whole
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_status_tells_done_missing_and_failed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(
        '"""Fails."""\nfrom fairwatt.optimizer import optimizer\nfrom fairwatt.records import Query\n\n'
        '@optimizer("broken")\ndef broken(problem, rng):\n    yield Query(problem.initial[0])\n'
        '    raise KeyError("lost")\n',
        encoding="utf-8",
    )
    declared = study(tmp_path, GOOD, f"optimizers=rs,{broken}:broken")
    folder = tmp_path / "results"
    outcomes = run_study(declared, folder, executor="serial")
    assert sum(bool(outcome.error) for outcome in outcomes) == 3
    store = Store(folder)
    next(path for cell, path in paths(declared, store) if cell.arm.label == "rs").unlink()
    lines = {line.arm: line for line in progress(store, read_stored_study(folder))}
    assert (lines["rs"].done, lines["rs"].missing) == (2, (0,))
    assert lines["broken"].failed == dict.fromkeys(range(3), "KeyError: 'lost'")


def test_a_folder_holds_one_study_which_may_grow_by_seeds(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    run_study(study(tmp_path), folder, executor="serial")
    run_study(study(tmp_path, GOOD, "seeds=3:5"), folder, executor="serial")
    assert read_stored_study(folder).seeds == (0, 1, 2, 3, 4)
    with pytest.raises(UserError, match="holds a study with budgets"):
        run_study(study(tmp_path, GOOD, "budgets=6 full"), folder, executor="serial")
    with pytest.raises(UserError, match="did you mean 'serial'"):
        run_study(study(tmp_path), folder, executor="seriel")


def test_extensions_are_noted(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    for seeds in ("0:2", "0:2", "0:3"):
        run_study(study(tmp_path, GOOD, f"seeds={seeds}"), folder, executor="serial")
    assert json.loads((folder / "study.json").read_bytes().splitlines()[0])["extended"] == [2]


@pytest.mark.parametrize("mistake", ["budgets=3 h", "sampler=rwa"])
def test_a_mistake_does_not_claim_the_folder(tmp_path: Path, mistake: str) -> None:
    folder = tmp_path / "results"
    with pytest.raises(UserError):
        run_study(study(tmp_path, GOOD, mistake), folder, executor="serial")
    assert not folder.exists()
    run_study(study(tmp_path, GOOD, "seeds=0:1"), folder, executor="serial")


def test_a_damaged_run_is_said_and_done_again(tmp_path: Path) -> None:
    declared, folder = study(tmp_path), tmp_path / "results"
    run_study(declared, folder, executor="serial")
    path = paths(declared, Store(folder))[0][1]
    whole = path.read_bytes()
    path.write_bytes(whole + b"x")
    line = progress(Store(folder), declared)[0]
    assert (line.done, line.failed) == (2, {0: "the file is damaged; the next run replaces it"})
    assert len(run_study(declared, folder, executor="serial")) == 1
    assert path.read_bytes() == whole


@pytest.mark.slow
def test_killed_workers_and_interrupts_lose_nothing(tmp_path: Path) -> None:
    """SIGKILL to a worker: another pool goes on. SIGINT: what runs is finished, the rest not begun, exit code 130."""
    command = [sys.executable, "-m", "fairwatt.cli", "run", "quickstart", "spaces=toy-cells", "optimizers=rs,bohb"]
    words = ["seeds=0:300", "--workers", "2", "--out", str(tmp_path / "results")]
    process = subprocess.Popen(
        [*command, *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job inherits "ignore"
    )
    results = tmp_path / "results"
    _until(process, lambda: len(list(results.glob("*/*/*/*/*.json"))) >= 3)
    workers = psutil.Process(process.pid).children(recursive=True)
    next(worker for worker in workers if "spawn_main" in " ".join(worker.cmdline())).kill()
    before = len(list(results.glob("*/*/*/*/*.json")))
    _until(process, lambda: len(list(results.glob("*/*/*/*/*.json"))) >= before + 6)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=300)
    assert process.returncode == 130
    assert complaint.count("stopped; finished searches") == 1
    assert "Traceback" not in complaint
    assert len(list(results.glob("*/*/*/*/*.json"))) < 600


def _until(process: "subprocess.Popen[str]", condition: Callable[[], bool]) -> None:
    """Look again and again while the process runs, and leave it the processor; five minutes are a hang."""
    for _ in range(15_000):
        if condition():
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
        assert process.returncode is None
    process.kill()
    raise AssertionError("nothing came for five minutes")


def test_an_arm_with_a_budget_factor_is_recorded_at_its_multiple(tmp_path: Path) -> None:
    text = GOOD.replace("optimizers: [rs,", "optimizers: [rs, {optimizer: rs, label: rs-4x, budget_factor: 4},")
    declared, folder = study(tmp_path, text), tmp_path / "results"
    run_study(declared, folder, executor="serial")
    assert (folder / "toy-cells" / "rs-4x" / "20full").is_dir()
    assert (folder / "toy-cells" / "rs" / "5full").is_dir()


def test_side_files_hold_wall_clock_and_versions_and_no_names(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    run_study(study(tmp_path, GOOD, "budgets=5 full,2 full"), folder, executor="serial")
    timings = [json.loads(line) for line in (folder / "timings.jsonl").read_text().splitlines()]
    assert len(timings) == 6
    for timing in timings:
        seconds = timing["optimizer_seconds"]
        assert 0 < seconds["2 full"] < seconds["5 full"] < timing["cpu_seconds"]
        assert (timing["watts_per_core"], timing["pue"]) == (10.0, 1.0)
    run_study(study(tmp_path, GOOD, "budgets=5 full,2 full"), folder, executor="serial")
    (provenance,) = json.loads((folder / "provenance.json").read_text())
    assert provenance["packages"]["numpy"] == np.__version__
    assert str(Path.home()) not in json.dumps(provenance)
    shutil.rmtree(folder)


def test_a_torn_note_takes_no_other_along(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    run_study(study(tmp_path, GOOD, "seeds=0:1"), folder, executor="serial")
    timings = folder / "timings.jsonl"
    timings.write_bytes(timings.read_bytes()[:-20])
    run_study(study(tmp_path), folder, executor="serial")
    overheads = load(folder).overheads
    assert (sorted(overheads["toy-cells", "rs"]), sorted(overheads["toy-cells", "re-4"])) == ([0, 1, 2], [1, 2])


def own_file(folder: Path, name: str = "own", declared: str = "") -> Path:
    """A random search in a file of one's own."""
    path = folder / "own.py"
    path.write_text(
        '"""Own. Nobody."""\nfrom fairwatt.optimizer import optimizer\nfrom fairwatt.records import Query\n'
        f'@optimizer("{name}"{declared})\n'
        "def own(problem, rng):\n    for config in problem.starts(rng):\n        yield Query(config)\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("name", ["own", "re"])
def test_an_arm_without_a_frozen_model_is_refused_before_the_first_search(tmp_path: Path, name: str) -> None:
    """Another algorithm under the name of one that ships is not charged what that one computes."""
    own = own_file(tmp_path, name)
    text = f"study: s\nspaces: [toy-cells]\noptimizers: [rs, '{own}:own']\nseeds: 0:2\nbudgets: [5 full]\n"
    text += "reference: rs\npolicy: {overhead: included_model}\n"
    with pytest.raises(NoOverheadModelError, match=f"optimizer {name} computes; .* with: python benchmarks/"):
        run_study(study(tmp_path, text), tmp_path / "results", executor="serial")
    assert not (tmp_path / "results").exists()


def test_a_missing_package_is_said_before_the_first_search(tmp_path: Path) -> None:
    own = own_file(tmp_path, declared=", extra='no_such_package'")
    with pytest.raises(UserError, match="optimizer own needs no_such_package: pip install no_such_package"):
        run_study(study(tmp_path, GOOD.replace("[rs,", f"[rs, '{own}:own',")), tmp_path / "results", executor="serial")
    assert not (tmp_path / "results").exists()


def test_an_edited_optimizer_does_not_go_on_where_its_former_version_stopped(tmp_path: Path) -> None:
    own = own_file(tmp_path)
    text = GOOD.replace("[rs,", f"[rs, '{own}:own',")
    run_study(study(tmp_path, text, "seeds=0:2"), tmp_path / "results", executor="serial")
    former = own.read_text()
    own.write_text(former + "# edited\n")
    with pytest.raises(UserError, match=r"made by another version of .*own .* choose another folder with --out"):
        run_study(study(tmp_path, text), tmp_path / "results", executor="serial")
    own.write_text(former)
    assert run_study(study(tmp_path, text), tmp_path / "results", executor="serial")


def test_searches_of_another_sampler_are_not_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_study(study(tmp_path, GOOD, "seeds=0:2"), tmp_path / "results", executor="serial")
    with monkeypatch.context() as edited:
        edited.setattr(SearchSpace, "sampler_code", "ba5eba11ba5e")
        with pytest.raises(UserError, match=r"made by another version of the sampler of .* now ba5eba11ba5e.* --out"):
            run_study(study(tmp_path, GOOD), tmp_path / "results", executor="serial")
    assert run_study(study(tmp_path, GOOD), tmp_path / "results", executor="serial")


def test_a_folder_of_results_is_a_study(tmp_path: Path) -> None:
    run_study(study(tmp_path, GOOD), tmp_path / "results", executor="serial")
    again = read_study(tmp_path / "results", ["seeds=0:4"])
    assert (again.study, len(again.seeds), again.budgets) == (study(tmp_path).study, 4, study(tmp_path).budgets)
    assert run_study(read_study(tmp_path / "results"), tmp_path / "results", executor="serial") == []


def test_a_study_verifies_its_data_before_the_first_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(benchmark: TabularBenchmark) -> None:
        raise UserError(f"{benchmark.name} is damaged")

    monkeypatch.setattr(TabularBenchmark, "verify", damaged)
    with pytest.raises(UserError, match="toy-cells is damaged"):
        run_study(study(tmp_path), tmp_path / "results", executor="serial")
    assert not (tmp_path / "results").exists()
