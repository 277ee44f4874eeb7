"""In which order the requests of a search were made, where nobody said which column tells.

A number for each request goes before a clock, a clock before the number of a trial, which may come back, and that
before the number of a round of several. Text that is no time is no order: identifiers are given at random.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, numbers, texts
from fairwatt.audit.vocabulary import COUNTERS, ROUNDS, TIMES, TRIALS, tokens

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def guessed_positions(raw: RawLog, frame: "pd.DataFrame", search: Sequence[str]) -> tuple[Array, str]:
    """[rows] what requests are sorted by within a search, and a sentence on it; NaN where a row does not tell.

    frame: the columns `search` and fidelity. Raises LogError where numbers of requests occur twice in a search: then
    it is not one search.
    """
    columns = {"_".join(tokens(str(name))): str(name) for name in reversed(list(raw.frame.columns))}
    used = {name for each in raw.formulas.values() for name in each.columns}
    columns = {words: name for words, name in columns.items() if name not in used and raw.frame[name].notna().any()}
    passed = []
    for kind in (COUNTERS, TIMES, TRIALS, ROUNDS):
        for name in (columns[words] for words in kind if words in columns):
            values = times(raw.frame[name]) if kind is TIMES else _numbers(raw.frame[name], raw.source)
            if values is None:
                passed.append(name)
            elif kind is TIMES or not _recurs(frame, values, search):
                return values, _told(f"the order of requests is that of {name}", passed)
            elif kind is ROUNDS and _never_falls(frame, values, search):
                return values, _told(
                    f"the order of requests is that of {name}, and within one that of the file", passed
                )
            elif kind is not COUNTERS and kind is not ROUNDS and not _recurs(frame, values, [*search, "fidelity"]):
                passed.append(name)
            else:
                raise _twice(raw, frame, name, values, search)
    return np.arange(len(frame), dtype=np.float64), _told("the order of requests is that of the file", passed)


def _told(what: str, passed: Sequence[str]) -> str:
    others = f" ({', '.join(passed)}: neither a number for each request nor a time)" if passed else ""
    return f"{what[0].upper()}{what[1:]}{others}."


def _numbers(column: "pd.Series[Any]", source: str) -> Array | None:
    try:
        return numbers(column, source)
    except LogError:
        return None


def times(column: "pd.Series[Any]") -> Array | None:
    """[rows] seconds of some clock, or times as ISO 8601 has them; None for other text, whose order nobody knows."""
    import pandas as pd

    found = _numbers(column, "")
    if found is not None:
        return found
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


def _never_falls(frame: "pd.DataFrame", values: Array, search: Sequence[str]) -> bool:
    """Whether the file has the requests of each search in this order already."""
    made = _keyed(frame, values, search)
    return not bool((made.groupby(list(search), sort=False)["position"].diff() < 0).any())


def _twice(raw: RawLog, frame: "pd.DataFrame", name: str, values: Array, search: Sequence[str]) -> LogError:
    made = _keyed(frame, values, search)
    row = int(made.index[made.duplicated()][0])
    one = made.loc[row]
    called = " / ".join(printable(str(one[each])) for each in search)
    return LogError(
        f"{raw.source}: row {row + 1}, column {name}: {one['position']:g} is there twice in the search {called}; say "
        f'what tells its searches apart, such as --columns "seed=COLUMN" or "space=A+B", or, if the rows are in order: '
        f'--columns "order="'
    )
