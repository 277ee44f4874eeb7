"""`fairwatt table` and `fairwatt figure`: what goes into a paper."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairwatt.cli_console import complain, console
from fairwatt.cli_listing import Listing
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from fairwatt.report.gallery import Exhibit, Picture

Results = Annotated[Path, typer.Argument(help="A folder of results.")]
Spaces = Annotated[list[str] | None, typer.Option("--space", help="A space; several where it is given again.")]
LIST = "list"
SUFFIXES = {"latex": ".tex", "csv": ".csv", "markdown": ".md"}


def table(
    results: Annotated[
        Path | None, typer.Argument(help="A folder of results; not needed for the list.", show_default=False)
    ] = None,
    what: Annotated[str, typer.Option(help="Which table, or list.")] = "verdicts",
    form: Annotated[
        str, typer.Option("--format", help="latex, csv or markdown; that of the file where one is given.")
    ] = "",
    space: Spaces = None,
    kind: Annotated[str, typer.Option(help="single or multi; both by default.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file; standard output by default.")] = None,
) -> None:
    """A table for a paper: LaTeX with booktabs and a caption, Markdown, or CSV with every digit.

    Example: fairwatt table results/quickstart --format latex -o verdicts.tex
    """
    from fairwatt.analysis.load import load
    from fairwatt.report import tables, typeset

    if what == LIST:
        lines = Listing("table", "what")
        for each in tables.TABLES:
            lines.add_row(each.name, each.what)
        console.print(lines)
        return
    if results is None:
        raise UserError(f"a table is of a folder of results; what there is of each: fairwatt table --what {LIST}")
    chosen = _format(form, out, {kind: (suffix,) for kind, suffix in SUFFIXES.items()}, "markdown")
    tables.find(what)
    _folder(out)
    loaded = load(results)
    _provisional(loaded.caveats)
    made = tables.tables(loaded, what, space or (), kind, every=chosen == "csv")
    mark = f"made by fairwatt: table {what}"
    if chosen == "csv":
        text, first = tables.stacked([frame for _, frame in made]), ""
    elif chosen == "latex":
        text, first = (
            "\n".join(typeset.latex(sheet) for sheet, _ in made),
            f"% {mark}; needs \\usepackage{{booktabs}}\n",
        )
    else:
        text, first = "\n".join(typeset.markdown(sheet) for sheet, _ in made), f"<!-- {mark} -->\n\n"
    if out is None:
        sys.stdout.write(text)
        return
    _write(out, (first + text).encode(), (first or text).splitlines()[0].encode())
    console.print(f"table: {out}")


def figure(
    results: Results,
    name: Annotated[str, typer.Argument(help="Which figure, all, or list.")] = LIST,
    space: Spaces = None,
    budget: Annotated[str, typer.Option(help="A primary budget of the study; the figure's own by default.")] = "",
    width: Annotated[str, typer.Option(help="single (3.5 in), double (7.16 in) or inches.")] = "",
    form: Annotated[str, typer.Option("--format", help="pdf, svg or png; that of the file, or pdf.")] = "",
    arms: Annotated[str, typer.Option(help="Arms to draw, comma-separated; all by default.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file, or a folder; here by default, named after the study.")
    ] = None,
) -> None:
    """A figure for a paper at a journal's width, with its fonts embedded, and the caption that belongs below it.

    Example: fairwatt figure results/quickstart regret --format pdf
    """
    from fairwatt.analysis.load import load
    from fairwatt.report.exhibits import EXHIBITS
    from fairwatt.report.gallery import Gallery, Wish, find
    from fairwatt.report.plate import FORMATS, MAKER, inches, rendered

    if name == LIST:
        console.print(_listing(EXHIBITS))
        return
    found = find(EXHIBITS, name)
    file = out if out is not None and out.suffix and not out.is_dir() else None
    chosen = _format(form, file, {kind: (f".{kind}",) for kind in FORMATS}, "pdf")
    _folder(file)
    folder = out if out is not None and file is None else Path()
    wish = Wish(budget, tuple(filter(None, map(str.strip, arms.split(",")))), inches(width) if width else 0.0)
    loaded = load(results)
    _provisional(loaded.caveats)
    gallery = Gallery(loaded, space or (), wish)
    waiting: list[Picture] = []
    written = 0
    for picture in gallery.pictures(found):
        if file is not None:
            waiting.append(picture)
            continue
        written += 1
        _save(picture, folder / f"{picture.stem}.{chosen}", rendered(picture.figure, (chosen,))[chosen], MAKER)
    if file is not None and len(waiting) > 1:
        stems = ", ".join(picture.stem for picture in waiting[:4])
        raise UserError(
            f"{file}: {name} is {len(waiting)} figures ({stems}{', ...' if len(waiting) > 4 else ''}); name one with "
            "--space and its ranking, or give a folder"
        )
    for picture in waiting:
        written += 1
        assert file is not None
        _save(picture, file, rendered(picture.figure, (chosen,))[chosen], MAKER)
    if not written:
        raise UserError("; ".join(gallery.refusals) or f"{name}: these results have nothing to draw")
    for refusal in gallery.refusals:
        complain(f"not drawn: {refusal}")


def _listing(exhibits: "Sequence[Exhibit]") -> Listing:
    lines = Listing("figure", "what", "one for", "width")
    for each in exhibits:
        scope = "each space" if each.scope == "of each space" else "all spaces"
        lines.add_row(each.name, each.what, scope, "double" if each.wide else "single")
    return lines


def _save(picture: "Picture", path: Path, content: bytes, maker: str) -> None:
    _write(path, content, maker.encode())
    console.print(f"figure: {path}\n{picture.caption}\n")


def _format(form: str, file: Path | None, suffixes: dict[str, tuple[str, ...]], default: str) -> str:
    """What to write, by name and by the file's suffix. Raises UserError where they do not agree."""
    by_suffix = {suffix: kind for kind, known in suffixes.items() for suffix in known}
    if form and form not in suffixes:
        raise UnknownNameError("format", form, suffixes)
    if file is None:
        return form or default
    ending = file.suffix.lower()
    if ending not in by_suffix:
        raise UserError(f"{file}: expected a file that ends in {', '.join(by_suffix)}")
    if form and by_suffix[ending] != form:
        raise UserError(f"{file}: --format {form} makes {suffixes[form][0]} files; leave one of the two out")
    return by_suffix[ending]


def _folder(file: Path | None) -> None:
    """Complain before anything is computed where a file could not be written."""
    if file is not None and file.is_dir():
        raise UserError(f"{file}: is a folder; name a file in it")
    if file is not None and not file.parent.is_dir():
        raise UserError(f"{file}: there is no folder {file.parent}; make it, or choose another one")


def _write(path: Path, content: bytes, mark: bytes) -> None:
    """Write a file, over one of our own only: `mark` stands in all that we made of its kind."""
    from fairwatt.sealed import write_atomically

    if path.is_file() and (old := path.read_bytes()) and mark not in old:
        raise UserError(f"{path}: is there already and was not made by this command; remove it, or name another file")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None


def _provisional(caveats: Sequence[str]) -> None:
    for caveat in caveats:
        complain(f"PROVISIONAL: {caveat}")
