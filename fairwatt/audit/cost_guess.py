"""Which column of a table is the cost, told by its name alone."""

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.named_columns import NamedColumns
from fairwatt.audit.raw_log import has_few_values, takes_time, texts
from fairwatt.audit.request_order import times
from fairwatt.audit.vocabulary import (
    ACCURACY,
    CALENDAR,
    CHOSEN,
    COSTLY,
    DATED_S,
    ENERGY,
    ERROR,
    JOULES,
    LOSS,
    MONEY,
    NEUTRAL,
    NO_COST,
    NOT_VALIDATION,
    SECONDS,
    SHARES,
    SIZES,
    TAKEN,
    TIME,
    TRAINED,
    TURNED,
    UNITS,
    VALIDATION,
    WORKED,
    is_running,
    may_be_duration,
    tokens,
    unit_of,
)

MOSTLY = 0.75
"""Share of rows above the row before, of which about a half would be in a column that is no running total."""
PAID = frozenset({"cost", "spent", "spend", "price"})
EPOCH = frozenset({"epoch", "epochs"})
"""What a row may be one of. Iterations and steps may be a search's, too: its requests."""
MOST_ROWS = 0.8
"""Share of rows that are one more than the row before, where each is an epoch of a training of five or more."""


def find_cost(table: NamedColumns) -> Formula:
    """Energy before any named cost before time; a running total of each search where the name says so.

    Raises LogError where several may be meant, or the only one is by its name that of a part of a request, or a limit,
    or may be a hyperparameter.
    """
    costs = {name: set(words) for name, words in table.tokens.items() if _may_be_charged(table, name)}
    dates = [name for name in costs if _is_date(table, name)]
    whole = {name: words for name, words in costs.items() if name not in dates}
    rows = {name: words - _counted(table) for name, words in whole.items()}  # a row is an epoch
    tiers = _tiers(table)
    for known in (whole, rows):
        sure = {name: words for name, words in known.items() if not _may_be_part_or_setting(table, name, words)}
        for tier in tiers:
            found = _different(table, [name for name, words in sure.items() if tier(words)])
            if len(found) > 1:
                raise table.unclear("cost", "which of them a request is charged", found, _answers(table, found))
            if found:
                _check_numbers(table, found[0])
                return Formula((found[0],), running=is_running(table.tokens[found[0]]))
    parts = [name for name, words in whole.items() if words & TIME or any(tier(words) for tier in tiers)]
    if parts:
        what = f"whether {' or '.join(parts)} is what a whole request took"
        raise table.unclear("cost", what, parts, [*_answers(table, parts), "cost="])
    dated = [name for name in dates if _is_readable(table, name) and any(tier(costs[name]) for tier in tiers)]
    return Formula(tuple(dated[:1]))


def _tiers(table: NamedColumns) -> tuple[Callable[[set[str]], bool], ...]:
    """By the words of a name, whether it is a cost of this kind; the surest kind first."""
    units = frozenset({"s", "ms", "min", "h", "hr"})
    energy = ENERGY | UNITS.keys() | {"train", "training", "cost"}
    return (
        lambda w: bool(w & ENERGY) and w <= energy,
        lambda w: bool(w & ENERGY) and w <= energy | {"consumed", "total", "used"},
        lambda w: bool(w & ENERGY) and w <= energy | {"gpu", "cpu", "ram"},  # parts of it, where it is not there
        lambda w: bool(w & ENERGY) and not w & VALIDATION,
        lambda w: bool(w & PAID) and not _is_cost_the_objective(table),
        lambda w: bool(w & TIME) and w <= TIME | UNITS.keys() | TRAINED | {"clock"},
        lambda w: bool(w & TRAINED) and bool(w & units) and w <= TRAINED | units,
        lambda w: bool(w & TIME),
    )


def _may_be_charged(table: NamedColumns, name: str) -> bool:
    """Whether a column is by its words a cost of a request, whole or of a part; a text without numbers is a setting."""
    words = set(table.tokens[name])
    sizes = words & SIZES and not words & JOULES
    if not words & (TIME | ENERGY | TRAINED | PAID) or name in table.hyperparameters:
        return False
    if words & (NO_COST | ACCURACY | ERROR | LOSS | TURNED | CHOSEN) or sizes or words <= CALENDAR:
        return False
    return _is_readable(table, name) or any(word and word[0].isdigit() for word in texts(table.frame[name]))


def _may_be_part_or_setting(table: NamedColumns, name: str, words: set[str]) -> bool:
    """Whether a cost by its name may be that of a part of a request, or a hyperparameter: of chunk_sec only the unit is
    known, and what is measured hardly ever comes twice."""
    if words & (SHARES | VALIDATION):
        return True
    own = words & set(tokens(re.split("[./]", name)[-1]))  # of an object within an object, such as info.hours
    if own <= TIME | ENERGY | MONEY | UNITS.keys() | WORKED:
        return False
    return not own & (TAKEN | ENERGY | WORKED | MONEY) or has_few_values(table.frame[name])


def _is_date(table: NamedColumns, name: str) -> bool:
    """Whether values are dates, and no durations."""
    if not _is_readable(table, name):
        return times(table.frame[name]) is not None
    values = table.values(name)
    told = values[~np.isnan(values)]
    return len(told) > 0 and float(np.median(told)) * SECONDS.get(unit_of(Formula((name,))), 0.0) > DATED_S


def _is_readable(table: NamedColumns, name: str) -> bool:
    """Whether a column holds nothing but numbers or durations."""
    try:
        table.values(name)
    except LogError:
        return False
    return True


def _answers(table: NamedColumns, names: Sequence[str]) -> list[str]:
    """What may be told of these columns; a total by its name that mostly rises from row to row is taken apart."""
    found = []
    for name in names:
        _check_numbers(table, name)
        steps = np.diff(table.values(name))
        running = is_running(table.tokens[name]) and bool((steps > 0).sum() > MOSTLY * len(steps))
        found.append(f"cost={Formula((name,), running=running).in_words}")
    return found


def _check_numbers(table: NamedColumns, name: str) -> None:
    try:
        table.values(name)
    except LogError as error:
        raise LogError(f"{error}; correct it, or count evaluations: {option('cost=')}") from error


def _counted(table: NamedColumns) -> frozenset[str]:
    """What each row of the table is, by a column that goes up by one from row to row: an epoch, or nothing known."""
    for name, words in table.tokens.items():
        if EPOCH & set(words[-1:]) and _is_readable(table, name):
            steps = np.diff(table.values(name))
            if len(steps) and (steps == 1).mean() >= MOST_ROWS:
                return EPOCH | {"per"}
    return frozenset()


def cost_notes(table: NamedColumns, formulas: Mapping[str, Formula]) -> list[str]:
    """Which columns might be a cost, or the cost, and are not used; of these, what could be charged."""
    used = {name for each in formulas.values() for name in each.columns} | set(table.hyperparameters)
    cost = formulas["cost"]
    maybe = [name for name in table.names if name not in used and _may_be_offered(table, name, cost.known)]
    if cost.known:
        maybe = _different(table, [*cost.columns, *maybe])[1:]
    listed = ", ".join(maybe[:8])
    if cost.known:
        said = f"Costs by their names, and not used: {listed}; if one of them is what is meant: "
        return [f"{said}{_words(maybe[0])}."] if maybe else []
    others = f" Not used: {listed}; if one of them is the cost: {_words(maybe[0])}." if maybe else ""
    return [f"No column tells what a request cost: every request counts as one evaluation.{others}"]


def _may_be_offered(table: NamedColumns, name: str, known: bool) -> bool:
    """Whether a user may mean a column that is not charged. known: whether another is; more are named where none is."""
    words = set(table.tokens[name])
    costly = bool(words & (TIME | ENERGY | MONEY if known else COSTLY)) and not may_be_duration(table.tokens[name])
    if not costly and not takes_time(table.tokens[name], table.frame[name]):
        return False
    if words & (ACCURACY | ERROR | LOSS) or (words & CHOSEN and (known or has_few_values(table.frame[name]))):
        return False
    if known and words & (NO_COST | TURNED | SIZES - JOULES):
        return False
    return _is_readable(table, name) and not _is_date(table, name)


def _words(column: str) -> str:
    return option(f"cost={joined((column,))}")


def _different(table: NamedColumns, names: list[str]) -> list[str]:
    """Columns of which no earlier one holds the same."""
    kept: list[str] = []
    for name in names:
        if not any(_equal(table, name, other) for other in kept):
            kept.append(name)
    return kept


def _equal(table: NamedColumns, name: str, other: str) -> bool:
    """Whether two columns are one: in the same unit, with the same values, and several of them."""
    if unit_of(Formula((name,))) != unit_of(Formula((other,))):
        return False
    try:
        values, others = table.values(name), table.values(other)
    except LogError:
        return False
    return len(np.unique(values)) > 1 and np.allclose(values, others, rtol=1e-9, atol=0.0, equal_nan=True)


def _is_cost_the_objective(table: NamedColumns) -> bool:
    """Whether a column `cost` can only be the objective, as SMAC calls it: nothing else is one, something costs."""
    words = [set(each) for each in table.tokens.values()]
    objective = any(each & (ACCURACY | ERROR | LOSS | NEUTRAL) and not each & NOT_VALIDATION for each in words)
    return not objective and any(each & (ENERGY | TIME) and not each & NO_COST for each in words)
