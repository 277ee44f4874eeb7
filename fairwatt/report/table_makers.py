"""How each table of a study is made: with all of its numbers, and what of them is printed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.across import Across
from fairwatt.analysis.endpoints import RANKINGS, Ranking
from fairwatt.analysis.load import Results
from fairwatt.analysis.spend import overhead_table
from fairwatt.analysis.tuning_scores import tuned_arms, tuning_spend_table, tuning_table
from fairwatt.analysis.verdict import Comparison
from fairwatt.errors import UserError
from fairwatt.report import audit_sections, captions, spend_sections
from fairwatt.report.printed_frame import Plan, frame_sheet
from fairwatt.report.printed_sheets import finals_sheet, heat_sheet, text_sheets, verdict_sheet
from fairwatt.report.section import DRAWS, Material, budget_marks, kinds
from fairwatt.report.typeset import Sheet
from fairwatt.report.verdict_sections import verdict_frame

if TYPE_CHECKING:
    import pandas as pd

Made = Iterator[tuple[Sheet, "pd.DataFrame"]]
"""Tables for print, each with all of its numbers."""
FrameOf = Callable[[Comparison, Results], "pd.DataFrame"]


@dataclass(frozen=True)
class Table:
    """A table by name. make: of the comparisons wanted and a ranking, or "" for all of them."""

    name: str
    what: str
    make: Callable[[Material, str], Made]


def verdicts(material: Material, kind: str) -> Made:
    """Those of each ranking of each space."""
    for comparison, ranking in _rankings(material, kind):
        frame = verdict_frame(comparison)
        yield verdict_sheet(material, comparison, ranking), _of_space(comparison, frame[frame["kind"] == ranking.kind])


def finals(material: Material, kind: str) -> Made:
    """Every indicator at the end of the books, by space."""
    for comparison in material.comparisons:
        frame = _of_arms(comparison, comparison.finals(), kind)
        yield finals_sheet(material, comparison, frame), _of_space(comparison, frame)


def heat_map(material: Material, kind: str) -> Made:
    """Every verdict under other books, by space, ranking and budget."""
    for comparison, ranking in _rankings(material, kind):
        frame = comparison.heat_map()
        for budget in map(str, (book.budget for book in comparison.books)):
            sheet = heat_sheet(material, comparison, ranking, budget)
            if sheet is not None:
                here = (frame["kind"] == ranking.kind) & (frame["budget"] == budget)
                yield sheet, _of_space(comparison, frame[here])


def across(material: Material, kind: str) -> Made:
    """Verdicts over spaces."""
    pooled = Across(material.comparisons, draws=DRAWS)
    frame = pooled.table()
    frame = frame[frame["kind"] == kind].reset_index(drop=True) if kind else frame
    seeds = {ranking.kind: len(pooled.seeds(ranking)) for ranking in pooled.rankings() if kind in ("", ranking.kind)}
    plan = Plan(
        f"Verdicts over spaces against {pooled.protocol.reference_arm}. Ratio: of random-search-equivalent energies, "
        "geometric mean over strata with stratified-bootstrap intervals, a bound where random search's curve ends "
        "(exhaustive: everything is trained; flat: more trainings do not help; simulated: no further); p: sign flips "
        "in all spaces, Holm over all of these; by space: the verdict of each by itself",
        (
            *("kind", "budget", "arm", "outcome", "by_space", "win_rate", "ratio", "ratio_low", "ratio_high"),
            *("p_holm", "reversals", "ends"),
        ),
        (("ratio", "ratio_low", "ratio_high"),),
    )
    if len(frame):
        budget = " and ".join(pooled.protocol.budgets)
        facts = captions.pooled_facts(
            material.results, material.comparisons, len(pooled.strata), min(seeds.values(), default=0), budget
        )
        yield frame_sheet("across", frame, plan, facts), frame


def audit(material: Material, kind: str) -> Made:
    """The threats and the evidence."""
    section = audit_sections.audit(material)
    if section is not None:
        yield from text_sheets(section.parts, "audit", captions.made(material.results))


def checklists(material: Material, kind: str) -> Made:
    """As filled from the results."""
    parts = audit_sections.checklists(material).parts
    yield from text_sheets(parts, "checklists", captions.made(material.results))


def _frames(called: str, frame_of: FrameOf, plan: Plan, material: Material, kind: str) -> Made:
    for comparison in material.comparisons:
        frame = _of_arms(comparison, frame_of(comparison, material.results), kind)
        arms = [arm for arm in comparison.arms if "arm" not in frame or arm in set(frame["arm"])] or comparison.arms
        facts = captions.facts(material.results, comparison, arms, comparison.books)
        label = "-".join(part for part in (called, comparison.space, kind) if part)
        titled = replace(plan, title=f"{plan.title}, on {comparison.space}")
        yield frame_sheet(label, frame, titled, facts), _of_space(comparison, frame)


def plain(called: str, what: str, frame_of: FrameOf, plan: Plan) -> Table:
    """A table that is a data frame of each space, printed by a plan."""
    return Table(called, what, partial(_frames, called, frame_of, plan))


def overhead(comparison: Comparison, results: Results) -> "pd.DataFrame":
    """See `spend.overhead_table`."""
    noted = {arm: results.overheads.get((comparison.space, arm), {}) for arm in comparison.arms}
    return overhead_table(comparison.endpoints, comparison.books, noted)


def ranks(comparison: Comparison, _: Results) -> "pd.DataFrame":
    """See `ranks.rank_table`; budget: the primary one that is spent there, or "" between them."""
    frame = comparison.ranks()
    frame.insert(2, "budget", "")
    for label, place in budget_marks(comparison).items():
        frame.loc[np.isclose(frame["spent_full"], place, rtol=1e-12, atol=0.0), "budget"] = label
    return frame


def at_budgets(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Of `ranks`, the rows of primary budgets, by ranking."""
    found = frame[frame["budget"] != ""]
    return found.sort_values(["kind", "spent_full"], ascending=[False, True], kind="stable")


def tuning(comparison: Comparison, results: Results) -> "pd.DataFrame":
    """What tuning found and took, of the arms that were tuned. Raises UserError where none was."""
    tuned = {arm: each for arm, each in tuned_arms(results.study).items() if arm in comparison.arms}
    if not tuned:
        raise UserError("no arm is tuned; how to tune one: fairwatt tune --help")
    return tuning_spend_table(comparison, tuned).merge(tuning_table(tuned), on="arm")


def carbon_sums(material: Material, kind: str) -> Made:
    """The sums of all searches of each space and of the study, whatever their ranking."""
    frame = spend_sections.sums(material)
    yield frame_sheet("carbon-sums", frame, Plan(spend_sections.CARBON_SUMS), captions.made(material.results)), frame


def _rankings(material: Material, kind: str) -> Iterator[tuple[Comparison, Ranking]]:
    for comparison in material.comparisons:
        for ranking in RANKINGS:
            if ranking.kind in kinds(comparison) and kind in ("", ranking.kind):
                yield comparison, ranking


def _of_arms(comparison: Comparison, frame: "pd.DataFrame", kind: str) -> "pd.DataFrame":
    """The rows of a ranking, where one was asked for."""
    if kind and "kind" in frame:
        frame = frame[frame["kind"] == kind]
    elif kind and "arm" in frame:
        arms = [arm for ranking in RANKINGS if ranking.kind == kind for arm in comparison.endpoints.arms(ranking)]
        frame = frame[frame["arm"].isin(arms)]
    return frame.reset_index(drop=True)


def _of_space(comparison: Comparison, frame: "pd.DataFrame") -> "pd.DataFrame":
    found = frame.copy()
    found.insert(0, "space", comparison.space)
    return found
