"""`fairwatt reproduce`: figures and tables of papers, made again."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairwatt.cli_console import Progress, console, prose
from fairwatt.cli_listing import Listing
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.reproductions.binder import Bound

SHARED = "FAIRWATT_SHARED"


def reproduce(
    names: Annotated[
        list[str],
        typer.Argument(help="list, all, names, or beginnings of names such as ec-nas/fig5.", metavar="NAME..."),
    ],
    shared: Annotated[
        Path | None,
        typer.Option(help=f"Folder that holds data/ with the published files; ${SHARED}, or ../shared, by default."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")] = Path("reproductions"),
) -> None:
    """Figures and tables of papers, made again, each with its label and its deviation from print.

    Example: fairwatt reproduce all --shared ../shared -o reproductions
    """
    from fairwatt.reproductions.binder import bind, write_book
    from fairwatt.reproductions.catalogue import find
    from fairwatt.reproductions.item import Shelf

    if names == ["list"]:
        _list()
        return
    items = find(names)
    shelf = Shelf(shared or Path(os.environ.get(SHARED, "../shared")))
    bounds = []
    with Progress("reproductions", "") as shown:
        for place, item in enumerate(items):
            shown.update(place, len(items), item.name)
            bounds.append(bind(item, shelf, out))
        shown.update(len(items), len(items), "reproductions")
    book = write_book(out, bounds)
    lines = Listing("name", "label", "state")
    for bound in bounds:
        lines.add_row(bound.reproduction.name, bound.reproduction.label, bound.state)
    console.print(lines)
    prose(_summary(bounds))
    console.print(f"with labels, deviations and sources: {book}")
    for bound in bounds:
        wanted = bound.reproduction.name in names  # by its whole name: what a beginning of it finds may be missing
        if bound.fault or (wanted and bound.made is None):
            raise UserError(f"{bound.reproduction.name}: {bound.state}")


def _summary(bounds: "list[Bound]") -> str:
    made, failed = sum(bound.made is not None for bound in bounds), sum(bool(bound.fault) for bound in bounds)
    missing = sum(bool(bound.missing) for bound in bounds)
    counts = (
        (made, "made"),
        (missing, "not possible here, for want of data"),
        (failed, "failed"),
        (len(bounds) - made - missing - failed, "not possible with what is public"),
    )
    return "; ".join(f"{count} {what}" for count, what in counts if count)


def _list() -> None:
    from fairwatt.reproductions.catalogue import CATALOGUE

    lines = Listing("name", "label", "what", "source")
    for item in CATALOGUE:
        lines.add_row(item.name, item.label, item.title, item.source)
    console.print(lines)
