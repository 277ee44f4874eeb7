"""What a table answers on one training, at its end or half-way, and what is charged for it.

An answer is a plain dictionary, whole from the start. One that reads columns when they are asked for would be faster,
but no subclass of dict can be that everywhere: `type(answer) is dict` is False, pprint and IPython print one long line,
PyYAML refuses it, torch takes it for a leaf, and pyarrow, which reads a dict's memory, drops what is not read yet.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fairwatt.search_spaces.budget_counters import NJ_PER_KWH
from fairwatt.search_spaces.cell_table import CellTable
from fairwatt.search_spaces.ecnas_keys import CHARGES, FIXED, STATE, Read, kept_answers, missing_value, read_column
from fairwatt.search_spaces.model_spec import OutOfDomainError

Told = tuple[dict[str, Any], float, int, int]
"""An answer to be copied, with None where the cell is described; then what is charged: seconds, epochs, nanojoules."""


class TrainingAnswers:
    """Answers on the trainings of one table, those of small tables kept.

    keys: key of an answer -> column, beside what is known of every network. halfway: whether on their middle. Raises
    OutOfDomainError where the table does not tell of it.
    """

    def __init__(self, table: CellTable, keys: Mapping[str, str], halfway: bool) -> None:
        columns = {**STATE, **keys}
        changed = _halfway_columns(table) if halfway else {}
        self._table = table
        self._blank: dict[str, Any] = dict.fromkeys(FIXED)
        self._blank |= {key: missing_value(name) for key, name in columns.items()}
        known = {key: changed.get(key, name) for key, name in columns.items()}
        self._reads = [(key, read_column(table, name)) for key, name in known.items() if name in table]
        kwh = "energy (kWh)"
        self._kwh = read_column(table, changed.get(kwh, CHARGES[kwh]))
        self._epochs = _halfway_epochs(table, changed["training_time"]) if halfway else _whole_epochs(table)
        self.told = lru_cache(maxsize=kept_answers(table))(self._tell)
        """Of one row: its `Told`. Raises OutOfDomainError where the table does not know what the training took."""

    def _tell(self, row: int) -> Told:
        answer = self._blank.copy()
        for key, read in self._reads:
            answer[key] = read(row)
        seconds, kwh = answer["training_time"], self._kwh(row)
        if not (math.isfinite(seconds) and math.isfinite(kwh)):
            raise OutOfDomainError(
                f"{self._table.card.name} does not tell what its row {row} took ({seconds} s, {kwh} kWh), so a query "
                "cannot be charged; get_metrics_from_spec() tells the rest and charges nothing"
            )
        return answer, seconds, self._epochs(row), round(kwh * NJ_PER_KWH)


def _halfway_columns(table: CellTable) -> dict[str, str]:
    """Key -> column of what was half-way, and of what it took.

    Of the whole training where the table does not know what it took by then, or where what it calls half-way are
    other accuracies than those: final ones would be for sale at a part of their price.
    """
    is_halfway = _tells(table, "halfway_validation_accuracy")
    if "halfway_validation_accuracy" not in table or table.missing("halfway_validation_accuracy").any():
        raise OutOfDomainError(f"{table.card.name} does not tell of trainings half-way")

    def spent(name: str) -> str:
        return half if is_halfway and _tells(table, half := f"halfway_{name}") else name

    state = {key: f"halfway_{name}" for key, name in STATE.items()}
    return state | {"training_time": spent("seconds")} | {key: spent(name) for key, name in CHARGES.items()}


def _whole_epochs(table: CellTable) -> Read:
    """The epochs of a training by its place in the box: on large tables a column costs a page."""
    repeats, numbers = table.replicates, table.epochs.tolist()
    return lambda row: numbers[row // repeats % len(numbers)]


def _halfway_epochs(table: CellTable, seconds: str) -> Read:
    """The epochs that a column of seconds stands for."""
    whole = _whole_epochs(table)
    if seconds == "seconds":
        return whole
    if not _tells(table, "halfway_epoch"):
        return lambda row: whole(row) // 2
    read = table.reader("halfway_epoch")
    return lambda row: round(read(row))


def _tells(table: CellTable, name: str) -> bool:
    """Whether a column holds in every row what its name says, not the value of another training."""
    return name in table and table.provenance(name) in ("measured", "scaled") and not table.missing(name).any()
