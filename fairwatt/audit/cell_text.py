"""What the text of a table's cells holds besides numbers and words: decimal commas, and objects as text."""

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairwatt.audit.hostile_file import parse_json
from fairwatt.audit.log import LogError
from fairwatt.audit.vocabulary import EXACT, PREFIXES, tokens

if TYPE_CHECKING:
    import pandas as pd

_COMMA = re.compile(r"[-+]?(?:\d+|\d*,\d+)(?:[eE][-+]?\d+)?")
_POINT = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+")
_NAN = re.compile(r"(?<=: )nan(?=[,}])")
LONGEST = 100_000
"""Letters of an object's text."""


def with_points(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Decimal commas as points, where no number of the table has a point, and some comma parts no thousands.

    frame: as text, from a file whose fields are not parted by commas.
    """
    kinds = {name: [word.strip() for word in frame[name].dropna().unique()] for name in frame.columns}
    found = [name for name, words in kinds.items() if any("," in word for word in words) and _all(_COMMA, words)]
    written = [word for name in found for word in kinds[name] if "," in word]
    if _all(_THOUSANDS, written) or any(_POINT.fullmatch(word) for words in kinds.values() for word in words):
        return frame
    return frame.assign(**{name: frame[name].str.replace(",", ".") for name in found})


def as_objects(column: "pd.Series[Any]") -> list[Mapping[str, Any]] | None:
    """[rows] a column of objects in JSON, or as Python writes them, and nothing else; None for any other.

    A configuration stays what it is, unless it has the names of searches among its fields.
    """
    made: list[Mapping[str, Any]] = []
    for word in column:
        if not isinstance(word, str) or not word.lstrip().startswith("{") or len(word) > LONGEST:
            return None
        value = _object(word)
        if value is None or not all(isinstance(name, str) for name in value):
            return None
        made.append(value)
    fields = {"_".join(tokens(name)) for value in made for name in value}
    name = str(column.name)
    if "_".join(tokens(name)) not in EXACT["config"]:
        return made if fields else None
    return made if PREFIXES.match(f"{name}.") and fields & {*EXACT["method"], *EXACT["seed"]} else None


def _object(word: str) -> dict[str, Any] | None:
    try:
        value = parse_json(word, "")
    except LogError:
        try:
            value = ast.literal_eval(_NAN.sub("None", word.strip()))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _all(form: re.Pattern[str], words: list[str]) -> bool:
    return all(form.fullmatch(word) for word in words)
