"""The tables that a study can have in print, by name: every number as CSV, what a reader wants as LaTeX or Markdown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from fairwatt.analysis.across import Across, seed_tests
from fairwatt.analysis.endpoints import RANKINGS, Ranking
from fairwatt.analysis.load import Results
from fairwatt.analysis.spend import overhead_table
from fairwatt.analysis.verdict import Comparison
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.report import audit_sections, captions
from fairwatt.report.across_sections import DRAWS
from fairwatt.report.printed_frame import Plan, frame_sheet
from fairwatt.report.printed_sheets import finals_sheet, heat_sheet, pooled_sheets, text_sheets, verdict_sheet
from fairwatt.report.section import Material, kinds
from fairwatt.report.typeset import Sheet, csv_text
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


def find(called: str) -> Table:
    """A table of the catalogue. Raises UnknownNameError."""
    for table in TABLES:
        if table.name == called:
            return table
    raise UnknownNameError("table", called, [table.name for table in TABLES])


def tables(
    results: Results, called: str, spaces: Sequence[str] = (), kind: str = "", *, every: bool = False
) -> "list[tuple[Sheet, pd.DataFrame]]":
    """The tables of that name, with all of their numbers. every: also those of which print shows nothing.

    Raises UnknownNameError for a table, a space or a kind that is not there, UserError where nothing is to be shown.
    """
    table = find(called)
    if kind and kind not in (known := [ranking.kind for ranking in RANKINGS]):
        raise UnknownNameError("kind", kind, known)
    comparisons = results.comparisons()
    for space in spaces:
        if space not in (known := [comparison.space for comparison in comparisons]):
            raise UnknownNameError("space", space, known)
    material = Material(results, [c for c in comparisons if not spaces or c.space in spaces])
    made = [(sheet, frame) for sheet, frame in table.make(material, kind) if sheet.rows or (every and len(frame))]
    if not made:
        whose = f" of {kind}-objective arms" if kind else ""
        raise UserError(f"table {called}: these results have nothing to show{whose}")
    return [(replace(sheet, name=f"{results.study['study']}-{sheet.name}"), frame) for sheet, frame in made]


def stacked(frames: "Sequence[pd.DataFrame]") -> str:
    """Frames as one CSV file, below one heading; what a frame does not have is left empty."""
    columns = list(dict.fromkeys(str(column) for frame in frames for column in frame))
    rows = (tuple(row.get(column, "") for column in columns) for frame in frames for row in frame.to_dict("records"))
    return csv_text(columns, rows)


def _verdicts(material: Material, kind: str) -> Made:
    for comparison, ranking in _rankings(material, kind):
        frame = verdict_frame(comparison)
        yield verdict_sheet(material, comparison, ranking), _of_space(comparison, frame[frame["kind"] == ranking.kind])


def _finals(material: Material, kind: str) -> Made:
    for comparison in material.comparisons:
        frame = _of_arms(comparison, comparison.finals(), kind)
        yield finals_sheet(material, comparison, frame), _of_space(comparison, frame)


def _heat_map(material: Material, kind: str) -> Made:
    for comparison, ranking in _rankings(material, kind):
        frame = comparison.heat_map()
        for budget in map(str, (book.budget for book in comparison.books)):
            sheet = heat_sheet(material, comparison, ranking, budget)
            if sheet is not None:
                here = (frame["kind"] == ranking.kind) & (frame["budget"] == budget)
                yield sheet, _of_space(comparison, frame[here])


def _across(material: Material, kind: str) -> Made:
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


def _audit(material: Material, kind: str) -> Made:
    section = audit_sections.audit(material)
    if section is not None:
        yield from text_sheets(section.parts, "audit", captions.made(material.results))


def _checklists(material: Material, kind: str) -> Made:
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


def _plain(called: str, what: str, frame_of: FrameOf, plan: Plan) -> Table:
    return Table(called, what, partial(_frames, called, frame_of, plan))


def _overhead(comparison: Comparison, results: Results) -> "pd.DataFrame":
    noted = {arm: results.overheads.get((comparison.space, arm), {}) for arm in comparison.arms}
    return overhead_table(comparison.endpoints, comparison.books, noted)


def _in_percent(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.assign(share=100 * frame["share"], share_max=100 * frame["share_max"])


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


_TARGETS = ("kind", "target", "arm", "hits", "seeds", "ert_full", "ert_ratio", "median", "median_low", "median_high")
_AREAS = ("kind", "budget", "arm", "pairs", "area", "difference", "low", "high", "win_rate", "p", "q")
_STATISTICS = (
    *("kind", "budget", "arm", "seeds", "a12", "cliff_delta", "median_difference", "p", "p_wilcoxon", "attainable_p"),
    *("p_better", "p_rope", "p_worse"),
)
TABLES: tuple[Table, ...] = (
    Table("verdicts", "who is better, by how much, with p and power", _verdicts),
    Table("finals", "every indicator at the end of the books", _finals),
    Table("heat-map", "every verdict under other books", _heat_map),
    _plain(
        "flips",
        "claims that flip, by the way the books are kept",
        lambda comparison, _: comparison.flip_shares(),
        Plan("Of the verdicts that claim something, those that another way of keeping the books flips"),
    ),
    _plain(
        "spend",
        "what was spent, in four currencies",
        lambda comparison, _: comparison.spend(),
        Plan(
            "What was spent when the books closed: means over seeds [least, most]",
            estimates=(("energy_kwh", "energy_kwh_min", "energy_kwh_max"),),
        ),
    ),
    _plain(
        "proposals",
        "what was proposed, valid and repeated",
        lambda comparison, _: comparison.proposals(),
        Plan("What was proposed until the books closed: means over seeds, and shares"),
    ),
    _plain(
        "overhead",
        "what the optimizers computed themselves",
        _overhead,
        Plan(
            "Processor time of the optimizers themselves, in joules by a declared power, beside the books",
            digest=_in_percent,
        ),
    ),
    _plain(
        "ranks",
        "mean ranks at the largest budget",
        lambda comparison, _: comparison.ranks(),
        Plan(
            "Mean ranks at the largest budget over the seeds that all arms share, with 95 % bootstrap intervals",
            ("kind", "arm", "mean_rank", "low", "high", "seeds"),
            (("mean_rank", "low", "high"),),
            lambda frame: frame[frame["spent_full"] == frame["spent_full"].max()],
        ),
    ),
    _plain(
        "friedman",
        "Friedman's test of three arms or more, with Nemenyi and Holm",
        lambda comparison, _: seed_tests(comparison),
        Plan(
            "Mean ranks over seeds and Friedman's test, a claim about this space only; against the reference Nemenyi's "
            "test, adjusted for all pairs, and the signed rank test with Holm over the other arms",
            (
                *("kind", "budget", "arm", "mean_rank", "critical_difference", "blocks", "p_friedman", "p_nemenyi"),
                "p_wilcoxon_holm",
            ),
            heads=(("p_friedman", "p, Friedman"), ("p_nemenyi", "p, Nemenyi"), ("p_wilcoxon_holm", "p, Wilcoxon")),
        ),
    ),
    _plain(
        "crossings",
        "where two arms change places",
        lambda comparison, _: comparison.crossings(),
        Plan(
            "Clear changes of order, after so many full trainings: from there on `other` is ahead",
            ("kind", "arm", "other", "spent_full"),
            digest=lambda frame: frame[frame["clear"].astype(bool)],
        ),
    ),
    _plain(
        "targets",
        "energy to target, with censored runs",
        lambda comparison, _: comparison.hitting(),
        Plan(
            "Energy to target in full trainings: expected running cost (ERT), Kaplan-Meier medians [95 %], log-rank p, "
            "q by Benjamini and Hochberg; targets that nobody hit are left out",
            (*_TARGETS, "p", "q"),
            (("median", "median_low", "median_high"),),
            lambda frame: frame[frame["hits"] > 0],
            (("p", "p, log-rank"),),
        ),
    ),
    _plain(
        "areas",
        "areas under the anytime curves",
        lambda comparison, _: comparison.areas(),
        Plan(
            "Area under the curve over the logarithm of what was spent, and paired differences from the reference [BCa "
            "95 %]; q by Benjamini and Hochberg",
            _AREAS,
            (("difference", "low", "high"),),
        ),
    ),
    _plain(
        "attainment",
        "corners of the attainment surfaces",
        lambda comparison, _: comparison.attainment(),
        Plan(
            "Corners of the median attainment surfaces (the CSV file has 25 and 75 % too)",
            ("budget", "arm", "energy_kwh", "test_error"),
            digest=lambda frame: frame[frame["percentile"] == 50.0],
        ),
    ),
    _plain(
        "attainment-tests",
        "do arms attain the plane differently?",
        lambda comparison, _: comparison.attainment_tests(),
        Plan(
            "Permutation tests of the largest difference of attainment from the reference, and where it is",
            heads=(("p", "p, swaps"),),
        ),
    ),
    _plain(
        "statistics",
        "effect sizes and tests beside the verdicts",
        lambda comparison, _: comparison.table(),
        Plan("Effect sizes and tests beside the verdicts; they decide nothing", _STATISTICS),
    ),
    Table("pooled", "interquartile means and improvement over spaces", pooled_sheets),
    Table("across", "verdicts over spaces", _across),
    Table("audit", "the threats to fairness and the evidence of these runs", _audit),
    Table("checklists", "the NAS and Green AutoML checklists, filled", _checklists),
)
