"""EA-HAS-Bench, box plot and scatter of its trainings, made of the 2,000 configurations that we trained ourselves."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.indicators import nondominated
from fairwatt.report.plate import DOUBLE, journal, plate, plates
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.search_spaces.config_trainings import PARTS, ConfigTrainings
from fairwatt.search_spaces.modelled_configs import modelled_configs
from fairwatt.search_spaces.sources import find_table
from fairwatt.search_spaces.table import open_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

SPACE = "digits-regnet-hpo"
CHANCE = 10.0
"""Percent, of ten classes; both here and on CIFAR-10."""
AT_CHANCE = 15.0
"""What is below counts as at chance."""
_COLORS = {"printed": "#D55E00", "measured": "#0072B2", "predicted": "#009E73"}
_MINIATURES = (
    "Energy is modelled for the full-size network from its operation counts, of which here mostly the number of layers "
    "counts; seconds are CPU seconds of the miniature, on a shared machine, and an equal share for each of the "
    "networks that were trained side by side."
)


@dataclass(frozen=True)
class Box:
    """Quartiles and Tukey's whiskers of accuracies in percent. count: of trainings; 0 where it is not known."""

    low: float
    q1: float
    median: float
    q3: float
    high: float
    count: int = 0

    @classmethod
    def of(cls, percent: Array, weights: Array | None = None) -> "Box":
        """Of accuracies [N]. weights: how probable each is; equal where None."""
        shares = None if weights is None else weights / weights.sum()
        options = {} if shares is None else {"weights": shares, "method": "inverted_cdf"}
        q1, median, q3 = map(float, np.quantile(percent, [0.25, 0.5, 0.75], **options))
        reach = 1.5 * (q3 - q1)
        inside = percent[(percent >= q1 - reach) & (percent <= q3 + reach)]
        return cls(float(inside.min()), q1, median, q3, float(inside.max()), len(percent))


PRINTED = Box(40.2, 71.35, 87.81, 92.12, 95.7)
"""EA-HAS-Bench on CIFAR-10, read off the picture."""


def box(shelf: Shelf) -> Made:
    """Final validation accuracies as trained, by length of training, and as the surrogate has them of all keys."""
    import pandas as pd

    trained = _trained()
    reference = modelled_configs(SPACE).reference()
    percent = trained["val_accuracy"].to_numpy()
    boxes = {
        ("printed", "EA-HAS-Bench, CIFAR-10\nread off the picture"): PRINTED,
        ("measured", f"{SPACE}\nas trained"): Box.of(percent),
        **{
            ("measured", f"of {epochs} epochs"): Box.of(rows["val_accuracy"].to_numpy())
            for epochs, rows in trained.groupby("epochs")
        },
        ("predicted", "all keys, by surrogate"): Box.of(100.0 * (1.0 - reference.val_error), reference.probabilities),
    }
    ours = boxes["measured", f"{SPACE}\nas trained"]
    table = pd.DataFrame(
        {
            "trainings": name.replace("\n", ", "),
            "numbers": kind,
            **vars(found),
            "count": f"{found.count:,}" if found.count else "",
        }
        for (kind, name), found in boxes.items()
    )
    return Made(
        figures={"box": _draw_boxes(boxes)},
        tables={"boxes": table},
        deviations=(
            *(
                Deviation(
                    what,
                    f"{getattr(PRINTED, name):g} % (CIFAR-10, read off)",
                    f"{getattr(ours, name):.1f} % (digits)",
                    "another data set: only the shape can be compared" if name == "median" else "",
                )
                for what, name in (("lower quartile", "q1"), ("median", "median"), ("upper quartile", "q3"))
            ),
            Deviation(
                "share at chance",
                "",
                f"{100.0 * np.mean(percent < AT_CHANCE):.1f} %",
                f"below {AT_CHANCE:g} %; the printed picture's floor is {CHANCE:g} %",
            ),
        ),
        notes=(
            f"{len(trained):,} configurations, drawn by the space's sampler, distinct, each trained once as a "
            "miniature on 8x8 digits, for 12 to 50 epochs. The space's learning rates go from .001 to 1 for each of "
            "three optimizers; a third of the miniatures stay at chance.",
            f"The surrogate's are of all {len(reference.keys):,} keys, weighted by the sampler. It promises better "
            "ones than were trained, and does not keep that (docs/surrogates.md).",
            "Whiskers reach to the last value within 1.5 interquartile ranges of the box, as the printed ones do.",
            _shipped(),
        ),
    )


def scatter(shelf: Shelf) -> Made:
    """Accuracy, time and energy of full trainings, with the front of accuracy and energy, and that of accuracy and
    time."""
    from scipy.stats import kendalltau

    trained = _trained()
    by_energy, by_time = front_rows(trained, "energy_kwh"), front_rows(trained, "seconds")
    shared = sorted(set(by_energy) & set(by_time))
    tau = float(kendalltau(trained["seconds"], trained["energy_kwh"]).statistic)
    fronts = trained.loc[sorted({*by_energy, *by_time})].assign(
        front=lambda rows: [
            "both" if row in shared else "accuracy and energy" if row in by_energy else "accuracy and time"
            for row in rows.index
        ]
    )
    return Made(
        figures={"scatter": _draw_scatter(trained, by_energy, by_time, tau)},
        tables={"fronts": fronts.sort_values("energy_kwh", ignore_index=True), "trainings": trained},
        deviations=(
            Deviation(
                "are the fronts the same?",
                "no (TinyImageNet, from the pictures)",
                f"no: {len(shared)} shared, of {len(by_energy)} by energy and {len(by_time)} by time"
                if len(shared) < max(len(by_energy), len(by_time))
                else "yes",
                "here one axis is modelled and the other measured on miniatures: no evidence about GPUs",
            ),
            Deviation(
                "best accuracy", "61.2 % (TinyImageNet, read off)", f"{trained['val_accuracy'].max():.1f} % (digits)"
            ),
            Deviation("time v. energy", "", f"Kendall's tau {tau:.3f}"),
        ),
        notes=(
            f"{len(trained):,} configurations, each trained once; energies and times are of the whole training, where "
            "the pictures have those of an epoch.",
            _MINIATURES,
            _shipped(),
            "A front of single trainings holds lucky ones: second trainings differ by 6.6 points of accuracy (standard "
            "deviation).",
        ),
    )


def front_rows(trained: "pd.DataFrame", cost: str) -> list[int]:
    """Rows that no other has more accuracy and less cost than, each point once, by ascending cost."""
    points = np.column_stack([trained[cost], -trained["val_accuracy"]])
    return [int(np.flatnonzero((points == point).all(axis=1))[0]) for point in nondominated(points)]


def _shipped() -> str:
    return f"Made of the table {SPACE} that ships with this version, sha256 {open_table(find_table(SPACE)).sha256}."


def _trained() -> "pd.DataFrame":
    """First trainings by key. val_accuracy: percent, at the end; energy_kwh, seconds: of the whole training."""
    import pandas as pd

    trainings = ConfigTrainings.of(open_table(find_table(SPACE)))
    rows = pd.DataFrame(
        {
            "key": trainings.key,
            "epochs": trainings.epochs,
            "val_accuracy": 100.0 * (1.0 - trainings.errors[:, PARTS.index("validation"), -1]),
            "energy_kwh": trainings.energy_kwh_per_epoch * trainings.epochs,
            "seconds": np.asarray(trainings.seconds_per_epoch, dtype=np.float64) * trainings.lengths,
            "parameters": trainings.params,
        }
    )
    first: pd.DataFrame = rows[trainings.repeat == 0].reset_index(drop=True)
    return first


@journal
def _draw_boxes(boxes: dict[tuple[str, str], Box]) -> "Figure":
    figure, axes = plate(DOUBLE, 2.6)
    for place, ((kind, _), found) in enumerate(boxes.items()):
        color = _COLORS[kind]
        stats = {"whislo": found.low, "q1": found.q1, "med": found.median, "q3": found.q3, "whishi": found.high}
        lines = {"color": color, "lw": 1.0}
        axes.bxp(
            [stats],
            positions=[place],
            widths=0.5,
            showfliers=False,
            boxprops=lines,
            whiskerprops=lines,
            capprops=lines,
            medianprops={"color": color, "lw": 2.0},
            manage_ticks=False,
        )
    axes.axhline(CHANCE, color="0.4", lw=0.8, ls=":")
    axes.text(-0.45, CHANCE, "chance", va="bottom", ha="left", fontsize=6.5, color="0.3")
    names = [f"{name}\nn = {found.count:,}" if found.count else name for (_, name), found in boxes.items()]
    axes.set_xticks(range(len(boxes)), names, fontsize=6.5)
    axes.set(ylabel="final validation accuracy, %", ylim=(0.0, 100.0), xlim=(-0.5, len(boxes) - 0.4))
    axes.grid(visible=False, axis="x")
    return figure


@journal
def _draw_scatter(trained: "pd.DataFrame", by_energy: list[int], by_time: list[int], tau: float) -> "Figure":
    figure, panels = plates(DOUBLE, 2.6, 1, 3, width_ratios=(1.25, 1, 1))
    both, energy, time = panels[0]
    order = trained.sort_values("val_accuracy")
    dots = both.scatter(
        order["seconds"],
        order["energy_kwh"],
        c=order["val_accuracy"],
        s=4,
        cmap="viridis",
        vmin=0.0,
        vmax=100.0,
        lw=0,
        rasterized=True,
    )
    both.set(xscale="log", xlabel="time, CPU s", ylabel="energy, kWh")
    both.set_title(f"time v. energy, tau {tau:.2f}")
    figure.colorbar(dots, ax=both, label="validation accuracy, %", aspect=30)
    for axes, cost, words in ((energy, "energy_kwh", "energy, kWh"), (time, "seconds", "time, CPU s")):
        axes.plot(trained[cost], trained["val_accuracy"], ".", color="0.8", ms=2.5, mew=0, rasterized=True)
        _draw_front(axes, trained.loc[by_energy], cost, "#0072B2", "o", "front of accuracy and energy")
        _draw_front(axes, trained.loc[by_time], cost, "#D55E00", "^", "front of accuracy and time")
        axes.set(xlabel=words, ylim=(0.0, 100.0))
    energy.set_ylabel("validation accuracy, %")
    time.tick_params(labelleft=False)
    time.set(xscale="log")
    figure.legend(*energy.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _draw_front(axes: "Axes", rows: "pd.DataFrame", cost: str, color: str, marker: str, label: str) -> None:
    rows = rows.sort_values(cost)
    axes.plot(rows[cost], rows["val_accuracy"], marker, color=color, ms=4, mfc="none", mew=0.9, label=label)
