"""Importing an EA-HAS-style sweep: a table of RegNet + HPO trainings in the user's cache, with a report of all checks.

EA-HAS-Bench evaluates one split, the test images. What is searched on cannot test what was found, so a table of such
data has a validation column and no test column. What comes from the file counts as estimated, as in all tables of files
that the catalogue does not know; what is worked out of a configuration is a fact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fairwatt.errors import UserError
from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.eahas_configs import ConfigReader
from fairwatt.search_spaces.eahas_curves import CurveReader, curve_parts
from fairwatt.search_spaces.eahas_energy import read_energies
from fairwatt.search_spaces.eahas_fields import VALIDATION, printable, shown
from fairwatt.search_spaces.eahas_report import SweepReport
from fairwatt.search_spaces.eahas_setting import Setting, SweepOptions, decide_setting, told_setting
from fairwatt.search_spaces.eahas_sweep import Progress, Sweep, SweepFileError, check_form, read_sweep
from fairwatt.search_spaces.eahas_table import sweep_card, sweep_columns
from fairwatt.search_spaces.eahas_training import Numbered, SweepTraining, checked, numbered
from fairwatt.search_spaces.regnet_encoding import ARCHITECTURE, HYPERS
from fairwatt.search_spaces.sources import GRIDS, SAMPLES, check_own_name, find_table, is_here
from fairwatt.search_spaces.table import TableError, open_table, write_table
from fairwatt.search_spaces.table_import import checksum

_RISE = 0.1
"""Of all images: errors that grow by more in most trainings are accuracies."""


class SweepRefusedError(UserError):
    """A sweep that was read to its end and of which no table is made; `report` has what was found."""

    def __init__(self, path: Path, reason: str, report: SweepReport) -> None:
        super().__init__(f"{path}: {reason}")
        report.stopped = reason
        self.path, self.reason, self.report = path, reason, report


def import_sweep(
    path: Path | str,
    options: SweepOptions | None = None,
    name: str = "",
    command: str = "",
    progress: Progress | None = None,
) -> tuple[Path, SweepReport]:
    """The table of a sweep, `<cache_dir>/samples/<name>.arrow`, or in `grids` where it is a whole grid; and its report.

    name: the data set's with "-sweep" by default. command: that the card names. Nothing is written unless everything
    was read. Raises SweepFileError for a faulty file, SweepRefusedError for a sound one of which no table can be made,
    UserError.
    """
    path, options = Path(path), options or SweepOptions()
    if name:
        check_own_name(name)
    check_form(path)
    digest, state = checksum(path)
    report = SweepReport(printable(path.name), digest)
    with path.open("rb") as stream:
        try:
            sweep = read_sweep(path, stream, progress)
            setting, configs, curves, trainings = _read(sweep, options, report)
        except SweepFileError:
            raise
        except UserError as error:
            raise SweepFileError(path, str(error)) from None
    if stamp.file_state(path) != state:
        raise SweepFileError(path, "changed while it was read; import it again")
    try:
        _check_all(trainings, configs, curves, options, report)
        kept, energies = read_energies(trainings, options, sweep.energy_unit, setting.gpus, report)
        rows = numbered(kept, report)
        if not rows:
            raise UserError(_why_none(report))
        report.taken = len(rows)
        report.configurations = len({training.key for training, _ in rows})
        report.networks = len({training.key // HYPERS for training, _ in rows})
        folder = GRIDS if _is_grid(rows) else SAMPLES
        named = _name(name, setting, folder, report)
        if energies:
            places = {training.record: place for place, training in enumerate(kept)}
            energies = energies.of([places[training.record] for training, _ in rows])
        columns = sweep_columns(rows, setting, configs.space, curves, energies)
    except UserError as error:
        raise SweepRefusedError(path, str(error), report) from None
    card = sweep_card(named, columns, setting, energies, report)
    if command:
        card = replace(card, created_by=command)
    return _write(folder, columns, card), report


def _read(
    sweep: Sweep, options: SweepOptions, report: SweepReport
) -> tuple[Setting, ConfigReader, CurveReader, list[SweepTraining]]:
    """All trainings that pass, one setting for all of them. Raises UserError, SweepFileError."""
    trainings: list[SweepTraining] = []
    told: dict[str, object] = {}
    made: tuple[Setting, ConfigReader, CurveReader] | None = None
    raw = False
    for record in sweep.records:
        report.records += 1
        if not record.curves:  # a job that died early: its log has nothing, and nothing else of it counts
            report.add("incomplete", record.number, (), "no curves: it never finished an epoch")
            continue
        own = told_setting(record)
        if made is None:
            told, setting = own, decide_setting(own, options)
            parts = curve_parts(sweep.curves, options.weights)
            made = setting, ConfigReader(setting, options.cutout, report), CurveReader(setting, parts, report)
        elif own != told:
            differs = next(name for name in own.keys() | told.keys() if own.get(name) != told.get(name))
            raise UserError(
                f"record {record.number} has {differs} {shown(own.get(differs))}, those before "
                f"{shown(told.get(differs))}; a table is of one setting: import them apart"
            )
        raw |= "raw_test_error" in record.curves
        if training := checked(record, made[1], made[2], report):
            trainings.append(training)
    if made is None:
        raise UserError(f"holds no training that finished an epoch ({report.records:,} records)")
    for words in _choices(sweep, made[0], options, raw):
        report.choose(words)
    return *made, trainings


def _choices(sweep: Sweep, setting: Setting, options: SweepOptions, raw: bool) -> Iterator[str]:
    parts = curve_parts(sweep.curves, options.weights)
    yield f"data set {setting.dataset}, space {setting.variant}, {setting.im_size} x {setting.im_size} images"
    if "test" not in parts:
        yield (
            f"one evaluated split, of {setting.count('test'):,} images ({parts['validation']}): searched on as "
            "validation, so there is no test error, and what a search finds here cannot be tested here"
            if parts["validation"].endswith("test_error")
            else "no test errors: what a search finds here cannot be tested here"
        )
    if options.weights == "raw":
        yield "errors are those of plain weights, as --weights raw says; EA-HAS-Bench takes those of averaged ones"
    elif raw:
        yield "errors are those of averaged weights (EMA), as EA-HAS-Bench takes; those of plain ones are left out"
    if sweep.unread:
        names = ", ".join(shown(name) for name in sweep.unread[:8])
        yield f"columns that mean nothing here: {names}{', ...' if len(sweep.unread) > 8 else ''}"


def _check_all(
    trainings: Sequence[SweepTraining],
    configs: ConfigReader,
    curves: CurveReader,
    options: SweepOptions,
    report: SweepReport,
) -> None:
    """What only the whole file shows. Raises UserError."""
    if configs.without_cutout:
        report.choose(f"cutout {options.cutout} of {configs.without_cutout:,} trainings, as --cutout says")
    elif options.cutout is not None:
        raise UserError("every training says its cutout; leave --cutout out")
    if not trainings:
        raise UserError(_why_none(report))
    searched = curves.parts["validation"]
    if "validation" in options.images and searched != VALIDATION:
        raise UserError(f"what is searched on here is {searched}: say --images test=N, and leave validation=N out")
    correct = [training.curves.correct["validation"] for training in trainings]
    worse = sum(int(each[0] - each[-1]) > _RISE * curves.images["validation"] for each in correct)
    if 2 * worse > len(trainings):
        raise UserError(
            f"{searched} grows by more than {_RISE * 100:g} % in {worse:,} of {len(trainings):,} trainings; are these "
            "accuracies? Errors are 100 minus them"
        )


def _why_none(report: SweepReport) -> str:
    most = max(report.findings, key=lambda finding: finding.count if finding.severity != "note" else 0)
    first = most.examples[0]
    return (
        f"none of the {report.records:,} trainings can be taken; {most.count:,}: {most.what} "
        f"(record {first.record}: {first.detail or most.kind})"
    )


def _is_grid(rows: Numbered) -> bool:
    """Whether every combination of the networks and hyperparameters was trained, all equally often."""
    firsts = [training.config for training, repeat in rows if repeat == 0]
    repeats = np.unique([training.key for training, _ in rows], return_counts=True)[1]
    points = len({config[:ARCHITECTURE] for config in firsts})
    for place in range(ARCHITECTURE, len(firsts[0])):
        points *= len({config[place] for config in firsts})
    return 1 < points == len(firsts) and len(set(repeats.tolist())) == 1


def _name(name: str, setting: Setting, folder: str, report: SweepReport) -> str:
    """Of the table: a name that was given replaces another file's table and says so, one that was not never does."""
    named = name or f"{setting.dataset}-sweep"
    check_own_name(named, folder)
    if not is_here(named):
        return named
    try:
        old = open_table(find_table(named)).card
    except TableError:
        if not name:
            raise
        report.replaced = f"{named}, which was damaged"
        return named
    if old.source_sha256 != report.sha256:
        if not name:
            raise UserError(f"the table {named} is there already, of another file; name this one: --name NAME")
        report.replaced = f"{named}, of {old.source} (sha256 {old.source_sha256[:12]}...)"
    return named


def _write(folder: str, columns: Mapping[str, Column], card: Card) -> Path:
    home = cache_dir() / folder
    try:
        home.mkdir(parents=True, exist_ok=True)
        written = write_table(home / f"{card.name}.arrow", columns, card)
    except OSError as error:
        raise UserError(f"{home}: cannot be written: {error.strerror or error} (set FAIRWATT_CACHE)") from None
    stamp.verify(open_table(written))
    return written
