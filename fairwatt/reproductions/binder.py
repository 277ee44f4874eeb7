"""Makes reproductions as files: figures, tables, and one page that says what each is worth.

OUT/NAME/ holds a reproduction's figures (PDF, SVG, PNG), its tables (CSV, LaTeX, Markdown) and its own README.md;
OUT/reproductions.md holds all of those that are there, and names those that are not, with the reason.
"""

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fairwatt.errors import UserError
from fairwatt.report.plate import FORMATS, rendered
from fairwatt.reproductions import sheet
from fairwatt.reproductions.catalogue import CATALOGUE, SHA256
from fairwatt.reproductions.item import Deviation, Label, Made, MissingDataError, Reproduction, Shelf
from fairwatt.sealed import write_atomically

BOOK = "reproductions.md"
_PAGE = "README.md"
_ROWS = 40
"""Of a table that is longer the page shows the first few rows, and a link."""

MEANINGS = {
    Label.EXACT: "the same data, the same computation",
    Label.RE_ESTIMATED: "the same data, with a choice of our own on the way, which is stated",
    Label.RE_RUN: "searches or trainings of our own",
    Label.QUALITATIVE: "other data: only the shape can be compared",
    Label.NOT_POSSIBLE: "it has no data, or what it needs is not public, or not among the files here",
}


@dataclass(frozen=True)
class Bound:
    """A reproduction after an attempt: what was made, or why nothing was.

    missing: which file is not here. fault: what is wrong with one that is.
    """

    reproduction: Reproduction
    made: Made | None = None
    missing: str = ""
    fault: str = ""

    @property
    def state(self) -> str:
        """In one line."""
        if self.made is not None:
            parts = ((len(self.made.figures), "figure"), (len(self.made.tables), "table"))
            return "made: " + ", ".join(f"{count} {what}{'s' * (count > 1)}" for count, what in parts if count)
        if self.reproduction.make is None:
            return self.reproduction.why_not
        return f"failed: {self.fault}" if self.fault else f"not possible here: {self.missing}"


def bind(reproduction: Reproduction, shelf: Shelf, out: Path) -> Bound:
    """Make one reproduction and write it to OUT/NAME/; nothing is written, or raised, where its data forbids it."""
    if reproduction.make is None:
        return Bound(reproduction)
    try:
        inputs = {name: _sha256(shelf.path(name)) for name in reproduction.needs}
        made = reproduction.make(shelf)
    except MissingDataError as error:
        return Bound(reproduction, missing=str(error))
    except UserError as error:
        return Bound(reproduction, fault=str(error))
    folder = out / reproduction.name
    for stem, figure in made.figures.items():
        for kind, content in rendered(figure).items():
            write_atomically(folder / f"{stem}.{kind}", content)
    for stem, table in made.tables.items():
        for kind, text in (("csv", sheet.csv(table)), ("tex", sheet.latex(table)), ("md", sheet.markdown(table))):
            write_atomically(folder / f"{stem}.{kind}", text.encode())
    write_atomically(folder / _PAGE, _page(reproduction, made, inputs).encode())
    return Bound(reproduction, made)


def write_book(out: Path, bounds: Iterable[Bound]) -> Path:
    """OUT/reproductions.md: everything in the catalogue, with the pages of what has been made, now or before."""
    now = {bound.reproduction.name: bound for bound in bounds}
    rows, pages = [], []
    for item in CATALOGUE:
        page = out / item.name / _PAGE
        title = item.title
        if item.make is None:
            state = Bound(item).state
        elif item.name in now and now[item.name].made is None:
            state = now[item.name].state
        elif page.is_file():
            state, title = "made", f"[{item.title}](#{_anchor(item)})"
            text = page.read_text(encoding="utf-8").replace("](./", f"](./{item.name}/")
            pages.append(text.replace("# ", "## ", 1))
        else:
            state = f"not made yet: `fairwatt reproduce {item.name}`"
        rows.append(f"| `{item.name}` | {title} | {item.label} | {_cell(state)} |")
    text = "\n".join(
        (
            "# Reproductions",
            "",
            "Figures and tables of papers, made again from published data. What a label promises:",
            "",
            *(f"- **{label}**: {meaning}." for label, meaning in MEANINGS.items()),
            "",
            "A deviation is one number in print beside ours. Where the paper prints none, or none that could be read, "
            "it says so.",
            "",
            "| name | what | label | state |",
            "|---|---|---|---|",
            *rows,
            "",
            *pages,
        )
    )
    write_atomically(out / BOOK, text.encode())
    return out / BOOK


def deviation_table(deviations: Iterable[Deviation]) -> str:
    """As Markdown."""
    lines = ["| what | in print | here | remark |", "|---|---|---|---|"]
    for deviation in deviations:
        cells = (deviation.what, deviation.published or "not printed", deviation.ours, deviation.note)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _page(item: Reproduction, made: Made, inputs: dict[str, str]) -> str:
    """What is made of one reproduction, readable by itself; its links start with `./`."""
    parts = [
        f"# {item.name}: {item.title}",
        f"**Source:** {item.source}  \n**Label:** {item.label} ({MEANINGS[item.label]})",
    ]
    for stem in made.figures:
        files = ", ".join(f"[{kind}](./{stem}.{kind})" for kind in FORMATS)
        parts.append(f"![{item.title}: {stem}](./{stem}.png)\n\n{stem}: {files}")
    if made.deviations:
        parts.append(f"**Deviation**\n\n{deviation_table(made.deviations)}")
    for stem, table in made.tables.items():
        files = ", ".join(f"[{kind}](./{stem}.{kind})" for kind in ("csv", "tex", "md"))
        shown = table if len(table) <= _ROWS else table.head(5)
        cut = "" if shown is table else f", the first {len(shown)} of {len(table):,} rows"
        parts.append(f"**{stem}** ({files}{cut})\n\n{sheet.markdown(shown).rstrip()}")
    if made.notes:
        parts.append("**Notes**\n\n" + "\n".join(f"- {note}" for note in made.notes))
    made_of = [
        f"- data/{name}, sha256 `{digest}`"
        + (", NOT the genuine file: the label does not hold" if SHA256.get(name, digest) != digest else "")
        for name, digest in inputs.items()
    ]
    parts.append(
        "**Made from**\n\n"
        + "\n".join([*made_of, f"- {_versions()}", f"- again: `fairwatt reproduce {item.name} --shared FOLDER`"])
    )
    return "\n\n".join(parts) + "\n"


def _versions() -> str:
    packages = ("fairwatt", "numpy", "pandas", "moocore", "matplotlib")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)])


def _anchor(item: Reproduction) -> str:
    """GitHub's anchor of the page's heading."""
    heading = f"{item.name}: {item.title}".lower()
    return "".join(char for char in heading.replace(" ", "-") if char.isalnum() or char in "-_")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
