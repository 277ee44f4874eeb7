"""What the cells of EC-NAS 4V would take on another GPU: factors on their energies, for a verdict to be tried under."""

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.devices import REFERENCE
from fairwatt.search_spaces.sources import is_here, load_table
from fairwatt.search_spaces.suspect import suspect_cells

Array = NDArray[np.float64]

FEWEST_KNOWN = 0.95
"""Of a table's cells; the others are given the median factor of those."""


def device_factors(table: CellTable, cells: NDArray[np.integer]) -> dict[str, Array]:
    """By device, [K] energy of `cells` [K], ascending, over that on the device of the table, both at 4 epochs.

    Of the devices whose files are here, for tables of EC-NAS 4V, which come from the Quadro RTX 6000. A device with
    too few of the cells, once the suspect ones are left out, is left out too.
    """
    if table.card.name not in ("ec-nas-4v", "ec-nas-4v-linscale") or not is_here(REFERENCE):
        return {}
    own, found = _energies(REFERENCE, cells), {}
    for name in sorted(source for source in SOURCES if "@" in source and source != REFERENCE and is_here(source)):
        ratio = _energies(name, cells) / own
        known = np.isfinite(ratio)
        if known.mean() >= FEWEST_KNOWN:
            found[name.partition("@")[2]] = np.where(known, ratio, np.median(ratio[known]))
    return found


def _energies(name: str, cells: NDArray[np.integer]) -> Array:
    """[K] at the table's first epoch number; NaN where it does not have a cell, or a suspect one."""
    table = load_table(name)
    energies = np.full(len(cells), np.nan)
    _, here, there = np.intersect1d(cells, table.cells, assume_unique=True, return_indices=True)
    sound = ~suspect_cells(table)[there]
    energies[here[sound]] = table.values("energy_kwh")[there[sound], 0, 0]
    return energies
