"""The trainings of cells as arrays: what a benchmark on them answers from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_table import CellTable

if TYPE_CHECKING:
    from fairwatt.search_spaces.cell_energy import CellEnergies

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CellData:
    """Trainings of cells: K cells, F epoch numbers, R repeats; nothing is missing.

    cells: [K] ids, ascending. epochs: [F], ascending. val_error, test_error, energy_kwh, seconds: [K, F, R] of
    trainings from scratch; test_error is None where there is none. params: [K], NaN where unknown. diverged: [K, F, R],
    None where none did.
    """

    cells: NDArray[np.integer]
    epochs: NDArray[np.integer]
    val_error: Array
    test_error: Array | None
    energy_kwh: Array
    seconds: Array
    params: Array
    diverged: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, table: CellTable) -> "CellData":
        """The trainings of a table; energies and times are views of its file where it holds them as float64."""
        diverged = table.values("diverged") != 0 if "diverged" in table else None
        test_error = None if table.missing("test_accuracy").all() else 1.0 - _float64(table.values("test_accuracy"))
        params = _float64(table.values("params"))[:, -1, 0]
        return cls(
            cells=table.cells,
            epochs=table.epochs,
            val_error=1.0 - _float64(table.values("validation_accuracy")),
            test_error=test_error,
            energy_kwh=_float64(table.values("energy_kwh")),
            seconds=_float64(table.values("seconds")),
            params=np.where(table.missing("params").reshape(table.shape)[:, -1, 0], np.nan, params),
            diverged=diverged if diverged is not None and diverged.any() else None,
        )

    def with_energies(self, chosen: "CellEnergies") -> "CellData":
        """The same trainings with other energies and times, as far as they have any; a copy."""
        where = np.ix_(np.searchsorted(self.cells, chosen.cells), np.searchsorted(self.epochs, chosen.epochs))
        return CellData(
            cells=chosen.cells,
            epochs=chosen.epochs,
            val_error=self.val_error[where],
            test_error=None if self.test_error is None else self.test_error[where],
            energy_kwh=chosen.energy_kwh,
            seconds=chosen.seconds,
            params=self.params[where[0].ravel()],
            diverged=None if self.diverged is None else self.diverged[where],
        )


def _float64(values: NDArray[Any]) -> Array:
    return np.asarray(values, dtype=np.float64)
