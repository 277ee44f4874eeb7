"""An audit as one self-contained HTML page: what was found first, what it hangs on one click deeper; no script."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import fairwatt.report
from fairwatt.audit import comparison_tables, log_tables, wording
from fairwatt.audit.audit_files import as_json, comparisons_csv, destinations
from fairwatt.audit.pictures import Picture, matched_picture, spend_picture
from fairwatt.report.plain_text import name, plain
from fairwatt.report.section import Cell, Grid
from fairwatt.report.wording import TextTable
from fairwatt.sealed import write_atomically

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit

HERE, REPORT = Path(__file__).parent, Path(fairwatt.report.__file__).parent
_STYLE = """
figure img { display: block; width: 100%; max-width: 52rem; height: auto; background: #fff; padding: .5rem; }
figure img { border: 1px solid var(--line); border-radius: 4px; }
.books { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: .5rem 1.5rem; }
"""


@dataclass(frozen=True)
class Chapter:
    """One heading of the page. open: shown without a click."""

    anchor: str
    title: str
    lead: str = ""
    sentences: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    grids: tuple[Grid, ...] = ()
    tables: tuple[TextTable, ...] = ()
    notes: tuple[str, ...] = ()
    code: str = ""
    open: bool = False


def write_audit(audit: "Audit", path: Path, command: str = "") -> tuple[Path, ...]:
    """Write the page, and beside it the comparisons as CSV and everything as JSON; returns the three paths.

    command: that made it, shown at the end. Raises UserError as `destinations`, OSError where writing fails.
    """
    path, csv, everything = destinations(path, [Path(source) for source in audit.log.sources])
    write_atomically(path, render(audit, command).encode())
    write_atomically(csv, comparisons_csv(audit).encode())
    write_atomically(everything, (json.dumps(as_json(audit), indent=1, allow_nan=False) + "\n").encode())
    return path, csv, everything


def render(audit: "Audit", command: str = "") -> str:
    """The page as text."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    style = (REPORT / "page.css").read_text(encoding="utf-8") + _STYLE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        style=Markup(style),
        title="Audit of " + name(", ".join(Path(source).name for source in audit.log.sources), 120),
        subtitle=wording.subtitle(audit),
        reading=audit.log.notes,
        chapters=chapters(audit, command),
    )


def chapters(audit: "Audit", command: str = "") -> list[Chapter]:
    """Everything that the page shows, in order; of a single method nothing that compares."""
    alone = not audit.pairs
    lead = (
        "Each pair as the log has it, and at matched cost. A search that was cut is not a search that was configured "
        "for that budget, and n is what it is: these are re-analyses, not verdicts."
    )
    multiples = (comparison_tables.multiple_table(audit),) if audit.multiples or not alone else ()
    found = [
        Chapter("answers", "What the log says", "" if alone else lead, wording.answers(audit), open=True),
        Chapter(
            "limits",
            "What cannot be concluded",
            sentences=tuple((words, "odd") for words in audit.conclusions),
            open=True,
        ),
        Chapter(
            "spend",
            "What was spent",
            pictures=(spend_picture(audit),),
            tables=(log_tables.spend_words(audit),),
            open=True,
        ),
        *([] if alone else _matched(audit)),
        Chapter("multiples", "How much random search needs", tables=multiples),
        Chapter("threats", "Threats to a fair comparison", tables=(log_tables.threat_table(audit),)),
        Chapter("incumbents", "At which fidelity incumbents were chosen", tables=(log_tables.incumbent_words(audit),)),
        *([] if alone else _pairs(audit)),
        Chapter(
            "made",
            "How this page was made",
            notes=tuple(f"log: {source}" for source in audit.log.sources),
            code=command,
        ),
    ]
    return [chapter for chapter in found if chapter.anchor != "multiples" or chapter.tables]


def _matched(audit: "Audit") -> list[Chapter]:
    pictures = (matched_picture(audit, endpoint) for endpoint in audit.endpoints)
    return [
        Chapter(
            "matched",
            "The same searches at matched cost",
            pictures=tuple(picture for picture in pictures if picture is not None),
            tables=tuple(comparison_tables.effects_table(audit, endpoint) for endpoint in audit.endpoints),
            notes=tuple(f"{rule.name}: {rule.words}" for rule in audit.settings.rules),
            open=True,
        ),
        Chapter(
            "policies",
            "The same searches under other books",
            "What an optimizer would have asked under another policy is not in a log.",
            notes=tuple(f"{policy.name}: {policy.words}" for policy in audit.policies),
            grids=tuple(_heat(audit, endpoint, *pair) for endpoint in audit.endpoints for pair in audit.pairs),
            open=True,
        ),
    ]


def _pairs(audit: "Audit") -> list[Chapter]:
    return [
        Chapter("seeds", "What so many searches can show", tables=(log_tables.seed_words(audit),)),
        Chapter(
            "numbers",
            "All comparisons with costs as recorded",
            tables=tuple(
                comparison_tables.contrast_table(audit, endpoint, space)
                for endpoint in audit.endpoints
                for space in audit.spaces
            ),
        ),
    ]


def _heat(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> Grid:
    """Rules by policies: A12, and what may be said."""
    base = audit.found(endpoint, space, arm, reference, audit.settings.rules[0].name)
    rows = []
    for rule in audit.settings.rules:
        cells = []
        for policy in audit.policies:
            each = audit.found(endpoint, space, arm, reference, rule.name, policy.name)
            if each is None:
                cells.append(Cell("", "heat blank", "nothing to compare"))
                continue
            flips = base is not None and each.state != base.state
            hover = (
                f"{each.state}; Holm p {each.p_holm:.3g}; A12 {wording.spread(each.a12, 2)}; spent "
                f"{each.spent[0]:.4g} v. {each.spent[1]:.4g}"
            )
            cells.append(
                Cell(wording.mark(each), f"heat w{round(10 * each.a12.value)}{' flip' if flips else ''}", hover)
            )
        rows.append((rule.name, tuple(cells)))
    caption = (
        f"{name(arm)} v. {name(reference)} on {name(space)}, {endpoint}: A12 as above; framed: says something else "
        "than the first cell"
    )
    return Grid(
        wording.premise(audit, endpoint) + caption,
        "cut",
        tuple(policy.name for policy in audit.policies),
        tuple(rows),
        heats=True,
    )
