"""EC-NAS, Figure 3 on small cells: what changes where one operation of a cell is swapped for another.

The paper shows 7V. Here are 4V and 5V after the 4 epochs that were measured: every pair of cells that differ in one
operation is compared, each pair once in each direction.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.plate import DOUBLE, journal, plates
from fairwatt.reproductions.catalogue import RAW_4V, RAW_5V
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.search_spaces.cell import OPS, CellSpace
from fairwatt.search_spaces.parquet import parquet_columns, stored_columns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

FILES = {"4v": (RAW_4V, 4), "5v": (RAW_5V, 5)}
_END = 2
"""The evaluation after training, of three."""


class Metric(NamedTuple):
    """Title, the file's column, and whether changes are relative (percent) or differences in percentage points."""

    title: str
    column: str
    relative: bool


METRICS = (
    Metric("energy, %", "energy_kwh", True),
    Metric("time, %", "training_time_s", True),
    Metric("accuracy, points", "valid_acc", False),
    Metric("parameters, %", "trainable_params", True),
)
_WORDS = {"conv3x3-bn-relu": "conv 3×3", "conv1x1-bn-relu": "conv 1×1", "maxpool3x3": "max pool"}


def fig3_operator_swap(shelf: Shelf) -> Made:
    """Median changes of energy, time, accuracy and parameters for each ordered pair of operations."""
    import pandas as pd

    spaces = {space: _measured(shelf, *where) for space, where in FILES.items()}
    changes = {space: swaps(cells, FILES[space][1]) for space, cells in spaces.items()}
    table = pd.concat([_summary(space, found) for space, found in changes.items()], ignore_index=True)
    noise = float(spaces["4v"]["valid_acc: sd"].mean())
    return Made(
        figures={"swaps": _draw(table)},
        tables={"swaps": table},
        deviations=(
            Deviation("space", "7V", "4V and 5V", "the table of 7V is not among the shared files"),
            Deviation("training", "", "4 epochs", "they alone were measured on all cells of 4V and 5V"),
            *(
                Deviation(f"pairs of cells on {space}", "", f"{len(found) // 2:,}", f"of {len(spaces[space]):,} cells")
                for space, found in changes.items()
            ),
        ),
        notes=(
            "A pair are two cells that differ in the operation of one vertex and in nothing else. The number is the "
            "median over pairs of what changes where the operation of the row is replaced by that of the column: in "
            "percent, accuracy in percentage points. Quartiles are in the table.",
            "After 4 epochs accuracies are far from their end, in order too. And they are noisy: "
            f"trainings of one cell differ by a standard deviation of {100 * noise:.1f} points on 4V (means of three "
            "are used there; on 5V each cell was trained once).",
            "Pairs share cells, so they are not independent: quartiles are a spread, no confidence interval.",
            "Which four quantities the printed panels show could not be read for this; these are those of Table 1.",
        ),
    )


def swaps(cells: "pd.DataFrame", vertices: int) -> "pd.DataFrame":
    """Every ordered pair of cells of a table (indexed by cell id) that are one swap apart.

    Columns: replaced, by (codes of OPS), then by METRICS the change. Each pair is there once in each direction, however
    many of its vertices can be swapped to the same effect.
    """
    import pandas as pd

    space = CellSpace(vertices, cells.index)
    edges = len(space.pairs)
    found = {
        (cell, space.key(swapped), code, other)
        for cell in cells.index.tolist()
        for config in (space.config(cell),)
        for place, code in enumerate(config[edges:], start=edges)
        for other in range(len(OPS))
        if other != code and space.is_valid(swapped := (*config[:place], other, *config[place + 1 :]))
    }
    pairs = np.array(sorted(pair for pair in found if pair[0] != pair[1]))
    before, after = cells.loc[pairs[:, 0]], cells.loc[pairs[:, 1]]
    columns = {"replaced": pairs[:, 2], "by": pairs[:, 3]}
    for metric in METRICS:
        old, new = before[metric.column].to_numpy(), after[metric.column].to_numpy()
        columns[metric.title] = 100.0 * (new / old - 1.0) if metric.relative else 100.0 * (new - old)
    return pd.DataFrame(columns)


def _measured(shelf: Shelf, name: str, vertices: int) -> "pd.DataFrame":
    """Means over repeats after 4 epochs by cell id, and the standard deviation of accuracies over repeats."""
    import pandas as pd

    path = shelf.path(name)
    raw = parquet_columns(path, [("eval_index", "=", _END)])
    columns = {metric.column: raw[metric.column].astype(float) for metric in METRICS}
    rows = pd.DataFrame({"cell": stored_columns(raw, path)["cell"], **columns}).groupby("cell")
    return rows.mean().assign(**{"valid_acc: sd": rows["valid_acc"].std(ddof=1)})


def _summary(space: str, found: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    lines = []
    for (replaced, other), group in found.groupby(["replaced", "by"]):
        names = {what: _WORDS[OPS[int(str(code))]] for what, code in (("replaced", replaced), ("by", other))}
        line: dict[str, object] = {"space": space, **names, "pairs": len(group)}
        for metric in METRICS:
            low, middle, high = group[metric.title].quantile([0.25, 0.5, 0.75])
            line |= {metric.title: middle, f"{metric.title}: 25 %": low, f"{metric.title}: 75 %": high}
        lines.append(line)
    return pd.DataFrame(lines)


@journal
def _draw(table: "pd.DataFrame") -> "Figure":
    spaces, words = list(FILES), [_WORDS[op] for op in OPS]
    figure, panels = plates(DOUBLE, 3.7, len(spaces), len(METRICS), sharex=True, sharey=True)
    for row, space in zip(panels, spaces, strict=True):
        medians = table[table["space"] == space].set_index(["replaced", "by"])
        for axes, metric in zip(row, METRICS, strict=True):
            values = np.array([[medians[metric.title].get((a, b), np.nan) for b in words] for a in words])
            most = 2.2 * float(np.nanmax(np.abs(values)))  # light enough for black figures
            axes.pcolormesh(values, cmap="PuOr_r", vmin=-most, vmax=most, edgecolors="white", lw=0.8)
            for (place, other), value in np.ndenumerate(values):
                if np.isfinite(value):
                    axes.text(other + 0.5, place + 0.5, f"{value:+.1f}", ha="center", va="center", fontsize=7)
            axes.set_xticks(np.arange(len(words)) + 0.5, words, rotation=45)
            axes.set_yticks(np.arange(len(words)) + 0.5, words)
            axes.tick_params(length=0)
            axes.set_aspect("equal")
            axes.grid(visible=False)
            for spine in axes.spines.values():
                spine.set_visible(False)
            if space == spaces[0]:
                axes.set_title(metric.title)
        pairs = int(medians["pairs"].sum()) // 2
        row[0].set_ylabel(f"{space.upper()}, {pairs:,} pairs\nreplaced")
    panels[0, 0].invert_yaxis()
    figure.supxlabel("by", fontsize=8)
    return figure
