"""`digits-regnet-toy` and tables like it: benchmarks on a grid of configurations of which every one was trained."""

from pathlib import Path

import numpy as np

from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.config_grid import ConfigGrid
from fairwatt.search_spaces.config_trainings import CURVES, ConfigTrainings
from fairwatt.search_spaces.curve_benchmark import FIDELITIES, CurveBenchmark, CurveData, epochs_at
from fairwatt.search_spaces.sources import find_table
from fairwatt.search_spaces.table import Table, TableError, open_table

VALIDATION, TEST = 1, 2
_ANSWERED = {
    "validation_accuracy": CURVES["validation"],
    "test_accuracy": CURVES["test"],
    "energy_kwh": "energy_kwh_per_epoch",
    "seconds": "seconds_per_epoch",
}


class MeasuredConfigs(CurveBenchmark):
    """An exact table: every question is answered by a training that really ran."""

    def __init__(self, table: Table) -> None:
        trainings = ConfigTrainings.of(table)
        self._table = table
        first = np.flatnonzero(np.diff(trainings.key, prepend=-1))
        repeats = np.diff(np.append(first, len(trainings)))
        if (repeats != repeats[0]).any() or (trainings.repeat != np.tile(np.arange(repeats[0]), len(first))).any():
            raise TableError(
                table.path, "is not complete: expected every configuration equally often, by key and repeat"
            )
        full = trainings.epochs[first]
        super().__init__(
            table.card.name,
            ConfigGrid({trainings.configs[row]: int(trainings.key[row]) for row in first.tolist()}),
            _data(trainings, first, int(repeats[0]), full),
            data_sha256=table.sha256,
            provenance={name: table.provenance(column) for name, column in _ANSWERED.items() if column in table},
            energy_label=f"training energy, kWh ({table.provenance('energy_kwh_per_epoch')}; {table.card.hardware})",
            notes=(
                *table.card.notes,
                "errors at a fidelity are those of the learning curve after its whole epochs, on a straight line "
                "between measured epochs",
            ),
        )
        self.pue = table.card.pue or 1.0

    def verify(self) -> None:
        """Compute the table's checksum again. Raises TableError where its content is not what was written."""
        stamp.verify(self._table)


def measured_configs(name: str) -> MeasuredConfigs:
    """The benchmark on a table of a grid, by its name or the path of its `.arrow` file.

    Raises UnknownNameError, TableError where the table is of something else, damaged or not a whole grid.
    """
    path = Path(name) if name.endswith(".arrow") else find_table(name)
    table = open_table(path)
    stamp.ensure_verified(table)
    return MeasuredConfigs(table)


def _data(trainings: ConfigTrainings, first: np.ndarray, repeats: int, full: np.ndarray) -> CurveData:
    epochs = np.array([[epochs_at(fidelity, each) for fidelity in FIDELITIES] for each in trainings.epochs.tolist()])
    progress = epochs / trainings.epochs[:, None]
    errors = trainings.at(progress)
    since = trainings.diverged_epoch[:, None]
    reached = np.ceil(progress * trainings.lengths[:, None])  # the measured epoch that this is in
    shape = (len(first), repeats, len(FIDELITIES))
    return CurveData(
        keys=trainings.key[first].astype(np.int64),
        full_epochs=full,
        params=trainings.params[first].astype(np.float64),
        val_error=errors[:, VALIDATION].reshape(shape),
        test_error=errors[:, TEST].reshape(shape) if trainings.has_test else None,
        diverged=((since > 0) & (reached >= since)).reshape(shape),
        energy_kwh_per_epoch=trainings.energy_kwh_per_epoch[first],
        seconds_per_epoch=_seconds(trainings).reshape(shape[:2]),
    )


def _seconds(trainings: ConfigTrainings) -> np.ndarray:
    """[N] of an epoch of the configuration: it names more epochs than its miniature trained."""
    return np.asarray(trainings.seconds_per_epoch, dtype=np.float64) * trainings.lengths / trainings.epochs
