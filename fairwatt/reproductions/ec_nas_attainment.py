"""EC-NAS, Figure 5 left: median attainment surfaces of the searches on 7V, with their hypervolumes."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.attainment import attainment_surface
from fairwatt.report.plate import DOUBLE, SINGLE, journal, plates
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_runs import (
    ACCURACY,
    ENERGY,
    METHODS,
    PUBLISHED_REFERENCE,
    PUBLISHED_SEARCHES,
    SPACES,
    front,
    points,
    published_hypervolume,
    scaled_hypervolume,
    searches,
    valid_rows,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

SPACE = "7v"


def fig5_attainment(shelf: Shelf) -> Made:
    """Surfaces of 7V as in the figure; hypervolumes of all spaces, with the released reference point and with ours."""
    import pandas as pd

    rows = valid_rows(shelf)
    lines, surfaces, energy_share = [], {}, 0.0
    for space in SPACES:
        most_kwh = rows.loc[rows["space"] == space, "energy_kwh"].max()
        for method in METHODS:
            fronts = [points(front(search)) for search in searches(rows, space, method).values()]
            surface = attainment_surface(fronts)
            published = np.array([published_hypervolume(found) for found in fronts])
            highest = np.array([0.5 - found[:, 0].min() for found in fronts]) * PUBLISHED_REFERENCE[1]
            energy_share = max(energy_share, 100.0 * float((1.0 - published / highest).max()))
            ours = np.array([scaled_hypervolume(found, most_kwh) for found in fronts])
            lines.append(
                {
                    "space": space,
                    "method": METHODS[method].label,
                    "searches": len(fronts),
                    "released reference: surface": published_hypervolume(surface),
                    "mean of searches": published.mean(),
                    "min": published.min(),
                    "max": published.max(),
                    "our reference: surface": scaled_hypervolume(surface, most_kwh),
                    "mean of searches, ours": ours.mean(),
                    "min, ours": ours.min(),
                    "max, ours": ours.max(),
                }
            )
            if space == SPACE:
                surfaces[method] = surface, published, ours
    table = pd.DataFrame(lines)
    return Made(
        figures={"attainment": _draw(surfaces), "hypervolumes": _draw_hypervolumes(surfaces)},
        tables={"hypervolumes": table},
        deviations=_deviations(table[table["space"] == SPACE].set_index("method")),
        notes=(
            "On and above a surface is what half of a method's searches reach, rounded up: 5 of 10, for SEMOA 4 of 7. "
            "Three of its ten searches on 7V (seeds 0, 5, 7) are not public.",
            "All valid trainings count, of 4 to 108 epochs in one set, as in the released code. Where the surfaces "
            "coincide they hold one cell, trained for 108, 36, 12 and 4 epochs.",
            "The released reference point is (0.5, 10⁶) in -P_v and watt hours, a thousand times the energies that "
            "occur: of each search's number all but "
            f"{energy_share:.2g} % is (0.5 + its best accuracy) x 10⁶. Ours is (1, 1) in error and in energy over the "
            "largest energy of the space's published rows.",
            "The legend's numbers were read off the printed figure. Whether they are those of the surfaces or means "
            "over searches it does not say; both are given. The scales of the axes are ours.",
        ),
    )


def _deviations(table: "pd.DataFrame") -> tuple[Deviation, ...]:
    def legend(values: "pd.Series[float]", label: str) -> str:
        return f"{values[label] / 1e6:.3f}e6"

    surface, mean = table["released reference: surface"], table["mean of searches"]
    return (
        *(
            Deviation(
                f"hypervolume in the legend, {label}",
                "1.44e6",
                f"{legend(surface, label)} (surface), {legend(mean, label)} (mean of searches)",
                "agrees to the printed digits" if round(surface[label] / 1e6, 2) == 1.44 else "differs",
            )
            for label in ("RS", "SEMOA")
        ),
        Deviation(
            "lowest and highest of the four",
            "1.41e6 to 1.44e6",
            f"{surface.min() / 1e6:.2f}e6 to {surface.max() / 1e6:.2f}e6 (surfaces), "
            f"{mean.min() / 1e6:.2f}e6 to {mean.max() / 1e6:.2f}e6 (means of searches)",
        ),
        Deviation(
            "searches of SEMOA", str(PUBLISHED_SEARCHES), str(table.loc["SEMOA", "searches"]), "three not public"
        ),
    )


@journal
def _draw(surfaces: dict[str, tuple[Array, Array, Array]]) -> "Figure":
    figure, panels = plates(DOUBLE, 2.8, 1, 2)
    whole, near = panels[0]
    for axes in (whole, near):
        for name, (surface, published, _) in surfaces.items():
            method = METHODS[name]
            axes.step(
                *np.vstack([surface, [0.0, surface[-1, 1]]]).T,
                where="post",
                color=method.color,
                dashes=method.dashes or (None, None),
                label=f"{method.label}, n = {len(published)}, HV {published_hypervolume(surface) / 1e6:.3f}e6",
            )
        axes.set(yscale="log", xlabel=ACCURACY)
    lowest = max(float(surface[-1, 0]) for surface, *_ in surfaces.values())
    best = min(float(surface[0, 0]) for surface, *_ in surfaces.values())
    whole.set(ylabel=ENERGY, xlim=(best - 0.02, lowest + 0.1))
    whole.legend(loc="upper right", handlelength=3.2)
    near.set(xlim=(best - 0.005, -0.82), ylim=(0.015, 1.0), title="the same, where the surfaces differ")
    return figure


@journal
def _draw_hypervolumes(surfaces: dict[str, tuple[Array, Array, Array]]) -> "Figure":
    figure, panels = plates(SINGLE, 2.0, 1, 2, sharey=True)
    titles = ("released reference, 10$^6$", "ours, share of the square")
    for place, (axes, title, unit) in enumerate(zip(panels[0], titles, (1e6, 1.0), strict=True)):
        for row, (name, values) in enumerate(surfaces.items()):
            method = METHODS[name]
            dots = values[1 + place] / unit
            axes.plot(dots, np.full(len(dots), row), method.marker, color=method.color, ms=3.5, alpha=0.6, mew=0)
            axes.plot(dots.mean(), row, "|", color=method.color, ms=13, mew=1.4)
        axes.set_xlabel(title)
        axes.margins(x=0.1)
        axes.locator_params(axis="x", nbins=4)
    axes = panels[0, 0]
    axes.set_yticks(range(len(surfaces)), [METHODS[name].label for name in surfaces])
    axes.set_ylim(len(surfaces) - 0.4, -0.6)
    return figure
