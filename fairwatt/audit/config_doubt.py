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
FAR = 3
"""How many times more rows are unlike across searches than within one, where noise is not all that differs."""


def begins_again(frame: "pd.DataFrame") -> bool:
    """Whether configurations are numbered anew in each search: a number is one configuration within a search only.

    frame: as `doubts.together` makes it.
    """
    across = float(_unlike(frame, ["space", "config", "fidelity"]).mean())
    if not across > FAR * float(_unlike(frame, ["search", "config", "fidelity"]).mean()):
        return False
    first = frame.drop_duplicates(["search", "config"])
    first = first.assign(number=_places(first))
    if first["number"].isna().any():
        return False
    rises = ~(first.groupby("search")["number"].diff() < 0).groupby(first["search"]).any()
    long = first.groupby("search").size() >= AGAIN
    return bool(long.any()) and float(rises[long].mean()) >= BEGUN


def _places(first: "pd.DataFrame") -> "pd.Series[float]":
    """[rows] configurations as numbers: their own, or of those that are none, where they first come in a search in the
    mean; NaN where a text is in one search only, so that nothing can be said. first: their first rows by search."""
    import pandas as pd

    number = pd.to_numeric(first["config"], errors="coerce")
    if not number.isna().any():
        return number
    config = first["config"]
    often = config.map(config.value_counts())
    if first["search"].nunique() < 2 or float((often > 1).mean()) < BEGUN:
        return pd.Series(float("nan"), index=first.index)
    return first.groupby("search").cumcount().groupby(config).transform("mean").astype(float)


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
