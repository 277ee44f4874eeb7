"""Whether equal values of what was guessed to be the configuration are equal configurations.

Trainings are noisy, so errors that differ alone say nothing: something else must differ with them.
"""

from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula, joined
from fairwatt.audit.vocabulary import WHOLE_CONFIGS, tokens

if TYPE_CHECKING:
    import pandas as pd

EXPLAINED = 0.5
"""Share of rows with unlike errors that other columns tell apart."""
BEGUN, AGAIN = 0.9, 5
"""Share of searches in which new numbers rise, and how many numbers there are, of a counter of configurations."""


def begins_again(frame: "pd.DataFrame") -> bool:
    """Whether configurations are numbered anew in each search: a number is one configuration within a search only.

    frame: as `doubts.together` makes it.
    """
    import pandas as pd

    number = pd.to_numeric(frame["config"], errors="coerce")
    if number.isna().any() or _unlike(frame, ["search", "config", "fidelity"]).any():
        return False
    first = frame.assign(number=number).drop_duplicates(["search", "config"])
    rises = ~(first.groupby("search")["number"].diff() < 0).groupby(first["search"]).any()
    long = first.groupby("search").size() >= AGAIN
    if not long.any() or rises[long].mean() < BEGUN:
        return False
    return bool(_unlike(frame, ["space", "config", "fidelity"]).any())


def is_partial(frame: "pd.DataFrame", column: str) -> bool:
    """Whether other columns tell apart what equal values with unlike errors have in common."""
    if "_".join(tokens(column)) in WHOLE_CONFIGS:
        return False
    same = ["space", "config", "fidelity"]
    before = int(_unlike(frame, same).sum())
    return before > 0 and int(_unlike(frame, [*same, "settings"]).sum()) < EXPLAINED * before


def partial_note(column: str, settings: list[str]) -> str:
    """That a column is no whole configuration, and the words for both meanings."""
    return (
        f"Equal {column} came with different errors, and other columns tell them apart, so it is taken for a part of "
        f"the configuration, which is unknown then; if it is all of it: config={joined((column,))}; if these are: "
        f"config={joined((column, *settings))}."
    )


def again_note(config: Formula) -> str:
    """That a configuration is one within a search only."""
    return (
        f"{config.columns[0]} counts the configurations of each search from the start, with other errors in another "
        f"search, so equal ones are the same within a search only; if they are everywhere: config={config.in_words}."
    )


def _unlike(frame: "pd.DataFrame", same: list[str]) -> "pd.Series[bool]":
    """[rows] whether others of the same have another error."""
    told = frame[frame["valid"] & frame["config"].notna()]
    return told.groupby(same, dropna=False)["val_error"].transform("nunique") > 1
