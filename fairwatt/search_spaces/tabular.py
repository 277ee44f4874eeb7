"""Benchmarks on tables of measured cells: EC-NAS, and the tables that ship with the package."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.problem import Benchmark, Reference, Tariff
from fairwatt.records import INVALID_MEASUREMENT, Config, Cost, Key, Measurement
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_index import cell_index, pairs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CellData:
    """Trainings of cells: K cells, F epoch numbers, R repeats; nothing is missing.

    cells: [K] ids, ascending. epochs: [F], ascending. val_error, test_error, energy_kwh, seconds: [K, F, R] of
    trainings from scratch; test_error is None where there is none. params: [K], NaN where unknown.
    """

    cells: NDArray[np.int64]
    epochs: NDArray[np.int64]
    val_error: Array
    test_error: Array | None
    energy_kwh: Array
    seconds: Array
    params: Array


class TabularBenchmark(Benchmark):
    """A table with an oracle's face: one look-up a question.

    Every epoch number is a training of its own (cosine schedule by step), so nothing is resumable. A cell that the
    table does not hold is INVALID.
    """

    resumable = False

    def __init__(
        self,
        name: str,
        space: CellSpace,
        data: CellData,
        *,
        data_sha256: str,
        provenance: Mapping[str, str],
        energy_label: str,
        notes: tuple[str, ...] = (),
    ) -> None:
        shape = (len(data.cells), len(data.epochs), data.val_error.shape[2])
        for column in (data.val_error, data.test_error, data.energy_kwh, data.seconds):
            if column is not None and (column.shape != shape or not np.isfinite(column).all()):
                raise UserError(f"{name}: every cell needs every fidelity and repeat, as finite numbers")
        if not (data.energy_kwh > 0).all():
            raise UserError(f"{name}: a training takes a positive energy")
        self.name = name
        self.space = space
        self.data_sha256 = data_sha256
        self.provenance = dict(provenance)
        self.has_test = data.test_error is not None
        self.replicates = shape[2]
        self.fidelities = tuple(float(epochs / data.epochs[-1]) for epochs in data.epochs)
        self._data = data
        self._energy_label = energy_label
        self._notes = notes
        self._row = {int(cell): row for row, cell in enumerate(data.cells)}
        self._place = {fidelity: place for place, fidelity in enumerate(self.fidelities)}

    def epochs(self, config: Config, fidelity: float) -> int:
        """Epochs of a fidelity, the same for every cell."""
        return int(self._data.epochs[self._fidelity_place(fidelity)])

    def measure(self, config: Config, fidelity: float = 1.0, seed: int = 0) -> Measurement:
        """One training of the table, the repeat chosen by seed, cell and fidelity. Raises UserError for a fidelity
        that the table has not."""
        place = self._fidelity_place(fidelity)
        if not self.space.is_valid(config):
            return INVALID_MEASUREMENT
        key = self.space.key(config)
        where = self._row[int(key)], place, self.replicate(key, fidelity, seed)
        data = self._data
        return Measurement(
            val_error=float(data.val_error[where]),
            test_error=None if data.test_error is None else float(data.test_error[where]),
            energy_kwh=float(data.energy_kwh[where]),
            seconds=float(data.seconds[where]),
            epochs=float(data.epochs[place]),
        )

    def measure_batch(self, keys: Sequence[Key], fidelity: float = 1.0, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Arrays [N] by field of Measurement, test errors NaN where there are none."""
        place = self._fidelity_place(fidelity)
        for key in keys:
            if key not in self._row:
                raise UserError(f"{self.name} holds no cell {key!r}; known: {len(self._row)} ids of the cell index")
        rows = [self._row[int(key)] for key in keys]
        where = rows, place, [self.replicate(key, fidelity, seed) for key in keys]
        data = self._data
        return {
            "val_error": data.val_error[where],
            "test_error": np.full(len(rows), np.nan) if data.test_error is None else data.test_error[where],
            "energy_kwh": data.energy_kwh[where],
            "seconds": data.seconds[where],
            "epochs": np.full(len(rows), float(data.epochs[place])),
        }

    def tariff(self) -> Tariff:
        """Prices from the table: exact sums over all cells, means over repeats."""
        energy, seconds = self._data.energy_kwh, self._data.seconds
        first, last = float(self._data.epochs[0]), float(self._data.epochs[-1])
        cells = len(self._data.cells)
        return Tariff(
            cheapest=Cost.of(energy[:, 0].min(), seconds[:, 0].min(), first),
            first=Cost.of(energy[:, 0].mean(), seconds[:, 0].mean(), first),
            full=Cost.of(energy[:, -1].mean(), seconds[:, -1].mean(), last),
            exhaustive=Cost.of(
                energy[:, -1].mean(axis=1).sum(), seconds[:, -1].mean(axis=1).sum(), last * cells, float(cells)
            ),
        )

    def reference(self) -> Reference:
        """Means over repeats at full training, and what the axis labels say."""
        data = self._data
        val_error = data.val_error[:, -1].mean(axis=1)
        return Reference(
            name=self.name,
            data_sha256=self.data_sha256,
            has_test=self.has_test,
            replicates=self.replicates,
            resumable=self.resumable,
            fidelities=self.fidelities,
            tariff=self.tariff(),
            keys=tuple(self._row),
            val_error=val_error,
            test_error=val_error if data.test_error is None else data.test_error[:, -1].mean(axis=1),
            energy_kwh=data.energy_kwh[:, -1].mean(axis=1),
            seconds=data.seconds[:, -1].mean(axis=1),
            params=data.params,
            energy_label=self._energy_label,
            notes=self._notes,
        )

    def _fidelity_place(self, fidelity: float) -> int:
        if fidelity not in self._place:
            raise UserError(f"{self.name} has fidelities {self.fidelities}, not {fidelity}")
        return self._place[fidelity]


def cell_benchmark(name: str, *, sampler: str = "uniform") -> TabularBenchmark:
    """The benchmark on an embedded or imported table of cells.

    Raises UserError, with the file to get and the command to type, where the table is not here, and TableError where
    its content is not what its checksum says.
    """
    from fairwatt.search_spaces.sources import verify

    table = verify(name)
    column = table.column
    codes, first = np.unique(column("hash"), return_index=True)
    order, vertices = column("hash"), int(column("vertices").max())
    edges, ops, params = column("edges"), column("ops"), column("params")
    ids = {code: _cell_id(vertices, str(edges[row]), str(ops[row])) for code, row in zip(codes, first, strict=True)}
    cell_of_row = np.array([ids[code] for code in order])
    epochs = np.unique(column("epochs")).astype(np.int64)
    repeats = int(column("replicate").max()) + 1
    cells, row = np.unique(cell_of_row, return_inverse=True)
    where = row, np.searchsorted(epochs, column("epochs")), column("replicate")

    def cube(values: Array) -> Array:
        filled = np.full((len(cells), len(epochs), repeats), np.nan)
        filled[where] = values
        return filled

    test = 1.0 - cube(column("test_accuracy"))
    card = table.card
    return TabularBenchmark(
        name,
        CellSpace(vertices, cells.tolist(), sampler),
        CellData(
            cells=cells,
            epochs=epochs,
            val_error=1.0 - cube(column("validation_accuracy")),
            test_error=None if np.isnan(test).all() else test,
            energy_kwh=cube(column("energy_kwh")),
            seconds=cube(column("seconds")),
            params=cube(params)[:, -1, 0],
        ),
        data_sha256=table.sha256,
        provenance={
            name: table.provenance(name) for name in ("validation_accuracy", "test_accuracy", "energy_kwh", "seconds")
        },
        energy_label=f"training energy, kWh ({table.provenance('energy_kwh')}; {card.hardware})",
        notes=card.notes,
    )


def _cell_id(vertices: int, edges: str, ops: str) -> int:
    """The id of a stored cell: upper-triangle bits and operation digits on its own number of vertices."""
    size, last = len(ops) + 2, vertices - 1
    place = {size - 1: last}
    live = {(i, place.get(j, j)) for (i, j), bit in zip(pairs(size), edges, strict=True) if bit == "1"}
    code = sum(1 << bit for bit, pair in enumerate(pairs(vertices)) if pair in live)
    for op in ops + "0" * (vertices - size):
        code = 3 * code + int(op)
    cell = int(cell_index(vertices).ids[code])
    if cell < 0:
        raise UserError(f"not a cell: edges {edges}, operations {ops}")
    return cell
