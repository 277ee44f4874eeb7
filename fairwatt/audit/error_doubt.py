"""Whether the errors of a log are the requests' own, in the order in which they were made."""

from typing import TYPE_CHECKING

from fairwatt.audit.column_map import option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.vocabulary import BEST, tokens

if TYPE_CHECKING:
    import pandas as pd

STEADY = 10
"""Requests of a search whose errors, were they the requests' own, never grow with a probability of 1 in 3,628,800."""
SEVERAL = 3


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


def check_sorted(frame: "pd.DataFrame", source: str) -> None:
    """Raises LogError where rows that no column orders seem to be sorted by the error, the best first."""
    searches = _steps(frame)
    long = searches[searches["requests"] >= STEADY]
    rises = (long["falls"] == 0) & (long["grows"] >= SEVERAL)
    if rises.sum() > 0.5 * len(long):
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
