"""What searches would have emitted: their charged energy times a ladder of carbon intensities. It ranks nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LADDER = (20, 100, 250, 500, 800)
"""g CO2e per kWh: declared, of no place and no time."""


def carbon_table(spend: "pd.DataFrame", pue: float) -> "pd.DataFrame":
    """One row for each arm and budget of a `spend.spend_table`, in its order.

    Columns: arm, budget (granted), searches, energy_kwh (mean charged to a search), pue (that the energies contain),
    co2e_g_at_20 and so on (g, at so many g/kWh).
    """
    frame = spend[["arm", "budget", "seeds", "energy_kwh"]].rename(columns={"seeds": "searches"}).assign(pue=pue)
    return frame.assign(**{f"co2e_g_at_{rung}": frame["energy_kwh"] * rung for rung in LADDER})


def carbon_sums(spends: Mapping[str, "pd.DataFrame"]) -> "pd.DataFrame":
    """One row for each space and, of several, one for all: every search once, up to its largest budget.

    spends: a `spend.spend_table` of each space. Columns: space, searches, sum_kwh, co2e_kg_at_20 and so on (kg, at so
    many g/kWh).
    """
    import pandas as pd

    rows = []
    for space, spend in spends.items():
        largest = spend.loc[spend.groupby("arm")["energy_kwh"].idxmax()]  # what smaller budgets show is part of it
        energies_kwh = largest["energy_kwh"] * largest["seeds"]
        rows.append((space, int(largest["seeds"].sum()), float(energies_kwh.sum())))
    if len(rows) > 1:
        rows.append(("all spaces", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    frame = pd.DataFrame(rows, columns=["space", "searches", "sum_kwh"])
    return frame.assign(**{f"co2e_kg_at_{rung}": frame["sum_kwh"] * rung / 1000 for rung in LADDER})
