"""Whether a column that no formula reads tells methods apart, where the names of files are all that names them."""

from collections.abc import Sequence

from fairwatt.audit.column_map import joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import SEARCH
from fairwatt.audit.raw_log import RawLog, texts
from fairwatt.audit.settings import is_random_search
from fairwatt.audit.unused_columns import is_number, unused
from fairwatt.audit.value_blocks import blocks
from fairwatt.audit.vocabulary import (
    LABELS,
    MOST_METHODS,
    PREFIXES,
    STUDIES,
    TELLING,
    TRIAL_NAMES,
    tokens,
)


def check_method(raws: Sequence[RawLog], form: str) -> None:
    """Raises LogError where the rows of tables come in blocks of equal values of a column, which nothing reads.

    raws: with their formulas, of which the method is the name of a file. Hyperparameters change from row to row. Where
    the names of files tell several methods, these are it, unless each file has all of the same values; form: of
    --files, for these.
    """
    tables = [raw for raw in raws if raw.guessed]  # others are of a tool's own format
    called = sorted({raw.formulas["method"].in_words for raw in tables})
    if not called:
        return
    told = [set(_telling(raw)) for raw in tables]
    if len(called) > 1:
        shared = set.intersection(*told)
        told = [{name for name in shared if len({_values(raw, name) for raw in tables}) == 1}]
    for raw, found in zip(tables, told, strict=False):
        names = [name for name in unused(raw) if name in found]
        if names:
            asked = " or ".join(option(f"method={joined((name,))}") for name in names)
            what = f"if all is one method: {option(f'method={called[0]}')}"
            if len(called) > 1:
                spaces = " or ".join(option(f"space={joined((name,))}") for name in names)
                what = f'if files are methods: --files "{form}", with {spaces} where these are problems'
            raise LogError(
                f"{raw.source}: method: no column is called so, and {' or '.join(names)} may tell methods apart; add "
                f"{asked}, or, {what}"
            )


def _telling(raw: RawLog) -> list[str]:
    return [name for name in unused(raw) if _may_tell(raw, name)]


def _values(raw: RawLog, name: str) -> frozenset[str | None]:
    return frozenset(texts(raw.frame[name]))


def _may_tell(raw: RawLog, name: str) -> bool:
    """Whether a column has few values, each of them in one piece within the rest of a search's name, or random search
    is one of them and takes turns with the others."""
    words = tokens(name)
    study = bool(words) and words[0] in STUDIES and {*words[1:]} <= {"name", "id"}
    if not words or (words[-1] in LABELS and not study) or "_".join(words) in TRIAL_NAMES or PREFIXES.match(name):
        return False
    column = raw.frame[name]
    number = is_number(column) and not TELLING["method"] & set(words)
    if number or column.dtype == bool or column.isna().any():
        return False
    kinds = len(_values(raw, name))
    if not 2 <= kinds <= MOST_METHODS:
        return False
    found = blocks(raw.frame, [name], raw.columns_of(*SEARCH))
    if not found.are_long:
        return False
    named = any(is_random_search(value or "") for value in _values(raw, name))
    return found.are_whole or (named and bool((found.values[kinds:] == found.values[:-kinds]).all()))
