"""Benchmarks on tables of measured cells: EC-NAS, and the tables that ship with the package."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.problem import Benchmark, Reference, Tariff
from fairwatt.records import INVALID_MEASUREMENT, Config, Cost, Key, Measurement, Status
from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_data import CellData
from fairwatt.search_spaces.cell_table import CellPlaces, CellTable
from fairwatt.search_spaces.device_factors import device_factors
from fairwatt.search_spaces.table import TableError

Array = NDArray[np.float64]

SIZES = {91: 4, 2_532: 5, 423_624: 7}
"""Cells of at most so many vertices, ids counting from 0: the vertices of the smallest usual space that has them."""
_MOST_CHOICES = 64
"""Fidelities and seeds whose repeats are remembered, each in a byte a cell."""
_ON_ENERGY = re.compile(r"\benerg(?:y|ies)\b(?!:)")
"""Notes on where a table's energies come from; "energy: ..." tells the meter, which others of the space share."""


class TabularBenchmark(Benchmark):
    """A table with an oracle's face: one look-up a question.

    Every epoch number is a training of its own (cosine schedule by step), so nothing is resumable. A cell that the
    table does not hold is INVALID. table: where the data are from, which `verify` reads again; None for data that no
    file holds.
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
        table: CellTable | None = None,
    ) -> None:
        shape = (len(data.cells), len(data.epochs), data.val_error.shape[2])
        for column in (data.val_error, data.test_error, data.energy_kwh, data.seconds):
            if column is not None and (column.shape != shape or not np.isfinite(column).all()):
                raise UserError(f"{name}: every cell needs every fidelity and repeat, as finite numbers")
        if not (data.energy_kwh > 0).all():
            raise UserError(f"{name}: a training takes a positive energy")
        self.name = name
        self.space = self._cells = space
        self.data_sha256 = data_sha256
        self.provenance = dict(provenance)
        self.has_test = data.test_error is not None
        self.replicates = shape[2]
        self.fidelities = tuple(float(epochs / data.epochs[-1]) for epochs in data.epochs)
        self._data = data
        self._energy_label = energy_label
        self._notes = notes
        self._table = table
        if table is not None and table.card.pue:
            self.pue = table.card.pue
        self._places = CellPlaces(data.cells)
        self._place = {fidelity: place for place, fidelity in enumerate(self.fidelities)}
        self._only_repeat = np.zeros(len(data.cells), dtype=np.int8)
        self._repeats: dict[str, NDArray[np.signedinteger]] = {}

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
        where = self._places.place(int(key)), place, self.replicate(key, fidelity, seed)
        data = self._data
        return Measurement(
            val_error=float(data.val_error[where]),
            test_error=None if data.test_error is None else float(data.test_error[where]),
            energy_kwh=float(data.energy_kwh[where]),
            seconds=float(data.seconds[where]),
            epochs=float(data.epochs[place]),
            status=Status.OK if data.diverged is None or not data.diverged[where] else Status.DIVERGED,
        )

    def measure_batch(self, keys: Sequence[Key], fidelity: float = 1.0, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Arrays [N] by field of Measurement but its status; test errors are NaN where there are none.

        With repeats the first question on a cell at this fidelity and seed costs a hash, later ones a look-up.
        """
        place = self._fidelity_place(fidelity)
        try:
            places = self._places.places(keys)
        except KeyError as error:
            raise UserError(
                f"{self.name} holds no cell {error.args[0]!r}; known: {len(self._data.cells)} ids of the cell index"
            ) from None
        data = self._data
        repeats = self._repeats_of(places, fidelity, seed)

        def answers(column: Array) -> Array:
            values = column[:, place]  # [K, R]; a flat column would be a copy where it is broadcast
            if len(places) < len(values):
                return np.asarray(values[places, repeats[places]])
            return np.asarray(values[np.arange(len(values)), repeats][places])  # in order first: fewer cache misses

        return {
            "val_error": answers(data.val_error),
            "test_error": np.full(len(places), np.nan) if data.test_error is None else answers(data.test_error),
            "energy_kwh": answers(data.energy_kwh),
            "seconds": answers(data.seconds),
            "epochs": np.full(len(places), float(data.epochs[place])),
        }

    def verify(self) -> None:
        """Compute the table's checksum again. Raises TableError where its content is not what was written."""
        if self._table is not None:
            stamp.verify(self._table)

    def tariff(self) -> Tariff:
        """Prices from the table: exact sums over all cells, means over repeats; the same under every sampler."""
        return self._tariff

    @cached_property
    def _tariff(self) -> Tariff:
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
        """Means over repeats at full training, the repeats where they differ, how likely the sampler makes each cell,
        and what the axis labels say."""
        data = self._data
        val_error = data.val_error[:, -1].mean(axis=1)
        val_repeats, energy_repeats = (
            column[:, -1] if np.ptp(column[:, -1], axis=1).any() else None
            for column in (data.val_error, data.energy_kwh)
        )
        return Reference(
            name=self.name,
            data_sha256=self.data_sha256,
            has_test=self.has_test,
            replicates=self.replicates,
            resumable=self.resumable,
            fidelities=self.fidelities,
            tariff=self.tariff(),
            keys=tuple(data.cells.tolist()),
            val_error=val_error,
            test_error=val_error if data.test_error is None else data.test_error[:, -1].mean(axis=1),
            energy_kwh=data.energy_kwh[:, -1].mean(axis=1),
            seconds=data.seconds[:, -1].mean(axis=1),
            params=data.params,
            energy_label=self._energy_label,
            notes=self._notes,
            probabilities=self._cells.probabilities,
            val_repeats=val_repeats,
            energy_repeats=energy_repeats,
            device_factors={} if self._table is None else device_factors(self._table, data.cells),
        )

    def _repeats_of(self, places: NDArray[np.int32], fidelity: float, seed: int) -> NDArray[np.signedinteger]:
        """[K] which repeat answers for each cell, known for those at `places` [N]; each is worked out once."""
        if self.replicates == 1:
            return self._only_repeat
        name = f"{seed}|{fidelity}"  # as `streams.replicate` hashes them, which tells 1 and 1.0 apart
        if (repeats := self._repeats.get(name)) is None:
            if len(self._repeats) == _MOST_CHOICES:
                self._repeats.pop(next(iter(self._repeats)))
            repeats = np.full(len(self._data.cells), -1, dtype=np.min_scalar_type(-self.replicates))
            self._repeats[name] = repeats
        if (unknown := repeats[places] < 0).any():
            new = np.unique(places[unknown])
            repeats[new] = [self.replicate(key, fidelity, seed) for key in self._data.cells[new].tolist()]
        return repeats

    def _fidelity_place(self, fidelity: float) -> int:
        if fidelity not in self._place:
            raise UserError(f"{self.name} has fidelities {self.fidelities}, not {fidelity}")
        return self._place[fidelity]


def cell_benchmark(
    name: str, *, sampler: str = "uniform", energy: str | None = None, suspect: str = "keep"
) -> TabularBenchmark:
    """The benchmark on an embedded or imported table of cells, by its name or the path of its file.

    Its space is the smallest of 4, 5 or 7 vertices that has all the table's cells, and those are its members. energy,
    suspect: as of `cell_energies`; another choice than the table's own changes `data_sha256`, may leave cells or
    fidelities out, and leaves out the table's notes on its own energies. Raises UserError, with the file to get and the
    command to type, where a table is not here, and TableError where its content is not what its checksum says or is not
    complete.
    """
    from fairwatt.search_spaces.cell_energy import cell_energies
    from fairwatt.search_spaces.sources import load_table

    table = load_table(name)
    card, chosen = table.card, cell_energies(table, energy, suspect)
    data = CellData.of(table)
    provenance = {
        name: table.provenance(name) for name in ("validation_accuracy", "test_accuracy", "energy_kwh", "seconds")
    }
    notes = card.notes
    if chosen.provenance != provenance["energy_kwh"]:
        provenance |= {"energy_kwh": chosen.provenance, "seconds": chosen.provenance}
        notes = tuple(note for note in notes if not _ON_ENERGY.search(note))
    if chosen.data_sha256 != table.sha256:
        data = data.with_energies(chosen)
    return TabularBenchmark(
        card.name,
        CellSpace(_vertices(table), data.cells, sampler),
        data,
        data_sha256=chosen.data_sha256,
        provenance=provenance,
        energy_label=f"training energy, kWh ({chosen.provenance}; {card.hardware})",
        notes=(*chosen.notes, *notes),
        table=table,
    )


def _vertices(table: CellTable) -> int:
    """Ids count by vertices first, so the last one tells."""
    for cells, vertices in SIZES.items():
        if table.cells[-1] < cells:
            return vertices
    raise TableError(table.path, f"has a cell {table.cells[-1]}; the last id of the cell index is {max(SIZES) - 1}")
