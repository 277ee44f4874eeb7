"""How arms look in print: few enough in colour to be told apart, by everybody, and in grey.

Colours are those of Okabe and Ito, without the yellow that white paper swallows and with two of Tol's; each arm has a
dash pattern of its own beside. An arm has one colour in all figures of a study, unless another one of the figure had it
first.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.plain_text import name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLACK, GREY, PALE = "#000000", "#8a8a8a", "#b8b8b8"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255", "#999933")
BETTER, NEITHER, WORSE = "#56b4e9", "#f7f7f7", "#e69f00"
"""Ends of a scale between two arms, light enough to be written on."""
_DASHES: tuple[Any, ...] = (
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (4, 1, 1, 1)),
    (0, (8, 2)),
    (0, (2.5, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 1.5, 2, 1.5)),
    (0, (1, 2.5)),
)
Entries = list[tuple[str, Any]]
"""Of a legend: what stands there, and matplotlib's handle."""
_LETTER = 0.061
"""Inches of a letter of seven points, a little more than on average."""
_HANDLE = 0.53
"""Inches of a legend's line and the gaps beside it."""
LONGEST = 28
"""Characters of a name in a figure."""


@dataclass(frozen=True)
class Ink:
    """A line's looks. bright: in colour, with a legend; above: its place in the pile."""

    color: str
    linestyle: Any
    bright: bool
    above: float

    @property
    def line(self) -> dict[str, Any]:
        """For matplotlib's lines."""
        width = (1.5 if self.color == BLACK else 1.2) if self.bright else 0.6
        return {"color": self.color, "linestyle": self.linestyle, "lw": width, "zorder": self.above}


def inks(styles: ArmStyles, best_first: Sequence[str], chosen: Sequence[str] = ()) -> dict[str, Ink]:
    """The looks of a figure's arms, in the order of the study.

    best_first: all of them. chosen: who is in colour; without, all of a few, else the best and the reference.
    """
    bright = frozenset(chosen) or styles.highlighted(best_first)
    others = [arm for arm in styles.arms if arm != styles.reference]
    colours, dashes = list(range(len(COLOURS))), list(range(len(_DASHES)))
    found = {}
    for arm in styles.arms:
        if arm not in best_first:
            continue
        if arm == styles.reference and arm in bright:
            found[arm] = Ink(BLACK, "-", True, 3.2)
        elif arm in bright:
            place = others.index(arm)
            colour = _next(colours, place % len(COLOURS), len(COLOURS))
            found[arm] = Ink(COLOURS[colour], _DASHES[_next(dashes, place % len(_DASHES), len(_DASHES))], True, 3.0)
        else:
            found[arm] = Ink(PALE, "-", False, 2.0)
    return found


def shown(text: str, most: int = LONGEST) -> str:
    """A name as matplotlib prints it as it is: no formula, not hidden from legends, no letter that its font lacks."""
    line = "".join(char if ord(char) in _letters() else f"\\u{ord(char):04x}" for char in name(text, most))
    line = line.replace("$", r"\$")
    return f" {line}" if line.startswith("_") else line


def arm_entries(looks: Mapping[str, Ink], legends: Mapping[str, str]) -> Entries:
    """Those in colour by their names, and how many are grey."""
    from matplotlib.lines import Line2D

    found: Entries = [(shown(legends[arm]), Line2D([], [], **ink.line)) for arm, ink in looks.items() if ink.bright]
    if grey := len(looks) - len(found):
        found.append((f"{grey} other{'s' * (grey > 1)}", Line2D([], [], color=PALE, lw=0.6)))
    return found


def legend_columns(names: Sequence[str], width: float) -> int:
    """How many columns a legend below a figure may have, filled row by row, with rows as full as each other."""
    for columns in range(len(names), 1, -1):
        letters = sum(max(map(len, names[place::columns])) for place in range(columns))
        if _HANDLE * columns + _LETTER * letters <= width:
            return math.ceil(len(names) / math.ceil(len(names) / columns))
    return 1


def legend_height(entries: Entries, width: float) -> float:
    """Inches that this legend takes."""
    names = [text for text, _ in entries]
    return 0.145 * math.ceil(len(names) / legend_columns(names, width)) + 0.06


def legend(figure: "Figure", entries: Entries) -> None:
    """Below the axes, where it hides nothing; row by row."""
    names = [text for text, _ in entries]
    columns = legend_columns(names, figure.get_figwidth())
    rows = math.ceil(len(names) / columns)
    order = [row * columns + column for column in range(columns) for row in range(rows)]  # matplotlib's: by column
    order = [place for place in order if place < len(names)]
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.02)  # type: ignore[union-attr,call-arg]  # constrained
    figure.legend(
        [entries[place][1] for place in order],
        [names[place] for place in order],
        loc="outside lower center",
        ncols=columns,
        handlelength=2.9,
        columnspacing=1.2,
        handletextpad=0.5,
        borderaxespad=0.2,
        labelspacing=0.25,
    )


def _next(free: list[int], wanted: int, count: int) -> int:
    """The first of the free ones from `wanted` on, taken; all are free again when none is left."""
    if not free:
        free.extend(range(count))
    found = next((place for place in free if place >= wanted), free[0])
    free.remove(found)
    return found


@cache
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(findfont("DejaVu Sans")).get_charmap())
