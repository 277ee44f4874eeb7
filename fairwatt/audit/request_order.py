"""In which order the requests of a search were made, where nobody said which column tells.

A number for each request goes before a clock, a clock before the number of a trial, which may come back, and that
before the number of a round of several. Text that is no time is no order: identifiers are given at random.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.column_map import joined, option
from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, numbers, texts
from fairwatt.audit.unused_columns import by_words, is_number, keys, unused
from fairwatt.audit.vocabulary import (
    COUNTERS,
    MAYBE_COUNTERS,
    MOST_METHODS,
    ROUNDS,
    TELLING,
    TIMES,
    TRIAL_NAMES,
    TRIALS,
    tokens,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

ORDER = "The order of requests is that of"
FILE_ORDER = f"{ORDER} the file"
OF_DAY = re.compile(r"\s*\d+:")
SEVERAL = 4
"""Rows of a method, at least in the mean."""
GAPS = 0.1
"""Share of requests that may be missing from the numbers of a search."""


def guessed_positions(raw: RawLog, frame: "pd.DataFrame", search: Sequence[str]) -> tuple[Array, str]:
    """[rows] what requests are sorted by within a search, and a sentence on it; NaN where a row does not tell.

    frame: the columns `search` and fidelity. Raises LogError where numbers of requests occur twice in a search: then
    it is not one search.
    """
    columns = by_words(unused(raw))
    passed: dict[str, str] = {}
    for kind in (COUNTERS, TIMES, TRIALS, ROUNDS):
        for words, name in ((words, columns[words]) for words in kind if words in columns):
            values = times(raw.frame[name]) if kind is TIMES else _numbers(raw.frame[name], raw.source)
            if values is None:
                passed[name] = "neither a number for each request nor a time"
            elif words in MAYBE_COUNTERS and not _counts(frame, values, search):
                passed[name] = f"with gaps, so no number of requests; if it names networks: config={joined((name,))}"
            elif kind is TIMES and _is_of_searches(frame, values, search):
                passed[name] = "one time for each search"
            elif kind is TIMES and _newest_first(frame, values, search):
                return _from_the_end(values), _told(f"{ORDER} {name}, and within one that of the file's end", passed)
            elif kind is TIMES or not _recurs(frame, values, search):
                return values, _told(f"{ORDER} {name}", passed)
            elif kind is ROUNDS and _never_falls(frame, values, search):
                return values, _told(f"{ORDER} {name}, and within one that of the file", passed) + _of_runs(raw)
            elif words in TRIAL_NAMES and not _recurs(frame, values, [*search, "fidelity"]):
                passed[name] = "each comes back at another fidelity"
            else:
                raise _twice(raw, frame, name, values, search)
    return np.arange(len(frame), dtype=np.float64), _told(FILE_ORDER, passed) + _of_runs(raw)


def _told(what: str, passed: Mapping[str, str]) -> str:
    others = "; ".join(f"{name}: {why}" for name, why in passed.items())
    return f"{what}{others and f' ({others})'}."


def _of_runs(raw: RawLog) -> str:
    """What to see to in an export of W&B, by its columns, that came without a time."""
    if not {"state", "runtime"} <= {"_".join(tokens(str(name))) for name in raw.frame.columns}:
        return ""
    return " W&B lists the newest run first; if this file does, turn its rows around, or export the column Created too."


def _numbers(column: "pd.Series[Any]", source: str) -> Array | None:
    try:
        return numbers(column, source)
    except LogError:
        return None


def times(column: "pd.Series[Any]") -> Array | None:
    """[rows] seconds of some clock, or times as ISO 8601 has them; None for other text, whose order nobody knows, and
    for a time of day, after which may come one of the next."""
    import pandas as pd

    found = _numbers(column, "")
    if found is not None:
        of_day = not pd.api.types.is_numeric_dtype(column) and any(OF_DAY.match(word or "") for word in texts(column))
        return None if of_day else found
    try:
        times = pd.to_datetime(pd.Series(texts(column), dtype=object), format="ISO8601", utc=True)
    except (ValueError, TypeError, OverflowError):
        return None
    return np.array((times - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)


def _keyed(frame: "pd.DataFrame", values: Array, within: Sequence[str]) -> "pd.DataFrame":
    made = frame[list(within)].assign(position=values)
    return made[made["position"].notna()]


def _recurs(frame: "pd.DataFrame", values: Array, within: Sequence[str]) -> bool:
    """Whether a value occurs twice within any of these groups."""
    return bool(_keyed(frame, values, within).duplicated().any())


def _is_of_searches(frame: "pd.DataFrame", values: Array, search: Sequence[str]) -> bool:
    """Whether a time is the same for all requests of each search, some of which have several."""
    made = _keyed(frame, values, search)
    return len(made.drop_duplicates()) == len(made[list(search)].drop_duplicates()) < len(made)


def _newest_first(frame: "pd.DataFrame", values: Array, search: Sequence[str]) -> bool:
    """Whether times, of which some come twice in a search, never rise from row to row of one."""
    step = _keyed(frame, values, search).groupby(list(search), sort=False)["position"].diff()
    return bool((step == 0).any() and (step < 0).any() and not (step > 0).any())


def _from_the_end(values: Array) -> Array:
    """[rows] ranks of times, of equal ones the last row's first; NaN where a row does not tell."""
    ranks = np.full(len(values), np.nan)
    ranks[np.lexsort((-np.arange(len(values)), values))] = np.arange(len(values))
    return np.where(np.isnan(values), np.nan, ranks)


def _counts(frame: "pd.DataFrame", values: Array, search: Sequence[str]) -> bool:
    """Whether numbers go from one to another without gaps in a search, or in several under one name."""
    made = _keyed(frame, values, search)
    groups = made.groupby(list(search), sort=False)["position"]
    span = groups.max() - groups.min() + 1
    if (span.sum() - groups.nunique().sum()) > GAPS * len(made):
        return False
    begun = made.groupby([*search, "position"]).size()  # of several searches, the shorter ones end first
    return not bool((begun.groupby(level=list(range(len(search)))).diff() > 0).any())


def _never_falls(frame: "pd.DataFrame", values: Array, search: Sequence[str]) -> bool:
    """Whether the file has the requests of each search in this order already."""
    made = _keyed(frame, values, search)
    return not bool((made.groupby(list(search), sort=False)["position"].diff() < 0).any())


def _twice(raw: RawLog, frame: "pd.DataFrame", name: str, values: Array, search: Sequence[str]) -> LogError:
    made = _keyed(frame, values, search)
    row = int(made.index[made.duplicated()][0])
    one = made.loc[row]
    called = " / ".join(printable(str(one[each])) for each in search)
    telling = list(_telling(raw, frame, values, search, name)) or ["seed=COLUMN"]
    return LogError(
        f"{raw.source}: row {row + 1}, column {name}: {one['position']:g} is there twice in the search {called}; say "
        f"what tells its searches apart, or the reports of a trial, such as "
        f'{" or ".join(option(each) for each in telling)}, or, if the rows are in order: --columns "order="'
    )


def _is_of_few(column: "pd.Series[Any]") -> bool:
    """Whether a column has few values, with several rows each, as that of methods."""
    kinds = len(set(texts(column)))
    return kinds <= min(MOST_METHODS, len(column) / SEVERAL)


def _telling(raw: RawLog, frame: "pd.DataFrame", values: Array, search: Sequence[str], numbered: str) -> Iterator[str]:
    """What might be said of columns that tell the rows of one number apart."""
    for name in unused(raw):
        meant = next((target for target, known in TELLING.items() if known & set(tokens(name))), None)
        if not meant and not is_number(raw.frame[name]) and _is_of_few(raw.frame[name]):
            meant = "method"
        if name != numbered and meant:
            within = frame[list(search)].assign(other=keys(raw.frame, [name]))
            if not _recurs(within, values, [*search, "other"]):
                yield f"{meant}={joined((name,))}"
