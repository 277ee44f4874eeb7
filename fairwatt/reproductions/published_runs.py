"""The published searches behind the EC-NAS figures: their valid rows, their fronts, their hypervolumes.

As in the released code (EC-NAS repository, ecnas/utils/data/experiments.py and ecnas/utils/constants.py): rows whose
values are all 0 are invalid proposals and left out; the objectives are -P_v, the negated validation accuracy as a
fraction, and E, the energy of the training, both minimised; trainings of 4, 12, 36 and 108 epochs are in one set.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.indicators import hypervolume
from fairwatt.reproductions.catalogue import PUBLISHED_RUNS
from fairwatt.reproductions.item import Shelf
from fairwatt.reproductions.published_table import read_table

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

SPACES = ("4v", "5v", "7v")
_COLUMNS = ["space", "algorithm", "seed", "eval_index", "valid", "budget_epochs", "val_acc_pct", "test_acc_pct"]
_COLUMNS += ["energy_kwh", "train_time_s", "log10_params"]
EPOCHS = (4, 12, 36, 108)
PUBLISHED_REFERENCE = (0.5, 1e6)
"""Of the released hypervolumes, in -P_v and watt hours: the release multiplies kWh by 1,000."""


@dataclass(frozen=True)
class Method:
    """How a method is written, and drawn: colour (Okabe and Ito's, which the colour-blind tell apart), dashes, mark."""

    label: str
    color: str
    dashes: tuple[float, ...]
    marker: str


METHODS = {
    "rs": Method("RS", "#000000", (1.0, 1.0), "s"),
    "semoa": Method("SEMOA", "#0072B2", (), "o"),
    "shemoa": Method("SH-EMOA", "#D55E00", (5.0, 1.5), "^"),
    "msehvi": Method("MS-EHVI", "#009E73", (4.0, 1.0, 1.0, 1.0), "D"),
}
ACCURACY, ENERGY = "$-P_v$, validation accuracy negated", "$E$, kWh"
"""Of axes: the paper's two objectives, both minimised."""
PUBLISHED_SEARCHES = 10
"""Per method and space, in the paper; three of SEMOA on 7V are not public."""


def valid_rows(shelf: Shelf) -> "pd.DataFrame":
    """Every valid row, in the order of the searches.

    Columns: space, method, seed, order; epochs (NaN where the file does not tell); val_accuracy, test_accuracy:
    fractions; energy_kwh, seconds; parameters: millions. Raises MissingDataError.
    """
    import pandas as pd

    raw = read_table(shelf, PUBLISHED_RUNS, _COLUMNS)
    rows = raw[raw["valid"]]
    return pd.DataFrame(
        {
            "space": rows["space"],
            "method": rows["algorithm"],
            "seed": rows["seed"].astype(int),
            "order": rows["eval_index"].astype(int),
            "epochs": rows["budget_epochs"].astype(float),
            "val_accuracy": rows["val_acc_pct"] / 100.0,
            "test_accuracy": rows["test_acc_pct"] / 100.0,
            "energy_kwh": rows["energy_kwh"],
            "seconds": rows["train_time_s"],
            "parameters": 10.0 ** rows["log10_params"] / 1e6,
        }
    ).reset_index(drop=True)


def searches(rows: "pd.DataFrame", space: str, method: str) -> "dict[int, pd.DataFrame]":
    """The rows of each search, by seed."""
    chosen = rows[(rows["space"] == space) & (rows["method"] == method)]
    return {seed: chosen[chosen["seed"] == seed] for seed in sorted(set(chosen["seed"].tolist()))}


def front(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The nondominated rows in (-P_v, E), from the most accurate to the least, each point once."""
    accuracy, energy = rows["val_accuracy"].to_numpy(), rows["energy_kwh"].to_numpy()
    order = np.lexsort([energy, -accuracy])
    before = np.minimum.accumulate(np.concatenate([[np.inf], energy[order][:-1]]))
    return rows.iloc[order[energy[order] < before]]


def points(rows: "pd.DataFrame") -> Array:
    """[N, 2] (-P_v, E in kWh)."""
    return np.column_stack([-rows["val_accuracy"].to_numpy(), rows["energy_kwh"].to_numpy()])


def published_hypervolume(minimised: Array) -> float:
    """Of points [N, 2] (-P_v, kWh), as released: energies in watt hours, reference (0.5, 1e6)."""
    return hypervolume(minimised * np.array([1.0, 1_000.0]), PUBLISHED_REFERENCE)


def scaled_hypervolume(minimised: Array, most_kwh: float) -> float:
    """Of points [N, 2] (-P_v, kWh), as (1 - P_v, E / most_kwh) within (1, 1): a share of the square."""
    return hypervolume((minimised + np.array([1.0, 0.0])) / np.array([1.0, most_kwh]), (1.0, 1.0))
