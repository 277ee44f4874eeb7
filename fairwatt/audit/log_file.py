"""`read_logs`: histories as any tool left them on disk -> one `Log`."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import UNITS, Formula, items
from fairwatt.audit.doubts import check_formulas, doubted
from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import Log, LogError, together
from fairwatt.audit.log_frame import SEARCH, Requests, log_frame, requests
from fairwatt.audit.log_names import named, shown
from fairwatt.audit.log_sources import Reading
from fairwatt.audit.path_levels import says_seed, suggested
from fairwatt.audit.path_pattern import FIELDS, TRIAL, Names
from fairwatt.audit.presets import PRESETS
from fairwatt.audit.raw_log import RawLog
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 8
_SPAN = re.compile(r"(.*) lies in (-?\d\S*) to (-?\d\S*), (.*)", re.DOTALL)


def read_logs(paths: Sequence[Path], *, preset: str = "", columns: str = "", files: str = "") -> Log:
    """Everything under these files and folders as one log; each file by the tool that wrote it, or as a table.

    preset: the tool, one of PRESETS or "table"; by content where empty. columns: what stands for what, see
    `column_map`. files: where method, space and seed stand in paths, such as "{method}/{space}/seed{seed}.csv", and
    the `{trial}` where each file holds one training.
    Raises LogError, or UserError for what is no log at all, with one line each.
    """
    if preset and preset not in (*PRESETS, "table"):
        raise UnknownNameError("preset", preset, (*PRESETS, "table"))
    if not paths:
        raise UserError("no log is named; name files or folders: fairwatt audit LOG...")
    return _logs(paths, Reading(preset, items(columns), Names(files) if files else None))


def _logs(paths: Sequence[Path], reading: Reading) -> Log:
    """All paths read, decided on together, and named."""
    of_each: list[tuple[tuple[Path, ...], list[RawLog]]]
    if reading.names and TRIAL in reading.names.fields:
        of_each = [(tuple(paths), [reading.of_trials(paths)])]
        raws = of_each[0][1]
    else:
        of_each = [((path,), found) for path in paths if (found := reading.raws(path))]
        raws = named([raw for _, found in of_each for raw in found], reading.names, reading.columns)
    if not raws:
        listed = ", ".join(map(str, reading.left_out))
        raise UserError(f"{listed}: written by an audit, and no log; name the logs: fairwatt audit LOG...")
    _check_alike(raws)
    check_formulas(raws)
    made = [requests(raw) for raw in raws]
    _check_distinct(made, reading.columns)
    made = doubted(made)
    frames = shown([log_frame(each) for each in made])
    logs, start = [], 0
    for sources, found in of_each:
        end = start + len(found)
        logs.append(_log(sources, made[start:end], frames[start:end]))
        start = end
    form = reading.names.pattern if reading.names else ""
    said = {"Written by an audit": reading.left_out, f"Not of the form --files {form}": reading.unfit}
    for why, left in said.items():
        if left:
            logs[0] = replace(logs[0], notes=(*logs[0].notes, f"{why}, and left out: {_listed(left)}."))
    return together(logs)


def _listed(files: Sequence[Path]) -> str:
    """The names of files, the first of many."""
    more = f" and {len(files) - SHOWN:,} more" if len(files) > SHOWN else ""
    return ", ".join(printable(str(file)) for file in files[:SHOWN]) + more


def _log(sources: Sequence[Path], made: Sequence[Requests], frames: Sequence["pd.DataFrame"]) -> Log:
    """All of what the user named at once."""
    import pandas as pd

    raws = [each.raw for each in made]
    frame = pd.concat(frames, ignore_index=True).sort_values([*SEARCH, "order"], ignore_index=True)
    charged = any(raw.formulas.get("cost", Formula()).known for raw in raws)
    return Log(
        frame,
        raws[0].units["cost_unit"],
        raws[0].units["error_unit"],
        all(raw.bounded for raw in raws),
        tuple(map(str, sources)),
        (
            *_merged(note for each in made for note in each.notes),
            *_counted((each.counts for each in made), frame, charged),
        ),
        all("energy" in raw.formulas and "energy" not in raw.guessed for raw in raws),
    )


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


def _counted(counts: Iterable[Mapping[str, int]], frame: "pd.DataFrame", charged: bool) -> list[str]:
    """What was left out or failed, in all files together. charged: whether the log tells costs at all."""
    totals: Counter[str] = Counter()
    for each in counts:
        totals.update(each)
    said = [sentence.format(count) for sentence, count in totals.items() if count]
    failed = int((~frame["valid"]).sum())
    if failed and not charged:
        said.append(f"{failed:,} of {len(frame):,} requests failed; each counts as one evaluation, as any other.")
    elif failed:
        told = int((~frame["valid"] & (frame["cost"] > 0)).sum())
        cost = f"the log holds a cost of {told:,} of them" if told else "the log holds no cost of them"
        said.append(f"{failed:,} of {len(frame):,} requests failed; {cost}, and where there is none they cost 0.")
    return said


def _check_alike(raws: Sequence[RawLog]) -> None:
    first = raws[0]
    for raw in raws:
        for unit in UNITS:
            if raw.units[unit] != first.units[unit]:
                raise LogError(
                    f"{unit} differs: {first.units[unit]} in {first.source}, {raw.units[unit]} in {raw.source}; audit "
                    f"them apart, or, if they are the same, say so: --columns \"{unit}='{first.units[unit]}'\""
                )


def _check_distinct(made: Sequence[Requests], given: Collection[str]) -> None:
    """Raises LogError where two sources hold the same search. given: names of which the user said what they are."""
    seen: dict[tuple[str, ...], str] = {}
    for each in made:
        for search in each.frame[SEARCH].drop_duplicates().itertuples(index=False, name=None):
            if search in seen:
                raise _same_twice(
                    made, given, f"{each.raw.source}: the search {_called(search)} is in {seen[search]} too"
                )
            seen[search] = each.raw.source


def _called(search: Iterable[str]) -> str:
    return " / ".join(map(printable, search))


def _same_twice(made: Sequence[Requests], given: Collection[str], what: str) -> LogError:
    """The question what tells sources apart."""
    told = {
        name for name in FIELDS if name in given or all(each.raw.formulas.get(name, Formula()).columns for each in made)
    }
    paths = [PurePath(each.raw.source) for each in made]
    form, whole = suggested(paths, told), suggested(paths, {*told, "seed"})
    if not form:
        return LogError(f"{what}; give them names that tell them apart, such as tpe_seed3.csv, or leave one out")
    other = f', or, if its numbers are no seeds, --files "{whole}"' if whole and whole != form else ""
    return LogError(
        f'{what}; say what in their paths tells them apart, such as --files "{form}"'
        f"{other if not says_seed(form) else ''} ({{trial}}: each file is one training)"
    )
