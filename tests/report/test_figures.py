"""Figures for print keep what they are given within their frame."""

import numpy as np
import pytest

from fairwatt.report import figures


@pytest.mark.slow
def test_a_long_axis_label_stays_within_the_figure() -> None:
    """The label of `digits-regnet-hpo`'s energy, beside the widest legend that a cloud has."""
    points = np.array([[0.05, 0.9], [0.2, 0.1]])
    label = (
        "training energy, kWh (modelled; full-size network on NVIDIA GPU (Quadro RTX 6000, doubtful) and its host CPUs,"
        " as carbontracker 1.1.7 measured them; ecnas-gpu, PUE 1.59, extrapolated to grouped convolutions and "
        "squeeze-and-excitation)"
    )
    figure = figures.fronts(
        points,
        points,
        {"rs": points},
        x_label=label,
        y_label="test error",
        cloud_label="20,000 of 180,360 configurations",
    )
    figure.draw_without_rendering()
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    for text in (axes.xaxis.label, axes.yaxis.label, legend):
        extent = text.get_window_extent()
        assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= extent.y0 < extent.y1 <= figure.bbox.y1
