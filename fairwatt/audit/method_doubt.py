"""Whether a column that no formula reads tells methods apart, where the name of a file is all that names one."""

from collections.abc import Sequence

import numpy as np

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import SEARCH
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.unused_columns import is_number, keys, unused
from fairwatt.audit.vocabulary import LABELS, PREFIXES, TRIAL_NAMES, tokens

MOST = 20
"""Methods of a file, at most."""
BLOCK = 4
"""Rows that one value has in a piece, in the mean, from which it is no hyperparameter's by chance."""


def check_method(raws: Sequence[RawLog]) -> None:
    """Raises LogError where the rows of a table come in blocks of equal values of a text column, which nothing reads.

    raws: with their formulas, of which the method is the name of a file. Hyperparameters change from row to row. Where
    the names of files tell several methods, these are it.
    """
    tables = [raw for raw in raws if raw.guessed]  # others are of a tool's own format
    called = {raw.formulas["method"].in_words for raw in tables}
    if len(called) != 1:
        return
    for raw in tables:
        found = [name for name in unused(raw) if _may_tell(raw, name)]
        if found:
            asked = " or ".join(option(f"method={joined((name,))}") for name in found)
            raise LogError(
                f"{raw.source}: method: no column is called so, and {' or '.join(found)} may tell methods apart; add "
                f"{asked}, or, if all is one method: {option(f'method={called.pop()}')}"
            )


def _may_tell(raw: RawLog, name: str) -> bool:
    """Whether a text column has few values, each of them in one piece within the rest of a search's name."""
    words = tokens(name)
    if not words or words[-1] in LABELS or "_".join(words) in TRIAL_NAMES or PREFIXES.match(name):
        return False
    column = raw.frame[name]
    if is_number(column) or column.dtype == bool or column.isna().any():
        return False
    values = keys(raw.frame, [name])
    if not 2 <= len(np.unique(values)) <= MOST:
        return False
    apart = {each for target in SEARCH for each in raw.formulas.get(target, Formula()).columns}
    within = keys(raw.frame, sorted(apart))
    order = np.argsort(within, kind="stable")
    pairs = np.stack([within[order], values[order]], axis=1)
    pieces = 1 + int((pairs[1:] != pairs[:-1]).any(axis=1).sum())
    return pieces == len(np.unique(pairs, axis=0)) and len(pairs) >= BLOCK * pieces
