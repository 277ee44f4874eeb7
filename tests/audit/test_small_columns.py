"""Columns and files that tell a method, a configuration, an order or a unit: ordinary ones are read, others asked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import brackets, check_asked, check_read, searches

from fairwatt.audit.log import LogError
from fairwatt.audit.log_file import read_logs
from fairwatt.audit.path_numbers import advice

SEARCH = ["method", "seed"]


def newest_first(name: str) -> pd.DataFrame:
    """Rows the wrong way round, with the time at which each training began."""
    frame = searches().drop(columns="trial")
    began = pd.Timestamp("2024-01-03", tz="UTC") + pd.to_timedelta(np.arange(len(frame)), unit="min")
    return frame.assign(**{name: began.strftime("%Y-%m-%dT%H:%M:%S.000Z")})[::-1]


def in_percent(method: str) -> pd.DataFrame:
    """Accuracies of one method in percent, of the others in fractions; of all for an empty name."""
    frame = searches()
    factor = np.where((frame["method"] == method) | (method == ""), 100, 1)
    return frame.assign(val_acc=frame["val_acc"] * factor, test_acc=frame["test_acc"] * factor)


def by(name: str, trial: bool = True) -> pd.DataFrame:
    """The method in a column of another name; the order is that of the file, or of a number for the whole of it."""
    frame = searches().rename(columns={"method": name}).drop(columns="trial")
    return frame.assign(order=np.arange(len(frame))) if trial else frame


def tuned(name: str, *values: str) -> pd.DataFrame:
    """A text that is a hyperparameter."""
    frame = searches()
    return frame.assign(**{name: np.take(values, 7 * frame.index % len(values))})


def counted(form: str, noisy: bool = False) -> pd.DataFrame:
    """Configurations numbered anew in each search; one of them may be trained twice, with another error."""
    frame = searches().drop(columns=["lr", "width"])
    number = frame["trial"] - (noisy & (frame.index == 5))
    return frame.assign(config_id=[form.format(each) for each in number])


def shared() -> pd.DataFrame:
    """Searches that ask for the same networks, each in an order of its own."""
    frame = searches().drop(columns=["lr", "width"])
    rng = np.random.default_rng(1)
    return frame.assign(arch=frame.groupby(SEARCH)["trial"].transform(lambda each: rng.permutation(len(each))))


def measured() -> pd.DataFrame:
    """Successive halving with what was measured beside the error."""
    frame = brackets()
    other = 1 - 0.97 * frame["val_error"]
    return frame.assign(val_precision=other, recall=other - 0.01, test_miou=other / 2, grad_norm=other / 3)


def repeated() -> pd.DataFrame:
    """Few networks, trained often, with noise, and metrics beside the error."""
    frame = searches(40).drop(columns=["lr", "width"])
    other = frame["val_acc"] - 0.011
    return frame.assign(arch=[f"a{row * row % 5}" for row in frame.index], val_precision=other, recall=other / 2)


ORDINARY: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "W&B, the newest first": (lambda: newest_first("Created"), "order of requests is that of Created"),
    "created at": (lambda: newest_first("createdAt"), "order of requests is that of createdAt"),
    "a day for each search": (
        lambda: searches()[::-1].assign(date=lambda f: f["seed"].map("2024-01-0{}".format).str.replace("00", "09")),
        "order of requests is that of trial .date: one time",
    ),
    "percent in all searches": (lambda: in_percent(""), "1-val_acc/100"),
    **{
        f"a method called {name}": (lambda name=name: by(name), f"method={name}")
        for name in ("alg", "search_alg", "nas_algorithm", "solver", "tuner_name", "agent")
    },
    "a solver of trainings": (lambda: tuned("solver", "lbfgs", "sgd"), "method=method"),
    "an agent beside the method": (lambda: tuned("agent", "a1", "a2"), "method=method"),
    "an activation of one method": (
        lambda: (
            tuned("activation", "relu", "tanh")
            .query("method == 'tpe'")
            .assign(seed=lambda f: f["seed"] % 2)
            .drop(columns=["method", "trial"])
        ),
        "No column tells method",
    ),
    "configurations counted from 0 in each search": (lambda: counted("{}"), "counts the configurations of each search"),
    "so, one trained twice": (lambda: counted("{}", noisy=True), "counts the configurations of each search"),
    "so, as tuples": (lambda: counted("(0, 0, {})"), "counts the configurations of each search"),
    "metrics beside the error": (measured, 'config=lr"'),
    "metrics beside noisy networks": (repeated, "config=arch,"),
    "divisions of data that were tuned": (
        lambda: tuned("train_size", "100", "200").assign(val_ratio=lambda f: f["width"] / 640, test_top=0.5),
        r'config=lr\+width\+train_size\+val_ratio"',
    ),
    "a precision of bits": (
        lambda: searches().assign(precision=lambda f: 16 * (1 + f.index % 2)),
        r"config=lr\+width\+precision",
    ),
}

ASKED: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "one method in percent": (lambda: in_percent("tpe"), "in 0 to 1 in 3 of 6 searches and above 1 in 3"),
    "methods in a column of no known name, in order": (lambda: by("policy"), "policy may tell methods apart"),
    "so, in the order of the file": (lambda: by("label", trial=False), "label may tell methods apart"),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_columns_are_read(tmp_path: Path, name: str) -> None:
    base, said = ORDINARY[name]
    check_read(base(), tmp_path, said)


@pytest.mark.parametrize("name", ASKED)
def test_dangerous_columns_are_asked_about(tmp_path: Path, name: str) -> None:
    base, said = ASKED[name]
    check_asked(base(), tmp_path, said)


def test_networks_in_another_order_are_not_counted_anew(tmp_path: Path) -> None:
    shared().to_csv(tmp_path / "a.csv", index=False)
    log = read_logs([tmp_path])
    assert log.frame["config"].nunique() == 12


def one_each(path: Path, pattern: str, names: list[str], numbers: list[int]) -> Path:
    """A file for each search."""
    frame = searches(6).assign(seed=lambda f: f["seed"].map(dict(enumerate(numbers))))
    for words, rows in frame.groupby(names):
        file = path / pattern.format(**dict(zip(names, words, strict=True)))
        file.parent.mkdir(parents=True, exist_ok=True)
        rows.drop(columns=names).to_csv(file, index=False)
    return path


@pytest.mark.parametrize("between", ["_run", "-run", "_rep", "_r", "_s", "_run_", "", ".", "/run", "/run_", "/rep"])
def test_numbers_behind_methods_are_seeds(tmp_path: Path, between: str) -> None:
    log = read_logs([one_each(tmp_path, f"{{method}}{between}{{seed}}.csv", SEARCH, [9, 10, 11])])
    assert set(log.frame["method"]) == {"random", "tpe"}
    assert set(log.frame["seed"]) == {"9", "10", "11"}


@pytest.mark.parametrize(
    ("pattern", "numbers", "words"),
    [
        ("{method}_{seed}.csv", [9, 27, 81], '"{method}_{seed}.csv" or --files "{method}.csv"'),
        ("{method}_fold{seed}.csv", [0, 1, 2], '"{method}_fold{seed}.csv" or --files "{method}.csv"'),
        ("{method}_task{seed}.csv", [3, 12, 31], '"{method}_task{seed}.csv" or --files "{method}.csv"'),
        ("task_{seed}.csv", [3, 12, 31], '"*_{seed}.csv" or --files "{space}.csv"'),
        ("cifar{seed}.csv", [10, 100, 16], '"*{seed}.csv" or --files "{space}.csv"'),
    ],
)
def test_numbers_that_may_be_of_a_method_or_a_problem(
    tmp_path: Path, pattern: str, numbers: list[int], words: str
) -> None:
    path = one_each(tmp_path, pattern, SEARCH if "{method}" in pattern else ["seed"], numbers)
    with pytest.raises(LogError) as error:
        read_logs([path])
    assert words in str(error.value)
    for files in words.split('"')[1::2]:
        log = read_logs([path], files=files)
        assert log.frame.groupby(["space", "method", "seed"]).ngroups == 6
    seeded = read_logs([path], files=words.split('"')[1]).frame["seed"]
    assert set(seeded) == set(map(str, numbers))


@pytest.mark.parametrize("prefix", ["results_", "run_", "tpe_"])
def test_numbers_behind_words_that_name_no_problem(tmp_path: Path, prefix: str) -> None:
    log = read_logs([one_each(tmp_path, prefix + "{seed}.csv", ["seed"], [0, 1, 2])])
    assert set(log.frame["method"]) == {"random", "tpe"}
    assert set(log.frame["seed"]) == {"0", "1", "2"}


def test_advice_where_every_method_ends_in_a_number() -> None:
    folds = [f"tpe_fold{each}" for each in range(12)]
    assert '--files "{method}_fold{seed}.csv"' in advice(folds, ["logs"])
    assert '--files "{method}_fold{seed}.jsonl.gz"' in advice(folds, ["tpe_fold0.jsonl.gz"])
    assert advice(["random", *folds], ["logs"]) == ""
    assert advice(["nsga2", "resnet18", "moead3"], ["logs"]) == ""
