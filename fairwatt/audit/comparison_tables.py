"""Tables of how methods compare: effects, everything about each pair, and multiples of random search."""

import math
from typing import TYPE_CHECKING

from fairwatt.audit.account import RECORDED
from fairwatt.audit.contrast import MATCHED
from fairwatt.audit.wording import ENDPOINTS, figure, mark, multiple_words, spread, test_words
from fairwatt.report.plain_text import name
from fairwatt.report.wording import TextTable, p_value, p_with_power

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit


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
            f"{figure(each.spent[0])} v. {figure(each.spent[1])}",
            f"{each.ratio:.3g}x" if math.isfinite(each.ratio) else "-",
            f"{each.searches[0]} v. {each.searches[1]}" + (" paired" if each.paired else ""),
            spread(each.a12, 2),
            f"{each.cliff_delta:+.2f}",
            p_value(each.p),
            p_with_power(each.p_holm, each.detectable),
            f"{_loss(each.medians[0])} v. {_loss(each.medians[1])}",
            spread(each.difference, 4),
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
        "all spaces under one rule. In brackets: the A12 that so many searches find with power .8, if any."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 2), verdict=2)


def multiple_table(audit: "Audit") -> TextTable:
    """RS-equivalents, a row for each method, space and cut."""
    rows = tuple(
        (
            name(each.space),
            name(each.method),
            each.endpoint,
            each.rule,
            figure(each.spent),
            multiple_words(each),
            spread(each.by_search, 2) if math.isfinite(each.by_search.value) else "-",
            each.basis,
        )
        for each in audit.multiples
    )
    columns = (
        "space",
        "method",
        "endpoint",
        "cut",
        f"spent, {audit.unit}",
        "random search needs [95 %]",
        "search by search [95 %]",
        "from",
    )
    caption = (
        f"How many times a method's mean spend {name(audit.reference)} needs, in expectation, for the method's mean "
        "quality; its own row says how well the curve fits. Intervals: bootstrap of the searches of both, inf where a "
        "sample lies beyond all that was observed. Search by search: random searches that spend so many times what "
        "each search of the method spent are as good in the mean: another number where its searches differ in length, "
        "none where the longest would draw more than there is. The requests of the reference count as independent "
        f"draws. From a table: what random search as the space draws needs, not {name(audit.reference)}."
    )
    return TextTable(caption, columns, rows, text=(0, 1, 2, 3, 7))


def _loss(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "none"
