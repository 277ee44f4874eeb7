"""Indicators and mean ranks while energy is spent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairwatt.analysis.across import seed_tests
from fairwatt.analysis.areas import area_table
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.ranks import crossing_table, rank_table, ranks_of
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import Book
from fairwatt.report.captions import brief, ended_early
from fairwatt.report.figures import Curve, curves_of
from fairwatt.report.frame_table import frame_table
from fairwatt.report.plain_text import name
from fairwatt.report.printed_frame import Plan, plan_tables
from fairwatt.report.section import Drawing, Material, Part, Section, budget_marks, kinds, spent_axis
from fairwatt.report.step_charts import MOST_BANDS, reading, step_chart
from fairwatt.report.wording import TextTable

if TYPE_CHECKING:
    import pandas as pd

_NOT_SHOWN = ["kind", "median", "q25", "q75"]
_AREAS = (
    "Area under the curve of {}-objective arms: the mean of the endpoint over the logarithm of what was spent, from "
    "one full training on; paired differences from the reference, exploratory (q: Benjamini and Hochberg)"
)
FRIEDMAN = Plan(
    "Mean ranks over seeds and Friedman's test, a claim about this space only, exploratory (q: Benjamini and Hochberg "
    "over its rankings and budgets); within each of these, against the reference, Nemenyi's test, adjusted for all "
    "pairs, and the signed rank test with Holm over the other arms",
    (
        *("kind", "budget", "arm", "mean_rank", "critical_difference", "blocks", "p_friedman", "q_friedman"),
        *("p_nemenyi", "p_wilcoxon_holm"),
    ),
)
_FIRST_MARKS = (1.0, 3.0, 10.0)


def anytime(material: Material) -> Section:
    """What each arm held after each amount spent."""
    parts = []
    for comparison in material.comparisons:
        drawn = []
        if "single" in kinds(comparison):
            drawn.append(_anytime(material, comparison, "regret", f"normalised regret ({comparison.truth.label})"))
        if "multi" in kinds(comparison):
            drawn.append(_anytime(material, comparison, "hypervolume_regret", "hypervolume regret"))
        areas = [
            area_table(comparison.endpoints, ranking, comparison.books)
            for ranking in RANKINGS
            if ranking.kind in kinds(comparison)
        ]
        tables = [frame_table(area.drop(columns=_NOT_SHOWN), _AREAS.format(area["kind"].iloc[0])) for area in areas]
        parts.append(Part(comparison.space, drawings=tuple(drawn), tables=tuple(tables)))
    lead = (
        "Medians over seeds with quartiles, as right-continuous steps: nothing is interpolated. Lower is better. "
        f"With more than {MOST_BANDS} arms only the reference's quartiles are shown, others' where they are pointed at."
    )
    return Section("anytime", "Anytime curves", tuple(parts), lead)


def ranks(material: Material) -> Section:
    """Mean ranks of arms that share seeds, where arms change places, and tests of three arms or more."""
    parts = []
    for comparison in material.comparisons:
        drawn, tables = [], []
        for ranking in (ranking for ranking in RANKINGS if ranking.kind in kinds(comparison)):
            found = ranks_of(comparison.endpoints, ranking, comparison.books)
            if len(found.arms) > 1:
                drawn.append(_ranks(material, comparison, ranking.kind, rank_table(found)))
                tables.append(_crossings(comparison, ranking.kind, crossing_table(found)))
        told = [table for table in tables if table.rows]
        notes = tuple(f"{table.caption}." for table in tables if not table.rows)
        told += plan_tables(seed_tests(comparison), FRIEDMAN)
        parts.append(Part(comparison.space, drawings=tuple(drawn), tables=tuple(told), notes=notes))
    lead = "Mean rank over the seeds that all arms share, with 95 % bootstrap bands over seeds; 1 is best."
    return Section("ranks", "Ranks and where they cross", tuple(parts), lead)


def _anytime(material: Material, comparison: Comparison, indicator: str, y_label: str) -> Drawing:
    frame = comparison.curves(indicator)
    curves = curves_of(frame, ("spent_full", "median", "q25", "q75"))
    caption = f"{y_label.capitalize()} on {comparison.space}; energy axis: {comparison.reference.energy_label}."
    file, numbers = indicator.replace("_", "-"), "Median [quartiles]"
    return drawing(material, comparison, file, curves, y_label, caption, numbers, comparison.books, log_y=True)


def _ranks(material: Material, comparison: Comparison, kind: str, frame: "pd.DataFrame") -> Drawing:
    curves = curves_of(frame, ("spent_full", "mean_rank", "low", "high"))
    caption = f"Mean rank of {kind}-objective arms on {comparison.space}, 1 is best."
    return drawing(
        material,
        comparison,
        f"ranks-{kind}",
        curves,
        "mean rank (1 is best)",
        caption,
        "Mean rank [95 %]",
        comparison.books,
        paired=True,
        best_on_top=True,
    )


def _crossings(comparison: Comparison, kind: str, frame: "pd.DataFrame") -> TextTable:
    clear = frame[frame["clear"].astype(bool)]
    rows = tuple(
        (name(comparison.legend(other)), name(comparison.legend(arm)), f"{spent:.3g}")
        for arm, other, spent in zip(clear["arm"], clear["other"], clear["spent_full"], strict=True)
    )
    caption = (
        f"Clear crossings of {kind}-objective arms: {len(rows)} of {len(frame)} changes of order are distinguishable "
        "on both sides (pairs not corrected for)"
    )
    return TextTable(caption, ("ahead from here on", "ahead before", "full trainings"), rows, text=(0, 1))


def drawing(
    material: Material,
    comparison: Comparison,
    file: str,
    curves: dict[str, Curve],
    y_label: str,
    caption: str,
    numbers: str,
    books: Sequence[Book],
    *,
    paired: bool = False,
    log_y: bool = False,
    best_on_top: bool = False,
    higher: bool = False,
) -> Drawing:
    """Curves over what was spent, with a table of what they are at the budgets and at 1, 3 and 10 full trainings.

    caption: without what every caption says, of these books. paired: whether only shared seeds are in it.
    """
    legends = {arm: comparison.legend(arm) for arm in curves}
    budgets = budget_marks(comparison)
    spent = next(iter(curves.values())).spent
    marks = sorted({mark for mark in (*_FIRST_MARKS, *budgets.values()) if mark <= spent[-1] * (1 + 1e-9)})
    panel = step_chart(
        curves,
        material.styles,
        legends,
        x_label=spent_axis(comparison),
        y_label=y_label,
        budgets=budgets,
        marks=marks,
        log_y=log_y,
        best_on_top=best_on_top,
        higher=higher,
    )
    reached = [int((spent <= mark * (1 + 1e-9)).sum()) - 1 for mark in marks]
    rows = tuple(
        (legends[arm], *(unbroken(reading(curve, place)) if place >= 0 else "-" for place in reached))
        for arm, curve in curves.items()
    )
    table = TextTable(f"{numbers} after so many full trainings", ("arm", *(f"{mark:g}" for mark in marks)), rows)
    arms = list(curves)
    facts = f"{brief(comparison, arms, books, paired=paired)}."
    return Drawing(file, panel, " ".join(filter(None, (caption, ended_early(comparison, arms, books), facts))), table)


def unbroken(text: str) -> str:
    """Lines of a narrow column end before an interval, not within it."""
    return text.replace(", ", ",\u00a0")
