"""Quartiles over seeds, also where some of them found no front."""

import math

import pandas as pd
import pytest

from fairwatt.analysis.quartiles import quartiles

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0], (1.75, 2.5, 3.25)),
        ([1.0, 2.0, 3.0, INF], (1.75, 2.5, INF)),
        ([1.0, 2.0, 3.0, INF, INF], (2.0, 3.0, INF)),  # the median is a value and needs none of its neighbours
        ([INF, INF, INF, INF], (INF, INF, INF)),
        ([NAN, NAN, NAN, NAN], (NAN, NAN, NAN)),
    ],
)
def test_quartiles_reach_infinity_where_seeds_found_nothing(
    values: list[float], expected: tuple[float, float, float]
) -> None:
    finals = pd.DataFrame({"arm": "a", "budget": "5 full", "seed": range(len(values)), "igd_plus": values})
    (row,) = quartiles(finals).to_dict("records")
    found = [row["igd_plus_q25"], row["igd_plus"], row["igd_plus_q75"]]
    assert found == pytest.approx(expected, nan_ok=True)
    assert row["seeds"] == len(values)
