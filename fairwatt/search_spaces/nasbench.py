"""The columns of a cell table from NAS-Bench-101's own files (Ying et al. 2019), which hold no energies.

Accuracies and time are measured; energy is the operation-count model's, of as many epochs of the network with the
table's own matrices.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_columns import Rules, cell_columns, label
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.ecnas_metrics import is_nasbench
from fairwatt.search_spaces.network_counts import network_counts
from fairwatt.search_spaces.stored_cells import stored_codes
from fairwatt.search_spaces.tfrecord import Record, TFRecordError, frames, message_of
from fairwatt.surrogates.energy_model import ECNAS_GPU, OperationCountModel

TRAINING_IMAGES = 40_000
"""Images an epoch: CIFAR-10 without the validation and test parts."""

MODELLED: Rules = (("energy_kwh", "modelled"), ("extrapolated", "modelled"))
NOTES = (
    f"energy is not in the file: modelled from operation counts, MAPE {ECNAS_GPU.mape:.1%} ({ECNAS_GPU.source}); "
    f"outside the fitted range (`extrapolated`) {ECNAS_GPU.extrapolated_mape:.1%}, up to one factor",
    "seconds are TPU v2 seconds: not of the device whose energy stands beside them",
)


def holds_nasbench(path: Path) -> bool:
    """Whether the first record of a file is one of NAS-Bench-101; what is wrong with a file is the reader's to say."""
    try:
        return is_nasbench(message_of(next(frames(path)).payload))
    except (TFRecordError, ValueError):
        return False


def nasbench_columns(records: Iterable[Record], path: Path, rules: Rules) -> dict[str, Column]:
    """As `cell_columns`, with a modelled energy, and whether its counts lie outside the model's fitted range."""
    columns = cell_columns(records, path, (*MODELLED, *rules), answers=("validation_accuracy", "seconds"))
    _, first, which = np.unique(columns["cell"].values, return_index=True, return_inverse=True)
    vertices, edges, ops = (np.ma.getdata(columns[name].values)[first] for name in ("vertices", "edges", "ops"))
    sums = network_counts(vertices, *stored_codes(vertices, edges, ops))
    counts = {name: sums[name] for name in ECNAS_GPU.terms}
    model = OperationCountModel(ECNAS_GPU)
    per_epoch = model.training_kwh(counts, TRAINING_IMAGES, extrapolate=True)
    values: dict[str, NDArray[Any]] = {
        "energy_kwh": per_epoch[which] * columns["epochs"].values,
        "extrapolated": model.outside(counts).astype(np.int8)[which],
    }
    return columns | {name: label(name, array, MODELLED) for name, array in values.items()}
