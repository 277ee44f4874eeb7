"""A tool's history as its own table, with what stands for what in it; and how columns of any type are read."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.column_map import Formula
from fairwatt.audit.log import LogError
from fairwatt.audit.vocabulary import is_duration, may_be_duration, unit_of, words

if TYPE_CHECKING:
    import pandas as pd

MISSING_TEXTS = ("", "nan", "nat", "none", "null", "na", "n/a")
_DURATION = re.compile(r"(?:(-?\d+)(?: days?,? \+?|-))?(\d+):(\d\d):(\d\d(?:\.\d+)?)")
"""A difference of times as pandas, Python, or a scheduler writes it; 1:45 may be hours and minutes."""
_SPAN = re.compile(
    r"(\d+(?:\.\d*)?)\s*(?:(ms|milliseconds?)|(s|secs?|seconds?)|(m|mins?|minutes?)|(h|hrs?|hours?)|(d|days?))"
    r"(?![a-z])[\s,]*"
)
_SPAN_S = (1e-3, 1.0, 60.0, 3_600.0, 86_400.0)
"""Number and unit, as often as they come: 1.8min, 1m 45s."""
FEW, OFTEN = 20, 3.0
"""Most values of a hyperparameter in numbers, and how often each of them comes at least, on average."""
_OF_A_CLASS = re.compile(r"^(?:[^\d\W]\w*\.)+|(?<=^[01])\.0*$")
"""What is left out of a state: the class of `TrialState.COMPLETE`, and the point of `1.0`."""

SUCCEEDED = frozenset(
    words(
        "true t 1 yes y ok success succeeded complete completed done finished valid terminated new cached continue "
        "diverged pruned stopped stopping paused"
    )
)
FAILED = frozenset(
    words(
        "false f 0 no n fail failed failure invalid crashed crash error errored timeout timedout memoryout memout "
        "aborted abort infeasible killed cancelled"
    )
)
UNFINISHED = frozenset(words("running waiting pending queued submitted in_progress"))


@dataclass(frozen=True)
class RawLog:
    """One source of requests: a file, or a study in it.

    frame: a row for each request, in the order of the file, its columns named as the tool names them. source: the
    file, for messages. formulas: what stands for which of the columns of `Log`. units: of cost and error, by their
    names in `column_map.UNITS`. bounded: whether the errors are error rates. notes: what was assumed, in sentences.
    guessed: which formulas rest on the names of columns alone, so that values may speak against them.
    """

    frame: "pd.DataFrame"
    source: str
    formulas: Mapping[str, Formula]
    units: Mapping[str, str] = field(default_factory=dict)
    bounded: bool = False
    notes: tuple[str, ...] = ()
    guessed: frozenset[str] = frozenset()

    def columns_of(self, *names: str) -> list[str]:
        """Columns that tell any of these, sorted."""
        return sorted({column for name in names for column in self.formulas.get(name, Formula()).columns})


def numbers(column: "pd.Series[Any]", source: str) -> NDArray[np.float64]:
    """[rows] NaN where nothing is written; `0:02:18.7` and `2m 18s` in seconds, where the name tells no other unit.

    Raises LogError naming source, row (from 1) and column.
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(column.dtype, pd.StringDtype):
        try:
            return pd.Series(pd.to_numeric(column)).to_numpy(dtype=np.float64, na_value=np.nan)
        except (ValueError, TypeError):
            pass  # slowly, to name the row
    written = np.array(texts(column), dtype=object)
    converted = pd.to_numeric(pd.Series(written, dtype=object), errors="coerce")
    found: NDArray[np.float64] = converted.to_numpy(np.float64, copy=True)
    in_seconds = unit_of(Formula((str(column.name),))) == "s"
    for row in np.flatnonzero(np.isnan(found)).tolist():
        word = (written[row] or "").strip().lower()
        if word not in MISSING_TEXTS:
            found[row] = _seconds(word) if in_seconds else np.nan
            if np.isnan(found[row]):
                raise LogError(f"{source}: row {row + 1}, column {column.name}: {written[row][:60]!r} is not a number")
    return found


def _seconds(written: str) -> float:
    """Of a duration; NaN of anything else."""
    clock = _DURATION.fullmatch(written)
    if clock:
        days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return 86_400 * days + 3_600 * hours + 60 * minutes + seconds
    spans = list(_SPAN.finditer(written))
    if not spans or "".join(span[0] for span in spans) != written:
        return np.nan
    return sum(
        float(span[1]) * next(s for s, unit in zip(_SPAN_S, span.groups()[1:], strict=True) if unit) for span in spans
    )


def texts(column: "pd.Series[Any]") -> list[str | None]:
    """[rows] None where nothing is written; whole numbers without a point, lists and objects as JSON."""
    import pandas as pd

    if column.dtype == object:
        column = column.map(lambda value: _text(value) if isinstance(value, list | dict | np.ndarray) else value)
    codes, values = pd.factorize(column)
    written: list[str | None] = [_text(value) for value in values]
    written.append(None)  # what the code of a missing value, -1, finds
    return [written[code] for code in codes.tolist()]


def outcomes(column: "pd.Series[Any]", source: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """[rows] which requests succeeded, as far as a status says, and which are not finished.

    A missing status is a failure. Raises LogError naming source, row and column for words that are neither.
    """
    written = [(word or "false").strip() for word in texts(column)]
    said = [_OF_A_CLASS.sub("", word).lower() for word in written]
    unknown = set(said) - SUCCEEDED - FAILED - UNFINISHED
    if unknown:
        row = next(row for row, word in enumerate(said) if word in unknown)
        raise LogError(
            f"{source}: row {row + 1}, column {column.name}: {written[row][:60]!r} tells neither success nor failure; "
            'leave the column out with --columns "valid=", then requests without an error value are the failed ones'
        )
    done = np.array([word in SUCCEEDED for word in said], dtype=np.bool_)
    return done, np.array([word in UNFINISHED for word in said], dtype=np.bool_)


def has_few_values(column: "pd.Series[Any]") -> bool:
    """Whether the same few values, two at least, come again and again, as those of a hyperparameter do."""
    told = [word for word in texts(column) if word is not None]
    kinds = len(set(told))
    return 2 <= kinds <= FEW and len(told) >= OFTEN * kinds


def takes_time(words: Sequence[str], column: "pd.Series[Any]") -> bool:
    """Whether a column is a duration by the end of its name; where that is a unit and no more, as in dim_h and load_s,
    a few values that recur are a setting's."""
    return is_duration(words) or (may_be_duration(words) and not has_few_values(column))


def is_empty(column: "pd.Series[Any]") -> bool:
    """Whether nothing is written in any row."""
    return bool(column.isna().all())


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | dict | tuple | bool):
        return json.dumps(value, sort_keys=True, default=str)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
