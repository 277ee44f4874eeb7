"""Where one arm is oftener than another: differences of attainment over energy and error."""

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.chart import Panel, short, words
from fairwatt.report.plain_text import name
from fairwatt.report.raster import signed_png

Array = NDArray[np.float64]
MOST_HOVERED = 40


def difference_chart(rectangles: Array, arm: str, reference: str, *, x_label: str, y_label: str) -> Panel:
    """Rectangles [R, 5] of (energy, error) from, to, and share of seeds of `arm` minus that of `reference`.

    Blue where the arm is there oftener, orange where the reference is; the largest ones can be hovered.
    """
    ends = bounded(rectangles)
    x_range = float(ends[:, 0].min()) / 1.05, float(ends[:, 2].max())
    y_range = float(ends[:, 1].min()) * 0.95, float(ends[:, 3].max())
    panel = Panel.of(x_range, y_range, x_label=x_label, y_label=y_label)
    x, y = panel.x, panel.y
    box = f'x="{x.start:g}" y="{y.end:g}" width="{x.end - x.start:g}" height="{y.start - y.end:g}"'
    panel.add(f'<image {box} preserveAspectRatio="none" href="{signed_png(ends, rectangles[:, 4], x, y)}"/>')
    for place in largest(rectangles, MOST_HOVERED):
        (left, right), (top, bottom) = x(ends[place, [0, 2]]), y(ends[place, [3, 1]])
        shape = f'x="{short(left)}" y="{short(top)}" width="{short(right - left)}" height="{short(bottom - top)}"'
        title = words(spoken(rectangles[place], arm, reference))
        panel.add(f'<rect class="hit strip" {shape}><title>{title}</title></rect>')
    return panel


def bounded(rectangles: Array) -> Array:
    """[R, 4] of [R, 5]: from and to, where open ends reach a little beyond the last corner."""
    ends = rectangles[:, :4].copy()
    for column in (0, 1):
        corners = ends[:, [column, column + 2]]
        last = corners[np.isfinite(corners)].max()
        ends[:, column + 2] = np.minimum(ends[:, column + 2], last * 1.05)
    return ends


def largest(rectangles: Array, most: int) -> NDArray[np.int64]:
    """Places of the `most` largest differences, the largest first."""
    return np.argsort(-np.abs(rectangles[:, 4]), kind="stable")[:most]


def spoken(rectangle: Array, arm: str, reference: str) -> str:
    """One difference in words."""
    energy, error, _, _, difference = rectangle
    who = name(arm if difference > 0 else reference)
    return f"from {energy:.4g} kWh and error {error:.4g} on: {who} is there on {abs(difference):.0%} more of the seeds"
