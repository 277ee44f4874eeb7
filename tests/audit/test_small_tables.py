"""An ordinary log is read without a question, a dangerous one is asked about in one line that can be typed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ordinary_tables import ORDINARY, unique
from small_tables import (
    SAME,
    SEARCH,
    Base,
    Change,
    both,
    called,
    check_asked,
    check_read,
    curves,
    nested,
    retrained,
    searches,
    swapped,
)


def order(frame: pd.DataFrame, by: pd.Series) -> pd.DataFrame:
    return frame.loc[by.sort_values(kind="stable").index]


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=0)


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
    "trainings with three seeds": (retrained, SAME, "the same 12 configurations come in the same order under each"),
    "so, of the same configurations": (lambda: retrained(own=False), SAME, "seed may be a training's"),
    "so, side by side": (retrained, lambda f: f.sort_values(["method", "trial"]), '"seed=, order=trial"'),
    "so, without hyperparameters": (
        retrained,
        both(nested(arch=lambda f: f["method"] + f["lr"].astype(str)), called(trial="", lr="", width="")),
        'or --columns "seed=" if',
    ),
    "so, numbered": (retrained, called(trial="config_id", lr="", width=""), "seed may be a training's"),
    "few runs, each of one row": (
        lambda: searches(4, 1),
        both(nested(run_id=unique), called(seed="", trial="")),
        "run_id is another one in nearly every row",
    ),
    "lengths tuned in powers of two": (
        searches,
        nested(epochs=lambda f: np.random.default_rng(5).choice([10, 20, 40], len(f), p=[0.5, 0.3, 0.2])),
        "no configuration at two of its values",
    ),
    "codes of programs": (
        searches,
        nested(status=lambda f: (f.index % 7 == 0).astype(int), val_acc=lambda f: f["val_acc"].where(f.index % 7 > 0)),
        "status is 0 in 61 requests",
    ),
    "codes of programs, all 0": (searches, nested(status=0), "status is 0 in 72 requests"),
    "methods and seeds in an object, interleaved": (
        searches,
        both(
            lambda f: f.sort_values("trial"),
            called(method="config.method", seed="config.seed", lr="config.lr", trial=""),
        ),
        "config.method tells searches apart",
    ),
    "a validation metric called valid": (searches, called(val_acc="valid", test_acc="test"), "whether a high valid is"),
    "several objectives": (
        searches,
        both(called(val_acc="values_0", test_acc=""), nested(values_1=0.5)),
        '"val_error=1-values_0"',
    ),
    "a metric of no known direction": (searches, called(val_acc="mIoU", test_acc=""), '"val_error=1-mIoU"'),
    "sorted by the result": (
        searches,
        lambda f: order(f, -f["val_acc"]).drop(columns="trial"),
        "order: .* may be sorted by them",
    ),
    "sorted by the result, then numbered": (
        searches,
        lambda f: order(f, -f["val_acc"]).assign(trial=lambda g: g.groupby(SEARCH).cumcount()),
        "order: in the order of trial",
    ),
    "a run for each training": (
        curves,
        both(nested(run_id=lambda f: [f"r{row // 6}" for row in f.index]), called(seed="", trial="", time_total="")),
        "run_id is another one for nearly every training",
    ),
    "a run for each three requests": (
        searches,
        both(nested(run_id=lambda f: [f"r{row // 3}" for row in f.index]), called(seed="")),
        "run_id splits searches",
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
    "seconds of an epoch": (searches, called(time="sec_per_epoch"), "whether sec_per_epoch is what a whole"),
    "a clock of the whole log": (
        searches,
        nested(time=lambda f: f["time"].cumsum()),
        "time may go on from one search to the next.* for . of 6 searches",
    ),
    "a clock of many short searches": (
        lambda: searches(6, 9),
        nested(time=lambda f: f["time"].cumsum()),
        "time may go on from one search to the next",
    ),
    "a clock of one of two methods": (
        searches,
        both(
            nested(elapsed_time=lambda f: f.groupby(np.where(f["method"] == "tpe", 9, f["seed"]))["time"].cumsum()),
            called(time=""),
        ),
        "elapsed_time may go on from one search of tpe to the next.* for 2 of 6",
    ),
    "a clock of one search of each method": (
        lambda: searches(20, 5),
        both(
            nested(elapsed=lambda f: f.groupby(SEARCH)["time"].cumsum() + 900 * (f["seed"] == 4)),
            called(time=""),
        ),
        "elapsed may go on from one search to the next.* for 2 of 10",
    ),
    "a total by its name that began again in every search": (
        searches,
        both(
            nested(elapsed=lambda f: f.groupby([*SEARCH, f["trial"] > 5])["time"].cumsum()),
            called(time=""),
        ),
        "elapsed rarely falls",
    ),
    "a total that began again in every search": (
        lambda: searches(20),
        nested(time=lambda f: f.groupby([*SEARCH, f["trial"] > 9])["time"].cumsum()),
        "time rarely falls",
    ),
    "a total of what may be a limit": (
        searches,
        both(nested(budget_spent=lambda f: f.groupby(SEARCH)["time"].cumsum()), called(time="")),
        r'whether budget_spent is .*"cost=diff\(budget_spent\)"',
    ),
    "seconds of nobody knows what": (searches, called(time="chunk_sec"), "whether chunk_sec is what a whole"),
    "a time of few values": (searches, both(nested(time_bins=lambda f: f["width"]), called(time="")), "time_bins is"),
    "minutes or hours": (searches, nested(time="1:45"), "'1:45' is not a number; correct it, or count evaluations"),
    "a meter of each method": (
        lambda: searches(40),
        nested(energy_kwh=lambda f: f.groupby("method")["time"].cumsum(), time=np.nan),
        "energy_kwh may go on from one search",
    ),
    "a total by its name of the whole log": (
        searches,
        both(nested(total_time=lambda f: f["time"].cumsum()), called(time="")),
        "total_time may go on",
    ),
    "dates as costs": (searches, nested(time=lambda f: 1.7e9 + f["time"].cumsum()), "time holds dates"),
    "trainings from scratch in even steps": (
        curves,
        both(nested(epoch=lambda f: 10 * f["epoch"], time=lambda f: f["time_total"]), called(time_total="")),
        "time never falls within a trial",
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
    "a setting called method, of a grid": (
        lambda: searches(12),
        both(
            nested(**{"params.method": lambda f: [f"m{row // 24}" for row in range(len(f))]}),
            nested(**{"params.C": lambda f: np.arange(len(f)) % 24}),
            called(method="", seed="", trial="", lr="", width=""),
        ),
        "whether params.method tells searches apart",
    ),
    "time of a step, by requests": (searches, called(time="time_per_iter", trial="iteration"), '"cost=time_per_iter"'),
    "fractions beside a mark of failure": (
        searches,
        nested(val_acc=lambda f: f["val_acc"].where(f.index % 20 > 0, 100)),
        "a mark of failure",
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
    check_read(change(base()), tmp_path, said)


@pytest.mark.parametrize("name", ASKED)
def test_a_dangerous_log_is_asked_about(tmp_path: Path, name: str) -> None:
    base, change, said = ASKED[name]
    check_asked(change(base()), tmp_path, said)
