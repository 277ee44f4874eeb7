"""Page one: a sentence for each pair, the verdicts as tables, and what they hang on."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fairwatt.analysis.heat_map import State, flip_shares
from fairwatt.analysis.heat_map import heat_map as claims_by_cell
from fairwatt.analysis.outcome import Outcome, Verdict
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import PRIMARY
from fairwatt.report.frame_table import frame_table
from fairwatt.report.multiples import multiple
from fairwatt.report.plain_text import name
from fairwatt.report.section import Cell, Grid, Material, Part, Section, Sentence, kinds
from fairwatt.report.wording import Basis, claim, number, outcome, p_value, verdict_table, versus

if TYPE_CHECKING:
    import pandas as pd

HEAT_LEAD = (
    "Every search was recorded once and priced again under each of these books, but for re-runs (such as those under "
    "another sampler, or without the shared design), for which arms searched again. A number is the arm's paired win "
    "rate: blue where the arm is better, orange where the reference is, grey between .45 and .55."
)
OF_VALIDATION = (
    "p better, rope and worse are of what random search needs for the same validation quality, other columns of "
    "regret, so that they may disagree"
)
TONES: Mapping[Outcome, str] = {
    Outcome.WIN: "win",
    Outcome.WIN_SMALL: "win",
    Outcome.EQUIVALENT: "same",
    Outcome.POLICY_DEPENDENT: "odd",
    Outcome.INCONCLUSIVE: "open",
    Outcome.VOID: "void",
}
_CURRENCY = "currency="
_PAIR = ("kind", "budget", "arm", "reference")
_MARKS: Mapping[State, str] = {State.FLIPS: " ✗", State.WEAKER: " ~"}
_SHOWN_BEFORE = {
    *("factor", "outcome", "winner", "win_rate", "difference", "difference_low", "difference_high", "p_holm"),
    *("equivalent", "equivalent_low", "equivalent_high", "ratio", "ratio_low", "ratio_high", "effect_low"),
    *("effect_high", "flips", "reasons", "detectable", "unavailable"),
}
"""Columns that the verdict tables show, and the heat map: its hatched cells are the books that are not recorded."""


def answers(material: Material) -> Section:
    """A sentence for each pair, budget and space; those that claim something first."""
    parts = []
    for comparison in material.comparisons:
        basis = Basis.of(comparison)
        first = sorted(comparison.verdicts, key=lambda verdict: verdict.outcome in (Outcome.INCONCLUSIVE, Outcome.VOID))
        parts.append(
            Part(
                comparison.space,
                sentences=tuple(Sentence(claim(v, basis), str(v.outcome), tone(v)) for v in first)
                or (Sentence(f"Nothing to compare with {name(material.results.study['reference'])} yet."),),
            )
        )
    return Section("answers", "Who is better, by how much, and what it hangs on", tuple(parts), _tally(material), True)


def glance(material: Material) -> Section:
    """All verdicts in one picture: an arm in each row, a space and budget in each column."""
    every = dict.fromkeys(kind for comparison in material.comparisons for kind in kinds(comparison))
    grids = tuple(glance_grid(material.comparisons, kind) for kind in every)
    return Section("glance", "At a glance", (Part(grids=grids),), open=True)


def glance_grid(comparisons: Sequence[Comparison], kind: str, budget: str = "") -> Grid:
    """The verdicts of one ranking in all these spaces, at one budget or at all."""
    found = {
        (comparison.space, verdict.budget, versus(verdict)): _glance_cell(verdict, Basis.of(comparison))
        for comparison in comparisons
        for verdict in comparison.verdicts
        if verdict.kind == kind and budget in ("", verdict.budget)
    }
    columns = list(dict.fromkeys(key[:2] for key in found))
    pairs = list(dict.fromkeys(key[2] for key in found))
    rows = tuple((pair, tuple(found.get((*column, pair), Cell("")) for column in columns)) for pair in pairs)
    groups = Counter(space for space, _ in columns)
    return Grid(
        f"{kind.capitalize()}-objective arms: the verdict, and how many times the budget random search needs "
        "for the same validation quality [95 %]",
        "arm v. reference",
        tuple(budget for _, budget in columns),
        rows,
        tuple(groups.items()),
    )


def tables(material: Material) -> Section:
    """The verdicts with their numbers, by space and ranking."""
    parts = tuple(
        Part(
            comparison.space,
            tables=tuple(verdict_table(comparison.verdicts, kind, Basis.of(comparison)) for kind in kinds(comparison)),
        )
        for comparison in material.comparisons
    )
    lead = (
        "Win rates are shares of paired seeds, ties half, and their range over all books; negative differences are "
        "better for the arm. Beside each p stands the win rate that a sign test of so many seeds finds. What random "
        "search needs is about validation quality, so that it may disagree with a p, which is about regret. Beside it "
        "stands the same for the reference; where that is random search, the fairness audit (T3) says whether it is "
        "further from 1 than draws are."
    )
    return Section("verdicts", "Verdicts", parts, lead, True)


def heat_map(material: Material) -> Section | None:
    """The same searches under other books: a row for each way to keep them, a column for each pair."""
    parts = [
        Part(comparison.space, grids=(grid,)) for comparison in material.comparisons if (grid := heat_grid(comparison))
    ]
    return Section("heat-map", "What the verdicts hang on", tuple(parts), HEAT_LEAD, True) if parts else None


def heat_grid(comparison: Comparison, kind: str = "", budget: str = "") -> Grid | None:
    """What becomes of the claims of one space in each cell, of one ranking and budget or of all; None without cells."""
    verdicts = [v for v in comparison.verdicts if kind in ("", v.kind) and budget in ("", v.budget)]
    frame = claims_by_cell(verdicts)
    if len(frame) == 0 or (frame["cell"] == PRIMARY).all():
        return None
    pairs = list(dict.fromkeys(zip(*(frame[name] for name in _PAIR), strict=True)))
    order, budgets = kinds(comparison), [str(book.budget) for book in comparison.books]
    currency = comparison.books[0].policy.currency
    pairs.sort(key=lambda pair: (order.index(pair[0]), budgets.index(pair[1])))
    found = {(tuple(row[name] for name in _PAIR), row["cell"]): row for row in frame.to_dict("records")}
    shares = {str(row["cell"]): row for row in flip_shares(verdicts, currency).to_dict("records")}
    rows = []
    for cell in dict.fromkeys(frame["cell"]):
        cells = [_heat_cell(found.get((pair, cell))) for pair in pairs]
        share = "" if cell == PRIMARY else _share(shares.get(str(cell)))
        rows.append(("primary books" if cell == PRIMARY else str(cell), (*cells, Cell(share, "share"))))
    caption = (
        f"Paired win rate against the reference on {comparison.space}. ✗: this cell flips a claim (in a paired "
        "interaction test the effect differs from the primary one, and its sign or class with it). ~: the claim is "
        "weaker here, which may be chance. Hatched: not recorded. Last column: claims that flip, of those recorded."
    )
    all_against_one = len({pair[3] for pair in pairs}) == 1
    heads = [name(pair[2], 28) + ("" if all_against_one else f" v. {name(pair[3], 28)}") for pair in pairs]
    groups = Counter(f"{kind}, {budget}" for kind, budget, *_ in pairs)
    return Grid(caption, "books", (*heads, "claims that flip"), tuple(rows), (*groups.items(), ("", 1)), heats=True)


def numbers(material: Material) -> Section:
    """Effect sizes, tests and intervals that the tables before leave out."""
    parts = []
    for comparison in material.comparisons:
        frame = comparison.table()
        kept = frame.drop(columns=[column for column in frame if column in _SHOWN_BEFORE])
        caption = (
            f"What the verdict tables and the heat map of {comparison.space} leave out; the CSV file holds all "
            f"({OF_VALIDATION})"
        )
        parts.append(Part(comparison.space, tables=(frame_table(kept, caption),)))
    about = "More effect sizes and tests, one row a verdict; exploratory (q: Benjamini and Hochberg over these rows)."
    return Section("numbers", "Statistics in full", tuple(parts), about)


def verdict_frame(comparison: Comparison) -> "pd.DataFrame":
    """All numbers of the verdicts of a space, with whether a multiple is known to come out too small."""
    frame = comparison.table()
    too_small = Basis.of(comparison).too_small & frame["equivalent"].notna()
    frame.insert(list(frame).index("censored") + 1, "too_small", too_small)
    return frame


def tone(verdict: Verdict) -> str:
    """The colour class of an outcome; a win of the reference over the arm has one of its own."""
    if verdict.winner and verdict.winner != verdict.arm:
        return "loss"
    return TONES[verdict.outcome]


def _tally(material: Material) -> str:
    verdicts = [verdict for comparison in material.comparisons for verdict in comparison.verdicts]
    counts = Counter(str(verdict.outcome) for verdict in verdicts)
    text = f"{len(verdicts)} verdicts: " + ", ".join(f"{counts[o]} {o}" for o in map(str, Outcome) if counts[o]) + "."
    flips: dict[str, list[int]] = {}
    for comparison in material.comparisons:
        for row in comparison.flip_shares().to_dict("records"):
            if str(row["cell"]).startswith(_CURRENCY):
                flipped, recorded = flips.get(str(row["cell"]), [0, 0])
                flips[str(row["cell"])] = [flipped + int(row["flips"]), recorded + int(row["recorded"])]
    if not any(known for _, known in flips.values()):
        return text + " Nothing is claimed, so no other currency of the budget can flip a claim."
    said = [f"{cell.removeprefix(_CURRENCY)}, {flipped} of {known}" for cell, (flipped, known) in flips.items()]
    return f"{text} Claims that flip where the shared budget is another currency: {'; '.join(said)}."


def _glance_cell(verdict: Verdict, basis: Basis) -> Cell:
    needs = multiple(verdict.arm_equivalent, basis.too_small)
    words = outcome(verdict) + ("" if needs == "-" else f"\n{needs}")
    return Cell(words, f"o {tone(verdict)}", claim(verdict, basis))


def _heat_cell(row: Mapping[Any, Any] | None) -> Cell:
    if row is None:
        return Cell("", "heat blank", "not tried")
    where = f"{name(row['arm'])} v. {name(row['reference'])} at {row['budget']}, {row['cell']}"
    state = State(row["state"])
    if state is State.NOT_RECORDED:
        return Cell("", "heat blank", f"{where}: {row['note'] or state}")
    hover = (
        f"{where}: {row['outcome'] if row['cell'] == PRIMARY else state}; win rate {number(row['win_rate'])}, mean "
        f"difference {number(row['difference'], 4)}, {row['seeds']} seeds"
    )
    if row["cell"] != PRIMARY:
        hover += f", interaction p {p_value(row['interaction_p'])}" + (f" ({row['note']})" if row["note"] else "")
    tones = f"heat w{_tenth(row['win_rate'])}" + (" flip" if state is State.FLIPS else "")
    return Cell(number(row["win_rate"]) + _MARKS.get(state, ""), tones, hover)


def _share(row: Mapping[Any, Any] | None) -> str:
    return f"{row['flips']} of {row['recorded']}" if row and row["recorded"] else "-"


def _tenth(win_rate: float) -> int:
    """The class of the colour; 5, grey, is between .45 and .55, both left out."""
    return 5 if math.isnan(win_rate) else min(max(round(10 * win_rate), 0), 10)
