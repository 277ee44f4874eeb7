"""Tables for print that are more than a data frame: verdicts, ends, everything pooled, and those of the page."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairwatt.analysis.across import Across
from fairwatt.analysis.endpoints import Ranking
from fairwatt.analysis.outcome import CLAIMS, Outcome, Verdict
from fairwatt.analysis.quartiles import quartiles
from fairwatt.analysis.verdict import Comparison
from fairwatt.report import captions
from fairwatt.report.multiples import ended, multiple
from fairwatt.report.plain_text import name
from fairwatt.report.printed_frame import Plan, estimates_of, frame_sheet, places
from fairwatt.report.section import DRAWS, Material, Part
from fairwatt.report.typeset import Sheet
from fairwatt.report.verdict_sections import heat_grid
from fairwatt.report.wording import Basis, interval, number, outcome, p_value, versus

if TYPE_CHECKING:
    import pandas as pd


def verdict_sheet(material: Material, comparison: Comparison, ranking: Ranking) -> Sheet:
    """The verdicts of one ranking in the columns that fit a page; the wins are bold."""
    verdicts = [verdict for verdict in comparison.verdicts if verdict.kind == ranking.kind]
    wins = (Outcome.WIN, Outcome.WIN_SMALL)
    family = sum(not math.isnan(verdict.p_holm) for verdict in comparison.verdicts)
    void = dict.fromkeys(reason for v in verdicts if v.outcome is Outcome.VOID for reason in v.reasons)
    arms = comparison.endpoints.arms(ranking)
    pairs = sorted({verdict.seeds for verdict in verdicts})
    basis = Basis.of(comparison)
    caption = (
        f"Verdicts on {name(comparison.space)}: {ranking.kind}-objective arms by "
        f"{captions.endpoint(comparison, ranking.endpoint)}; {captions.spanned(pairs)} paired seeds. Win rate: share "
        "of paired seeds, ties half. Difference: mean of arm minus reference, negative is better for the arm. p: "
        f"two-sided paired sign flips, Holm over the {family} tests of this space. Detectable: the win rate that a "
        "sign test of so many seeds finds with power .8. RS needs: the budget of random search for the same validation "
        f"quality, in multiples of the shared one{ended(verdicts)}. Intervals: BCa, 95 % over seeds. Flips: other "
        "books that flip the claim, of those recorded. Bold: WIN or WIN (small). "
        + captions.facts(material.results, comparison, arms, comparison.books)
    ) + (f" VOID: {'; '.join(void)}." if void else "")
    columns = (
        "budget",
        "arm v. reference",
        "verdict",
        "win rate",
        "difference [95 %]",
        "Holm p",
        "detectable",
        "RS needs [95 %]",
        "flips",
    )
    digits = places([abs(v.difference.value) for v in verdicts])
    rows = tuple(
        (
            verdict.budget,
            versus(verdict),
            str(verdict.outcome) if verdict.winner == verdict.arm else outcome(verdict),
            number(verdict.win_rate),
            interval(verdict.difference, digits),
            p_value(verdict.p_holm),
            number(verdict.detectable),
            multiple(verdict.arm_equivalent, basis.too_small),
            _flips(verdict),
        )
        for verdict in verdicts
    )
    bold = frozenset((row, 2) for row, verdict in enumerate(verdicts) if verdict.outcome in wins)
    note = "" if all(math.isnan(verdict.arm_equivalent.interval.value) for verdict in verdicts) else basis.note
    return Sheet(f"verdicts-{comparison.space}-{ranking.kind}", caption, columns, rows, (0, 1, 2, 8), bold, note)


def finals_sheet(material: Material, comparison: Comparison, frame: "pd.DataFrame") -> Sheet:
    """Medians and quartiles of each indicator; the lowest median of a budget is bold."""
    found = quartiles(frame)
    names = [str(column) for column in found if f"{column}_q25" in found]
    plan = Plan(
        f"Indicators at the end of the books on {name(comparison.space)}: medians over seeds [quartiles], lower is "
        "better. Bold: the lowest median of a budget, which is no test",
        estimates=tuple((column, f"{column}_q25", f"{column}_q75") for column in names),
    )
    arms = list(dict.fromkeys(found["arm"]))
    facts = captions.facts(material.results, comparison, arms, comparison.books)
    made = frame_sheet(f"finals-{comparison.space}", found, plan, facts)
    bold = set()
    for _, group in found.reset_index(drop=True).groupby("budget", sort=False):
        for column in names:
            lowest = group.index[group[column] == group[column].min()]
            bold |= {(int(row), 3 + names.index(column)) for row in lowest}
    return Sheet(made.name, made.caption, made.columns, made.rows, made.words, frozenset(bold))


def pooled_sheets(material: Material, kind: str) -> Iterator[tuple[Sheet, "pd.DataFrame"]]:
    """Interquartile means, optimality gaps and probabilities of improvement over all spaces."""
    pooled = Across(material.comparisons, draws=DRAWS)
    for ranking in pooled.rankings():
        if kind not in ("", ranking.kind):
            continue
        for budget in pooled.protocol.budgets:
            frame = pooled.iqm(ranking, budget).rename(columns={"value": "iqm", "low": "iqm_low", "high": "iqm_high"})
            for what, other in (
                ("optimality_gap", pooled.optimality_gap(ranking, budget)),
                ("improvement", pooled.improvement(ranking, budget)),
            ):
                names = {"value": what, "low": f"{what}_low", "high": f"{what}_high"}
                frame = frame.merge(other.rename(columns=names), on="arm", how="left")
            frame.insert(0, "budget", budget)
            frame.insert(0, "kind", ranking.kind)
            columns = ("arm", "interquartile mean [95 %]", "mean [95 %]", "P(better than reference) [95 %]")
            parts = [
                estimates_of(*(frame[f"{what}{end}"].tolist() for end in ("", "_low", "_high")))
                for what in ("iqm", "optimality_gap", "improvement")
            ]
            rows = tuple(zip(map(name, frame["arm"]), *parts, strict=True))
            lowest = frame.index[frame["iqm"] == frame["iqm"].min()]
            facts = captions.pooled_facts(
                material.results, material.comparisons, len(pooled.strata), len(pooled.seeds(ranking)), budget
            )
            caption = (
                f"{ranking.kind.capitalize()}-objective arms over all spaces by {ranking.endpoint.replace('_', ' ')}, "
                f"reference {name(pooled.protocol.reference_arm)}; stratified-bootstrap intervals, lower means are "
                f"better. Bold: the lowest interquartile mean, which is no test. {facts}"
            )
            bold = frozenset((int(row), 1) for row in lowest)
            label = f"pooled-{ranking.kind}-{'-'.join(budget.split())}"
            yield Sheet(label, caption, columns, rows, (0,), bold), frame


def heat_sheet(material: Material, comparison: Comparison, ranking: Ranking, budget: str) -> Sheet | None:
    """The sensitivity of the claims at one budget: a row for each way to keep the books."""
    grid = heat_grid(comparison, ranking.kind, budget)
    if grid is None:
        return None
    rows = tuple((heading, *(cell.text for cell in cells)) for heading, cells in grid.rows)
    facts = captions.facts(material.results, comparison, comparison.endpoints.arms(ranking), comparison.books)
    told = grid.caption.replace("Hatched:", "Empty:")
    caption = f"{ranking.kind.capitalize()}-objective verdicts at {budget}. {told} {facts}"
    label = f"heat-map-{comparison.space}-{ranking.kind}-{'-'.join(budget.split())}"
    return Sheet(label, caption, (grid.corner, *grid.columns), rows)


def text_sheets(parts: tuple[Part, ...], called: str, facts: str) -> Iterator[tuple[Sheet, "pd.DataFrame"]]:
    """The tables of a section of the page, as they stand there."""
    import pandas as pd

    for place, part in enumerate(parts):
        for table in part.tables:
            label = f"{called}-{place}" if len(parts) > 1 else called
            caption = ". ".join(text.rstrip(".") for text in (part.heading, table.caption, facts) if text) + "."
            frame = pd.DataFrame(table.rows, columns=pd.Index(table.columns))
            if part.heading:
                frame.insert(0, "part", part.heading)
            yield Sheet(label, caption, table.columns, table.rows, table.text), frame


def _flips(verdict: Verdict) -> str:
    """Of a claim only: where nothing is claimed nothing can flip."""
    recorded = sum(cell.recorded for cell in verdict.cells)
    return f"{len(verdict.flips)} of {recorded}" if recorded and verdict.outcome in CLAIMS else "-"
