"""Which files there are under the paths that a user named, and what each holds: a tool's history, or a table."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fairwatt.audit.column_guess import guess
from fairwatt.audit.column_map import UNITS, Formula, formula
from fairwatt.audit.log import LogError
from fairwatt.audit.own_files import wrote_audit
from fairwatt.audit.path_pattern import FIELDS, Names
from fairwatt.audit.presets import PRESETS, Preset, preset_of
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.table_file import SUFFIXES, is_table, read_table
from fairwatt.audit.vocabulary import ACCURACY, tokens, unit_of
from fairwatt.errors import UserError

MOST_FILES = 100_000


class Reading:
    """How the user wants files read."""

    def __init__(self, preset: str, columns: dict[str, str], names: Names | None) -> None:
        self.preset, self.columns, self.names = preset, columns, names
        self._seen: dict[Path, Path] = {}
        self.left_out: list[Path] = []
        self.unfit: list[Path] = []

    def raws(self, path: Path) -> list[RawLog]:
        """All of one path that the user named; nothing where an audit wrote it."""
        found = []
        for file, preset in self._files(path):
            try:
                found += self._raw(file, preset)
            except LogError as error:
                raise error if file == path else _within(path, error) from None
        return found

    def of_trials(self, paths: Sequence[Path]) -> RawLog:
        """The tables of all paths as one, each the reports of one training, with what their paths name as columns."""
        import pandas as pd

        assert self.names is not None
        frames = []
        for path in paths:
            for file, preset in self._files(path):
                if preset:
                    raise LogError(f"{file}: a history of {preset.name} has its trials in it; leave {{trial}} out")
                frames.append(read_table(file).assign(**self.names.read(str(file))))
        if not frames:
            raise UserError("no log is named but what an audit wrote; name files or folders: fairwatt audit LOG...")
        source = str(paths[0]) if len(frames) == 1 else f"{paths[0]} ({len(frames):,} files, one after another)"
        frame = pd.concat(frames, ignore_index=True)
        stated = {name: Formula((name,)) for name in FIELDS if name in self.names.fields and name not in self.columns}
        raw = guess(frame, source, {**self.columns, **dict.fromkeys(stated, "")})
        why = f"From the paths, by --files: {', '.join(self.names.fields)}."
        unnamed = {"method": Formula(constant="unnamed")}
        raw = replace(raw, formulas={**unnamed, **raw.formulas, **stated}, notes=(*raw.notes, why))
        return self._overridden(raw)

    def _files(self, path: Path) -> list[tuple[Path, Preset | None]]:
        """Files to read under a path that no audit wrote, each with the tool that wrote it; None for a plain table.

        Raises UserError for a file that was there before.
        """
        found = []
        for file, preset in self._found(path):
            if wrote_audit(file):
                self.left_out.append(file)
                continue
            where = file.resolve()
            if where in self._seen:
                raise UserError(f"{file} is named twice, as {self._seen[where]} too; name it once")
            self._seen[where] = file
            found.append((file, preset))
        return found

    def _found(self, path: Path) -> Sequence[tuple[Path, Preset | None]]:
        """In a folder, tables are read only where no tool's history is found."""
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
        tables = [file for file in files if is_table(file)]
        if self.names:
            self.unfit += [file for file in tables if not self.names.fit(file)]
            tables = [file for file in tables if self.names.fit(file)]
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

    def _raw(self, file: Path, preset: Preset | None) -> list[RawLog]:
        """What a file holds, with what the user says of it."""
        raws = preset.read(file, self.columns) if preset else [guess(read_table(file), str(file), self.columns)]
        return [self._overridden(raw) for raw in raws]

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


def _within(path: Path, error: LogError) -> LogError:
    return LogError(f"{error} (to leave this file out, move it out of {path}, or name the other files)")


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
