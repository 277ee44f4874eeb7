"""The command line. Thin: every command calls one function of the package and prints what it returns."""

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairwatt.cli_audit import audit
from fairwatt.cli_console import complain, console, prose
from fairwatt.cli_data import data_app, data_list
from fairwatt.cli_export import figure, table
from fairwatt.cli_listing import Listing
from fairwatt.cli_lists import spaces_app
from fairwatt.cli_optimizers import check, new_app, optimizers_app
from fairwatt.cli_reproduce import reproduce
from fairwatt.cli_run import run_with_progress
from fairwatt.cli_surrogate import surrogate_app
from fairwatt.cli_sweep import Executor, Scheduler, Workers, sweep_app
from fairwatt.cli_tune import tune
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from fairwatt.analysis.load import Results
    from fairwatt.analysis.verdict import Comparison

app = typer.Typer(
    name="fairwatt",
    help="Compare NAS and HPO optimizers under shared energy budgets.\n\nExample: fairwatt demo",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data")
app.add_typer(sweep_app, name="sweep")
app.add_typer(surrogate_app, name="surrogate")
app.add_typer(spaces_app, name="spaces")
app.add_typer(optimizers_app, name="optimizers")
app.add_typer(new_app, name="new")
app.command()(check)
app.command()(tune)
app.command()(table)
app.command()(figure)
app.command()(audit)
app.command()(reproduce)

Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder of the results; results/STUDY by default.")]

UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # click's, wherever this typer keeps it
INTERRUPTED = 130


def main() -> None:
    """The `fairwatt` command. Exit code 2, one line and no traceback for the user's mistakes."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy or torch start threads that spin against each other
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except UserError as error:
        complain(str(error))
        code = 2
    except UsageError as error:
        complain(_usage(error))
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except OSError as error:  # a full disk, a missing permission, a file where a folder should be
        complain(f"{error.filename or 'input or output'}: {error.strerror or error}")
        code = 2
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code
        complain(
            "stopped; finished searches, trainings and downloads are kept, and the same command goes on from there"
        )
    sys.exit(code if isinstance(code, int) else 0)


def command() -> None:
    """`main` as a process of its own: it ends without freeing millions of requests one by one, a third of a second."""
    try:
        main()
    except SystemExit as end:
        if threading.active_count() == 1:
            atexit._run_exitfuncs()
            with suppress(OSError):  # what cannot be written the usual end says
                sys.stdout.flush()
                os._exit(int(end.code or 0))
        raise


@app.command()
def demo(out: Out = None, workers: Workers = 0) -> None:
    """Seven optimizers on an embedded table: verdict and report in about a minute.

    Example: fairwatt demo
    """
    from fairwatt.experiments.study import read_study

    study = read_study("quickstart")
    folder = out or Path("results") / study.study
    run_with_progress(study, folder, "processes", workers)
    _report(*_compare(folder), folder / "report.html")


@app.command()
def doctor() -> None:
    """What is installed, which meters and tables are here, and what to do about the rest.

    Example: fairwatt doctor
    """
    from fairwatt.doctor import examine

    lines = Listing("", "what", "state", "what to do")
    for finding in examine():
        lines.add_row("ok" if finding.ok else "-", finding.what, finding.state, finding.todo)
    console.print(lines)
    data_list()


@app.command()
def run(
    study: Annotated[
        str, typer.Argument(help="A YAML file, a folder of results, the name of a study, or key=value words.")
    ],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value words that change the study.")] = None,
    out: Out = None,
    executor: Executor = "processes",
    workers: Workers = 0,
    scheduler: Scheduler = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and stop.")] = False,
) -> None:
    """Run a study; finished searches are skipped, so the same command goes on after a stop.

    Words alone make a study: fairwatt run optimizer=hill.py:hill,re,rs space=toy-cells seeds=0:30 budget=30

    Example: fairwatt run quickstart seeds=0:10 --out results/first
    """
    from fairwatt.experiments.executor import check_study
    from fairwatt.experiments.study import cells, read_study
    from fairwatt.experiments.worlds import in_words

    declared = read_study(study, overrides or [])
    again = (Path(study) / "study.json").is_file()
    folder = out or (Path(study) if again else Path("results") / declared.study)
    if dry_run:
        check_study(declared, folder, executor, scheduler)
        seeds = sorted({len(declared.seeds_of(arm)) for arm in declared.optimizers})
        console.print(
            f"{len(cells(declared))} searches: {len(declared.spaces)} space(s) x {len(declared.optimizers)} "
            f"optimizer(s) x {' to '.join(map(str, seeds[:: max(len(seeds) - 1, 1)]))} seed(s), at "
            f"{' and '.join(declared.budgets)}, into {folder}"
        )
        for line in in_words(declared):
            prose(line)
        return
    run_with_progress(declared, folder, executor, workers, scheduler)
    console.print(f"compare them: fairwatt compare {folder}")


@app.command()
def status(results: Annotated[Path, typer.Argument(help="A folder of results.")]) -> None:
    """What is done, missing and failed.

    Example: fairwatt status results/quickstart
    """
    from fairwatt.experiments.store import Store, progress, read_stored_study

    lines, store = Listing("space", "arm", "done", "missing", "failed", "reason of the first failure"), Store(results)
    for line in progress(store, read_stored_study(results)):
        reason = next(iter(line.failed.values()), "")
        lines.add_row(line.space, line.arm, str(line.done), str(len(line.missing)), str(len(line.failed)), reason)
    console.print(lines)
    for rerun in store.planned():
        if rerun.note:
            prose(f"not run again: {rerun.name} on {rerun.space}: {rerun.note}")


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
    _report(*_load(results), out or results / "report.html", figures)


def _load(folder: Path) -> "tuple[Results, list[Comparison]]":
    from fairwatt.analysis.load import load

    comparisons: list[Comparison] = []

    def begin(comparison: "Comparison") -> None:
        gc.freeze()  # what is read stays until the command ends: the collector need not look it over again and again
        comparison.begin()
        comparisons.append(comparison)

    return load(folder, begin), comparisons


def _compare(folder: Path) -> "tuple[Results, list[Comparison]]":
    from fairwatt.report.wording import Basis, sentence, short_table

    results, comparisons = _load(folder)
    for caveat in results.caveats:
        prose(f"PROVISIONAL: {caveat}")
    for comparison in comparisons:
        basis = Basis.of(comparison)
        console.print(f"\n{comparison.space}: {_compared(comparison)}", style="bold")
        prose(results.references[comparison.space].energy_label)
        for kind in dict.fromkeys(verdict.kind for verdict in comparison.verdicts):
            words = short_table(comparison.verdicts, kind, basis)
            lines = Listing(*words.columns)
            for row in words.rows:
                lines.add_row(*row)
            console.print(f"\n{words.caption}")
            console.print(lines)
        console.print()
        for verdict in comparison.verdicts:
            prose(f"- {sentence(verdict, basis)}")
        if not comparison.verdicts:
            console.print(f"nothing to compare with {results.study['reference']} yet; see: fairwatt status {folder}")
    return results, comparisons


def _compared(comparison: "Comparison") -> str:
    reference = comparison.protocol.reference_arm
    return (
        f"all pairs of arms, {reference} the reference"
        if comparison.protocol.all_pairs
        else f"arms against {reference}"
    )


def _report(results: "Results", comparisons: "list[Comparison]", out: Path, figure_folder: Path | None = None) -> None:
    from fairwatt.report.page import write_report

    if out.suffix not in (".html", ".htm"):
        raise UserError(f"{out}: the report is an .html file; the verdicts go beside it as .csv")
    try:
        write_report(results, comparisons, out, figure_folder)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror})") from None
    console.print(f"\nreport: {out}\nverdicts with all their numbers: {out.with_suffix('.csv')}")
    console.print(f"checklists for authors: {out.with_name(out.stem)}-checklists.md")
    if figure_folder is not None:
        console.print(f"figures: {figure_folder}")


def _usage(error: Any) -> str:
    """The parser's complaint in one line, with the nearest command where that is what was wrong."""
    message = " ".join(error.format_message().split()).rstrip(".")
    commands = getattr(error.ctx and error.ctx.command, "commands", None)
    where = error.ctx.command_path if error.ctx else "fairwatt"
    if commands and message.startswith("No such command"):
        return str(UnknownNameError(f"command of {where}:", message.split("'")[1], commands))
    return f"{message} (see: {where} --help)"


if __name__ == "__main__":
    command()
