"""Whether a cost is a running total of each trial, which begins again with the next."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import lgamma
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.fidelity_doubt import credible
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import Requests
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.unused_columns import trial_column

if TYPE_CHECKING:
    import pandas as pd

LONG = 8
"""Requests of a search whose costs, were they no running total, rise each time with a probability of 1 in 40,320."""
SURE = lgamma(LONG + 1)
EVEN, REPORTS = 0.9, 4
"""Share of reports of a training that goes on which come in even steps, and how many there are at least."""


def of_trials(parts: Sequence[Requests], frame: "pd.DataFrame") -> tuple[Formula | None, str]:
    """The cost as a running total of each trial, None where it is none, and a note on it.

    frame: as `doubts.together` makes it, of all parts, whose cost was guessed. Raises LogError where it may be one.
    """
    raw = parts[0].raw
    formula = raw.formulas["cost"]
    note = ""
    for name, within in _trials(parts, frame):
        told = frame[frame["cost"].notna() & frame[name].notna()]
        trials = told.groupby(["search", name])
        step, reports = trials["cost"].diff().dropna(), trials.size()
        several = reports[reports > 1]
        falls = bool((told.groupby("search")["cost"].diff() < 0).any())
        if not falls or (step < 0).any() or not (step > 0).any():
            continue  # a total of the whole search, or no total
        by = replace(formula, running=True, within=within)
        sure = several.map(lambda size: lgamma(size + 1)).sum() >= SURE
        most = several.sum() > 0.5 * len(told)
        if formula.running and most:
            return by, (
                f"it falls only where another trial begins, so each is charged its rise by {joined(within)}; if it is "
                f"what each request took: cost={replace(formula, running=False).in_words}"
            )
        stride = _stride(told, name)
        if not sure:
            continue
        if formula.running:
            raise _unclear(raw, formula, by)
        if not most or stride is None:  # what goes on and what begins anew both take longer at the next rung
            note = note or (
                f"it never falls within a trial that comes back, and is read as what each request took; if it is a "
                f"total of each trial: cost={by.in_words}"
            )
            continue
        if stride == 1 and (step > 0).all() and several.median() >= REPORTS:
            return by, (
                f"it rises with every report of every trial, so it is read as a running total of each, by "
                f"{joined(within)}; if it is not: cost={formula.in_words}"
            )
        if (step > 0).mean() > 0.5:  # values cannot tell a total from trainings that begin anew at 10, 20, 30
            raise _unclear(raw, formula, by)
    return None, note


def _unclear(raw: RawLog, formula: Formula, by: Formula) -> LogError:
    own = replace(formula, running=False)
    return LogError(
        f"{raw.source}: cost: {formula.columns[0]} never falls within a trial, as a running total would; if it is one, "
        f"add {option(f'cost={by.in_words}')}, if it is what each report took: {option(f'cost={own.in_words}')}"
    )


def _trials(parts: Sequence[Requests], frame: "pd.DataFrame") -> Iterable[tuple[str, tuple[str, ...]]]:
    """By what columns rows are those of one training: the column of frames, and those of the log."""
    columns = {trial_column(part.raw) for part in parts}
    if len(columns) == 1 and None not in columns:
        yield "trial", tuple(name for name in columns if name)
    configs = {part.raw.formulas.get("config", Formula()).columns for part in parts}
    if len(configs) == 1 and (config := configs.pop()):
        yield "config", config
    settings = {part.settings for part in parts}
    if len(settings) == 1 and credible(frame):
        yield "settings", settings.pop()


def _stride(told: "pd.DataFrame", name: str) -> float | None:
    """The even step of fidelity from one report of a trial to the next, 0 where no fidelity is told; None where steps
    are uneven, as brackets have them that train anew. Only reports after each epoch are surely those of one training.
    """
    if told["fidelity"].isna().all():
        return 0.0
    step = told.groupby(["search", name])["fidelity"].diff().dropna()
    even = len(step) > 0 and float((step == step.median()).mean()) >= EVEN
    return float(step.median()) if even else None
