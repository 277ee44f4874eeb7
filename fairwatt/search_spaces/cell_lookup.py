"""What the interfaces of EC-NAS-Bench and NAS-Bench-101 share: the cells of one table by spec and by hash, counters.

Everything is worked out when it is asked for, and what is handed out is the caller's own.
"""

import operator
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.errors import UserError
from fairwatt.search_spaces.budget_counters import BudgetCounters
from fairwatt.search_spaces.cell_graph import MAX_EDGES, OPS, Matrix
from fairwatt.search_spaces.cell_statistics import Hashes, Statistics
from fairwatt.search_spaces.cell_table import CellPlaces
from fairwatt.search_spaces.dataset_file import open_dataset
from fairwatt.search_spaces.drawing import Drawing, stored_drawing
from fairwatt.search_spaces.ecnas_keys import STATE, Read, kept_answers, read_column
from fairwatt.search_spaces.model_spec import NO_PATH, ModelSpec, OutOfDomainError, as_spec, explain
from fairwatt.search_spaces.training_answers import TrainingAnswers

_OWN_STATE = ("dataset_file", "rng", "training_time_spent", "total_epochs_spent", "energy_spent_nj")


class UnknownCellError(OutOfDomainError, KeyError):
    """A cell of the search space that the table does not hold."""

    __str__ = Exception.__str__


class CellLookup(BudgetCounters):
    """The cells of one table, in the words of the NAS-Bench-101 API.

    dataset_file: as of `open_dataset`. seed: of the generator `rng` that draws here; None draws one. repeat: which of
    the repeated trainings answers, from 0; None draws one at each query. Copies and what is unpickled open the table's
    file again, and go on with counters and generator of their own. Raises UserError with what to type where the table
    is not here, and for a seed that is none and a repeat that the table has not.
    """

    _keys: Mapping[str, str] = {}
    """Key -> column of what an answer tells of a training beside the state of the network."""

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
        self._cell_at = lru_cache(maxsize=kept_answers(table))(self._stored)
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
        try:
            place = self._place_of_hash[module_hash]
        except (KeyError, TypeError):  # of what cannot be hashed
            raise UnknownCellError(f"{self.table.card.name} holds no cell with the hash {module_hash!r}") from None
        return self._fixed(place), self._computed(place)

    def get_metrics_from_spec(self, model_spec: Any) -> tuple[dict[str, Any], Statistics]:
        """As `get_metrics_from_hash`. Raises OutOfDomainError for what is no cell of the table."""
        place = self._place(model_spec)
        return self._fixed(place), self._computed(place)

    @property
    def fixed_statistics(self) -> Statistics:
        """hash -> name -> value."""
        known = self._place_of_hash
        return Statistics(known, lambda code: self._fixed(known[code]), False)

    @property
    def computed_statistics(self) -> Statistics:
        """hash -> epochs -> repeat -> name -> value."""
        known = self._place_of_hash
        return Statistics(known, lambda code: self._computed(known[code]), False)

    def is_valid(self, model_spec: Any) -> bool:
        """Whether the table holds this cell."""
        try:
            self._place(model_spec)
        except OutOfDomainError:
            return False
        return True

    def has_cell(self, spec: ModelSpec | Drawing) -> bool:
        """As `is_valid`, in less than a microsecond where the spec was made here."""
        return self._places(spec.cell) is not None

    def spec_at(self, place: int) -> ModelSpec:
        """The spec of a cell by its place in the table, from 0."""
        return ModelSpec.of_drawing(self._cell_at(place)[0])

    # -- trainings

    def _train(self, spec: Any, epochs: int, halfway: bool) -> tuple[int, dict[str, Any]]:
        """One training, charged: its row, and what is told of it, in a dictionary that is the caller's own."""
        try:
            first = self._first_row[epochs]
        except (KeyError, TypeError):  # of what cannot be hashed
            known = ", ".join(map(str, self._first_row))
            raise OutOfDomainError(f"{self.table.card.name} has trainings of {known} epochs, not {epochs!r}") from None
        repeat = int(self.rng.integers(self._repeats)) if self.repeat is None else self.repeat
        place = self._place(spec)
        row = place * self._rows_of_cell + first + repeat
        told, seconds, trained, energy_nj = (self._at_halfway if halfway else self._at_end).told(row)
        drawing, params = self._cell_at(place)
        answer = told.copy()
        answer["module_adjacency"], answer["module_operations"] = drawing.matrix(), list(drawing.ops)
        answer["trainable_parameters"] = params
        self.training_time_spent += seconds
        self.total_epochs_spent += trained
        self.energy_spent_nj += energy_nj
        return row, answer

    @cached_property
    def _at_end(self) -> TrainingAnswers:
        return TrainingAnswers(self.table, self._keys, halfway=False)

    @cached_property
    def _at_halfway(self) -> TrainingAnswers:
        return TrainingAnswers(self.table, self._keys, halfway=True)

    # -- from specs and hashes to rows; the first two names are known to users

    def _hash_spec(self, model_spec: Any) -> str:
        """The md5 of a spec. Raises OutOfDomainError for what is no cell."""
        spec = model_spec if isinstance(model_spec, ModelSpec) else as_spec(model_spec)
        cell = spec.drawing.cell
        if cell < 0 and not spec.drawing.left:  # what mutations meet most
            raise OutOfDomainError(NO_PATH)
        place = self._places(cell)
        if place is not None:
            return self._codes[place]
        return spec.hash_spec(self.config["available_ops"])

    def _check_spec(self, model_spec: Any) -> None:
        """Raises OutOfDomainError for what is no cell of the table."""
        self._place(model_spec)

    def _place(self, spec: Any) -> int:
        own = spec if isinstance(spec, ModelSpec) else as_spec(spec)
        place = self._places(own.drawing.cell)
        if place is None:
            if own.cell < 0:
                raise OutOfDomainError(explain(own))
            raise UnknownCellError(
                f"{self.table.card.name} holds no cell {own.cell} of {len(own.code()[2])} vertices; it has "
                f"{len(self.table.cells):,} of up to {self.config['module_vertices']}"
            )
        return place

    @cached_property
    def _place_of_hash(self) -> dict[str, int]:
        text = self.table.ascii("hash")[:: self._rows_of_cell].tobytes().decode()
        return {text[32 * place : 32 * place + 32]: place for place in range(len(text) // 32)}

    @cached_property
    def _codes(self) -> tuple[str, ...]:
        return tuple(self._place_of_hash)

    @cached_property
    def _hashes(self) -> Hashes:
        return Hashes.of(self._codes)

    # -- from rows to values

    def _stored(self, place: int) -> tuple[Drawing, Any]:
        """A cell as the table draws it, and its parameters."""
        row = place * self._rows_of_cell
        return stored_drawing(self._edges.item(row), self._ops.item(row), self._cells[place]), self._params(row)

    def _fixed(self, place: int) -> dict[str, Any]:
        drawing, params = self._cell_at(place)
        return {
            "module_adjacency": drawing.matrix(),
            "module_operations": list(drawing.ops),
            "trainable_parameters": params,
        }

    def _computed(self, place: int) -> Statistics:
        return Statistics(self._first_row, partial(self._trainings, place), True)

    def _trainings(self, place: int, epochs: int) -> list[dict[str, Any]]:
        first = place * self._rows_of_cell + self._first_row[epochs]
        return [{key: read(row) for key, read in self._metrics.items()} for row in range(first, first + self._repeats)]

    @cached_property
    def _metrics(self) -> dict[str, Read]:
        """What computed statistics hold of one training."""
        halfway = {f"halfway_{key}": f"halfway_{name}" for key, name in STATE.items()}
        columns = {**halfway, **{f"final_{key}": name for key, name in STATE.items()}, **self._keys}
        return {key: read_column(self.table, name) for key, name in columns.items()}


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
