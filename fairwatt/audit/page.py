"""An audit as one self-contained HTML page: what was found first, what it hangs on one click deeper; no script."""

import base64
import hashlib
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import fairwatt.report
from fairwatt.audit import figures, wording
from fairwatt.audit.audit_files import as_json, comparisons_csv, destinations
from fairwatt.audit.figures import Band, Matched
from fairwatt.report.figures import svg
from fairwatt.report.plain_text import name, plain
from fairwatt.report.section import Cell, Grid
from fairwatt.report.wording import TextTable
from fairwatt.sealed import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fairwatt.audit.audit import Audit

HERE, REPORT = Path(__file__).parent, Path(fairwatt.report.__file__).parent
MOST_PANELS = 12
_STYLE = """
figure img { display: block; width: 100%; max-width: 52rem; height: auto; background: #fff; padding: .5rem; }
figure img { border: 1px solid var(--line); border-radius: 4px; }
.books { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: .5rem 1.5rem; }
"""


@dataclass(frozen=True)
class Picture:
    """A figure as a data address, what it shows, and the numbers behind it."""

    name: str
    svg: bytes
    caption: str
    table: TextTable

    @property
    def address(self) -> str:
        """For `img src`."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode()


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
    """Everything that the page shows, in order."""
    return [
        Chapter(
            "answers",
            "What the log says",
            "Each pair as the log has it, and at matched cost. A search that was cut is not a search that was "
            "configured for that budget, and n is what it is: these are re-analyses, not verdicts.",
            sentences=tuple(
                (wording.sentence(audit, endpoint, *pair), wording.tone(audit, endpoint, *pair))
                for endpoint in audit.endpoints
                for pair in audit.pairs
            ),
            open=True,
        ),
        Chapter(
            "limits",
            "What cannot be concluded",
            sentences=tuple((words, "odd") for words in audit.conclusions),
            open=True,
        ),
        Chapter("spend", "What was spent", pictures=(_spend(audit),), tables=(wording.spend_words(audit),), open=True),
        Chapter(
            "matched",
            "The same searches at matched cost",
            pictures=tuple(matched_picture(audit, endpoint) for endpoint in audit.endpoints),
            tables=tuple(wording.effects_table(audit, endpoint) for endpoint in audit.endpoints),
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
        Chapter("multiples", "How much random search needs", tables=(wording.multiple_table(audit),)),
        Chapter("threats", "Threats to a fair comparison", tables=(wording.threat_table(audit),)),
        Chapter("incumbents", "At which fidelity incumbents were chosen", tables=(wording.incumbent_words(audit),)),
        Chapter("seeds", "What so many searches can show", tables=(wording.seed_words(audit),)),
        Chapter(
            "numbers",
            "All comparisons with costs as recorded",
            tables=tuple(
                wording.contrast_table(audit, endpoint, space)
                for endpoint in audit.endpoints
                for space in dict.fromkeys(space for space, _, _ in audit.pairs)
            ),
        ),
        Chapter(
            "made",
            "How this page was made",
            notes=tuple(f"log: {source}" for source in audit.log.sources),
            code=command,
        ),
    ]


def matched_picture(audit: "Audit", endpoint: str) -> Picture:
    """A12 over the cut level, with the rules of the audit on it."""
    spaces = list(dict.fromkeys(space for space, _, other in audit.pairs if other == audit.reference))[:MOST_PANELS]
    panels = {space: _panel(audit, endpoint, space) for space in spaces}
    drawn = figures.matched_cost(panels, unit=audit.unit, reference=audit.reference, methods=audit.methods)
    rows = tuple(
        (name(space), name(arm), f"{limit:.3g}", f"{value:.2f}", f"{low:.2f} to {high:.2f}")
        for space, panel in panels.items()
        for arm, band in panel.bands.items()
        for limit, value, low, high in zip(
            *(array[::4].tolist() for array in (band.limits, band.value, band.low, band.high)), strict=True
        )
    )
    caption = (
        f"The same searches at matched cost ({wording.ENDPOINTS[endpoint]}): A12, both sides cut at the level below; "
        "the right end is the log as it is. Thin lines in faint bands: one side has nothing left to cut, and spends "
        "differ. Points: "
        "the rules, where the arm is cut; those off the line leave the reference whole. Dotted: the smallest, mean and "
        f"largest spend of {name(audit.reference)}."
    )
    table = TextTable("Every fourth level", ("space", "arm", f"cut, {audit.unit}", "A12", "95 %"), rows, text=(0, 1))
    return Picture(f"matched-{endpoint}", _drawn(drawn), caption, table)


def _panel(audit: "Audit", endpoint: str, space: str) -> Matched:
    arms = [(arm, other) for where, arm, other in audit.pairs if where == space and other == audit.reference]
    bands, points = {}, {}
    for arm, other in arms:
        level = audit.levels(endpoint, space, arm, other)
        bands[arm] = Band(level.limits, level.values, level.low, level.high, level.matched)
    for rule in audit.settings.rules:
        found = [audit.found(endpoint, space, arm, other, rule.name) for arm, other in arms]
        points[rule.name] = [
            (each.arm, min(each.limits[0], float(bands[each.arm].limits[-1])), each.a12.value)
            for each in found
            if each is not None
        ]
    spent = audit.totals(audit.searches(endpoint, space, audit.reference))
    marks = [("min", spent.min()), ("mean", spent.mean()), ("max", spent.max())]
    if spent.max() < 1.6 * spent.min():  # no room for three words
        marks = [("", spent.min()), (name(audit.reference, figures.MOST), spent.mean()), ("", spent.max())]
    return Matched(bands, points, [(label, float(place)) for label, place in marks if place > 0])


def _spend(audit: "Audit") -> Picture:
    endpoint = audit.endpoints[0]
    spaces = list(dict.fromkeys(space for space, _, _ in audit.pairs))[:MOST_PANELS]
    panels = {
        space: {
            method: np.maximum(audit.totals(found), np.finfo(float).tiny)
            for method in audit.methods
            if (found := audit.searches(endpoint, space, method))
        }
        for space in spaces
    }
    caption = f"What each search spent, {audit.unit}; a row for each method."
    rows = tuple(
        (name(space), name(method), f"{spent.mean():.4g}", f"{spent.min():.4g}", f"{spent.max():.4g}")
        for space, methods in panels.items()
        for method, spent in methods.items()
    )
    table = TextTable("Spend", ("space", "method", "mean", "min", "max"), rows, text=(0, 1))
    drawn = figures.spend(panels, unit=audit.unit, reference=audit.reference, methods=audit.methods)
    return Picture("spend", _drawn(drawn), caption, table)


def _heat(audit: "Audit", endpoint: str, space: str, arm: str, reference: str) -> Grid:
    """Rules by policies: A12, and what may be said."""
    base = audit.found(endpoint, space, arm, reference, audit.settings.rules[0].name)
    rows = []
    for rule in audit.settings.rules:
        cells = []
        for policy in audit.policies:
            each = audit.found(endpoint, space, arm, reference, rule.name, policy.name)
            if each is None:
                cells.append(Cell("", "heat blank"))
                continue
            flips = base is not None and each.state != base.state
            hover = (
                f"{each.state}; Holm p {each.p_holm:.3g}; A12 {each.a12.low:.2f} to {each.a12.high:.2f}; spent "
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


def _drawn(figure: "Figure") -> bytes:
    """As SVG; a letter that the font does not have is a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        return svg(figure)
