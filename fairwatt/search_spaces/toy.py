"""A benchmark without data, for tests and golden traces: all 2,532 cells under an invented law.

Nothing here was measured. Error falls with 3x3 convolutions and depth, with a disturbance that shrinks as training
gets longer; energy grows with the work of the cell.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_data import CellData
from fairwatt.search_spaces.cell_index import cell_index
from fairwatt.search_spaces.tabular import TabularBenchmark

VERTICES = 5
EPOCHS = (4, 12, 36, 108)
REPEATS = 3


def toy_cells(name: str = "toy-cells", *, sampler: str = "uniform") -> TabularBenchmark:
    """The toy benchmark: the same numbers on every machine."""
    index = cell_index(VERTICES)
    counts = np.array([[index.ops(cell).count(code) for code in range(3)] for cell in range(len(index))], dtype=float)
    edges = np.bitwise_count(index.masks).astype(np.float64)
    conv3, conv1, pool = counts.T
    potential = (
        0.06
        + 0.30 * np.exp(-0.9 * conv3 - 0.4 * conv1 - 0.1 * edges)
        + 0.01 * pool
        + 0.04 * _noise("cell", len(index), 1, 1)[:, 0, 0]
    )
    work = 1.0 + 2.0 * conv3 + 0.8 * conv1 + 0.4 * pool + 0.2 * edges
    epochs = np.array(EPOCHS)
    unfinished = 0.5 * (epochs[0] / epochs) ** 0.5  # [F]
    shape = (len(index), len(EPOCHS), REPEATS)
    error = potential[:, None, None] + unfinished[None, :, None] * (0.3 + 0.2 * _noise("rank", *shape[:2], 1))
    val_error = error + 0.01 * _noise("val", *shape)
    energy_kwh = 1e-4 * work[:, None, None] * epochs[None, :, None] * (1 + 0.02 * _noise("energy", *shape))
    return TabularBenchmark(
        name,
        CellSpace(VERTICES, sampler=sampler),
        CellData(
            cells=np.arange(len(index)),
            epochs=epochs,
            val_error=val_error,
            test_error=error + 0.01 * _noise("test", *shape),
            energy_kwh=energy_kwh,
            seconds=energy_kwh * 12_000.0 * (1 + 0.05 * _noise("seconds", *shape)),
            params=1e5 * work,
        ),
        data_sha256="toy",
        provenance=dict.fromkeys(("validation_accuracy", "test_accuracy", "energy_kwh", "seconds"), "modelled"),
        energy_label="training energy, kWh (invented)",
        notes=("An invented law for tests; nothing was measured.",),
    )


def _noise(what: str, cells: int, fidelities: int, repeats: int) -> NDArray[np.float64]:
    """[cells, fidelities, repeats] numbers in [-1, 1), equal on every machine (SplitMix64, Steele et al. 2014)."""
    words = np.arange(1, cells * fidelities * repeats + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    words += np.uint64(zlib.crc32(what.encode()) << 32)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    words ^= words >> np.uint64(31)
    return (words / 2.0**63 - 1.0).reshape(cells, fidelities, repeats)
