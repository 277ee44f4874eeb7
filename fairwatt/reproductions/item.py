"""What one reproduced figure or table is: its label, what it needs, what came out, and how far that is from print."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from fairwatt.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Label(StrEnum):
    """How close to the original a reproduction can be: fairness.md, section 5."""

    EXACT = "exact"  # the same data, the same computation
    RE_ESTIMATED = "re-estimated"  # the same data, a choice of our own on the way
    RE_RUN = "re-run"  # optimizers or trainings of our own
    QUALITATIVE = "qualitative"  # other data: only the shape can be compared
    NOT_POSSIBLE = "not possible"


@dataclass(frozen=True)
class Deviation:
    """One number in print and ours; `published` is "" where the paper has none and the figure is ours alone."""

    what: str
    published: str
    ours: str
    note: str = ""


@dataclass(frozen=True)
class Made:
    """What came out. figures, tables: file stem to content. notes: what a reader must know, in sentences."""

    figures: Mapping[str, "Figure"] = field(default_factory=dict)
    tables: Mapping[str, "pd.DataFrame"] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    notes: tuple[str, ...] = ()


class MissingDataError(UserError):
    """A file that a reproduction needs is not here; the message says where it was looked for and where it is from."""


@dataclass(frozen=True)
class Shelf:
    """Where the published files are: `folder` is what FAIRWATT_SHARED names (it holds `data/`)."""

    folder: Path

    def path(self, name: str) -> Path:
        """The file `data/NAME`, such as ecnas/ecnas_published_runs.parquet. Raises MissingDataError."""
        path = self.folder / "data" / name
        if not path.is_file():
            raise MissingDataError(
                f"{path} is not here; name the folder that holds data/{name} with --shared or FAIRWATT_SHARED"
            )
        return path


@dataclass(frozen=True)
class Reproduction:
    """One entry of the catalogue.

    name: such as ec-nas/fig5-attainment. title: what is shown. source: paper and figure. label: what `make` can reach;
    needs: names of files for `Shelf.path`, none where everything ships. make: builds it from the shelf; None where
    that is not possible, and then `why_not` says why.
    """

    name: str
    title: str
    source: str
    label: Label
    needs: tuple[str, ...] = ()
    make: "Callable[[Shelf], Made] | None" = None
    why_not: str = ""
