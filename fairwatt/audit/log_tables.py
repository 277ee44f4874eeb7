"""Tables of what a log holds, with units and percents: what was spent, incumbents, numbers of searches, threats."""

from typing import TYPE_CHECKING

from fairwatt.audit.wording import figure, percent
from fairwatt.report.plain_text import name
from fairwatt.report.wording import TextTable, number

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit


def spend_words(audit: "Audit") -> TextTable:
    """The spend table with units and percents."""
    rows = tuple(
        (
            name(row["space"]),
            name(row["method"]),
            str(row["searches"]),
            _range(row["proposals_min"], row["proposals_median"], row["proposals_max"]),
            f"{figure(row['cost_mean'])} ({figure(row['cost_min'])} to {figure(row['cost_max'])})",
            percent(row["invalid"]),
            percent(row["repeats"], 0),
            number(row["distinct"], 0),
            percent(row["modal"], 0),
            row["fidelities"],
        )
        for row in audit.spend.to_dict("records")
    )
    columns = (
        "space",
        "method",
        "searches",
        "requests, min / median / max",
        f"spent, {audit.log.cost_unit}, mean (range)",
        "invalid",
        "repeats",
        "distinct",
        "commonest",
        "fidelities",
    )
    caption = (
        "What each method asked for and paid as recorded. Invalid: share of a search's requests; repeats: share of its "
        "valid ones that it had made before at the same fidelity; distinct: configurations of all its searches; "
        "commonest: the share that one configuration takes of all valid requests; fidelities: shares of those."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 9))


def incumbent_words(audit: "Audit") -> TextTable:
    """Where the lowest validation error of each search was measured."""
    rows = tuple(
        (
            name(row["space"]),
            name(row["method"]),
            str(row["searches"]),
            percent(row["low"], 0),
            percent(row["without"], 0),
            percent(row["differs"], 0),
            number(row["optimism"], 4),
            number(row["test_error_any"], 4),
            number(row["test_error_full"], 4),
        )
        for row in audit.incumbents.to_dict("records")
    )
    columns = (
        "space",
        "method",
        "searches",
        "best is at a lower fidelity",
        "nothing at the highest",
        "another configuration",
        "optimism",
        "test error, best at any",
        "test error, best at highest",
    )
    caption = (
        "The best of a search by validation, at any fidelity and at the highest. Optimism: how much lower the "
        "validation error of the first is, in the mean; test errors are as recorded of each."
    )
    return TextTable(caption, columns, rows, text=(0, 1))


def seed_words(audit: "Audit") -> TextTable:
    """What so many searches can show."""
    rows = tuple(
        (
            name(row["space"]),
            f"{name(row['arm'])} v. {name(row['reference'])}",
            f"{row['searches']} v. {row['reference_searches']}",
            str(row["shared"]),
            f"{row['attainable_p']:.2g}",
            f"{row['attainable_holm']:.2g}",
            number(row["detectable_a12"]),
            "yes" if row["gate"] else "no",
        )
        for row in audit.seeds.to_dict("records")
    )
    columns = (
        "space",
        "pair",
        "searches",
        "seeds of one name",
        "smallest p",
        "smallest Holm p",
        "detectable A12",
        "20 a side",
    )
    caption = (
        "Smallest p: of an exact Mann-Whitney test without ties; no A12 is detectable where it is not below .05 by "
        "Holm. Whether seeds of one name share anything is untold."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 7))


def threat_table(audit: "Audit") -> TextTable:
    """T1 to T26."""
    rows = tuple(
        (finding.threat.label, finding.threat.name, str(finding.state), finding.evidence) for finding in audit.findings
    )
    caption = "pass and fail are said on numbers in the log alone; most of what went into a search is not in its log."
    return TextTable(caption, ("threat", "what goes wrong", "state", "what this log shows"), rows, (0, 1, 2, 3), 2)


def _range(low: float, middle: float, high: float) -> str:
    return f"{low:,.0f}" if low == high else f"{low:,.0f} / {middle:,.0f} / {high:,.0f}"
