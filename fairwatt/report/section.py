"""What a page consists of. A new section is a function of `Material` that returns one, named in `page.SECTIONS`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fairwatt.analysis.across import Across
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.load import Results
from fairwatt.analysis.protocol import ComparisonError
from fairwatt.analysis.verdict import Comparison
from fairwatt.budget import component
from fairwatt.fairness.checklist import Facts
from fairwatt.fairness.evidence import Evidence
from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.chart import Panel
from fairwatt.report.wording import TextTable

DRAWS = 1_999
"""Of intervals over spaces: a fifth of those within a space, which a page can wait for. Tests have as many as there."""


@dataclass(frozen=True)
class Sentence:
    """One statement, with the word that it begins with and the tone of that: win, odd, void, fail or none."""

    text: str
    badge: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Cell:
    """A coloured cell of a grid. text: what is written; tones: classes; hover: what is behind it."""

    text: str
    tones: str = ""
    hover: str = ""


@dataclass(frozen=True)
class Grid:
    """A table whose cells have colours. rows: each with its heading; groups: (heading, number of columns) above.

    heats: whether cells are single numbers, to be set small under upright headings.
    """

    caption: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    groups: tuple[tuple[str, int], ...] = ()
    heats: bool = False


@dataclass(frozen=True)
class Drawing:
    """A chart, what it shows in a sentence or two, and the numbers behind it. name: of its file, without the space."""

    name: str
    panel: Panel
    caption: str
    table: TextTable


@dataclass(frozen=True)
class Part:
    """Of a section, what is of one space; heading "" where it is of all of them."""

    heading: str = ""
    sentences: tuple[Sentence, ...] = ()
    grids: tuple[Grid, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[TextTable, ...] = ()
    notes: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Section:
    """One heading of the page. lead: what it answers, in a sentence. open: shown without a click."""

    anchor: str
    title: str
    parts: tuple[Part, ...]
    lead: str = ""
    open: bool = False


@dataclass(frozen=True)
class Material:
    """What sections are made of."""

    results: Results
    comparisons: Sequence[Comparison]

    @cached_property
    def styles(self) -> ArmStyles:
        """The looks of all arms, in the order of the study."""
        arms = dict.fromkeys(arm for comparison in self.comparisons for arm in comparison.arms)
        return ArmStyles(tuple(arms), self.results.study["reference"])

    @cached_property
    def pooled(self) -> Across | None:
        """All spaces together; None where there is one, or where they cannot be."""
        try:
            return Across(self.comparisons, draws=DRAWS)
        except ComparisonError:
            return None

    @cached_property
    def evidence(self) -> Evidence:
        """What the fairness audit is made from."""
        return Evidence(self.results, self.comparisons)

    @cached_property
    def facts(self) -> Facts:
        """Evidence and findings of the fairness audit."""
        return Facts.of(self.evidence)


def kinds(comparison: Comparison) -> list[str]:
    """The rankings that have verdicts: those with an arm beside the reference."""
    reference = {comparison.protocol.reference_arm}
    return [ranking.kind for ranking in RANKINGS if set(comparison.endpoints.arms(ranking)) - reference]


def budget_marks(comparison: Comparison) -> dict[str, float]:
    """The primary budgets in full trainings."""
    tariff, currency = comparison.reference.tariff, comparison.books[0].policy.currency
    full = tariff.full[component(currency)]
    return {str(book.budget): book.budget.resolve(currency, tariff) / full for book in comparison.books}


def spent_axis(comparison: Comparison) -> str:
    """What stands below an axis of spent energy, time, epochs or evaluations."""
    currency = comparison.books[0].policy.currency
    return f"spent {currency}, in full trainings (c̄ = {comparison.reference.tariff.mean_full_kwh:.3g} kWh)"
