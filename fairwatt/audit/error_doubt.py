"""Whether the errors of a log are the requests' own, in the order in which they were made."""

from typing import TYPE_CHECKING

from fairwatt.audit.column_map import joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.vocabulary import BEST, tokens
from fairwatt.audit.vocabulary import PERCENT as PERCENTAGE

if TYPE_CHECKING:
    import pandas as pd

STEADY = 10
"""Requests of a search whose errors, were they the requests' own, never grow with a probability of 1 in 3,628,800."""
SEVERAL = 3
PERCENT, ONE = 0.01, 1 + 1e-9
FEW = 0.1
"""Share of values that may be mistakes or marks of failure."""
"""The scale of what is in percent, and the highest fraction, with rounding."""
APART = 20
"""How many times as large percent are as fractions, at least, where one search is five times as good as another."""


def check_own_error(frame: "pd.DataFrame", raw: RawLog, column: str) -> None:
    """Raises LogError where rows seem to hold the best of the search so far. frame: as `doubts.together` makes it."""
    searches = _steps(frame)
    never = searches["grows"] == 0
    best = bool(BEST & set(tokens(column)))
    by_name = best and never.all() and (searches["requests"] > 1).any()
    if by_name or (never & (searches["requests"] >= STEADY) & (searches["falls"] >= SEVERAL)).any():
        words = option(f"val_error={raw.formulas['val_error'].in_words}")
        raise LogError(
            f"{raw.source}: val_error: {column} never gets worse within a search, so its rows may be the incumbent's "
            f"and not the request's, or sorted by it; name another column, say which column is in the order of "
            f'requests (--columns "order=COLUMN"), or, if it is the request\'s own in that order, add {words}'
        )


def check_percent(frame: "pd.DataFrame", raw: RawLog, name: str, column: str) -> None:
    """Raises LogError where what is read as percent seems to be so in some searches, and a fraction in others.

    frame: as `doubts.together` makes it. name: val_error or test_error. A 0 is 0 in both, and how a failure is written.
    """
    formula = raw.formulas[name]
    if abs(formula.scale) != PERCENT:
        return
    told = frame[frame["valid"] & frame[name].notna()]
    written = (told[name] - formula.offset) / formula.scale
    written = written[written.abs() > ONE - 1]
    searches = written.groupby(told["search"])
    middle = searches.median()
    small, large = middle <= ONE, middle > ONE
    by_name = bool(PERCENTAGE & set(tokens(column)))
    if len(written) and not large.any() and (written > ONE).mean() < FEW and not by_name:
        raise LogError(
            f"{raw.source}: {name}: {column} lies in 0 to 1 in most requests of every search and reaches "
            f"{written.max():.4g} in others, so they may be fractions beside a mistake or a mark of failure; if so, "
            f"correct these rows first; if all are in percent, add {option(f'{name}={formula.in_words}')}"
        )
    if not small.any() or not large.any() or by_name:
        return
    whole = (searches.max() <= ONE).any() and (searches.min() > ONE).any()
    if whole or middle[large].median() > APART * middle[small].median():
        leave_out = f'; to leave it out: --columns "{name}="' if name == "test_error" else ""
        raise LogError(
            f"{raw.source}: {name}: {column} lies in 0 to 1 in {int(small.sum())} of {len(middle)} searches and "
            f"above 1 in {int(large.sum())}, so some may be fractions and others in percent; if so, write it in one "
            f"unit first; if all are in percent, add {option(f'{name}={formula.in_words}')}{leave_out}"
        )


def check_sorted(frame: "pd.DataFrame", source: str, column: str) -> None:
    """Raises LogError where rows seem to be sorted by the error, the best first, and numbered then.

    column: what orders them; "" where none does.
    """
    searches = _steps(frame)
    long = searches[searches["requests"] >= STEADY]
    rises = (long["falls"] == 0) & (long["grows"] >= SEVERAL)
    if rises.sum() > 0.5 * len(long):
        if column:
            raise LogError(
                f"{source}: order: in the order of {column} errors never get better within a search, so rows may have "
                f"been sorted by them before {column} numbered them; if so, they cannot be audited, unless another "
                f'column tells the order: --columns "order=COLUMN"; if {column} is the order in which they were made, '
                f"add {option(f'order={joined((column,))}')}"
            )
        raise LogError(
            f"{source}: order: no column tells the order of requests, and errors never get better within a search, so "
            f"the rows may be sorted by them; if so, they cannot be audited; if they are in the order in which they "
            f'were made, add --columns "order=", if a column tells it: --columns "order=COLUMN"'
        )


def _steps(frame: "pd.DataFrame") -> "pd.DataFrame":
    """By search, how many requests there are, and how many are worse and better than the one before."""
    told = frame[frame["valid"]]
    step = told.groupby("search")["val_error"].diff()
    made = told.assign(requests=1, grows=step > 0, falls=step < 0)
    return made.groupby("search")[["requests", "grows", "falls"]].sum()
