"""The command line. Thin: every command calls one function of the package and prints what it returns."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from fairwatt.analysis.load import Results
    from fairwatt.analysis.verdict import Comparison
    from fairwatt.experiments.study import Study

app = typer.Typer(
    name="fairwatt",
    help="Compare NAS and HPO optimizers under shared energy budgets.\n\nExample: fairwatt demo",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(invoke_without_command=True, help="Tables of measurements.\n\nExample: fairwatt data list")
sweep_app = typer.Typer(
    no_args_is_help=True, help="Make tables by training.\n\nExample: fairwatt sweep status SWEEP.yaml"
)
spaces_app = typer.Typer(
    invoke_without_command=True, help="List the search spaces.\n\nExample: fairwatt spaces show toy-cells"
)
optimizers_app = typer.Typer(
    invoke_without_command=True, help="List the optimizers.\n\nExample: fairwatt optimizers show bohb"
)
app.add_typer(data_app, name="data")
app.add_typer(sweep_app, name="sweep")
app.add_typer(spaces_app, name="spaces")
app.add_typer(optimizers_app, name="optimizers")

Workers = Annotated[int, typer.Option(help="Processes; 0 takes every core.", min=0)]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the results; results/STUDY by default.")]

UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # click's, wherever this typer keeps it
INTERRUPTED = 130
PIPE_WIDTH = 160
console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def main() -> None:
    """The `fairwatt` command. Exit code 2, one line and no traceback for the user's mistakes."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy or torch start threads that spin against each other
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except UserError as error:
        _complain(str(error))
        code = 2
    except UsageError as error:
        _complain(_usage(error))
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:  # a full disk, a missing permission, a file where a folder should be
        _complain(f"{error.filename or 'input or output'}: {error.strerror or error}")
        code = 2
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code
        _complain("stopped; what is finished is kept, and the same command goes on from there")
    sys.exit(code if isinstance(code, int) else 0)


@app.command()
def demo(out: Out = None, workers: Workers = 0) -> None:
    """Seven optimizers on an embedded table: verdict and report in about a minute.

    Example: fairwatt demo
    """
    from fairwatt.experiments.study import read_study

    study = read_study("quickstart")
    folder = out or Path("results") / study.study
    _run(study, folder, "processes", workers)
    _report(*_compare(folder), folder / "report.html")


@app.command()
def doctor() -> None:
    """What is installed, which meters and tables are here, and what to do about the rest.

    Example: fairwatt doctor
    """
    from fairwatt.doctor import examine

    table = _table("", "what", "state", "what to do")
    for finding in examine():
        table.add_row("ok" if finding.ok else "-", finding.what, finding.state, finding.todo)
    console.print(table)
    data_list()


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="A YAML file, or the name of a study that ships.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value words that change the study.")] = None,
    out: Out = None,
    executor: Annotated[str, typer.Option(help="serial or processes.")] = "processes",
    workers: Workers = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and stop.")] = False,
) -> None:
    """Run a study; finished searches are skipped, so the same command goes on after a stop.

    Example: fairwatt run quickstart seeds=0:10 --out results/first
    """
    from fairwatt.experiments.executor import check_study
    from fairwatt.experiments.study import read_study

    declared = read_study(study, overrides or [])
    folder = out or Path("results") / declared.study
    if dry_run:
        check_study(declared, folder, executor)
        searches = len(declared.spaces) * len(declared.optimizers) * len(declared.seeds)
        console.print(
            f"{searches} searches: {len(declared.spaces)} space(s) x {len(declared.optimizers)} optimizer(s) x "
            f"{len(declared.seeds)} seed(s), at {' and '.join(declared.budgets)}, into {folder}"
        )
        return
    _run(declared, folder, executor, workers)
    console.print(f"compare them: fairwatt compare {folder}")


@app.command()
def status(results: Annotated[Path, typer.Argument(help="A folder of results.")]) -> None:
    """What is done, missing and failed.

    Example: fairwatt status results/quickstart
    """
    from fairwatt.experiments.store import Store, progress, read_stored_study

    table = _table("space", "arm", "done", "missing", "failed", "reason of the first failure")
    for line in progress(Store(results), read_stored_study(results)):
        reason = next(iter(line.failed.values()), "")
        table.add_row(line.space, line.arm, str(line.done), str(len(line.missing)), str(len(line.failed)), reason)
    console.print(table)


@app.command()
def compare(results: Annotated[Path, typer.Argument(help="A folder of results.")]) -> None:
    """The verdicts: who is better at equal energy, by how much, and what they hang on.

    Example: fairwatt compare results/quickstart
    """
    _compare(results)


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A folder of results.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file; RESULTS/report.html by default.")
    ] = None,
    figures: Annotated[Path | None, typer.Option(help="Folder to write the figures to, as SVG files.")] = None,
) -> None:
    """One self-contained HTML page: verdicts, figures, spend, and how to run it again.

    Example: fairwatt report results/quickstart -o report.html
    """
    from fairwatt.analysis.load import load

    loaded = load(results)
    _report(loaded, loaded.comparisons(), out or results / "report.html", figures)


@spaces_app.callback()
def spaces(context: typer.Context) -> None:
    """List the search spaces.

    Example: fairwatt spaces show digits-cells-5v
    """
    from fairwatt.registry import BENCHMARKS, make_benchmark

    if context.invoked_subcommand:
        return
    table = _table("space", "configurations", "fidelities", "repeats", "c̄, kWh", "energy")
    for name in BENCHMARKS.names():
        try:
            benchmark = make_benchmark(name)
        except UserError:
            table.add_row(name, "not here", "", "", "", f"fairwatt spaces show {name}")
            continue
        truth = benchmark.reference()
        table.add_row(
            name,
            f"{len(truth.keys):,}",
            ", ".join(f"{fidelity:.3g}" for fidelity in truth.fidelities),
            str(truth.replicates),
            f"{truth.energy_kwh.mean():.4g}",
            benchmark.provenance.get("energy_kwh", ""),
        )
    console.print(table)


@spaces_app.command("show")
def spaces_show(name: str) -> None:
    """One space: its size, prices, provenance and notes.

    Example: fairwatt spaces show ec-nas-4v
    """
    from fairwatt.registry import make_benchmark

    benchmark = make_benchmark(name)
    truth = benchmark.reference()
    table = _table("", name)
    table.add_row("configurations", f"{len(truth.keys):,}")
    table.add_row("fidelities", ", ".join(f"{fidelity:.4g}" for fidelity in truth.fidelities))
    table.add_row("repeats", str(truth.replicates))
    table.add_row("longer trainings continue shorter ones", "yes" if truth.resumable else "no")
    table.add_row("c̄, mean energy of full training", f"{truth.energy_kwh.mean():.4g} kWh")
    table.add_row("full training of everything", f"{truth.energy_kwh.sum():.4g} kWh")
    table.add_row("best validation error", f"{truth.val_error.min():.4f}")
    if truth.has_test:
        table.add_row("best test error", f"{truth.test_error.min():.4f}")
    for column, source in benchmark.provenance.items():
        table.add_row(f"{column} is", source)
    table.add_row("data sha256", truth.data_sha256)
    for note in truth.notes:
        table.add_row("note", note)
    console.print(table)


@optimizers_app.callback()
def optimizers(context: typer.Context) -> None:
    """List the optimizers.

    Example: fairwatt optimizers show bohb
    """
    from fairwatt.registry import OPTIMIZERS

    if context.invoked_subcommand:
        return
    table = _table("name", "ranked as", "fidelities", "extra", "source")
    for name in OPTIMIZERS.names():
        factory = OPTIMIZERS.load(name)
        fidelity = "multi" if factory.multi_fidelity else "full"
        table.add_row(name, " and ".join(factory.kinds) + "-objective", fidelity, factory.extra, factory.source)
    console.print(table)


@optimizers_app.command("show")
def optimizers_show(name: str) -> None:
    """One optimizer: its source and settings.

    Example: fairwatt optimizers show re
    """
    from fairwatt.registry import OPTIMIZERS

    factory = OPTIMIZERS.load(name)
    console.print(f"{factory.source}\n{factory.summary}")
    table = _table("setting", "default")
    for setting, value in factory.defaults.items():
        table.add_row(setting, repr(value))
    console.print(table)


@data_app.command("import")
def data_import(
    file: Annotated[Path, typer.Argument(help="An EC-NAS .tfrecord file, or ecnas_linscale.parquet.")],
    name: Annotated[str | None, typer.Option(help="Name of the table; official files have theirs.")] = None,
) -> None:
    """Read a file of measurements, check all of it, and store it as a table.

    Example: fairwatt data import energy_4V9E_linscale.tfrecord
    """
    from fairwatt.search_spaces.sources import import_file
    from fairwatt.search_spaces.table import open_table

    with _Progress(file.name, "") as shown:
        path = import_file(file, name, shown.update)
    table = open_table(path)
    console.print(f"{table.card.name}: {table.rows:,} rows, c̄ {table.card.mean_full_kwh:.4f} kWh, in {path}")


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

    table = _table("table", "here", "rows", "file to import", "what it is")
    for info in list_tables():
        file = info.source.filename if info.source and info.state == "missing" else ""
        table.add_row(info.name, info.state, f"{info.rows:,}" if info.rows else "", file, info.title)
    console.print(table)


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
            _complain(str(error))
    if damaged:
        raise typer.Exit(2)


@sweep_app.command("run")
def sweep_run(
    spec: Annotated[Path, typer.Argument(help="A YAML file: name, space, epochs, repeats.")], workers: Workers = 0
) -> None:
    """Train everything that is not trained yet; stop it at any moment, run it again to go on.

    Example: fairwatt sweep run SWEEP.yaml --workers 4
    """
    from fairwatt.experiments.sweep import run_sweep

    with _Progress(spec.stem, "bundles") as shown:
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

    with _Progress(spec.stem, "timed cells") as shown:
        path = collect(spec, shown.update, out=out)
    console.print(f"table: {path}\ncard: {path.with_suffix('.md')}")


def _run(study: "Study", folder: Path, executor: str, workers: int) -> None:
    from fairwatt.experiments.executor import Outcome, run_study

    failures: list[Outcome] = []
    with _Progress(study.study) as shown:

        def step(done: int, total: int, outcome: "Outcome | None") -> None:
            shown.update(done, total)
            if outcome and outcome.error:
                failures.append(outcome)

        run_study(study, folder, executor=executor, workers=workers, progress=step)
    if failures:
        first = failures[0]
        cell = f"{first.cell.arm.label} on {first.cell.space}, seed {first.cell.seed}"
        raise UserError(f"{len(failures)} searches failed, first {cell}: {first.error}; see: fairwatt status {folder}")


def _compare(folder: Path) -> "tuple[Results, list[Comparison]]":
    from fairwatt.analysis.load import load
    from fairwatt.analysis.wording import sentence, short_table

    results = load(folder)
    comparisons = results.comparisons()
    for caveat in results.caveats:
        console.print(f"PROVISIONAL: {caveat}")
    for comparison in comparisons:
        console.print(f"\n{comparison.space}: arms against {results.study['reference']}", style="bold")
        for kind in dict.fromkeys(verdict.kind for verdict in comparison.verdicts):
            words = short_table(comparison.verdicts, kind)
            table = _table(*words.columns)
            for row in words.rows:
                table.add_row(*row)
            console.print(f"\n{words.caption}")
            console.print(table)
        console.print()
        for verdict in comparison.verdicts:
            console.print(f"- {sentence(verdict)}")
        if not comparison.verdicts:
            console.print(f"nothing to compare with {results.study['reference']} yet; see: fairwatt status {folder}")
    return results, comparisons


def _report(results: "Results", comparisons: "list[Comparison]", out: Path, figure_folder: Path | None = None) -> None:
    from fairwatt.analysis.report import write_report

    if out.suffix not in (".html", ".htm"):
        raise UserError(f"{out}: the report is an .html file; the verdicts go beside it as .csv")
    try:
        write_report(results, comparisons, out, figure_folder)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror})") from None
    console.print(f"\nreport: {out}\nverdicts with all their numbers: {out.with_suffix('.csv')}")
    if figure_folder is not None:
        console.print(f"figures: {figure_folder}")


class _Progress:
    """A bar on a terminal; in a log a plain line at each tenth, or none where the unit is empty."""

    def __init__(self, title: str, unit: str = "searches") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console) if console.is_terminal else None
        self._title, self._unit = title, unit
        self._task = self._bar.add_task(title, total=None) if self._bar else None
        self._tenth = -1

    def __enter__(self) -> "_Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Show that `done` of `total` are finished."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif self._unit and (tenth := 10 * done // max(total, 1)) > self._tenth:
            self._tenth = tenth
            console.print(f"{self._title}: {done:,} of {total:,} {self._unit}")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _complain(message: str) -> None:
    print(f"fairwatt: {message}", file=sys.stderr)


def _usage(error: Any) -> str:
    """The parser's complaint in one line, with the nearest command where that is what was wrong."""
    message = " ".join(error.format_message().split()).rstrip(".")
    commands = getattr(error.ctx and error.ctx.command, "commands", None)
    where = error.ctx.command_path if error.ctx else "fairwatt"
    if commands and message.startswith("No such command"):
        return str(UnknownNameError(f"command of {where}:", message.split("'")[1], commands))
    return f"{message} (see: {where} --help)"


if __name__ == "__main__":
    main()
