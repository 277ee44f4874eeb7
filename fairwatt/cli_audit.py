"""`fairwatt audit`: anyone's history, from any tool."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairwatt.cli_console import console, prose
from fairwatt.cli_listing import Listing
from fairwatt.errors import UserError

if TYPE_CHECKING:
    from fairwatt.audit.audit import Audit
    from fairwatt.problem import Reference
    from fairwatt.report.wording import TextTable


_LONG = 500_000  # requests from which there is something to wait for


def audit(
    logs: Annotated[list[Path], typer.Argument(help="Files or folders: CSV, JSONL, Parquet, or what a tool left.")],
    reference: Annotated[str, typer.Option(help="The method that others are held against; random search.")] = "",
    cut: Annotated[str, typer.Option(help="Rules, comma-separated, such as 'mean, max, common' or a number.")] = "",
    endpoint: Annotated[str, typer.Option(help="hypervolume, regret or both; by default what the log has.")] = "",
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML page; CSV and JSON go beside it.")] = Path(
        "audit.html"
    ),
    columns: Annotated[str, typer.Option(help="What stands for what, such as 'method=algo, cost=kwh'.")] = "",
    preset: Annotated[str, typer.Option(help="The tool that wrote the logs, where that is not seen.")] = "",
    files: Annotated[str, typer.Option(help="Where names stand in paths: '{method}/{seed}/{trial}.csv'.")] = "",
    matched_on: Annotated[str, typer.Option(help="cost, evaluations or fidelity (the sum of epochs).")] = "cost",
    invalid_cost: Annotated[float | None, typer.Option(help="Try this price for each impossible proposal.")] = None,
    space: Annotated[
        list[str] | None, typer.Option(help="A table of ours for a space of the log, such as 5v=ec-nas-5v-partial.")
    ] = None,
    all_pairs: Annotated[bool, typer.Option("--all-pairs", help="Every method against every other.")] = False,
    paired: Annotated[bool, typer.Option("--paired", help="Compare seed by seed, where seeds are shared.")] = False,
) -> None:
    """Who is better at matched cost, from the history of any tool; what was spent; what cannot be concluded.

    Example: fairwatt audit runs.csv -o audit.html
    """
    from fairwatt.audit.audit import Audit
    from fairwatt.audit.audit_files import destinations
    from fairwatt.audit.log_file import read_logs
    from fairwatt.audit.matched import ENDPOINTS, rules
    from fairwatt.audit.page import write_audit
    from fairwatt.audit.settings import Settings

    destinations(out, logs)
    log = read_logs(logs, preset=preset, columns=columns, files=files)
    if len(log.frame) > _LONG:
        console.print(f"read: {len(log.frame):,} requests; comparing takes a minute or so")
    asked = ENDPOINTS if endpoint == "both" else (endpoint,) if endpoint else ()
    settings = Settings(
        reference=reference,
        rules=rules(cut),
        endpoints=asked,
        currency=matched_on,
        invalid_cost=invalid_cost,
        all_pairs=all_pairs,
        paired=paired,
        tables=_tables(space or [], log.spaces, log.cost_unit),
    )
    made = Audit(log, settings)
    try:  # before anything is printed: who reads that may stop early, as `head` does
        written = write_audit(made, out, "fairwatt " + shlex.join(sys.argv[1:]))
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror})") from None
    _show(made)
    console.print(f"\naudit: {written[0]}\nall comparisons: {written[1]}\neverything: {written[2]}")


def _show(made: "Audit") -> None:
    from fairwatt.audit import comparison_tables, log_tables, wording

    prose(wording.subtitle(made))
    for note in made.log.notes:
        prose(f"- {note}")
    tables = [log_tables.spend_words(made)]
    tables += [comparison_tables.effects_table(made, endpoint) for endpoint in made.endpoints if made.pairs]
    for table in tables:
        console.print()
        prose(table.caption)
        console.print(_listing(table))
    console.print()
    for words, _ in wording.answers(made):
        prose(f"- {words}")
    console.print("\nwhat cannot be concluded:")
    for sentence in made.conclusions:
        prose(f"- {sentence}")
    failed = [finding.threat.label for finding in made.findings if finding.state == "fail"]
    prose(f"\nthreats that this log shows: {', '.join(failed) or 'none'}; the page has the evidence for each of 26")


def _listing(table: "TextTable") -> Listing:
    lines = Listing(*table.columns)
    for row in table.rows:
        lines.add_row(*row)
    return lines


def _tables(words: list[str], spaces: tuple[str, ...], unit: str) -> "dict[str, Reference]":
    """Tables of ours by the log's name of the space."""
    from fairwatt.errors import UnknownNameError
    from fairwatt.registry import BENCHMARKS, make_benchmark

    found = {}
    for word in words:
        there, _, table = word.rpartition("=")
        BENCHMARKS.load(table)  # a wrong name is the first thing to know
        if not there:
            if len(spaces) != 1:
                raise UserError(
                    f"--space {word}: the log has {len(spaces)} spaces; say which: --space {spaces[0]}={word}"
                )
            there = spaces[0]
        if there not in spaces:
            raise UnknownNameError("space of the log", there, spaces)
        if unit != "kWh":
            raise UserError(
                f"--space {word}: tables count kWh, and this log counts {unit}; leave it out, or name a column in kWh: "
                "--columns cost=COLUMN"
            )
        found[there] = make_benchmark(table).reference()
    return found
