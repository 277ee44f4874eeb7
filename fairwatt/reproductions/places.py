"""The notable places of a front: its extremes r0 and r1 and its knee, and what the knee saves and costs."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.reproductions.knee import knee
from fairwatt.reproductions.published_runs import EPOCHS, front, points

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

METRICS = {"T, s": "seconds", "P_v": "val_accuracy", "E, kWh": "energy_kwh", "parameters, 10⁶": "parameters"}
FRONTS = {"all epochs": EPOCHS, f"{EPOCHS[-1]} epochs": EPOCHS[-1:]}
"""Which trainings may be in a front: all, as in the released code, or full trainings alone."""


class Mark(NamedTuple):
    """How a place is drawn."""

    symbol: str
    words: str
    color: str
    marker: str
    size: float


PLACES = {
    "r0": Mark("$A_{r_0}$", "most accurate", "#0072B2", "^", 6),
    "r1": Mark("$A_{r_1}$", "least energy", "#009E73", "v", 6),
    "knee": Mark("$A_k$", "knee", "#D55E00", "*", 10),
}

KNEE_CLAIM = "about 70 % less energy at about 1 % less accuracy"
"""Of the text, for the knee against the most accurate."""
KNEE_RULE = (
    "The knee is the point of the front with the largest bend angle against the two extremes, on axes scaled to them "
    "(after Deb and Gupta 2011); the paper names bend angles and gives no formula."
)
RELEASED_KNEE = (
    "The released function of that name hands its second differences to numpy's arctan as the array to write to: what "
    "it compares is the step in energy alone, no angle. It was not followed."
)
MIXED = (
    "The released code puts trainings of 4 to 108 epochs into one front, so that r1 is a training of 4 epochs; the "
    "front of full trainings is given beside it. Rows whose epochs the file does not tell (0.9 % on 7V) are in the "
    "first alone."
)


def of_epochs(rows: "pd.DataFrame", epochs: tuple[int, ...]) -> "pd.DataFrame":
    """Trainings of these numbers of epochs; all rows, those of unknown epochs too, where every number may be."""
    return rows if epochs == EPOCHS else rows[rows["epochs"].isin(epochs)]


def fronts(rows: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    """The front of a search's trainings for each entry of `FRONTS` that has any."""
    allowed = {kind: of_epochs(rows, epochs) for kind, epochs in FRONTS.items()}
    return {kind: front(chosen) for kind, chosen in allowed.items() if len(chosen)}


def metrics(row: "pd.Series[float]") -> dict[str, float]:
    """The four metrics of a training."""
    return {name: float(row[column]) for name, column in METRICS.items()}


def drawn(metric: str) -> str:
    """The name of a metric as a figure writes it."""
    return metric.replace("P_v", "$P_v$")


def notable(found: "pd.DataFrame", *, nearest: bool = False) -> "dict[str, pd.Series[float]]":
    """The rows of a front at r0, r1 and the knee; no knee where there is nothing between the extremes."""
    place = knee(points(found), nearest=nearest)
    places = {"r0": 0, "r1": len(found) - 1} | ({"knee": place} if place >= 0 else {})
    return {name: found.iloc[place] for name, place in places.items()}


def saving(named: "dict[str, pd.Series[float]]") -> tuple[float, float]:
    """(energy that the knee saves against r0 in percent, accuracy that it loses in percentage points).

    NaN where there is no knee.
    """
    if "knee" not in named:
        return np.nan, np.nan
    (knee_kwh, knee_accuracy), (kwh, accuracy) = (
        (float(named[name]["energy_kwh"]), float(named[name]["val_accuracy"])) for name in ("knee", "r0")
    )
    return 100.0 * (1.0 - knee_kwh / kwh), 100.0 * (accuracy - knee_accuracy)
