"""Charts of what is known step by step while energy is spent: indicators and ranks. They draw what they are given."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.chart import Panel, dots, step_band, steps
from fairwatt.report.figures import Curve
from fairwatt.report.plain_text import name

Array = NDArray[np.float64]

STRIPS = 36
"""Places across a chart at which all arms can be read."""
MOST_BANDS = 4
"""Arms whose bands can be told apart; of more, only the reference's is shown, others' where they are pointed at."""
MOST_READ = 10
"""Arms in one reading."""


def step_chart(
    curves: Mapping[str, Curve],
    styles: ArmStyles,
    legends: Mapping[str, str],
    *,
    x_label: str,
    y_label: str,
    budgets: Mapping[str, float],
    marks: Sequence[float],
    log_y: bool,
    best_on_top: bool = False,
    higher: bool = False,
    first: float = 1.0,
    told: str = "after {:.3g} full trainings",
) -> Panel:
    """Right-continuous steps over full trainings, from the first on, with bands where `low` and `high` differ.

    curves: by arm, on one grid; lower is better unless `higher`. legends: how the arms are called. budgets: label to
    place. marks: where values are dotted. best_on_top: turns the axis around, for ranks. told: how a place is.
    """
    spent = next(iter(curves.values())).spent
    first = min(first, float(spent[-1]) / 2)
    panel = Panel.of(
        (first, 1.05 * float(spent[-1])),
        _range(curves.values(), log_y, best_on_top),
        x_label=x_label,
        y_label=y_label,
        names=legends.values(),
        log_y=log_y,
    )
    for label, place in budgets.items():
        panel.upright(place, label)
    _readings(panel, curves, legends, first, -1 if higher else 1, told)
    by_merit = sorted(curves, key=lambda arm: float(curves[arm].middle[-1]), reverse=higher)
    bright = styles.highlighted(by_merit)
    for arm in sorted(curves, key=lambda arm: (arm in bright, arm == styles.reference)):
        curve, number = curves[arm], styles.number(arm)
        classes = styles.classes(arm) + ("" if arm in bright else " mute")
        classes += " faint" if len(curves) > MOST_BANDS and arm != styles.reference else ""
        seen = np.flatnonzero(spent >= first)
        start = seen[0] - 1 if seen[0] and spent[seen[0]] > first else seen[0]  # what was held before the axis begins
        known = np.arange(start, spent.size)
        known = known[np.isfinite(curve.middle[known])]
        if not known.size:
            continue
        across, middle = panel.x(spent[known]), panel.y(curve.middle[known])
        drawn = [f'<path class="line" d="{steps(across, middle)}"/>']
        if not np.array_equal(curve.low[known], curve.high[known]):
            drawn.insert(0, f'<path class="band" d="{step_band(across, *map(panel.y, _ends(curve, known)))}"/>')
        at = [held for held in (_held(spent, mark) for mark in marks) if held in known]
        titles = [f"{name(legends[arm])} {told.format(spent[i])}: {reading(curve, i)}" for i in at]
        drawn += dots(panel.x(spent[at]), panel.y(curve.middle[at]), titles) if at else []
        panel.group(legends[arm], classes, number, drawn)
        panel.label(float(spent[-1]), float(curve.middle[known[-1]]), legends[arm], classes, number)
    return panel


def reading(curve: Curve, place: int) -> str:
    """The value at a place of the grid, with its band where there is one."""
    middle, low, high = (float(values[place]) for values in (curve.middle, curve.low, curve.high))
    return f"{middle:.3g}" if low == high else f"{middle:.3g} [{low:.3g}, {high:.3g}]"


def _readings(
    panel: Panel, curves: Mapping[str, Curve], legends: Mapping[str, str], first: float, sign: int, told: str
) -> None:
    spent = next(iter(curves.values())).spent
    wanted = np.geomspace(first, spent[-1], STRIPS)
    places = sorted({_held(spent, mark) for mark in wanted.tolist()})
    titles = []
    for place in places:
        known = [arm for arm in curves if np.isfinite(curves[arm].middle[place])]
        known.sort(key=lambda arm: sign * float(curves[arm].middle[place]))
        lines = [told.format(spent[place])]
        lines += [f"{name(legends[arm], 28)}: {reading(curves[arm], place)}" for arm in known[:MOST_READ]]
        lines += [f"and {len(known) - MOST_READ} more"] if len(known) > MOST_READ else []
        titles.append("\n".join(lines))
    panel.strips([float(spent[place]) for place in places], titles)


def _held(spent: Array, mark: float) -> int:
    """The last place of the grid that is not beyond `mark`."""
    return max(int(np.searchsorted(spent, mark * (1 + 1e-9), side="right")) - 1, 0)


def _ends(curve: Curve, known: NDArray[np.int64]) -> tuple[Array, Array]:
    return curve.low[known], curve.high[known]


def _range(curves: Collection[Curve], log_y: bool, best_on_top: bool) -> tuple[float, float]:
    every = np.concatenate([np.concatenate([c.middle, c.low, c.high]) for c in curves])
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    if log_y:
        middles = np.concatenate([c.middle for c in curves])
        positive = middles[middles > 0]
        return (float(positive.min()) / 1.6 if positive.size else 0.01), max(high, 1e-9) * 1.05
    margin = 0.04 * ((high - low) or 1.0)
    return (high + margin, low - margin) if best_on_top else (low - margin, high + margin)
