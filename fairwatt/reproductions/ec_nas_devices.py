"""EC-NAS, Figure 4: the energy of the 4V cells on four GPUs, and how far the GPUs agree on their order."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.plate import DOUBLE, journal, plates
from fairwatt.reproductions.catalogue import HARDWARE, OFFICIAL_DEVICES
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_table import read_table
from fairwatt.search_spaces.agreement import Agreement, agree

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

EPOCHS = 4
REFERENCE = "quadrortx6000"
_COLUMNS = ("hash", "device", "gpu_name", "budget", "measured", "energy_kwh", "start_emission", "suspect")
_WH = 1_000.0


class Device(NamedTuple):
    """How a GPU is written and drawn."""

    label: str
    color: str
    marker: str


DEVICES = {
    REFERENCE: Device("Quadro RTX 6000", "#000000", "s"),
    "titanxp": Device("Titan Xp", "#D55E00", "^"),
    "rtx3090": Device("RTX 3090", "#0072B2", "o"),
    "rtx3060": Device("RTX 3060", "#009E73", "D"),
}
BEFORE = {
    ("titanxp", False): ".893",
    ("rtx3090", False): ".718",
    ("rtx3090", True): ".916",
    ("rtx3060", False): ".896",
}
"""Kendall's tau with the Quadro, by device and whether suspect runs are left out: computed before this was written."""


def fig4_devices(shelf: Shelf) -> Made:
    """Energies of 4 epochs, measured once each; suspect runs are marked, and taus given with and without them."""
    rows = read_table(shelf, HARDWARE, _COLUMNS)
    rows = rows[rows["measured"] & (rows["budget"] == EPOCHS)]
    energies = rows.pivot(index="hash", columns="device", values="energy_kwh")[list(DEVICES)]
    suspect = rows.assign(suspect=rows["suspect"].fillna("") != "").pivot(
        index="hash", columns="device", values="suspect"
    )
    suspect = suspect[list(DEVICES)].eq(True)
    order = energies[REFERENCE].sort_values().index
    energies, suspect = energies.loc[order], suspect.loc[order]
    agreements = _agreements(energies, suspect)
    slow = int(suspect["rtx3090"].sum())
    return Made(
        figures={"devices": _draw(energies, suspect, agreements)},
        tables={"cells": _table(energies, suspect), "agreement": _agreement_table(agreements)},
        deviations=(*_taus(agreements), *_official(shelf, energies)),
        notes=(
            "Each cell was trained once for 4 epochs on each GPU; longer trainings in the published files are these "
            "times epochs / 4 and hold nothing new. Cells are in the order of their energy on the Quadro.",
            f"Hollow marks: the first {slow} runs of the RTX 3090 by their start, which are in a slower phase of the "
            "machine (one of them has more energy than the whole job that it is of). What slowed it is not known.",
            "Three cells are missing for the RTX 3060. One training each: what is noise and what is the device "
            "cannot be told apart; on the Quadro energies of repeats differ by 1.9 %.",
            "Intervals of tau are BCa over cells, 95 %. The scales of the printed figure could not be read for this.",
        ),
    )


def _agreements(energies: "pd.DataFrame", suspect: "pd.DataFrame") -> dict[tuple[str, bool], Agreement]:
    """Of each device with the reference; once more without suspect runs where there are any."""
    found = {}
    for device in list(DEVICES)[1:]:
        for sound in (False, True) if suspect[device].any() else (False,):
            rows = energies[[device, REFERENCE]].notna().all(axis=1)
            if sound:
                rows &= ~suspect[[device, REFERENCE]].any(axis=1)
            x, y = (energies.loc[rows, name].to_numpy() for name in (device, REFERENCE))
            found[device, sound] = agree(device, REFERENCE, EPOCHS, x, y)
    return found


def _taus(agreements: dict[tuple[str, bool], Agreement]) -> list[Deviation]:
    return [
        Deviation(
            f"Kendall's tau with the Quadro, {DEVICES[device].label}{' without suspect runs' if sound else ''}",
            "",
            f"{found.tau:.3f} [{found.low:.3f}, {found.high:.3f}]",
            f"{found.cells} cells; an independent computation: {BEFORE[device, sound]}",
        )
        for (device, sound), found in agreements.items()
    ]


def _official(shelf: Shelf, energies: "pd.DataFrame") -> list[Deviation]:
    """The tidy table against the official files that are here."""
    from fairwatt.search_spaces.tfrecord import read_records

    found = []
    for device, name in OFFICIAL_DEVICES.items():
        records = [record for record in read_records(shelf.path(name)) if record.epochs == EPOCHS]
        ours = energies[device].dropna()
        differences = [
            abs(ours[record.hash] / (record.metrics.final.energy_kwh or np.nan) - 1.0)
            for record in records
            if record.hash in ours.index
        ]
        largest = max(differences, default=np.nan)
        found.append(
            Deviation(
                f"energies on the {DEVICES[device].label}, against the official file",
                f"{len(records)} values",
                f"{len(differences)} values, largest relative difference {largest:.1g}",
                "equal" if largest == 0 and len(records) == len(ours) else "",
            )
        )
    return found


def _table(energies: "pd.DataFrame", suspect: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    columns: dict[str, object] = {"hash": energies.index}
    for device, style in DEVICES.items():
        columns[f"{style.label}, kWh"] = energies[device].to_numpy()
        if suspect[device].any():
            columns[f"{style.label}, suspect"] = suspect[device].map({True: "yes", False: ""}).to_numpy()
    return pd.DataFrame(columns)


def _agreement_table(agreements: dict[tuple[str, bool], Agreement]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        {
            "device": DEVICES[device].label,
            "suspect runs": "left out" if sound else "kept",
            "cells": found.cells,
            "median ratio to the Quadro": found.ratio,
            "Kendall's tau": found.tau,
            "low": found.low,
            "high": found.high,
            "Spearman's rho": found.rho,
        }
        for (device, sound), found in agreements.items()
    )


@journal
def _draw(energies: "pd.DataFrame", suspect: "pd.DataFrame", agreements: dict[tuple[str, bool], Agreement]) -> "Figure":
    figure, panels = plates(DOUBLE, 3.0, 1, 2, width_ratios=(3, 2))
    ranks, paired = panels[0]
    places = np.arange(1, len(energies) + 1)
    for device, style in DEVICES.items():
        values, doubted = energies[device].to_numpy() * _WH, suspect[device].to_numpy()
        for axes, x in ((ranks, places), (paired, energies[REFERENCE].to_numpy() * _WH)):
            if axes is paired and device == REFERENCE:
                continue
            axes.plot(x[~doubted], values[~doubted], style.marker, color=style.color, ms=3, mew=0, label=style.label)
            axes.plot(x[doubted], values[doubted], style.marker, color=style.color, ms=3, mew=0.7, mfc="white")
    ranks.set(xlabel="cells of 4V, by energy on the Quadro", ylabel=f"energy of {EPOCHS} epochs, Wh")
    ranks.legend(loc="upper left")
    for device, style in list(DEVICES.items())[1:]:
        label = f"tau {agreements[device, False].tau:.3f}"
        if (device, True) in agreements:
            label += f"; without hollow ones {agreements[device, True].tau:.3f}"
        paired.plot([], [], style.marker, color=style.color, ms=3, mew=0, label=label)
    handles, labels = paired.get_legend_handles_labels()
    kept = [place for place, label in enumerate(labels) if label.startswith("tau")]
    paired.legend([handles[place] for place in kept], [labels[place] for place in kept], loc="upper left")
    ends = [0.9 * float(energies[REFERENCE].min()) * _WH, 1.1 * float(energies[REFERENCE].max()) * _WH]
    paired.plot(ends, ends, color="0.4", lw=0.7, zorder=1)
    paired.set(xscale="log", xlabel="on the Quadro, Wh", ylabel="on the other, Wh", xlim=ends)
    paired.set_xticks(ticks := (6, 10, 20, 40), [str(tick) for tick in ticks])
    for axes in (ranks, paired):
        axes.set(yscale="log", ylim=(2.5, 400.0))
        axes.set_yticks(ticks := (3, 10, 30, 100), [str(tick) for tick in ticks])
    paired.minorticks_off()
    ranks.minorticks_off()
    return figure
