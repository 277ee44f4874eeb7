"""Method, space and seed in the paths of files."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import PurePath
from typing import TYPE_CHECKING

from fairwatt.audit.column_map import Formula
from fairwatt.audit.hostile_file import printable
from fairwatt.audit.log import LogError
from fairwatt.audit.method_doubt import check_method
from fairwatt.audit.path_numbers import PLAIN, RUN, SEED, numbered, pattern
from fairwatt.audit.raw_log import RawLog, texts
from fairwatt.audit.table_file import stem

if TYPE_CHECKING:
    import pandas as pd

FIELDS = ("method", "space", "seed")
TRIAL = "trial"
FROM_FILES = "taken from the names of files"
DEEPEST = 4
_TRIAL = re.compile("trial|train|job|config", re.IGNORECASE)


class Names:
    """A pattern such as `{method}/{space}/seed{seed}.csv`, for the ends of paths; `*` stands for anything in a name.

    Besides FIELDS, `{trial}`: each file holds the reports of one training. A `{seed}` right behind another is a number.
    Raises LogError for one that names none of them, or something else, or one of them twice.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        named = re.findall(r"\{(.*?)\}", pattern)
        self.fields = tuple(named)
        if not named or set(named) - {*FIELDS, TRIAL} or len(set(named)) < len(named):
            fields = ", ".join(f"{{{field}}}" for field in (*FIELDS, TRIAL))
            raise LogError(f"--files {pattern!r}: expected each of {fields} at most once, and one at least")
        parts = [part for part in re.split(r"(\{.*?\}|\*)", pattern) if part]
        made = "".join(self._part(part, before) for part, before in zip(parts, ["", *parts], strict=False))
        self._regex = re.compile(rf"(?:^|.*/){made}$", re.DOTALL)

    @staticmethod
    def _part(part: str, before: str) -> str:
        if part == "*":
            return "[^/]*"
        if part == "{seed}" and before[-1:] in ("}", "*"):
            return r"(?<!\d)(?P<seed>\d+)"  # nothing else parts it from what is before
        return rf"(?P<{part[1:-1]}>[^/]+?)" if part.startswith("{") else re.escape(part)

    def fit(self, path: PurePath) -> bool:
        """Whether the end of a path is of this form."""
        return self._regex.match(path.as_posix()) is not None

    def read(self, path: str) -> dict[str, str]:
        """What the pattern names. Raises LogError where the path is not of this form."""
        found = self._regex.match(PurePath(path).as_posix())
        if found is None:
            raise LogError(f"{path}: is not of the form --files {self.pattern!r}")
        return found.groupdict()


def named(raws: Sequence[RawLog], names: Names | None, given: Collection[str]) -> list[RawLog]:
    """With the method, space and seed of their paths where no column tells; where `names` says, these go first.

    given: names of which the user said otherwise. Raises LogError where paths do not fit, or may mean two things.
    """
    if names is not None:
        found = [{k: word for k, word in names.read(raw.source).items() if k not in given} for raw in raws]
        said = [f"From the paths, by --files: {', '.join(each)}." for each in found]
        return [_stated(*each) for each in zip(raws, found, said, strict=True)]
    paths = [PurePath(raw.source) for raw in raws]
    unnumbered = [path for path, raw in zip(paths, raws, strict=True) if not raw.formulas.get("seed", Formula()).known]
    methods = _methods(raws)
    numbers = numbered(unnumbered, methods) if len(unnumbered) == len(paths) else {}
    made = []
    for path, raw in zip(paths, raws, strict=True):
        words = numbers.get(path) or default_names(path)
        stated = {name: word for name, word in words.items() if not raw.formulas.get(name, Formula()).known}
        missing = [name for name in ("method", "seed") if name in stated]
        why = f"No column tells {' and '.join(missing)}: {FROM_FILES}" if missing else ""
        if path in numbers and "seed" in stated:
            whose, field = ("a method's", "{method}") if methods is None else ("a problem's", "{space}")
            why += f", whose last number is read as the seed; if it is {whose}: --files {pattern(path, field)}"
        made.append(_stated(raw, stated, f"{why}." if why else ""))
    told = [raw.formulas.get("method", Formula()).known for raw in raws]
    check_method([raw for raw, by_column in zip(made, told, strict=True) if not by_column])
    return made


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


def default_names(path: PurePath) -> dict[str, str]:
    """The stem is the method, seed 0; a `seed7` or `run7` at its end, or as the folder's name, is the seed, and so is
    a number.

    A stem that says nothing, or only the seed, leaves the method to the folder.
    """
    own = stem(path)
    for word in (SEED, RUN):
        for name, above in ((own, path.parent.name), (path.parent.name, path.parent.parent.name)):
            found = word.search(name)
            if found:
                method = word.sub("", own)
                return {"method": (above if method.lower() in ("", *PLAIN) else method) or own, "seed": found[1]}
    if own.isdecimal() and path.parent.name:
        return {"method": path.parent.name, "seed": own}
    return {"method": own, "seed": "0"}


def suggested(path: PurePath, other: PurePath) -> str:
    """A pattern for --files that may tell two paths of one search apart, from what differs in them."""
    ending = path.name.removeprefix(stem(path))
    made: list[str] = []
    for part, beside in zip(reversed(path.parts), reversed(other.parts), strict=False):
        if len(made) == DEEPEST or any("{method}" in each for each in made):
            break
        last = "" if made else ending
        seeded = SEED.search(part.removesuffix(last)) or RUN.search(part.removesuffix(last))
        if part != beside and (numbered := _begun(part, beside)):
            made.append(f"{numbered}{{{'trial' if _TRIAL.search(numbered) else 'seed'}}}{last}")
        elif seeded:
            before = "{method}" if part[: seeded.start()] else ""
            made.append(f"{before}{part[seeded.start() : seeded.start(1)]}{{seed}}{last}")
        else:
            made.append(f"{{method}}{last}" if part != beside or "{" in "".join(made) else part)
    return "/".join(reversed(made))


def _begun(part: str, beside: str) -> str:
    """What two names begin with before a number that differs; nothing where no number does."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(part, beside, strict=False))
    common = "".join(letter for letter, _ in alike).rstrip("0123456789")
    return common if part[len(common) :][:1].isdigit() and beside[len(common) :][:1].isdigit() else ""


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
