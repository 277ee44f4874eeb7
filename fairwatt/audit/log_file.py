"""`read_logs`: histories as any tool left them on disk -> one `Log`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fairwatt.audit.column_guess import guess
from fairwatt.audit.column_map import UNITS, Formula, formula, items
from fairwatt.audit.log import Log, LogError, together
from fairwatt.audit.log_frame import SEARCH, log_frame
from fairwatt.audit.log_names import Names, default_names
from fairwatt.audit.presets import PRESETS, Preset, preset_of
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.table_file import SUFFIXES, is_table, read_table
from fairwatt.audit.vocabulary import ACCURACY, tokens, unit_of
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

MOST_FILES = 100_000


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
    reading = _Reading(preset, items(columns), Names(files) if files else None)
    return together([reading.log(path) for path in paths])


class _Reading:
    """How the user wants files read."""

    def __init__(self, preset: str, columns: dict[str, str], names: Names | None) -> None:
        self.preset, self.columns, self.names = preset, columns, names

    def log(self, path: Path) -> Log:
        """All of one path that the user named."""
        import pandas as pd

        raws = [raw for file, preset in self._files(path) for raw in self._raw(file, preset)]
        _check_alike(raws)
        made = [log_frame(raw, self._guessed(raw)) for raw in raws]
        _check_distinct([(raw.source, frame) for raw, (frame, *_) in zip(raws, made, strict=True)])
        frame = pd.concat([frame for frame, *_ in made], ignore_index=True)
        frame = frame.sort_values([*SEARCH, "order"], ignore_index=True)
        return Log(
            frame,
            raws[0].units["cost_unit"],
            raws[0].units["error_unit"],
            all(raw.bounded for raw in raws),
            (str(path),),
            (
                *dict.fromkeys(note for _, notes, _ in made for note in notes),
                *_counted((counts for *_, counts in made), frame),
            ),
        )

    def _guessed(self, raw: RawLog) -> set[str]:
        return set(raw.formulas) - set(self.columns)

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
        files = list(_walk(path))
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
        return replace(raw, formulas={**raw.formulas, **given}, units=units, bounded=bounded, notes=notes)

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


def _walk(folder: Path) -> Iterator[Path]:
    """Files of a folder in the order of their paths, hidden ones left out. Raises LogError where there are too many."""
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number > MOST_FILES:
            raise LogError(f"{folder}: more than {MOST_FILES:,} files; name a smaller folder")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


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


def _check_distinct(made: Sequence[tuple[str, "pd.DataFrame"]]) -> None:
    """Raises LogError where two sources hold the same search."""
    seen: dict[tuple[str, ...], str] = {}
    for source, frame in made:
        for search in frame[SEARCH].drop_duplicates().itertuples(index=False, name=None):
            if search in seen:
                raise LogError(
                    f"{source}: the search {' / '.join(search)} is in {seen[search]} too; say what in their paths "
                    'tells them apart, such as --files "{method}/seed{seed}.csv"'
                )
            seen[search] = source
