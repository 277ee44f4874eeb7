"""The scripts of benchmarks/: a mistake on the command line is one line and exit code 2, and nothing is measured."""

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py") if '__name__ == "__main__"' in path.read_text("utf-8"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):  # type: ignore[no-untyped-def]
    def script(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", list(words))
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(FOLDER / words[0]), run_name="__main__")
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return script


def test_there_is_a_script_for_each_command_of_the_readme() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    assert SCRIPTS
    assert all(f"python benchmarks/{name}" in text for name in SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_is_there(run, name: str) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run(name, "--help")
    assert code == 0
    assert "--help" in out


@pytest.mark.parametrize(
    "words",
    [
        *([name, "--rnus", "1"] for name in SCRIPTS),
        *([name, "--runs", "0"] for name in SCRIPTS if name not in ("import_7v.py", "query_speed.py")),
        ["table_open.py", "--runs", "many"],
        *(
            [name, "--table", table]
            for name in ("query_speed.py", "table_open.py", "tutorial_loops.py")
            for table in ("nope", "nope.arrow", "/dev/null")
        ),
        ["curve_surrogate.py", "nope.npz"],
        ["curve_surrogate.py", "/dev/null"],
        ["import_7v.py", "--cells", "0"],
        ["import_7v.py", "--cells", "423625"],
        ["import_7v.py", "--keep", "/dev/null"],
    ],
    ids=" ".join,
)
def test_a_mistake_gets_one_line_and_exit_code_2(run, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"{words[0]}: ")
    assert err.count("\n") == 1


def test_models_of_overhead_are_found_again_and_frozen_beside_the_others(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    import json

    import numpy as np

    from fairwatt import overhead

    frozen = tmp_path / "overhead.json"
    kept = {"a": 1.0, "b": 0.0, "k": 1.0}
    frozen.write_text(json.dumps({"watts_per_core": 10.0, "optimizers": {"other": kept}}), encoding="utf-8")
    monkeypatch.setattr(overhead, "FROZEN", frozen)
    script = runpy.run_path(str(FOLDER / "optimizer_overhead.py"))
    count = np.arange(150.0)
    assert script["fit"](np.cumsum(0.02 + 0.003 * count**1.4)) == (0.02, 0.003, 1.4)
    bursts = np.cumsum(np.where(count % 10 == 0, 5.0, 0.0))  # computes for ten proposals at once
    assert script["fit"](bursts).total(150) == pytest.approx(75, rel=0.1)
    script["main"](["rs"], 5, 1, True)
    models = json.loads(frozen.read_text(encoding="utf-8"))["optimizers"]
    assert models["other"] == kept
    assert models["rs"]["a"] > 0
    overhead._read.cache_clear()
    assert overhead.frozen_model("rs", 1.59) == overhead.OverheadModel(
        models["rs"]["a"], models["rs"]["b"], models["rs"]["k"], 10.0, 1.59
    )


def test_every_optimizer_that_ships_has_a_frozen_model() -> None:
    from fairwatt.overhead import frozen_model
    from fairwatt.registry import OPTIMIZERS

    assert not [name for name in sorted(OPTIMIZERS.declared) if frozen_model(name, 1.0) is None]
