"""What the interfaces of EC-NAS-Bench and NAS-Bench-101 share: the cells of one table by spec and by hash, counters.

Everything is worked out when it is asked for, and what is handed out is the caller's own.
"""

import math
import operator
from collections.abc import Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.errors import UserError
from fairwatt.records import JOULES_PER_KWH, NANO
from fairwatt.search_spaces.cell_graph import INPUT, MAX_EDGES, OPS, OUTPUT, Matrix
from fairwatt.search_spaces.cell_statistics import Hashes, Statistics
from fairwatt.search_spaces.cell_table import CellPlaces
from fairwatt.search_spaces.dataset_file import open_dataset
from fairwatt.search_spaces.ecnas_keys import CHARGES, KEPT, STATE, Read, read_column
from fairwatt.search_spaces.model_spec import ModelSpec, OutOfDomainError, as_spec, explain, square

_NJ_PER_KWH = JOULES_PER_KWH * NANO
_OWN_STATE = ("dataset_file", "rng", "training_time_spent", "total_epochs_spent", "energy_spent_nj")


class UnknownCellError(OutOfDomainError, KeyError):
    """A cell of the search space that the table does not hold."""

    __str__ = Exception.__str__


class CellLookup:
    """The cells of one table, in the words of the NAS-Bench-101 API.

    dataset_file: as of `open_dataset`. seed: of the generator `rng` that draws here; None draws one. repeat: which of
    the repeated trainings answers, from 0; None draws one at each query. Copies and what is unpickled open the table's
    file again, and go on with counters and generator of their own. Raises UserError with what to type where the table
    is not here, and for a seed that is none and a repeat that the table has not.
    """

    def __init__(self, dataset_file: str | Path, seed: int | None, repeat: int | None) -> None:
        self.dataset_file = dataset_file
        self.table = table = open_dataset(dataset_file)
        try:
            self.rng = np.random.default_rng(seed)
        except (TypeError, ValueError) as error:
            raise UserError(f"a seed is a whole number from 0, or None, not {seed!r}: {error}") from None
        self._repeats = table.replicates
        self.repeat = None if repeat is None else _whole(repeat)
        if self.repeat not in (None, *range(self._repeats)):
            raise UserError(f"{table.card.name} has repeats 0 to {self._repeats - 1}, not {repeat!r}")
        self.valid_epochs = set(table.epochs.tolist())
        vertices = int(table.values("vertices")[:, 0, 0].max())
        self.config: dict[str, Any] = {
            "module_vertices": vertices,
            "max_edges": min(MAX_EDGES, vertices * (vertices - 1) // 2),
            "num_repeats": self._repeats,
            "available_ops": list(OPS),
        }
        self._rows_of_cell = table.rows // len(table.cells)
        self._first_row = {count: place * self._repeats for place, count in enumerate(table.epochs.tolist())}
        self._places, self._cells = CellPlaces(table.cells).place, table.cells.data
        self._edges, self._ops, self._params = table.ascii("edges"), table.ascii("ops"), read_column(table, "params")
        self._cell_at = lru_cache(maxsize=KEPT)(self._stored)
        self._told = lru_cache(maxsize=KEPT)(self._tell)
        self.reset_budget_counters()

    def __reduce__(self) -> tuple[Any, ...]:
        table = self.table
        same = (type(self), table.path.absolute(), table.sha256, self.repeat)
        return _reopened, same, {name: getattr(self, name) for name in _OWN_STATE}

    # -- cells

    def get_model_spec(self, matrix: Matrix, labels: Sequence[str]) -> ModelSpec:
        """As `ModelSpec(matrix, labels)`."""
        return ModelSpec(matrix, labels)

    def hash_iterator(self) -> Hashes:
        """The md5 hashes of all cells, in the order of the table."""
        return self._hashes

    def get_metrics_from_hash(self, module_hash: str) -> tuple[dict[str, Any], Statistics]:
        """Fixed statistics, and computed ones as epochs -> repeat -> metrics; nothing is charged.

        Raises UnknownCellError for a hash that is not in the table.
        """
        place = self._place_of_hash.get(module_hash) if isinstance(module_hash, str) else None
        if place is None:
            raise UnknownCellError(f"{self.table.card.name} holds no cell with the hash {module_hash!r}")
        return self._fixed(place), self._computed(place)

    def get_metrics_from_spec(self, model_spec: Any) -> tuple[dict[str, Any], Statistics]:
        """As `get_metrics_from_hash`. Raises OutOfDomainError for what is no cell of the table."""
        place = self._place(model_spec)
        return self._fixed(place), self._computed(place)

    @property
    def fixed_statistics(self) -> Statistics:
        """hash -> name -> value."""
        known = self._place_of_hash
        return Statistics(known, lambda code: self._fixed(known[code]), keep=False)

    @property
    def computed_statistics(self) -> Statistics:
        """hash -> epochs -> repeat -> name -> value."""
        known = self._place_of_hash
        return Statistics(known, lambda code: self._computed(known[code]), keep=False)

    def is_valid(self, model_spec: Any) -> bool:
        """Whether the table holds this cell."""
        try:
            self._place(model_spec)
        except OutOfDomainError:
            return False
        return True

    def has_cell(self, spec: ModelSpec) -> bool:
        """As `is_valid`, in less than a microsecond where the spec was made here."""
        return self._places(spec.cell) is not None

    def spec_at(self, place: int) -> ModelSpec:
        """The spec of a cell by its place in the table, from 0."""
        mask, ops, _ = self._cell_at(place)
        return ModelSpec.of_code(len(ops), mask, ops, self._cells[place])

    # -- counters

    def get_budget_counters(self) -> tuple[float, int]:
        """Seconds and epochs of all queries since the last reset; `energy_spent_kwh` has their energy."""
        return self.training_time_spent, self.total_epochs_spent

    @property
    def energy_spent_kwh(self) -> float:
        """Energy of all queries since the last reset: a sum of whole nanojoules, `energy_spent_nj`."""
        return self.energy_spent_nj / _NJ_PER_KWH

    def reset_budget_counters(self) -> None:
        """Set all counters to 0."""
        self.training_time_spent, self.total_epochs_spent, self.energy_spent_nj = 0.0, 0, 0

    def _train(self, spec: Any, epochs: int, halfway: bool) -> tuple[int, dict[str, Any], dict[str, Any]]:
        """One training, charged: its row, what is known of the network then, and what it took (not the caller's)."""
        row = self._row(spec, epochs)
        state, took, (seconds, trained, energy_nj) = self._told(row, halfway)
        answer = self._fixed(row // self._rows_of_cell)
        answer.update(state)
        self.training_time_spent += seconds
        self.total_epochs_spent += trained
        self.energy_spent_nj += energy_nj
        return row, answer, took

    def _tell(self, row: int, halfway: bool) -> tuple[dict[str, Any], dict[str, Any], tuple[float, int, int]]:
        """State, what it took, and what is booked for it: seconds, epochs, nanojoules."""
        states, charges, epochs = self._halfway if halfway else self._final
        state = {key: read(row) for key, read in states.items()}
        took = {key: read(row) for key, read in charges.items()}
        seconds, kwh = state["training_time"], took["energy (kWh)"]
        if not (math.isfinite(seconds) and math.isfinite(kwh)):
            raise OutOfDomainError(
                f"{self.table.card.name} does not tell what its row {row} took ({seconds} s, {kwh} kWh), so a query "
                "cannot be charged; get_metrics_from_spec() tells the rest and charges nothing"
            )
        return state, took, (seconds, round(epochs(row)), round(kwh * _NJ_PER_KWH))

    # -- from specs and hashes to rows; the first two names are known to users

    def _hash_spec(self, model_spec: Any) -> str:
        """The md5 of a spec. Raises OutOfDomainError for what is no cell."""
        spec = as_spec(model_spec)
        place = self._places(spec.cell)
        return spec.hash_spec(self.config["available_ops"]) if place is None else self._hashes[place]

    def _check_spec(self, model_spec: Any) -> None:
        """Raises OutOfDomainError for what is no cell of the table."""
        self._place(model_spec)

    def _place(self, spec: Any) -> int:
        own = as_spec(spec)
        place = self._places(own.cell)
        if place is None:
            if own.cell < 0:
                raise OutOfDomainError(explain(own))
            raise UnknownCellError(
                f"{self.table.card.name} holds no cell {own.cell} of {len(own.code()[2])} vertices; it has "
                f"{len(self.table.cells):,} of up to {self.config['module_vertices']}"
            )
        return place

    def _row(self, spec: Any, epochs: int) -> int:
        try:
            first = self._first_row[epochs]
        except (KeyError, TypeError):  # of what cannot be hashed
            known = ", ".join(map(str, self._first_row))
            raise OutOfDomainError(f"{self.table.card.name} has trainings of {known} epochs, not {epochs!r}") from None
        repeat = int(self.rng.integers(self._repeats)) if self.repeat is None else self.repeat
        return self._place(spec) * self._rows_of_cell + first + repeat

    @cached_property
    def _place_of_hash(self) -> dict[str, int]:
        text = self.table.ascii("hash")[:: self._rows_of_cell].tobytes().decode()
        return {text[32 * place : 32 * place + 32]: place for place in range(len(text) // 32)}

    @cached_property
    def _hashes(self) -> Hashes:
        return Hashes.of(self._place_of_hash)

    # -- from rows to values

    def _stored(self, place: int) -> tuple[int, tuple[str, ...], Any]:
        """Mask, operations and parameters of a cell as the table has it."""
        row = place * self._rows_of_cell
        return int(self._edges[row][::-1], 2), _names(self._ops[row]), self._params(row)

    def _fixed(self, place: int) -> dict[str, Any]:
        mask, ops, params = self._cell_at(place)
        return {
            "module_adjacency": square(len(ops), mask).copy(),
            "module_operations": list(ops),
            "trainable_parameters": params,
        }

    def _computed(self, place: int) -> Statistics:
        return Statistics(self._first_row, partial(self._trainings, place), keep=True)

    def _trainings(self, place: int, epochs: int) -> list[dict[str, Any]]:
        first = place * self._rows_of_cell + self._first_row[epochs]
        return [{key: read(row) for key, read in self._metrics.items()} for row in range(first, first + self._repeats)]

    @cached_property
    def _metrics(self) -> dict[str, Read]:
        """What computed statistics hold of one training."""
        halfway = {f"halfway_{key}": f"halfway_{name}" for key, name in STATE.items()}
        return self._readers(halfway | {f"final_{key}": name for key, name in STATE.items()})

    @cached_property
    def _final(self) -> tuple[dict[str, Read], dict[str, Read], Read]:
        return self._readers(STATE), self._readers(CHARGES), self.table.reader("epochs")

    @cached_property
    def _halfway(self) -> tuple[dict[str, Read], dict[str, Read], Read]:
        """Readers of what was half-way, of what it took, and of the epochs that its time stands for.

        Of the whole training where the table does not know what it took by then, or where what it calls half-way are
        other accuracies than those: final ones would be for sale at a part of their price.
        """
        table = self.table
        is_halfway = self._tells("halfway_validation_accuracy")
        if "halfway_validation_accuracy" not in table or table.missing("halfway_validation_accuracy").any():
            raise OutOfDomainError(f"{table.card.name} does not tell of trainings half-way")

        def spent(name: str) -> str:
            return half if is_halfway and self._tells(half := f"halfway_{name}") else name

        state = {key: f"halfway_{name}" for key, name in STATE.items()} | {"training_time": spent("seconds")}
        charges = self._readers({key: spent(name) for key, name in CHARGES.items()})
        if spent("seconds") == "seconds":
            return self._readers(state), charges, table.reader("epochs")
        if self._tells("halfway_epoch"):
            return self._readers(state), charges, table.reader("halfway_epoch")
        whole = table.reader("epochs")
        return self._readers(state), charges, lambda row: whole(row) // 2

    def _readers(self, columns: Mapping[str, str]) -> dict[str, Read]:
        return {key: read_column(self.table, name) for key, name in columns.items()}

    def _tells(self, name: str) -> bool:
        """Whether a column holds in every row what its name says, not the value of another training."""
        table = self.table
        return name in table and table.provenance(name) in ("measured", "scaled") and not table.missing(name).any()


@cache
def _names(ops: bytes) -> tuple[str, ...]:
    """All operations of a cell from the digits of its interior ones."""
    return INPUT, *(OPS[int(digit)] for digit in ops.decode()), OUTPUT


def _whole(number: Any) -> int:
    """-1 for what is no whole number."""
    try:
        return operator.index(number)
    except TypeError:
        return -1


def _reopened(kind: type[CellLookup], path: Path, sha256: str, repeat: int | None) -> CellLookup:
    """A benchmark on the same table in the same file. Raises UserError where another one has taken its place."""
    made = kind(path, None, repeat)
    if made.table.sha256 != sha256:
        raise UserError(f"{path} holds another table than when this benchmark was pickled: open it again by name")
    return made
