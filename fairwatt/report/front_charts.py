"""Charts of energy against error: what half of the seeds reach, on the cloud of everything that could be reached."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.chart import Panel, dots, steps
from fairwatt.report.energy_plane import Plane, by_energy, staircase
from fairwatt.report.plain_text import name
from fairwatt.report.raster import cloud_png
from fairwatt.report.step_charts import MOST_BANDS

Array = NDArray[np.float64]


def front_chart(plane: Plane, styles: ArmStyles, legends: Mapping[str, str], *, x_label: str, y_label: str) -> Panel:
    """Staircases through the corners that arms found, over everything and the true front.

    Outer surfaces are dotted lines; of many arms, the reference's only. Energy is logarithmic. The axis of errors ends
    a little above what was found: the rest of the cloud is not shown.
    """
    x_range, (low, high) = plane.window(plane.found.values(), aside=1.05, margin=0.06)
    panel = Panel.of(x_range, (max(low, 0.0), high), x_label=x_label, y_label=y_label, names=legends.values())
    x, y = panel.x, panel.y
    box = f'x="{x.start:g}" y="{y.end:g}" width="{x.end - x.start:g}" height="{y.start - y.end:g}"'
    panel.add(f'<image {box} preserveAspectRatio="none" href="{cloud_png(plane.cloud, x, y)}"/>')
    front = by_energy(plane.front)
    panel.add(_staircase(panel, front, "truth"))
    panel.add("".join(dots(x(front[:, 0]), y(front[:, 1]), [f"true front: {_point(p)}" for p in front], 1.6)))
    bright = styles.highlighted(plane.best_first)
    for arm in sorted(plane.found, key=lambda arm: (arm in bright, arm == styles.reference)):
        points = by_energy(plane.found[arm])
        number, classes = styles.number(arm), styles.classes(arm) + ("" if arm in bright else " mute")
        titles = [f"{name(legends[arm])}: {_point(point)}" for point in points]
        drawn = [_staircase(panel, surface[arm], "outer") for surface in plane.outer if arm in surface]
        drawn.append(_staircase(panel, points, "line"))
        classes += " faint" if len(plane.found) > MOST_BANDS and arm != styles.reference else ""
        panel.group(legends[arm], classes, number, drawn + dots(x(points[:, 0]), y(points[:, 1]), titles, 2.2))
        panel.label(x.high, float(points[-1, 1]), legends[arm], classes, number)
    return panel


def _staircase(panel: Panel, points: Array, kind: str) -> str:
    """The path of that class; "" where nothing of it is within the axes."""
    corners = staircase(points, panel.x.high, panel.y.high)
    return f'<path class="{kind}" d="{steps(panel.x(corners[:, 0]), panel.y(corners[:, 1]))}"/>' if len(corners) else ""


def _point(point: Array) -> str:
    return f"{point[0]:.4g} kWh, error {point[1]:.4g}"
