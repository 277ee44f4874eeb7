"""An audit in words and in finished tables: the same for the terminal and for the page."""

import math
from collections import Counter
from typing import TYPE_CHECKING

from fairwatt.audit.account import RECORDED
from fairwatt.audit.contrast import MATCHED, Contrast
from fairwatt.audit.matched import AS_RECORDED, COMMON
from fairwatt.audit.multiples import Multiple
from fairwatt.report.plain_text import name
from fairwatt.report.wording import TextTable, interval, number, p_value, p_with_power

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit

ENDPOINTS = {
    "hypervolume": "hypervolume of energy and validation error",
    "regret": "validation error of the incumbent",
}
_TRAINING_S = 1.0  # hardly a training is shorter


def subtitle(audit: "Audit") -> str:
    """What was read, in one line."""
    frame = audit.log.frame
    searches = int(audit.spend["searches"].sum())
    return (
        f"{len(frame):,} requests of {searches} searches, {len(audit.methods)} methods, {len(audit.log.spaces)} "
        f"space{'s' if len(audit.log.spaces) > 1 else ''}; reference: {name(audit.reference)}; matched on "
        f"{'cost' if audit.settings.currency == 'cost' else audit.settings.currency} ({audit.unit})"
    )


def spend_words(audit: "Audit") -> TextTable:
    """The spend table with units and percents."""
    rows = tuple(
        (
            name(row["space"]),
            name(row["method"]),
            str(row["searches"]),
            _range(row["proposals_min"], row["proposals_median"], row["proposals_max"]),
            f"{_figure(row['cost_mean'])} ({_figure(row['cost_min'])} to {_figure(row['cost_max'])})",
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


def effects_table(audit: "Audit", endpoint: str) -> TextTable:
    """One row for each pair, one column for each rule, policy as recorded: A12, starred where Holm p < .05."""
    rules = audit.settings.rules
    rows = []
    for space, arm, reference in audit.pairs:
        cells = [audit.found(endpoint, space, arm, reference, rule.name) for rule in rules]
        rows.append((name(space), f"{name(arm)} v. {name(reference)}", *map(mark, cells)))
    caption = (
        f"A12, the chance that a search of the first is the better one ({ENDPOINTS[endpoint]}), by where they are cut; "
        f"* Holm p < .05; ~ mean spends differ by more than {MATCHED - 1:.0%}"
    )
    return TextTable(caption, ("space", "pair", *(rule.name for rule in rules)), tuple(rows), text=(0, 1))


def contrast_table(audit: "Audit", endpoint: str, space: str) -> TextTable:
    """Everything about each pair of a space under each rule, policy as recorded."""
    rows = tuple(
        (
            f"{name(each.arm)} v. {name(each.reference)}",
            each.rule,
            each.state,
            f"{_figure(each.spent[0])} v. {_figure(each.spent[1])}",
            f"{each.ratio:.3g}x" if math.isfinite(each.ratio) else "-",
            f"{each.searches[0]} v. {each.searches[1]}" + (" paired" if each.paired else ""),
            interval(each.a12, 2),
            f"{each.cliff_delta:+.2f}",
            p_value(each.p),
            p_with_power(each.p_holm, each.detectable),
            f"{_loss(each.medians[0])} v. {_loss(each.medians[1])}",
            interval(each.difference, 4),
        )
        for each in audit.contrasts
        if (each.endpoint, each.space, each.policy) == (endpoint, space, RECORDED.name)
    )
    columns = (
        "pair",
        "cut",
        "state",
        f"spent, {audit.unit}",
        "ratio",
        "searches",
        "A12 [95 %]",
        "Cliff's delta",
        "p",
        "Holm p (detectable A12)",
        "medians",
        "difference [95 %]",
    )
    caption = (
        f"{ENDPOINTS[endpoint]}, costs as recorded. p: {test_words(audit)}; Holm over the {len(audit.pairs)} pairs of "
        "all spaces under one rule. In brackets: the A12 that so many searches find with power .8."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 2), verdict=2)


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
        "Smallest p: of an exact Mann-Whitney test without ties; whether seeds of one name share anything is untold."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 7))


def multiple_table(audit: "Audit") -> TextTable:
    """RS-equivalents, a row for each method, space and cut."""
    rows = tuple(
        (
            name(each.space),
            name(each.method),
            each.endpoint,
            each.rule,
            _figure(each.spent),
            multiple_words(each),
            each.basis,
        )
        for each in audit.multiples
    )
    columns = (
        "space",
        "method",
        "endpoint",
        "cut",
        f"spent, {audit.log.cost_unit}",
        "random search needs [95 %]",
        "from",
    )
    caption = (
        f"How many times a method's mean spend {name(audit.reference)} needs, in expectation, for the method's mean "
        "quality; its own row says how well the curve fits. Intervals: bootstrap of the searches of both, inf where a "
        "sample lies beyond all that was observed. The requests of the reference count as independent draws. From a "
        f"table: what uniform random search needs, not {name(audit.reference)}."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 2, 3, 6))


def threat_table(audit: "Audit") -> TextTable:
    """T1 to T26."""
    rows = tuple(
        (finding.threat.label, finding.threat.name, str(finding.state), finding.evidence) for finding in audit.findings
    )
    caption = "pass and fail are said on numbers in the log alone; most of what went into a search is not in its log."
    return TextTable(caption, ("threat", "what goes wrong", "state", "what this log shows"), rows, (0, 1, 2, 3), 2)


def premise(audit: "Audit", endpoint: str) -> str:
    """What a statement holds for, where there are two endpoints; "" where there is one."""
    if len(audit.endpoints) < 2:
        return ""
    if not audit.energy_guessed:
        return f"{endpoint}: "
    minimised = {"hypervolume": "If energy was an objective", "regret": "If the error was the only objective"}
    return f"{minimised[endpoint]} ({endpoint}): "


def sentence(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> str:
    """One pair in one space: as recorded, at matched cost, and what else can be had from the same runs."""
    recorded = audit.found(endpoint, space, arm, reference, AS_RECORDED.name)
    common = audit.found(endpoint, space, arm, reference, COMMON.name)
    words = f"{premise(audit, endpoint)}{name(arm)} v. {name(reference)} on {name(space)}: "
    if common is not None:
        measured = " (of look-ups, it seems, not of training)" if look_ups(audit) else ""
        words += (
            f"{common.state} at matched cost, {_figure(common.limits[0])} {audit.unit} each{measured} "
            f"(A12 {interval(common.a12, 2)}, Holm p {p_value(common.p_holm)}); "
        )
    if recorded is not None:
        words += f"{recorded.state} as recorded (A12 {number(recorded.a12.value)}), at {_times(recorded)} the cost. "
    others = [
        each
        for each in audit.contrasts
        if (each.endpoint, each.space, each.arm, each.reference) == (endpoint, space, arm, reference)
    ]
    matched = [each for each in others if each.matched]
    if matched:
        counts = Counter(each.state for each in matched)
        spread = ", ".join(f"{state} in {count}" for state, count in counts.most_common())
        values = [each.a12.value for each in matched]
        words += (
            f"Of {len(others)} overlapping ways to cut and to keep the books, {len(matched)} leave both about the same "
            f"to spend: {spread} of them (A12 {min(values):.2f} to {max(values):.2f})."
        )
    else:
        words += "No way to cut that was tried leaves both about the same to spend."
    return words + _needs(audit, endpoint, space, arm, reference)


def _needs(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> str:
    """What random search needs for the arm's quality as recorded, beside what its own curve says of itself."""
    needs = {
        each.method: each
        for each in audit.multiples
        if (each.endpoint, each.space, each.rule) == (endpoint, space, AS_RECORDED.name)
    }
    if reference != audit.reference or arm not in needs:
        return ""
    if needs[arm].without:
        return f" What {name(reference)} needs for the same quality cannot be said: {multiple_words(needs[arm])}."
    who = name(reference) if needs[arm].from_log else "Uniform random search, each configuration once,"
    words = f" {who} needs {multiple_words(needs[arm])} what {name(arm)} spent for the same quality"
    if not needs[arm].from_log and reference in needs:
        words += f" (and {multiple_words(needs[reference])} what {name(reference)} spent for its own)"
    elif reference in needs and needs[reference].doubtful:
        words += f" (and {multiple_words(needs[reference])} what it spent itself: no independent draws)"
    return words + "."


def tone(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> str:
    """The colour of a pair's sentence: what all cells at matched cost say, or that they do not agree."""
    states = {
        each.state
        for each in audit.contrasts
        if (each.endpoint, each.space, each.arm, each.reference) == (endpoint, space, arm, reference) and each.matched
    }
    return {"better": "win", "worse": "loss", "undecided": "open"}[states.pop()] if len(states) == 1 else "odd"


def test_words(audit: "Audit") -> str:
    """How p was computed, in all comparisons alike."""
    ranks = "exact, over all permutations of the ranks" if audit.exact else "by the normal approximation"
    unpaired = f"Mann-Whitney, two-sided, unpaired, {ranks}"
    return f"sign flips of pairs where seeds are shared, else {unpaired}" if audit.settings.paired else unpaired


def look_ups(audit: "Audit") -> str:
    """That seconds are too few for trainings; "" where costs are no seconds, or long ones."""
    paid = audit.log.frame["cost"][audit.log.frame["valid"]]
    if audit.settings.currency != "cost" or audit.log.cost_unit != "s" or not paid.median() < _TRAINING_S:
        return ""
    return (
        f"half of all requests took {paid.median():.2g} s or less as measured, which is the time of look-ups and of "
        "programs, not of trainings"
    )


def mark(contrast: Contrast | None) -> str:
    """A12 with its marks."""
    if contrast is None:
        return "-"
    star = "*" if contrast.state != "undecided" else ""
    return f"{contrast.a12.value:.2f}{star}{'' if contrast.matched else '~'}"


def multiple_words(each: Multiple) -> str:
    """A multiple, with its interval, with the bound that is all there is, or why there is none."""
    if each.without:
        return f"{each.without} of {each.searches} searches hold no incumbent"
    if each.bound:
        return f"{each.bound} {each.interval.value:.2g} times"
    return f"{each.interval.value:.2g} times [{each.interval.low:.2g}, {each.interval.high:.2g}]"


def percent(value: float, digits: int = 1) -> str:
    """A share, or a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.{digits}%}".replace("%", " %")


def _times(contrast: Contrast) -> str:
    if not math.isfinite(contrast.ratio):
        return "an unknown multiple of"
    return f"{contrast.ratio:,.0f} times" if contrast.ratio >= 10 else f"{contrast.ratio:.2g} times"


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _loss(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "none"


def _range(low: float, middle: float, high: float) -> str:
    return f"{low:,.0f}" if low == high else f"{low:,.0f} / {middle:,.0f} / {high:,.0f}"
