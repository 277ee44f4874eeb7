"""Which column of a table is the cost, told by its name alone."""

from collections.abc import Callable, Mapping

import numpy as np

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.named_columns import NamedColumns
from fairwatt.audit.vocabulary import (
    ACCURACY,
    CALENDAR,
    COSTLY,
    ENERGY,
    ERROR,
    JOULES,
    LOSS,
    MONEY,
    NEUTRAL,
    NO_COST,
    NOT_VALIDATION,
    SHARES,
    SIZES,
    TIME,
    TRAINED,
    TURNED,
    UNITS,
    VALIDATION,
    is_duration,
    is_running,
    unit_of,
)


def find_cost(table: NamedColumns) -> Formula:
    """Energy before any named cost before time; a running total of each search where the name says so.

    Raises LogError where several may be meant, or the only one is by its name that of a part of a request, or a limit.
    """

    def is_cost(words: set[str]) -> bool:
        sizes = words & SIZES and not words & JOULES
        return not words & (NO_COST | ACCURACY | ERROR | LOSS | TURNED) and not sizes and not words <= CALENDAR

    units = frozenset({"s", "ms", "min", "h"})
    tiers: tuple[Callable[[set[str]], bool], ...] = (
        lambda w: bool(w & ENERGY) and w <= ENERGY | UNITS.keys() | TRAINED | {"cost"},
        lambda w: bool(w & ENERGY) and not w & VALIDATION,
        lambda w: bool(w & {"cost", "spent", "spend", "price"}) and not _is_objective_cost(table),
        lambda w: bool(w & TIME) and w <= TIME | UNITS.keys() | TRAINED | {"clock"},
        lambda w: bool(w & TRAINED) and bool(w & units) and w <= TRAINED | units,
        lambda w: bool(w & TIME),
    )
    free = {name: set(words) for name, words in table.tokens.items() if name not in table.hyperparameters}
    costs = {name: words for name, words in free.items() if is_cost(words)}
    whole = {name: words for name, words in costs.items() if not words & SHARES}
    for tier in tiers:
        found = _different(table, [name for name, words in whole.items() if tier(words)])
        if len(found) > 1:
            asked = [f"cost={joined((name,))}" for name in found]
            raise table.unclear("cost", "which of them a request is charged", found, asked)
        if found:
            return Formula((found[0],), running=is_running(table.tokens[found[0]]))
    parts = [name for name, words in costs.items() if any(tier(words) for tier in tiers)]
    if parts:
        asked = [*(f"cost={joined((name,))}" for name in parts), "cost="]
        what = f"whether {' or '.join(parts)} is what a whole request took"
        raise table.unclear("cost", what, parts, asked)
    return Formula()


def cost_notes(table: NamedColumns, formulas: Mapping[str, Formula]) -> list[str]:
    """Which columns might be a cost, or the cost, and are not used."""
    used = {name for each in formulas.values() for name in each.columns} | set(table.hyperparameters)
    cost = formulas["cost"]
    words = TIME | ENERGY | MONEY if cost.known else COSTLY
    maybe = [
        name
        for name, each in table.tokens.items()
        if name not in used
        and (words & set(each) or is_duration(each))
        and not (cost.known and set(each) & (NO_COST | TURNED | SIZES - JOULES))
    ]
    if cost.known:
        maybe = _different(table, [*cost.columns, *maybe])[1:]
    listed = ", ".join(maybe[:8])
    if cost.known:
        said = f"Costs by their names, and not used: {listed}; if one of them is what is meant: "
        return [f"{said}{_words(maybe[0])}."] if maybe else []
    others = f" Not used: {listed}; if one of them is the cost: {_words(maybe[0])}." if maybe else ""
    return [f"No column tells what a request cost: every request counts as one evaluation.{others}"]


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


def _is_objective_cost(table: NamedColumns) -> bool:
    """Whether a column `cost` can only be the objective, as SMAC calls it: nothing else is one, something costs."""
    words = [set(each) for each in table.tokens.values()]
    objective = any(each & (ACCURACY | ERROR | LOSS | NEUTRAL) and not each & NOT_VALIDATION for each in words)
    return not objective and any(each & (ENERGY | TIME) and not each & NO_COST for each in words)
