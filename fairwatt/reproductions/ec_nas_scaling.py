"""Ours: what 12 to 108 epochs were measured to take, against the published energies, which are scaled from 4."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.plate import DOUBLE, journal, plates
from fairwatt.reproductions.catalogue import LINSCALE, MEASURED
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_runs import EPOCHS
from fairwatt.reproductions.published_table import read_table
from fairwatt.search_spaces.agreement import Agreement, agree
from fairwatt.search_spaces.cell_energy import affine

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

_END = 2
"""The evaluation after training, of three."""
SPACES = {"4v": EPOCHS, "5v": EPOCHS[-1:]}
"""Which trainings were measured."""
COLORS = {"4v": "#0072B2", "5v": "#D55E00", "affine": "#009E73"}
BEFORE = {
    ("4v", 12): ("1.10 to 1.11", ".93 to .95"),
    ("4v", 36): ("1.15 to 1.16", ".93 to .95"),
    ("4v", 108): ("1.15 to 1.16", ".93 to .95"),
    ("5v", 108): ("1.142", ".869"),
}
"""Median ratio and Kendall's tau, computed before this was written."""


def measured_v_scaled(shelf: Shelf) -> Made:
    """Ratios and rank correlations of scaled and of affine energies with the means of three measured trainings."""
    import pandas as pd

    tables = {space: _energies(shelf, space) for space in SPACES}
    pairs = {("scaled", space, epochs): tables[space][epochs] for space in SPACES for epochs in SPACES[space]}
    pairs |= {("affine", "4v", epochs): found for epochs, found in _affine(tables["4v"]).items()}
    compared = {key: agree(key[0], "measured", key[2], *found.T) for key, found in pairs.items()}
    errors = {key: float(np.median(np.abs(found[:, 0] / found[:, 1] - 1.0))) for key, found in pairs.items()}
    last, first = (tables["4v"][epochs][:, 1] for epochs in (EPOCHS[-1], EPOCHS[0]))
    fixed = float(np.median((EPOCHS[-1] * first - EPOCHS[0] * last) / (EPOCHS[-1] - EPOCHS[0]) / first))
    return Made(
        figures={"scaling": _draw(pairs)},
        tables={
            "agreement": _table(compared, errors),
            "cells": pd.concat([_cells(key, found) for key, found in pairs.items()], ignore_index=True),
        },
        deviations=(
            *_deviations(compared),
            Deviation(
                "measured e(108) / e(4) on 4V, median",
                f"{EPOCHS[-1] // EPOCHS[0]} (by scaling)",
                f"{np.median(last / first):.1f}",
                f"mean {np.mean(last / first):.1f}; an independent computation: 23.5",
            ),
            *(
                Deviation(
                    f"affine energies at {key[2]} epochs, median error",
                    "",
                    f"{100.0 * errors[key]:.1f} % (median ratio {compared[key].ratio:.3f})",
                    "an independent computation: within 1 % in the median",
                )
                for key in compared
                if key[0] == "affine"
            ),
        ),
        notes=(
            "*Measured*: means of three trainings of that length (PedramBakh/nc_nasbench): 91 cells of 4V at 4, 12, 36 "
            "and 108 epochs, 700 cells of 5V at 108. *Scaled*: the published energy, 4 epochs of one training times "
            "epochs / 4. *Affine*: on each cell's line through its measured 4 and 108 epochs; at 12 and 36 nothing "
            "of what it is compared with went into it.",
            f"On those lines {100.0 * fixed:.0f} % of what 4 epochs take (median) do not grow with the epochs: "
            "scaling multiplies them. Cells are ranked a little differently, too. The training that is scaled is one "
            "of the three at 4 epochs: how far it is from their mean is what repeats alone do.",
            "Which 700 cells of 5V were trained in full is not explained by their authors.",
        ),
    )


def _energies(shelf: Shelf, space: str) -> dict[int, Array]:
    """By epochs, [K, 2] scaled and measured kWh of the cells that have both, by hash."""
    scaled = read_table(shelf, LINSCALE, ("hash", "space", "budget", "energy_kwh"))
    measured = read_table(shelf, MEASURED, ("hash", "space", "budget", "eval_index", "estimated_row", "energy_kwh"))
    measured = measured[(measured["eval_index"] == _END) & ~measured["estimated_row"]]
    by = {
        name: rows[rows["space"] == space].groupby(["budget", "hash"])["energy_kwh"].mean()
        for name, rows in (("scaled", scaled), ("measured", measured))
    }
    found = {}
    for epochs in SPACES[space]:
        both = by["scaled"][epochs].to_frame("scaled").join(by["measured"][epochs].rename("measured"), how="inner")
        found[epochs] = both.to_numpy()
    return found


def _affine(energies: dict[int, Array]) -> dict[int, Array]:
    """By epochs between the first and the last, [K, 2] affine and measured kWh."""
    measured = np.stack([energies[epochs][:, 1] for epochs in EPOCHS], axis=1)
    lines = affine(measured[:, :, None], np.array(EPOCHS), np.array(EPOCHS))[:, :, 0]
    return {epochs: np.column_stack([lines[:, k], measured[:, k]]) for k, epochs in enumerate(EPOCHS[:-1]) if k}


def _deviations(compared: dict[tuple[str, str, int], Agreement]) -> list[Deviation]:
    found = []
    for (kind, space, epochs), agreement in compared.items():
        if kind == "scaled" and (space, epochs) in BEFORE:
            ratio, tau = BEFORE[space, epochs]
            ours = f"x {agreement.ratio:.3f}, tau {agreement.tau:.3f} [{agreement.low:.3f}, {agreement.high:.3f}]"
            what = f"scaled over measured on {space}, {epochs} epochs: median ratio and Kendall's tau"
            note = f"{agreement.cells} cells; an independent computation: x {ratio}, tau {tau}"
            found.append(Deviation(what, "", ours, note))
    return found


def _table(
    compared: dict[tuple[str, str, int], Agreement], errors: dict[tuple[str, str, int], float]
) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {
            "energy": key[0],
            "space": key[1],
            "epochs": key[2],
            "cells": found.cells,
            "median ratio to measured": found.ratio,
            "median error, %": 100.0 * errors[key],
            "Kendall's tau": found.tau,
            "low": found.low,
            "high": found.high,
        }
        for key, found in compared.items()
    )


def _cells(key: tuple[str, str, int], found: Array) -> "pd.DataFrame":
    import pandas as pd

    kind, space, epochs = key
    predicted, measured = found.T
    return pd.DataFrame({"energy": kind, "space": space, "epochs": epochs, "kWh": predicted, "measured, kWh": measured})


@journal
def _draw(pairs: dict[tuple[str, str, int], Array]) -> "Figure":
    figure, panels = plates(DOUBLE, 2.9, 1, 2, width_ratios=(3, 2))
    ratios, paired = panels[0]
    ratios.axhline(1.0, color="0.4", lw=0.7)
    for place, ((kind, space, _), found) in enumerate(pairs.items()):
        color = COLORS["affine" if kind == "affine" else space]
        ratios.boxplot(
            found[:, 0] / found[:, 1],
            positions=[place],
            widths=0.55,
            whis=(5, 95),
            flierprops={"marker": ".", "ms": 2, "mec": color, "mew": 0, "mfc": color},
            medianprops={"color": color, "lw": 1.6},
            boxprops={"color": color},
            whiskerprops={"color": color},
            capprops={"color": color},
        )
    labels = [f"{kind}\n{space.upper()}, {epochs}" for kind, space, epochs in pairs]
    ratios.set_xticks(range(len(pairs)), labels, fontsize=6.5)
    ratios.set(ylabel="over the measured mean", xlabel="energy, space and epochs")
    ratios.grid(visible=False, axis="x")
    last = EPOCHS[-1]
    for (kind, space, epochs), found in reversed(pairs.items()):
        if kind == "scaled" and epochs == last:
            label = f"{space.upper()}, {len(found)} cells"
            size = 2.0 if len(found) > 100 else 3.0
            paired.plot(found[:, 1], found[:, 0], "o", color=COLORS[space], ms=size, mew=0, alpha=0.6, label=label)
    ends = (0.0, 1.05 * max(float(pairs["scaled", space, last].max()) for space in SPACES))
    paired.plot(ends, ends, color="0.4", lw=0.7, zorder=1)
    paired.set(xlabel=f"measured, kWh for {last} epochs", ylabel="scaled, kWh", xlim=ends, ylim=ends)
    paired.legend(loc="upper left")
    return figure
