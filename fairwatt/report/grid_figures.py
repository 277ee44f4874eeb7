"""Figures for print of the page's coloured grids: verdicts at a glance, and what they hang on."""

import textwrap
from typing import TYPE_CHECKING

from fairwatt.report.ink import BETTER, LONGEST, NEITHER, WORSE, shown
from fairwatt.report.plain_text import name
from fairwatt.report.plate import journal, plate
from fairwatt.report.section import Cell, Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TONES = {"win": BETTER, "loss": WORSE, "same": "#d9e6c3", "odd": "#f3e9a8"}
_ROW_NAME = 100
"""Characters of the name of a row, in lines."""
_LETTER = 0.0092
"""Inches of a letter's width for each point of its size, a little more than on average."""


@journal
def grid(made: Grid, *, width: float) -> "Figure":
    """A grid as it stands on the page: cells in the colours of their tones, everything written out."""
    rows, columns = len(made.rows), len(made.columns)
    heads = [shown(head) for head in made.columns]
    names = [
        "\n".join(shown(line, _ROW_NAME) for line in textwrap.wrap(name(row, _ROW_NAME), LONGEST + 12))
        for row, _ in made.rows
    ]
    left = min(_LETTER * 7 * max(len(line) for row in names for line in row.splitlines()), 0.5 * width) + 0.1
    across = (width - left - 0.1) / columns
    size = _size(made, across)
    texts = [
        [_written(cell, heading, across, size, heats=made.heats) for cell in cells] for heading, cells in made.rows
    ]
    lines = [max(text.count("\n") + 1 for text in row) for row in texts]
    lines = [max(count, row.count("\n") + 1) for count, row in zip(lines, names, strict=True)]
    height = [0.07 + 0.0165 * size * count for count in lines]
    longest = max(map(len, heads))
    upright = _LETTER * 7 * longest > across
    above = (_LETTER * 7 * longest if upright else 0.16) + 0.3
    figure, axes = plate(width, sum(height) + above)
    top = 0.0
    for (_, cells), row, tall in zip(made.rows, texts, height, strict=True):
        for place, (cell, text) in enumerate(zip(cells, row, strict=True)):
            _draw(axes, cell, text, (place, top, 1.0, tall), size)
        top += tall
    middles = [sum(height[:row]) + height[row] / 2 for row in range(rows)]
    axes.set(xlim=(0, columns), ylim=(sum(height), 0))
    axes.set_yticks(middles, names)
    axes.xaxis.tick_top()
    axes.set_xticks([place + 0.5 for place in range(columns)], heads, rotation=90 if upright else 0)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    begin = 0
    alone = sum(bool(heading) for heading, _ in made.groups) == 1 and made.heats  # the caption says it
    for heading, count in made.groups:
        if heading and not alone:
            middle, where = begin + count / 2, (0, 3 + 72 * (above - 0.3 + 0.02))
            text = shown(heading, max(int(across * count / (_LETTER * 8)), 8))
            axes.annotate(text, (middle, 0), where, textcoords="offset points", ha="center", va="bottom", fontsize=8)
        if begin:
            axes.axvline(begin, color="0.3", lw=0.8)
        begin += count
    return figure


def _draw(axes: "Axes", cell: Cell, text: str, box: tuple[float, float, float, float], size: float) -> None:
    from matplotlib.patches import Rectangle

    left, top, wide, tall = box
    tones = cell.tones.split()
    blank = "blank" in tones
    axes.add_patch(
        Rectangle(
            (left, top),
            wide,
            tall,
            facecolor="white" if blank else _colour(cell),
            edgecolor="0.75" if blank else "white",
            hatch="/////" if blank else None,
            lw=0.0 if blank else 0.8,
            hatch_linewidth=0.4,
        )
    )
    if "flip" in tones:
        inset = (left + 0.04 * wide, top + 0.08 * tall)
        axes.add_patch(Rectangle(inset, 0.92 * wide, 0.84 * tall, facecolor="none", edgecolor="black", lw=0.9))
    middle = (left + wide / 2, top + tall / 2)
    weight = "bold" if "flip" in tones else "normal"
    axes.text(*middle, text, ha="center", va="center", fontsize=size, weight=weight, linespacing=1.1)


def _written(cell: Cell, heading: str, across: float, size: float, *, heats: bool) -> str:
    """The cell's lines, broken to its width; that a row's own arm wins need not be said by name."""
    lines = []
    for line in cell.text.splitlines():
        said, _, winner = line.partition(": ")
        text = said if winner and heading.startswith(f"{winner} v. ") else line
        text = text[1:] if heats and text.startswith("0.") else text
        lines += textwrap.wrap(text, max(int(across / (_LETTER * size)), 6), break_long_words=False) or [""]
    return "\n".join(shown(line, 80) for line in lines)


def _size(made: Grid, across: float) -> float:
    """Points of the cells' text: what fits the longest word, from 5 to 7."""
    words = [word for _, cells in made.rows for cell in cells for word in cell.text.split()]
    longest = 4 if made.heats else max((len(word) for word in words), default=1)
    return min(max(across / (_LETTER * 1.1 * longest), 5.0), 7.0)


def _colour(cell: Cell) -> tuple[float, float, float] | str:
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    tones = cell.tones.split()
    for tone in tones:
        if tone in _TONES:
            return _TONES[tone]
    if "heat" in tones:
        sides = LinearSegmentedColormap.from_list("sides", [WORSE, NEITHER, BETTER])
        return to_rgb(sides(float(cell.text.split()[0])))
    return "white" if "share" in tones else NEITHER
