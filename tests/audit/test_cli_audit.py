import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from small_log import log, search
from typer.testing import CliRunner

from fairwatt import cli_audit
from fairwatt.audit.audit import Audit
from fairwatt.audit.audit_files import destinations
from fairwatt.audit.log_file import read_logs
from fairwatt.audit.matched import rules
from fairwatt.audit.settings import Settings
from fairwatt.audit.wording import sentence
from fairwatt.cli_audit import audit
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.registry import make_benchmark

RULES = rules("as recorded, common")


def run(*words: object) -> str:
    app = typer.Typer()
    app.command()(audit)
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    lines = ["method,seed,config,val_error,energy_kwh"]
    for method in ("rs", "tpe"):
        for seed in range(3):
            lines += [f"{method},{seed},c{place},{rng.uniform():.3f},{rng.uniform(1, 2):.3f}" for place in range(6)]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_csv_becomes_a_page_a_table_and_everything(runs: Path) -> None:
    page = runs.with_name("out.html")
    said = run(runs, "-o", page, "--cut", "as recorded, 5", "--endpoint", "regret")
    assert "tpe v. rs" in said
    assert "what cannot be concluded:" in said
    assert "threats that this log shows: T12" in said
    assert page.read_text().startswith("<!doctype html>")
    assert {row["rule"] for row in json.loads(page.with_suffix(".json").read_text())["comparisons"]} == {
        "as recorded",
        "at 5",
    }
    assert page.with_suffix(".csv").read_text().startswith("space,endpoint,arm,reference,")


def test_the_page_is_there_before_anything_is_printed(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(made: Audit) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(cli_audit, "_show", broken)
    with pytest.raises(BrokenPipeError):
        run(runs, "-o", runs.with_name("out.html"), "--cut", "5", "--endpoint", "regret")
    assert all(runs.with_name(f"out.{ending}").is_file() for ending in ("html", "csv", "json"))


def test_mistakes_are_one_line(runs: Path) -> None:
    for words, said in (
        (("-o", "audit.txt"), "the audit is an .html file"),
        (("--reference", "tpee"), "did you mean 'tpe'"),
        (("--cut", "meen"), "did you mean 'mean'"),
        (("--endpoint", "regrets"), "did you mean 'regret'"),
        (("--matched-on", "costs"), "did you mean 'cost'"),
        (("--space", "x=toy-cells"), "space of the log 'x'"),
        (("--cut", "1e-30"), "pays for no answer of any search, the first of which takes 1"),
        (("--invalid-cost", "nan"), "expected a finite number of 0 or more"),
        (("-o", "nowhere/audit.html"), "there is no folder nowhere"),
    ):
        with pytest.raises(UserError, match=said):
            run(runs, *words)
    with pytest.raises(UnknownNameError):
        run(runs, "--space", "no-such-table")


def test_logs_and_other_files_are_never_replaced(runs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before, folder = runs.read_bytes(), runs.parent
    (folder / "data.csv").write_text("a,b\n1,2\n")
    (folder / "notes.json").write_text('{"format": 1}')
    (folder / "taken.html").mkdir()
    (folder / "link.csv").symlink_to(runs)
    for out, log_path, said in (
        ("runs.html", runs, "would replace the log of this name"),
        ("link.html", runs, "would replace the log of this name"),
        ("data.html", runs, "data.csv is there and no audit wrote it"),
        ("notes.html", runs, "notes.json is there and no audit wrote it"),
        ("taken.html", runs, "is there and is no file"),
    ):
        with pytest.raises(UserError, match=said):
            run(log_path, "-o", folder / out, "--columns", "method=nosuch")  # refused before anything is read
    assert runs.read_bytes() == before
    assert (folder / "data.csv").read_text() == "a,b\n1,2\n"


def test_the_same_command_twice_reads_no_file_of_its_own(runs: Path) -> None:
    page = runs.with_name("out.html")
    run(runs.parent, "-o", page, "--cut", "common", "--endpoint", "regret")
    ours = destinations(page, [runs.parent])  # may be replaced
    assert all(path.is_file() for path in ours)
    named = read_logs(sorted(runs.parent.iterdir()))
    left_out = f"Written by an audit, and left out: {', '.join(map(str, sorted(ours)))}."
    assert left_out in named.notes
    pd.testing.assert_frame_equal(named.frame, read_logs([runs.parent]).frame)
    pd.testing.assert_frame_equal(named.frame, read_logs([runs]).frame)
    with pytest.raises(UserError, match="written by an audit, and no log"):
        run(ours[1], "-o", runs.with_name("other.html"))


def test_a_wrong_table_is_said_before_a_wrong_unit(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("method,seed,val_error\n" + "".join(f"{m},{s},0.{s}5\n" for m in ("rs", "x") for s in range(3)))
    with pytest.raises(UnknownNameError, match="no-such-table"):
        run(path, "-o", tmp_path / "out.html", "--space", "no-such-table")
    with pytest.raises(UserError, match="tables count kWh, and this log counts evaluations; leave it out"):
        run(path, "-o", tmp_path / "out.html", "--space", "toy-cells")


def test_a_table_of_ours_gives_the_closed_form() -> None:
    """Searches that hold the best of all need what drawing each configuration once costs; the pool cannot know."""
    reference = make_benchmark("toy-cells").reference()
    seen = reference.val_error if reference.val_repeats is None else reference.val_repeats.ravel()
    best, mean = float(seen.min()), reference.tariff.mean_full_kwh
    arm = [search("arm", seed, [best], costs=mean) for seed in range(3)]
    made = log([*arm, *(search("rs", seed, [best + 0.1, best + 0.2], costs=mean) for seed in range(3))])
    exact = Audit(made, Settings(rules=RULES, tables={"s": reference})).multiples[0]
    assert exact.method == "arm"
    assert "closed form from the table toy-cells" in exact.basis
    said = sentence(Audit(made, Settings(rules=RULES, tables={"s": reference})), "regret", "s", "arm", "rs")
    assert " Random search as the space draws, each configuration once, needs " in said
    assert exact.needed == pytest.approx((seen.size - int((seen == best).sum()) + 1) * mean)
    assert Audit(made, Settings(rules=RULES)).multiples[0].bound == "more than"
