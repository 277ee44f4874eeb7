"""EC-NAS, Figure 5 centre and right: one search of SEMOA on 7V, its front with extrema and knee, and their radar."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.plate import DOUBLE, SINGLE, journal, plate, plates
from fairwatt.reproductions import places
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_runs import (
    ACCURACY,
    ENERGY,
    points,
    scaled_hypervolume,
    searches,
    valid_rows,
)
from fairwatt.reproductions.sheet import rounded

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

SPACE, METHOD = "7v", "semoa"
RULE = (
    "The paper does not say which search it shows. Shown is the public one with the median hypervolume (of error and "
    "energy over the space's largest, reference (1, 1); the lower of two in the middle)"
)


@dataclass(frozen=True)
class Chosen:
    """One search: its seed, its rows, and the seeds that it was chosen from."""

    seed: int
    rows: "pd.DataFrame"
    seeds: tuple[int, ...]


def chosen_search(rows: "pd.DataFrame") -> Chosen:
    """The search with the median hypervolume of `METHOD` on `SPACE`."""
    most_kwh = rows.loc[rows["space"] == SPACE, "energy_kwh"].max()
    found = searches(rows, SPACE, METHOD)
    ordered = sorted(found, key=lambda seed: (scaled_hypervolume(points(found[seed]), most_kwh), seed))
    seed = ordered[(len(ordered) - 1) // 2]
    return Chosen(seed, found[seed], tuple(sorted(found)))


def fig5_front(shelf: Shelf) -> Made:
    """The front of one search among all that it evaluated, and that of its full trainings."""
    chosen = chosen_search(valid_rows(shelf))
    fronts = places.fronts(chosen.rows)
    deviations = []
    for kind, found in fronts.items():
        saved, lost = places.saving(places.notable(found))
        deviations.append(
            Deviation(
                f"knee v. the most accurate, front of {kind}",
                places.KNEE_CLAIM,
                f"{saved:.0f} % less energy at {lost:.1f} points less accuracy",
                "of this one search; means over searches: ec-nas/table1",
            )
        )
    return Made(
        figures={"front": _draw(chosen.rows, fronts)},
        tables={"front": _table(fronts)},
        deviations=tuple(deviations),
        notes=(
            _chosen_sentence(chosen),
            places.KNEE_RULE,
            places.RELEASED_KNEE,
            places.MIXED,
            "Hollow marks are those of full trainings.",
        ),
    )


def fig5_radar(shelf: Shelf) -> Made:
    """Time, accuracy, energy and parameters of the three, each axis from the least to the most of the space's rows."""
    import pandas as pd

    rows = valid_rows(shelf)
    chosen = chosen_search(rows)
    space = rows[rows["space"] == SPACE]
    fronts = places.fronts(chosen.rows)
    every = {
        kind: places.of_epochs(space, epochs)[list(places.METRICS.values())] for kind, epochs in places.FRONTS.items()
    }
    limits = pd.DataFrame(
        {"front": kind, "axis": name, "centre": every[kind][column].min(), "rim": every[kind][column].max()}
        for kind in places.FRONTS
        for name, column in places.METRICS.items()
    )
    return Made(
        figures={"radar": _draw_radar(fronts, {kind: (rows.min(), rows.max()) for kind, rows in every.items()})},
        tables={"radar": _table(fronts), "axes": limits},
        notes=(
            _chosen_sentence(chosen),
            places.KNEE_RULE,
            places.MIXED,
            "An axis runs from the least to the most among all published rows of 7V (of full trainings on the right): "
            "the paper's ranges are those of the whole table, which is not public. T is NAS-Bench-101's time on a TPU.",
        ),
    )


def _chosen_sentence(chosen: Chosen) -> str:
    return f"{RULE}: seed {chosen.seed}, of the seeds {', '.join(map(str, chosen.seeds))}."


def _table(fronts: "dict[str, pd.DataFrame]") -> "pd.DataFrame":
    """r0, r1 and knee of each front, a row each."""
    import pandas as pd

    lines = []
    for kind, found in fronts.items():
        for place, row in places.notable(found).items():
            epochs = "" if np.isnan(row["epochs"]) else str(int(row["epochs"]))
            lines.append({"front": kind, "points": len(found), "at": place, "epochs": epochs, **places.metrics(row)})
    return pd.DataFrame(lines)


@journal
def _draw(rows: "pd.DataFrame", fronts: "dict[str, pd.DataFrame]") -> "Figure":
    figure, axes = plate(SINGLE, 2.9)
    unique = np.unique(points(rows), axis=0)
    axes.plot(*unique.T, ".", color="0.8", ms=2.5, mew=0, rasterized=True, label="evaluated", zorder=1)
    styles = {"all epochs": ("0.15", "-"), "108 epochs": ("0.45", (0, (3, 1.5)))}
    for kind, found in fronts.items():
        color, dash = styles[kind]
        axes.step(*points(found).T, where="post", color=color, ls=dash, lw=1.0, label=f"front, {kind}", zorder=2)
        filled = kind == "all epochs"
        for place, row in places.notable(found).items():
            mark = places.PLACES[place]
            axes.plot(
                -row["val_accuracy"],
                row["energy_kwh"],
                mark.marker,
                color=mark.color,
                mfc=mark.color if filled else "white",
                ms=mark.size,
                zorder=4 if filled else 3,
                label=mark.symbol if filled else None,
            )
    axes.set(yscale="log", xlabel=ACCURACY, ylabel=ENERGY)
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda place: labels[place].startswith("$"))  # lines left, marks right
    handles, labels = [handles[place] for place in order], [labels[place] for place in order]
    axes.legend(handles, labels, loc="upper right", ncols=2, handlelength=2.2, columnspacing=1.0)
    axes.set_ylim(top=4.0 * rows["energy_kwh"].max())
    return figure


@journal
def _draw_radar(
    fronts: "dict[str, pd.DataFrame]", limits: "dict[str, tuple[pd.Series[float], pd.Series[float]]]"
) -> "Figure":
    figure, row = plates(DOUBLE, 3.1, 1, len(fronts), subplot_kw={"projection": "polar"})
    corners = np.linspace(0.0, 2.0 * np.pi, len(places.METRICS), endpoint=False)
    columns = list(places.METRICS.values())
    for axes, (kind, found) in zip(row[0], fronts.items(), strict=True):
        low, high = (limit[columns].to_numpy(dtype=np.float64) for limit in limits[kind])
        axes.set_theta_zero_location("N")
        axes.set_theta_direction(-1)
        for place, values in places.notable(found).items():
            mark = places.PLACES[place]
            shares = (values[columns].to_numpy(dtype=np.float64) - low) / (high - low)
            loop = np.append(corners, corners[0]), np.append(shares, shares[0])
            label = f"{mark.symbol}: {mark.words}"
            axes.plot(*loop, color=mark.color, marker=mark.marker, ms=4, label=label, clip_on=False)
            axes.fill(*loop, color=mark.color, alpha=0.12, lw=0)
        axes.set_rlim(0.0, 1.0)
        axes.set_rgrids([0.25, 0.5, 0.75, 1.0], labels=[])
        ranges = [f"{rounded(float(a))} to {rounded(float(b))}" for a, b in zip(low, high, strict=True)]
        names = [places.drawn(name) for name in places.METRICS]
        axes.set_thetagrids(np.degrees(corners), [f"{name}\n{text}" for name, text in zip(names, ranges, strict=True)])
        for label, side in zip(axes.get_xticklabels(), ("center", "left", "center", "right"), strict=True):
            label.set_horizontalalignment(side)
        axes.tick_params(axis="x", pad=6)
        axes.set_title(f"front of {kind}", pad=12)
    figure.legend(*row[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
