"""Energy against error: what half of the seeds of each multi-objective arm reach, and a mean front of them."""

from collections.abc import Iterator

import numpy as np

from fairwatt.analysis.attainment import difference_table
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.quartiles import quartiles
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import Book
from fairwatt.report.captions import brief
from fairwatt.report.difference_charts import difference_chart, largest
from fairwatt.report.energy_plane import Plane
from fairwatt.report.frame_table import frame_table
from fairwatt.report.front_charts import front_chart
from fairwatt.report.plain_text import name
from fairwatt.report.printed_frame import Plan, plan_tables
from fairwatt.report.section import Drawing, Material, Part, Section, kinds
from fairwatt.report.wording import TextTable, number

MEAN_FRONTS = (
    "Vorob'ev expectation, a mean front, and deviation: what share of seeds at least attains each point of it "
    "(threshold; a seed without a front attains nothing, and counts), its hypervolume, the mean one of seeds, and by "
    "how much a seed differs from it in the mean, the last three as shares of the true front's hypervolume"
)
ATTAINMENT_TESTS = Plan(
    "Permutation tests of the largest difference of attainment from the reference, and where it is, with the shares of "
    "seeds that attain that point",
    heads=(("p", "p, swaps"),),
)
_INDICATORS = ("hypervolume_regret", "hypervolume_regret_log_energy", "igd_plus", "epsilon_additive")
_AT_THE_END = Plan(
    "Indicators of the fronts at the end of the books, valued by the true error: medians over seeds [quartiles], lower "
    "is better. IGD+ and additive epsilon are distances from the true front, scaled by its ideal and nadir (∞ where a "
    "seed has no front)",
    ("arm", "budget", *(f"{indicator}{end}" for indicator in _INDICATORS for end in ("", "_q25", "_q75"))),
    tuple((indicator, f"{indicator}_q25", f"{indicator}_q75") for indicator in _INDICATORS),
    lambda frame: frame[frame["hypervolume_regret"].notna()],
)
_READ = "The lower the deviation, the more alike are the fronts that seeds find, good or bad."
_ROWS = 12


def fronts(material: Material) -> Section | None:
    """Median attainment surfaces on the cloud of all configurations."""
    parts = tuple(
        Part(
            comparison.space,
            drawings=tuple(_fronts(material, comparison, book) for book in comparison.books),
            tables=(
                *plan_tables(quartiles(comparison.finals()), _AT_THE_END),
                frame_table(comparison.vorobev(), f"{MEAN_FRONTS}. {_READ}"),
            ),
        )
        for comparison in material.comparisons
        if "multi" in kinds(comparison)
    )
    lead = (
        "Attainment surfaces, valued by the true test error: what half of the seeds weakly dominate; dotted, what a "
        "quarter and three quarters do. The cloud is every configuration of the space; the thin line is the true front."
    )
    return Section("fronts", "Fronts of energy and error", parts, lead) if parts else None


def _fronts(material: Material, comparison: Comparison, book: Book) -> Drawing:
    truth, plane = comparison.truth, Plane.of(comparison, book)
    legends = {arm: comparison.legend(arm) for arm in plane.found}
    panel = front_chart(
        plane,
        material.styles,
        legends,
        x_label="energy of a training, kWh",
        y_label=f"{truth.label.partition(' ')[0]} error",
    )
    rows = tuple(
        (legends[arm], str(len(points)), "; ".join(f"{number(e, 4)}: {number(v, 4)}" for e, v in points.tolist()))
        for arm, points in plane.found.items()
    )
    caption = (
        f"Median attainment surfaces on {comparison.space} at {book.budget}, on all {len(plane.cloud):,} "
        f"configurations; energy: {comparison.reference.energy_label}. {brief(comparison, list(plane.found), ())}."
    )
    columns = ("arm", "corners", f"energy in kWh: {truth.label} error")
    table = TextTable("Corners of the surfaces", columns, rows, text=(0, 2))
    return Drawing(f"fronts-{'-'.join(str(book.budget).split())}", panel, caption, table)


def differences(material: Material) -> Section | None:
    """Where each multi-objective arm is oftener, or less often, than the reference."""
    parts = tuple(
        Part(
            comparison.space,
            drawings=tuple(_differences(material, comparison)),
            tables=plan_tables(comparison.attainment_tests(), ATTAINMENT_TESTS),
        )
        for comparison in material.comparisons
        if "multi" in kinds(comparison)
    )
    lead = (
        "Differences of the empirical attainment functions over shared seeds: blue where the arm is there on more "
        "seeds than the reference, orange where on fewer. Whether they are more than chance, a test of the largest "
        "difference tells; exploratory (q: Benjamini and Hochberg)."
    )
    return Section("differences", "Where arms attain more than the reference", parts, lead) if parts else None


def _differences(material: Material, comparison: Comparison) -> Iterator[Drawing]:
    reference, book = comparison.protocol.reference_arm, comparison.books[-1]
    for arm in comparison.endpoints.arms(RANKINGS[1]):
        rectangles = difference_table(comparison.endpoints, arm, reference, book).to_numpy(dtype=np.float64)
        if arm == reference or not len(rectangles):
            continue
        legend, other = comparison.legend(arm), comparison.legend(reference)
        label = comparison.truth.label.partition(" ")[0]
        panel = difference_chart(
            rectangles, legend, other, x_label="energy of a training, kWh", y_label=f"{label} error"
        )
        rows = tuple(
            (f"{energy:.4g}", f"{error:.4g}", f"{difference:+.0%}")
            for energy, error, _, _, difference in rectangles[largest(rectangles, _ROWS)].tolist()
        )
        columns = ("from energy, kWh", f"from {label} error", "more seeds of the arm")
        caption = f"The {len(rows)} largest of {len(rectangles)} differences"
        yield Drawing(
            f"differences-{material.styles.file_names[arm]}",
            panel,
            f"{name(legend)} against {name(other)} on {comparison.space} at {book.budget}. "
            f"{brief(comparison, [arm, reference], (), paired=True)}.",
            TextTable(caption, columns, rows),
        )
