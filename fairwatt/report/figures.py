"""Figures: they draw the numbers they are given, and compute none.

Colours are seaborn's colour-blind palette and every arm has a dash pattern of its own, so that print in grey still
tells arms apart. Figures are made without pyplot: no global state, no screen.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
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


def curves_of(frame: "pd.DataFrame", columns: tuple[str, str, str, str]) -> dict[str, Curve]:
    """By the frame's `arm`, in its order: columns of what was spent, the middle, the low and the high end."""
    return {
        str(arm): Curve(*(group[column].to_numpy() for column in columns))
        for arm, group in frame.groupby("arm", sort=False)
    }


def styled(draw: Callable[P, "Figure"]) -> Callable[P, "Figure"]:
    """Draw, and later render, under this module's settings and nobody else's."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> "Figure":
        from matplotlib import rc_context

        with rc_context(_RC):
            return draw(*args, **kwargs)

    return drawn


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


def _styles(arms: Mapping[str, Any]) -> list[dict[str, Any]]:
    import seaborn as sns

    palette = sns.color_palette("colorblind", max(len(arms), 1))
    return [{"color": color, "linestyle": _DASHES[i % len(_DASHES)]} for i, color in enumerate(palette)]


def _plain_ticks(axis: "Axis") -> None:
    """1, 2, 5, 10 instead of powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
