"""The keys of EC-NAS-Bench's answers, and the columns of a table that they are read from.

A number that is missing reads as NaN and a text as "": in an answer, no 0.0 stands for "not known".
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import Any

from fairwatt.search_spaces.cell_table import CellTable

Read = Callable[[int], Any]
"""From a row of the table to one value."""

_KEPT, _FEW = 1 << 13, 64

FIXED = ("module_adjacency", "module_operations", "trainable_parameters")
"""What is known of a cell before any training."""

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
_KINDS = ("gpu", "cpu")
_DEVICE = {
    "avgPowerUsagesW": ("power_w", "avgPowerUsage"),
    "avgPowerUsagesJ": ("energy_j", "avgPowerUsage"),
    "devices": ("device", "name"),
}


def kept_answers(table: CellTable) -> int:
    """How many answers to keep in memory: searches of a small table come back to its cells, in large ones rarely."""
    return _KEPT if len(table.cells) <= _KEPT else _FEW


def missing_value(name: str) -> Any:
    """What an answer has for an entry that a column of this name lacks."""
    return "" if name.endswith(_TEXTS) else math.nan


def read_column(table: CellTable, name: str) -> Read:
    """Reads a column, or the missing value where the table has no such column."""
    missing = missing_value(name)
    if name not in table:
        return lambda row: missing
    if missing != "" and table.column(name).dtype.kind == "f":
        return table.column(name).data.__getitem__  # NaN stands where a float is missing
    read = table.reader(name)
    if not table.missing(name).any():
        return read
    return lambda row: missing if (value := read(row)) is None else value


def read_power(table: CellTable) -> Read:
    """Reads what each device drew, in the nesting and names of protobuf's JSON; what is unset is left out."""
    parts = [
        (kind, key, inner, table.reader(column))
        for kind, place in product(_KINDS, range(len(table.columns)))
        for key, (name, inner) in _DEVICE.items()
        if (column := f"{kind}{place}_{name}") in table
    ]

    @lru_cache(maxsize=kept_answers(table))
    def drawn(row: int) -> tuple[list[tuple[str, str, str, Any]], list[Any]]:
        """What is set, and its values where it is all of one device of each kind."""
        found = [(kind, key, inner, value) for kind, key, inner, read in parts if (value := read(row)) is not None]
        is_usual = [(kind, key) for kind, key, _, _ in found] == list(product(_KINDS, _DEVICE))
        return found, [value for *_, value in found] if is_usual else []

    def power(row: int) -> dict[str, dict[str, list[dict[str, Any]]]]:
        set_values, usual = drawn(row)
        if usual:
            return _of_one_device(*usual)
        found: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for kind, key, inner, value in set_values:
            found.setdefault(kind, {}).setdefault(key, []).append({inner: value})
        return found

    return power if parts else lambda row: {}


def _of_one_device(
    gpu_w: float, gpu_j: float, gpu: str, cpu_w: float, cpu_j: float, cpu: str
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The same in one display: the nesting was a third of a query."""
    return {
        "gpu": {
            "avgPowerUsagesW": [{"avgPowerUsage": gpu_w}],
            "avgPowerUsagesJ": [{"avgPowerUsage": gpu_j}],
            "devices": [{"name": gpu}],
        },
        "cpu": {
            "avgPowerUsagesW": [{"avgPowerUsage": cpu_w}],
            "avgPowerUsagesJ": [{"avgPowerUsage": cpu_j}],
            "devices": [{"name": cpu}],
        },
    }
