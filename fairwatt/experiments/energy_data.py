"""Measured energies of cells, the data of an energy surrogate, and how they are split.

The split is the published one at its seed: EC-NAS's surrogate learned from the first 70 % of the rows of its file in
the order of `torch.randperm` at seed 42 (raghavian/surrogate-ec-nasbench), and its published scores (R² .9955,
tau .950) come out on the last 862 rows to the digit. Ours can be read beside them. Numpy shuffles so without torch.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.parquet import parquet_columns, stored_columns

Array = NDArray[np.float64]

PUBLISHED_SPLIT = 42
TRAINING, VALIDATION = 0.7, 0.1
LEAST_CELLS = 50
_COLUMNS = ("hash", "n_vertices", "adj_triu", "ops", "energy_kwh")
_PUBLISHED = "surrogate_kwh4"


@dataclass(frozen=True)
class EnergyData:
    """Measured cells in the order of the file.

    cells [N]: ids. hashes [N]. energy_kwh [N]: of 4 epochs. published_kwh [N]: what the published surrogate predicts,
    None where the file does not say. name, sha256: of the file.
    """

    cells: NDArray[np.int32]
    hashes: NDArray[np.str_]
    energy_kwh: Array
    published_kwh: Array | None
    name: str
    sha256: str

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True)
class Split:
    """Row numbers, in random order, no row twice."""

    training: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]


def read_energy_data(path: Path | str) -> EnergyData:
    """Read a Parquet file with the columns hash, n_vertices, adj_triu, ops, energy_kwh, and perhaps surrogate_kwh4.

    Raises UserError for a file without them, with fewer than 50 cells, a cell twice, what is no cell or not that of its
    hash, or an energy that is not positive.
    """
    path = Path(path)
    columns = parquet_columns(path)
    if missing := [name for name in _COLUMNS if name not in columns]:
        raise UserError(f"{path}: lacks the column {missing[0]!r}; expected {', '.join(_COLUMNS)}")
    if (rows := len(columns["hash"])) < LEAST_CELLS:
        raise UserError(f"{path}: has {rows} cells; at least {LEAST_CELLS} are needed")
    stored = stored_columns(columns, path)
    cells, energy = stored["cell"], _numbers(columns, "energy_kwh", path)
    for wrong, what in (
        (len(np.unique(cells)) < len(cells), "has a cell twice; keep one of its rows"),
        (not (np.isfinite(energy) & (energy > 0)).all(), "has an energy that is no positive number"),
    ):
        if wrong:
            raise UserError(f"{path}: {what}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    published = _numbers(columns, _PUBLISHED, path) if _PUBLISHED in columns else None
    return EnergyData(cells, stored["hash"].astype(np.str_), energy, published, path.name, digest)


def split(rows: int, seed: int = PUBLISHED_SPLIT) -> Split:
    """70 % to train on, 10 % to calibrate intervals with, the rest to test: of `rows`, shuffled under a seed."""
    order = _shuffled(rows, seed)
    training, validation = int(TRAINING * rows), int(VALIDATION * rows)
    return Split(*np.split(order, [training, training + validation]))


def _numbers(columns: Mapping[str, NDArray[Any]], name: str, path: Path) -> Array:
    if columns[name].dtype.kind not in "iuf":
        raise UserError(f"{path}: the column {name!r} is of {columns[name].dtype}, expected numbers")
    return columns[name].astype(np.float64)


def _shuffled(rows: int, seed: int) -> NDArray[np.intp]:
    """`torch.randperm(rows)` after `torch.manual_seed(seed)`: Fisher and Yates's shuffle, one 32-bit number a swap."""
    order = np.arange(rows)
    numbers = np.random.RandomState(seed).randint(0, 1 << 32, size=max(rows - 1, 0), dtype=np.uint32)
    for place, number in enumerate(numbers.tolist()):
        other = place + number % (rows - place)
        order[place], order[other] = order[other], order[place]
    return order
