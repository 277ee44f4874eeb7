"""The tables that a study can have in print, by name: every number as CSV, what a reader wants as LaTeX or Markdown."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fairwatt.analysis.across import seed_tests
from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.load import Results
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.report import table_makers as make
from fairwatt.report.curve_sections import FRIEDMAN
from fairwatt.report.front_sections import ATTAINMENT_TESTS, MEAN_FRONTS
from fairwatt.report.printed_frame import Plan
from fairwatt.report.printed_sheets import pooled_sheets
from fairwatt.report.section import Material
from fairwatt.report.spend_sections import CARBON, DEPLOYMENT, carbon, deployment, in_percent
from fairwatt.report.typeset import Sheet, csv_text
from fairwatt.report.verdict_sections import OF_VALIDATION

if TYPE_CHECKING:
    import pandas as pd


def find(called: str) -> make.Table:
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


_TARGETS = ("kind", "target", "arm", "hits", "seeds", "ert_full", "ert_ratio", "median", "median_low", "median_high")
_AREAS = ("kind", "budget", "arm", "pairs", "area", "difference", "low", "high", "win_rate", "p", "q")
_STATISTICS = (
    *("kind", "budget", "arm", "seeds", "a12", "cliff_delta", "median_difference", "p", "p_wilcoxon", "q_wilcoxon"),
    *("attainable_p", "p_better", "p_rope", "p_worse"),
)
TABLES: tuple[make.Table, ...] = (
    make.Table("verdicts", "who is better, by how much, with p and power", make.verdicts),
    make.Table("finals", "every indicator at the end of the books", make.finals),
    make.Table("heat-map", "every verdict under other books", make.heat_map),
    make.plain(
        "flips",
        "claims that flip, by the way the books are kept",
        lambda comparison, _: comparison.flip_shares(),
        Plan("Of the verdicts that claim something, those that another way of keeping the books flips"),
    ),
    make.plain(
        "spend",
        "what was spent, in four currencies",
        lambda comparison, _: comparison.spend(),
        Plan(
            "What was spent when the books closed: means over seeds [least, most]",
            estimates=(("energy_kwh", "energy_kwh_min", "energy_kwh_max"),),
        ),
    ),
    make.plain(
        "proposals",
        "what was proposed, valid and repeated",
        lambda comparison, _: comparison.proposals(),
        Plan("What was proposed until the books closed: means over seeds, and shares"),
    ),
    make.plain(
        "overhead",
        "what the optimizers computed themselves",
        make.overhead,
        Plan(
            "Processor time of the optimizers themselves, in joules by a declared power, beside the books",
            digest=in_percent,
        ),
    ),
    make.plain(
        "carbon",
        "the energy charged to searches as CO2e, at a ladder of intensities",
        carbon,
        Plan(CARBON),
    ),
    make.Table("carbon-sums", "the same of all searches of a study together", make.carbon_sums),
    make.plain(
        "deployment",
        "search and one more training of what it found",
        lambda comparison, _: deployment(comparison),
        Plan(DEPLOYMENT),
    ),
    make.plain(
        "tuning",
        "what choosing settings found and took, of tuned arms",
        make.tuning,
        Plan(
            "What tuning found and took beside the books: scores on validation, in its own searches, of the settings "
            "that came with the optimizer, of random settings (median [quartiles]), of the best of them and of random "
            "search; better: the share of settings that beat random search, ties half; kWh: of all searches of the "
            "tuning. What follows is of the searches that are judged",
            (
                *(
                    "arm",
                    "tuned_on",
                    "tuning_seeds",
                    "tuning_budget",
                    "configurations",
                    "default",
                    "median",
                    "q25",
                    "q75",
                ),
                *("best", "random_search", "better", "tuning_kwh"),
            ),
            (("median", "q25", "q75"),),
            lambda frame: frame.drop_duplicates("arm"),  # a row for each budget, which its searches know nothing of
        ),
    ),
    make.plain(
        "ranks",
        "mean ranks at every primary budget",
        make.ranks,
        Plan(
            "Mean ranks at each budget over the seeds that all arms share, with 95 % bootstrap intervals",
            ("kind", "budget", "arm", "mean_rank", "low", "high", "seeds"),
            (("mean_rank", "low", "high"),),
            make.at_budgets,
        ),
    ),
    make.plain(
        "friedman",
        "Friedman's test of three arms or more, with Nemenyi and Holm",
        lambda comparison, _: seed_tests(comparison),
        FRIEDMAN,
    ),
    make.plain(
        "crossings",
        "where two arms change places",
        lambda comparison, _: comparison.crossings(),
        Plan(
            "Clear changes of order, after so many full trainings: from there on `other` is ahead",
            ("kind", "arm", "other", "spent_full"),
            digest=lambda frame: frame[frame["clear"].astype(bool)],
        ),
    ),
    make.plain(
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
    make.plain(
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
    make.plain(
        "attainment",
        "corners of the attainment surfaces",
        lambda comparison, _: comparison.attainment(),
        Plan(
            "Corners of the median attainment surfaces (the CSV file has 25 and 75 % too)",
            ("budget", "arm", "energy_kwh", "test_error"),
            digest=lambda frame: frame[frame["percentile"] == 50.0],
        ),
    ),
    make.plain(
        "vorobev",
        "mean fronts of seeds (Vorob'ev), and how far seeds are from them",
        lambda comparison, _: comparison.vorobev(),
        Plan(MEAN_FRONTS),
    ),
    make.plain(
        "attainment-tests",
        "do arms attain the plane differently?",
        lambda comparison, _: comparison.attainment_tests(),
        ATTAINMENT_TESTS,
    ),
    make.plain(
        "statistics",
        "effect sizes and tests beside the verdicts",
        lambda comparison, _: comparison.table(),
        Plan(
            "Effect sizes and tests beside the verdicts; they decide nothing (q: Benjamini and Hochberg over the "
            f"verdicts of this space, exploratory; {OF_VALIDATION})",
            _STATISTICS,
        ),
    ),
    make.Table("pooled", "interquartile means and improvement over spaces", pooled_sheets),
    make.Table("across", "verdicts over spaces", make.across),
    make.Table("audit", "the threats to fairness and the evidence of these runs", make.audit),
    make.Table("checklists", "the NAS and Green AutoML checklists, filled", make.checklists),
)
