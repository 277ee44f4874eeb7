"""The numbers of an audit as files: JSON with everything, CSV with a row for each comparison."""

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairwatt.analysis.plain_json import plain_json
from fairwatt.audit.contrast import Contrast
from fairwatt.errors import UserError
from fairwatt.report.typeset import harmless

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit

FORMAT = 1
_FIRST_COLUMNS = "space,endpoint,arm,reference,policy,rule,state,a12,"
_FIRST_ITEMS = re.compile(r'\s*\{\s*"format": \d+,\s*"sources": \[')
_LOOK = 4096  # bytes by which a file of ours is known


def destinations(page: Path, logs: Sequence[Path]) -> tuple[Path, Path, Path]:
    """Where the page, the comparisons (.csv) and everything (.json) of an audit of these logs are written.

    Raises UserError where that would replace a log, or a table or JSON file that no audit wrote; where it would leave a
    table among logs, for the next audit to read; and where nothing can be written.
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
            if path.resolve() == log.resolve() or (path.exists() and log.exists() and path.samefile(log)):
                raise UserError(f"{page}: {path} would replace the log of this name; {other}")
            if log.is_dir() and path.resolve().is_relative_to(log.resolve()):
                raise UserError(
                    f"{page}: lies in {log}, where the next audit would read {found[1].name} as a log; name a file "
                    f"outside of it: -o FOLDER/{page.name}"
                )
        if path.exists() and not path.is_file():
            raise UserError(f"{page}: {path} is there and is no file; {other}")
    for path, ours in ((found[1], _is_comparisons), (found[2], _is_everything)):
        if path.exists() and not ours(path):
            raise UserError(f"{page}: {path} is there and no audit wrote it, so it is not replaced; {other}")
    return found


def _is_comparisons(path: Path) -> bool:
    return _begin(path).startswith(_FIRST_COLUMNS)


def _is_everything(path: Path) -> bool:
    return _FIRST_ITEMS.match(_begin(path)) is not None


def _begin(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_LOOK).decode("utf-8", errors="replace")
    except OSError:
        return ""  # what cannot be read is not known to be ours


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
