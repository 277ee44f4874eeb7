"""A tool's own table -> the columns of a `Log`: formulas worked out, requests put in order, running totals taken apart.

Every number that cannot be right ends it, with the file, the row (from 1, in the file's order) and the column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.column_map import Formula, joined
from fairwatt.audit.log import COLUMNS, LogError
from fairwatt.audit.raw_log import RawLog, numbers, outcomes, texts
from fairwatt.audit.request_order import FILE_ORDER, ORDER, guessed_positions, times
from fairwatt.audit.unused_columns import keys, settings_columns, trial_column

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

DEFAULTS = {"space": "unnamed", "method": "unnamed", "seed": "0"}
SEARCH = ["space", "method", "seed"]
UNFINISHED = "Requests that were not finished, and are left out: {:,}."
WITHOUT_ERROR = "Requests that succeeded without a finite error, and count as failed: {:,}."
WITHOUT_FIDELITY = "Requests with a result whose fidelity is not written: {:,}."


@dataclass(frozen=True)
class Requests:
    """The requests of one source as their tool tells them, before values of all sources together are looked at.

    frame: SEARCH, config, row (in the file, from 0), valid, fidelity, val_error, test_error, cost, energy and order; a
    row for each finished request, in the order of its search; costs are NaN where none is written, and running totals
    as they are; trial: which of several rows report on one training, None where no column tells. settings: columns that
    may be hyperparameters. notes, counts: sentences, and numbers by the sentence that tells them.
    """

    raw: RawLog
    frame: "pd.DataFrame"
    notes: tuple[str, ...]
    counts: Mapping[str, int]
    settings: tuple[str, ...] = ()

    @property
    def order_column(self) -> str:
        """The column that was found to tell in which order requests were made; "" where the file does."""
        said = next((note for note in self.notes if note.startswith(ORDER)), FILE_ORDER)
        if said.startswith(FILE_ORDER):
            return ""
        names = (str(name) for name in self.raw.frame.columns if said.startswith(f"{ORDER} {name}"))
        return max(names, key=len, default="")


def requests(raw: RawLog) -> Requests:
    """Formulas worked out and requests put in order. Raises LogError."""
    import pandas as pd

    rows = _Rows(raw)
    done, unfinished = rows.outcomes()
    frame = pd.DataFrame({name: rows.text(name) for name in (*SEARCH, "config")})
    frame["row"] = np.arange(len(frame))
    trial = trial_column(raw)
    frame["trial"] = None if trial is None else texts(raw.frame[trial])
    frame["test_error"] = rows.number("test_error")
    frame["val_error"] = errors = rows.number("val_error")
    frame["fidelity"] = rows.number("fidelity")
    frame["cost"] = rows.number("cost") if rows.formula("cost").known else 1.0
    frame["energy"] = rows.number("energy")
    frame["valid"] = done & np.isfinite(frame["val_error"].to_numpy())
    positions, notes = rows.positions(frame)
    frame["position"] = pd.Series(positions).ffill().fillna(-np.inf)  # a row that does not tell stays where it is
    frame = frame[~unfinished].sort_values([*SEARCH, "position", "row"], ignore_index=True)
    if frame.empty:
        raise LogError(f"{raw.source}: no finished request")
    frame["order"] = frame.groupby(SEARCH, sort=False).cumcount().astype(np.int64)
    silent = done & ~unfinished & ~np.isfinite(errors)
    counts = {UNFINISHED: int(unfinished.sum()), WITHOUT_ERROR: int(silent.sum())}
    if not rows.formula("valid").known:
        counts[WITHOUT_ERROR] = 0  # how such a log tells a failure
    if rows.formula("fidelity").known and frame["fidelity"].notna().any():
        counts[WITHOUT_FIDELITY] = int((frame["valid"] & frame["fidelity"].isna()).sum())
    return Requests(raw, frame.drop(columns="position"), (*raw.notes, *notes), counts, settings_columns(raw))


def log_frame(made: Requests) -> "pd.DataFrame":
    """The frame of a `Log`. Raises LogError for a number that cannot be."""
    frame, raw = made.frame.copy(), made.raw
    for name in ("cost", "energy"):
        if raw.formulas.get(name, Formula()).running:
            _take_apart(frame, name, raw)
    _charge(frame, raw)
    failed = ~frame["valid"].to_numpy()
    frame.loc[failed, "val_error"] = np.inf
    if frame["test_error"].notna().any():
        frame.loc[failed, "test_error"] = np.inf
    frame.loc[failed, "energy"] = np.nan
    _check_bounds(frame, raw)
    return frame[list(COLUMNS)]


class _Rows:
    """The columns of a raw log by the names of `Log`, in the file's order."""

    def __init__(self, raw: RawLog) -> None:
        self.raw = raw
        self.formulas: Mapping[str, Formula] = raw.formulas

    def formula(self, name: str) -> Formula:
        return self.formulas.get(name, Formula())

    def text(self, name: str) -> list[str | None]:
        """[rows] of a name; a search's own names are never missing."""
        formula, count = self.formula(name), len(self.raw.frame)
        if not formula.columns:
            return [formula.constant if formula.constant is not None else DEFAULTS.get(name)] * count
        parts = [texts(self.raw.frame[column]) for column in formula.columns]
        if name in SEARCH:
            for column, words in zip(formula.columns, parts, strict=True):
                if None in words:
                    row = words.index(None)
                    raise LogError(f"{self.raw.source}: row {row + 1}, column {column}: no {name} is written")
        if len(parts) == 1:
            return parts[0]
        if name in SEARCH:
            return ["/".join(str(word) for word in row) for row in zip(*parts, strict=True)]
        named = [f"{column}=" for column in formula.columns]
        joined = zip(*parts, strict=True)
        return [", ".join(n + w for n, w in zip(named, row, strict=True) if w is not None) or None for row in joined]

    def number(self, name: str) -> Array:
        """[rows] of a name, running totals as they are; NaN where the log does not tell."""
        formula = self.formula(name)
        if not formula.columns:
            return np.full(len(self.raw.frame), float(formula.constant) if formula.constant is not None else np.nan)
        values = numbers(self.raw.frame[formula.columns[0]], self.raw.source)
        made: Array = formula.offset + formula.scale * values
        return made

    def outcomes(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """[rows] succeeded, not finished."""
        formula, count = self.formula("valid"), len(self.raw.frame)
        if not formula.columns:
            return np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
        return outcomes(self.raw.frame[formula.columns[0]], self.raw.source)

    def positions(self, frame: "pd.DataFrame") -> tuple[Array, tuple[str, ...]]:
        """[rows] what requests are sorted by within a search, and a sentence on it."""
        formula = self.formula("order")
        if "order" in self.raw.guessed:
            positions, told = guessed_positions(self.raw, frame, SEARCH)
            return positions, (told,)
        if not formula.columns:
            return np.arange(len(frame), dtype=np.float64), ()
        values = times(self.raw.frame[formula.columns[0]])
        if values is None:
            raise LogError(
                f"{self.raw.source}: column {formula.columns[0]}: neither numbers nor times such as 2026-01-31 12:00, "
                'so it is no order; for the order of the file: --columns "order="'
            )
        return values, ()


def _take_apart(frame: "pd.DataFrame", name: str, raw: RawLog) -> None:
    """Replace a running total by its differences."""
    import pandas as pd

    formula = raw.formulas[name]
    parts = [frame[column] for column in SEARCH]
    if formula.within:
        parts.append(pd.Series(keys(raw.frame, formula.within)[frame["row"]], index=frame.index))
    steps = steps_within(frame[name], parts)
    if (steps < 0).any():
        place = int((steps < 0).argmax())
        raise LogError(
            f"{raw.source}: row {frame['row'][place] + 1}, column {formula.columns[0]}: a running total "
            f"that falls by {-steps[place]:g}; if it is none, leave diff(...) out, if it begins again with each trial: "
            f"diff({joined(formula.columns)} by COLUMN)"
        )
    frame[name] = np.where(frame[name].isna(), np.nan, steps)


def steps_within(totals: "pd.Series[float]", parts: Sequence["pd.Series[Any]"]) -> Array:
    """[rows] difference to the row before of the same parts that tells a total; the first one's own total."""
    filled = totals.groupby(list(parts), sort=False).ffill().fillna(0.0)
    before = filled.groupby(list(parts), sort=False).shift(fill_value=0.0)
    return np.asarray(filled - before, dtype=np.float64)


def _charge(frame: "pd.DataFrame", raw: RawLog) -> None:
    """Costs of failed requests of which nothing is written are 0. Raises LogError for a cost that cannot be."""
    cost, valid = frame["cost"].to_numpy(), frame["valid"].to_numpy()
    wrong = (cost < 0) | np.isinf(cost) | (np.isnan(cost) & valid)
    if wrong.any():
        place = int(wrong.argmax())
        formula = raw.formulas.get("cost", Formula())
        column = formula.columns[0] if formula.columns else "cost"
        raise LogError(
            f"{raw.source}: row {frame['row'][place] + 1}, column {column}: a request cannot cost {cost[place]:g}; "
            "expected a finite number of 0 or more: correct it, delete the row, or count evaluations with "
            '--columns "cost="'
        )
    frame.loc[np.isnan(cost), "cost"] = 0.0


def _check_bounds(frame: "pd.DataFrame", raw: RawLog) -> None:
    """Raises LogError where what is called an error rate is none."""
    if raw.bounded:
        error = frame["val_error"].to_numpy()
        outside = frame["valid"].to_numpy() & ((error < -1e-9) | (error > 1 + 1e-9))
        if outside.any():
            place = int(outside.argmax())
            raise LogError(
                f"{raw.source}: row {frame['row'][place] + 1}: an error rate of {error[place]:g}, expected 0 to 1"
            )
