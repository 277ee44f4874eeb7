"""One self-contained HTML page: what was found first, what it hangs on one click deeper.

Nothing remote: the page forbids it to itself, and runs and styles only what the hashes in its policy name. Every name
is escaped; nothing of the results ever stands in the script.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from fairwatt.analysis.apart import Apart
from fairwatt.analysis.collector import collector_off
from fairwatt.analysis.load import Results, seeds_in_words
from fairwatt.analysis.verdict import Comparison
from fairwatt.errors import UserError
from fairwatt.fairness.checklists import write_checklists
from fairwatt.report import (
    across_sections,
    audit_sections,
    curve_sections,
    front_sections,
    hitting_sections,
    provenance_sections,
    spend_sections,
    tuning_sections,
    verdict_sections,
)
from fairwatt.report.captions import brief
from fairwatt.report.chart import standalone
from fairwatt.report.plain_text import file_stem, name, plain
from fairwatt.report.provenance_sections import latest
from fairwatt.report.section import Material, Section
from fairwatt.report.typeset import csv_text
from fairwatt.report.verdict_sections import TONES
from fairwatt.sealed import write_atomically

HERE = Path(__file__).parent

_Maker = Callable[[Material], Section | None]

SECTIONS: tuple[_Maker, ...] = (
    verdict_sections.answers,
    verdict_sections.glance,
    verdict_sections.tables,
    verdict_sections.heat_map,
    curve_sections.anytime,
    curve_sections.ranks,
    front_sections.fronts,
    spend_sections.spend,
    tuning_sections.tuning,
    audit_sections.audit,
    audit_sections.checklists,
    across_sections.across,
    across_sections.summaries,
    hitting_sections.to_target,
    front_sections.differences,
    verdict_sections.numbers,
    provenance_sections.rules,
    provenance_sections.data,
    provenance_sections.provenance,
    provenance_sections.again,
)
"""What the page shows, in this order; a function that returns None has nothing to show of these results."""

_ELSEWHERE: tuple[tuple[_Maker, ...], ...] = (
    (
        curve_sections.anytime,
        curve_sections.ranks,
        front_sections.fronts,
        spend_sections.spend,
        tuning_sections.tuning,
    ),
    (across_sections.summaries, front_sections.differences),
)
"""Those that need none of the verdicts, by the copy of this process in which they may be made."""

_FIRST = (audit_sections.audit,)
"""Goes far without verdicts, which may be made elsewhere in the meantime, and waits for them."""

_CSV_BEGINS = b"space,kind,budget,arm,reference,"


def write_report(
    results: Results, comparisons: Sequence[Comparison], path: Path, figure_folder: Path | None = None
) -> None:
    """Write the page, beside it all verdicts as CSV and the filled checklists as Markdown and JSON, and the figures as
    SVG files where a folder is given.

    Raises UserError, before anything is computed or written, where the CSV file would replace one that is not of a
    report; OSError where something cannot be written.
    """
    table = path.with_suffix(".csv")
    _check_ours(table)
    material = Material(results, comparisons)
    with collector_off():
        made = sections(material)
    write_atomically(path, _page(material, made).encode())
    write_atomically(table, verdicts_csv(comparisons).encode())
    write_checklists(material.facts, path)
    if figure_folder is not None:
        for file, picture in figure_files(made).items():
            write_atomically(figure_folder / file, picture.encode())


def render(results: Results, comparisons: Sequence[Comparison]) -> str:
    """The page as text."""
    material = Material(results, comparisons)
    return _page(material, sections(material))


def sections(material: Material) -> list[Section]:
    """All that have something to show."""
    makers = dict.fromkeys((*_FIRST, *SECTIONS))
    copies = []
    if all(comparison.is_begun for comparison in material.comparisons):
        material.evidence.begin()
        for group in _ELSEWHERE:
            copies.append(Apart(partial(_made, material, group)))
            copies[-1].begin()
            makers = {make: None for make in makers if make not in group}
    made = _made(material, makers)
    for copy in copies:
        made |= copy.answer()
    return [section for make in SECTIONS if (section := made[make]) is not None]


def _made(material: Material, makers: Iterable[_Maker]) -> dict[_Maker, Section | None]:
    return {make: make(material) for make in makers}


def figure_files(made: Sequence[Section]) -> dict[str, str]:
    """The page's charts as SVG files of their own, by name: light, with a style sheet each."""
    style = _file("chart.css")
    colours = dict(re.findall(r"--(\w+): (#\w+)", _file("page.css").partition("}")[0]))
    drawings = [(part.heading, drawing) for section in made for part in section.parts for drawing in part.drawings]
    files: dict[str, str] = {}
    for number, (heading, drawing) in enumerate(drawings):
        stem = file_stem(f"{heading}-{drawing.name}")
        while stem.lower() in map(str.lower, files):  # cut short or written out, two names may be one
            stem = f"{stem}_{number}"
        files[stem] = standalone(drawing.panel.svg(drawing.caption), style, colours)
    return {f"{stem}.svg": picture for stem, picture in files.items()}


def verdicts_csv(comparisons: Sequence[Comparison]) -> str:
    """All verdicts of all spaces with all their numbers; cells that a spreadsheet would run are quoted as text."""
    tables = [(comparison.space, verdict_sections.verdict_frame(comparison)) for comparison in comparisons]
    columns = ["space", *tables[0][1].columns] if tables else []
    return csv_text(columns, ((space, *row) for space, table in tables for row in table.itertuples(index=False)))


def tone(cell: str, reference: str = "") -> str:
    """The colour class of a cell that begins with an outcome or with the state of an audit; wins of the reference
    have one of their own."""
    first, _, winner = cell.partition(": ")
    if winner and winner == reference:
        return "loss"
    return {**{str(outcome): kind for outcome, kind in TONES.items()}, "pass": "pass", "fail": "fail"}.get(first, "")


def _page(material: Material, made: Sequence[Section]) -> str:
    import jinja2
    from markupsafe import Markup

    results, styles = material.results, material.styles
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    environment.filters["tone"] = tone
    style, script = _file("page.css") + _file("chart.css"), _file("page.js")
    study = results.study
    legends = {arm: comparison.legend(arm) for comparison in material.comparisons for arm in comparison.arms}
    runs = sum(len(runs) for runs in results.runs.values())
    return environment.get_template("page.html.j2").render(
        policy="; ".join(
            (
                "default-src 'none'",
                f"script-src '{_hash(script)}'",
                f"style-src '{_hash(style)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
        style=Markup(style),
        script=Markup(script),
        title=name(study["study"], 120),
        subtitle=f"{runs} searches, {len(study['optimizers'])} arms, {seeds_in_words(study)}, budgets "
        f"{' and '.join(study['budgets'])}. Made by fairwatt {latest(results).get('fairwatt', '')}.",
        reference=name(study["reference"]),
        caveats=results.caveats,
        arms=[(name(legends[arm]), styles.number(arm), styles.classes(arm)) for arm in styles.arms],
        facts={c.space: f"{brief(c, c.arms, c.books)}." for c in material.comparisons},
        sections=made,
    )


def _check_ours(table: Path) -> None:
    """Somebody's log may well be called as the page is."""
    if not table.is_file():
        return
    with table.open("rb") as stream:
        begin = stream.read(len(_CSV_BEGINS))
    if begin != _CSV_BEGINS:
        raise UserError(
            f"{table}: is there and not of a report, and the verdicts would replace it; name another page with --out"
        )


def _file(file: str) -> str:
    return (HERE / file).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
