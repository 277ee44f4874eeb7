"""`fairwatt sweep`: make tables by training."""

from pathlib import Path
from typing import Annotated

import typer

from fairwatt.cli_console import Progress, console
from fairwatt.regular_file import check_regular

sweep_app = typer.Typer(
    no_args_is_help=True,
    help="Make tables by training: all cells of a space, or a sample of RegNet + HPO configurations, on the embedded "
    "digits or on images of your own.\n\nExample: fairwatt sweep status SWEEP.yaml",
)


def _regular(spec: Path) -> Path:
    check_regular(spec)
    return spec


_SPEC = (
    "A YAML file. Of cells: name, space, epochs, repeats. Of configurations: name, space regnet-hpo, data (digits, an "
    ".npz file or a folder of classes), configs, and what differs of repeated, seed, variant, width, epochs_scale, "
    "recipe, meter, device."
)
Spec = Annotated[Path, typer.Argument(help=_SPEC, callback=_regular)]
Workers = Annotated[int, typer.Option(help="Processes; 0 takes every core.", min=0)]
Executor = Annotated[str, typer.Option(help="serial, processes or dask.")]
Scheduler = Annotated[
    str, typer.Option(help="Of the executor dask: the address of a scheduler that runs, such as tcp://host:8786.")
]


@sweep_app.command("run")
def sweep_run(spec: Spec, workers: Workers = 0, executor: Executor = "processes", scheduler: Scheduler = "") -> None:
    """Train everything that is not trained yet; stop it at any moment, run it again to go on.

    A sweep whose meter counts whole devices (nvml, rapl) trains one network at a time.

    Example: fairwatt sweep run SWEEP.yaml --workers 4
    """
    from fairwatt.experiments.sweep import run_sweep

    with Progress(spec.stem, "bundles") as shown:
        state = run_sweep(spec, workers, shown.update, executor=executor, scheduler=scheduler)
    if state.caution:
        console.print(state.caution)


@sweep_app.command("status")
def sweep_status(spec: Spec) -> None:
    """What a sweep trains, how much of it is done, and what is left.

    Example: fairwatt sweep status SWEEP.yaml
    """
    from fairwatt.experiments import sweep

    state = sweep.sweep_status(spec)
    console.print(
        f"{state.what}\n{state.trainings_done:,} of {state.trainings:,} trainings, in {state.bundles_done:,} of "
        f"{state.bundles:,} bundles"
    )
    if state.cpu_hours:
        left = f", about {state.cpu_hours_left:,.2f} to go at that pace" if state.cpu_hours_left else ""
        console.print(f"{state.cpu_hours:,.2f} CPU-hours so far{left}")
    if state.caution:
        console.print(state.caution)


@sweep_app.command("collect")
def sweep_collect(
    spec: Spec,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the table; the sweep's own by default.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of configurations: take what is trained; the card says how much.")
    ] = False,
) -> None:
    """Make a table, and its card, of a finished sweep; step times of cells are measured now where not on file.

    Example: fairwatt sweep collect SWEEP.yaml --out tables
    """
    from fairwatt.experiments.config_table import collect_sweep

    with Progress(spec.stem, "timed cells") as shown:
        path = collect_sweep(spec, shown.update, out=out, partial=partial)
    console.print(f"table: {path}\ncard: {path.with_suffix('.md')}")
