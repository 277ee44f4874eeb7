"""The numbers of an audit as files: JSON with everything, CSV with a row for each comparison."""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairwatt.analysis.plain_json import plain_json
from fairwatt.audit.contrast import Contrast
from fairwatt.audit.own_files import is_comparisons, is_everything, wrote_audit
from fairwatt.errors import UserError
from fairwatt.report.typeset import harmless

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit

FORMAT = 1
_COLUMNS = [
    "space",
    "endpoint",
    "arm",
    "reference",
    "policy",
    "rule",
    "state",
    "a12",
    "a12_low",
    "a12_high",
    "cliff_delta",
    "p",
    "p_holm",
    "searches",
    "reference_searches",
    "limit",
    "reference_limit",
    "spent_mean",
    "reference_spent_mean",
    "spent_ratio",
    "matched",
    "median",
    "reference_median",
    "difference",
    "difference_low",
    "difference_high",
    "detectable",
    "paired",
]


def destinations(page: Path, logs: Sequence[Path]) -> tuple[Path, Path, Path]:
    """Where the page, the comparisons (.csv) and everything (.json) of an audit of these logs are written.

    Raises UserError where that would replace a log, or a table or JSON file that no audit wrote, and where nothing can
    be written. What an audit wrote is no log, also where it is named as one.
    """
    if page.suffix not in (".html", ".htm"):
        raise UserError(f"{page}: the audit is an .html file; comparisons go beside it as .csv, everything as .json")
    folder = page.parent
    if not folder.is_dir():
        raise UserError(f"{page}: there is no folder {folder}; make it, or name another file: -o audit.html")
    if not os.access(folder, os.W_OK):
        raise UserError(f"{page}: nothing may be written in {folder}; name a file elsewhere: -o FOLDER/audit.html")
    other = f"name another file: -o {page.with_name(f'{page.stem}-audit.html')}"
    found = (page, page.with_suffix(".csv"), page.with_suffix(".json"))
    for path in found:
        for log in logs:
            same = path.resolve() == log.resolve() or (path.exists() and log.exists() and path.samefile(log))
            if same and not wrote_audit(log):
                raise UserError(f"{page}: {path} would replace the log of this name; {other}")
        if path.exists() and not path.is_file():
            raise UserError(f"{page}: {path} is there and is no file; {other}")
    for path, ours in ((found[1], is_comparisons), (found[2], is_everything)):
        if path.exists() and not ours(path):
            raise UserError(f"{page}: {path} is there and no audit wrote it, so it is not replaced; {other}")
    return found


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
    writer.writerow(_COLUMNS)
    writer.writerows([harmless(value) for value in row(contrast).values()] for contrast in audit.contrasts)
    return text.getvalue()


def row(contrast: Contrast) -> dict[str, Any]:
    """One comparison, flat."""
    (n, m), (limit, other_limit), (spent, other_spent) = contrast.searches, contrast.limits, contrast.spent
    values = (
        contrast.space,
        contrast.endpoint,
        contrast.arm,
        contrast.reference,
        contrast.policy,
        contrast.rule,
        contrast.state,
        contrast.a12.value,
        contrast.a12.low,
        contrast.a12.high,
        contrast.cliff_delta,
        contrast.p,
        contrast.p_holm,
        n,
        m,
        limit,
        other_limit,
        spent,
        other_spent,
        contrast.ratio,
        contrast.matched,
        contrast.medians[0],
        contrast.medians[1],
        contrast.difference.value,
        contrast.difference.low,
        contrast.difference.high,
        contrast.detectable,
        contrast.paired,
    )
    return dict(zip(_COLUMNS, values, strict=True))
