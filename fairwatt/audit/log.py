"""Anybody's histories in one form: a row for each request, whatever tool made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairwatt.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "space",
    "method",
    "seed",
    "order",
    "config",
    "valid",
    "fidelity",
    "val_error",
    "test_error",
    "cost",
    "energy",
)


class LogError(UserError):
    """A history that cannot be read as one; the message names file, row and column."""


@dataclass(frozen=True)
class Log:
    """Searches as their tools recorded them.

    frame: one row for each request, sorted by space, method, seed, order; the columns of COLUMNS, none left out:
        space, method, seed: str; order: int64, ascending within a search.
        config: str, equal for configurations that are the same network, None where the log does not tell.
        valid: bool; False for proposals without a result.
        fidelity: float64, in the log's own unit (epochs, a fraction), larger is longer; NaN where there is only one.
        val_error, test_error: float64, lower is better, infinite where not `valid`; test_error NaN where unknown.
        cost: float64 >= 0, in `cost_unit`, what the log says the request took; an invalid row's is what was recorded
            of it, 0 where nothing was.
        energy: float64, the second objective of searches that had one, in its own unit; NaN elsewhere.
    cost_unit: such as kWh, s, epochs, or evaluations where the log has no cost. error_unit: such as "1 - accuracy".
    bounded: whether errors are known to lie in [0, 1]. sources: what was read, as the user named it. notes: what
    was assumed or left out on the way, in sentences. energy_stated: whether the user or the tool's declared objectives
    say that energy was an objective; False where `energy` is only the cost, which is an energy.
    """

    frame: "pd.DataFrame"
    cost_unit: str
    error_unit: str
    bounded: bool
    sources: tuple[str, ...]
    notes: tuple[str, ...] = ()
    energy_stated: bool = True

    def __post_init__(self) -> None:
        missing = [name for name in COLUMNS if name not in self.frame]
        if missing:
            raise LogError(f"a log without {', '.join(missing)}")
        if self.frame.empty:
            raise LogError(f"{', '.join(self.sources)}: no request at all")
        cost = self.frame["cost"]
        if not (cost >= 0).all() or not (cost < float("inf")).all():
            raise LogError(f"{', '.join(self.sources)}: costs must be finite and not negative")

    @property
    def spaces(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return tuple(sorted(self.frame["space"].unique()))


def together(logs: Sequence[Log]) -> Log:
    """Several logs as one. Raises LogError where their units differ, or two of them hold the same search."""
    import pandas as pd

    first = logs[0]
    searches: dict[tuple[str, ...], tuple[str, ...]] = {}
    for log in logs:
        for name in ("cost_unit", "error_unit"):
            if getattr(log, name) != getattr(first, name):
                raise LogError(
                    f"{name} differs: {getattr(first, name)} in {', '.join(first.sources)}, "
                    f"{getattr(log, name)} in {', '.join(log.sources)}"
                )
        for search in log.frame[["space", "method", "seed"]].drop_duplicates().itertuples(index=False, name=None):
            if search in searches:
                raise LogError(
                    f"{', '.join(log.sources)}: the search {' / '.join(search)} is in {', '.join(searches[search])} too"
                )
            searches[search] = log.sources
    frame = pd.concat([log.frame for log in logs]).sort_values(["space", "method", "seed", "order"], ignore_index=True)
    return Log(
        frame,
        first.cost_unit,
        first.error_unit,
        all(log.bounded for log in logs),
        tuple(source for log in logs for source in log.sources),
        tuple(dict.fromkeys(note for log in logs for note in log.notes)),
        all(log.energy_stated for log in logs),
    )
