"""Suspect rows: runs of a device's slower phase, and rows with more energy than the whole job that they are of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.column import Column

Array = NDArray[np.float64]


def suspects(starts: NDArray[Any], energy_kwh: Array, total_kwh: Array, slow_runs: int) -> NDArray[np.int8]:
    """[rows] 1 where a row is of one of the first `slow_runs` runs, or has more energy than its whole job; else 0.

    starts: [rows] when the run of each row began, as text that sorts by time; the rows of one run share it. total_kwh:
    [rows] energy of the job, evaluations included.
    """
    slow = np.isin(starts, np.unique(starts)[:slow_runs])
    return (slow | (energy_kwh > total_kwh)).astype(np.int8)


def suspect_column(columns: Mapping[str, Column], slow_runs: int) -> Column:
    """The column `suspect` of a table that has starts and totals."""
    starts = np.ma.filled(columns["initial_start"].values, "").astype(np.str_)
    energy, total = (np.ma.getdata(columns[name].values) for name in ("energy_kwh", "total_energy_kwh"))
    return Column(
        suspects(starts, energy, total, slow_runs),
        unit="1",
        provenance="estimated",
        description=f"1: of the first {slow_runs} runs by start, or more energy than the whole job; else 0",
    )


def suspect_cells(table: CellTable) -> NDArray[np.bool_]:
    """[K] which cells of a table have a suspect row."""
    if "suspect" not in table:
        return np.zeros(len(table.cells), dtype=bool)
    return np.asarray((table.values("suspect") != 0).any(axis=(1, 2)))
