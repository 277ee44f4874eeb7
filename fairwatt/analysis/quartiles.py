"""Indicators at the end of the books, summed up over seeds."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["arm", "budget"]


def quartiles(finals: "pd.DataFrame") -> "pd.DataFrame":
    """Of one row for each arm, seed and budget (`Comparison.finals`): one for each arm and budget, in their order.

    Columns: arm, budget, seeds, and of each indicator NAME (median), NAME_q25, NAME_q75; NaN where no seed has it.
    """
    import pandas as pd

    groups = finals.groupby(_KEYS, sort=False)
    columns = {"seeds": groups["seed"].count()}
    for indicator in finals.columns.drop([*_KEYS, "seed"]):
        for suffix, share in (("", 0.5), ("_q25", 0.25), ("_q75", 0.75)):
            columns[f"{indicator}{suffix}"] = groups[indicator].quantile(share)
    return pd.DataFrame(columns).reset_index()
