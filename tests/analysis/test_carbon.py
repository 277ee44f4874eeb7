"""Grams of searches and kilograms of studies, by hand."""

import math

import pandas as pd
import pytest

from fairwatt.analysis.carbon import LADDER, carbon_sums, carbon_table

SPEND = pd.DataFrame(
    {
        "arm": ["rs", "a", "rs", "a"],
        "budget": ["3 full", "3 full", "6 full", "12 full"],
        "seeds": [20, 10, 20, 10],
        "energy_kwh": [1.5, 1.5, 3.0, 6.0],
        "hours": 1.0,
    }
)


def test_grams_of_a_search() -> None:
    table = carbon_table(SPEND, 1.59)
    assert table[["arm", "budget", "searches", "energy_kwh"]].to_numpy().tolist() == [
        ["rs", "3 full", 20, 1.5],
        ["a", "3 full", 10, 1.5],
        ["rs", "6 full", 20, 3.0],
        ["a", "12 full", 10, 6.0],
    ]
    assert LADDER == (20, 100, 250, 500, 800)
    assert table.loc[0, "co2e_g_at_20":].tolist() == [30, 150, 375, 750, 1200]
    assert table["co2e_g_at_800"].tolist() == [1200, 1200, 2400, 4800]
    assert set(table["pue"]) == {1.59}
    assert carbon_table(SPEND, math.nan)["pue"].isna().all()


def test_a_study_is_every_search_once() -> None:
    """20 searches of 3 kWh and 10 of 6; what they had spent at the smaller budget is part of that."""
    sums = carbon_sums({"cells": SPEND}).set_index("space")
    assert sums.loc["cells", ["searches", "sum_kwh"]].tolist() == [30, 120]
    assert sums.loc["cells", "co2e_kg_at_20":].tolist() == pytest.approx([2.4, 12, 30, 60, 96])
    assert list(sums.index) == ["cells"]

    both = carbon_sums({"cells": SPEND, "others": SPEND.iloc[:1]}).set_index("space")
    assert both["searches"].to_dict() == {"cells": 30, "others": 20, "all spaces": 50}
    assert both["sum_kwh"].to_dict() == {"cells": 120, "others": 30, "all spaces": 150}
    assert both.loc["all spaces", "co2e_kg_at_100"] == pytest.approx(15)
