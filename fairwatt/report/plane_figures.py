"""Figures for print of energy against error: what shares of the seeds reach, and where two arms differ in it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.difference_charts import bounded
from fairwatt.report.energy_plane import Plane, staircase
from fairwatt.report.ink import GREY, Entries, arm_entries, inks, legend, legend_height, shown
from fairwatt.report.plate import journal, plate
from fairwatt.report.step_figures import MOST_BANDS, plain_ticks, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
_BLUE, _ORANGE = "#0072b2", "#d55e00"


@journal
def fronts(
    plane: Plane,
    styles: ArmStyles,
    legends: Mapping[str, str],
    *,
    x_label: str,
    y_label: str,
    width: float,
    chosen: Sequence[str] = (),
) -> "Figure":
    """Staircases through the corners that arms found, on everything and the true front.

    Outer surfaces are thin; of more arms than can be told apart, the reference's only.
    """
    from matplotlib.lines import Line2D

    looks = inks(styles, plane.best_first, chosen)
    entries = arm_entries(looks, legends)
    if any(plane.outer):
        entries.append(("25 % and 75 % of seeds", Line2D([], [], color=GREY, lw=0.6, ls=(0, (1, 1)))))
    entries.append(("true front", Line2D([], [], color="0.35", lw=0.8, marker="|", ms=4)))
    entries.append(("all configurations", Line2D([], [], color="0.75", ls="", marker="o", ms=3, mew=0)))
    figure, axes = plate(width, min(0.68 * width, 3.6) + 0.15 + legend_height(entries, width))
    shown_surfaces = [corners for found in (plane.found, *plane.outer) for corners in found.values()]
    x_range, y_range = plane.window(shown_surfaces, aside=1.08, margin=0.05)
    axes.set(xscale="log", xlim=x_range, ylim=y_range)
    cloud = plane.cloud
    size = 2.0 if len(cloud) <= 20_000 else 0.5
    seen = cloud[cloud[:, 1] <= y_range[1]]
    axes.plot(*seen.T, ls="", marker="o", ms=size, mew=0, color="0.8", rasterized=True, zorder=0.5)
    _staircase(axes, plane.front, color="0.35", lw=0.8, zorder=2.5)
    axes.plot(*plane.front.T, ls="", marker="|", ms=4, mew=0.8, color="0.35", zorder=2.5)
    many = sum(ink.bright for ink in looks.values()) > MOST_BANDS
    for arm, ink in looks.items():
        _staircase(axes, plane.found[arm], **ink.line)
        if ink.bright:
            axes.plot(*plane.found[arm].T, ls="", marker="o", ms=2.2, mew=0, color=ink.color, zorder=ink.above)
        for surface in plane.outer:
            if ink.bright and arm in surface and (arm == styles.reference or not many):
                _staircase(axes, surface[arm], color=ink.color, lw=0.6, ls=(0, (1, 1)), zorder=ink.above)
    plain_ticks(axes.xaxis)
    axes.set(xlabel=wrapped(x_label, width), ylabel=y_label)
    legend(figure, entries)
    return figure


@journal
def differences(
    rectangles: Array,
    arm: str,
    other: str,
    medians: Sequence[Array],
    *,
    x_label: str,
    y_label: str,
    width: float,
) -> "Figure":
    """Rectangles [R, 5] of (energy, error) from, to, and share of seeds of `arm` minus that of `other`.

    medians: the surfaces [P, 2] that half of the seeds of the two reach, drawn over them.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.lines import Line2D

    entries: Entries = [
        (f"{shown(arm)}, median", Line2D([], [], color="0.1", lw=1.0)),
        (f"{shown(other)}, median", Line2D([], [], color="0.1", lw=1.0, ls=(0, (1, 1)))),
    ]
    figure, axes = plate(width, min(0.72 * width, 3.6) + 0.15 + legend_height(entries, width))
    ends = bounded(rectangles)
    corners = ends[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    colours = LinearSegmentedColormap.from_list("sides", [_ORANGE, "#ffffff", _BLUE])
    most = max(float(np.abs(rectangles[:, 4]).max()), 1e-9)
    order = np.argsort(np.abs(rectangles[:, 4]), kind="stable")
    drawn = PolyCollection(
        list(corners[order]),
        array=rectangles[order, 4],
        cmap=colours,
        norm=Normalize(-most, most),
        edgecolors="face",
        lw=0.1,
        rasterized=True,
    )
    axes.add_collection(drawn)
    x, y = ends[:, [0, 2]], ends[:, [1, 3]]
    pad = 0.04 * (float(y.max() - y.min()) or 1.0)
    axes.set(
        xscale="log",
        xlim=(float(x[x > 0].min()) / 1.05, float(x.max())),
        ylim=(float(y.min()) - pad, float(y.max())),
    )
    for surface, (dash, above) in zip(medians, (("-", 3.1), ((0, (1, 1)), 3.0)), strict=False):
        _staircase(axes, surface, color="0.1", lw=1.0, ls=dash, zorder=above)
    plain_ticks(axes.xaxis)
    axes.set(xlabel=wrapped(x_label, width), ylabel=y_label)
    bar = figure.colorbar(drawn, ax=axes, pad=0.02, aspect=30)
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:+.0%}" if value else "0")
    bar.set_label(f"seeds there: {shown(arm, 20)} − {shown(other, 20)}", fontsize=7)
    bar.outline.set_visible(False)
    legend(figure, entries)
    return figure


def _staircase(axes: "Axes", points: Array, **line: object) -> None:
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    axes.step(*staircase(points, right, top).T, where="post", **line)  # type: ignore[arg-type]
