"""Many marks as one small picture: all of them, however many, in the size of its pixels."""

import base64
import io

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.scale import Scale

FAINTEST, DARKEST = 90, 210
FEW = 20_000
"""Points up to which each is drawn as large as four of the others' pixels, so as to be seen at all."""
LEVEL = 6
"""Of compression: the highest takes six times as long to save a twentieth."""
GREY = 138  # seen on white and on black
BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def cloud_png(points: NDArray[np.float64], x: Scale, y: Scale) -> str:
    """Points [N, 2] within both scales as the `data:` address of a PNG that spans them.

    Pixels are the darker the more points fall on them; one without any is transparent.
    """
    finer = 0.5 if len(points) <= FEW else 1.0  # pixels for each unit of the picture
    shape = round(abs(y.end - y.start) * finer), round(abs(x.end - x.start) * finer)
    bounds = [sorted((scale.low, scale.high)) for scale in (x, y)]
    within = np.all(
        [(low <= column) & (column <= high) for column, (low, high) in zip(points.T, bounds, strict=True)], 0
    )
    across, down = (
        np.minimum((np.abs(scale(column[within]) - min(scale.start, scale.end)) * finer).astype(int), pixels - 1)
        for scale, column, pixels in zip((x, y), points.T, shape[::-1], strict=True)
    )
    counts = np.zeros(shape)
    np.add.at(counts, (down, across), 1.0)
    dark = np.log1p(counts) / max(float(np.log1p(counts.max())), 1e-9)
    alpha = np.where(counts > 0, FAINTEST + (DARKEST - FAINTEST) * dark, 0).astype(np.uint8)
    picture = np.stack([np.full(shape, GREY, dtype=np.uint8), alpha], axis=-1)
    return _address(picture, "LA")


def signed_png(rectangles: NDArray[np.float64], values: NDArray[np.float64], x: Scale, y: Scale) -> str:
    """Rectangles [R, 4] (x and y from, x and y to) with values [R] in -1 to 1 as a `data:` address, as `cloud_png`.

    Blue above 0, orange below, the stronger the further from it.
    """
    shape = round(abs(y.end - y.start)), round(abs(x.end - x.start))
    field = np.zeros(shape)
    left, right = (np.round(x(rectangles[:, side]) - x.start).astype(int) for side in (0, 2))
    bottom, top = (np.round(y(rectangles[:, side]) - y.end).astype(int) for side in (1, 3))
    for a, b, c, d, value in zip(top, bottom, left, right, values, strict=True):
        field[a:b, c:d] = value
    picture = np.zeros((*shape, 4), dtype=np.uint8)
    picture[..., :3] = np.where(field[..., None] > 0, BLUE, ORANGE)
    picture[..., 3] = np.where(field == 0, 0, 40 + 200 * np.abs(field)).astype(np.uint8)
    return _address(picture, "RGBA")


def _address(picture: NDArray[np.uint8], mode: str) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture, mode).save(buffer, "PNG", compress_level=LEVEL)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
