"""`ec-nas-5v-108`: the 5V cells that were trained for all 108 epochs, three times each, and measured.

Made from the published logs of those trainings: rows of several evaluations of each run in three spaces, of which the
last evaluation of the 5V runs is taken.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_columns import Rules, label
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.parquet import parquet_columns, stored_columns

_FINAL = 2
_COLUMNS = {
    "params": ("trainable_params", np.int32),
    "epochs": ("budget", np.int16),
    "epoch": ("epochs", np.float64),
    "seconds": ("training_time_s", np.float64),
    "train_accuracy": ("train_acc", np.float64),
    "validation_accuracy": ("valid_acc", np.float64),
    "test_accuracy": ("test_acc", np.float64),
    "energy_kwh": ("energy_kwh", np.float64),
    "co2eq_g": ("co2eq_g", np.float64),
    "intensity_g_per_kwh": ("intensity_g_per_kwh", np.float64),
    "total_seconds": ("total_time_s", np.float64),
    "total_energy_kwh": ("total_energy_kwh", np.float64),
    "total_co2eq_g": ("total_co2eq_g", np.float64),
    "total_start": ("total_start", np.object_),
    "total_stop": ("total_stop", np.object_),
    "gpu0_device": ("gpu_name", np.object_),
}


def measured_5v_columns(path: Path, rules: Rules) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns of the 5V cells' trainings, repeats by start, and no further notes. Raises UserError where the file
    cannot be read."""
    raw = parquet_columns(path, [("space", "=", "5v"), ("eval_index", "=", _FINAL), ("estimated_row", "=", False)])
    stored = stored_columns(raw, path)
    keys = stored["cell"], raw["budget"], raw["total_start"].astype(np.str_)
    order = np.lexsort(keys[::-1])
    is_first = np.append(True, np.logical_or(*(np.diff(key[order]) != 0 for key in keys[:2])))
    rows = np.arange(len(order))
    values: dict[str, NDArray[Any]] = {
        **{name: column[order] for name, column in stored.items()},
        "replicate": (rows - np.maximum.accumulate(np.where(is_first, rows, 0))).astype(np.int8),
        **{name: raw[column][order].astype(dtype) for name, (column, dtype) in _COLUMNS.items()},
    }
    return {name: label(name, column, rules) for name, column in values.items()}, ()
