"""Indicators at the end of the books, summed up over seeds."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["arm", "budget"]


def quartiles(finals: "pd.DataFrame") -> "pd.DataFrame":
    """Of one row for each arm, seed and budget (`Comparison.finals`): one for each arm and budget, in their order.

    Columns: arm, budget, seeds, and of each indicator NAME (median), NAME_q25, NAME_q75; NaN where no seed has it,
    infinite where a quartile lies beyond the seeds that found a front.
    """
    import pandas as pd

    groups = finals.groupby(_KEYS, sort=False)
    columns = {"seeds": groups["seed"].count()}
    for indicator in finals.columns.drop([*_KEYS, "seed"]):
        for suffix, share in (("", 0.5), ("_q25", 0.25), ("_q75", 0.75)):
            between = groups[indicator].quantile(share)
            lower = groups[indicator].quantile(share, interpolation="lower")
            columns[f"{indicator}{suffix}"] = between.fillna(lower)  # between two infinite ones there is none
    return pd.DataFrame(columns).reset_index()
