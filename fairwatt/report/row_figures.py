"""Figures for print with a row for each arm: intervals, what was spent, and mean ranks on a line."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.blocks import BlockRanks
from fairwatt.analysis.statistics import Interval
from fairwatt.report.ink import BLACK, COLOURS, Entries, legend, legend_height, shown
from fairwatt.report.plate import journal, plate, plates
from fairwatt.report.step_figures import plain_ticks, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
_MARKERS = "osD^v"
_ROW = 0.19
_NAMES = 1.2
"""Inches beside the line of ranks, for names."""


@journal
def forest(
    rows: Mapping[str, Mapping[str, Interval]],
    *,
    x_label: str,
    width: float,
    even: float | None = None,
    same: tuple[float, float] | None = None,
    log: bool = False,
    reference: str = "",
) -> "Figure":
    """Intervals of arms, one for each series. rows: by arm, then by series, such as a budget.

    even: where there is no difference; same: the range that counts as none. reference: the arm in black.
    """
    from matplotlib.lines import Line2D

    series = list(dict.fromkeys(name for by_series in rows.values() for name in by_series))
    looks: list[dict[str, Any]] = [
        {"marker": mark, "mfc": "white" if place % 2 else "0.2"} for place, mark in enumerate(_MARKERS)
    ]
    entries: Entries = [
        (name, Line2D([], [], color="0.2", lw=1.0, ms=4, **looks[place % len(looks)]))
        for place, name in enumerate(series)
    ]
    if len(series) < 2:
        entries = []
    tall = _ROW * (1 + 0.45 * (len(series) - 1))
    figure, axes = plate(width, 0.55 + tall * len(rows) + (legend_height(entries, width) if entries else 0))
    if same:
        axes.axvspan(*same, color="0.9", lw=0, zorder=0)
    if even is not None:
        axes.axvline(even, color="0.4", lw=0.8, zorder=0.5)
    for row, (arm, by_series) in enumerate(rows.items()):
        colour = BLACK if arm == reference else COLOURS[0]
        for name, found in by_series.items():
            place = series.index(name)
            y = row + (place - (len(series) - 1) / 2) * 0.62 / max(len(series), 2)
            look = looks[place % len(looks)] | {"mec": colour}
            look["mfc"] = "white" if place % 2 else colour
            axes.plot([found.low, found.high], [y, y], color=colour, lw=1.0)
            axes.plot([found.value], [y], ms=4, mew=0.9, ls="", **look)
    if log:
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
    _name_rows(axes, list(rows))
    axes.set_xlabel(wrapped(x_label, width))
    if entries:
        legend(figure, entries)
    return figure


@journal
def spend(panels: Mapping[str, Mapping[str, tuple[float, float, float]]], *, width: float) -> "Figure":
    """What arms spent, a panel for each currency: by arm the mean over seeds, and the least and the most."""
    arms = list(next(iter(panels.values())))
    figure, every = plates(width, 0.6 + _ROW * len(arms), 1, len(panels), sharey=True)
    for place, (axes, (label, rows)) in enumerate(zip(every[0], panels.items(), strict=True)):
        for row, (mean, low, high) in enumerate(rows.values()):
            axes.plot([0, mean], [row, row], color="0.85", lw=0.8, zorder=1)
            if np.isfinite(low):
                axes.plot([low, high], [row, row], color=COLOURS[0], lw=3.5, alpha=0.35, solid_capstyle="butt")
            axes.plot(mean, row, "o", ms=4, color=COLOURS[0], mew=0)
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", nbins=4)
        axes.set_xlabel(label)
        if place == 0:
            _name_rows(axes, arms)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
    return figure


@journal
def critical_difference(found: BlockRanks, *, width: float, blocks: str) -> "Figure":
    """Mean ranks on a line, the best on the left; bars join arms that Nemenyi's test does not tell apart."""
    ordered = sorted(found.mean_ranks, key=lambda arm: found.mean_ranks[arm])
    half = (len(ordered) + 1) // 2
    bars = [[found.mean_ranks[arm] for arm in group] for group in found.groups]
    under, step = 0.1 * len(bars) + 0.12, 0.16  # inches
    deep = under + step * half
    figure, axes = plate(width, 0.72 + deep)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_yticks([])
    arms = len(ordered)
    side = (arms - 1) * _NAMES / max(width - 2 * _NAMES, 1.0)
    axes.set(xlim=(1 - side, arms + side), ylim=(-deep, 0.5))
    axes.set_xticks([])
    axes.plot([1, arms], [0, 0], color="black", lw=0.8)
    for rank in range(1, arms + 1):
        axes.plot([rank, rank], [0, 0.05], color="black", lw=0.8)
        if arms <= 8 or rank % 2:
            axes.text(rank, 0.07, str(rank), ha="center", va="bottom", fontsize=7)
    for place, group in enumerate(bars):
        y = -0.1 - 0.1 * place
        axes.plot([min(group) - 0.03, max(group) + 0.03], [y, y], color="black", lw=2.2, solid_capstyle="butt")
    for place, arm in enumerate(ordered):
        mean, left = found.mean_ranks[arm], place < half
        y = -under - step * (place if left else arms - 1 - place)
        end = 1 - 0.04 * side if left else arms + 0.04 * side
        axes.plot([mean, mean, end], [0, y, y], color="0.35", lw=0.6)
        text = f"{shown(arm, 20)} ({mean:.2f})"
        axes.text(end, y, f"{text} " if left else f" {text}", ha="right" if left else "left", va="center", fontsize=7)
    far = min(1 + found.critical_difference, arms + side)
    axes.plot([1, far], [0.3, 0.3], color="black", lw=0.8)
    axes.plot([[1, far], [1, far]], [[0.26] * 2, [0.34] * 2], color="black", lw=0.8)
    said = f"critical difference {found.critical_difference:.2f} (Nemenyi, .05; {found.blocks} {blocks})"
    axes.text(1 - side, 0.37, said, ha="left", va="bottom", fontsize=7)
    return figure


def _name_rows(axes: "Axes", arms: Sequence[str]) -> None:
    axes.set_yticks(range(len(arms)), [shown(arm) for arm in arms])
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
