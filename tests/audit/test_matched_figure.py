"""The audit's figures where spends lie close together, and where names are long."""

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from fairwatt.audit.figures import MOST, Band, Matched, matched_cost, short, spend

LONG = tuple(f"regularised-evolution-with-{'very-' * 8}long-name-{letter}-of-the-group" for letter in "AB")
METHODS = ("rs", *LONG)


def drawn(figure: Any) -> Any:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def panel(low: float, high: float) -> Matched:
    limits, ones = np.geomspace(low, high, 8), np.ones(8)
    bands = {arm: Band(limits, 0.5 * ones, 0.2 * ones, 0.8 * ones, limits < high / 1.5) for arm in LONG}
    return Matched(bands, {"common": [(LONG[0], low, 0.5)]}, [("mean", low)])


@pytest.mark.parametrize("ratio", [1.02, 1.5, 4.0, 9.0, 30.0, 1e5])
def test_axes_of_cost_always_have_numbers(ratio: float) -> None:
    figures = (
        matched_cost({"s": panel(2.3, 2.3 * ratio)}, unit="kWh", reference="rs", methods=METHODS),
        spend({"s": {"rs": np.array([2.3, 2.3 * ratio])}}, unit="kWh", reference="rs", methods=METHODS),
    )
    for figure in figures:
        drawn(figure)
        axis = figure.axes[0].xaxis
        low, high = sorted(figure.axes[0].get_xlim())
        shown = [place for place in axis.get_majorticklocs() if low <= place <= high]
        assert 2 <= len(shown) <= 12
        assert len({axis.get_major_formatter()(place, 0) for place in shown}) == len(shown)


def test_long_names_are_short_distinct_and_inside_the_figure() -> None:
    labels = short(METHODS)
    assert len(set(labels.values())) == len(METHODS)
    assert max(map(len, labels.values())) <= MOST
    panels = {"s" * 500: panel(1.0, 50.0)}
    figure: Any = matched_cost(panels, unit="k" * 500, reference=LONG[0], methods=METHODS)
    renderer = drawn(figure)
    width, height = figure.canvas.get_width_height()
    texts = [figure.axes[0].title, figure.axes[0].xaxis.label, *figure.legends[0].get_texts()]
    for text in (figure.axes[0]._left_title, *texts):
        box = text.get_window_extent(renderer)
        assert 0 <= box.x0 <= box.x1 <= width
        assert 0 <= box.y0 <= box.y1 <= height


def test_the_band_goes_on_where_spends_differ() -> None:
    figure = matched_cost({"s": panel(1.0, 50.0)}, unit="kWh", reference="rs", methods=METHODS)
    ends = [each.get_datalim(figure.axes[0].transData).x1 for each in figure.axes[0].collections]
    whole, part = ends[0], ends[1]
    assert part < whole == 50.0
    assert len(ends) == 2 * len(LONG)
