"""The same cells on several GPUs: how far their energies agree.

EC-NAS measured 4 epochs of its 4V cells on four GPUs, once each; everything longer is scaled. So devices are compared
at 4 epochs, over the cells that both have, with the Quadro RTX 6000 first, on which all else of EC-NAS was measured.
"""

from dataclasses import replace

import numpy as np

from fairwatt.search_spaces.agreement import Agreement, agree
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.sources import TableNotFoundError, load_table
from fairwatt.search_spaces.suspect import suspect_cells

REFERENCE = "ec-nas-4v@quadrortx6000"
WITHOUT = "without suspect cells"


def agreement(name: str) -> list[Agreement]:
    """How far the energies of a device's table agree with those of the others that are here, the reference first.

    Each comparison with suspect cells and, where there are any, once more without them. Empty for a table of no
    device. Raises TableNotFoundError where the table or the reference's is not here, with what to type.
    """
    if "@" not in name or name not in SOURCES:
        return []
    table, found = load_table(name), []
    for other in _others(name):
        try:
            beside = load_table(other)
        except TableNotFoundError:
            if other == REFERENCE:
                raise
            continue
        found += _compare(table, beside)
    return found


def _others(name: str) -> list[str]:
    devices = [other for other in SOURCES if "@" in other and other != name]
    return sorted(devices, key=lambda other: other != REFERENCE)


def _compare(table: CellTable, other: CellTable) -> list[Agreement]:
    _, here, there = np.intersect1d(table.cells, other.cells, assume_unique=True, return_indices=True)
    x, y = table.values("energy_kwh")[here, 0, 0], other.values("energy_kwh")[there, 0, 0]
    sound = ~(suspect_cells(table)[here] | suspect_cells(other)[there])
    epochs = int(table.epochs[0])
    found = [agree(table.card.name, other.card.name, epochs, x, y)]
    if not sound.all():
        found.append(replace(agree(table.card.name, other.card.name, epochs, x[sound], y[sound]), note=WITHOUT))
    return found
