"""Which columns of a table are the validation and the test error, told by their names and the range of their values."""

from collections.abc import Callable

import numpy as np

from fairwatt.audit.column_map import Formula
from fairwatt.audit.log import LogError
from fairwatt.audit.named_columns import NamedColumns
from fairwatt.audit.vocabulary import (
    ACCURACY,
    BEST,
    ENERGY,
    ERROR,
    LABELS,
    LOSS,
    MONEY,
    NEUTRAL,
    NOT_VALIDATION,
    PERCENT,
    QUALITIES,
    RANKS,
    SIZES,
    TIME,
    TURNED,
    VALIDATION,
    WRITTEN_OUT,
)


def val_error(table: NamedColumns, cost: Formula | None) -> tuple[Formula, str, bool, str]:
    """Formula, unit, whether an error rate, and why. Raises LogError."""
    taken = set(cost.columns) if cost else set()
    metric = ACCURACY | ERROR
    tiers: tuple[Callable[[set[str]], bool], ...] = (
        lambda w: bool(w & VALIDATION) and bool(w & metric) and w <= VALIDATION | metric | PERCENT | {"rate"},
        lambda w: bool(w & VALIDATION) and bool(w & metric),
        lambda w: bool(w & VALIDATION) and bool(w & (LOSS | NEUTRAL)),
        lambda w: bool(w & metric) and not w & NOT_VALIDATION,
        lambda w: bool(w & LOSS) and not w & NOT_VALIDATION,
        lambda w: w <= NEUTRAL,
        lambda w: w == {"cost"},
    )
    hyperparameters = set(table.hyperparameters)
    plainest_first: tuple[Callable[[str], bool], ...] = (
        lambda name: _is_plain(table, name),
        lambda name: not _is_turned(table, name),
        lambda name: True,
    )
    for is_meant in plainest_first:
        for tier in tiers:
            found = [
                name
                for name, words in table.tokens.items()
                if words and is_meant(name) and tier(set(words) - BEST) and name not in taken | hyperparameters
            ]
            if len(found) > 1:
                raise table.unclear("val_error", "which of them searches selected by", found, _both(table, found[0]))
            if found:
                return _directed(table, found[0])
    unknown = [name for name in table.names if name not in taken | hyperparameters and _may_be_validation(table, name)]
    if unknown:
        words = f"whether a high {unknown[0]} is good" if len(unknown) == 1 else "which of them searches selected by"
        asked = [each for name in unknown for each in _both(table, name)]
        raise table.unclear("val_error", words, unknown, asked)
    test = [name for name, words in table.tokens.items() if "test" in words and set(words) & (metric | LOSS)]
    if test:
        words = f"what searches selected by: only {test[0]} is there, and if it was that, it is no sealed test"
        raise table.unclear("val_error", words, test, _both(table, test[0]))
    free = [name for name in table.names if name not in taken | hyperparameters and table.has_fractions(name)]
    objectives = [name for name in free if _is_numbered(table, name)]
    found = objectives or [name for name in free if _is_quality(table, name)]
    asked = [each for name in found for each in _both(table, name)] or ["val_error=1-COLUMN"]
    if len(objectives) == 2:
        asked.append(f"val_error={objectives[0]}, energy={objectives[1]}")
    raise table.unclear("val_error", "the error or accuracy that searches selected by", found, asked)


def test_error(table: NamedColumns) -> Formula:
    """Of the one column that is an accuracy or error on test data; nothing where there is none, or several."""
    metrics = [n for n, words in table.tokens.items() if "test" in words and set(words) & (ACCURACY | ERROR)]
    found = [n for n in metrics if _is_plain(table, n) and not _is_twofold(table, n)]
    exact = [n for n in found if set(table.tokens[n]) <= {"test", "rate"} | ACCURACY | ERROR | PERCENT]
    chosen = exact if len(exact) == 1 else found
    return _directed(table, chosen[0], "test_error")[0] if len(chosen) == 1 else Formula()


def _directed(table: NamedColumns, column: str, target: str = "val_error") -> tuple[Formula, str, bool, str]:
    """A metric by its name's direction and its values' range: fraction, percent or neither."""
    words = set(table.tokens[column])
    values = table.values(column)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if _is_turned(table, column) or _is_twofold(table, column):
        raise table.unclear(target, f"whether a high {column} is good", [column], _either(column, target))
    if words & (ERROR | LOSS) and len(values) and low < 0 and high <= 0:
        what = f"whether {column}, which is never above 0, has its sign turned"
        raise table.unclear(target, what, [column], _either(column, target))
    words -= RANKS if words & (ERROR | LOSS) else set()
    percent = bool(words & PERCENT) or (1.5 < high <= 100 and low >= 0)
    fits = low >= 0 and high <= (100 if percent else 1)
    span = f"{column} lies in {low:.4g} to {high:.4g}"
    scale = 0.01 if percent else 1.0
    if words & ACCURACY:
        if not fits:
            raise table.unclear(target, f"what {span} means", [column], [f"{target}=-{column}"])
        made = Formula((column,), offset=1.0, scale=-scale)
        kind = "an accuracy in percent" if percent else "an accuracy"
        return made, "1 - accuracy", True, f"{span}, {kind}: the error is {made.in_words}."
    if words & ERROR and fits:
        made = Formula((column,), scale=scale)
        kind = "an error rate in percent" if percent else "an error rate"
        return made, "error rate", True, f"{span}, {kind} by its name and range: lower is better."
    if words & (ERROR | LOSS | {"cost"}):
        return Formula((column,)), column, False, f"{span}, lower is better by its name."
    raise table.unclear(target, f"whether a high {column} is good", [column], _both(table, column, target))


def _may_be_validation(table: NamedColumns, name: str) -> bool:
    """Whether a column says it is of validation data, and is no cost: a metric whose direction nobody knows."""
    words = set(table.tokens[name])
    if not words & VALIDATION or words & (TIME | ENERGY | SIZES | MONEY | LABELS):
        return False
    if "valid" in words or words <= VALIDATION:  # may say how a request ended
        return table.has_fractions(name)
    try:
        return bool(np.isfinite(table.values(name)).any())
    except LogError:
        return False


def _is_numbered(table: NamedColumns, name: str) -> bool:
    """Whether a column is one of several objectives, such as values_0."""
    words = table.tokens[name]
    return len(words) == 2 and words[0].removesuffix("s") in NEUTRAL and words[1].isdecimal()


def _is_quality(table: NamedColumns, name: str) -> bool:
    """Whether a column is a metric whose direction may be another, such as mIoU."""
    words = table.tokens[name]
    return bool(QUALITIES & {*words, "".join(words)}) and not NOT_VALIDATION & set(words)


def _is_turned(table: NamedColumns, name: str) -> bool:
    """Whether a name is a metric's with a sign, a difference, or a spread of one: good may be low or high."""
    return bool(TURNED & set(table.tokens[name]) or WRITTEN_OUT.match(name))


def _is_plain(table: NamedColumns, name: str) -> bool:
    return not _is_turned(table, name) and not BEST & set(table.tokens[name])


def _is_twofold(table: NamedColumns, column: str) -> bool:
    """Whether a name is an accuracy's and an error's at once, such as acc_loss; top1_error is an error."""
    words = set(table.tokens[column])
    return bool(words & (ERROR | LOSS) and words & (ACCURACY - RANKS))


def _either(column: str, target: str) -> list[str]:
    return [f"{target}={column}", f"{target}=-{column}"]


def _both(table: NamedColumns, column: str, target: str = "val_error") -> list[str]:
    """An error as it is, and an accuracy's way."""
    values = table.values(column)
    high, low = np.nanmax(values, initial=0.0), np.nanmin(values, initial=0.0)
    percent = "/100" if 1.5 < high <= 100 and low >= 0 else ""
    words = set(table.tokens[column])
    if not words & ACCURACY and (high > 100 or low < 0):
        return _either(column, target)
    accuracy, error = f"{target}=1-{column}{percent}", f"{target}={column}{percent}"
    if words & ACCURACY:
        return [accuracy]
    return [error] if words & (ERROR | LOSS) else [error, accuracy]
