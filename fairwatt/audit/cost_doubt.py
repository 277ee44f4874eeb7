"""Whether a cost is a running total, of each search or of each trial."""

from collections.abc import Sequence
from dataclasses import replace
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.clock_doubt import check_beginnings
from fairwatt.audit.column_map import Formula, option
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import Requests
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.trial_total import LONG, SURE, of_trials
from fairwatt.audit.vocabulary import DATED_S, SECONDS, unit_of

if TYPE_CHECKING:
    import pandas as pd

SEVERAL, FEW = 3, 0.05
MOSTLY = 0.75
"""Share of requests at more than the one before, from which a total by its name may have begun again within a search;
of what each request took, about half are."""


def charged(parts: Sequence[Requests], frame: "pd.DataFrame") -> list[Requests]:
    """Parts of one guessed cost, which is marked as the running total that it is; a note says what is charged.

    frame: all their rows, as `doubts.together` makes it. Raises LogError, one line with the words to add.
    """
    raw = parts[0].raw
    formula = raw.formulas["cost"]
    _check_dates(frame, raw)
    own, note = of_trials(parts, frame)
    if own is None:
        running, why = _running(frame, raw)
        own, note = replace(formula, running=running), why or note
    column, unit = formula.columns[0], raw.units.get("cost_unit", "")
    if not note and own.running:
        note = "a running total by its name, so each request is charged the difference"
    said = f"A request is charged {column} in {unit or unit_of(formula)}{note and f': {note}'}."
    by_tool = "order" not in raw.guessed  # which said it already
    return [_marked(part, own, "" if by_tool and not note else said) for part in parts]


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
    if formula.running:
        suspect = bool((strict & long).any()) or (step > 0).sum() > MOSTLY * max(step.count(), LONG)
        if not suspect and falls.any():
            return False, "it falls within a search, so it is no running total"
    elif steady.all():
        suspect = bool(rises.any()) and bool(long.any() or sum(lgamma(rise + 2) for rise in rises) >= SURE)
    else:
        suspects = steady & long & (rises >= SEVERAL)
        pieces = len(count) + falls.sum()  # where each fall begins a total anew
        suspect = bool((strict & long).any() or suspects.sum() > FEW * max(1, long.sum()))
        suspect |= bool(rises.sum() + pieces >= LONG * pieces)
    if steady.all() and rises.any() and (formula.running or suspect):
        check_beginnings(told, raw)
    if steady.all() and formula.running:
        return True, ""
    if strict.all() and long.any():
        return True, (
            "it rises with every request of every search, so it is read as a running total; "
            f"if it is not: cost={formula.in_words}"
        )
    if suspect:
        words = replace(formula, running=False)
        if steady.all():
            where = "never falls in any search"
            answer = f"if it is one, add {option(f'cost={replace(words, running=True).in_words}')}"
        else:
            where = f"never falls in {int(steady.sum())} of {len(steady)} searches" if steady.any() else "rarely falls"
            answer = f"if it is one, write what each request took, or count evaluations: {option('cost=')}"
        raise LogError(
            f"{raw.source}: cost: {column} {where}, as a running total would; {answer}; if it is what each request "
            f"took: {option(f'cost={words.in_words}')}"
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


def _marked(part: Requests, cost: Formula, note: str) -> Requests:
    """With the cost, and an energy that is the same column, as a running total or not."""
    formulas = part.raw.formulas
    same = {name for name in ("cost", "energy") if formulas.get(name) == formulas["cost"]}
    changed = {name: cost if name in same else each for name, each in formulas.items()}
    return replace(part, raw=replace(part.raw, formulas=changed), notes=(*part.notes, *([note] if note else [])))
