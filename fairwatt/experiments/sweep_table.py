"""A finished sweep as a measurement table with its card.

Accuracies are measured on the miniature nets; `seconds` are their CPU seconds; `energy_kwh` is of
the full-size counterpart, the CIFAR-10 network of the same cell, by the operation-count model. The
model is never applied to the miniature: there its constant for each layer is nearly all of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments import digits
from fairwatt.experiments.cell_timing import TIMED_STEPS, cell_step_seconds
from fairwatt.experiments.recipe import Recipe
from fairwatt.experiments.sweep import SWEEPS, Progress, read_parts
from fairwatt.experiments.sweep_card import card_text, describe
from fairwatt.experiments.sweep_spec import CellNet, adjacency, cells, load_spec
from fairwatt.search_spaces.cell_columns import label
from fairwatt.search_spaces.cell_complexity import CIFAR10, complexity
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.table import write_table
from fairwatt.surrogates.energy_model import OperationCountModel

CIFAR10_TRAINING_IMAGES = 40_000
"""Training images an epoch, of NAS-Bench-101 and EC-NAS."""

_RULES = (("energy_kwh", "modelled"), ("seconds", "scaled"))
_DESCRIPTIONS = {
    "params": "trainable parameters of the full-size network (stem 128, 3 x 3 cells, 32 x 32)",
    "replicate": "number of the repeated training: other initial weights, other order of images",
    "energy_kwh": "training the full-size network on CIFAR-10 for as many epochs",
    "seconds": f"CPU seconds of the miniature: median of {TIMED_STEPS} steps alone, times steps",
}


@dataclass(frozen=True)
class _Row:
    """One training of the cell of this id, and its result as the part holds it."""

    cell: int
    net: CellNet
    edges: tuple[int, ...]
    epochs: int
    result: Mapping[str, Any]


@dataclass(frozen=True)
class _Cell:
    """What all rows of a cell share."""

    params: int
    kwh_per_epoch: float
    extrapolated: bool


def collect(
    spec_path: Path, progress: Progress | None = None, *, folder: Path = SWEEPS, out: Path | None = None
) -> Path:
    """Write the table of a finished sweep and, beside it, its card as text; returns the table's path.

    out: the folder, the sweep's own by default. Measures step times that are not on file (progress
    counts cells). Raises SweepError while parts are missing.
    """
    spec = load_spec(spec_path)
    ids = {cell: number for number, cell in enumerate(cells(spec))}
    rows = [
        _Row(ids[bundle.edges, net.ops], net, bundle.edges, bundle.epochs, result)
        for bundle, results in read_parts(spec, folder=folder)
        for net, result in zip(bundle.nets, results, strict=True)
    ]
    rows.sort(key=lambda row: (row.cell, row.epochs, row.net.repeat))
    step_seconds = cell_step_seconds(spec_path, progress, folder=folder)
    columns = _columns(rows, step_seconds)
    card = describe(spec, spec_path.name, columns)
    home = out or folder / spec.name
    home.mkdir(parents=True, exist_ok=True)
    path = write_table(home / f"{spec.name}.arrow", columns, card, compress=True)
    path.with_suffix(".md").write_text(card_text(path), encoding="utf-8")
    return path


def _columns(rows: list[_Row], step_seconds: Mapping[str, float]) -> dict[str, Column]:
    sizes = np.array(list(digits.load().sizes().values()))
    final = np.array([row.result["correct"] for row in rows]) / sizes
    halfway = (np.array([row.result["halfway_correct"] for row in rows]) / sizes).astype(np.float32)
    epochs = np.array([row.epochs for row in rows], dtype=np.int16)
    steps = epochs * Recipe().steps_per_epoch(int(sizes[0]))
    seconds = np.array([step_seconds[row.net.hash] for row in rows]) * steps
    by_cell = {row.cell: row for row in rows}
    known = {cell: _cell(row.edges, row.net.ops) for cell, row in by_cell.items()}
    facts = [known[row.cell] for row in rows]
    values: dict[str, NDArray[Any]] = {
        "cell": np.array([row.cell for row in rows], dtype=np.int32),
        "hash": np.array([row.net.hash for row in rows], dtype="S"),
        "vertices": np.array([len(row.net.ops) + 2 for row in rows], dtype=np.int8),
        "edges": np.array(["".join(map(str, row.edges)) for row in rows], dtype="S"),
        "ops": np.array(["".join(map(str, row.net.ops)) for row in rows], dtype="S"),
        "params": np.array([cell.params for cell in facts], dtype=np.int32),
        "epochs": epochs,
        "replicate": np.array([row.net.repeat for row in rows], dtype=np.int8),
        **{f"{part}_accuracy": final[:, place] for place, part in enumerate(digits.PARTS)},
        **{f"halfway_{part}_accuracy": halfway[:, place] for place, part in enumerate(digits.PARTS)},
        "energy_kwh": np.array([cell.kwh_per_epoch for cell in facts]) * epochs,
        "seconds": seconds.astype(np.float32),
    }
    columns = {name: label(name, array, _RULES) for name, array in values.items()}
    for name, description in _DESCRIPTIONS.items():
        columns[name] = Column(columns[name].values, columns[name].unit, columns[name].provenance, description)
    diverged = np.array([row.result["status"] == "diverged" for row in rows], dtype=np.int8)
    columns["diverged"] = Column(diverged, "1", "measured", "1: some loss was not finite, else 0")
    extrapolated = np.array([cell.extrapolated for cell in facts], dtype=np.int8)
    columns["extrapolated"] = Column(
        extrapolated, "1", "modelled", "1: the cell's counts are outside the energy model's fitted range, else 0"
    )
    return columns


def _cell(edges: tuple[int, ...], ops: tuple[int, ...]) -> _Cell:
    size = complexity(adjacency(edges), ops, CIFAR10)
    features = {"macs": size.macs, "activation_bytes": size.activation_bytes, "layers": size.layers}
    model = OperationCountModel()
    return _Cell(
        params=size.params,
        kwh_per_epoch=float(model.training_kwh(features, CIFAR10_TRAINING_IMAGES, extrapolate=True)),
        extrapolated=bool(model.outside(features)),
    )
