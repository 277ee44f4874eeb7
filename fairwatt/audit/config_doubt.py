"""Whether equal values of what was guessed to be the configuration are equal configurations.

Trainings are noisy, so errors that differ alone say nothing: something else must differ with them.
"""

from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula, joined
from fairwatt.audit.fidelity_doubt import credible
from fairwatt.audit.vocabulary import WHOLE_CONFIGS, tokens

if TYPE_CHECKING:
    import pandas as pd

EXPLAINED = 0.5
"""Share of rows with unlike errors that other columns tell apart."""
BEGUN, AGAIN = 0.9, 5
"""Share of searches in which new numbers rise, and how many numbers there are, of a counter of configurations; and
share of what else holds of nearly all."""
FAR = 3
"""How many times more rows are unlike across searches than within one, where noise is not all that differs."""
COMMON, CHANCE = 0.5, 1e-3
"""Share of the variance of errors that equal names make, from which these are alike, and its probability without."""


def begins_again(frame: "pd.DataFrame") -> bool:
    """Whether configurations are numbered anew in each search: a number is one configuration within a search only.

    frame: as `doubts.together` makes it.
    """
    across = float(_unlike(frame, ["space", "config", "fidelity"]).mean())
    if not across > FAR * float(_unlike(frame, ["search", "config", "fidelity"]).mean()):
        return False
    first = frame.drop_duplicates(["search", "config"])
    first = first.assign(number=_places(first))
    if first["number"].isna().any() or _has_one_setting(first) or alike(frame, "config"):
        return False
    searches = first.groupby("search")["number"]
    rises = ~(searches.diff() < 0).groupby(first["search"]).any()
    whole = searches.max() - searches.min() < 2 * searches.nunique()  # a counter has few gaps
    long = searches.size() >= AGAIN
    return bool(long.any()) and float((rises & whole)[long].mean()) >= BEGUN


def alike(frame: "pd.DataFrame", name: str) -> bool:
    """Whether errors of equal values of `name` have something in common in different searches of a method.

    Searches may begin with the same ones, so later halves are looked at. Errors get better in the course of a search,
    and differ with the fidelity: so each is taken against its neighbours of the same fidelity, and as a rank. Then an
    analysis of variance: values make half of it, and hardly by chance.
    """
    from scipy import stats

    told = frame[frame["valid"] & frame[name].notna()].drop_duplicates(["search", name])
    number, count = told.groupby("search").cumcount(), told.groupby("search")[name].transform("size")
    told = told.assign(late=2 * number >= count)
    place = number.groupby([told["space"], told["method"], told[name]]).transform("mean")
    told = told.assign(place=place).sort_values(["search", "place", name], kind="stable")
    course = told.groupby(["search", told["fidelity"].fillna(0)])
    told = told.assign(before=course[name].shift(), after=course[name].shift(-1))
    told["own"] = told["val_error"] - (course["val_error"].shift() + course["val_error"].shift(-1)) / 2
    value = ["space", "method", "before", name, "after"]
    made = told[told["late"] & told["own"].notna() & told.duplicated(value, keep=False)]
    made = made.assign(rank=made.groupby(["space", "method"])["own"].rank(pct=True))
    values = made.groupby(value)["rank"]
    kinds, rows = values.ngroups, len(made)
    if kinds < AGAIN - 2:
        return False
    means = values.transform("mean")
    between = float(((means - made["rank"].mean()) ** 2).sum()) / (kinds - 1)
    within = float(((made["rank"] - means) ** 2).sum()) / (rows - kinds)
    share = (between - within) / (between + (rows / kinds - 1) * within or 1)
    return share >= COMMON and (within == 0 or float(stats.f.sf(between / within, kinds - 1, rows - kinds)) < CHANCE)


def _has_one_setting(first: "pd.DataFrame") -> bool:
    """Whether hyperparameters, where they tell configurations apart, are the same wherever a name is."""
    several = first[first.duplicated(["space", "method", "config"], keep=False)]
    if several.empty or not credible(first):
        return False
    return float((several.groupby(["space", "method", "config"])["settings"].nunique() == 1).mean()) >= BEGUN


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
