"""The figures of an audit: they draw the numbers they are given, and compute none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.figures import styled
from fairwatt.report.plain_text import name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Colour = tuple[float, float, float]
WIDTH, ROW = 7.2, 2.6
MOST = 24
"""Characters of a method's name in a figure."""
_NARROW, _WIDE = 8.0, 500.0  # ratios of an axis' limits: below, powers of ten are too few numbers, or none at all
_LINE = 84  # characters of a label that fit the width
_MARKERS = "osD^vPX*<>hp"
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (7, 2)), (0, (2, 1)))


@dataclass(frozen=True)
class Band:
    """An effect over the cut level, all [G]; where `matched` is False spends differ: line and band are faint."""

    limits: Array
    value: Array
    low: Array
    high: Array
    matched: NDArray[np.bool_]


@dataclass(frozen=True)
class Matched:
    """One space. bands: by arm. points: by rule, (arm, where the arm is cut, effect). spends: (label, position)."""

    bands: Mapping[str, Band]
    points: Mapping[str, Sequence[tuple[str, float, float]]]
    spends: Sequence[tuple[str, float]]


@styled
def matched_cost(panels: Mapping[str, Matched], *, unit: str, reference: str, methods: Sequence[str]) -> "Figure":
    """A12 of each arm against where both sides are cut, a panel for each space, with the stated rules as points.

    methods: of the whole audit, so that a method looks the same in all of its figures.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    looks, labels = _looks(methods, reference), short(methods)
    arms = [method for method in methods if any(method in panel.bands for panel in panels.values())]
    rules = list(dict.fromkeys(rule for panel in panels.values() for rule in panel.points))
    longest = max(len(label) for label in (*(labels[arm] for arm in arms), *rules, "spends differ"))
    columns = max(1, min(5, int(WIDTH / (0.5 + 0.075 * longest))))
    height = 0.7 + 0.17 * -(-(len(arms) + len(rules) + 1) // columns) + ROW * len(panels)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    every = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, (space, panel) in zip(every, panels.items(), strict=True):
        axes.axhline(0.5, color="0.35", lw=0.9)
        for arm, band in panel.bands.items():
            colour, dashes = looks[arm]
            axes.fill_between(band.limits, band.low, band.high, color=colour, alpha=0.06, lw=0)
            axes.fill_between(
                band.limits, band.low, band.high, where=list(band.matched), color=colour, alpha=0.13, lw=0
            )
            axes.plot(band.limits, band.value, color=colour, lw=0.7, alpha=0.8)
            axes.plot(band.limits, np.where(band.matched, band.value, np.nan), color=colour, ls=dashes, lw=1.8)
        for rule, points in panel.points.items():
            marker = _MARKERS[rules.index(rule) % len(_MARKERS)]
            for arm, limit, value in points:
                axes.plot(limit, value, marker=marker, ms=5, mfc=looks[arm][0], mec="black", mew=0.6, ls="")
        for label, place in panel.spends:
            axes.axvline(place, color="0.45", lw=0.8, ls=":")
            axes.annotate(
                label, (place, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=6.5
            )
        _cost_axis(axes)
        axes.set_ylim(-0.03, 1.03)
        axes.set_title(_text(name(space)), loc="left", fontsize=9, fontweight="bold")
        axes.set_ylabel("A12")
    words = f"both cut at, {name(unit, MOST)} a search;", f"A12 above 1/2: better than {labels[reference]}; bands: 95 %"
    every[-1].set_xlabel(_text((" " if sum(map(len, words)) <= _LINE else "\n").join(words)))
    handles = [Line2D([], [], color=looks[arm][0], ls=looks[arm][1], lw=1.6, label=_text(labels[arm])) for arm in arms]
    handles += [
        Line2D([], [], ls="", marker=_MARKERS[place % len(_MARKERS)], mfc="0.8", mec="black", mew=0.6, ms=5, label=rule)
        for place, rule in enumerate(rules)
    ]
    handles.append(Line2D([], [], color="0.35", lw=0.7, label="spends differ"))
    figure.get_layout_engine().set(h_pad=0.09)  # type: ignore[union-attr,call-arg]  # there is one: constrained
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=2.6)
    return figure


@styled
def spend(panels: Mapping[str, Mapping[str, Array]], *, unit: str, reference: str, methods: Sequence[str]) -> "Figure":
    """What each search spent, a panel for each space and a row for each method; a bar from smallest to largest."""
    from matplotlib.figure import Figure

    rows = [len(there) for there in panels.values()]
    figure = Figure(figsize=(WIDTH, 0.8 + sum(0.28 * count + 0.45 for count in rows)), layout="constrained")
    every = figure.subplots(len(panels), 1, squeeze=False, sharex=True, height_ratios=[max(r, 1) for r in rows])[:, 0]
    looks, labels = _looks(methods, reference), short(methods)
    for axes, (space, there) in zip(every, panels.items(), strict=True):
        for place, (method, spent) in enumerate(there.items()):
            colour = looks[method][0]
            axes.plot(
                [spent.min(), spent.max()], [place, place], color=colour, lw=5, alpha=0.25, solid_capstyle="round"
            )
            axes.plot(spent, np.full(len(spent), place), "o", ms=3.5, mfc="none", mec=colour, mew=1.0)
            axes.plot(spent.mean(), place, "|", ms=12, color="black", mew=1.4)
        axes.set_yticks(range(len(there)), [_text(labels[method]) for method in there])
        axes.set_ylim(len(there) - 0.5, -0.5)
        axes.set_title(_text(name(space)), loc="left", fontsize=9, fontweight="bold")
    for axes in every:  # which share one axis: its numbers hang on all of them
        _cost_axis(axes)
    every[-1].set_xlabel(f"spent by each search, {_text(name(unit, MOST))}; upright: mean")
    return figure


def short(names: Sequence[str]) -> dict[str, str]:
    """Names of at most MOST characters, different where the names are."""
    found: dict[str, str] = {}
    for each in names:
        label, number = name(each, MOST), 1
        while label in found.values():
            number += 1
            label = f"{name(each, MOST - 4)} ({number})"
        found[each] = label
    return found


def _looks(methods: Sequence[str], reference: str) -> dict[str, tuple[Colour, Any]]:
    """Colour and dashes of each method; the reference is dark grey."""
    import seaborn as sns

    others = [method for method in methods if method != reference]
    palette = sns.color_palette("colorblind", max(len(others), 1))
    found: dict[str, tuple[Colour, Any]] = {reference: ((0.25, 0.25, 0.25), "-")}
    return found | {arm: (palette[place], _DASHES[place % len(_DASHES)]) for place, arm in enumerate(others)}


def _text(words: str) -> str:
    """Words that are no formula, and that legends do not hide."""
    shown = words.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def _cost_axis(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high < _NARROW * low:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_minor_locator(NullLocator())
    elif high < _WIDE * low:
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
