"""EA-HAS-Bench, the anytime figure: test regret over energy, searched again on RegNets that we trained ourselves.

The published trainings are not public, only pictures of the curves. So nothing but the order of the methods can be
compared, and that of another data set, another surrogate and corrected methods.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.load import load
from fairwatt.analysis.verdict import Comparison
from fairwatt.errors import UserError
from fairwatt.experiments.executor import run_study
from fairwatt.experiments.study import Study, read_study
from fairwatt.report.plate import DOUBLE, journal, plates
from fairwatt.reproductions.catalogue import DIGITISED
from fairwatt.reproductions.item import Deviation, Made, Shelf
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

STUDY = "ea_has_anytime.yaml"
RESAMPLES = 999
_PERCENT = 100.0


class Method(NamedTuple):
    """How an arm is called in print, and drawn."""

    label: str
    color: str
    dashes: tuple[float, ...]
    marker: str


METHODS = {
    "rs": Method("RS", "#000000", (1.0, 1.0), "s"),
    "re": Method("REA", "#D55E00", (), "^"),
    "ls": Method("LS", "#009E73", (5.0, 1.5), "D"),
    "bananas": Method("BANANAS", "#0072B2", (), "o"),
    "hb": Method("HB", "#CC79A7", (4.0, 1.0, 1.0, 1.0), "v"),
    "bohb": Method("BOHB", "#E69F00", (6.0, 1.0, 1.0, 1.0, 1.0, 1.0), "P"),
}


class Print(NamedTuple):
    """A printed figure: its data set, and about how many full trainings a unit of its axis is worth."""

    dataset: str
    full_per_unit: float


FIGURES = {
    "CIFAR_NAS.jpg": Print("CIFAR-10", 480 / 40_000),
    "Tiny_nas.jpg": Print("TinyImageNet", 1_400 / 250_000),
}


def anytime(shelf: Shelf) -> Made:
    """Run the study that ships, on all cores, and compare the order of the six methods with that of the pictures."""
    printed = digitised(shelf)
    with TemporaryDirectory() as folder:
        comparison = searched(read_study(STUDY), Path(folder))
    return compared(comparison, printed)


def digitised(shelf: Shelf) -> "dict[str, pd.DataFrame]":
    """By figure, regrets read off it: a row for each place on its axis, a column for each method; NaN where hidden.

    Raises MissingDataError, or UserError for another file.
    """
    import pandas as pd

    path = shelf.path(DIGITISED)
    try:
        curves = json.loads(path.read_text(encoding="utf-8"))["curves"]
        found = {}
        for name in FIGURES:
            table = pd.DataFrame(curves[name]).astype(float)
            table.index = table.index.astype(float)
            found[name] = table[[method.label for method in METHODS.values()]].sort_index()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not the digitised curves ({error}); fetch it again") from None
    return found


def searched(study: Study, folder: Path, executor: str = "processes") -> Comparison:
    """The searches of a study of one space, run into a folder. Raises UserError where one fails."""
    failed = [outcome for outcome in run_study(study, folder, executor=executor) if outcome.error]
    if failed:
        first = failed[0]
        raise UserError(f"{len(failed)} searches failed, {first.cell.arm.label} with {first.error.splitlines()[-1]}")
    (comparison,) = load(folder).comparisons()
    return comparison


def compared(comparison: Comparison, printed: "dict[str, pd.DataFrame]") -> Made:
    """The figure, the regrets at the end, and Kendall's tau between orders."""
    truth = comparison.truth
    span = truth.test_median - truth.test_best  # a normalised regret is 1 at the median network
    curves = comparison.curves("regret")
    for column in ("mean", "q25", "median", "q75"):
        curves[column] *= span
    seeds = comparison.endpoints.paired_seeds(*METHODS)
    book = comparison.books[-1]
    ends = {arm: span * comparison.endpoints.values(arm, book, "regret", seeds) for arm in METHODS}
    full = float(curves["spent_full"].max())
    return Made(
        figures={"anytime": _draw(curves, _intervals(ends), printed, len(seeds))},
        tables={
            "ends": _ends(ends),
            "curves": curves,
            **{_stem(name): _flat(table) for name, table in printed.items()},
        },
        deviations=_orders(ends, printed, full),
        notes=(
            f"Six methods, {len(seeds)} paired seeds, {full:.0f} full trainings of energy each, on digits-regnet-hpo: "
            f"{len(truth.places):,} RegNets with hyperparameters on 8x8 digits, by a surrogate of 2,500 trainings. "
            "Curves are means; regret is that of the incumbent's test error, chosen on validation at full fidelity, in "
            "tables as a fraction.",
            "Printed curves were digitised by colour from JPEG pictures (some 2 % off; what another curve hides is "
            "missing). Their axis says kWh and holds watt hours, on CIFAR-10 perhaps accuracy points: only orders are "
            "compared. Their budgets are worth about 480 and 1,400 full trainings, ours 100: so orders are "
            "compared at their ends, and where they had spent about as much as ours.",
            "Six methods have an order by chance too: a Kendall's tau of at least .87 is needed for p < .05, and the "
            "two printed orders do not agree with each other. Intervals are of our seeds; print has 5 seeds and none.",
            "Theirs is not our protocol: test errors were the search's own, HB and BOHB paid promotions from scratch, "
            "BANANAS optimised another objective, LS drew its neighbours at random, and starts were not shared. "
            "Regrets below some .04 are our surrogate's alone (docs/surrogates.md).",
            f"Searched on {comparison.space}, data sha256 {comparison.reference.data_sha256}.",
            "The verdicts with all books: fairwatt run ea_has_anytime, then fairwatt compare results/ea_has_anytime.",
        ),
    )


def order_tau(ours: Array, theirs: Array) -> tuple[float, float]:
    """Kendall's tau-b and its exact p of two lists of regrets, over the methods that both have (not NaN)."""
    from scipy.stats import kendalltau

    known = np.isfinite(ours) & np.isfinite(theirs)
    found = kendalltau(ours[known], theirs[known])
    return float(found.statistic), float(found.pvalue)


def _orders(ends: dict[str, Array], printed: "dict[str, pd.DataFrame]", full: float) -> tuple[Deviation, ...]:
    """Our order at the end against theirs at the end, and where they had spent about as many full trainings."""
    means = np.array([values.mean() for values in ends.values()])
    drawn = _resampled(ends)
    labels = [method.label for method in METHODS.values()]
    found, last = [], []
    for name, table in printed.items():
        near = int(np.abs(np.log(table.index.to_numpy() * FIGURES[name].full_per_unit / full)).argmin())
        for place, when in ((len(table) - 1, "at the end"), (near, "after about as many full trainings")):
            theirs = table.iloc[place].to_numpy()
            tau, p = order_tau(means, theirs)
            low, high = np.quantile([order_tau(draw, theirs)[0] for draw in drawn], [0.025, 0.975])
            trainings = table.index[place] * FIGURES[name].full_per_unit
            found.append(
                Deviation(
                    f"order, {FIGURES[name].dataset}, {when} (about {trainings:,.0f})",
                    _order(labels, theirs),
                    _order(labels, means),
                    f"Kendall's tau {tau:.2f} [{low:.2f}, {high:.2f}], p = {p:.2f}",
                )
            )
        last.append(table.iloc[-1].to_numpy())
    tau, p = order_tau(*last)
    found.append(Deviation("the two printed orders, at their ends", "", f"Kendall's tau {tau:.2f}", f"p = {p:.2f}"))
    return tuple(found)


def _order(labels: list[str], regrets: Array) -> str:
    known = [place for place in np.argsort(regrets, kind="stable") if np.isfinite(regrets[place])]
    return " < ".join(labels[place] for place in known)


def _resampled(ends: dict[str, Array]) -> Array:
    """[RESAMPLES, M] mean regrets of seeds drawn again, the same for all methods."""
    values = np.stack(list(ends.values()))
    rng = stream("analysis", "ea-has/anytime", 0)
    seeds = rng.integers(values.shape[1], size=(RESAMPLES, values.shape[1]))
    return np.asarray(values[:, seeds].mean(axis=2).T)


def _intervals(ends: dict[str, Array]) -> dict[str, tuple[float, float]]:
    """95 % of the mean, by method."""
    low, high = np.quantile(_resampled(ends), [0.025, 0.975], axis=0)
    return {arm: (float(low[place]), float(high[place])) for place, arm in enumerate(ends)}


def _ends(ends: dict[str, Array]) -> "pd.DataFrame":
    import pandas as pd

    intervals = _intervals(ends)
    lines = [
        {
            "method": METHODS[arm].label,
            "seeds": len(values),
            "mean test regret": values.mean(),
            "low": intervals[arm][0],
            "high": intervals[arm][1],
            "25 %": np.quantile(values, 0.25),
            "median": np.median(values),
            "75 %": np.quantile(values, 0.75),
        }
        for arm, values in ends.items()
    ]
    return pd.DataFrame(lines).sort_values("mean test regret", ignore_index=True)


def _stem(name: str) -> str:
    return f"digitised-{name.partition('_')[0].lower()}"


def _flat(table: "pd.DataFrame") -> "pd.DataFrame":
    return table.rename_axis("axis").reset_index()


@journal
def _draw(
    curves: "pd.DataFrame",
    intervals: dict[str, tuple[float, float]],
    printed: "dict[str, pd.DataFrame]",
    seeds: int,
) -> "Figure":
    from matplotlib.lines import Line2D

    figure, panels = plates(DOUBLE, 2.9, 1, 1 + len(printed), width_ratios=(1.4, *(1,) * len(printed)))
    ours = panels[0, 0]
    end = float(curves["spent"].max())
    for place, (arm, method) in enumerate(METHODS.items()):
        line = curves[(curves["arm"] == arm) & (curves["spent_full"] >= 1.0)]
        ours.step(
            line["spent"],
            _PERCENT * line["mean"],
            where="post",
            color=method.color,
            dashes=method.dashes or (None, None),
            lw=1.0,
        )
        low, high = (_PERCENT * bound for bound in intervals[arm])
        at = end * 1.12 ** (place + 1)
        ours.plot([at, at], [low, high], color=method.color, lw=1.0)
        ours.plot(at, _PERCENT * line["mean"].iloc[-1], method.marker, color=method.color, ms=3.5, mew=0)
    ours.set(xlabel="energy of a search, kWh", ylabel="test regret, percentage points")
    ours.set_title(f"re-run, digits-regnet-hpo, n = {seeds}\n(bars: 95 % intervals of the means at the end)")
    for axes, (name, table) in zip(panels[0, 1:], printed.items(), strict=True):
        for method in METHODS.values():
            known = table[method.label].dropna()
            dashes = method.dashes or (None, None)
            axes.plot(known.index, _PERCENT * known, color=method.color, dashes=dashes, lw=1.0)
            axes.plot(known.index, _PERCENT * known, method.marker, color=method.color, ms=3.5, mew=0)
        axes.set(
            xlabel="axis of the figure, labelled kWh", title=f"printed, {FIGURES[name].dataset}\n(digitised, n = 5)"
        )
    for axes in panels[0]:
        axes.set(xscale="log", yscale="log")
        _plain(axes)
    handles = [
        Line2D(
            [], [], color=style.color, ls=(0, style.dashes) if style.dashes else "-", marker=style.marker, ms=3.5, mew=0
        )
        for style in METHODS.values()
    ]
    labels = [method.label for method in METHODS.values()]
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), handlelength=3.6)
    return figure


def _plain(axes: "Axes") -> None:
    """Percentages as they are read: 0.5 and 20, no powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
