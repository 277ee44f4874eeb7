"""The keys of EC-NAS-Bench's answers, and the columns of a table that they are read from.

A number that is missing reads as NaN and a text as "": in an answer, no 0.0 stands for "not known".
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import Any

from fairwatt.search_spaces.table import Table

Read = Callable[[int], Any]
"""From a row of the table to one value."""

KEPT = 1 << 13
"""Answers that are kept in memory, for small tables all of them: searches come back to the same cells."""

STATE = {
    "training_time": "seconds",
    "train_accuracy": "train_accuracy",
    "validation_accuracy": "validation_accuracy",
    "test_accuracy": "test_accuracy",
}
"""What is known of a network at one point of its training."""

CHARGES = {"energy (kWh)": "energy_kwh", "co2eq (g)": "co2eq_g"}
"""What a training took."""

METER = {
    "total_time": "total_seconds",
    "total_energy (kWh)": "total_energy_kwh",
    "total_co2eq (g)": "total_co2eq_g",
    "total_start_emission": "total_start",
    "total_stop_emission": "total_stop",
    "overall_avg_intensity (gCO2/kWh)": "total_intensity_g_per_kwh",
    "start_emission": "start",
    "stop_emission": "stop",
    "avg_intensity (gCO2/kWh)": "intensity_g_per_kwh",
    "predicted_training_time": "predicted_seconds",
    "predicted_energy (kWh)": "predicted_energy_kwh",
    "predicted_co2eq (g)": "predicted_co2eq_g",
    "predicted_avg_intensity (gCO2/kWh)": "predicted_intensity_g_per_kwh",
}
"""What carbontracker wrote down beside."""

_TEXTS = ("start", "stop")
_DEVICE = {
    "avgPowerUsagesW": ("power_w", "avgPowerUsage"),
    "avgPowerUsagesJ": ("energy_j", "avgPowerUsage"),
    "devices": ("device", "name"),
}


def read_column(table: Table, name: str) -> Read:
    """Reads a column, or the missing value where the table has no such column."""
    is_text = name.endswith(_TEXTS)
    missing: Any = "" if is_text else math.nan
    if name not in table:
        return lambda row: missing
    if not is_text and table.column(name).dtype.kind == "f":
        return table.column(name).data.__getitem__  # NaN stands where a float is missing
    read = table.reader(name)
    if not table.missing(name).any():
        return read
    return lambda row: missing if (value := read(row)) is None else value


def read_power(table: Table) -> Read:
    """Reads what each device drew, in the nesting and names of protobuf's JSON; what is unset is left out."""
    parts = [
        (kind, key, inner, table.reader(column))
        for kind, place in product(("gpu", "cpu"), range(len(table.columns)))
        for key, (name, inner) in _DEVICE.items()
        if (column := f"{kind}{place}_{name}") in table
    ]

    @lru_cache(maxsize=KEPT)
    def drawn(row: int) -> list[tuple[str, str, str, Any]]:
        return [(kind, key, inner, value) for kind, key, inner, read in parts if (value := read(row)) is not None]

    def power(row: int) -> dict[str, dict[str, list[dict[str, Any]]]]:
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for kind, key, inner, value in drawn(row):
            found.setdefault(kind, {}).setdefault(key, []).append({inner: value})
        return found

    return power if parts else lambda row: {}
