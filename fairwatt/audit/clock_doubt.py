"""Whether a running total goes on from one search to the next, as a clock or a meter does."""

from dataclasses import replace
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.trial_total import LONG

if TYPE_CHECKING:
    import pandas as pd

AHEAD, BEGINNING = 10.0, 0.5
"""Times the median step from which a first total holds more than its request, and share of such searches."""
METHOD = ["space", "method"]


def check_beginnings(told: "pd.DataFrame", raw: RawLog) -> None:
    """Raises LogError where first totals hold more than their requests: in half of all searches, or of those of one
    method, or in one that begins beyond where another of the method, of LONG requests or more, ended.

    told: rows of `doubts.together` with a cost, which falls in no search.
    """
    searches = told.groupby("search")
    steps = searches["cost"].diff().groupby(told["search"])
    first, last = searches["cost"].first(), searches["cost"].last()
    jumps = (first > AHEAD * steps.median()) & (first > 2 * steps.max())
    rising = last > first
    ended = rising & (searches.size() >= LONG) & searches["valid"].any()  # one that failed at once ends early
    named = searches[METHOD].first()
    beyond = rising & (first >= named.assign(end=last.where(ended)).groupby(METHOD)["end"].transform("min"))
    ahead = jumps | beyond
    methods = ahead.groupby([named[name] for name in METHOD])
    mostly = (methods.mean() >= BEGINNING) & (methods.sum() > 1)
    if ahead.mean() < BEGINNING and not mostly.any() and not (jumps & beyond).any():
        return
    formula = replace(raw.formulas["cost"], running=False)
    column = formula.columns[0]
    total = option(f"cost={replace(formula, running=True).in_words}")
    names = sorted(set(named["method"][ahead]))
    whose = f" of {names[0]}" if len(names) == 1 < named["method"].nunique() else ""
    raise LogError(
        f"{raw.source}: cost: {column} may go on from one search{whose} to the next, as a clock or a meter does, for "
        f"{int(ahead.sum())} of {len(ahead)} searches begin far above 0: its differences would charge the first "
        f"request of a search everything before it; write a total of each search, or count evaluations: "
        f"{option('cost=')}; if it is a total that begins with each search, add {total}, if it is what each request "
        f"took: {option(f'cost={formula.in_words}')}"
    )
