"""Where the values of all sources together speak against what the names of columns seemed to say.

A column means the same in every file, so what it means is decided once. What was told with `--columns`, or is fixed by
a tool's format, is not doubted.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.config_doubt import again_note, begins_again, is_partial, partial_note
from fairwatt.audit.cost_doubt import charged
from fairwatt.audit.error_doubt import check_own_error, check_percent, check_sorted
from fairwatt.audit.fidelity_doubt import check_fidelity
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import SEARCH, Requests
from fairwatt.audit.outcome_doubt import check_codes
from fairwatt.audit.raw_log import RawLog, texts
from fairwatt.audit.seed_doubt import check_seed
from fairwatt.audit.unused_columns import keys

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 8


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
                    f"{option(f'{name}={before.in_words}')} or {option(f'{name}={formula.in_words}')}"
                )


def doubted(parts: Sequence[Requests]) -> list[Requests]:
    """What was read, with running totals marked and half a configuration left out.

    Raises LogError, one line with the words to add, where values contradict what was guessed.
    """
    parts = list(parts)
    rows = cache(lambda places: together(parts, places))  # most columns are guessed in all parts, or in none
    for column, places in _guessed(parts, "valid").items():
        check_codes([parts[place] for place in places], column)
    for column, places in _guessed(parts, "seed").items():
        first = parts[places[0]]
        check_seed(rows(places), column, first.raw.source, first.order_column)
    for column, places in _guessed(parts, "fidelity").items():
        check_fidelity(rows(places), column, parts[places[0]].raw.source)
    for name in ("val_error", "test_error"):
        for column, places in _guessed(parts, name).items():
            check_percent(rows(places), parts[places[0]].raw, name, column)
    for column, places in _guessed(parts, "val_error").items():
        check_own_error(rows(places), parts[places[0]].raw, column)
    if unstated := tuple(place for place, part in enumerate(parts) if "order" in part.raw.guessed):
        check_sorted(rows(unstated), parts[unstated[0]].raw.source, parts[unstated[0]].order_column)
    for places in _guessed(parts, "cost").values():
        marked = charged([parts[place] for place in places], rows(places))
        for place, part in zip(places, marked, strict=True):
            parts[place] = part
    rows.cache_clear()
    for column, places in _guessed(parts, "config").items():
        frame = rows(places)
        again = begins_again(frame)
        partial = not again and is_partial(frame, column)
        for place in places:
            parts[place] = _reconfigured(parts[place], column, again, partial)
    return _named(parts)


def _reconfigured(part: Requests, column: str, again: bool, partial: bool) -> Requests:
    """With a configuration of the search only, or with none, where values say so."""
    if again:
        search = part.frame["space"] + "/" + part.frame["method"] + "/" + part.frame["seed"]
        config = part.frame["config"] + " of " + search
        note = again_note(part.raw.formulas["config"])
        return replace(part, frame=part.frame.assign(config=config), notes=(*part.notes, note))
    if partial:
        note = partial_note(column, _varied([part])[:SHOWN])
        return replace(part, frame=part.frame.assign(config=None), notes=(*part.notes, note))
    return part


def _named(parts: Sequence[Requests]) -> list[Requests]:
    """With a note on columns that may be the configuration, where nothing names one."""
    if any("config" in part.raw.formulas for part in parts):
        return list(parts)
    varied = _varied([part for part in parts if "order" in part.raw.guessed])
    if not varied:
        return list(parts)
    words = option(f"config={joined(varied)}")
    note = f"No column names configurations, so repeats are unknown; if these are the hyperparameters: {words}."
    return [replace(part, notes=(*part.notes, note)) for part in parts]


def _varied(parts: Sequence[Requests]) -> list[str]:
    """Columns that may be hyperparameters and have more than one value in all parts together, in their order."""
    values: dict[str, set[str | None]] = {}
    for part in parts:
        for name in part.settings:
            values.setdefault(name, set()).update(texts(part.raw.frame[name]))
    return [name for name, kinds in values.items() if len(kinds) > 1]


def _guessed(parts: Sequence[Requests], name: str) -> dict[str, tuple[int, ...]]:
    """The places of parts whose `name` is one column that nobody stated, by the column."""
    found: dict[str, list[int]] = {}
    for place, part in enumerate(parts):
        columns = part.raw.formulas.get(name, Formula()).columns
        if name in part.raw.guessed and len(columns) == 1:
            found.setdefault(columns[0], []).append(place)
    return {column: tuple(places) for column, places in found.items()}


def _changes(part: Requests, name: str) -> bool:
    """Whether a column has several values within a trial that reports more than once: it is measured, then."""
    again = part.frame[part.frame["trial"].notna() & part.frame.duplicated([*SEARCH, "trial"], keep=False)]
    if again.empty:
        return False
    values = keys(part.raw.frame, [name])[again["row"].to_numpy()]
    return bool((again.assign(value=values).groupby([*SEARCH, "trial"])["value"].nunique() > 1).any())


def together(parts: Sequence[Requests], places: Sequence[int]) -> "pd.DataFrame":
    """Rows of several parts, the number of their search, and their settings: equal where all columns are that may be
    hyperparameters, that all of these parts have, and that no trial has two values of."""
    import pandas as pd

    names = [*SEARCH, "config", "trial", "valid", "fidelity", "val_error", "test_error", "cost"]
    chosen = [parts[place] for place in places]
    shared = [name for name in chosen[0].settings if all(name in part.settings for part in chosen)]
    shared = [name for name in shared if not any(_changes(part, name) for part in chosen)] or shared
    frames = (
        part.frame[names].assign(settings=keys(part.raw.frame, shared)[part.frame["row"].to_numpy()]) for part in chosen
    )
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(search=frame.groupby(SEARCH, sort=False).ngroup())
