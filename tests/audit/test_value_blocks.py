"""Blocks of equal values, counted by hand."""

import pandas as pd
import pytest

from fairwatt.audit.value_blocks import blocks

FRAME = pd.DataFrame({"seed": [*"aaaabbbb"], "method": [*"xyxyxyxy"], "half": [*"ppqqppqq"]})


@pytest.mark.parametrize(
    ("names", "within", "kinds", "pieces", "whole", "long"),
    [
        (["seed"], [], 2, 2, True, True),
        (["method"], [], 2, 8, False, True),
        (["method"], ["seed"], 4, 8, False, False),
        (["seed"], ["method"], 4, 4, True, False),  # x: a a b b, y: a a b b
        (["half"], [], 2, 4, False, True),
        (["half"], ["seed"], 4, 4, True, False),
        (["seed", "half"], [], 4, 4, True, False),
        (["method", "half"], ["seed"], 8, 8, True, False),
        ([], [], 1, 1, True, True),
    ],
)
def test_blocks(names: list[str], within: list[str], kinds: int, pieces: int, whole: bool, long: bool) -> None:
    found = blocks(FRAME, names, within)
    assert (found.kinds, found.pieces, found.are_whole, found.are_long) == (kinds, pieces, whole, long)


def test_values_stand_group_by_group() -> None:
    values = blocks(FRAME, ["seed"], ["half"]).values
    assert (values[:2] == values[4:6]).all()  # of one half a a b b, and of the other
    assert values[0] != values[2]
