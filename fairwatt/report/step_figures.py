"""Figures for print of what is known step by step while something is spent: regrets, ranks, shares of targets."""

import math
import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.figures import Curve
from fairwatt.report.ink import arm_entries, inks, legend, legend_height
from fairwatt.report.plate import journal, plate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_BANDS = 4
"""Arms whose bands can be told apart; of more, only the reference's is drawn."""

_TICKS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (5, (1, 1.5, 2, 3, 4, 5, 6, 8)),
    (20, (1, 2, 3, 5)),
    (250, (1, 2, 5)),
    (math.inf, (1,)),
)
"""By how many times the end of a logarithmic axis is its beginning: what has a number in each decade."""


@dataclass(frozen=True)
class StepAxes:
    """What stands at the axes. marks: label to place on the axis of amounts, drawn across; first: where it begins.

    higher: more is better. best_on_top: turns the other axis around, for ranks.
    """

    x_label: str
    y_label: str
    marks: Mapping[str, float] = field(default_factory=dict)
    first: float = 1.0
    log_y: bool = False
    higher: bool = False
    best_on_top: bool = False


@journal
def steps(
    curves: Mapping[str, Curve],
    styles: ArmStyles,
    legends: Mapping[str, str],
    axes_of: StepAxes,
    *,
    width: float,
    chosen: Sequence[str] = (),
) -> "Figure":
    """Right-continuous steps of arms on one grid, with bands where `low` and `high` differ.

    legends: how the arms are called. chosen: arms to draw in colour; those of `curves` not among them are grey.
    """
    spent = next(iter(curves.values())).spent
    by_merit = sorted(curves, key=lambda arm: float(curves[arm].middle[-1]), reverse=axes_of.higher)
    looks = inks(styles, by_merit, chosen)
    entries = arm_entries(looks, legends)
    figure, axes = plate(width, min(0.62 * width, 3.0) + 0.15 + legend_height(entries, width))
    many = sum(ink.bright for ink in looks.values()) > MOST_BANDS
    for arm, ink in looks.items():
        curve = curves[arm]
        banded = ink.bright and (arm == styles.reference or not many) and not np.array_equal(curve.low, curve.high)
        if banded:
            axes.fill_between(spent, curve.low, curve.high, step="post", color=ink.color, alpha=0.14, lw=0, zorder=1)
        axes.step(spent, curve.middle, where="post", **ink.line)
    axes.set_xscale("log")
    axes.set_xlim(min(axes_of.first, float(spent[-1]) / 2), 1.05 * float(spent[-1]))
    plain_ticks(axes.xaxis)
    if axes_of.log_y:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(_log_range(curves.values(), axes.get_xlim()[0]))
        plain_ticks(axes.yaxis)
    if axes_of.best_on_top:
        axes.invert_yaxis()
    across(axes, axes_of.marks)
    axes.set(xlabel=wrapped(axes_of.x_label, width), ylabel=axes_of.y_label)
    legend(figure, entries)
    return figure


def across(axes: "Axes", marks: Mapping[str, float]) -> None:
    """Dotted uprights with their labels on top."""
    for label, place in marks.items():
        axes.axvline(place, color="0.4", lw=0.7, ls=":", zorder=1.5)
        where = (place, 1.0)
        axes.annotate(label, where, xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7)


def wrapped(label: str, width: float) -> str:
    """A label in lines that fit below axes in a figure of so many inches, broken before a bracket if that will do."""
    room = max(int((width - 0.6) / 0.064), 20)
    if len(label) > room and max(map(len, label.partition(" (")[::2])) < room:
        label = label.replace(" (", "\n(", 1)
    return "\n".join(textwrap.fill(line, room) for line in label.splitlines())


def plain_ticks(axis: "Axis") -> None:
    """1, 2, 5, 10 instead of powers of ten, and no more of them than are read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    subs = next(subs for most, subs in _TICKS if high <= most * max(low, 1e-300))
    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _log_range(curves: Collection[Curve], first: float) -> tuple[float, float]:
    """From a little below the lowest positive median to the highest value that is on the axis."""
    seen = [curve.middle[np.searchsorted(curve.spent, first, side="right") - 1 :] for curve in curves]
    bands = [curve.high[np.searchsorted(curve.spent, first, side="right") - 1 :] for curve in curves]
    values = np.concatenate(seen)
    positive = values[np.isfinite(values) & (values > 0)]
    every = np.concatenate([*bands, values])
    every = every[np.isfinite(every)]
    top = float(every.max()) if every.size and every.max() > 0 else 1.0
    return (float(positive.min()) / 1.5 if positive.size else top / 100), 1.1 * top
