"""Method, space and seed in the paths of files."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import LogError
from fairwatt.audit.method_doubt import check_method
from fairwatt.audit.path_copies import check_copies
from fairwatt.audit.path_levels import says_seed, suggested
from fairwatt.audit.path_numbers import default_names, numbered, pattern
from fairwatt.audit.path_pattern import FIELDS, Names
from fairwatt.audit.raw_log import RawLog, texts
from fairwatt.audit.seed_column import check_seed_column, is_constant

if TYPE_CHECKING:
    import pandas as pd

FROM_FILES = "taken from the names of files"
PAIR = 2
"""Seeds of every method from which numbers in the names of files may be theirs."""


def named(raws: Sequence[RawLog], names: Names | None, given: Collection[str]) -> list[RawLog]:
    """With the method, space and seed of their paths where no column tells; where `names` says, these go first.

    given: names of which the user said otherwise. Raises LogError where paths do not fit, or may mean two things.
    """
    if names is not None:
        read = [{k: word for k, word in names.read(raw.source).items() if k not in given} for raw in raws]
        said = [f"From the paths, by --files: {', '.join(each)}." for each in read]
        made = [_stated(*each) for each in zip(raws, read, said, strict=True)]
        _check_seeds(made, read, given)
        return made
    paths = [PurePath(raw.source) for raw in raws]
    methods = _methods(raws)
    check_copies([path for path, raw in zip(paths, raws, strict=True) if not _tells(raw, "method")])
    untold = not any(_tells(raw, "seed") for raw in raws)
    numbers = numbered(paths, methods) if untold else {}
    words = {path: numbers.get(path) or default_names(path) for path in paths}
    by_pattern = ""
    unseen = not any("seed" in each and "=" not in each["method"] for each in words.values())  # method=tpe,seed=0
    if untold and methods is None and unseen:
        by_pattern = _pattern_with_seeds(paths)
    if by_pattern:
        words = {path: Names(by_pattern).read(str(path)) for path in paths}
    made = []
    for path, raw in zip(paths, raws, strict=True):
        found = {"seed": "0", **words[path]}
        stated = {name: word for name, word in found.items() if not raw.formulas.get(name, Formula()).known}
        missing = [name for name in FIELDS if name in stated and (name != "space" or by_pattern)]
        why = f"No column tells {' and '.join(missing)}: {FROM_FILES}" if missing else ""
        if by_pattern:
            why += f', by --files "{by_pattern}"'
        elif path in numbers and "seed" in stated:
            whose, field = ("a method's", "{method}") if methods is None else ("a problem's", "{space}")
            why += f', whose last number is read as the seed; if it is {whose}: --files "{pattern(path, field)}"'
        made.append(_stated(raw, stated, f"{why}." if why else ""))
    form = suggested(paths, () if untold else ("seed",))
    check_method([new for new, raw in zip(made, raws, strict=True) if not _tells(raw, "method")], form)
    _check_seeds(made, [words[path] for path in paths], given)
    return made


def _tells(raw: RawLog, name: str) -> bool:
    return raw.formulas.get(name, Formula()).known


def _check_seeds(raws: Sequence[RawLog], read: Sequence[Mapping[str, str]], given: Collection[str]) -> None:
    """Doubts that each method is one search in tables where nothing tells a seed, or a column the same one.

    read: what the paths tell. given: names of which the user said otherwise.
    """
    if "seed" in given:
        return
    found = []
    for raw, words in zip(raws, read, strict=True):
        told = raw.formulas.get("seed", Formula()).columns
        if raw.guessed and (is_constant(raw) if told else "seed" not in words):
            found.append(raw)
    check_seed_column(found)


def _pattern_with_seeds(paths: Sequence[PurePath]) -> str:
    """Where in paths a method and a seed are that says so; "" for none.

    Raises LogError where a number does not say so that each method has several of, and that may be a seed.
    """
    form = suggested(paths)
    if not {"method", "seed"} <= set(re.findall(r"\{(\w+)\}", form)):
        return ""
    if says_seed(form):
        return form
    found = [Names(form).read(str(path)) for path in paths]
    seeds = Counter(each["method"] for each in found)
    if min(seeds.values()) < PAIR:
        return ""
    whole = suggested(paths, told=("seed",))
    raise LogError(
        f"{paths[0]}: names of files hold numbers, of which each method may have several as its seeds; add "
        f'--files "{form}" or, if they are no seeds, --files "{whole}"'
    )


def _methods(raws: Sequence[RawLog]) -> set[str] | None:
    """What columns, or the user, call the methods; None where some source does not tell."""
    told = [raw.formulas.get("method", Formula()) for raw in raws]
    if not all(each.known for each in told):
        return None
    columns = [raw.frame[name] for raw, each in zip(raws, told, strict=True) for name in each.columns]
    return {word for column in columns for word in texts(column) if word} | {each.constant or "" for each in told}


def _stated(raw: RawLog, words: Mapping[str, str], why: str) -> RawLog:
    constants = {name: Formula(constant=word) for name, word in words.items()}
    known = {name: each for name, each in raw.formulas.items() if each.known}
    return replace(raw, formulas={**known, **constants}, notes=(*raw.notes, *([why] if why else [])))


def shown(frames: Sequence["pd.DataFrame"]) -> list["pd.DataFrame"]:
    """Logs whose names fit a line of a terminal; names that differ still do."""
    called: dict[str, dict[str, str]] = {}
    for field in FIELDS:
        taken: dict[str, str] = {}
        for name in sorted({str(name) for frame in frames for name in frame[field].unique()}, key=_is_odd):
            short, number = printable(name), 1
            while short in taken:
                number += 1
                short = f"{printable(name)[:190]} ({number})"
            taken[short] = name
        called[field] = {name: short for short, name in taken.items()}
    return [frame.assign(**{field: frame[field].map(called[field]) for field in FIELDS}) for frame in frames]


def _is_odd(name: str) -> tuple[bool, str]:
    return printable(name) != name, name
