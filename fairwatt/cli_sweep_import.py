"""`fairwatt data import --schema eahas`: what its options mean, and how the report of a sweep is shown and stored."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairwatt.cli_console import Progress, console, prose
from fairwatt.cli_listing import Listing
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.sealed import write_atomically

if TYPE_CHECKING:
    from fairwatt.search_spaces.eahas_report import SweepReport

SCHEMAS = ("eahas",)
_DEFAULTS = {"weights": "ema", "energy-unit": "auto", "energy-is": "auto"}


def check_unused(told: Mapping[str, Any]) -> None:
    """Raise UserError where an option of a schema is given without one."""
    if given := [name for name, value in told.items() if _is_given(name, value)]:
        raise UserError(f"--{given[0]} is for sweeps: --schema eahas")


def import_sweep(schema: str, file: Path, name: str, told: Mapping[str, Any]) -> Path:
    """Import a sweep, show and store its report; the path of the table. Raises UserError."""
    from fairwatt.search_spaces import eahas_import
    from fairwatt.search_spaces.eahas_setting import SweepOptions

    if schema not in SCHEMAS:
        raise UnknownNameError("schema", schema, SCHEMAS)
    report_file: Path | None = told["report"]
    if report_file is not None and report_file.suffix != ".json":
        raise UserError(f"{report_file}: the report is a .json file")
    options = SweepOptions(
        dataset=told["dataset"],
        variant=told["variant"],
        images=_images(told["images"] or []),
        cutout=told["cutout"],
        weights=told["weights"],
        energy_unit=told["energy-unit"],
        energy_series=told["energy-is"],
    )
    try:
        with Progress(file.name, "") as shown:
            path, report = eahas_import.import_sweep(file, options, name, _command(file, name, told), shown.update)
    except eahas_import.SweepRefusedError as refused:
        _show(refused.report, report_file)
        raise
    _show(report, report_file)
    return path


def _show(report: "SweepReport", file: Path | None) -> None:
    """Print what was found, and store it where that is asked for."""
    if file is not None:
        write_atomically(file, json.dumps(report.to_json(), indent=1, allow_nan=False).encode() + b"\n")
    prose(f"{report.records:,} trainings in {report.file}")
    if report.findings:
        lines = Listing("found", "", "trainings", "what", "first: record, configuration")
        for finding in report.findings:
            first = finding.examples[0]
            values = " ".join("?" if value is None else str(value) for value in first.config)
            where = f"{first.record}: {values}{f' ({first.detail})' if first.detail else ''}"
            lines.add_row(finding.kind, finding.severity, f"{finding.count:,}", finding.what, where)
        console.print(lines)
    for words in report.choices:
        prose(f"- {words}")
    if report.replaced and not report.stopped:
        prose(f"- in place of the table {report.replaced}")
    if not report.stopped:
        prose(
            f"taken: {report.taken:,} trainings, {report.configurations:,} configurations of {report.networks:,} "
            "networks"
        )


def _images(given: list[str]) -> dict[str, int]:
    """train=N and the like; raises UserError for anything else."""
    found = {}
    for each in (part for text in given for part in text.split(",")):
        part, _, count = each.partition("=")
        if not (count.isascii() and count.isdigit()):
            raise UserError(f"--images {each!r}: expected train=N, validation=N or test=N")
        found[part.strip()] = int(count[:12])
    return found


def _command(file: Path, name: str, told: Mapping[str, Any]) -> str:
    """What was typed, paths by their last part."""
    from fairwatt.search_spaces.eahas_fields import printable

    words = [
        "fairwatt",
        "data",
        "import",
        "--schema",
        "eahas",
        printable(file.name),
        *(["--name", name] if name else []),
    ]
    for option, value in told.items():
        if option != "report" and _is_given(option, value):
            words += [f"--{option}", ",".join(value) if isinstance(value, list) else str(value)]
    return shlex.join(words)


def _is_given(option: str, value: Any) -> bool:
    return value not in (None, "", [], _DEFAULTS.get(option))
