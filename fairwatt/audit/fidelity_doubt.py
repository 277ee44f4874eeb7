"""Whether what was guessed to be the fidelity only counts requests, or varies as a hyperparameter does.

What trains longer in a multi-fidelity search was mostly trained shorter before; in a counter nothing comes twice. The
order of rows decides only where values recur, since one row out of order must not make a fidelity of a counter.
"""

from typing import TYPE_CHECKING

from fairwatt.audit.column_map import joined, option
from fairwatt.audit.log import LogError

if TYPE_CHECKING:
    import pandas as pd

LONG, SOME = 8, 4
"""Requests of a search from which one is enough to ask, and from which all together are."""
ONCE = 0.9
"""Share of requests of a search at a value of their own from which a column counts."""
PROMOTED = 0.9
"""Share of the longer trainings of a multi-fidelity search whose configuration had a shorter one before."""
SWAPPED, RARELY = 0.05, 0.2
"""Share of steps that may fall in a counter whose rows are not quite in order, and of promotions that chance makes."""
WITHOUT, LEVELS, AT_TOP = 0.25, 10, 0.05
"""Searches without the highest fidelity; levels, and requests at the highest of them, that speak for a tuned length."""
ENOUGH = 20
RUNGS, EVENLY, OFTENER, MIXED = (3, 6), 1.15, 2.0, 0.6
"""How many levels brackets have, how far their ratios may differ, how much oftener the lowest comes, and how many of
the changes of level that chance makes, at most: a level is trained through before the next, a tuned length is not."""


def check_fidelity(frame: "pd.DataFrame", column: str, source: str) -> None:
    """Raises LogError where a column may count, or be no fidelity.

    frame: as `doubts.together` makes it, of all sources that call the fidelity so.
    """
    told = frame[frame["fidelity"].notna()]
    levels = told.groupby("search")["fidelity"].transform("nunique")
    told = told.assign(promoted=_promoted(told), levels=levels)
    why = _counts(told) or _is_tuned(told[told["valid"]])
    if why:
        words = joined((column,))
        raise LogError(
            f"{source}: fidelity: {column} {why}; if it is how long a request trained, add "
            f'{option(f"fidelity={words}")}, if not: --columns "fidelity="'
        )


def _counts(told: "pd.DataFrame") -> str:
    """Why the column may count, or nothing."""
    varied = told[told["levels"] > 1]
    searches = varied.groupby("search")
    rows = searches.size()
    if rows.empty:
        return ""
    low, kinds = searches["fidelity"].min(), searches["fidelity"].nunique()
    ordered = varied.sort_values(["search", "fidelity"])
    gaps = ordered.groupby("search")["fidelity"].diff().round(9).groupby(ordered["search"]).nunique()
    dense = (kinds == rows) & (gaps == 1) & (rows >= SOME)
    alone = ~varied.duplicated(["search", "fidelity"], keep=False)
    once = (alone.groupby(varied["search"]).mean() >= ONCE) & (rows >= LONG) & (searches["promoted"].mean() < PROMOTED)
    numbers = (once | dense) & ~_of_one(varied)
    if numbers.all() or (numbers & (rows >= LONG)).any():
        return "has a value of its own in nearly each row of a search, so it may only count"
    longer = (varied["fidelity"] > varied["search"].map(low)).groupby(varied["search"]).sum()
    step = searches["fidelity"].rank(method="dense").groupby(varied["search"]).diff()
    falls, least = (step < 0).groupby(varied["search"]).mean(), step.groupby(varied["search"]).min()
    nearly = (falls <= SWAPPED) & (least >= -1) & (kinds >= SOME)  # rows swapped, no bracket that begins anew
    for steady, share in ((falls == 0, PROMOTED), (nearly, RARELY)):
        promoted = searches["promoted"].sum()[steady].sum()
        some = steady.all() or (steady & (rows >= LONG)).sum() > SWAPPED * len(rows)
        if some and promoted < share * longer[steady].sum():
            known = told["config"].notna().any() or credible(told)
            twice = "and is rarely there twice for a configuration" if known else "and no column names configurations"
            return f"hardly ever falls within a search {twice}, so it may only count"
    return ""


def _is_tuned(told: "pd.DataFrame") -> str:
    """Why the column may be a hyperparameter, or what early stopping left, or nothing."""
    top = told.groupby("space")["fidelity"].transform("max")
    best = told["fidelity"] == top
    has = best.groupby(told["search"]).any()
    if (~has).sum() > WITHOUT * len(has):
        return (
            f"reaches its highest value in {int(has.sum())} of {len(has)} searches only, the others hold no incumbent"
        )
    varied = told[told["levels"] > 1]
    if varied.empty:
        return ""
    kinds, share = told["fidelity"].nunique(), float(best.mean())
    if kinds > LEVELS and share < AT_TOP and varied["promoted"].mean() < 0.5:
        return f"has {kinds} values and {share:.1%} of requests at the highest, so it may be tuned, or stopped early"
    revisited = any(_revisits(varied, name) for name in ("config", "trial") if varied[name].notna().any())
    known = varied["config"].notna().mean() > 0.5 or credible(varied)
    unseen = known and not revisited and not _revisits(varied, "settings")
    if unseen and len(varied) >= ENOUGH and not _in_brackets(varied):
        return "has no configuration at two of its values, so it may be a hyperparameter, or what early stopping left"
    return ""


def _in_brackets(varied: "pd.DataFrame") -> bool:
    """Whether levels are of one ratio, the lower ones come oftener, and one after the other, as those of brackets whose
    promotions are not told: configurations of one level are recombined for the next."""
    counts = varied["fidelity"].value_counts().sort_index()
    if not RUNGS[0] <= len(counts) <= RUNGS[1] or not counts.index[0] > 0:
        return False
    levels = counts.index.to_series()
    ratios = (levels / levels.shift()).dropna()
    if ratios.max() > EVENLY * ratios.min() or counts.iloc[0] < OFTENER * counts.iloc[-1]:
        return False
    step = varied.groupby("search")["fidelity"].diff().dropna()
    changes = 1 - float(((counts / counts.sum()) ** 2).sum())
    return float((step != 0).mean()) <= MIXED * changes


def credible(frame: "pd.DataFrame") -> bool:
    """Whether settings tell configurations apart: they differ within searches, mostly at one fidelity too."""
    if (frame.groupby("search")["settings"].nunique() > 1).mean() < 0.5:
        return False
    return float(frame.duplicated(["search", "fidelity", "settings"]).mean()) <= 1 - PROMOTED


def _promoted(told: "pd.DataFrame") -> "pd.Series[bool]":
    """[rows] whether the same configuration, trial or settings were there at a lower value in the search."""
    found = told["valid"] & False
    for name in ("config", "trial", *["settings"] * credible(told)):
        found |= told.groupby(["search", name])["fidelity"].transform("min") < told["fidelity"]
    return found


def _revisits(varied: "pd.DataFrame", name: str) -> bool:
    return bool((varied.groupby(["search", name])["fidelity"].nunique() > 1).any())


def _of_one(varied: "pd.DataFrame") -> "pd.Series[bool]":
    """By search, whether it is that of one configuration or trial, reported as its training goes on."""
    kinds = varied.groupby("search")[["config", "trial"]].nunique()
    return (kinds == 1).any(axis=1)
