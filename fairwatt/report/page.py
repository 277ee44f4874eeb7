"""One self-contained HTML page: what was found first, what it hangs on one click deeper.

No script, no remote resource (the page forbids them to itself), every name escaped.
"""

import base64
import csv
import io
import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fairwatt.analysis.attainment import median_surfaces
from fairwatt.analysis.load import Results
from fairwatt.analysis.outcome import Outcome, Verdict
from fairwatt.analysis.spend import overhead_table
from fairwatt.analysis.verdict import Comparison
from fairwatt.budget import component
from fairwatt.report import figures
from fairwatt.report.wording import TextTable, number, sentence, verdict_table, versus
from fairwatt.sealed import write_atomically
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

RULES = (
    "Every search was charged in one place for everything it asked, in integer nanojoules, under one policy; a "
    "training that the budget cannot pay takes what is left and answers nothing.",
    "Arms that share a seed share a small initial design and the noise of the measurements; they are compared seed by "
    "seed.",
    "An incumbent is a full training with the lowest validation error so far. Reported of it is the true test error "
    "(the mean over repeats) as normalised regret: 0 is the best cell of the table, 1 the median cell.",
    "Hypervolume regret is 1 - HV/HV* of energy and test error, scaled by ideal and nadir of the true front, with the "
    "reference point (1.1, 1.1); it depends on no run.",
    "p: paired sign-flip permutation, Holm over all arms, budgets and endpoints of the space. Win rate: share of "
    "paired seeds, ties half. Intervals: BCa bootstrap over seeds, 95 %.",
    "Random search needs: the budget at which random search, in closed form from the table, expects the arm's mean "
    "validation quality, as a multiple of the shared one. Censored: the closed form ends at exhaustive search.",
    "WIN: significant, win rate .64 or more, that multiple's ratio beyond 10 %, and no other way of keeping the books "
    "flips it (a paired interaction test finds the effect changed, and its sign or class with it). EQUIVALENT: the "
    "ratio's whole interval is within 10 %. VOID: the design is too small to decide.",
    "The unit of all statistics is the seed; verdicts are claims about this space only.",
)


MOST_POINTS = 20_000
"""Of a table's cells in a picture."""

_TITLES = {
    "energy_kwh": "energy, kWh",
    "energy_kwh_min": "min",
    "energy_kwh_max": "max",
    "timed": "searches timed",
    "cpu_seconds": "CPU s, median",
    "cpu_seconds_max": "max",
    "joules": "J, median",
    "share": "% of budget, median",
    "share_max": "max",
    "charged_joules": "J charged, mean",
}


def write_report(
    results: Results, comparisons: Sequence[Comparison], path: Path, figure_folder: Path | None = None
) -> None:
    """Write the page, a CSV file of all verdicts beside it, and the figures as SVG files where a folder is given.

    Raises OSError where something cannot be written.
    """
    views = [space_view(comparison, results) for comparison in comparisons]
    write_atomically(path, render(results, comparisons, views).encode())
    write_atomically(path.with_suffix(".csv"), verdicts_csv(comparisons).encode())
    if figure_folder is not None:
        for view in views:
            for figure in (*view["figures"], *view["sensitivity"]):
                write_atomically(figure_folder / f"{view['name']}-{figure['name']}.svg", figure["svg"])


def render(results: Results, comparisons: Sequence[Comparison], views: Sequence[dict[str, Any]] | None = None) -> str:
    """The page as text. views: what `space_view` made of the comparisons, where that is at hand."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tone"] = tone
    study = results.study
    runs = sum(len(runs) for runs in results.runs.values())
    return environment.get_template("page.html.j2").render(
        title=study["study"],
        subtitle=f"{runs} searches, {len(study['optimizers'])} arms, {len(study['seeds'])} seeds, budgets "
        f"{' and '.join(study['budgets'])}. Made by fairwatt {_latest(results).get('fairwatt', '')}.",
        caveats=results.caveats,
        spaces=views or [space_view(comparison, results) for comparison in comparisons],
        rules=RULES,
        provenance=_provenance(results, comparisons),
        commands=_commands(results),
    )


def space_view(comparison: Comparison, results: Results) -> dict[str, Any]:
    """Everything the page shows of one space."""
    verdicts = comparison.verdicts
    kinds = list(dict.fromkeys(verdict.kind for verdict in verdicts))
    return {
        "name": comparison.space,
        "anchor": "space-" + comparison.space,
        "sentences": [sentence(verdict) for verdict in verdicts],
        "verdicts": [verdict_table(verdicts, kind) for kind in kinds],
        "figures": _figures(comparison, kinds),
        "books": [
            frame_table(comparison.spend(), "Means over seeds; a run that is exhausted spent exactly its budget."),
            frame_table(comparison.proposals(), "What was proposed until the books closed."),
            _overhead(comparison, results),
        ],
        "sensitivity": [_sensitivity(verdicts, kind) for kind in kinds if _recorded(verdicts, kind)],
        "notes": (
            f"energy axis: {comparison.reference.energy_label}",
            *_caveats(comparison),
            *comparison.reference.notes,
        ),
    }


def tone(cell: str) -> str:
    """The class of a verdict's cell."""
    first = cell.partition(":")[0]
    if first == Outcome.VOID:
        return "void"
    if first == Outcome.POLICY_DEPENDENT:
        return "policy"
    return "win" if first in (Outcome.WIN, Outcome.WIN_SMALL) else ""


def frame_table(frame: "pd.DataFrame", caption: str) -> TextTable:
    """A data frame as finished text: integers whole, other numbers with four significant digits."""
    words = tuple(place for place, column in enumerate(frame.columns) if frame[column].dtype.kind not in "iuf")
    rows = tuple(tuple(_cell(value) for value in row) for row in frame.itertuples(index=False))
    titles = tuple(_TITLES.get(str(column), str(column).replace("_", " ")) for column in frame.columns)
    return TextTable(caption, titles, rows, text=words)


def verdicts_csv(comparisons: Sequence[Comparison]) -> str:
    """All verdicts of all spaces with all their numbers; cells that a spreadsheet would run are quoted as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for place, comparison in enumerate(comparisons):
        table = comparison.table()
        if place == 0:
            writer.writerow(["space", *table.columns])
        for row in table.itertuples(index=False):
            writer.writerow([_harmless(value) for value in (comparison.space, *row)])
    return text.getvalue()


def _figures(comparison: Comparison, kinds: Sequence[str]) -> list[dict[str, Any]]:
    currency = comparison.books[0].policy.currency
    mean_full = comparison.reference.tariff.mean_full_kwh
    axis = f"spent {currency}, in full trainings (c̄ = {mean_full:.3g} kWh)\n{comparison.reference.energy_label}"
    tariff, place = comparison.reference.tariff, component(currency)
    budgets = {
        str(book.budget): book.budget.resolve(currency, tariff) / tariff.full[place] for book in comparison.books
    }
    drawn = []
    if "single" in kinds:
        drawn.append(_anytime(comparison, "regret", axis, f"normalised regret ({comparison.truth.label})", budgets))
    if "multi" in kinds:
        drawn.append(_anytime(comparison, "hypervolume_regret", axis, "hypervolume regret", budgets))
        drawn.append(_fronts(comparison))
    ranks = comparison.ranks()
    for kind in kinds:
        arms = dict(iter(ranks[ranks["kind"] == kind].groupby("arm", sort=False)))
        if len(arms) > 1:
            spent = next(iter(arms.values()))["spent_full"].to_numpy()
            lines = {comparison.legend(str(arm)): group["mean_rank"].to_numpy() for arm, group in arms.items()}
            figure = figures.ranks(spent, lines, x_label=axis, budgets=budgets)
            drawn.append(
                _shown(
                    f"ranks-{kind}", figure, f"Mean rank over seeds against energy, {kind}-objective arms; 1 is best."
                )
            )
    return drawn


def _anytime(
    comparison: Comparison, indicator: str, x_label: str, y_label: str, budgets: dict[str, float]
) -> dict[str, Any]:
    frame = comparison.curves(indicator)
    groups = {comparison.legend(str(arm)): group for arm, group in frame.groupby("arm", sort=False)}
    curves = {
        arm: figures.Curve(*(group[name].to_numpy() for name in ("spent_full", "median", "q25", "q75")))
        for arm, group in groups.items()
    }
    figure = figures.anytime(curves, x_label=x_label, y_label=y_label, budgets=budgets)
    marks = sorted({*budgets.values()} | {1.0, 3.0, 10.0})
    columns = ("arm", *(f"at {mark:g} full" for mark in marks))
    rows = tuple((arm, *(_at(group, mark) for mark in marks)) for arm, group in groups.items())
    caption = (
        f"Median over seeds with quartiles: {y_label} against spent energy. Lower is better; steps, not interpolated."
    )
    return _shown(indicator.replace("_", "-"), figure, caption, TextTable("Median [quartiles]", columns, rows))


def _fronts(comparison: Comparison) -> dict[str, Any]:
    truth, book = comparison.truth, comparison.books[-1]
    count = len(truth.energy_kwh)
    shown = np.arange(count)
    drawn = "all configurations"
    if count > MOST_POINTS:
        shown = stream("analysis", comparison.space, 0, "cloud").choice(count, MOST_POINTS, replace=False)
        drawn = f"{MOST_POINTS:,} of {count:,} configurations"
    surfaces = median_surfaces(comparison.endpoints, book)
    figure = figures.fronts(
        truth.test_points(shown),
        truth.test_front.front,
        {comparison.legend(arm): points for arm, points in surfaces.items()},
        x_label=comparison.reference.energy_label,
        y_label=f"{truth.label} error",
        cloud_label=drawn,
    )
    rows = tuple((arm, number(e, 4), number(v, 4)) for arm, points in surfaces.items() for e, v in points.tolist())
    caption = f"Median attainment surfaces at {book.budget}: what half of the seeds reach, on the cloud of {drawn}."
    caption += " Those were drawn at random; the true front is of all." if count > MOST_POINTS else ""
    return _shown("fronts", figure, caption, TextTable("Corners", ("arm", "energy, kWh", "test error"), rows))


def _sensitivity(verdicts: Sequence[Verdict], kind: str) -> dict[str, Any]:
    shown = _recorded(verdicts, kind)
    cells = [cell for verdict in shown for cell in verdict.cells]
    names = list(dict.fromkeys(cell.name for cell in cells if cell.recorded))
    missing = sorted({cell.name for cell in cells} - set(names))
    effects = np.full((len(names), len(shown)), np.nan)
    marks = [[""] * len(shown) for _ in names]
    for column, verdict in enumerate(shown):
        for cell in verdict.cells:
            if cell.recorded:
                row = names.index(cell.name)
                effects[row, column] = cell.win_rate
                marks[row][column] = f"{cell.win_rate:.2f}" + ("*" if cell.flips else "")
    columns = [f"{verdict.arm}\n{verdict.budget}" for verdict in shown]
    figure = figures.sensitivity(effects, names, columns, marks)
    caption = (
        f"Paired win rate against {shown[0].reference} when the same searches are priced under other books, "
        f"{kind}-objective arms; * marks cells that would flip a verdict, blank ones are not recorded."
        + (f" Not recorded at all: {', '.join(missing)}." if missing else "")
    )
    rows = tuple((name, *marks[place]) for place, name in enumerate(names))
    table = TextTable("Win rates", ("books", *(f"{versus(v)}, {v.budget}" for v in shown)), rows)
    return _shown(f"sensitivity-{kind}", figure, caption, table)


def _recorded(verdicts: Sequence[Verdict], kind: str) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.kind == kind and verdict.cells]


def _overhead(comparison: Comparison, results: Results) -> TextTable:
    noted = {arm: results.overheads.get((comparison.space, arm), {}) for arm in comparison.arms}
    frame = overhead_table(comparison.endpoints, comparison.books, noted)
    powers = sorted({(each.watts, each.pue) for seeds in noted.values() for each in seeds.values()})
    power = " or ".join(f"{watts:g} W a core x PUE {pue:g}" for watts, pue in powers) or "a declared power"
    charged = comparison.books[0].policy.overhead == "included_model"
    caption = (
        "What optimizers computed themselves until the books closed: processor seconds of ask and tell, of all threads "
        f"of one process of this study ({_machine(results)}), the first search of a process with the loading of its "
        f"libraries; in joules by {power}, declared and not measured. Beside a budget in "
        f"{comparison.reference.energy_label}, paid elsewhere. "
        + (
            "Not these, which differ from run to run, but joules of a frozen model were charged to each proposal."
            if charged
            else "Reported, not charged."
        )
    )
    for name in ("share", "share_max"):
        frame[name] *= 100
    return frame_table(frame if charged else frame.drop(columns="charged_joules"), caption)


def _provenance(results: Results, comparisons: Sequence[Comparison]) -> TextTable:
    about = _latest(results)
    rows = [("runs were made by", f"{len(results.provenance)} versions of code or machine; shown is the latest")]
    rows += [
        ("fairwatt", f"{about.get('fairwatt', '')} ({about.get('git', '')})"),
        ("python", str(about.get("python", ""))),
    ]
    rows += [(name, str(version)) for name, version in dict(about.get("packages", {})).items()]
    rows += [("system", f"{about.get('system', '')}, {about.get('cores', '')} cores")]
    for comparison in comparisons:
        policy = comparison.books[0].policy
        rows.append((f"policy on {comparison.space}", f"{policy.policy_id}: {policy.to_json()}"))
        rows.append((f"data of {comparison.space}", comparison.reference.data_sha256))
    return TextTable("", ("what", "which"), tuple(rows), text=(0, 1))


def _caveats(comparison: Comparison) -> tuple[str, ...]:
    if comparison.reference.replicates == 1:
        return ()
    return (
        "'random search needs' comes out too small here: its closed form selects by the mean over repeats, arms by the "
        "one repeat that they see",
    )


def _machine(results: Results) -> str:
    about = _latest(results)
    return f"{about.get('system', 'unknown system')}, {about.get('cores', 'unknown')} cores"


def _latest(results: Results) -> Mapping[str, Any]:
    return results.provenance[-1] if results.provenance else {}


def _commands(results: Results) -> str:
    name = shlex.quote(results.folder.resolve().name)  # to be typed beside it: the page does not say where that was
    return "\n".join(f"fairwatt {command} {name}" for command in ("run", "compare", "report"))


def _shown(name: str, figure: "Figure", caption: str, table: TextTable | None = None) -> dict[str, Any]:
    picture = figures.svg(figure)
    uri = "data:image/svg+xml;base64," + base64.b64encode(picture).decode()
    return {"name": name, "svg": picture, "uri": uri, "caption": caption, "table": table}


def _at(group: "pd.DataFrame", mark: float) -> str:
    reached = group[group["spent_full"] <= mark * (1 + 1e-9)]
    if reached.empty:
        return "-"
    last = reached.iloc[-1]
    return f"{last['median']:.3f} [{last['q25']:.3f}, {last['q75']:.3f}]"


def _cell(value: object) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    if math.isnan(number):
        return "-"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value not in ("", "-") else value
