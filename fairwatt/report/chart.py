"""Inline SVG for the page: small, coloured by the page's style sheet, text as text, with a value behind every mark.

Figures for print are matplotlib's (`figures.py`); a page of twenty figures that are to be read in light and in dark,
hovered and switched off arm by arm within a second is better served by the few marks that it needs. What carries a
`<title>` shows it as it is; the page's script makes a tooltip of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.report.plain_text import name, plain
from fairwatt.report.scale import Scale

Array = NDArray[np.float64]

WIDTH, HEIGHT = 720.0, 400.0
LEFT, TOP, BOTTOM = 58.0, 24.0, 44.0
LONGEST = 21
"""Characters of a name beside the axes."""
LINE = 14.0  # from one label to the next, at most


@dataclass(frozen=True)
class Label:
    """What stands at the right of a series: where the series ends, and who it is."""

    x: float
    y: float
    text: str
    classes: str
    number: int


@dataclass
class Panel:
    """One pair of axes, and the marks in it in the order in which they were made; later ones lie above."""

    x: Scale
    y: Scale
    x_label: str
    y_label: str
    _marks: list[str] = field(default_factory=list)
    _labels: list[Label] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        x_label: str,
        y_label: str,
        names: Iterable[str] = (),
        log_x: bool = True,
        log_y: bool = False,
    ) -> "Panel":
        """The panel with its frame, ticks and labels; y_range: (bottom, top). names: that will stand at the right."""
        longest = min(max((len(text) for text in names), default=0), LONGEST)
        x = Scale(*x_range, LEFT, WIDTH - 44.0 - 6.6 * longest, log_x)
        y = Scale(*y_range, HEIGHT - BOTTOM, TOP, log_y)
        panel = cls(x, y, x_label, y_label)
        panel._axes()
        return panel

    def add(self, svg: str) -> None:
        """A mark that is finished."""
        self._marks.append(svg)

    def upright(self, x: float, text: str) -> None:
        """A dotted line across at `x`, with a word above it."""
        place = short(self.x(x))
        self.add(f'<path class="mark" d="M{place} {TOP}V{HEIGHT - BOTTOM}"/>')
        self.add(f'<text class="small" x="{place}" y="{TOP - 6}" text-anchor="middle">{words(text)}</text>')

    def strips(self, values: Sequence[float], titles: Sequence[str]) -> None:
        """Invisible upright strips around ascending `values`, each with what is to be read there."""
        places = self.x(np.asarray(values))
        edges = np.concatenate([[self.x.start], (places[1:] + places[:-1]) / 2, [self.x.end]])
        for left, right, title in zip(edges[:-1], edges[1:], titles, strict=True):
            shape = f'x="{short(left)}" y="{TOP}" width="{short(max(right - left, 0.5))}" height="{self.height:g}"'
            self.add(f'<rect class="hit strip" {shape}><title>{words(title)}</title></rect>')

    def group(self, arm: str, classes: str, number: int, marks: Iterable[str]) -> None:
        """All marks of one arm, which hide, show and light up together."""
        inner = "".join(marks)
        self.add(f'<g class="arm {classes}" data-arm="{number}"><title>{words(name(arm))}</title>{inner}</g>')

    def label(self, x: float, y: float, text: str, classes: str, number: int) -> None:
        """The name of a series that ends at data (x, y)."""
        self._labels.append(Label(float(self.x(x)), float(self.y(y)), name(text, LONGEST), classes, number))

    @property
    def height(self) -> float:
        """Of the axes, in units of the picture."""
        return HEIGHT - BOTTOM - TOP

    def svg(self, label: str, described_by: str = "") -> str:
        """The whole picture; label: what it is, for who does not see it."""
        described = f' aria-describedby="{described_by}"' if described_by else ""
        return (
            f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
            f'aria-label="{words(label)}"{described}>{"".join(self._marks)}{"".join(self._direct_labels())}</svg>'
        )

    def _axes(self) -> None:
        bottom, right = HEIGHT - BOTTOM, self.x.end
        for place, text in ((short(self.x(value)), text) for value, text in self.x.ticks()):
            self.add(f'<path class="grid" d="M{place} {TOP}V{bottom}"/>')
            self.add(f'<text x="{place}" y="{bottom + 16}" text-anchor="middle">{text}</text>')
        for up, text in ((float(self.y(value)), text) for value, text in self.y.ticks()):
            self.add(f'<path class="grid" d="M{LEFT} {short(up)}H{right}"/>')
            self.add(f'<text x="{LEFT - 7}" y="{short(up + 4)}" text-anchor="end">{text}</text>')
        self.add(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>')
        middle = short((LEFT + right) / 2)
        self.add(f'<text x="{middle}" y="{HEIGHT - 7}" text-anchor="middle">{words(self.x_label)}</text>')
        height = short((TOP + bottom) / 2)
        self.add(
            f'<text transform="translate(14 {height}) rotate(-90)" text-anchor="middle">{words(self.y_label)}</text>'
        )

    def _direct_labels(self) -> list[str]:
        """Names beside the axes, apart from each other, each tied to the end of its series."""
        if not self._labels:
            return []
        ordered = sorted(self._labels, key=lambda label: label.y)
        room = self.height + LINE
        step = min(LINE, room / len(ordered))
        places = spread([label.y for label in ordered], step, TOP - LINE / 2 + step / 2, HEIGHT - BOTTOM + LINE / 2)
        right, size = self.x.end, f' font-size="{step * 0.8:.3g}"' if step < LINE else ""
        return [
            f'<g class="arm key {label.classes}" data-arm="{label.number}">'
            f'<path class="lead" d="M{short(label.x)} {short(label.y)}L{right + 10} {short(place)}"/>'
            f'<path class="line" d="M{right + 10} {short(place)}h18"/>'
            f'<text x="{right + 32}" y="{short(place + 4)}"{size}>{words(label.text)}</text></g>'
            for label, place in zip(ordered, places, strict=True)
        ]


def spread(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Places as near to the `wanted` ascending ones as they may be at least `step` apart, within low and high."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + step if places else low))
    limit = high
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - step
    return places


def steps(x: ArrayLike, y: ArrayLike) -> str:
    """The path of a right-continuous step through places x [P], y [P]; a run of equal y is one stroke."""
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    pen, last = short(across[0]), short(up[0])
    parts = [f"M{pen} {last}"]
    for place, value in zip(across[1:], up[1:], strict=True):
        if short(value) != last:
            pen, last = short(place), short(value)
            parts.append(f"H{pen}V{last}")
    return "".join(parts) + (f"H{short(across[-1])}" if short(across[-1]) != pen else "")


def step_band(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> str:
    """The closed path between two steps."""
    across = np.asarray(x, dtype=np.float64)
    back = steps(np.repeat(across, 2)[1:][::-1], np.repeat(np.asarray(low, dtype=np.float64), 2)[:-1][::-1])
    return f"{steps(across, high)}L{back[1:]}Z"


def dots(x: ArrayLike, y: ArrayLike, titles: Sequence[str], radius: float = 2.6) -> list[str]:
    """A small disc at each place, with its value."""
    return [
        f'<circle class="hit dot" cx="{short(a)}" cy="{short(b)}" r="{radius:g}"><title>{words(title)}</title></circle>'
        for a, b, title in zip(np.atleast_1d(x), np.atleast_1d(y), titles, strict=True)
    ]


def words(text: str) -> str:
    """Text fit for markup and for attributes."""
    return escape(plain(text), quote=True)


def short(value: ArrayLike) -> str:
    """A place with one digit behind the point, where that is not 0."""
    return f"{float(np.asarray(value)):.1f}".removesuffix(".0")


def standalone(svg: str, style: str, colours: Mapping[str, str]) -> str:
    """A picture of the page as a file of its own: with the style sheet, on white, variables filled in."""
    for variable, colour in colours.items():
        style = style.replace(f"var(--{variable})", colour)
    ground = f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#fff"/>'
    head, body = svg.split(">", 1)
    return f"{head}><style>{style}</style>{ground}{body}\n"
