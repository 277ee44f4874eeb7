"""The command line as a user meets it: what is printed, where, and the exit code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fairwatt import cli

COMMANDS = [
    "check",
    "new",
    "demo",
    "doctor",
    "spaces",
    "optimizers",
    "data",
    "run",
    "status",
    "compare",
    "report",
    "table",
    "figure",
    "audit",
    "reproduce",
    "sweep",
    "surrogate",
]


def fairwatt(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of `fairwatt WORDS`."""
    monkeypatch.setattr(sys, "argv", ["fairwatt", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: fairwatt(capfd, monkeypatch, *words)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for several tests: what a surrogate says of a whole space takes seconds the first time."""
    return tmp_path_factory.mktemp("kept")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run, command: str) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run(command, "--help")
    assert code == 0
    assert re.search(rf"Example:\s+fairwatt {command}", out)


def test_no_command_at_all_is_a_request_for_help(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run()
    assert code == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["rnu"], "did you mean 'run'"),
        (["spaces", "shwo"], "did you mean 'show'"),
        (["run", "--excutor", "serial", "quickstart"], "--executor"),
        (["run"], "fairwatt run --help"),
        (["run", "quikstart"], "did you mean 'quickstart.yaml'"),
        (["run", "quickstart", "sead=1"], "did you mean 'seeds'"),
        (["run", "quickstart", "optimizers=rs,banana"], "did you mean 'bananas'"),
        (["run", "quickstart", "spaces=toy-cell"], "did you mean 'toy-cells'"),
        (["run", "quickstart", "budgets=30 ful"], "did you mean 'full'"),
        (["run", "quickstart", "seeds=0:2", "spaces=toy-cells", "--executor", "proceses"], "did you mean 'processes'"),
        (["spaces", "show", "ec-nas-4w"], "did you mean"),
        (["spaces", "show", "EC-NAS-4V"], "did you mean 'ec-nas-4v'"),
        (["spaces", "show", "ec-nas-4v"], "fairwatt data fetch ec-nas-4v"),
        (["spaces", "show", "ec-nas-5v-partial"], "fairwatt data import ecnas_linscale.parquet"),
        (["data", "fetch", "ec-nas-4w"], "did you mean"),
        (["run", "quickstart", "suspect=dorp"], "'keep' or 'drop'"),
        (["run", "quickstart", "suspect=drop"], "suspect"),
        (["data", "fetch", "ec-nas-5v-partial"], "no public address"),
        (["optimizers", "show", "hbo"], "did you mean"),
        (["data", "import", "nothing.tfrecord"], "nothing.tfrecord"),
        (["data", "verify", "ec-nas-4x"], "did you mean"),
        (["status", "nowhere"], "no study.json"),
        (["compare", "nowhere"], "no study.json"),
        (["report", "nowhere"], "no study.json"),
        (["sweep", "status", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_mistake_gets_one_line_and_exit_code_2(run, words: list[str], answer: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run(*words)
    assert code == 2
    assert answer in err
    assert err.count("\n") == 1
    assert err.startswith("fairwatt: ")
    assert "Traceback" not in out + err


def test_every_faulty_file_gets_its_line_and_nothing_is_written(run, shared: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import json

    for fault in json.loads((shared / "ecnas" / "bad" / "manifest.json").read_text()):
        if fault["record"] is None and fault["offset"] is None:
            continue  # the sound one
        code, _, err = run("data", "import", str(shared / "ecnas" / "bad" / fault["file"]))
        assert (code, err.count("\n")) == (2, 1)
        if fault["record"] is not None:
            assert f"{fault['file']}: record {fault['record']} at byte {fault['offset']}: " in err
    assert not list((tmp_path / "cache").rglob("*")) or not list((tmp_path / "cache").rglob("*.arrow"))


@pytest.mark.slow  # all optimizers are imported, with the libraries of some
def test_lists_name_everything_that_is_registered(run, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    from fairwatt.registry import BENCHMARKS, OPTIMIZERS

    monkeypatch.setenv("FAIRWATT_CACHE", str(kept))
    _, spaces, _ = run("spaces")
    assert all(name in spaces for name in BENCHMARKS.names())
    _, optimizers, _ = run("optimizers")
    assert all(name in optimizers for name in OPTIMIZERS.names())
    _, tables, _ = run("data", "list")
    assert "digits-cells-5v" in tables
    assert "energy_4V9E_4epochs.tfrecord" in tables


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("words", [["spaces"], ["data", "list"], ["optimizers"]], ids=" ".join)
def test_lists_break_no_word_on_a_terminal(  # type: ignore[no-untyped-def]
    run, kept: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], width: int
) -> None:
    from fairwatt.cli_console import console

    monkeypatch.setenv("FAIRWATT_CACHE", str(kept))
    _, whole, _ = run(*words)
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, to rich
    monkeypatch.setattr(console, "width", width)
    _, shown, _ = run(*words)
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()]
    assert max(map(len, lines)) <= width
    names = set(re.findall(r"[\w@.-]+", whole.split(maxsplit=1)[1]))  # paragraphs need no heading of the first column
    assert names <= set(re.findall(r"[\w@.-]+", " ".join(lines)))


@pytest.mark.slow
def test_import_verify_run_status(run, shared: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run("data", "import", str(shared / "ecnas" / "official" / "energy_4V9E_4epochs.tfrecord"))
    assert code == 0
    assert "1,092 rows" in out
    assert "as written" in run("data", "verify", "ec-nas-4v")[1]
    words = ["ec_nas_4v", "optimizers=rs,re", "seeds=0:3", "--workers", "2"]
    assert "6 searches" in run("run", *words, "--dry-run")[1]
    code, out, err = run("run", *words)
    assert (code, err) == (0, "")
    assert "6 of 6 searches" in out
    code, out, _ = run("status", "results/ec_nas_4v")
    assert code == 0
    assert re.search(r"ec-nas-4v\s+re\s+3\s+0\s+0", out)


@pytest.mark.slow
def test_an_imported_table_is_a_space_and_a_damaged_one_is_not(run, shared: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("data", "import", str(shared / "ecnas" / "official" / "energy_5V9E_4epochs.tfrecord"))
    assert "2,532" in run("spaces", "show", "ec-nas-5v-4epochs")[1]
    assert run("run", "quickstart", "spaces=ec-nas-5v-4epochs", "optimizers=rs", "seeds=0:1")[0] == 0
    table = tmp_path / "cache" / "ec-nas-5v-4epochs.arrow"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    for words in (["spaces", "show", "ec-nas-5v-4epochs"], ["data", "verify"]):
        code, out, err = run(*words)
        assert code == 2
        assert "damaged" in err
    assert "digits-cells-5v: as written" in out


@pytest.mark.slow
def test_the_report_is_not_written_over_its_own_table(run) -> None:  # type: ignore[no-untyped-def]
    words = ["spaces=toy-cells", "optimizers=rs,re", "seeds=0:2", "--executor", "serial"]
    assert run("run", "quickstart", *words)[0] == 0
    for name in ("report.csv", "report"):
        code, _, err = run("report", "results/quickstart", "-o", name)
        assert code == 2
        assert "an .html file" in err


def test_a_file_where_a_folder_should_be_gets_one_line(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "taken").write_text("", encoding="utf-8")
    code, _, err = run("run", "quickstart", "spaces=toy-cells", "seeds=0:1", "--out", "taken")
    assert code == 2
    assert err.count("\n") == 1


@pytest.mark.slow
def test_compare_and_report_of_a_small_study(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    words = ["spaces=toy-cells", "optimizers=rs,re,semoa", "seeds=0:20", "budgets=30 full", "--executor", "serial"]
    run("run", "quickstart", *words)
    code, out, err = run("compare", "results/quickstart")
    assert (code, err) == (0, "")
    assert "PROVISIONAL" not in out
    assert len(re.findall(r"^- [A-Z-]+(?: \(small\))?: (?:re|semoa) v\. rs at 30 full, by ", out, flags=re.M)) == 2
    next(tmp_path.glob("results/quickstart/toy-cells/re/*/*/3.json")).unlink()
    _, out, _ = run("compare", "results/quickstart")
    assert "PROVISIONAL: 1 searches are missing (of re)" in out
    assert "VOID" in out
    code, out, _ = run("report", "results/quickstart", "--figures", "figures")
    assert code == 0
    assert (tmp_path / "results" / "quickstart" / "report.html").stat().st_size > 100_000
    assert len(list((tmp_path / "figures").glob("*.svg"))) >= 5


def test_failed_searches_are_said_and_the_others_are_kept(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "mine.py").write_text(
        '"""Breaks."""\nfrom fairwatt.optimizer import optimizer\nfrom fairwatt.records import Query\n\n'
        '@optimizer("mine")\ndef mine(problem, rng):\n    yield Query(problem.initial[0])\n'
        '    raise RuntimeError("broken")\n',
        encoding="utf-8",
    )
    words = ["quickstart", "spaces=toy-cells", "optimizers=rs,mine.py:mine", "seeds=0:2", "--executor", "serial"]
    code, _, err = run("run", *words)
    assert code == 2
    assert "2 searches failed, first mine on toy-cells, seed 0: RuntimeError: broken" in err
    assert re.search(r"mine\s+0\s+0\s+2\s+RuntimeError: broken", run("status", "results/quickstart")[1])


def test_the_command_ends_as_a_process_does() -> None:
    """With its code, what it printed, and what was to be done at its end, though it frees nothing."""
    script = "import atexit, sys; from fairwatt.cli import command; atexit.register(print, 'done'); command()"
    for words, code, printed in ((["spaces", "--help"], 0, "fairwatt spaces"), (["no-such-command"], 2, "")):
        ended = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout.endswith("done\n"), printed in ended.stdout) == (code, True, True)
