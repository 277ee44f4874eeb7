"""Patterns for the ends of paths, as `--files` has them."""

import re
from pathlib import PurePath

from fairwatt.audit.log import LogError

FIELDS = ("method", "space", "seed")
TRIAL = "trial"


class Names:
    """A pattern such as `{method}/{space}/seed{seed}.csv`, for the ends of paths; `*` stands for anything in a name.

    Besides FIELDS, `{trial}`: each file holds the reports of one training. A `{seed}` right behind another is a number.
    Raises LogError for one that names none of them, or something else, or one of them twice.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        named = re.findall(r"\{(.*?)\}", pattern)
        self.fields = tuple(named)
        if not named or set(named) - {*FIELDS, TRIAL} or len(set(named)) < len(named):
            fields = ", ".join(f"{{{field}}}" for field in (*FIELDS, TRIAL))
            raise LogError(f"--files {pattern!r}: expected each of {fields} at most once, and one at least")
        parts = [part for part in re.split(r"(\{.*?\}|\*)", pattern) if part]
        made = "".join(self._part(part, before) for part, before in zip(parts, ["", *parts], strict=False))
        self._regex = re.compile(rf"(?:^|.*/){made}$", re.DOTALL)

    @staticmethod
    def _part(part: str, before: str) -> str:
        if part == "*":
            return "[^/]*"
        if part == "{seed}" and before[-1:] in ("}", "*"):
            return r"(?<!\d)(?P<seed>\d+)"  # nothing else parts it from what is before
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
