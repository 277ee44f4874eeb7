"""What each method asked for and paid, how its incumbents were measured, and what its number of searches can show."""

from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.protocol import LEVEL, MIN_SEEDS
from fairwatt.audit.account import SEARCH, repeated
from fairwatt.audit.contrast import attainable_p, detectable_a12
from fairwatt.audit.log import Log

if TYPE_CHECKING:
    import pandas as pd

_FEW = 6  # fidelities that are listed one by one


def spend_table(log: Log) -> "pd.DataFrame":
    """One row for each space and method, over its searches.

    Columns: space, method, searches, proposals_min, proposals_median, proposals_max, cost_mean, cost_min, cost_max (a
    search, in the log's unit), invalid (share of a search's proposals, mean over searches), repeats (share of its valid
    ones whose configuration it had asked for at the same fidelity, mean), distinct (configurations, all searches
    together), modal (share of the commonest configuration among all valid requests), fidelities (share of valid
    requests at each). NaN where the log has no configurations.
    """
    import pandas as pd

    frame = log.frame.assign(again=repeated(log.frame))
    rows = []
    for (space, method), group in frame.groupby(["space", "method"], sort=True):
        by_search = group.groupby("seed")
        proposals, cost, valid = by_search.size(), by_search["cost"].sum(), group[group["valid"]]
        known = valid["config"].notna()
        counts = valid["config"].value_counts()
        rows.append(
            {
                "space": space,
                "method": method,
                "searches": len(proposals),
                "proposals_min": int(proposals.min()),
                "proposals_median": float(proposals.median()),
                "proposals_max": int(proposals.max()),
                "cost_mean": float(cost.mean()),
                "cost_min": float(cost.min()),
                "cost_max": float(cost.max()),
                "invalid": 1.0 - float(by_search["valid"].mean().mean()),
                "repeats": float(valid[known].groupby("seed")["again"].mean().mean()) if known.any() else np.nan,
                "distinct": len(counts) if known.any() else np.nan,
                "modal": float(counts.iloc[0] / known.sum()) if known.any() else np.nan,
                "fidelities": _shares(valid["fidelity"]),
            }
        )
    return pd.DataFrame(rows)


def incumbent_table(log: Log) -> "pd.DataFrame":
    """One row for each space and method: the fidelity of what a search would report as its best.

    Columns: space, method, searches, low (share whose lowest validation error was measured below the space's highest
    fidelity; NaN where no search has a valid request), without (share with no valid request at the highest fidelity),
    differs (share in which the best at the highest fidelity is another configuration; NaN without configurations),
    optimism (mean validation error of the best at the highest fidelity, minus that of the best at any), test_error_any
    and test_error_full (mean recorded test errors of the two picks; NaN where the log has none).
    """
    import pandas as pd

    rows = []
    for space, there in log.frame[log.frame["valid"]].groupby("space", sort=True):
        top = there["fidelity"].max()  # NaN where there is only one
        searches = log.frame[log.frame["space"] == space].groupby("method")["seed"].nunique()
        for method in sorted(searches.index):
            group = there[there["method"] == method]
            best = group.loc[group.groupby("seed")["val_error"].idxmin()].set_index("seed")
            final = group if np.isnan(top) else group[group["fidelity"] == top]
            final = final.loc[final.groupby("seed")["val_error"].idxmin()].set_index("seed")
            both = best.join(final.add_suffix("_full"), how="inner")
            known = both["config"].notna() & both["config_full"].notna()
            rows.append(
                {
                    "space": space,
                    "method": method,
                    "searches": int(searches[method]),
                    "low": float((best["fidelity"] < top).mean()),
                    "without": 1.0 - len(final) / int(searches[method]),
                    "differs": float((both["config"] != both["config_full"])[known].mean()) if known.any() else np.nan,
                    "optimism": float((both["val_error_full"] - both["val_error"]).mean()) if len(both) else np.nan,
                    "test_error_any": float(both["test_error"].mean()) if len(both) else np.nan,
                    "test_error_full": float(both["test_error_full"].mean()) if len(both) else np.nan,
                }
            )
    return pd.DataFrame(rows)


def seed_table(log: Log, pairs: list[tuple[str, str, str]], family: int) -> "pd.DataFrame":
    """One row for each (space, arm, reference): what so many searches can show.

    family: tests that Holm adjusts for. Columns: space, arm, reference, searches, reference_searches, shared (names of
    seeds that both have), attainable_p (of an exact Mann-Whitney test without ties), attainable_holm, detectable_a12
    (NaN where none is: attainable_holm is not below .05), gate (whether both sides have 20 searches).
    """
    import pandas as pd

    seeds = log.frame.groupby(SEARCH[:2])["seed"].unique()
    rows = []
    for space, arm, reference in pairs:
        mine, other = set(seeds[space, arm]), set(seeds[space, reference])
        smallest = attainable_p(len(mine), len(other))
        never = smallest * family >= LEVEL
        rows.append(
            {
                "space": space,
                "arm": arm,
                "reference": reference,
                "searches": len(mine),
                "reference_searches": len(other),
                "shared": len(mine & other),
                "attainable_p": smallest,
                "attainable_holm": min(smallest * family, 1.0),
                "detectable_a12": np.nan if never else detectable_a12(len(mine), len(other)),
                "gate": min(len(mine), len(other)) >= MIN_SEEDS,
            }
        )
    return pd.DataFrame(rows)


def _shares(fidelity: "pd.Series[float]") -> str:
    known = fidelity.dropna()
    if known.empty:
        return "one"
    shares = known.value_counts(normalize=True).sort_index()
    if len(shares) > _FEW:
        return f"{len(shares)} from {shares.index[0]:g} to {shares.index[-1]:g}"
    return ", ".join(f"{level:g}: {share:.0%}" for level, share in shares.items())
