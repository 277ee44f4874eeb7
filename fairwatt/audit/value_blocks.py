"""Blocks of equal values, one row after the other: the names of searches come so, and hyperparameters hardly do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.unused_columns import keys

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 4
"""Rows of a block, in the mean, from which it is no hyperparameter's by chance."""


class Blocks(NamedTuple):
    """values: [rows] keys, group by group. kinds: how many values groups have in all; pieces: in how many blocks."""

    values: NDArray[np.uint64]
    kinds: int
    pieces: int

    @property
    def are_long(self) -> bool:
        """Whether a value has BLOCK rows or more, in the mean."""
        return len(self.values) >= BLOCK * self.kinds

    @property
    def are_whole(self) -> bool:
        """Whether each value is in one block."""
        return self.pieces == self.kinds


def blocks(frame: "pd.DataFrame", names: Sequence[str], within: Sequence[str] = ()) -> Blocks:
    """Of columns `names` together, in the order of rows within each group of equal values of columns `within`."""
    values = both = keys(frame, names)
    if within:
        order = np.argsort(keys(frame, within), kind="stable")
        values, both = values[order], keys(frame, [*within, *names])[order]
    return Blocks(values, len(np.unique(both)), 1 + int((both[1:] != both[:-1]).sum()))
