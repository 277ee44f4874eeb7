"""Figures: they draw the numbers they are given, and compute none.

Colours are seaborn's colour-blind palette and every arm has a dash pattern of its own, so that print in grey still
tells arms apart. Figures are made without pyplot: no global state, no screen.
"""

import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
P = ParamSpec("P")
WIDTH, HEIGHT = 6.4, 3.8
_RC: dict[Any, Any] = {
    "svg.hashsalt": "fairwatt",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (4, 1, 1, 1)),
    (0, (7, 2)),
    (0, (2, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
)


@dataclass(frozen=True)
class Curve:
    """An indicator over spent energy, summed up over seeds. All [G]; NaN before the first value."""

    spent: Array
    middle: Array
    low: Array
    high: Array


def styled(draw: Callable[P, "Figure"]) -> Callable[P, "Figure"]:
    """Draw, and later render, under this module's settings and nobody else's."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> "Figure":
        from matplotlib import rc_context

        with rc_context(_RC):
            return draw(*args, **kwargs)

    return drawn


@styled
def anytime(curves: Mapping[str, Curve], *, x_label: str, y_label: str, budgets: Mapping[str, float]) -> "Figure":
    """Median and quartiles over seeds as right-continuous steps on logarithmic axes, from one full training on.

    budgets: label to position on the energy axis, in full trainings as `spent` is. A value of 0 leaves the axis below.
    """
    figure, axes = _canvas()
    positive = [values[values > 0].min() for curve in curves.values() if (values := curve.middle).max() > 0]
    for (arm, curve), style in zip(curves.items(), _styles(curves), strict=True):
        axes.fill_between(curve.spent, curve.low, curve.high, step="post", color=style["color"], alpha=0.12, lw=0)
        axes.step(curve.spent, curve.middle, where="post", label=arm, lw=1.6, **style)
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(bottom=min(positive, default=0.01) / 1.6)
    _plain_ticks(axes.yaxis)
    _energy_axis(axes, curves[next(iter(curves))].spent, budgets)
    axes.set(xlabel=_wrapped(x_label), ylabel=y_label)
    _legend(axes)
    return figure


@styled
def ranks(spent: Array, mean_ranks: Mapping[str, Array], *, x_label: str, budgets: Mapping[str, float]) -> "Figure":
    """Mean rank over seeds, 1 is best, against spent energy; spent and each of mean_ranks are [G]."""
    figure, axes = _canvas()
    for (arm, values), style in zip(mean_ranks.items(), _styles(mean_ranks), strict=True):
        axes.step(spent, values, where="post", label=arm, lw=1.6, **style)
    axes.invert_yaxis()
    _energy_axis(axes, spent, budgets)
    axes.set(xlabel=_wrapped(x_label), ylabel="mean rank over seeds (1 is best)")
    _legend(axes)
    return figure


@styled
def fronts(
    cloud: Array,
    true_front: Array,
    found: Mapping[str, Array],
    *,
    x_label: str,
    y_label: str,
    cloud_label: str = "all configurations",
) -> "Figure":
    """What was found, on the table's cloud. All are [N, 2] points (energy, error); sets are drawn as staircases."""
    import seaborn as sns

    figure, axes = _canvas()
    x, y = cloud.T
    sns.scatterplot(x=x, y=y, s=5, color="0.8", linewidth=0, ax=axes, label=cloud_label, rasterized=True)
    front = true_front[np.argsort(true_front[:, 0])]
    axes.step(front[:, 0], front[:, 1], where="post", color="0.25", lw=1.0, label="true front")
    for (arm, points), style in zip(found.items(), _styles(found), strict=True):
        line = points[np.argsort(points[:, 0])]
        axes.step(line[:, 0], line[:, 1], where="post", lw=1.4, marker="o", ms=3, label=arm, **style)
    worst = max(points[:, 1].max() for points in (front, *found.values()))
    axes.set_ylim(0.9 * min(y.min(), front[:, 1].min()), 1.1 * worst)
    axes.set_xscale("log")
    _plain_ticks(axes.xaxis)
    axes.set(xlabel=_wrapped(x_label), ylabel=y_label)
    _legend(axes)
    return figure


@styled
def sensitivity(
    effects: Array, rows: Sequence[str], columns: Sequence[str], marks: Sequence[Sequence[str]]
) -> "Figure":
    """Effects [rows, columns] as a heat map around 1/2, each cell written out; NaN cells are left blank."""
    import seaborn as sns
    from matplotlib.figure import Figure

    margin = 1.6 + 0.07 * max(map(len, rows))  # inches for the row labels and the colour bar
    figure = Figure(figsize=(margin + 0.7 * len(columns), 1.0 + 0.24 * len(rows)), layout="constrained")
    axes = figure.subplots()
    sns.heatmap(
        effects,
        vmin=0.0,
        vmax=1.0,
        cmap="vlag_r",
        annot=np.array(marks),
        fmt="",
        annot_kws={"size": 7},
        xticklabels=list(columns),
        yticklabels=list(rows),
        cbar_kws={"label": "paired win rate + half the ties"},
        linewidths=0.5,
        ax=axes,
    )
    axes.tick_params(length=0)
    axes.tick_params(axis="x", rotation=0)
    axes.grid(visible=False)
    return figure


@styled
def learning_curves(
    panels: Mapping[str, Mapping[str, Curve]], levels: Mapping[str, float], *, x_label: str, level_label: str
) -> "Figure":
    """A panel for each score: by model, middle and band over repeats against the size of the data (`Curve.spent`).

    levels: by score, the value of a reference, drawn across. Both axes are logarithmic.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 * WIDTH, HEIGHT), layout="constrained")
    for place, (axes, (score, curves)) in enumerate(zip(figure.subplots(1, len(panels)), panels.items(), strict=True)):
        for (model, curve), style in zip(curves.items(), _styles(curves), strict=True):
            axes.fill_between(curve.spent, curve.low, curve.high, color=style["color"], alpha=0.15, lw=0)
            axes.plot(curve.spent, curve.middle, label=model, marker="o", ms=3, lw=1.6, **style)
        if score in levels:
            axes.axhline(levels[score], color="0.35", lw=1.0, ls=":", label=level_label)
        axes.set(xscale="log", yscale="log", title=score)
        _plain_ticks(axes.xaxis)
        _plain_ticks(axes.yaxis)
        if place == 0:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3, handlelength=2.8)
    figure.supxlabel(x_label, fontsize=9)
    return figure


def svg(figure: "Figure") -> bytes:
    """The figure as SVG, the same bytes for the same numbers."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context(_RC):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _canvas() -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    return figure, figure.subplots()


def _styles(arms: Mapping[str, Any]) -> list[dict[str, Any]]:
    import seaborn as sns

    palette = sns.color_palette("colorblind", max(len(arms), 1))
    return [{"color": color, "linestyle": _DASHES[i % len(_DASHES)]} for i, color in enumerate(palette)]


def _energy_axis(axes: "Axes", spent: Array, budgets: Mapping[str, float]) -> None:
    """Logarithmic from one full training on (before it no arm has a full training), with the budgets marked."""
    axes.set_xscale("log")
    axes.set_xlim(min(1.0, spent[-1] / 2), 1.05 * spent[-1])
    _plain_ticks(axes.xaxis)
    for label, place in budgets.items():
        axes.axvline(place, color="0.4", lw=0.8, ls=":")
        axes.annotate(label, (place, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7)


def _wrapped(label: str) -> str:
    """Lines that fit below the axes, however much of the figure's width the legend takes."""
    return "\n".join(textwrap.fill(line, 56) for line in label.splitlines())


def _plain_ticks(axis: "Axis") -> None:
    """1, 2, 5, 10 instead of powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _legend(axes: "Axes") -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=2.8, title=None)
