"""Figures for print keep what they are given within their frame, and nothing of it on top of something else."""

import numpy as np
import pytest

from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.energy_plane import Plane
from fairwatt.report.plane_figures import fronts
from fairwatt.report.plate import rendered

ARMS = ("rs", *(f"an-arm-with-a-rather-long-name-{place}" for place in range(11)))
LABEL = (
    "training energy, kWh (modelled; full-size network on NVIDIA GPU (Quadro RTX 6000, doubtful) and its host CPUs,"
    " as carbontracker 1.1.7 measured them; ecnas-gpu, PUE 1.59, extrapolated to grouped convolutions)"
)


@pytest.mark.slow
def test_labels_and_legend_stay_within_the_figure_and_off_the_data() -> None:
    """The longest label of energies, the longest names, and more arms than have colours."""
    points = np.array([[0.05, 0.9], [0.2, 0.1]])
    found = {arm: points * (1 + place / 50) for place, arm in enumerate(ARMS)}
    legends = dict(zip(ARMS, ARMS, strict=True))
    styles = ArmStyles(ARMS, "rs")
    plane = Plane(points, points, found)
    figure = fronts(plane, styles, legends, x_label=LABEL, y_label="test error", width=3.5)
    assert rendered(figure, ("png",))["png"].startswith(b"\x89PNG")
    figure.draw_without_rendering()  # at its own resolution again
    (axes,), (legend,) = figure.axes, figure.legends
    assert len(legend.get_texts()) == 8 + 3  # those in colour, the others, the front and the cloud
    for artist in (axes.xaxis.label, axes.yaxis.label, legend):
        extent = artist.get_window_extent()
        assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= extent.y0 < extent.y1 <= figure.bbox.y1
    assert legend.get_window_extent().y1 <= axes.xaxis.label.get_window_extent().y0
