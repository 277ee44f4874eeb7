"""Where the values of all sources together speak against what the names of columns seemed to say.

A column means the same in every file, so what it means is decided once. What was told with `--columns`, or is fixed by
a tool's format, is not doubted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.column_map import Formula
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import SEARCH, Requests
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.vocabulary import BEST, PARTIAL_CONFIGS, tokens

if TYPE_CHECKING:
    import pandas as pd

LONG = 8
"""Requests of a search whose costs, were they no running total, rise each time with a probability of 1 in 40,320."""
SURE = lgamma(LONG + 1)
INCUMBENTS = 10
"""Requests of a search whose errors, were they the requests' own, never grow with a probability of 1 in 3,628,800."""
SEVERAL, FEW = 3, 0.05
PROMOTED = 0.9
"""Share of the longer trainings of a multi-fidelity search whose configuration had a shorter one before."""


def check_formulas(raws: Sequence[RawLog]) -> None:
    """Raises LogError where the same column is a fraction in one source and in percent in another."""
    for name in ("val_error", "test_error"):
        first: dict[tuple[str, ...], RawLog] = {}
        for raw in raws:
            formula = raw.formulas.get(name, Formula())
            other = first.setdefault(formula.columns, raw)
            before = other.formulas.get(name, Formula())
            if formula.columns and (formula.offset, formula.scale) != (before.offset, before.scale):
                raise LogError(
                    f"{name}: by its values, {formula.columns[0]} would be read as {before.in_words} in {other.source} "
                    f"and as {formula.in_words} in {raw.source}; say which it is in all of them: "
                    f'--columns "{name}={before.in_words}" or --columns "{name}={formula.in_words}"'
                )


def doubted(parts: Sequence[Requests]) -> list[Requests]:
    """What was read, with running totals marked and half a configuration left out.

    Raises LogError, one line with the words to add, where values contradict what was guessed.
    """
    parts = list(parts)
    for column, places in _guessed(parts, "fidelity").items():
        _check_fidelity(_all(parts, places), column, parts[places[0]].raw.source)
    for column, places in _guessed(parts, "val_error").items():
        _check_own_error(_all(parts, places), parts[places[0]].raw, column)
    for places in _guessed(parts, "cost").values():
        running, note = _running(_all(parts, places), parts[places[0]].raw)
        for place in places:
            parts[place] = _marked(parts[place], running, note)
    for column, places in _guessed(parts, "config").items():
        if "_".join(tokens(column)) in PARTIAL_CONFIGS and _differ(_all(parts, places)):
            note = (
                f"Equal {column} came with different errors, so it is taken for a part of the configuration, which is "
                f"unknown then; if it is all of it: config={Formula((column,)).in_words}."
            )
            for place in places:
                part = parts[place]
                parts[place] = replace(part, frame=part.frame.assign(config=None), notes=(*part.notes, note))
    return parts


def _guessed(parts: Sequence[Requests], name: str) -> dict[str, list[int]]:
    """The places of parts whose `name` is one column that nobody stated, by the column."""
    found: dict[str, list[int]] = {}
    for place, part in enumerate(parts):
        columns = part.raw.formulas.get(name, Formula()).columns
        if name in part.raw.guessed and len(columns) == 1:
            found.setdefault(columns[0], []).append(place)
    return found


def _all(parts: Sequence[Requests], places: Sequence[int]) -> "pd.DataFrame":
    """Rows of several parts, and the number of their search."""
    import pandas as pd

    names = [*SEARCH, "config", "valid", "fidelity", "val_error", "cost"]
    frame = pd.concat([parts[place].frame[names] for place in places], ignore_index=True)
    return frame.assign(search=frame.groupby(SEARCH, sort=False).ngroup())


def _check_fidelity(frame: "pd.DataFrame", column: str, source: str) -> None:
    """Raises LogError where it may be a counter: it never falls within a search, and what trains longer is new."""
    told = frame[frame["fidelity"].notna()]
    searches = told.groupby("search")["fidelity"]
    longer = told["fidelity"] > searches.transform("min")
    if not longer.any() or (searches.diff() < 0).any():
        return
    shortest = told.groupby(["search", "config"])["fidelity"].transform("min")
    promoted = longer & (shortest < told["fidelity"])
    if promoted.sum() < PROMOTED * longer.sum():
        raise LogError(
            f"{source}: fidelity: {column} never falls within a search and is rarely there twice for a configuration, "
            f'so it may only count; if it is how long a request trained, add --columns "fidelity={column}", if not: '
            '--columns "fidelity="'
        )


def _check_own_error(frame: "pd.DataFrame", raw: RawLog, column: str) -> None:
    """Raises LogError where rows seem to hold the best of the search so far."""
    told = frame[frame["valid"]]
    step = told.groupby("search")["val_error"].diff()
    searches = step.groupby(told["search"]).agg(
        requests="size", grows=lambda s: (s > 0).sum(), falls=lambda s: (s < 0).sum()
    )
    never = searches[searches["grows"] == 0]
    best = bool(BEST & set(tokens(column)))
    by_name = best and len(never) == len(searches) and (searches["requests"] > 1).any()
    if by_name or ((never["requests"] >= INCUMBENTS) & (never["falls"] >= SEVERAL)).any():
        words = raw.formulas["val_error"].in_words
        raise LogError(
            f"{raw.source}: val_error: {column} never gets worse within a search, so its rows may be the incumbent's "
            f"and not the request's; name another column, or, if it is the request's own, add --columns "
            f'"val_error={words}"'
        )


def _running(frame: "pd.DataFrame", raw: RawLog) -> tuple[bool, str]:
    """Whether a cost is a running total, and a sentence where values say so and not the name. Raises LogError."""
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
        if not falls.any():
            return True, ""
        suspect = bool((strict & long).any())
        if not suspect:
            return False, f"{column} falls within a search, so it is no running total."
    elif steady.all():
        if strict.all() and long.any():
            return True, (
                f"{column} rises with every request of every search, so it is read as a running total; "
                f"if it is not: cost={formula.in_words}."
            )
        evidence = sum(lgamma(rise + 2) for rise in rises)
        suspect = bool(rises.any() and (long.any() or evidence >= SURE))
    else:
        suspects = steady & long & (rises >= SEVERAL)
        suspect = bool((strict & long).any() or suspects.sum() > FEW * max(1, long.sum()))
    if suspect:
        words = replace(formula, running=False).in_words
        where = "in any search" if steady.all() else f"in {int(steady.sum())} of {len(steady)} searches"
        raise LogError(
            f"{raw.source}: cost: {column} never falls {where}, as a running total would; if it is one, add "
            f'--columns "cost=diff({words})", if it is what each request took: --columns "cost={words}"'
        )
    return False, ""


def _marked(part: Requests, running: bool, note: str) -> Requests:
    """With the cost, and an energy that is the same column, as a running total or not."""
    formulas: Mapping[str, Formula] = part.raw.formulas
    same = {name for name in ("cost", "energy") if formulas.get(name) == formulas["cost"]}
    changed = {name: replace(each, running=running) if name in same else each for name, each in formulas.items()}
    return replace(part, raw=replace(part.raw, formulas=changed), notes=(*part.notes, *([note] if note else [])))


def _differ(frame: "pd.DataFrame") -> bool:
    """Whether equal configurations at equal fidelity have different errors."""
    told = frame[frame["valid"] & frame["config"].notna()]
    kinds = told.groupby(["space", "config", "fidelity"], dropna=False)["val_error"]
    return bool((kinds.nunique() > 1).any())
