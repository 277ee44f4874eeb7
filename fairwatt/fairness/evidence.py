"""What a fairness audit is made from: these very runs, their second books, and the verdicts on them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fairwatt.analysis.apart import Apart
from fairwatt.analysis.load import Results
from fairwatt.analysis.outcome import Outcome, Verdict, unchanged_cells
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.trajectories import Trajectory
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Books, Fault
from fairwatt.fairness.held_answers import Held, held
from fairwatt.fairness.installed_space import space_of
from fairwatt.fairness.threats import State
from fairwatt.problem import Reference, SearchSpace
from fairwatt.records import Key, Run

Told = tuple[State, str]
"""What the evidence says of one threat, and the evidence."""

CLAIMS = (Outcome.WIN, Outcome.WIN_SMALL, Outcome.EQUIVALENT, Outcome.POLICY_DEPENDENT)


class World(NamedTuple):
    """Searches that one reference is about.

    name: of the space; of the re-runs' world too, where they are re-runs. places: rows of the reference by key, where
    they are at hand.
    """

    name: str
    space: str
    reference: Reference
    runs: tuple[Run, ...]
    places: Mapping[Key, int] | None = None


class Closed(NamedTuple):
    """One search at one primary budget. credited: requests that its second books credit; claimed: that the comparison
    credits."""

    arm: str
    budget: str
    trajectory: Trajectory
    books: Books
    credited: int
    claimed: int


@dataclass(frozen=True)
class Evidence:
    """One study under audit. comparisons: of its spaces; what they were made from is what is audited."""

    results: Results
    comparisons: Sequence[Comparison]

    def begin(self) -> None:
        """Have the answers held against the truth in a copy of this process, where there can be one."""
        self._holding.begin()

    @cached_property
    def worlds(self) -> tuple[World, ...]:
        """The searches that are compared, by space, and those that were run again in other worlds."""
        found = []
        for comparison in self.comparisons:
            space, reference, places = comparison.space, comparison.reference, comparison.truth.places
            runs = (each.run for arm in comparison.endpoints.trajectories.values() for each in arm.values())
            found.append(World(space, space, reference, tuple(runs), places))
            for name, (other, again) in self.results.reruns.get(space, {}).items():
                known = places if other.keys == reference.keys else None
                found.append(World(f"{space}, run again ({name})", space, other, tuple(again), known))
        return tuple(found)

    @cached_property
    def books(self) -> dict[str, tuple[Books, ...]]:
        """The second books of every run, by space, in the order of the comparison."""
        return {world.name: tuple(map(Books, world.runs)) for world in self.worlds if world.name == world.space}

    @cached_property
    def books_again(self) -> dict[str, tuple[Books, ...]]:
        """Those of re-runs, by the name of their world."""
        return {world.name: tuple(map(Books, world.runs)) for world in self.worlds if world.name != world.space}

    @property
    def held(self) -> dict[str, Held]:
        """The answers of each world, by its name, held against its truth and the space as it is installed here."""
        return self._holding.answer()

    @cached_property
    def _holding(self) -> Apart[dict[str, Held]]:
        return Apart(self._hold)

    def _hold(self) -> dict[str, Held]:
        return {
            world.name: held(world.name, world.reference, world.runs, self.installed[world.space], world.places)
            for world in self.worlds
        }

    @cached_property
    def installed(self) -> dict[str, SearchSpace | None]:
        """The spaces themselves; None of one that is not here, or with other data."""
        return {
            world.space: space_of(world.runs[0].header, self.results.study) if world.runs else None
            for world in self.worlds
            if world.name == world.space
        }

    @property
    def all_books(self) -> Iterator[Books]:
        """Of all spaces, without re-runs."""
        for books in self.books.values():
            yield from books

    @property
    def runs(self) -> Iterator[Run]:
        """Of all spaces, without re-runs."""
        return (books.run for books in self.all_books)

    @cached_property
    def has_rows(self) -> bool:
        """Whether every run that asked anything holds its books."""
        return all(run.rows or not run.requests for run in self.runs)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Of all spaces."""
        return tuple(verdict for comparison in self.comparisons for verdict in comparison.verdicts)

    @cached_property
    def fault_list(self) -> dict[int, list[Fault]]:
        """Faults of the books and of the answers, by number of the threat; those of re-runs come after the others."""
        found: dict[int, list[Fault]] = {}
        for name, kept in (self.books | self.books_again).items():
            own = (fault._replace(space=name) for books in kept for fault in books.faults)
            for fault in (*own, *self.held[name].faults):
                found.setdefault(fault.threat, []).append(fault)
        return found

    @property
    def unheld(self) -> str:
        """What is to be said of spaces whose reference does not know what a search may see; empty for none."""
        names = [world.name for world in self.worlds if not self.held[world.name].known]
        if not names:
            return ""
        return (
            f"What repeated trainings came out as is not in the reference of {', '.join(names)}, written before those "
            f"were kept: its full trainings could not be held against it."
        )

    def faults(self, threat: int) -> list[Fault]:
        """Faults of the books and of the answers that are this threat."""
        return self.fault_list.get(threat, [])

    def closed(self, comparison: Comparison) -> tuple[Closed, ...]:
        """Every search of a space at every primary budget."""
        return self._closed[comparison.space]

    @cached_property
    def _closed(self) -> dict[str, tuple[Closed, ...]]:
        return {comparison.space: tuple(self._close(comparison)) for comparison in self.comparisons}

    def _close(self, comparison: Comparison) -> Iterator[Closed]:
        books = iter(self.books[comparison.space])
        for arm, trajectories in comparison.endpoints.trajectories.items():
            granted = [comparison.protocol.granted(arm, book) for book in comparison.books]
            for trajectory in trajectories.values():
                own = next(books)
                for shared, book in zip(comparison.books, granted, strict=True):
                    budget = book.budget.resolve(book.policy.currency, trajectory.tariff)
                    claimed = trajectory.close(book).credited
                    yield Closed(arm, str(shared.budget), trajectory, own, own.credited(budget), claimed)

    def cells(self, wanted: Callable[[str], bool]) -> list[tuple[Verdict, SensitivityCell]]:
        """The sensitivity cells with such names that were priced, each with its verdict."""
        return [
            (verdict, cell)
            for verdict in self.verdicts
            for cell in verdict.cells
            if cell.recorded and wanted(cell.name)
        ]

    def under(self, names: Iterable[str]) -> str:
        """What verdicts become under the books with these names, in a clause; empty where none was priced."""
        wanted = set(names)
        return flips(self.cells(wanted.__contains__), " or ".join(sorted(wanted)))


def flips(cells: Sequence[tuple[Verdict, SensitivityCell]], name: str) -> str:
    """How many claims flip in cells that together have this name, and how far effects move; empty for no cells."""
    if not cells:
        return ""
    claims = {id(verdict): False for verdict, _ in cells if verdict.outcome in CLAIMS}
    for verdict, cell in cells:
        if id(verdict) in claims:
            claims[id(verdict)] |= cell.flips
    same = dict.fromkeys(claims, True)
    for verdict, cell in cells:
        if id(verdict) in same:
            same[id(verdict)] &= cell.name in unchanged_cells(verdict)
    moved = max(abs(cell.win_rate - verdict.win_rate) for verdict, cell in cells)
    idle = f" (for {sum(same.values())} of them it changes nothing)" if any(same.values()) else ""
    return (
        f"under {name} {sum(claims.values())} of {count(len(claims), 'claim')} flip{idle}, "
        f"and paired win rates move by {moved:.2f} at most"
    )


def failed(faults: Sequence[Fault | str]) -> Told:
    """FAIL, with the first faults and how many there are; one of each search, since faults follow from one another."""
    first: dict[object, str] = {}
    for fault in faults:
        first.setdefault(fault[1:4] if isinstance(fault, Fault) else fault, str(fault))
    shown = list(first.values())[:3]
    more = f"; {len(faults)} in all" if len(faults) > len(shown) else ""
    return State.FAIL, "; ".join(shown) + more + "."


def count(number: int, noun: str) -> str:
    """Such as 1,710 searches."""
    if number != 1:
        noun = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{number:,} {noun}"


def share(part: float, whole: float) -> str:
    """Such as 12 %; a dash of nothing."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent == 0 or percent >= 10 or percent == round(percent) else f"{percent:.2g} %"


def spread(values: Iterable[float], form: str = ".3g") -> str:
    """Such as 1.2 to 3.4, or 1.2 where all are alike."""
    numbers = sorted(values)
    low, high = format(numbers[0], form), format(numbers[-1], form)
    return low if low == high else f"{low} to {high}"


def named(counts: Counter[str]) -> str:
    """Such as: semoa-release 24, re 3."""
    return ", ".join(f"{name} {number:,}" for name, number in counts.most_common(6)) + (
        f" and {len(counts) - 6} more" if len(counts) > 6 else ""
    )
