"""Charts of energy against error: what half of the seeds reach, on the cloud of everything that could be reached."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.chart import Panel, dots, short, steps
from fairwatt.report.plain_text import name
from fairwatt.report.raster import cloud_png
from fairwatt.report.step_charts import MOST_BANDS

Array = NDArray[np.float64]


def front_chart(
    cloud: Array,
    true_front: Array,
    found: Mapping[str, Array],
    styles: ArmStyles,
    legends: Mapping[str, str],
    *,
    x_label: str,
    y_label: str,
    outer: Sequence[Mapping[str, Array]] = (),
) -> Panel:
    """Staircases through the corners [P, 2] of (energy in kWh, error) that arms found, over all [N, 2] and the front.

    outer: other surfaces of the same arms, drawn as dotted lines; of many arms, the reference's only.

    Energy is logarithmic. The axis of errors ends a little above what was found: the rest of the cloud is not shown.
    """
    front = true_front[np.argsort(true_front[:, 0])]
    worst = max(float(points[:, 1].max()) for points in (front, *found.values()))
    best = float(min(front[:, 1].min(), cloud[:, 1].min()))
    margin = 0.06 * ((worst - best) or worst or 1.0)
    energies = cloud[:, 0][cloud[:, 0] > 0]
    panel = Panel.of(
        (float(energies.min()) / 1.05, float(energies.max()) * 1.05),
        (max(best - margin, 0.0), worst + margin),
        x_label=x_label,
        y_label=y_label,
        names=legends.values(),
    )
    x, y = panel.x, panel.y
    box = f'x="{x.start:g}" y="{y.end:g}" width="{x.end - x.start:g}" height="{y.start - y.end:g}"'
    panel.add(f'<image {box} preserveAspectRatio="none" href="{cloud_png(cloud, x, y)}"/>')
    panel.add(f'<path class="truth" d="{_staircase(panel, front)}"/>')
    panel.add("".join(dots(x(front[:, 0]), y(front[:, 1]), [f"true front: {_point(p)}" for p in front], 1.6)))
    bright = styles.highlighted(sorted(found, key=lambda arm: float(found[arm][:, 1].min())))
    for arm in sorted(found, key=lambda arm: (arm in bright, arm == styles.reference)):
        points = found[arm][np.argsort(found[arm][:, 0])]
        number, classes = styles.number(arm), styles.classes(arm) + ("" if arm in bright else " mute")
        titles = [f"{name(legends[arm])}: {_point(point)}" for point in points]
        drawn = [f'<path class="outer" d="{_staircase(panel, s[arm])}"/>' for s in outer if arm in s]
        drawn.append(f'<path class="line" d="{_staircase(panel, points)}"/>')
        classes += " faint" if len(found) > MOST_BANDS and arm != styles.reference else ""
        panel.group(legends[arm], classes, number, drawn + dots(x(points[:, 0]), y(points[:, 1]), titles, 2.2))
        panel.label(x.high, float(points[-1, 1]), legends[arm], classes, number)
    return panel


def _staircase(panel: Panel, points: Array) -> str:
    """From above the first point to the right of the last: what each point dominates begins at its corner."""
    x, y = panel.x(points[:, 0]), panel.y(points[:, 1])
    return f"M{short(x[0])} {short(panel.y.end)}L{steps(x, y)[1:]}H{short(panel.x.end)}"


def _point(point: Array) -> str:
    return f"{point[0]:.4g} kWh, error {point[1]:.4g}"
