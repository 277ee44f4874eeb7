"""EA-HAS-Bench, the table of its search space on CIFAR-10, counted again from the settings of the released sweep."""

from typing import NamedTuple

from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.search_spaces.regnet_encoding import CUTOUTS, EPOCHS, HYPERS, LEARNING_RATES, OPTIMIZERS, POLICIES
from fairwatt.search_spaces.regnet_grid import CIFAR10, DEPTHS, GROUP_WIDTHS, INITIAL_WIDTHS, SLOPES, grid
from fairwatt.search_spaces.regnet_hpo import PAPER_SIZE


class Dimension(NamedTuple):
    """One of the space: its values, and how many the paper says there are."""

    name: str
    values: tuple[int | float | str, ...]
    printed: int


DIMENSIONS = (
    Dimension("depth", DEPTHS, 10),
    Dimension("initial width", INITIAL_WIDTHS, 10),
    Dimension("slope of widths", SLOPES, 241),
    Dimension("multiplier of widths", CIFAR10.multipliers, 501),
    Dimension("group width", GROUP_WIDTHS, 5),
    Dimension("learning rate", LEARNING_RATES, 10),
    Dimension("optimizer", OPTIMIZERS, 3),
    Dimension("schedule", POLICIES, 3),
    Dimension("epochs", EPOCHS, 3),
    Dimension("side of cutout", CUTOUTS, 2),
)
_MOST_LISTED = 12


def search_space(shelf: Shelf) -> Made:
    """How many values each dimension has, how many points the grid, and how many of them are different networks."""
    import pandas as pd

    space = grid(CIFAR10.name)
    table = pd.DataFrame(
        {
            "dimension": dimension.name,
            "values": _listed(dimension.values),
            "number": len(dimension.values),
            "in print": dimension.printed,
        }
        for dimension in DIMENSIONS
    )
    networks = len(space.networks)
    sizes = pd.DataFrame(
        {
            "what": ("points of the grid", "within the sweep's limits of size", "different networks x hyperparameters"),
            "architectures": (space.points, space.architectures, networks),
            "configurations": (space.points * HYPERS, space.architectures * HYPERS, networks * HYPERS),
        }
    )
    return Made(
        tables={"dimensions": table, "sizes": sizes},
        deviations=(
            *(
                Deviation(f"values of {dimension.name}", f"{dimension.printed}", f"{len(dimension.values)}")
                for dimension in DIMENSIONS
                if len(dimension.values) != dimension.printed
            ),
            Deviation(
                "configurations",
                f"{PAPER_SIZE:.3g}",
                f"{space.points * HYPERS:.3g}",
                "the other dimensions agree with print",
            ),
            Deviation(
                "share of draws within the limits", "", f"{100.0 * float(space.cumulative[-1]):.2f} %", "on CIFAR-10"
            ),
        ),
        notes=(
            "Counted from the ranges and steps of the released sweep on CIFAR-10; no file is needed. Whether the "
            "authors' own trainings had exactly these limits of size cannot be known without them.",
            f"Many points of the grid are one network after rounding: {space.architectures:,} allowed ones are "
            f"{networks}.",
        ),
    )


def _listed(values: tuple[int | float | str, ...]) -> str:
    if len(values) <= _MOST_LISTED:
        return ", ".join(map(str, values))
    return f"{values[0]}, {values[1]} to {values[-1]}"
