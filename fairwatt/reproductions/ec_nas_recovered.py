"""The whole 4V table of EC-NAS, from nothing but the published searches, held against the official file."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.reproductions.catalogue import OFFICIAL_4V
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_runs import EPOCHS, valid_rows

if TYPE_CHECKING:
    import pandas as pd

    from fairwatt.search_spaces.tfrecord import Record

Array = NDArray[np.float64]

SPACE = "4v"
COLUMNS = ("energy_kwh", "seconds", "val_accuracy", "test_accuracy")
_CLOSE = 1e-6  # relative; energies of one cell are in the ratio of epochs up to the last digits of a float


class Cell(NamedTuple):
    """One architecture as the searches show it: millions of parameters, and [4, 4] values by EPOCHS and COLUMNS."""

    parameters: float
    values: Array


def table_4v(shelf: Shelf) -> Made:
    """A row for each architecture; which one it is is read from the official file, where the values are compared."""
    rows = valid_rows(shelf)
    rows = rows[rows["space"] == SPACE]
    distinct = rows[["parameters", *COLUMNS]].drop_duplicates().to_numpy()
    found = link(distinct)
    named = official_cells(shelf)
    table, worst = _together(found, named)
    return Made(
        tables={"table-4v": table},
        deviations=(
            Deviation("architectures", "91", str(len(found))),
            Deviation("rows, 4 to 108 epochs", "364", str(len(distinct)), f"of {len(rows):,} valid evaluations"),
            *(
                Deviation(
                    f"{column}, against the official file",
                    "364 values",
                    f"largest relative difference {difference:.1g}",
                    ""
                    if difference > 1e-12
                    else "equal"
                    if difference == 0
                    else "equal but for the last bit of a float",
                )
                for column, difference in worst.items()
            ),
        ),
        notes=(
            "Rows of one architecture are known by equal parameters and by energies in the ratio 4 : 12 : 36 : 108, to "
            "one in a million; the file's own columns of hashes and epochs were not used.",
            "What an architecture is is not in the searches: hash, edges and operations are the official file's, found "
            "by parameters and energy.",
            "Energies and times are the measured 4-epoch values times epochs / 4 (scaled); accuracies are means of "
            "three trainings of NAS-Bench-101.",
        ),
    )


def link(distinct: Array) -> list[Cell]:
    """The architectures behind rows [N, 5] (parameters, then COLUMNS), by ascending energy.

    The row of least energy among those left is a training of the fewest epochs; the others of its architecture have its
    parameters and 3, 9 and 27 times its energy. Raises UserError where they are not there, or not one each.
    """
    left = distinct[np.argsort(distinct[:, 1], kind="stable")]
    cells = []
    while len(left):
        parameters, energy = left[0, :2]
        same = np.isclose(left[:, 0], parameters, rtol=_CLOSE, atol=0.0)
        wanted = energy * np.array(EPOCHS) / EPOCHS[0]
        hits = [np.flatnonzero(same & np.isclose(left[:, 1], kwh, rtol=_CLOSE, atol=0.0)) for kwh in wanted]
        if any(len(hit) != 1 for hit in hits):
            raise UserError(
                f"a network of {parameters:.4g} million parameters and {energy:.4g} kWh has "
                f"{', '.join(str(len(hit)) for hit in hits)} rows at {', '.join(map(str, EPOCHS))} epochs; "
                "expected one at each: some are not among these searches"
            )
        places = np.concatenate(hits)
        cells.append(Cell(float(parameters), left[places, 1:]))
        left = np.delete(left, places, axis=0)
    return cells


def official_cells(shelf: Shelf) -> "dict[str, dict[int, Record]]":
    """Records of the official 4V file by hash and epochs."""
    from fairwatt.search_spaces.tfrecord import read_records

    cells: dict[str, dict[int, Record]] = {}
    for record in read_records(shelf.path(OFFICIAL_4V)):
        cells.setdefault(record.hash, {})[record.epochs] = record
    return cells


def _together(found: list[Cell], named: "dict[str, dict[int, Record]]") -> "tuple[pd.DataFrame, dict[str, float]]":
    """The table, and by column the largest relative difference between a recovered value and the official one."""
    import pandas as pd

    lines = []
    worst = dict.fromkeys(COLUMNS, 0.0)
    for cell in found:
        key = min(named, key=lambda key: _distance(cell, named[key]))
        records = named.pop(key)
        first = records[EPOCHS[0]]
        line = {"hash": key, "vertices": len(first.ops), "edges": sum(map(sum, first.matrix))}
        line |= {"operations": " ".join(first.ops[1:-1]), "parameters, 10⁶": cell.parameters}
        for epochs, values in zip(EPOCHS, cell.values, strict=True):
            for column, value, other in zip(COLUMNS, values, _values(records[epochs]), strict=True):
                worst[column] = max(worst[column], abs(value - other) / abs(other))
                line[f"{column} {epochs}"] = value
        lines.append(line)
    return pd.DataFrame(lines), worst


def _values(record: "Record") -> tuple[float, ...]:
    """Of COLUMNS; NaN where unset."""
    end = record.metrics.final
    return tuple(
        np.nan if value is None else value
        for value in (end.energy_kwh, end.seconds, end.validation_accuracy, end.test_accuracy)
    )


def _distance(cell: Cell, records: "dict[int, Record]") -> float:
    """Relative, of parameters and of the energy of the shortest training."""
    parameters = (records[EPOCHS[0]].metrics.trainable_parameters or 0) / 1e6
    energy = _values(records[EPOCHS[0]])[0]
    return abs(cell.parameters / parameters - 1.0) + abs(float(cell.values[0, 0]) / energy - 1.0)
