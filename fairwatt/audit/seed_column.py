"""Whether a column that no formula reads tells the searches of a method apart, where nothing is called their seed."""

from collections.abc import Sequence

import numpy as np

from fairwatt.audit.column_map import Formula, joined, option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.unused_columns import NO_SETTING, keys, unused
from fairwatt.audit.value_blocks import blocks
from fairwatt.audit.vocabulary import NOT_VALIDATION, PREFIXES, TELLING, VALIDATION, tokens

METHOD = ("space", "method")
MOST = 50
"""Searches of a method, at most, from which on blocks are rather trainings with a row for each epoch."""
OF_TRAININGS = NOT_VALIDATION | VALIDATION | NO_SETTING | {"data", "split", "init", "model"}
"""Words of a seed that is no search's, and of what a run took or came to."""


def check_seed_column(raws: Sequence[RawLog]) -> None:
    """Raises LogError where the rows of a method come in blocks of equal values of a column whose name speaks of seeds
    or runs, such as run_name; each block may be a search.

    raws: tables whose seed nothing tells, with their other formulas.
    """
    for raw in raws:
        found = [name for name in unused(raw) if _may_tell(raw, name)]
        if found:
            asked = " or ".join(option(f"seed={joined((name,))}") for name in found)
            raise LogError(
                f"{raw.source}: seed: nothing else tells the searches of a method apart, and {' or '.join(found)} may; "
                f"add {asked}, or, if each method is one search: {option('seed=')}"
            )


def _may_tell(raw: RawLog, name: str) -> bool:
    """Whether a column has several values for a method, each of them in one piece."""
    words = set(tokens(name))
    if not words & TELLING["seed"] or words & OF_TRAININGS or PREFIXES.match(name) or raw.frame[name].isna().any():
        return False
    found, methods = blocks(raw.frame, [name], raw.columns_of(*METHOD)), _methods(raw)
    return methods < found.kinds <= MOST * methods and found.are_whole and found.are_long


def is_constant(raw: RawLog) -> bool:
    """Whether each method has one seed, of those that a column tells."""
    seeds = raw.formulas.get("seed", Formula()).columns
    return bool(seeds) and blocks(raw.frame, seeds[:1], raw.columns_of(*METHOD)).kinds == _methods(raw)


def _methods(raw: RawLog) -> int:
    return len(np.unique(keys(raw.frame, raw.columns_of(*METHOD))))
