"""Method, space and seed in the paths of files."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import LogError
from fairwatt.audit.table_file import stem

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("method", "space", "seed")
_SEED = re.compile(r"[-_. ]?seed[-_ =]?(\d+)$", re.IGNORECASE)


class Names:
    """A pattern such as `{method}/{space}/seed{seed}.csv`, for the ends of paths; `*` stands for anything in a name.

    Raises LogError for one that names none of FIELDS, or something else, or one of them twice.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        named = re.findall(r"\{(.*?)\}", pattern)
        if not named or set(named) - set(FIELDS) or len(set(named)) < len(named):
            fields = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise LogError(f"--files {pattern!r}: expected each of {fields} at most once, and one at least")
        parts = (self._part(part) for part in re.split(r"(\{.*?\}|\*)", pattern))
        self._regex = re.compile(rf"(?:^|.*/){''.join(parts)}$", re.DOTALL)

    @staticmethod
    def _part(part: str) -> str:
        if part == "*":
            return "[^/]*"
        return rf"(?P<{part[1:-1]}>[^/]+?)" if part.startswith("{") else re.escape(part)

    def fit(self, path: PurePath) -> bool:
        """Whether the end of a path is of this form."""
        return self._regex.match(path.as_posix()) is not None

    def read(self, path: str) -> dict[str, str]:
        """What the pattern names. Raises LogError where the path is not of this form."""
        found = self._regex.match(PurePath(path).as_posix())
        if found is None:
            raise LogError(f"{path}: is not of the form --files {self.pattern!r}")
        return found.groupdict()


def default_names(path: PurePath) -> dict[str, str]:
    """The stem is the method, seed 0; a `seed7` at its end, or as the folder's name, is the seed."""
    own = stem(path)
    for name in (own, path.parent.name):
        found = _SEED.search(name)
        if found:
            return {"method": _SEED.sub("", own) or path.parent.name, "seed": found[1]}
    return {"method": own, "seed": "0"}


def shown(frames: Sequence["pd.DataFrame"]) -> list["pd.DataFrame"]:
    """Logs whose names fit a line of a terminal; names that differ still do."""
    called: dict[str, dict[str, str]] = {}
    for field in FIELDS:
        taken: dict[str, str] = {}
        for name in sorted({str(name) for frame in frames for name in frame[field].unique()}, key=_is_odd):
            short, number = printable(name), 1
            while short in taken:
                number += 1
                short = f"{printable(name)[:190]} ({number})"
            taken[short] = name
        called[field] = {name: short for short, name in taken.items()}
    return [frame.assign(**{field: frame[field].map(called[field]) for field in FIELDS}) for frame in frames]


def _is_odd(name: str) -> tuple[bool, str]:
    return printable(name) != name, name
