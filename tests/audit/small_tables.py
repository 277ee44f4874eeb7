"""Logs as people write them, small: the same searches under other names, orders and mistakes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairwatt.audit.log import Log, LogError
from fairwatt.audit.log_file import read_logs

Base = Callable[[], pd.DataFrame]
Change = Callable[[pd.DataFrame], pd.DataFrame]
SAME: Change = lambda frame: frame  # noqa: E731
SEARCH = ["method", "seed"]


def searches(requests: int = 12, seeds: int = 3) -> pd.DataFrame:
    """One row for each training: method, seed, trial, lr, width, val_acc, test_acc, time."""
    rng = np.random.default_rng(3)
    rows = [(method, seed, trial) for method in ("random", "tpe") for seed in range(seeds) for trial in range(requests)]
    frame = pd.DataFrame(rows, columns=["method", "seed", "trial"])
    frame["lr"] = rng.uniform(1e-4, 1e-1, len(frame)).round(6)
    frame["width"] = rng.choice([16, 32, 64], len(frame))
    frame["val_acc"] = (0.9 - frame["lr"] - rng.uniform(0, 0.2, len(frame))).round(4)
    frame["test_acc"] = (frame["val_acc"] - 0.01).round(4)
    frame["time"] = (frame["width"] * rng.uniform(0.9, 1.1, len(frame))).round(3)
    return frame


def retrained(noise: float = 0.002, own: bool = True) -> pd.DataFrame:
    """One search of each method, whose configurations are trained with three seeds; `own`: others in each method."""
    frame, rng = searches(), np.random.default_rng(8)
    same = ["method", "trial"] if own else ["trial"]
    for name in ("lr", "width", "val_acc"):
        frame[name] = frame.groupby(same)[name].transform("first")
    return frame.assign(val_acc=(frame["val_acc"] + rng.normal(0, noise, len(frame))).round(5))


def curves(epochs: int = 6, trials: int = 4) -> pd.DataFrame:
    """One row for each epoch of each training; `time` is the epoch's, `time_total` that of the training so far."""
    frame = searches(trials)
    frame = frame.loc[frame.index.repeat(epochs)].reset_index(drop=True)
    frame["epoch"] = frame.groupby(["method", "seed", "trial"]).cumcount() + 1
    frame["val_acc"] = (frame["val_acc"] * (frame["epoch"] / epochs) ** 0.2).round(4)
    frame["time_total"] = frame.groupby(["method", "seed", "trial"])["time"].cumsum().round(3)
    return frame.drop(columns="test_acc")


def brackets(again: float = 1.0, rounds: int = 2) -> pd.DataFrame:
    """Successive halving beside random search; each training begins anew and costs its epochs."""
    rng, rows = np.random.default_rng(4), []
    for seed in range(3):
        rows += [("random", seed, lr, 9, 9.0) for lr in rng.uniform(0, 1, 6).round(6)]
        for _ in range(rounds):
            left = rng.uniform(0, 1, 9).round(6)
            for epochs in (1, 3, 9):
                rows += [("sh", seed, lr, epochs, epochs * again) for lr in left]
                left = np.sort(left)[: len(left) // 3]
    frame = pd.DataFrame(rows, columns=["method", "seed", "lr", "epochs", "time"])
    noise = rng.normal(0, 0.01, len(frame))
    return frame.assign(val_error=(0.2 + 0.4 * frame["lr"] + 0.2 / frame["epochs"] + noise).clip(0, 1).round(4))


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    """With a counter of which two rows of one search are out of order."""
    counter = frame.groupby(["method", "seed"]).cumcount() + 1
    counter.iloc[[3, 4]] = counter.iloc[[4, 3]].to_numpy()
    return frame.assign(budget=counter).drop(columns="trial")


def nested(**columns: Callable[[pd.DataFrame], Any]) -> Change:
    """With columns made of the others."""
    return lambda frame: frame.assign(**columns)


def called(**names: str) -> Change:
    """With other names; a name of nothing drops the column."""
    gone = [name for name, new in names.items() if not new]
    return lambda frame: frame.drop(columns=gone).rename(columns={name: new for name, new in names.items() if new})


def both(*changes: Change) -> Change:
    """One change after another."""

    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        for change in changes:
            frame = change(frame)
        return frame

    return changed


def written(frame: pd.DataFrame, path: Path) -> Path:
    """As a file in a folder."""
    frame.to_csv(path / "a.csv", index=False)
    return path / "a.csv"


def asked(path: Path, columns: str = "") -> str:
    """The question that reading comes to; nothing where it needs none."""
    try:
        read_logs([path], columns=columns)
    except LogError as error:
        return str(error)
    return ""


def read(frame: pd.DataFrame, path: Path, columns: str = "") -> Log:
    return read_logs([written(frame, path)], columns=columns)


def check_read(frame: pd.DataFrame, path: Path, said: str) -> None:
    """That it is read without a question, as the searches that it is of, and what the notes say."""
    log = read(frame, path)
    assert re.search(said, " ".join(log.notes)), log.notes
    assert log.frame.groupby(["space", "method", "seed"]).ngroups in (2, 6)


def check_asked(frame: pd.DataFrame, path: Path, said: str) -> None:
    """That it is asked about, in one line whose words end the question."""
    file = written(frame, path)
    question = asked(file)
    assert re.search(said, question), question
    assert question.isprintable()
    words = [found[1] for found in re.findall(r"""--columns (["'])(.*?)\1(?=[ ,;)]|$)""", question)]
    assert words
    for each in (each for each in words if "COLUMN" not in each):
        assert asked(file, each) != question  # it is no question any more
