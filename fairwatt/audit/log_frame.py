"""A tool's own table -> the columns of a `Log`: formulas worked out, requests put in order, running totals taken apart.

Every number that cannot be right ends it, with the file, the row (from 1, in the file's order) and the column.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import COLUMNS, LogError
from fairwatt.audit.raw_log import RawLog, numbers, outcomes, texts

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

DEFAULTS = {"space": "unnamed", "seed": "0"}
SEARCH = ["space", "method", "seed"]
LONG_ENOUGH = 8
"""Requests of a search whose costs, were they no running total, rise each time with a probability of 1 in 40,320."""


UNFINISHED = "Requests that were not finished, and are left out: {:,}."
WITHOUT_ERROR = "Requests that succeeded without a finite error, and count as failed: {:,}."
WITHOUT_FIDELITY = "Requests with a result whose fidelity is not written: {:,}."


def log_frame(raw: RawLog, guessed: Collection[str] = ()) -> tuple["pd.DataFrame", tuple[str, ...], dict[str, int]]:
    """The frame of a `Log`, notes, and counts by the sentence that tells them.

    guessed: names whose formulas nobody stated. Raises LogError.
    """
    import pandas as pd

    rows = _Rows(raw)
    done, unfinished = rows.outcomes()
    frame = pd.DataFrame({name: rows.text(name) for name in (*SEARCH, "config")})
    frame["row"] = np.arange(len(frame))
    frame["test_error"] = rows.number("test_error")
    frame["val_error"] = rows.number("val_error")
    frame["fidelity"] = rows.number("fidelity")
    frame["cost"] = rows.number("cost") if rows.formula("cost").known else 1.0
    frame["energy"] = rows.number("energy")
    frame["valid"] = done & np.isfinite(frame["val_error"].to_numpy())
    frame["position"] = rows.positions()
    frame = frame[~unfinished].sort_values([*SEARCH, "position", "row"], ignore_index=True)
    if frame.empty:
        raise LogError(f"{raw.source}: no finished request")
    frame["order"] = frame.groupby(SEARCH, sort=False).cumcount().astype(np.int64)
    silent = done & ~unfinished & ~np.isfinite(rows.number("val_error"))
    counts = {UNFINISHED: int(unfinished.sum()), WITHOUT_ERROR: int(silent.sum())}
    if not rows.formula("valid").known:
        counts[WITHOUT_ERROR] = 0  # how such a log tells a failure
    if rows.formula("fidelity").known and frame["fidelity"].notna().any():
        counts[WITHOUT_FIDELITY] = int((frame["valid"] & frame["fidelity"].isna()).sum())
    notes = [*raw.notes, *_take_apart(frame, raw, guessed)]
    _charge(frame, raw)
    failed = ~frame["valid"].to_numpy()
    frame.loc[failed, "val_error"] = np.inf
    if frame["test_error"].notna().any():
        frame.loc[failed, "test_error"] = np.inf
    frame.loc[failed, "energy"] = np.nan
    _check_bounds(frame, raw)
    return frame[list(COLUMNS)], tuple(notes), counts


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
            fixed = formula.constant if formula.constant is not None else DEFAULTS.get(name)
            return [printable(fixed)] * count
        parts = [texts(self.raw.frame[column]) for column in formula.columns]
        if len(parts) == 1:
            if name in SEARCH and None in parts[0]:
                row = parts[0].index(None)
                raise LogError(f"{self.raw.source}: row {row + 1}, column {formula.columns[0]}: no {name} is written")
            return [printable(word) for word in parts[0]] if name in SEARCH else parts[0]
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

    def positions(self) -> Array:
        """[rows] what requests are sorted by within a search: numbers, or times as text; rows that say nothing keep
        the place after the row before."""
        import pandas as pd

        formula = self.formula("order")
        if not formula.columns:
            return np.arange(len(self.raw.frame), dtype=np.float64)
        column = self.raw.frame[formula.columns[0]]
        try:
            values = numbers(column, self.raw.source)
        except LogError:
            written = pd.Series(texts(column), dtype=object)
            values = np.array(written.rank(method="dense").tolist(), dtype=np.float64)
        placed: Array = np.array(pd.Series(values).ffill().fillna(-np.inf), dtype=np.float64)
        return placed


def _take_apart(frame: "pd.DataFrame", raw: RawLog, guessed: Collection[str]) -> list[str]:
    """Replace running totals by differences; what was guessed may turn out to be one, or none."""
    notes = []
    for name in ("cost", "energy"):
        formula = raw.formulas.get(name, Formula())
        if not formula.columns:
            continue
        steps = _steps(frame, name)
        falls = steps < 0
        running = formula.running
        if name in guessed and "cost" in guessed:
            if running and falls.any():
                running = False
                notes.append(f"{formula.columns[0]} falls within a search, so it is no running total.")
            elif not running and name == "cost" and _rises(frame, steps):
                running = True
                notes.append(
                    f"{formula.columns[0]} rises with every request of every search, so it is read as a running total; "
                    f"if it is not: cost={formula.in_words}."
                )
            if name == "energy":
                running = running or any("running total; if" in note for note in notes)
        if running:
            if falls.any():
                place = int(falls.argmax())
                raise LogError(
                    f"{raw.source}: row {frame['row'][place] + 1}, column {formula.columns[0]}: a running total that "
                    f"falls by {-steps[place]:g}"
                )
            frame[name] = np.where(frame[name].isna(), np.nan, steps)
    return notes


def _steps(frame: "pd.DataFrame", name: str) -> Array:
    """[rows] difference to the request before of the same search that tells a total; the first one's own total."""
    totals = frame.groupby(SEARCH, sort=False)[name].ffill().fillna(0.0)
    before = totals.groupby([frame[column] for column in SEARCH], sort=False).shift(fill_value=0.0)
    steps: Array = (totals - before).to_numpy(np.float64)
    return steps


def _rises(frame: "pd.DataFrame", steps: Array) -> bool:
    """Whether all searches are long, and their totals rise with every request that tells one."""
    told = frame["cost"].notna().to_numpy()
    return bool(frame.groupby(SEARCH)["row"].size().min() >= LONG_ENOUGH and told.sum() and (steps[told] > 0).all())


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
            "expected a finite number of 0 or more"
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
