"""An ordinary log is read without a question, a dangerous one is asked about in one line that can be typed."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_tables import Change, asked, both, brackets, called, curves, nested, searches, swapped, written

from fairwatt.audit.log_file import read_logs

Base = Callable[[], pd.DataFrame]
SAME: Change = lambda frame: frame  # noqa: E731
SEARCH = ["method", "seed"]


def order(frame: pd.DataFrame, by: pd.Series) -> pd.DataFrame:
    return frame.loc[by.sort_values(kind="stable").index]


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=0)


def unique(frame: pd.DataFrame) -> list[str]:
    return [f"{37 * row % 1009:04x}" for row in range(len(frame))]


ORDINARY: dict[str, tuple[Base, Change, str]] = {
    "wide": (searches, SAME, "charged time in s"),
    "wide with pandas's own column": (searches, lambda f: f.rename_axis("Unnamed: 0").reset_index(), "order .* trial"),
    "one seed": (searches, lambda f: f[f["seed"] == 0].drop(columns="seed"), "charged time"),
    "percent": (searches, nested(val_acc=lambda f: 100 * f["val_acc"]), "accuracy in percent"),
    "no cost": (searches, called(time=""), "counts as one evaluation"),
    "timestamps": (
        searches,
        both(nested(timestamp=lambda f: 1.7e9 + 60 * np.arange(len(f))), called(trial="")),
        "order of requests is that of timestamp",
    ),
    "start and end": (
        searches,
        both(
            nested(start_time=lambda f: 1.7e9 + 100 * np.arange(len(f))),
            nested(end_time=lambda f: f["start_time"] + f["time"]),
            called(time="duration"),
        ),
        "charged duration",
    ),
    "Keras": (
        searches,
        both(called(val_acc="val_accuracy"), nested(loss=0.1, accuracy=0.9, val_loss=0.2)),
        "1-val_acc",
    ),
    "elapsed": (
        searches,
        both(nested(elapsed_time=lambda f: f.groupby(SEARCH)["time"].cumsum()), called(time="")),
        "elapsed_time in s: a running total by its name",
    ),
    "hours": (searches, called(time="gpu_hours"), "gpu_hours in h"),
    "energy and time": (searches, nested(energy_kwh=lambda f: f["time"] / 1e3), "not used: time;"),
    "failures": (
        searches,
        nested(
            status=lambda f: np.where(f.index % 7, "ok", "crashed"),
            val_acc=lambda f: f["val_acc"].where(f.index % 7 > 0),
        ),
        "6 of 72 requests failed|11 of 72 requests failed",
    ),
    "hyperparameters by prefix": (searches, called(lr="hp_lr", width="hp_width"), r"config=hp_lr\+hp_width"),
    "hyperparameters by Ray's prefix": (searches, called(lr="config/lr", width="config/width"), 'config="config/lr"'),
    "hyperparameters by two prefixes": (
        searches,
        called(lr="hyperparameter_lr", width="hparams/width"),
        r'config=hyperparameter_lr\+"hparams/width"',
    ),
    "configuration as JSON": (
        searches,
        nested(config=lambda f: [f'{{"lr": {lr}}}' for lr in f["lr"]]),
        "config=config",
    ),
    "a space and a data set": (searches, nested(task="nas", dataset="cifar10"), r"space=task\+dataset"),
    "rounds": (searches, both(nested(generation=lambda f: f["trial"] // 4), called(trial="")), "that of generation"),
    "a constant length": (searches, nested(epochs=50), "fidelity=epochs"),
    "W&B": (
        searches,
        both(
            nested(Name=unique, State="finished", optimizer="adam", epoch=50, _runtime=lambda f: f["time"]),
            nested(_timestamp=lambda f: 1.7e9 + np.arange(len(f))),
            called(method="algorithm", time="Runtime", trial=""),
        ),
        "charged Runtime in s",
    ),
    "Ray's table of results": (
        searches,
        both(
            nested(training_iteration=10, time_this_iter_s=lambda f: f["time"] / 10, trial_id=unique),
            called(method="searcher", time="time_total_s", trial=""),
        ),
        "time_total_s in s",
    ),
    "a search method": (searches, called(method="search_method"), "method=search_method"),
    "an optimizer of each kind": (
        searches,
        both(called(method="optimizer_name"), nested(optimizer=lambda f: np.where(f["trial"] % 2, "radam", "lars"))),
        "method=optimizer_name",
    ),
    "a training's own run beside the seed": (searches, nested(run=lambda f: np.arange(len(f))), "seed=seed"),
    "top-1 as acc1": (searches, called(val_acc="valid_acc1"), "1-valid_acc1"),
    "perplexity": (searches, called(val_acc="val_ppl"), "lower is better"),
    "successive halving of rates": (brackets, SAME, "fidelity=epochs"),
    "one bracket of rates": (lambda: brackets(rounds=1), SAME, "fidelity=epochs"),
    "successive halving of networks": (brackets, called(lr="arch"), "config=arch"),
    "learning curves": (curves, called(time_total=""), "fidelity=epoch"),
    "learning curves, trial_index": (
        curves,
        called(time_total="", trial="trial_index"),
        "trial_index: each comes back",
    ),
    "learning curves, Ray": (
        curves,
        called(time_total="", trial="trial_id", epoch="training_iteration"),
        "fidelity=training_iteration",
    ),
    "a running time": (searches, called(time="running_time"), r"charged running_time in s\."),
    "an architecture's number": (
        searches,
        both(nested(index=lambda f: 7919 * (1 + f.index) % 15625), called(trial="")),
        "index: with gaps",
    ),
    "noisy repeats of networks": (
        lambda: searches(40),
        both(nested(arch=lambda f: [f"a{row % 5}" for row in range(len(f))]), called(lr="", width="")),
        "config=arch",
    ),
}

ASKED: dict[str, tuple[Base, Change, str]] = {
    "a counter out of order": (searches, swapped, "fidelity: budget .* may only count"),
    "a counter that counts down": (
        searches,
        lambda f: swapped(f).assign(budget=lambda g: 13 - g["budget"]),
        "only count",
    ),
    "a counter of steps of ten": (
        searches,
        lambda f: swapped(f).assign(budget=lambda g: 10 * g["budget"]),
        "only count",
    ),
    "a counter in shuffled rows": (
        searches,
        lambda f: shuffled(swapped(f).rename(columns={"budget": "epoch"})),
        "fidelity: epoch",
    ),
    "a counter of rounds without configurations": (
        searches,
        both(nested(epoch=lambda f: f["trial"] // 4), called(trial="", lr="", width="")),
        "no column names configurations",
    ),
    "a counter of rounds, two rows out of order": (
        lambda: searches(40),
        lambda f: f.assign(epoch=f["trial"].map(lambda trial: {8: 1, 7: 2}.get(trial, trial // 8))).drop(
            columns="trial"
        ),
        "fidelity: epoch hardly ever falls",
    ),
    "a run for each row": (searches, both(nested(run_id=unique), called(seed="", trial="")), "seed: run_id"),
    "a training's own seed": (searches, nested(seed=lambda f: np.arange(len(f))), "72 of 72 searches"),
    "sorted by the result": (
        searches,
        lambda f: order(f, -f["val_acc"]).drop(columns="trial"),
        "order: .* may be sorted by them",
    ),
    "sorted from the worst": (searches, lambda f: order(f, f["val_acc"]).drop(columns="trial"), "or sorted by it"),
    "a length of early stopping": (
        lambda: searches(40),
        nested(epochs=lambda f: np.random.default_rng(5).integers(10, 100, len(f))),
        "reaches its highest value in . of 6 searches",
    ),
    "a length of early stopping in long searches": (
        lambda: searches(40),
        nested(epochs=lambda f: np.where(f["trial"] == 7, 99, np.random.default_rng(5).integers(10, 91, len(f)))),
        "values and .* of requests at the highest",
    ),
    "a length tuned as a hyperparameter": (
        searches,
        nested(epochs=lambda f: np.take([20, 50, 100], 7 * f.index % 3)),
        "no configuration at two of its values",
    ),
    "time of an epoch": (
        searches,
        both(called(time="epoch_time"), nested(epochs=20)),
        "whether epoch_time is what a whole",
    ),
    "energy of an epoch": (searches, called(time="energy_per_epoch_kwh"), "energy_per_epoch_kwh is what a whole"),
    "a limit of time": (searches, called(time="time_limit"), "time_limit is what a whole"),
    "a clock that began again": (
        lambda: searches(20),
        nested(
            wall_clock=lambda f: f.groupby([*SEARCH, (f.index > 110) & (f["trial"] > 9)])["time"].cumsum(), time=np.nan
        ),
        "cost: wall_clock never falls in 5 of 6 searches",
    ),
    "two costs": (searches, both(called(time="fit_time"), nested(score_time=3)), "fit_time.* or .*score_time"),
    "a validation metric of no known direction": (searches, called(val_acc="val_mIoU"), "a high val_mIoU is good"),
    "only a test error": (
        searches,
        called(val_acc=""),
        "cannot tell what searches selected by: only test_acc is there",
    ),
    "trials that come back for no known reason": (
        curves,
        called(time_total="", epoch="step"),
        'trial.*"fidelity=step"',
    ),
    "methods in a column of no known name": (searches, called(method="variant"), '"method=variant"'),
    "totals of trials, to full hours": (
        curves,
        both(nested(time=lambda f: (f["time_total"] / 60).round()), called(time_total="")),
        "time never falls within a trial.*diff\\(time by trial\\)",
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_log_is_read(tmp_path: Path, name: str) -> None:
    base, change, said = ORDINARY[name]
    log = read_logs([written(change(base()), tmp_path)])
    assert re.search(said, " ".join(log.notes)), log.notes
    assert log.frame.groupby(["space", "method", "seed"]).ngroups in (2, 6)


@pytest.mark.parametrize("name", ASKED)
def test_a_dangerous_log_is_asked_about(tmp_path: Path, name: str) -> None:
    base, change, said = ASKED[name]
    path = written(change(base()), tmp_path)
    question = asked(path)
    assert re.search(said, question), question
    assert question.isprintable()
    words = [found[1] for found in re.findall(r"""--columns (["'])(.*?)\1(?=[ ,;)]|$)""", question)]
    assert words
    for each in (each for each in words if "COLUMN" not in each and "A+B" not in each):
        assert asked(path, each) != question  # it is no question any more
