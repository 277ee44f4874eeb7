"""`fairwatt sweep`: make tables by training."""

import os
from pathlib import Path
from typing import Annotated

import typer

from fairwatt.cli_console import Progress, console

sweep_app = typer.Typer(
    no_args_is_help=True, help="Make tables by training.\n\nExample: fairwatt sweep status SWEEP.yaml"
)
Workers = Annotated[int, typer.Option(help="Processes; 0 takes every core.", min=0)]


@sweep_app.command("run")
def sweep_run(
    spec: Annotated[Path, typer.Argument(help="A YAML file: name, space, epochs, repeats.")], workers: Workers = 0
) -> None:
    """Train everything that is not trained yet; stop it at any moment, run it again to go on.

    Example: fairwatt sweep run SWEEP.yaml --workers 4
    """
    from fairwatt.experiments.sweep import run_sweep

    with Progress(spec.stem, "bundles") as shown:
        run_sweep(spec, workers or os.cpu_count() or 1, shown.update)


@sweep_app.command("status")
def sweep_status(spec: Path) -> None:
    """How many trainings are done.

    Example: fairwatt sweep status SWEEP.yaml
    """
    from fairwatt.experiments import sweep

    state = sweep.sweep_status(spec)
    console.print(
        f"{state.trainings_done:,} of {state.trainings:,} trainings, in {state.bundles_done} of {state.bundles} bundles"
    )


@sweep_app.command("collect")
def sweep_collect(
    spec: Path,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the table; the sweep's own by default.")
    ] = None,
) -> None:
    """Make a table, and its card, of a finished sweep; step times are measured now where they are not on file.

    Example: fairwatt sweep collect SWEEP.yaml --out tables
    """
    from fairwatt.experiments.sweep_table import collect

    with Progress(spec.stem, "timed cells") as shown:
        path = collect(spec, shown.update, out=out)
    console.print(f"table: {path}\ncard: {path.with_suffix('.md')}")
