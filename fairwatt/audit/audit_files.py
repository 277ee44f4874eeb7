"""The numbers of an audit as files: JSON with everything, CSV with a row for each comparison."""

import csv
import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fairwatt.analysis.plain_json import plain_json
from fairwatt.audit.contrast import Contrast
from fairwatt.report.typeset import harmless

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit

FORMAT = 1


def as_json(audit: "Audit") -> dict[str, Any]:
    """Everything as plain JSON values; what is not a finite number is null."""
    log = audit.log
    plain: dict[str, Any] = plain_json(
        {
            "format": FORMAT,
            "sources": list(log.sources),
            "requests": len(log.frame),
            "cost_unit": log.cost_unit,
            "error_unit": log.error_unit,
            "notes": list(log.notes),
            "reference": audit.reference,
            "matched_on": audit.settings.currency,
            "rules": {rule.name: rule.words for rule in audit.settings.rules},
            "policies": {policy.name: policy.words for policy in audit.policies},
            "spend": audit.spend.to_dict("records"),
            "comparisons": [row(contrast) for contrast in audit.contrasts],
            "multiples": [asdict(each) for each in audit.multiples],
            "incumbents": audit.incumbents.to_dict("records"),
            "seeds": audit.seeds.to_dict("records"),
            "threats": [
                {"threat": each.threat.label, "name": each.threat.name, "state": each.state, "evidence": each.evidence}
                for each in audit.findings
            ],
            "cannot_be_concluded": list(audit.conclusions),
        }
    )
    return plain


def comparisons_csv(audit: "Audit") -> str:
    """A row for each comparison; cells that a spreadsheet would run are quoted as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for place, contrast in enumerate(audit.contrasts):
        cells = row(contrast)
        if place == 0:
            writer.writerow(cells)
        writer.writerow([harmless(value) for value in cells.values()])
    return text.getvalue()


def row(contrast: Contrast) -> dict[str, Any]:
    """One comparison, flat."""
    (n, m), (limit, other_limit), (spent, other_spent) = contrast.searches, contrast.limits, contrast.spent
    return {
        "space": contrast.space,
        "endpoint": contrast.endpoint,
        "arm": contrast.arm,
        "reference": contrast.reference,
        "policy": contrast.policy,
        "rule": contrast.rule,
        "state": contrast.state,
        "a12": contrast.a12.value,
        "a12_low": contrast.a12.low,
        "a12_high": contrast.a12.high,
        "cliff_delta": contrast.cliff_delta,
        "p": contrast.p,
        "p_holm": contrast.p_holm,
        "searches": n,
        "reference_searches": m,
        "limit": limit,
        "reference_limit": other_limit,
        "spent_mean": spent,
        "reference_spent_mean": other_spent,
        "spent_ratio": contrast.ratio,
        "matched": contrast.matched,
        "median": contrast.medians[0],
        "reference_median": contrast.medians[1],
        "difference": contrast.difference.value,
        "difference_low": contrast.difference.low,
        "difference_high": contrast.difference.high,
        "detectable": contrast.detectable,
        "paired": contrast.paired,
    }
