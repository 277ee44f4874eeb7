"""How settings were chosen, as it is kept; and the command that chooses them, as its user meets it."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from tunings import FOUND

from fairwatt.budget import Budget
from fairwatt.errors import UserError
from fairwatt.registry import find_optimizer
from fairwatt.sealed import DamagedFileError, write_sealed
from fairwatt.tuning import FILE, read_tuning, write_tuning

Command = Callable[..., tuple[int, str, str]]


def test_the_earlier_of_the_best_settings_is_chosen() -> None:
    assert FOUND.best == {"population_size": 4}
    assert not FOUND.keeps_default
    assert FOUND.effort == (3, 2, Budget.parse("5.0 full"), ("toy-cells",))
    with pytest.raises(ValueError, match="3 configurations have 2 scores"):
        replace(FOUND, scores=(0.1, 0.2))


@pytest.mark.parametrize("score", [0.1, 0.05])
def test_the_default_settings_are_kept_where_none_is_better(score: float) -> None:
    assert replace(FOUND, default=score).best == {"population_size": 10}
    assert replace(FOUND, default=score).keeps_default


def test_a_tuning_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_tuning(tmp_path, FOUND)
    assert read_tuning(tmp_path) == FOUND


def test_no_tuning_and_a_changed_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no tuning.*fairwatt tune"):
        read_tuning(tmp_path)
    write_tuning(tmp_path, FOUND)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes().replace(b"0.3", b"0.9"))
    with pytest.raises(DamagedFileError):
        read_tuning(tmp_path)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"scores": [0.1, None, 0.2]}, "finite numbers"),
        ({"energy_kwh": "much"}, "finite numbers"),
        ({"scores": [0.1]}, "3 configurations have 1 scores"),
        ({"configurations": [1, 2, 3]}, "names with values"),
        ({"ranges": []}, "names with values"),
        ({"seeds": ["a"]}, "whole numbers"),
        ({"spaces": [1]}, "spaces are names"),
        ({"budget": "many"}, "expected a number and a unit"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_tuning_is_refused(tmp_path: Path, fields: dict[str, Any], what: str) -> None:
    data = json.loads(json.dumps(asdict(FOUND))) | fields
    write_sealed(tmp_path / FILE, {"format": 1, "tuning": data})
    with pytest.raises(DamagedFileError, match=f"not a tuning .*{what}"):
        read_tuning(tmp_path)


@pytest.mark.slow
def test_tune_tries_settings_and_says_what_they_are_worth(fairwatt: Command) -> None:
    words = ("tune", "re", "--space", "toy-cells", "--configurations", "3", "--seeds", "90:92", "--budget", "5 full")
    code, out, err = fairwatt(*words)
    assert (code, err) == (0, "")
    assert "the best 3 of 3 settings of re" in out
    assert "3 settings x 2 seeds x 5 full on toy-cells" in out
    assert "{optimizer: 're', tuned: 'results/tune-re'}" in out
    tuning = read_tuning(Path("results/tune-re"))
    assert tuning.trainings == pytest.approx(3 * 2 * 5, rel=0.01)  # the books of each search are closed at its budget
    assert tuning.default_settings == dict(find_optimizer("re").defaults)
    assert tuning.default_settings not in tuning.configurations
    again = fairwatt(*words)
    assert again[0] == 0
    assert read_tuning(Path("results/tune-re")) == tuning
    code, _, err = fairwatt(*words[:-4], "--seeds", "95:99", "--budget", "5 full")
    assert code == 2
    assert "holds a tuning by the 2 seeds from 90 to 91, not by these" in err

    Path("study.yaml").write_text(
        "study: mine\nspaces: [toy-cells]\nseeds: 0:3\nbudgets: [5 full]\n"
        "optimizers: [rs, re, {optimizer: re, tuned: results/tune-re}]\n",
        encoding="utf-8",
    )
    assert fairwatt("run", "study.yaml")[0] == 0
    declared = json.loads(Path("results/mine/study.json").read_text("utf-8").splitlines()[0])["study"]["optimizers"]
    assert [arm["label"] for arm in declared] == ["rs", "re", "re-tuned"]
    assert declared[2]["settings"] == dict(tuning.best)
    assert "tuning" not in declared[1]  # as before arms could be tuned, so that results of then go on
    code, out, _ = fairwatt("table", "results/mine", "--what", "tuning")
    assert code == 0
    assert "| re-tuned | toy-cells | 2 | 5 full | 3 |" in out
    assert fairwatt("figure", "results/mine", "tuning", "--format", "svg")[0] == 0
    assert fairwatt("report", "results/mine")[0] == 0
    page = Path("results/mine/report.html").read_text("utf-8")
    assert "Tuned settings" in page
    assert f"re-tuned: population_size {tuning.best['population_size']} (drawn from 2 to 40, log-uniform)" in page
    assert "re-tuned: 3 random settings x 2 seeds x 5 full on toy-cells" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rs", "--space", "toy-cells"), "rs has no settings to tune"),
        (("rx", "--space", "toy-cells"), "unknown optimizer 'rx'"),
        (("re", "--space", "toy-cell"), "did you mean 'toy-cells'"),
        (("re",), "--space"),
        (("re", "--space", "toy-cells", "--range", "size=2:3"), "unknown setting of optimizer re 'size'"),
        (("re", "--space", "toy-cells", "--range", "population_size"), "expected NAME=LOW:HIGH"),
        (("re", "--space", "toy-cells", "--range", "population_size=9:3"), "the lower end first"),
        (("re", "--space", "toy-cells", "--range", "population_size=0:3:log"), "of one sign where it is log"),
        (("re", "--space", "toy-cells", "--range", "population_size=a:b"), "expected int like 10, got 'a'"),
        (("re", "--space", "toy-cells", "--range", "population_size=2,x"), "expected int like 10, got 'x'"),
        (
            ("re", "--space", "toy-cells", "--range", "population_size=3", "--range", "population_size=4"),
            "population_size given twice",
        ),
        (
            ("re", "--space", "toy-cells", "--range", "population_size=3,4", "--range", "sample_size=5"),
            "only 2 different settings of 20",
        ),
        (("hb", "--space", "toy-cells"), "only 0 different settings of 20 are accepted"),
        (("re", "--space", "toy-cells", "--budget", "5 ful"), "did you mean 'full'"),
        (("re", "--space", "toy-cells", "--budget", "5 h"), "budget of time"),
        (("re", "--space", "toy-cells", "--seeds", "9:3"), "expected first:end"),
        (("re", "--space", "toy-cells", "--configurations", "5000"), "expected 2 to 999"),
    ],
)
def test_mistakes_get_one_line(fairwatt: Command, words: tuple[str, ...], told: str) -> None:
    code, out, err = fairwatt("tune", *words)
    assert (code, err.count("\n")) == (2, 1)
    assert told in err
    assert "Traceback" not in out + err
    assert not list(Path().glob("results/*/tuning.json"))
