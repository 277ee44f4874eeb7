"""Many searches of a method are no trainings under other names."""

from pathlib import Path

import numpy as np
import pytest
from small_tables import Change, both, brackets, called, nested, read, searches

NUMBERED = ["method", "seed"]


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame,
        nested(trial=lambda f: np.arange(len(f))),  # of the whole log
        called(trial=""),
        both(nested(job=lambda f: f.groupby(NUMBERED).ngroup()), called(trial="", lr="", width="")),
        both(nested(evaluation=lambda f: f["trial"], trial=lambda f: f["seed"]), called(lr="", width="")),
        nested(arch=lambda f: f["method"]),
    ],
)
def test_many_short_searches_are_read(tmp_path: Path, change: Change) -> None:
    log = read(change(searches(6, 12)), tmp_path)
    assert log.frame.groupby(NUMBERED).ngroups == 24


def test_many_brackets_are_read(tmp_path: Path) -> None:
    frame = brackets()
    many = frame.assign(run=frame["seed"])
    for copy in range(1, 4):
        again = frame.assign(run=frame["seed"] + 3 * copy, lr=frame["lr"] + 0.001 * copy)
        many = many.merge(again, how="outer")
    assert read(many.drop(columns="seed"), tmp_path).frame.groupby(NUMBERED).ngroups == 24
