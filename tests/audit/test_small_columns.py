"""Columns and files that tell a method, a configuration, an order or a unit: ordinary ones are read, others asked."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import asked, brackets, check_asked, check_read, searches, written

from fairwatt.audit.log_file import read_logs

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


def of_runs(*names: str) -> pd.DataFrame:
    """The seed under other names; a name that ends in 0 is the same for all."""
    frame = searches().drop(columns="trial")
    more = {name: 0 if name.endswith("0") else frame["seed"] + 3 for name in names}
    return frame.drop(columns="seed").assign(**more).rename(columns=lambda name: name.removesuffix("0"))


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
    **{
        f"a seed called {name}": (lambda name=name: of_runs(name), f"seed={name}")
        for name in ("exp_seed", "search_seed", "global_seed", "replication", "repetition_id", "run_number", "rng")
    },
    "a seed that is always the same": (lambda: of_runs("seed0", "repetition_id"), "seed=repetition_id"),
    "a training's seed beside": (
        lambda: of_runs("global_seed").assign(seed=lambda f: 7919 * f.index % 10007),
        "seed=global_seed",
    ),
    "numbers of runs beside a seed": (lambda: searches().assign(run_number=lambda f: f.index // 6), "seed=seed"),
    "a scheduler of learning rates": (lambda: tuned("scheduler", "CosineAnnealingLR", "StepLR"), "method=method,"),
    "an optimizer with its module": (lambda: tuned("optimizer", "torch.optim.SGD", "optim.AdamW"), "method=method,"),
    "an algorithm of neighbours": (lambda: tuned("algorithm", "kd_tree", "ball_tree"), "method=method,"),
    "phases of one method": (
        lambda: (
            searches(40)
            .query("method == 'tpe'")
            .assign(
                seed=lambda f: f["seed"] % 2, trial=lambda f: f.index, phase=lambda f: np.where(f.index < 180, "i", "b")
            )
            .drop(columns="method")
        ),
        "No column tells method",
    ),
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
    "so, with failures of 0": (
        lambda: in_percent("tpe").assign(val_acc=lambda f: f["val_acc"].where(f["trial"] > 0, 0)),
        "val_error: val_acc lies in 0 to 1 in 3 of 6",
    ),
    "so, small errors": (
        lambda: (
            searches()
            .drop(columns=["val_acc", "test_acc"])
            .assign(val_error=lambda f: np.where(f["method"] == "tpe", 1.25, 0.0125) * (1.3 - 7 * f["lr"]))
        ),
        "val_error: val_error lies in 0 to 1",
    ),
    "so, test errors alone": (
        lambda: in_percent("tpe").assign(val_acc=lambda f: f["val_acc"].where(f["val_acc"] < 1, f["val_acc"] / 100)),
        'test_error: test_acc lies in 0 to 1 in 3 .* --columns "test_error="',
    ),
    "methods in a column of no known name, in order": (lambda: by("policy"), "policy may tell methods apart"),
    **{
        f"methods in a column called {name}": (
            lambda name=name: by(name, trial=False),
            f"{name} may tell methods apart",
        )
        for name in ("study_name", "experiment", "Sweep")
    },
    "methods as numbers": (
        lambda: by("variant_code", trial=False).assign(variant_code=lambda f: f["variant_code"].eq("tpe") + 0),
        "variant_code may tell methods apart",
    ),
    "methods that take turns": (
        lambda: by("policy", trial=False).sort_values("policy").sort_index(key=lambda rows: rows % 36, kind="stable"),
        "policy may tell methods apart",
    ),
    **{
        f"runs called by a name beside {others}": (
            lambda others=others: of_runs("run_name", *others).assign(
                run_name=lambda f: f["method"] + f["run_name"].map("_{}".format)
            ),
            'run_name may; add --columns "seed=run_name"',
        )
        for others in ((), ("seed0",))
    },
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


def test_what_tells_trials_of_one_number_apart_is_named(tmp_path: Path) -> None:
    file = written(shared_turns(), tmp_path)
    assert '--columns "method=policy"' in asked(file)
    assert set(read_logs([file], columns="method=policy").frame["method"]) == {"bo", "tpe"}


def shared_turns() -> pd.DataFrame:
    """Methods that take turns, none of which is random search, with numbers of trials."""
    frame = searches().rename(columns={"method": "policy"}).replace({"policy": {"random": "bo"}})
    return frame.sort_values(["seed", "trial"], kind="stable")


def test_a_column_that_every_file_has_all_of_may_be_the_method(tmp_path: Path) -> None:
    for space in ("cifar", "svhn"):
        by("policy", trial=False).to_csv(tmp_path / f"{space}.csv", index=False)
    question = asked(tmp_path)
    assert '--columns "method=policy", or, if files are methods: --files "{method}.csv"' in question
    assert '--files "{space}.csv"' in asked(tmp_path, "method=policy")
    log = read_logs([tmp_path], columns="method=policy", files="{space}.csv")
    assert log.frame.groupby(["space", *SEARCH]).ngroups == 12
    assert set(read_logs([tmp_path], files="{method}.csv").frame["method"]) == {"cifar", "svhn"}
