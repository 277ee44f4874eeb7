"""`fairwatt data`: tables of measurements, imported, listed and verified."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fairwatt.cli_console import Progress, complain, console
from fairwatt.cli_listing import Listing

data_app = typer.Typer(invoke_without_command=True, help="Tables of measurements.\n\nExample: fairwatt data list")


@data_app.command("fetch")
def data_fetch(
    names: Annotated[list[str], typer.Argument(help="Tables, as `fairwatt data list` names them.")],
    file_only: Annotated[
        bool, typer.Option("--file-only", help="Download and check the file, import nothing.")
    ] = False,
) -> None:
    """Download published files, check them, and import them; the same command goes on after a stop.

    Example: fairwatt data fetch ec-nas-4v
    """
    from fairwatt.search_spaces.fetch import fetch

    for name in names:
        with Progress(name, "bytes") as shown:
            path = fetch(
                name,
                shown.update,
                import_it=not file_only,
                import_progress=partial(shown.update, title=f"{name}: import"),
                say=partial(print, file=sys.stderr),
            )
        if file_only:
            console.print(f"{name}: {path}")
        else:
            _say_table(path)


@data_app.command("import")
def data_import(
    file: Annotated[
        Path,
        typer.Argument(
            help="An EC-NAS or NAS-Bench-101 .tfrecord file, or a .parquet file that `data list` names; with --schema "
            "eahas a sweep as .json or .csv."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the table; official files have theirs.")] = None,
    schema: Annotated[str | None, typer.Option(help="eahas: pycls's sweep.json, or a CSV of the same content.")] = None,
    dataset: Annotated[
        str, typer.Option(help="eahas: what was trained on, where the file does not say: cifar10, tiny, or another.")
    ] = "",
    variant: Annotated[str, typer.Option(help="eahas: the space of another data set: cifar10 or tiny.")] = "",
    images: Annotated[
        list[str] | None, typer.Option(help="eahas: train=N, validation=N, test=N, where they are not the data set's.")
    ] = None,
    cutout: Annotated[int | None, typer.Option(help="eahas: 0 or 16, of trainings that do not say theirs.")] = None,
    weights: Annotated[
        str, typer.Option(help="eahas: whose errors, of averaged weights (ema) or of plain (raw).")
    ] = "ema",
    energy_unit: Annotated[
        str, typer.Option(help="eahas: wh or kwh; auto believes a column's name alone; none: operation counts.")
    ] = "auto",
    energy_is: Annotated[str, typer.Option(help="eahas: energies are of each epoch, or cumulative.")] = "auto",
    report: Annotated[Path | None, typer.Option(help="eahas: a .json file for what was found.")] = None,
) -> None:
    """Read a file of measurements, check all of it, and store it as a table.

    Example: fairwatt data import energy_4V9E_linscale.tfrecord, or fairwatt data import --schema eahas sweep.json
    """
    from fairwatt import cli_sweep_import
    from fairwatt.search_spaces.table_import import import_file

    told: dict[str, Any] = {"dataset": dataset, "variant": variant, "images": images, "cutout": cutout}
    told |= {"weights": weights, "energy-unit": energy_unit, "energy-is": energy_is, "report": report}
    if schema is not None:
        path = cli_sweep_import.import_sweep(schema, file, name or "", told)
    else:
        cli_sweep_import.check_unused(told)
        with Progress(file.name, "") as shown:
            path = import_file(file, name, shown.update)
    _say_table(path)


@data_app.callback()
def data(context: typer.Context) -> None:
    """Tables of measurements.

    Example: fairwatt data list
    """
    if not context.invoked_subcommand:
        data_list()


@data_app.command("list")
def data_list() -> None:
    """Which tables there are, which are here, and where the others come from.

    Example: fairwatt data list
    """
    from fairwatt.search_spaces.sources import list_tables

    lines = Listing("table", "here", "rows", "what it is")
    for info in list_tables():
        file = f"; import {info.source.filename}" if info.source and info.state == "missing" else ""
        lines.add_row(info.name, info.state, f"{info.rows:,}" if info.rows else "", f"{info.title}{file}")
    console.print(lines)


@data_app.command("verify")
def data_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Tables; all that are here by default.")] = None,
) -> None:
    """Compute the checksums of tables again.

    Example: fairwatt data verify digits-cells-5v
    """
    from fairwatt.search_spaces.sources import list_tables, verify
    from fairwatt.search_spaces.table import TableError

    damaged = 0
    for name in names or [info.name for info in list_tables() if info.state != "missing"]:
        try:
            verify(name)
            console.print(f"{name}: as written")
        except TableError as error:
            damaged += 1
            complain(str(error))
    if damaged:
        raise typer.Exit(2)


def _say_table(path: Path) -> None:
    from fairwatt.search_spaces.table import open_table

    stored = open_table(path)
    console.print(f"{stored.card.name}: {stored.rows:,} rows, c̄ {stored.card.mean_full_kwh:.4f} kWh, in {path}")
