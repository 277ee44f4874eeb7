"""Data frames as tables for print: numbers of a column with the same decimals, a value beside its interval."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.report.frame_table import TITLES
from fairwatt.report.plain_text import name
from fairwatt.report.typeset import Sheet
from fairwatt.report.wording import TextTable, p_value

if TYPE_CHECKING:
    import pandas as pd

_MOST = 6
"""Decimals."""
Estimate = tuple[str, str, str]
"""Columns of a value and its interval, which print puts into one."""


@dataclass(frozen=True)
class Plan:
    """How a frame becomes print.

    title: of the caption. kept: the columns to show, all where empty. estimates: value, low and high, shown as one
    column in the place of the value. digest: of the frame, where print shows less. heads: of columns, where they are
    not the page's.
    """

    title: str
    kept: tuple[str, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    digest: Callable[["pd.DataFrame"], "pd.DataFrame"] = field(default=lambda frame: frame)
    heads: tuple[tuple[str, str], ...] = ()


def frame_sheet(called: str, frame: "pd.DataFrame", plan: Plan, facts: str) -> Sheet:
    """A frame in print. facts: of its caption."""
    frame = plan.digest(frame)
    if plan.kept:
        frame = frame[[column for column in plan.kept if column in frame]]
    ends = {end for _, *both in plan.estimates for end in both}
    columns = [str(column) for column in frame if column not in ends]
    estimates = {value: (low, high) for value, low, high in plan.estimates}
    texts, words = [], []
    for place, column in enumerate(columns):
        values = frame[column].tolist()
        if column in estimates:
            bounds = [frame[end].tolist() for end in estimates[column]]
            texts.append(estimates_of(values, *bounds))
        elif frame[column].dtype.kind in "iuf":
            texts.append([p_value(v) for v in values] if _is_p(column) else aligned(values))
        else:
            texts.append([name(str(value), 200) for value in values])
            words.append(place)
    titles = {**TITLES, **dict(plan.heads)}
    heads = tuple(titles.get(column, column.replace("_", " ")) for column in columns)
    return Sheet(called, f"{plan.title}. {facts}", heads, tuple(zip(*texts, strict=True)), tuple(words))


def plan_tables(frame: "pd.DataFrame", plan: Plan) -> tuple[TextTable, ...]:
    """A frame on the page as it is in print, but for the facts, which the page says once; none where it is empty."""
    sheet = frame_sheet("", frame, plan, "")
    return (TextTable(plan.title, sheet.columns, sheet.rows, text=sheet.words),) if sheet.rows else ()


def aligned(values: Sequence[float]) -> list[str]:
    """Numbers with the same decimals, three digits of the smallest at least; significant ones where they are too far
    apart for that; a dash where there is none."""
    finite = [abs(value) for value in values if math.isfinite(value) and value]
    if all(float(value).is_integer() for value in finite):
        return [f"{value:,.0f}" if math.isfinite(value) else _beyond(value) for value in values]
    if _apart(finite):
        return [f"{value:.3g}" if math.isfinite(value) else _beyond(value) for value in values]
    digits = places(finite)
    return [f"{value:,.{digits}f}" if math.isfinite(value) else _beyond(value) for value in values]


def estimates_of(values: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> list[str]:
    """value [low, high], with the same decimals everywhere."""
    finite = [abs(value) for value in values if math.isfinite(value) and value]
    spread = _apart(finite)
    digits = places(finite)

    def text(value: float) -> str:
        if not math.isfinite(value):
            return _beyond(value)
        return f"{value:.3g}" if spread else f"{value:,.{digits}f}"

    return [
        "-" if math.isnan(value) else text(value) if math.isnan(low) else f"{text(value)} [{text(low)}, {text(high)}]"
        for value, low, high in zip(values, lows, highs, strict=True)
    ]


def _apart(values: Sequence[float]) -> bool:
    """Whether positive numbers are too far apart, or too small, for the same decimals."""
    return bool(values) and (max(values) > 1e4 * min(values) or max(values) < 1e-4 or min(values) < 10.0**-_MOST / 2)


def places(values: Sequence[float]) -> int:
    """Decimals that give the middle one of positive numbers three digits."""
    known = [value for value in values if math.isfinite(value) and value > 0]
    return min(max(2 - math.floor(math.log10(float(np.median(known)))), 0), _MOST) if known else 3


def _beyond(value: float) -> str:
    return "-" if math.isnan(value) else "∞" if value > 0 else "−∞"


def _is_p(column: str) -> bool:
    tests = ("holm", "wilcoxon", "friedman", "iman_davenport", "nemenyi", "wilcoxon_holm")
    of_tests = (f"{kind}_{test}" for kind in "pq" for test in tests)
    return column in ("p", "q", "attainable_p", "interaction_p", *of_tests)
