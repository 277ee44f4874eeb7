"""EC-NAS, Table 1 and Figure 6: time, accuracy, energy and size at the extrema and the knee, over the searches."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.report.plate import DOUBLE, journal, plates
from fairwatt.reproductions import places
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.reproductions.published_runs import METHODS, SPACES, front, searches, valid_rows
from fairwatt.reproductions.sheet import rounded

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

UNITS = (
    "T and E are those of one training. On 4V and 5V both are of the authors' GPU at 4 epochs times epochs / 4; on 7V "
    "T is NAS-Bench-101's time on a TPU and E a network's prediction: spaces must not be compared.",
    "A mean is over searches whose front has the point: n is written out, and where none has it there is no row; SEMOA "
    "has 7 public searches on 7V. The deviation is that of a sample (n - 1).",
    "The printed table could not be read for this: nothing here is claimed to agree with its cells.",
)

_NOISE = 1e-12
"""Of a mean: where all searches end in one cell, its values differ in the last digit of a float."""


def table1(shelf: Shelf) -> Made:
    """For each space, method, front and place: mean and standard deviation of four metrics over searches."""
    rows = valid_rows(shelf)
    summary = _summary(_found(rows))
    return Made(
        tables={
            **{f"table1-{space}": _printed(summary[summary["space"] == space]) for space in SPACES},
            "values": summary,
            "knee-rules": _knee_rules(rows),
        },
        deviations=_claims(rows),
        notes=(places.KNEE_RULE, places.RELEASED_KNEE, places.MIXED, *UNITS),
    )


def fig6(shelf: Shelf) -> Made:
    """The table as a picture: a row for each metric, a column for each space, of each search's front of all epochs."""
    summary = _summary(_found(valid_rows(shelf)))
    return Made(
        figures={"fig6": _draw(summary[summary["front"] == next(iter(places.FRONTS))])},
        tables={"values": summary},
        notes=(
            "Bars are standard deviations over searches; what would be below zero is cut. Shown are fronts of all "
            "epochs; those of full trainings are among the values.",
            places.KNEE_RULE,
            places.MIXED,
            *UNITS,
        ),
    )


def _found(rows: "pd.DataFrame") -> "pd.DataFrame":
    """A row for each space, method, seed, front and place, with its four metrics."""
    import pandas as pd

    lines = []
    for space in SPACES:
        for method in METHODS:
            for seed, search in searches(rows, space, method).items():
                for kind, found in places.fronts(search).items():
                    for place, row in places.notable(found).items():
                        where = {"space": space, "method": method, "seed": seed, "front": kind, "at": place}
                        lines.append(where | places.metrics(row))
    return pd.DataFrame(lines)


def _summary(found: "pd.DataFrame") -> "pd.DataFrame":
    """Means and standard deviations over seeds, and how many seeds."""
    import pandas as pd

    lines = []
    for (space, method, kind, place), group in found.groupby(["space", "method", "front", "at"], sort=False):
        line = {"space": space, "method": METHODS[str(method)].label, "front": kind, "at": place, "n": len(group)}
        for name in places.METRICS:
            mean, sd = group[name].mean(), group[name].std(ddof=1)
            line |= {f"{name}: mean": mean, f"{name}: sd": 0.0 if sd < _NOISE * mean else sd}
        lines.append(line)
    table = pd.DataFrame(lines)
    order = {place: rank for rank, place in enumerate((*places.FRONTS, *places.PLACES))}
    return table.sort_values(["front", "at"], key=lambda column: column.map(order), kind="stable").sort_values(
        "space", kind="stable", ignore_index=True
    )


def _printed(summary: "pd.DataFrame") -> "pd.DataFrame":
    """Mean ± standard deviation in a cell, a line for each front, place and method."""
    import pandas as pd

    table = summary[["front", "at", "method", "n"]].copy()
    for name in places.METRICS:
        table[name] = [
            f"{rounded(mean)} ± {rounded(sd, 2)}"
            for mean, sd in zip(summary[f"{name}: mean"], summary[f"{name}: sd"], strict=True)
        ]
    return pd.DataFrame(table).reset_index(drop=True)


def _savings(rows: "pd.DataFrame", space: str, epochs: tuple[int, ...], *, nearest: bool = False) -> Array:
    """[S, 2] percent of energy saved and points of accuracy lost at the knee of SEMOA's searches that have one."""
    fronts = [front(places.of_epochs(search, epochs)) for search in searches(rows, space, "semoa").values()]
    found: Array = np.array([places.saving(places.notable(each, nearest=nearest)) for each in fronts])
    kept: Array = found[~np.isnan(found[:, 0])]
    return kept


def _claims(rows: "pd.DataFrame") -> tuple[Deviation, ...]:
    """The text's sentences on the knee and on the extremum, for SEMOA on 7V."""
    claims = []
    for kind, epochs in places.FRONTS.items():
        found = _savings(rows, "7v", epochs)
        (saved, lost), (saved_sd, lost_sd) = found.mean(axis=0), found.std(axis=0, ddof=1)
        claims.append(
            Deviation(
                f"SEMOA on 7V, knee v. r0, front of {kind}",
                places.KNEE_CLAIM,
                f"{saved:.0f} ± {saved_sd:.0f} % less energy at {lost:.1f} ± {lost_sd:.1f} points less accuracy",
                f"mean ± sd over {len(found)} searches; against what the text compares is not stated",
            )
        )
    nothing = "no single-objective search is among the public ones"
    return *claims, Deviation("extremum v. single-objective search", "32 % less energy", "not possible", nothing)


def _knee_rules(rows: "pd.DataFrame") -> "pd.DataFrame":
    """What the knee of SEMOA's fronts hangs on: its neighbours, and which trainings are in the front."""
    import pandas as pd

    lines = []
    for space in SPACES:
        for kind, epochs in places.FRONTS.items():
            for rule, nearest in (("bend angle against the extremes", False), ("against the nearest points", True)):
                found = _savings(rows, space, epochs, nearest=nearest)
                line = {"space": space, "front": kind, "rule": rule, "searches": len(found)}
                for name, values in zip(("energy saved, %", "accuracy lost, points"), found.T, strict=True):
                    line |= {f"{name}: mean": float(values.mean()), f"{name}: sd": float(values.std(ddof=1))}
                lines.append(line)
    return pd.DataFrame(lines)


@journal
def _draw(summary: "pd.DataFrame") -> "Figure":
    figure, panels = plates(DOUBLE, 5.6, len(places.METRICS), len(SPACES), sharex="col", sharey="row")
    labels = [method.label for method in METHODS.values()]
    for column, space in enumerate(SPACES):
        for row, name in enumerate(places.METRICS):
            axes = panels[row, column]
            for step, (place, mark) in enumerate(places.PLACES.items()):
                chosen = summary[(summary["space"] == space) & (summary["at"] == place)].set_index("method")
                chosen = chosen.reindex(labels)
                mean, sd = (chosen[f"{name}: {what}"].to_numpy(dtype=np.float64) for what in ("mean", "sd"))
                below = sd if name == "P_v" else np.minimum(sd, 0.97 * mean)  # below 0 there is no logarithm
                axes.errorbar(
                    np.arange(len(labels)) + 0.22 * (step - 1),
                    mean,
                    yerr=[below, sd],
                    fmt=mark.marker,
                    color=mark.color,
                    ms=0.7 * mark.size,
                    lw=0.9,
                    capsize=1.5,
                    label=f"{mark.symbol}: {mark.words}",
                )
            if name != "P_v":
                axes.set_yscale("log")
            axes.set_xticks(range(len(labels)), labels)
            axes.set_xlim(-0.5, len(labels) - 0.5)
            if column == 0:
                axes.set_ylabel(places.drawn(name))
        panels[0, column].set_title(space.upper())
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
