"""The columns of a cell table from records: one row per cell, epochs and replicate.

Rows are sorted by (cell, epochs, replicate). Records of one (cell, epochs) are numbered from 0 by the text of their
start time, and where that is not known by a hash of their numbers: the order of a file means nothing, and repeat 0 must
not be the cheapest. Every field of the message is a column, `initial_*` before training and `halfway_*` at the files'
second evaluation, which `halfway_epoch` dates. Fields that no record sets have no column, except `ALWAYS`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from itertools import islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.cell import OPS
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.ecnas_metrics import Devices, Evaluation, Metrics, PowerUsage
from fairwatt.search_spaces.growing_column import GrowingColumn, MaskedArray
from fairwatt.search_spaces.stored_cells import stored_cells
from fairwatt.search_spaces.tfrecord import Record, TFRecordError

KEYS = ("cell", "hash", "vertices", "edges", "ops", "params", "epochs", "replicate")
ANSWERS = ("validation_accuracy", "energy_kwh", "seconds")
ALWAYS = (*KEYS[1:-1], *ANSWERS, "train_accuracy", "test_accuracy", "co2eq_g")
Rules = Sequence[tuple[str, str]]
"""(pattern of column names, provenance); the first that fits counts, "measured" where none does."""

_CHUNK = 8_192
_FIELDS: Mapping[str, tuple[str, str]] = {
    "cell": ("1", "cell id: place in the enumeration of all 423,624 cells"),
    "hash": ("", "md5 graph hash of the cell, 32 hex digits"),
    "vertices": ("1", "vertices of the cell, input and output included"),
    "edges": ("", "upper triangle of the stored adjacency matrix, row by row, digits 0 and 1"),
    "ops": ("", f"interior operations, digits: {', '.join(f'{code} {op}' for code, op in enumerate(OPS))}"),
    "params": ("1", "trainable parameters"),
    "epochs": ("epochs", "epochs trained from scratch, under a schedule of their own"),
    "replicate": ("1", "number of the repeated training, by start time"),
    "epoch": ("epochs", "epochs trained so far, as recorded"),
    "seconds": ("s", "training time, evaluation excluded, cumulative"),
    "train_accuracy": ("fraction", "accuracy on the training data"),
    "validation_accuracy": ("fraction", "accuracy on the validation data"),
    "test_accuracy": ("fraction", "accuracy on the test data"),
    "energy_kwh": ("kWh", "energy of training, initialisation included, evaluation excluded, cumulative"),
    "co2eq_g": ("g", "CO2-equivalent of that energy"),
    "intensity_g_per_kwh": ("g/kWh", "mean carbon intensity"),
    "start": ("", "when the measurement began"),
    "stop": ("", "when the measurement ended"),
    "predicted_energy_kwh": ("kWh", "energy of the whole training as carbontracker predicted it"),
    "predicted_co2eq_g": ("g", "CO2-equivalent as carbontracker predicted it"),
    "predicted_seconds": ("s", "training time as carbontracker predicted it"),
    "predicted_intensity_g_per_kwh": ("g/kWh", "carbon intensity as carbontracker predicted it"),
    "checkpoint_path": ("", "where the authors kept the weights"),
    "total_seconds": ("s", "time of the whole job, evaluations included"),
    "total_energy_kwh": ("kWh", "energy of the whole job, evaluations included"),
    "total_co2eq_g": ("g", "CO2-equivalent of the whole job"),
    "total_start": ("", "when the job began"),
    "total_stop": ("", "when the job ended"),
    "total_intensity_g_per_kwh": ("g/kWh", "mean carbon intensity over the job"),
    "power_w": ("W", "mean power over the job, before PUE"),
    "energy_j": ("J", "energy over the job, before PUE"),
    "device": ("", "name of the device"),
    "extrapolated": ("1", "1: the cell's counts are outside the energy model's fitted range, else 0"),
}
_INTEGERS = {"vertices": "i1", "params": "i4", "epochs": "i2"}
_ASCII = ("hash", "edges", "ops")
_TEXTS = ("start", "stop", "checkpoint_path", "total_start", "total_stop", "device")
_ROW = (
    *KEYS[1:-1],
    *(prefix + name for prefix in ("", "halfway_", "initial_") for name in Evaluation._fields),
    *Metrics._fields[2:-1],
)
_NO_DEVICES = Devices((), (), ())
_START = "initial_start"
_NUMBERS = ("energy_kwh", "seconds", "validation_accuracy", "test_accuracy", "train_accuracy")
_NO_START = "number of the repeated training, by a hash of its numbers: no start time is known, so it says nothing"


def cell_columns(
    records: Iterable[Record], path: Path, rules: Rules, answers: Sequence[str] = ANSWERS
) -> dict[str, Column]:
    """The columns of a cell table, from records in any order.

    path: for messages. answers: what must be known at the end of each training. Raises TFRecordError for a record
    without one of them, UserError for one that occurs twice.
    """
    values = _collect(_complete(records, path, answers))
    order = _order(values)
    for name in values:  # one at a time: a large table is not held twice
        values[name] = values[name][order]
    rows = values | {"replicate": np.ma.array(_replicates(values, order, path))}
    names = (*KEYS, *(name for name in rows if name not in KEYS))
    columns = {name: label(name, rows[name], rules) for name in names}
    if _START not in columns:
        columns["replicate"] = replace(columns["replicate"], description=_NO_START)
    return columns


def label(name: str, values: NDArray[Any], rules: Rules) -> Column:
    """A column with the unit and the description of its name, and the provenance of the first rule that fits."""
    field = _field(name)
    unit, description = _FIELDS[field]
    part = name.removesuffix(field).rstrip("_")
    place = {"": "", "initial": "before training: ", "halfway": "half-way: "}.get(part, f"{part}: ")
    provenance = next((source for pattern, source in rules if fnmatchcase(name, pattern)), "measured")
    return Column(values, unit, provenance, place + description)


def mean_full_kwh(columns: Mapping[str, Column]) -> float:
    """c-bar: the mean energy of full training [kWh], over cells, of each cell's mean over replicates."""
    epochs = columns["epochs"].values
    full = epochs == epochs.max()
    _, cell = np.unique(columns["cell"].values[full], return_inverse=True)
    energy = np.bincount(cell, weights=columns["energy_kwh"].values[full])
    return float((energy / np.bincount(cell)).mean())


def least_replicates(columns: Mapping[str, Column]) -> int:
    """Trainings that every (cell, epochs) of the table has at least; rows in table order."""
    replicate = columns["replicate"].values
    last_of_group = np.append(replicate[1:] == 0, True)
    return int(replicate[last_of_group].min()) + 1


def _complete(records: Iterable[Record], path: Path, answers: Sequence[str]) -> Iterator[Record]:
    known = itemgetter(*map(Evaluation._fields.index, answers))
    for record in records:
        if None in known(record.metrics.final):
            unset = next(name for name in answers if getattr(record.metrics.final, name) is None)
            raise TFRecordError(path, record.record, record.offset, f"the final {unset} is unset")
        yield record


def _collect(records: Iterator[Record]) -> dict[str, MaskedArray]:
    """[rows] arrays by column, in file order; numpy holds a chunk in a tenth of the memory of Python's objects."""
    found: dict[str, GrowingColumn] = {}
    rows = 0
    while chunk := list(islice(records, _CHUNK)):
        columns = dict(zip(_ROW, zip(*map(_row, chunk), strict=True), strict=True)) | _devices(chunk)
        arrays = {
            name: _array(name, values)
            for name, values in columns.items()
            if name in ALWAYS or values.count(None) < len(values)
        }
        arrays["cell"] = np.ma.array(stored_cells(*(arrays[name].data for name in ("vertices", "edges", "ops"))))
        for name, array in arrays.items():
            found.setdefault(name, GrowingColumn(array.dtype)).put(rows, array)
        rows += len(chunk)
    names = [name for name in _ROW if name in found] + sorted(found.keys() - set(_ROW))
    return {name: found.pop(name).rows(rows) for name in names}


def _row(record: Record) -> tuple[Any, ...]:
    start, halfway, final = record.metrics.evaluations
    params, *totals = record.metrics[1:-1]
    edges, ops = _edges(record.matrix), _ops(record.ops)
    return (record.hash, len(record.ops), edges, ops, params, record.epochs, *final, *halfway, *start, *totals)


@lru_cache(maxsize=1 << 14)
def _edges(matrix: tuple[tuple[int, ...], ...]) -> str:
    return "".join(str(bit) for place, row in enumerate(matrix) for bit in row[place + 1 :])


@lru_cache(maxsize=1 << 10)
def _ops(ops: tuple[str, ...]) -> str:
    return "".join(str(OPS.index(op)) for op in ops[1:-1])


def _devices(chunk: Sequence[Record]) -> dict[str, tuple[Any, ...]]:
    """Columns gpu0_power_w, gpu0_energy_j, gpu0_device, ... of as many devices as the chunk's records have at most."""
    columns: dict[str, tuple[Any, ...]] = {}
    if all(record.metrics.power is None for record in chunk):
        return columns
    for kind in PowerUsage._fields:
        used = [getattr(record.metrics.power, kind, None) or _NO_DEVICES for record in chunk]
        for field, name in enumerate(("power_w", "energy_j", "device")):
            for place, values in enumerate(zip_longest(*(devices[field] for devices in used))):
                columns[f"{kind}{place}_{name}"] = values
    return columns


def _array(name: str, values: Sequence[Any]) -> MaskedArray:
    field = _field(name)
    unset = values.count(None)
    mask: Any = np.array([value is None for value in values]) if unset else np.ma.nomask
    if field in _INTEGERS:
        data: NDArray[Any] = np.array([value or 0 for value in values] if unset else values, dtype=_INTEGERS[field])
    elif field in _ASCII:
        data = np.array(values, dtype="S")
    else:  # numpy makes NaN of None
        data = np.array(values, dtype=object if field in _TEXTS else np.float64)
    return np.ma.array(data, mask=mask)


def _sort_keys(values: Mapping[str, MaskedArray]) -> list[NDArray[Any]]:
    """[rows] each: what tells trainings apart, the first counting most."""
    starts = [values[_START].filled("").astype(str)] if _START in values else []
    numbers = [np.ma.getdata(values[name]) for name in _NUMBERS if name in values]
    return [np.ma.getdata(values["cell"]), np.ma.getdata(values["epochs"]), *starts, _hashed(numbers), *numbers]


def _hashed(numbers: Sequence[NDArray[np.float64]]) -> NDArray[np.uint64]:
    """[rows] a number that follows from those of the row, and in whose order they mean nothing.

    Each is mixed in by the finaliser of splitmix64 (Steele et al. 2014, "Fast splittable pseudorandom number
    generators"), which changes half of the bits, on average, where one bit of its input differs.
    """
    mixed = np.zeros(len(numbers[0]), dtype=np.uint64)
    for values in numbers:
        mixed ^= (values + 0.0).view(np.uint64)  # -0 is 0
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def _order(values: Mapping[str, MaskedArray]) -> NDArray[np.intp]:
    """Row numbers in table order; undetermined only between rows that `_replicates` refuses."""
    return np.lexsort(_sort_keys(values)[::-1])


def _replicates(values: Mapping[str, MaskedArray], order: NDArray[np.intp], path: Path) -> NDArray[np.int8]:
    """[rows] the number of each row among those of its cell and epochs; rows are in table order, `order` is files'."""
    same = [key[1:] == key[:-1] for key in _sort_keys(values)]
    if (twins := np.flatnonzero(np.logical_and.reduce(same))).size:
        records = sorted(order[twins[0] : twins[0] + 2].tolist())
        raise UserError(f"{path}: records {records[0]} and {records[1]} are the same training; keep one of them")
    first = np.append(True, ~(same[0] & same[1]))
    rows = np.arange(len(order))
    number = rows - np.maximum.accumulate(np.where(first, rows, 0))
    if number.max() > np.iinfo(np.int8).max:
        raise UserError(f"{path}: {number.max() + 1} trainings of one cell and epochs; a table holds 128")
    return number.astype(np.int8)


@cache
def _field(name: str) -> str:
    return max((field for field in _FIELDS if f"_{name}".endswith(f"_{field}")), key=len)
