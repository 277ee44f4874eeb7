"""Colours of arms on the page: legible as text, and told apart by eyes without red or green cones."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

STYLE = (Path(__file__).parents[2] / "fairwatt" / "report" / "page.css").read_text(encoding="utf-8")
PALETTES = re.findall(r"--c0: (#\w{6}); " + "; ".join(rf"--c{n}: (#\w{{6}})" for n in range(1, 8)), STYLE)
SIGHT = {  # linear RGB as seen; Machado, Oliveira and Fernandes, IEEE TVCG 2009, severity 1
    "all cones": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def _linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    scaled = TO_XYZ @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_light_on_screen_and_paper_and_dark_have_a_palette_each() -> None:
    assert len(PALETTES) == 4
    assert len(set(PALETTES)) == 2


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("palette", sorted(set(PALETTES)))
def test_arms_are_told_apart(palette: tuple[str, ...], sight: str) -> None:
    seen = [_lab(SIGHT[sight] @ _linear(colour)) for colour in palette]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 15


@pytest.mark.parametrize(("palette", "page"), [(PALETTES[0], "#ffffff"), (PALETTES[1], "#14181d")])
def test_labels_are_legible(palette: tuple[str, ...], page: str) -> None:
    """A contrast of 4.5 to 1, as WCAG 2 asks of text."""
    behind, *inks = ((TO_XYZ @ _linear(colour))[1] + 0.05 for colour in (page, *palette))
    assert min(max(ink, behind) / min(ink, behind) for ink in inks) >= 4.5
