"""What stands for what in a table that says so only by the names and the values of its columns.

Guesses are conservative: where two columns might be meant, or a direction is not in the name, the answer is one line
with the words to add, not a choice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula, joined
from fairwatt.audit.cost_guess import cost_notes, find_cost
from fairwatt.audit.error_guess import test_error, val_error
from fairwatt.audit.named_columns import NamedColumns
from fairwatt.audit.raw_log import RawLog, texts
from fairwatt.audit.vocabulary import (
    ENERGY,
    EXACT,
    IDS,
    MAYBE_METHODS,
    MAYBE_SEEDS,
    NEIGHBOURS,
    SCHEDULES,
    SOLVERS,
    TRAINERS,
    tokens,
    unit_of,
)

if TYPE_CHECKING:
    import pandas as pd

TRAINED_BY = {
    **dict.fromkeys(("optimizer", "optimiser", "optimizer_name", "optimiser_name"), TRAINERS),
    "scheduler": SCHEDULES,
    "solver": SOLVERS,
    "algorithm": NEIGHBOURS,
}
"""Names of methods of searches or of trainings, and what the values of the latter are."""


def guess(frame: "pd.DataFrame", source: str, given: Mapping[str, str]) -> RawLog:
    """A table with its formulas, of all names that are not `given`; without method and seed, where no column tells.

    Raises LogError, one line with the words to add, where the error or the cost cannot be told.
    """
    table = NamedColumns(frame, source, given)
    formulas, units = _names(table, given), {}
    bounded = False
    notes: list[str] = []
    if "cost" not in given:
        formulas["cost"] = cost = find_cost(table)
        units["cost_unit"] = unit_of(cost)
        if "energy" not in given and cost.known and ENERGY & set(tokens(cost.columns[0])):
            formulas["energy"] = cost
            notes.append(f"{joined(cost.columns)} is also taken as the second objective; if there was none: energy=")
    if "val_error" not in given:
        formulas["val_error"], units["error_unit"], bounded, why = val_error(table, formulas.get("cost"))
        notes.append(why)
    if "test_error" not in given:
        formulas["test_error"] = test_error(table)
    told = {name: replace(each, running=False) for name, each in formulas.items() if each.known}  # values tell that
    said = ", ".join(f"{name}={each.in_words}" for name, each in told.items())
    if "cost" in formulas:
        notes += cost_notes(table, formulas)
    guessed = frozenset({*formulas, "order"} - set(given))
    return RawLog(frame, source, formulas, units, bounded, (f"Told by the names of columns: {said}.", *notes), guessed)


def _names(table: NamedColumns, given: Collection[str]) -> dict[str, Formula]:
    """The formulas that are one column by its name, and the configuration."""
    found: dict[str, Formula] = {}
    for target, known in EXACT.items():
        if target not in given:
            names = [name for name in known if _means(table, target, name)]
            surer = [name for name in names if name not in MAYBE_METHODS]
            columns = list(dict.fromkeys(table.plain[name] for name in surer or names))
            if columns:
                found[target] = Formula((columns[0],))
                if target in ("space", "method"):
                    found[target] = _together(table, target, columns)
                elif target == "seed":
                    found[target] = _one_seed(table, columns, found)
    if "config" not in given and "config" not in found:
        parts = table.hyperparameters
        ids = [table.plain[name] for name in IDS if name in table.plain]
        if parts or ids:
            found["config"] = Formula(tuple(parts or ids[:1]))
    return found


def _means(table: NamedColumns, target: str, name: str) -> bool:
    if name not in table.plain:
        return False
    if target == "method" and name in TRAINED_BY:
        values = {value for value in texts(table.frame[table.plain[name]]) if value}
        plain = {value.lower().rpartition(".")[2] for value in values}  # torch.optim.AdamW
        if name == "scheduler":
            plain |= {word for value in values for word in tokens(value)}  # CosineAnnealingLR
        return not plain & TRAINED_BY[name]
    return target != "valid" or not table.has_fractions(table.plain[name])  # then it is a metric of validation data


def _together(table: NamedColumns, target: str, columns: list[str]) -> Formula:
    """Of several columns of one meaning the first; a space and a data set are both needed to name a problem.

    Raises LogError where another tells rows apart that the first does not.
    """
    data = [name for name in columns if "_".join(table.tokens[name][-1:]) == "dataset"]
    if target == "space" and len(columns) == 2 and data:
        return Formula(tuple(columns))  # another file may hold the same space with another data set
    finer = [name for name in columns[1:] if _groups(table, [columns[0], name]) > _groups(table, columns[:1])]
    if not finer:
        return Formula((columns[0],))
    what = f"which of them is the {target}; more than one varies"
    suggested = [f"{target}={columns[0]}+{finer[0]}", f"{target}={columns[0]}"]
    raise table.unclear(target, what, [columns[0], *finer], suggested)


def _one_seed(table: NamedColumns, columns: list[str], found: dict[str, Formula]) -> Formula:
    """The first column that varies within a method, and not with every row where another does not; raises LogError
    where another one splits the rows differently, because a training has a seed too."""
    count = len(table.frame)
    columns = [name for name in columns if count == 1 or _groups(table, [name]) < count] or columns
    named = [name for target in ("space", "method") if target in found for name in found[target].columns]
    varying = [name for name in columns if _groups(table, [*named, name]) > _groups(table, named)] or columns
    varying = [name for name in varying if "_".join(table.tokens[name]) not in MAYBE_SEEDS] or varying
    first, count = varying[0], _groups(table, [*named, varying[0]])
    for name in varying[1:]:
        if not count == _groups(table, [*named, name]) == _groups(table, [*named, first, name]):
            what = "which of them tells the searches of a method apart, and which is a training's own"
            raise table.unclear("seed", what, [first, name], [f"seed={first}", f"seed={name}"])
    return Formula((first,))


def _groups(table: NamedColumns, columns: Sequence[str]) -> int:
    """How many different combinations of values there are."""
    import pandas as pd

    written = {str(place): texts(table.frame[name]) for place, name in enumerate(columns)}
    return len(pd.DataFrame(written).drop_duplicates()) if written else 1
