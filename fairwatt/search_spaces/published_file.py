"""One published file: where it is, how to know it, and what the table made from it is."""

from dataclasses import dataclass

from fairwatt.search_spaces.cell_columns import Rules

REPOSITORY = "PedramBakh/EC-NAS-Bench on GitHub, commit 1a82fdd"
LICENCE = "MIT (what derives from NAS-Bench-101: Apache-2.0)"
"""Of most files."""


@dataclass(frozen=True)
class Source:
    """One published file and the table that it becomes.

    file: path in `repository`; bytes, sha256: of that file; rows: of the table; rules: provenance of the columns, the
    first pattern that fits, "measured" where none does. public: whether the file can be downloaded anywhere.
    slow_runs: how many of the first runs, by start, were of a slower phase and are flagged in a column `suspect`,
    beside rows with more energy than their total; None: the table has no such column. urls: where the very file is, in
    order of trial.
    """

    name: str
    title: str
    file: str
    bytes: int
    sha256: str
    rows: int
    hardware: str
    rules: Rules
    notes: tuple[str, ...]
    repository: str = REPOSITORY
    licence: str = LICENCE
    public: bool = True
    slow_runs: int | None = None
    urls: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The name of the file without its folder."""
        return self.file.rpartition("/")[2]
