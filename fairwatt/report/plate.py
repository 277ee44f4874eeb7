"""Figures as journals print them: two widths, embedded fonts, and the same bytes for the same numbers."""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from fairwatt.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
T = TypeVar("T")

SINGLE, DOUBLE = 3.5, 7.16
"""Widths in inches of one column and of two."""
WIDTHS = {"single": SINGLE, "double": DOUBLE}
NARROWEST, WIDEST = 2.0, 40.0
FORMATS = ("pdf", "svg", "png")

_RC: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # fonts are embedded as they are, not as outlines that journals refuse
    "svg.hashsalt": "fairwatt",
    "savefig.dpi": 300,
}
MAKER = "fairwatt"
"""Stands in every file that is made here, so that no other one is ever overwritten."""
_ABOUT: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": MAKER, "CreationDate": None},
    "svg": {"Creator": MAKER, "Date": None},
    "png": {"Software": MAKER},
}


def journal(draw: Callable[P, T]) -> Callable[P, T]:
    """Draw under this module's settings and nobody else's."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        from matplotlib import style

        with style.context(["default", _RC]):
            return draw(*args, **kwargs)

    return drawn


def plate(width: float, height: float) -> "tuple[Figure, Axes]":
    """A figure without pyplot, of one panel, in inches."""
    figure, panels = plates(width, height, 1, 1)
    return figure, panels[0, 0]


def plates(
    width: float, height: float, rows: int, columns: int, **options: Any
) -> "tuple[Figure, np.ndarray[Any, Any]]":
    """A figure and its panels [rows, columns]; options are those of `Figure.subplots`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


@journal
def rendered(figure: "Figure", kinds: Sequence[str] = FORMATS) -> dict[str, bytes]:
    """The figure as files, by format; it is laid out once, for all of them."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    files = {}
    for kind in kinds:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=_ABOUT[kind])
        files[kind] = buffer.getvalue()
    return files


def inches(width: str) -> float:
    """A width in words: single, double, or a number of inches. Raises UserError."""
    if width in WIDTHS:
        return WIDTHS[width]
    try:
        found = float(width)
    except ValueError:
        found = 0.0
    if not NARROWEST <= found <= WIDEST:  # also what is no number
        raise UserError(
            f"width {width!r}: expected single ({SINGLE:g} in), double ({DOUBLE:g} in) or inches from {NARROWEST:g} to "
            f"{WIDEST:g}"
        )
    return found
