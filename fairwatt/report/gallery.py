"""The figures of a study for print, by name: each a function of `Sitting` to pictures with their captions.

The numbers are those of the page: the same functions of the analysis room, at the same budgets.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fairwatt.analysis.across import Across, primary_book
from fairwatt.analysis.endpoints import RANKINGS, Ranking
from fairwatt.analysis.load import Results
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import Book
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.report import captions
from fairwatt.report.arm_styles import ArmStyles
from fairwatt.report.plain_text import file_stem
from fairwatt.report.plate import DOUBLE, SINGLE
from fairwatt.report.section import DRAWS, Material

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPACE, STUDY = "of each space", "of all spaces"


@dataclass(frozen=True)
class Picture:
    """A figure for print. stem: its file's name, without the suffix; caption: what has to stand below it."""

    stem: str
    figure: "Figure"
    caption: str


@dataclass(frozen=True)
class Wish:
    """What a figure is asked to show. budget: a primary one, or "" for the figure's own; arms: all where none is named;
    width: inches, 0 for the figure's own."""

    budget: str = ""
    arms: tuple[str, ...] = ()
    width: float = 0.0


@dataclass(frozen=True)
class Sitting:
    """One figure to be drawn: of these comparisons (one of them where it is a figure of a space), of one ranking."""

    results: Results
    comparisons: tuple[Comparison, ...]
    styles: ArmStyles
    ranking: Ranking | None
    wish: Wish
    width: float

    @property
    def comparison(self) -> Comparison:
        """The first, which is the only one of a figure of a space."""
        return self.comparisons[0]

    @property
    def kind(self) -> str:
        """single, multi or nothing."""
        return self.ranking.kind if self.ranking else ""

    @cached_property
    def pooled(self) -> Across:
        """All comparisons; raises ComparisonError for one."""
        return Across(self.comparisons, draws=DRAWS)

    @property
    def books(self) -> tuple[Book, ...]:
        """Those at the budget that was wished for, or at all primary ones."""
        return (self.book,) if self.wish.budget else self.comparison.books

    @property
    def book(self) -> Book:
        """Those at the budget that was wished for, or at the largest. Raises UnknownNameError."""
        if self.wish.budget:
            return primary_book(self.comparison, self.wish.budget)
        tariff = self.comparison.endpoints.tariff
        return max(self.comparison.books, key=lambda book: book.budget.resolve(book.policy.currency, tariff))

    @property
    def suffix(self) -> str:
        """Part of the file's name where a budget was wished for."""
        return "-".join(self.wish.budget.split())

    @property
    def currency(self) -> str:
        """Of the primary books."""
        return self.comparison.books[0].policy.currency

    def ranked(self) -> Ranking:
        """The ranking. Raises UserError where it has no two arms, one of them the reference."""
        assert self.ranking is not None
        found = self.comparison.endpoints.arms(self.ranking)
        if len(found) < 2 or self.styles.reference not in found:
            raise UserError(
                f"{self.comparison.space} has no {self.kind}-objective ranking: it takes {self.styles.reference} and "
                f"another arm, and there are {', '.join(found) or 'none'}"
            )
        return self.ranking

    def arms(self, known: Sequence[str] | None = None) -> list[str]:
        """Arms to draw, of those of the ranking or of those that are known. Raises UserError where none is left."""
        if known is None:
            known = self.comparison.endpoints.arms(self.ranked()) if self.ranking else self.comparison.arms
        kept = [arm for arm in known if not self.wish.arms or arm in self.wish.arms]
        if not kept:
            raise UserError(f"none of {', '.join(self.wish.arms)} is among {', '.join(known)}")
        return kept

    def legends(self) -> dict[str, str]:
        """How arms are called."""
        return {arm: self.comparison.legend(arm) for arm in self.comparison.arms}

    def facts(self, arms: Sequence[str], books: Sequence[Book]) -> str:
        """What has to stand in the caption."""
        return captions.facts(self.results, self.comparison, arms, books)


Drawn = Iterator[tuple[str, "Figure", str]]
"""What is added to the name, the figure and its caption, of each picture."""
Draw = Callable[[Sitting], Drawn]


@dataclass(frozen=True)
class Exhibit:
    """A figure by name. base: without its ranking; what: in a line; scope: SPACE or STUDY; wide: for two columns."""

    base: str
    what: str
    draw: Draw
    scope: str
    ranking: Ranking | None = None
    wide: bool = False
    only: bool = False

    @property
    def name(self) -> str:
        """The base, with the ranking where there is one for each."""
        return self.base if self.ranking is None or self.only else f"{self.base}-{self.ranking.kind}"


def find(exhibits: Sequence[Exhibit], name: str) -> list[Exhibit]:
    """All, the one of a name, or both rankings of it. Raises UnknownNameError."""
    found = [exhibit for exhibit in exhibits if name in ("all", exhibit.name, exhibit.base)]
    if not found:
        known = dict.fromkeys(word for exhibit in exhibits for word in (exhibit.base, exhibit.name))
        raise UnknownNameError("figure", name, [*known, "all"])
    return found


class Gallery:
    """Draws figures of results, of some spaces or of all. Raises UnknownNameError for spaces, arms and budgets."""

    def __init__(self, results: Results, spaces: Sequence[str] = (), wish: Wish | None = None) -> None:
        comparisons = results.comparisons()
        known = [comparison.space for comparison in comparisons]
        for space in spaces:
            if space not in known:
                raise UnknownNameError("space", space, known)
        self.results, self.wish = results, wish or Wish()
        self.styles = Material(results, comparisons).styles
        for arm in self.wish.arms:
            if arm not in self.styles.arms:
                raise UnknownNameError("arm", arm, self.styles.arms)
        self.comparisons = tuple(c for c in comparisons if not spaces or c.space in spaces)
        self.refusals: list[str] = []
        """Why figures that were asked for are not there."""
        if self.wish.budget:
            primary_book(self.comparisons[0], self.wish.budget)

    def pictures(self, exhibits: Sequence[Exhibit]) -> Iterator[Picture]:
        """Each figure in turn; those that cannot be drawn are left out, and `refusals` says why."""
        for exhibit in exhibits:
            groups = [self.comparisons] if exhibit.scope == STUDY else [(each,) for each in self.comparisons]
            for group in groups:
                sitting = Sitting(
                    self.results,
                    group,
                    self.styles,
                    exhibit.ranking,
                    self.wish,
                    self.wish.width or (DOUBLE if exhibit.wide else SINGLE),
                )
                where = "" if exhibit.scope == STUDY and len(self.comparisons) > 1 else group[0].space
                try:
                    for suffix, figure, caption in exhibit.draw(sitting):
                        yield Picture(_stem(self.results, where, exhibit.name, suffix), figure, caption)
                except UserError as error:
                    self.refusals.append(f"{exhibit.name}{f' on {where}' if where else ''}: {error}")


def _stem(results: Results, *parts: str) -> str:
    return file_stem("-".join(part for part in (str(results.study["study"]), *parts) if part))


def rankings(base: str, what: str, draw: Draw, scope: str, *, wide: bool = False) -> tuple[Exhibit, ...]:
    """A figure of each ranking."""
    return tuple(Exhibit(base, f"{what}, {r.kind}-objective arms", draw, scope, r, wide) for r in RANKINGS)
