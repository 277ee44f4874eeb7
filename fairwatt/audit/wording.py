"""An audit in sentences, and the words for single values: the same for the terminal, the page and its tables."""

import math
from collections import Counter
from typing import TYPE_CHECKING

from fairwatt.analysis.statistics import Interval
from fairwatt.audit.contrast import Contrast
from fairwatt.audit.matched import AS_RECORDED, COMMON
from fairwatt.audit.multiples import UNEVEN, Multiple
from fairwatt.audit.vocabulary import SECONDS
from fairwatt.report.plain_text import name
from fairwatt.report.wording import interval, number, p_value

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
        f"{len(frame):,} requests of {searches} searches, {len(audit.methods)} "
        f"method{'s' if len(audit.methods) > 1 else ''}, {len(audit.log.spaces)} "
        f"space{'s' if len(audit.log.spaces) > 1 else ''}; "
        + (f"reference: {name(audit.reference)}; " if audit.pairs else "")
        + f"matched on {audit.settings.currency} ({audit.unit})"
    )


def premise(audit: "Audit", endpoint: str) -> str:
    """What a statement holds for, where there are two endpoints; "" where there is one."""
    if len(audit.endpoints) < 2:
        return ""
    if not audit.energy_guessed:
        return f"{endpoint}: "
    minimised = {"hypervolume": "If energy was an objective", "regret": "If the error was the only objective"}
    return f"{minimised[endpoint]} ({endpoint}): "


def answers(audit: "Audit") -> tuple[tuple[str, str], ...]:
    """(sentence, tone) of each pair under each endpoint; of a single method what can be said of it alone."""
    if audit.pairs:
        return tuple(
            (sentence(audit, endpoint, *pair), tone(audit, endpoint, *pair))
            for endpoint in audit.endpoints
            for pair in audit.pairs
        )
    lone = f"{name(audit.reference)} is the only method, so nothing is compared; name the logs of others too."
    needs = (
        f"{premise(audit, each.endpoint)}{name(each.space)}:"
        f"{_needs(audit, each.endpoint, each.space, each.method, audit.reference)}"
        for each in audit.multiples
        if each.rule == AS_RECORDED.name
    )
    return tuple((words, "odd") for words in (lone, *needs))


def sentence(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> str:
    """One pair in one space: as recorded, at matched cost, and what else can be had from the same runs."""
    recorded = audit.found(endpoint, space, arm, reference, AS_RECORDED.name)
    common = audit.found(endpoint, space, arm, reference, COMMON.name)
    parts = []
    if common is not None:
        measured = " (of look-ups, it seems, not of training)" if look_ups(audit) else ""
        parts.append(
            f"{common.state} at matched cost, {figure(common.limits[0])} {audit.unit} each{measured} "
            f"(A12 {spread(common.a12, 2)}, Holm p {p_value(common.p_holm)})"
        )
    elif COMMON in audit.settings.rules:
        parts.append(f"no word at matched cost, for {_why_not(audit, endpoint, space, arm, reference)}")
    if recorded is not None:
        parts.append(f"{recorded.state} as recorded (A12 {number(recorded.a12.value)}), at {_times(recorded)} the cost")
    words = f"{premise(audit, endpoint)}{name(arm)} v. {name(reference)} on {name(space)}: "
    words += f"{'; '.join(parts)}. " if parts else ""
    others = [
        each
        for each in audit.contrasts
        if (each.endpoint, each.space, each.arm, each.reference) == (endpoint, space, arm, reference)
    ]
    matched = [each for each in others if each.matched]
    if matched:
        counts = Counter(each.state for each in matched)
        states = ", ".join(f"{state} in {count}" for state, count in counts.most_common())
        values = [each.a12.value for each in matched]
        rest = (
            f"Of {len(others)} overlapping ways to cut and to keep the books, {len(matched)} leave both about the same "
            f"to spend: {states} of them (A12 {min(values):.2f} to {max(values):.2f})."
        )
    else:
        rest = "No way to cut that was tried leaves both about the same to spend."
    return words + (rest if parts else rest[0].lower() + rest[1:]) + _needs(audit, endpoint, space, arm, reference)


def _why_not(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> str:
    """Why there is no comparison at the smallest spend of two methods."""
    sides = {method: audit.searches(endpoint, space, method) for method in (arm, reference)}
    idle = [name(method) for method, searches in sides.items() if not audit.totals(searches).any()]
    if idle:
        return f"{' and '.join(idle)} spent nothing"
    limit = audit.limits(COMMON, sides[arm], sides[reference])[0]
    return f"at the smallest spend, {figure(limit)} {audit.unit}, no search of either holds anything"


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
        who = name(reference) if needs[arm].from_log else "random search as the space draws"
        return f" What {who} needs for the same quality cannot be said: {multiple_words(needs[arm])}."
    who = name(reference) if needs[arm].from_log else "Random search as the space draws, each configuration once,"
    uneven = reference in needs and needs[reference].doubt == UNEVEN
    if arm != reference and uneven and not needs[arm].bound and math.isfinite(needs[arm].by_search.value):
        paid, own = (_times_words(needs[each].by_search) for each in (arm, reference))
        why = f"Search by search, for those of {name(reference)} differ in length,"
        return f" {why} it needs {paid} what {name(arm)} spent for the same quality (and {own} what it spent itself)."
    words = f" {who} needs {multiple_words(needs[arm])} what {name(arm)} spent for the same quality"
    if arm != reference and not needs[arm].from_log and reference in needs:
        words += f" (and {multiple_words(needs[reference])} what {name(reference)} spent for its own)"
    elif reference in needs and needs[reference].doubt:
        words += f" (and {multiple_words(needs[reference])} what it spent itself: {needs[reference].doubt})"
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
    """That requests are too short for trainings; "" where costs are no times, or long ones."""
    unit = audit.log.cost_unit
    if audit.settings.currency != "cost" or unit not in SECONDS:
        return ""
    median = float(audit.log.frame["cost"][audit.log.frame["valid"]].median())
    if not median * SECONDS[unit] < _TRAINING_S:
        return ""
    return (
        f"half of all requests took {median:.2g} {unit} or less as measured, which is the time of look-ups and of "
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
    return _times_words(each.interval)


def _times_words(values: Interval) -> str:
    words = f"{values.value:.2g} times"
    return words if math.isnan(values.low) else f"{words} [{values.low:.2g}, {values.high:.2g}]"


def spread(values: Interval, digits: int) -> str:
    """A value with its interval, alone where it has none, a dash where there is neither."""
    return number(values.value, digits) if math.isnan(values.low) else interval(values, digits)


def percent(value: float, digits: int = 1) -> str:
    """A share, or a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.{digits}%}".replace("%", " %")


def figure(value: float) -> str:
    """A number of any size; a dash where there is none."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _times(contrast: Contrast) -> str:
    if not math.isfinite(contrast.ratio):
        return "an unknown multiple of"
    return f"{contrast.ratio:,.0f} times" if contrast.ratio >= 10 else f"{contrast.ratio:.2g} times"
