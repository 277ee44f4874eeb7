"""Energy to target: how soon searches first hold something good enough."""

import math

from fairwatt.analysis.endpoints import RANKINGS, Ranking
from fairwatt.analysis.hitting import full_grid, hits, hitting_table, target_shares
from fairwatt.analysis.verdict import Comparison
from fairwatt.report.curve_sections import drawing
from fairwatt.report.figures import curves_of
from fairwatt.report.plain_text import name
from fairwatt.report.section import Drawing, Material, Part, Section, kinds
from fairwatt.report.wording import TextTable, p_value


def to_target(material: Material) -> Section:
    """Shares of targets that are hit, and for each target the expected energy, with censored runs counted as such."""
    parts = []
    for comparison in material.comparisons:
        drawn, tables = [], []
        for ranking in (ranking for ranking in RANKINGS if ranking.kind in kinds(comparison)):
            figure, table = _to_target(material, comparison, ranking)
            drawn.append(figure)
            tables.append(table)
        parts.append(Part(comparison.space, drawings=tuple(drawn), tables=tuple(tables)))
    lead = (
        "Targets were declared before: what random search expects of so many trainings, and fixed values of the "
        "endpoint. Runs that miss one count with all that they spent. Exploratory: q is Benjamini and Hochberg's."
    )
    return Section("targets", "Energy to target", tuple(parts), lead)


def _to_target(material: Material, comparison: Comparison, ranking: Ranking) -> tuple[Drawing, TextTable]:
    book = comparison.books[-1]
    found = hits(comparison.endpoints, ranking, book)
    shares = target_shares(found, full_grid(comparison.books, comparison.endpoints.tariff))
    curves = curves_of(shares, ("spent_full", "share", "share", "share"))
    figure = drawing(
        material,
        comparison,
        f"targets-{ranking.kind}",
        curves,
        "share of targets hit",
        f"Of {len(found.targets)} targets and all seeds, the share hit: {ranking.kind}-objective arms on "
        f"{comparison.space}. Higher is better.",
        "Share of targets hit",
        [book],
        higher=True,
    )
    frame = hitting_table(found, comparison.protocol.reference_arm)
    missed = [str(target) for target, count in frame.groupby("target", sort=False)["hits"].sum().items() if count == 0]
    rows = tuple(
        (
            str(row["target"]),
            name(comparison.legend(row["arm"])),
            f"{row['hits']} of {row['seeds']}",
            _spent(row["ert_full"]),
            _spent(row["ert_ratio"]),
            _median(row["median"], row["median_low"], row["median_high"]),
            p_value(row["p"]),
            p_value(row["q"]),
        )
        for row in frame.to_dict("records")
        if row["target"] not in missed
    )
    columns = (
        "target",
        "arm",
        "hits",
        "expected, full trainings",
        "ratio to the reference",
        "median [95 %]",
        "p, log-rank",
        "q",
    )
    caption = f"{ranking.kind.capitalize()}-objective arms: what is spent until a target is hit"
    caption += f"; no arm hit {', '.join(missed)}" if missed else ""
    return figure, TextTable(caption, columns, rows, text=(0, 1))


def _spent(value: float) -> str:
    if math.isnan(value):
        return "-"
    return "∞" if math.isinf(value) else f"{value:.3g}"


def _median(value: float, low: float, high: float) -> str:
    return "not reached" if math.isinf(low) else f"{_spent(value)} [{_spent(low)}, {_spent(high)}]"
