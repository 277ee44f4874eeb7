"""`read_logs`: histories as any tool left them on disk -> one `Log`."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fairwatt.audit.column_guess import guess
from fairwatt.audit.column_map import UNITS, Formula, formula, items
from fairwatt.audit.doubts import check_formulas, doubted
from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import Log, LogError, together
from fairwatt.audit.log_frame import SEARCH, Requests, log_frame, requests
from fairwatt.audit.log_names import Names, default_names, shown
from fairwatt.audit.presets import PRESETS, Preset, preset_of
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.table_file import SUFFIXES, is_table, read_table
from fairwatt.audit.vocabulary import ACCURACY, tokens, unit_of
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

MOST_FILES = 100_000
_SPAN = re.compile(r"(.*) lies in (-?\d\S*) to (-?\d\S*), (.*)", re.DOTALL)


def read_logs(paths: Sequence[Path], *, preset: str = "", columns: str = "", files: str = "") -> Log:
    """Everything under these files and folders as one log; each file by the tool that wrote it, or as a table.

    preset: the tool, one of PRESETS or "table"; by content where empty. columns: what stands for what, see
    `column_map`. files: where method, space and seed stand in paths, such as "{method}/{space}/seed{seed}.csv".
    Raises LogError, or UserError for what is no log at all, with one line each.
    """
    if preset and preset not in (*PRESETS, "table"):
        raise UnknownNameError("preset", preset, (*PRESETS, "table"))
    if not paths:
        raise UserError("no log is named; name files or folders: fairwatt audit LOG...")
    return _logs(paths, _Reading(preset, items(columns), Names(files) if files else None))


def _logs(paths: Sequence[Path], reading: "_Reading") -> Log:
    """All paths read, decided on together, and named."""
    raws: list[RawLog] = []
    ends: list[int] = []
    seen: dict[Path, Path] = {}
    for path in paths:
        raws += reading.raws(path, seen)
        ends.append(len(raws))
    _check_alike(raws)
    check_formulas(raws)
    made = [requests(raw) for raw in raws]
    _check_distinct(made)
    made = doubted(made)
    frames = shown([log_frame(each) for each in made])
    starts = [0, *ends[:-1]]
    return together([_log(path, made[a:b], frames[a:b]) for path, a, b in zip(paths, starts, ends, strict=True)])


def _log(path: Path, made: Sequence[Requests], frames: Sequence["pd.DataFrame"]) -> Log:
    """All of one path that the user named."""
    import pandas as pd

    raws = [each.raw for each in made]
    frame = pd.concat(frames, ignore_index=True).sort_values([*SEARCH, "order"], ignore_index=True)
    return Log(
        frame,
        raws[0].units["cost_unit"],
        raws[0].units["error_unit"],
        all(raw.bounded for raw in raws),
        (str(path),),
        (
            *_merged(note for each in made for note in each.notes),
            *_counted((each.counts for each in made), frame),
        ),
        all("energy" in raw.formulas and "energy" not in raw.guessed for raw in raws),
    )


class _Reading:
    """How the user wants files read."""

    def __init__(self, preset: str, columns: dict[str, str], names: Names | None) -> None:
        self.preset, self.columns, self.names = preset, columns, names

    def raws(self, path: Path, seen: dict[Path, Path]) -> list[RawLog]:
        """All of one path that the user named. seen: the files that were read already, by the path of each."""
        found = []
        for file, preset in self._files(path):
            where = file.resolve()
            if where in seen:
                raise UserError(f"{file} is named twice, as {seen[where]} too; name it once")
            seen[where] = file
            try:
                found += list(self._raw(file, preset))
            except LogError as error:
                if file == path:
                    raise
                raise LogError(
                    f"{error} (to leave this file out, move it out of {path}, or name the other files)"
                ) from None
        return found

    def _files(self, path: Path) -> Sequence[tuple[Path, Preset | None]]:
        """Files to read under a path, each with the tool that wrote it; None for a plain table.

        In a folder, tables are read only where no tool's history is found.
        """
        if not path.is_dir():
            return [(path, PRESETS.get(self.preset) or (None if self.preset else preset_of(path)))]
        if (path / "study.json").is_file() and list(path.glob("*/reference.json")):
            raise UserError(
                f"{path} is a fairwatt study, whose verdicts need no audit: fairwatt compare {path}, "
                f"fairwatt report {path}"
            )
        files = _walk(path)
        found = [(file, preset) for file in files for preset in (self._preset_within(file),) if preset]
        if found:
            return found
        tables = [file for file in files if is_table(file) and (not self.names or self.names.fit(file))]
        if self.preset not in ("", "table") or not tables:
            known = ", ".join(PRESETS) if not self.preset else self.preset
            raise LogError(f"{path}: no history found in it (looked for {known}; tables end in {', '.join(SUFFIXES)})")
        return [(file, None) for file in tables]

    def _preset_within(self, file: Path) -> Preset | None:
        """The tool of a file in a folder, if it is the one that the user named; unreadable files are none's."""
        try:
            found = None if self.preset == "table" else preset_of(file)
        except LogError:
            return None
        return found if not self.preset or (found and found.name == self.preset) else None

    def _raw(self, file: Path, preset: Preset | None) -> Iterator[RawLog]:
        """What a file holds, with what the user says of it."""
        raws = preset.read(file, self.columns) if preset else [self._table(file)]
        for raw in raws:
            yield self._named(self._overridden(raw))

    def _table(self, file: Path) -> RawLog:
        return guess(read_table(file), str(file), self.columns)

    def _overridden(self, raw: RawLog) -> RawLog:
        """With the formulas that the user gave."""
        if not self.columns:
            return raw
        known = [str(name) for name in raw.frame.columns]
        given = {name: formula(name, right, known, raw.source) for name, right in self.columns.items()}
        units, bounded = dict(raw.units), raw.bounded
        if "cost" in given:
            units["cost_unit"] = unit_of(given["cost"])
        if "val_error" in given:
            units["error_unit"], bounded = _error_unit(given["val_error"])
        for name in UNITS:
            if name in given:
                units[name] = given.pop(name).constant or ""
        said = ", ".join(f"{name}={each.in_words}" for name, each in given.items())
        notes = (*raw.notes, *([f"As told: {said}."] if said else []))
        guessed = raw.guessed - given.keys()
        formulas = {**raw.formulas, **given}
        return replace(raw, formulas=formulas, units=units, bounded=bounded, notes=notes, guessed=guessed)

    def _named(self, raw: RawLog) -> RawLog:
        """With the method, space and seed of its path where no column tells."""
        told = {name: each for name, each in raw.formulas.items() if each.known}
        if self.names is not None:
            found = self.names.read(raw.source)
            stated = {name: word for name, word in found.items() if name not in self.columns}
            why = "From the paths, by --files: " + ", ".join(stated) + "."
        else:
            stated = {name: word for name, word in default_names(Path(raw.source)).items() if name not in told}
            missing = [name for name in ("method", "seed") if name in stated]
            why = f"No column tells {' and '.join(missing)}: taken from the names of files." if missing else ""
        constants = {name: Formula(constant=word) for name, word in stated.items()}
        return replace(raw, formulas={**told, **constants}, notes=(*raw.notes, *([why] if why else [])))


def _merged(notes: Iterable[str]) -> list[str]:
    """Each note once; the ranges of a column in many files as one."""
    spans: dict[tuple[str, str], tuple[float, float]] = {}
    found: dict[str | tuple[str, str], None] = {}
    for note in notes:
        span = _SPAN.fullmatch(note)
        found[(span[1], span[4]) if span else note] = None
        if span:
            low, high = spans.get((span[1], span[4]), (float("inf"), float("-inf")))
            spans[span[1], span[4]] = min(low, float(span[2])), max(high, float(span[3]))
    named = {key: f"{key[0]} lies in {low:.4g} to {high:.4g}, {key[1]}" for key, (low, high) in spans.items()}
    return [key if isinstance(key, str) else named[key] for key in found]


def _counted(counts: Iterable[Mapping[str, int]], frame: "pd.DataFrame") -> list[str]:
    """What was left out or failed, in all files together."""
    totals: Counter[str] = Counter()
    for each in counts:
        totals.update(each)
    said = [sentence.format(count) for sentence, count in totals.items() if count]
    failed = int((~frame["valid"]).sum())
    if failed:
        told = int((~frame["valid"] & (frame["cost"] > 0)).sum())
        cost = f"the log holds a cost of {told:,} of them" if told else "the log holds no cost of them"
        said.append(f"{failed:,} of {len(frame):,} requests failed; {cost}, and where there is none they cost 0.")
    return said


def _walk(folder: Path) -> list[Path]:
    """Files of a folder in the order of their paths; hidden ones and folders that cannot be opened are left out.

    Raises LogError where there are too many.
    """
    found, number = [], 0
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        number += len(folders) + len(files)
        if number > MOST_FILES:
            raise LogError(f"{folder}: more than {MOST_FILES:,} files; name a smaller folder")
        found += [Path(where, name) for name in files if not name.startswith(".")]
    return sorted(path for path in found if path.is_file())


def _error_unit(error: Formula) -> tuple[str, bool]:
    """The unit of an error that the user told, and whether it is an error rate: 1 minus what is called an accuracy."""
    accuracy = error.offset == 1 and error.scale < 0 and bool(ACCURACY & set(tokens(error.columns[0])))
    return ("1 - accuracy" if accuracy else error.in_words), accuracy


def _check_alike(raws: Sequence[RawLog]) -> None:
    first = raws[0]
    for raw in raws:
        for unit in UNITS:
            if raw.units[unit] != first.units[unit]:
                raise LogError(
                    f"{unit} differs: {first.units[unit]} in {first.source}, {raw.units[unit]} in {raw.source}; audit "
                    f"them apart, or, if they are the same, say so: --columns \"{unit}='{first.units[unit]}'\""
                )


def _check_distinct(made: Sequence[Requests]) -> None:
    """Raises LogError where two sources hold the same search."""
    seen: dict[tuple[str, ...], str] = {}
    for each in made:
        for search in each.frame[SEARCH].drop_duplicates().itertuples(index=False, name=None):
            if search in seen:
                called = " / ".join(printable(name) for name in search)
                raise LogError(
                    f"{each.raw.source}: the search {called} is in {seen[search]} too; say what in their paths "
                    'tells them apart, such as --files "{method}/seed{seed}.csv"'
                )
            seen[search] = each.raw.source
