"""Columns of a table that stand for nothing of a `Log`: which name a trial, and which may be hyperparameters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, is_empty, numbers, takes_time, texts
from fairwatt.audit.vocabulary import (
    ACCURACY,
    CHOSEN,
    COUNTERS,
    ENERGY,
    ERROR,
    LABELS,
    LOSS,
    MONEY,
    NEUTRAL,
    NO_COST,
    NOT_VALIDATION,
    PREFIXES,
    QUALITIES,
    RUNNING,
    SHARED_OUT,
    SIZES,
    TIME,
    TIMES,
    TRIAL_NAMES,
    VALIDATION,
    tokens,
)

if TYPE_CHECKING:
    import pandas as pd

STEPS = ("steps", "global_steps", "total_steps", "iterations", "iters")
"""Counters of what was trained, as plain names."""
GRADIENT, LIMITED = frozenset({"grad", "gradient", "gradients"}), frozenset({"max", "clip", "clipping"})
"""Words of the norm of a gradient, which is measured, and of its limit, which is set."""
NO_SETTING = ACCURACY | ERROR | LOSS | NEUTRAL | SIZES | RUNNING | NO_COST


def unused(raw: RawLog) -> list[str]:
    """Columns that hold anything and that no formula reads."""
    used = {name for each in raw.formulas.values() for name in each.columns}
    return [name for name in map(str, raw.frame.columns) if name not in used and not is_empty(raw.frame[name])]


def by_words(names: Sequence[str]) -> dict[str, str]:
    """Columns by the words of their names, the first of each; one of an object within an object, such as info.method,
    by its last part too, where no other is called so."""
    found = {"_".join(tokens(name)): name for name in reversed(names)}
    for name in names:
        if "." in name and not PREFIXES.match(name):
            found.setdefault("_".join(tokens(name.rpartition(".")[2])), name)
    return found


def trial_column(raw: RawLog) -> str | None:
    """The column that names the training that a row reports on, by its name alone."""
    free = by_words(unused(raw))
    return next((free[words] for words in TRIAL_NAMES if words in free), None)


def settings_columns(raw: RawLog) -> tuple[str, ...]:
    """Columns that may be hyperparameters: no metric, cost, clock, counter or label, and no text in each row of its
    own."""
    found = []
    for name in unused(raw):
        words = tokens(name)
        if not words or set(words) & NO_SETTING or words[-1] in LABELS or words[0] == "unnamed":
            continue
        if _is_cost_and_no_setting(words, raw.frame[name]):
            continue
        if "_".join(words) in (*COUNTERS, *TRIAL_NAMES, *TIMES, *STEPS):
            continue
        if is_number(raw.frame[name]):
            if not _is_measured(words, raw.frame[name]):
                found.append(name)
        elif len(set(texts(raw.frame[name]))) < len(raw.frame):
            found.append(name)
    return tuple(found)


def _is_cost_and_no_setting(words: Sequence[str], column: "pd.Series[Any]") -> bool:
    """Whether a column is by its name what a request took, whether it can be charged or not; time_mask is a setting."""
    return bool(set(words) & (TIME | ENERGY | MONEY) and not set(words) & CHOSEN) or takes_time(words, column)


def _is_measured(words: Sequence[str], column: "pd.Series[Any]") -> bool:
    """Whether numbers are by their name a metric, or of some data; a precision of 16 or 32 is none."""
    kinds = set(words)
    if words[-1] in SHARED_OUT:
        return False
    if kinds & (VALIDATION | NOT_VALIDATION) or (words[-1] == "norm" and kinds & GRADIENT and not kinds & LIMITED):
        return True
    values = numbers(column, "")
    return bool(kinds & QUALITIES) and bool((values % 1 > 0).any())


def is_number(column: "pd.Series[Any]") -> bool:
    """Whether a column holds nothing but numbers."""
    try:
        numbers(column, "")
    except LogError:
        return False
    return True


def keys(frame: "pd.DataFrame", columns: Sequence[str]) -> NDArray[np.uint64]:
    """[rows] equal where all of these columns are; 0 everywhere where there are none."""
    import pandas as pd

    if not columns:
        return np.zeros(len(frame), dtype=np.uint64)
    written = pd.DataFrame({name: pd.Series(texts(frame[name]), dtype=object) for name in columns})
    return np.asarray(pd.util.hash_pandas_object(written, index=False), dtype=np.uint64)
