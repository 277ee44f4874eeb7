"""The figures of an audit as they stand on its page: drawn, described, and with the numbers behind them."""

import base64
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit import figures, wording
from fairwatt.audit.figures import Band, Matched
from fairwatt.report.figures import svg
from fairwatt.report.plain_text import name
from fairwatt.report.wording import TextTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fairwatt.audit.audit import Audit

MOST_PANELS = 12


@dataclass(frozen=True)
class Picture:
    """A figure as a data address, what it shows, and the numbers behind it."""

    name: str
    svg: bytes
    caption: str
    table: TextTable

    @property
    def address(self) -> str:
        """For `img src`."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode()


def matched_picture(audit: "Audit", endpoint: str) -> Picture | None:
    """A12 over the cut level, with the rules of the audit on it; None where no two methods spent anything."""
    spaces = dict.fromkeys(space for space, _, other in audit.pairs if other == audit.reference)
    every = {space: panel for space in spaces if (panel := _panel(audit, endpoint, space)) is not None}
    panels = dict(list(every.items())[:MOST_PANELS])
    if not panels:
        return None
    drawn = figures.matched_cost(panels, unit=audit.unit, reference=audit.reference, methods=audit.methods)
    rows = tuple(
        (name(space), name(arm), f"{limit:.3g}", f"{value:.2f}", _to(low, high))
        for space, panel in panels.items()
        for arm, band in panel.bands.items()
        for limit, value, low, high in zip(
            *(array[::4].tolist() for array in (band.limits, band.value, band.low, band.high)), strict=True
        )
    )
    caption = (
        f"The same searches at matched cost ({wording.ENDPOINTS[endpoint]}): A12, both sides cut at the level below; "
        "the right end is the log as it is. Thin lines in faint bands: one side has nothing left to cut, and spends "
        "differ. Points: "
        "the rules, where the arm is cut; those off the line leave the reference whole. Dotted: the smallest, mean and "
        f"largest spend of {name(audit.reference)}."
    )
    table = TextTable("Every fourth level", ("space", "arm", f"cut, {audit.unit}", "A12", "95 %"), rows, text=(0, 1))
    return Picture(f"matched-{endpoint}", _drawn(drawn), caption, table)


def _panel(audit: "Audit", endpoint: str, space: str) -> Matched | None:
    bands, points = {}, {}
    spent = audit.totals(audit.searches(endpoint, space, audit.reference))
    for where, arm, other in audit.pairs:
        here = (where, other) == (space, audit.reference) and spent.any()
        if here and audit.totals(audit.searches(endpoint, space, arm)).any():
            level = audit.levels(endpoint, space, arm, other)
            bands[arm] = Band(level.limits, level.values, level.low, level.high, level.matched)
    if not bands:
        return None
    for rule in audit.settings.rules:
        found = [audit.found(endpoint, space, arm, audit.reference, rule.name) for arm in bands]
        points[rule.name] = [
            (each.arm, min(each.limits[0], float(bands[each.arm].limits[-1])), each.a12.value)
            for each in found
            if each is not None
        ]
    marks = [("min", spent.min()), ("mean", spent.mean()), ("max", spent.max())]
    if spent.max() < 1.6 * spent.min():  # no room for three words
        marks = [("", spent.min()), (name(audit.reference, figures.MOST), spent.mean()), ("", spent.max())]
    return Matched(bands, points, [(label, float(place)) for label, place in marks if place > 0])


def spend_picture(audit: "Audit") -> Picture:
    """What each search spent; the axis has no place for nothing."""
    endpoint = audit.endpoints[0]
    every = {
        space: {
            method: audit.totals(found)
            for method in audit.methods
            if (found := audit.searches(endpoint, space, method))
        }
        for space in audit.spaces
    }
    paid = {
        space: {method: spent[spent > 0] for method, spent in methods.items() if spent.any()}
        for space, methods in every.items()
    }
    panels = {space: paid[space] for space in [space for space in paid if paid[space]][:MOST_PANELS]}
    nothing = sum(int((spent == 0).sum()) for methods in every.values() for spent in methods.values())
    caption = f"What each search spent, {audit.unit}; a row for each method."
    caption += f" Not drawn, and in no mean here: {nothing} that spent nothing." if nothing else ""
    rows = tuple(
        (name(space), name(method), f"{spent.mean():.4g}", f"{spent.min():.4g}", f"{spent.max():.4g}")
        for space in panels
        for method, spent in every[space].items()
    )
    table = TextTable("Spend", ("space", "method", "mean", "min", "max"), rows, text=(0, 1))
    drawn = figures.spend(panels, unit=audit.unit, reference=audit.reference, methods=audit.methods)
    return Picture("spend", _drawn(drawn), caption, table)


def _to(low: float, high: float) -> str:
    return "-" if np.isnan(low) else f"{low:.2f} to {high:.2f}"


def _drawn(figure: "Figure") -> bytes:
    """As SVG; a letter that the font does not have is a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        return svg(figure)
