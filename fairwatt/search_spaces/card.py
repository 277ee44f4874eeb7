"""The card of a table: where its numbers are from, what they may be used for, and what it costs to train its cells."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Card:
    """What a reader must know before quoting a number of a table.

    source: repository and path, source_sha256: of the file that the table was made from. replicates: trainings that
    every (cell, epochs) has at least. epochs: the budgets, ascending. mean_full_kwh: c-bar, the mean energy of full
    training (over cells, of the mean over replicates); None where the table has no energy. pue: power usage
    effectiveness that the energy contains; None where unknown. created_by: the command that made the table. dataset:
    what configurations with hyperparameters were trained on, such as "digits"; empty for tables of cells.
    """

    name: str
    title: str
    source: str
    source_sha256: str
    licence: str
    hardware: str
    notes: tuple[str, ...]
    replicates: int
    epochs: tuple[int, ...]
    mean_full_kwh: float | None
    pue: float | None
    created_by: str
    dataset: str = ""

    def to_json(self) -> str:
        """One line of JSON, keys sorted; without `dataset` where that is empty."""
        entries = {name: value for name, value in asdict(self).items() if name != "dataset" or value}
        return json.dumps(entries, sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """The inverse of `to_json`; raises ValueError for anything that is not a card of this version."""
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError("a card is a JSON object")
        known = {field.name for field in fields(cls)}
        if unknown := sorted(data.keys() - known):
            raise ValueError(f"the card has unknown keys ({', '.join(unknown)}): a newer fairwatt wrote it; update")
        data = {"dataset": ""} | data
        if missing := sorted(known - data.keys()):
            raise ValueError(f"the card lacks {', '.join(missing)}")
        for name, accepts in _TYPES.items():
            if not accepts(data[name]):
                raise ValueError(f"the card's {name} is {data[name]!r}")
        return cls(**_tuples(data))


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_amount(value: object) -> bool:
    return value is None or (type(value) in (int, float) and value >= 0)  # type: ignore[operator]


_TYPES = {
    **dict.fromkeys(
        ("name", "title", "source", "source_sha256", "licence", "hardware", "created_by", "dataset"), _is_text
    ),
    "notes": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "epochs": lambda value: isinstance(value, list) and all(map(_is_count, value)),
    "replicates": _is_count,
    "mean_full_kwh": _is_amount,
    "pue": _is_amount,
}
