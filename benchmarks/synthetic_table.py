"""A table of the size of EC-NAS 7V: all 423,624 cells at four epoch numbers, with invented numbers.

Energy grows with a cell's parameters, accuracy with its convolutions; nothing was measured. The columns are those that
the official surrogate file has.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.cell_index import cell_hashes, cell_index, pairs
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.table import write_table

EPOCHS = (4, 12, 36, 108)


def synthetic_7v(path: Path, seed: int = 0) -> Path:
    """Write the table; the same numbers for the same seed. Takes some seconds."""
    index, rng = cell_index(7), np.random.default_rng(seed)
    cells, fidelities = len(index), len(EPOCHS)
    shape = (cells, fidelities)
    epochs = np.array(EPOCHS)
    edges, ops = _texts(index.sizes, index.masks, index.numbers)
    convolutions = np.char.count(ops, b"0")[:, None] + 0.4 * np.char.count(ops, b"1")[:, None]
    capacity = np.log10(index.params)[:, None] + 0.2 * convolutions
    unfinished = 0.35 * np.sqrt(4 / epochs) * rng.uniform(0.7, 1.3, shape)
    error = 0.05 + 0.3 * np.exp(-0.6 * (capacity - capacity.min())) + unfinished
    noise = 0.005 * rng.standard_normal((3, *shape))
    train, validation, test = np.clip(1 - error - noise, 0.1, 0.999)
    kwh = (2e-4 + 6e-11 * index.params[:, None]) * epochs * rng.uniform(0.95, 1.05, shape)
    per_cell = {
        "cell": np.arange(cells, dtype=np.int32),
        "hash": cell_hashes(),
        "vertices": index.sizes,
        "edges": edges,
        "ops": ops,
        "params": index.params,
    }
    columns = {name: Column(np.repeat(values, fidelities), "", "measured", name) for name, values in per_cell.items()}
    columns["epochs"] = Column(np.tile(epochs.astype(np.int16), cells), "epochs", "measured", "epochs")
    columns["replicate"] = Column(np.zeros(cells * fidelities, dtype=np.int8), "1", "measured", "replicate")
    invented: dict[str, tuple[str, NDArray[np.float64]]] = {
        "seconds": ("s", 1.1e4 * kwh),
        "train_accuracy": ("fraction", train),
        "validation_accuracy": ("fraction", validation),
        "test_accuracy": ("fraction", test),
        "energy_kwh": ("kWh", kwh),
        "co2eq_g": ("g", 93.0 * kwh),
    }
    for name, (unit, values) in invented.items():
        columns[name] = Column(values.ravel(), unit, "estimated", f"{name}, invented")
    card = Card(
        name=path.stem,
        title="A synthetic table of all 423,624 cells: invented numbers, for timing only",
        source="benchmarks/synthetic_table.py",
        source_sha256="",
        licence="MIT",
        hardware="none",
        notes=("every number is invented",),
        replicates=1,
        epochs=EPOCHS,
        mean_full_kwh=float(kwh[:, -1].mean()),
        pue=None,
        created_by=f"benchmarks/synthetic_table.py, seed {seed}",
    )
    return write_table(path, columns, card)


def _texts(
    sizes: NDArray[np.integer], masks: NDArray[np.integer], numbers: NDArray[np.integer]
) -> tuple[NDArray[np.bytes_], NDArray[np.bytes_]]:
    """[K] edge bits and [K] operations of the representatives, as digits."""
    own_edges, own_ops = sizes * (sizes.astype(int) - 1) // 2, sizes - 2
    bits = np.arange(len(pairs(7)))
    edges = np.where(bits < own_edges[:, None], 48 + (masks[:, None] >> bits & 1), 0).astype(np.uint8)
    place = own_ops[:, None] - 1 - np.arange(5)  # the power of 3 that a digit stands for
    digits = 48 + numbers[:, None] // 3 ** np.maximum(place, 0) % 3
    ops = np.where(place >= 0, digits, 0).astype(np.uint8)
    return np.ascontiguousarray(edges).view("S21")[:, 0], np.ascontiguousarray(ops).view("S5")[:, 0]
