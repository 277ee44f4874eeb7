"""Whether a cost is a running total, of each search or of each trial."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.fidelity_doubt import credible
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import Requests
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.unused_columns import trial_column
from fairwatt.audit.vocabulary import SECONDS, unit_of

if TYPE_CHECKING:
    import pandas as pd

LONG = 8
"""Requests of a search whose costs, were they no running total, rise each time with a probability of 1 in 40,320."""
SURE = lgamma(LONG + 1)
SEVERAL, FEW = 3, 0.05
EVEN, REPORTS = 0.9, 4
"""Share of reports of a training that goes on which come in even steps, and how many there are at least."""
AHEAD, BEGINNING = 10.0, 0.5
"""Times the median step from which a first total holds more than its request, and share of such searches."""
DATED_S = 1e9
"""A cost of 31 years, in seconds: a date."""


def charged(parts: Sequence[Requests], frame: "pd.DataFrame") -> list[Requests]:
    """Parts of one guessed cost, which is marked as the running total that it is; a note says what is charged.

    frame: all their rows, as `doubts.together` makes it. Raises LogError, one line with the words to add.
    """
    raw = parts[0].raw
    formula = raw.formulas["cost"]
    _check_dates(frame, raw)
    own, note = _of_trials(parts, frame)
    if own is None:
        running, note = _running(frame, raw)
        own = replace(formula, running=running)
    column, unit = formula.columns[0], raw.units.get("cost_unit", "")
    if not note and own.running:
        note = "a running total by its name, so each request is charged the difference"
    said = f"A request is charged {column} in {unit or unit_of(formula)}{note and f': {note}'}."
    by_tool = "order" not in raw.guessed  # which said it already
    return [_marked(part, own, "" if by_tool and not note else said) for part in parts]


def _of_trials(parts: Sequence[Requests], frame: "pd.DataFrame") -> tuple[Formula | None, str]:
    """The cost as a running total of each trial, and why; None where it is none. Raises LogError where it may be."""
    raw = parts[0].raw
    formula = raw.formulas["cost"]
    for name, within in _trials(parts, frame):
        told = frame[frame["cost"].notna() & frame[name].notna()]
        trials = told.groupby(["search", name])
        step, reports = trials["cost"].diff().dropna(), trials.size()
        several = reports[reports > 1]
        falls = bool((told.groupby("search")["cost"].diff() < 0).any())
        if not falls or several.sum() <= 0.5 * len(told) or (step < 0).any() or not (step > 0).any():
            continue  # a total of the whole search, a report for each trial, or no total
        by = replace(formula, running=True, within=within)
        if formula.running:
            return by, f"it falls only where another trial begins, so each is charged its rise by {joined(within)}"
        stride = _stride(told, name)
        if several.map(lambda size: lgamma(size + 1)).sum() < SURE or stride is None:
            continue
        if stride == 1 and (step > 0).all() and several.median() >= REPORTS:
            return by, (
                f"it rises with every report of every trial, so it is read as a running total of each, by "
                f"{joined(within)}; if it is not: cost={formula.in_words}"
            )
        if (step > 0).mean() > 0.5:  # values cannot tell a total from trainings that begin anew at 10, 20, 30
            raise LogError(
                f"{raw.source}: cost: {formula.columns[0]} never falls within a trial, as a running total would; if it "
                f"is one, add {option(f'cost={by.in_words}')}, if it is what each report took: "
                f"{option(f'cost={formula.in_words}')}"
            )
    return None, ""


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


def _running(frame: "pd.DataFrame", raw: RawLog) -> tuple[bool, str]:
    """Whether a cost is a running total of each search, and why where values say so and not the name."""
    formula = raw.formulas["cost"]
    column, told = formula.columns[0], frame[frame["cost"].notna()]
    step = told.groupby("search")["cost"].diff()
    before = told.groupby("search")["fidelity"].shift()
    alike = (told["fidelity"] == before) | (told["fidelity"].isna() & before.isna())
    groups = told["search"].to_numpy()
    count = np.bincount(groups)
    falls = np.bincount(groups, weights=(step < 0).to_numpy())
    rises = np.bincount(groups, weights=((step > 0) & alike).to_numpy())  # a longer training costs more in any case
    long, steady = count >= LONG, falls == 0
    strict = steady & (rises == count - 1)
    if steady.all() and rises.any() and (formula.running or long.any()):
        _check_beginnings(told, raw)
    if formula.running:
        if not falls.any():
            return True, ""
        suspect = bool((strict & long).any())
        if not suspect:
            return False, "it falls within a search, so it is no running total"
    elif steady.all():
        if strict.all() and long.any():
            return True, (
                "it rises with every request of every search, so it is read as a running total; "
                f"if it is not: cost={formula.in_words}"
            )
        evidence = sum(lgamma(rise + 2) for rise in rises)
        suspect = bool(rises.any() and (long.any() or evidence >= SURE))
    else:
        suspects = steady & long & (rises >= SEVERAL)
        suspect = bool((strict & long).any() or suspects.sum() > FEW * max(1, long.sum()))
    if suspect:
        words = replace(formula, running=False)
        where = "in any search" if steady.all() else f"in {int(steady.sum())} of {len(steady)} searches"
        total = option(f"cost={replace(words, running=True).in_words}")
        raise LogError(
            f"{raw.source}: cost: {column} never falls {where}, as a running total would; if it is one, add "
            f"{total}, if it is what each request took: {option(f'cost={words.in_words}')}"
        )
    return False, ""


def _check_dates(frame: "pd.DataFrame", raw: RawLog) -> None:
    """Raises LogError where most costs are seconds since 1970."""
    column, scale = raw.formulas["cost"].columns[0], SECONDS.get(raw.units.get("cost_unit", ""), 0.0)
    if frame["cost"].median() * scale > DATED_S:
        raise LogError(
            f"{raw.source}: cost: {column} holds dates, by its values, and not what requests took; name what they did "
            f'take: --columns "cost=COLUMN", or count evaluations: {option("cost=")}'
        )


def _check_beginnings(told: "pd.DataFrame", raw: RawLog) -> None:
    """Raises LogError where a total seems to go on from one search to the next, as a clock or a meter does."""
    searches = told.groupby("search")
    step = searches["cost"].diff()
    first, last = searches["cost"].first(), searches["cost"].last()
    steps = step.groupby(told["search"])
    ahead = (first > AHEAD * steps.median()) & (first > 2 * steps.max())
    rising = last > first
    of_method = searches[["space", "method"]].first()
    ends = of_method.assign(end=last.where(rising & (searches.size() >= LONG)))
    ahead |= rising & (first >= ends.groupby(["space", "method"])["end"].transform("min"))
    if ahead.mean() >= BEGINNING:
        formula = replace(raw.formulas["cost"], running=False)
        column = formula.columns[0]
        total = option(f"cost={replace(formula, running=True).in_words}")
        raise LogError(
            f"{raw.source}: cost: {column} goes on from one search to the next, as a clock or a meter does, so its "
            f"differences would charge the first request of a search everything before it; write a total of each "
            f"search, or count evaluations: {option('cost=')}; if it is a total that begins with each search, add "
            f"{total}, if it is what each request took: {option(f'cost={formula.in_words}')}"
        )


def _marked(part: Requests, cost: Formula, note: str) -> Requests:
    """With the cost, and an energy that is the same column, as a running total or not."""
    formulas = part.raw.formulas
    same = {name for name in ("cost", "energy") if formulas.get(name) == formulas["cost"]}
    changed = {name: cost if name in same else each for name, each in formulas.items()}
    return replace(part, raw=replace(part.raw, formulas=changed), notes=(*part.notes, *([note] if note else [])))
