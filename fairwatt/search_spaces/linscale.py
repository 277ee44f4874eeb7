"""`ec-nas-5v-partial`: the 5V cells whose accuracies at all four budgets can be had without the 5V file itself.

Made from a reconstruction of the linscale files: energy, time and CO2 of all cells, accuracies of those that published
searches visited. That choice is a bias, which the table's card states with numbers computed here.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_columns import Rules, label
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.parquet import parquet_columns, stored_columns

_NUMBERS = {
    "params": ("trainable_params", np.int32),
    "epochs": ("budget", np.int16),
    "validation_accuracy": ("valid_acc", np.float64),
    "test_accuracy": ("test_acc", np.float64),
    "energy_kwh": ("energy_kwh", np.float64),
    "seconds": ("train_time_s", np.float64),
    "co2eq_g": ("co2eq_g", np.float64),
}


def partial_5v_columns(path: Path, rules: Rules) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns of the cells with both accuracies at every budget, and the notes that say how they were chosen.

    Raises UserError where the file cannot be read.
    """
    raw = parquet_columns(path, [("space", "=", "5v")])
    cells, cell = np.unique(raw["hash"], return_inverse=True)
    budgets = np.unique(raw["budget"])
    has_accuracies = np.isfinite(raw["valid_acc"]) & np.isfinite(raw["test_acc"])
    known = np.bincount(cell, weights=has_accuracies) == len(budgets)
    stored = stored_columns(raw, path)
    rows = np.flatnonzero(known[cell])
    rows = rows[np.lexsort((raw["budget"][rows], stored["cell"][rows]))]
    values: dict[str, NDArray[Any]] = {
        **{name: column[rows] for name, column in stored.items()},
        "replicate": np.zeros(len(rows), np.int8),
        "train_accuracy": np.full(len(rows), np.nan),
        **{name: raw[column][rows].astype(dtype) for name, (column, dtype) in _NUMBERS.items()},
    }
    notes = (
        f"partial: {known.sum():,} of {len(cells):,} cells, those with both accuracies at all {len(budgets)} budgets",
        *_bias(raw, known[cell]),
    )
    return {name: label(name, column, rules) for name, column in values.items()}, notes


def _bias(raw: dict[str, NDArray[Any]], known: NDArray[np.bool_]) -> tuple[str, ...]:
    """How known and unknown cells differ where a single NAS-Bench-101 training is public for both."""
    seen = (raw["budget"] == raw["budget"].max()) & np.isfinite(raw["valid_acc_1rep"])
    with_it, without = raw["valid_acc_1rep"][seen & known], raw["valid_acc_1rep"][seen & ~known]
    return (
        "biased: a cell is known where published searches visited it, and they prefer good cells: mean "
        f"single-repeat validation accuracy at {raw['budget'].max()} epochs {with_it.mean():.3f} known "
        f"({len(with_it)} cells) v. {without.mean():.3f} unknown ({len(without)} cells)",
    )
