"""Numbers at the end of names of files: seeds, or part of what a method or a problem is called."""

import re
from collections.abc import Collection, Sequence
from pathlib import PurePath

from fairwatt.audit.log import LogError
from fairwatt.audit.table_file import stem

PLAIN = ("history", "histories", "log", "logs", "progress", "results", "result", "trials", "run", "runs", "metrics")
"""Stems that tell nothing of what is in a file."""
RUNS = ("run", "rep", "repeat", "repetition", "replicate", "r", "s")
"""Words before the number of a search."""
SEED = re.compile(r"[-_. ]?seed[-_ =]?(\d+)$", re.IGNORECASE)
RUN = re.compile(r"(?:^|[-_. ])(?:run|rep|repeat|repetition|replicate)[-_ =]?(\d+)$", re.IGNORECASE)
NUMBER = re.compile(r"(.*[^\d.].*?|[^\d.])([-_ ]|(?<!\d)\.|(?<![-_ .\d]))(\d+)", re.DOTALL)
_WORD = re.compile(r"(.+)([-_. ][a-z]+)", re.IGNORECASE | re.DOTALL)
SEVERAL = 3
"""Files whose names differ in a last number only, from which the number is no method's by chance."""


def numbered(paths: Sequence[PurePath], methods: Collection[str] | None) -> dict[PurePath, dict[str, str]]:
    """Method and seed of names that differ only in a last number; nothing where they do not.

    methods: those that a column tells, None where none does. Sure are consecutive numbers, the same for every method,
    or behind the name of one. Raises LogError where the number may be a method's or a problem's.
    """
    found = {path: match for path in paths if (match := NUMBER.fullmatch(stem(path)))}
    named = [*(stem(path) for path in paths if path in found), *(path.parent.name for path in paths)]
    if not paths or len(found) < len(paths) or any(_is_told(path) for path in paths) or any(map(SEED.search, named)):
        return {}
    begun: dict[tuple[PurePath, str], set[int]] = {}
    for path, match in found.items():
        begun.setdefault((path.parent, match[1]), set()).add(int(match[3]))
    kinds = list(begun.values())
    if max(map(len, kinds)) < SEVERAL:
        return {}
    words = {match[1]: _parted(match[1]) for match in found.values()}
    shared = {word for _, word in words.values()}
    word = shared.pop() if len(shared) == 1 else ""
    joint = all(match[2] == "" for match in found.values())
    known = word[1:].lower() in RUNS
    if not known and not joint:
        word = ""  # random_search_3, grid_search_3
    steady = all(max(each) - min(each) == len(each) - 1 for each in kinds)
    alike = len(kinds) > 1 and all(each == kinds[0] for each in kinds)
    plain = {name.lower() for name in words}
    if methods is not None:
        sure = steady and plain <= {*map(str.lower, methods), *PLAIN, *RUNS}
    else:
        sure = steady and alike and (known or not word)
    if not sure and methods is None and joint and not (alike and len(words) > 1):
        return {}  # resnet18, resnet50
    if not sure:
        raise _unsure(paths[0], word if methods is None else "", methods is not None, len(words) > 1)
    cut = len(word) if methods is None else 0
    made = {}
    for path, match in found.items():
        above = path.parent.name if match[1].lower() in (*PLAIN, *RUNS) else ""
        made[path] = {"method": above or match[1][: len(match[1]) - cut], "seed": match[3]}
    return made


def pattern(path: PurePath, method: str, seed: str = "", word: str = "") -> str:
    """A pattern for names of files that end in a number."""
    match = NUMBER.fullmatch(stem(path))
    between = word + match[2] if match and seed else ""
    return f'"{method}{between}{seed}{path.name.removeprefix(stem(path))}"'


def advice(methods: Sequence[str], sources: Sequence[str]) -> str:
    """The words to add where names that were taken from files differ in a last number, which may be the seed."""
    found = [match for name in methods if (match := NUMBER.fullmatch(name))]
    if len(found) < max(SEVERAL, len(methods)) or len({match[1] for match in found}) > len(methods) / SEVERAL:
        return ""
    shared = {(_parted(match[1])[1], match[2]) for match in found}
    if len(shared) > 1:
        return ""
    between = "".join(shared.pop())
    first = PurePath(sources[0])
    ending = first.name.removeprefix(stem(first)) or ".csv"
    return f'; if their last numbers are seeds, such as --files "{{method}}{between}{{seed}}{ending}"'


def _is_told(path: PurePath) -> bool:
    """Whether a name says seed or run itself, behind a method."""
    run = RUN.search(stem(path))
    return bool(run and run.start() > 0)


def _parted(name: str) -> tuple[str, str]:
    """A name and the last word of it, such as _fold, if there is more than that."""
    match = _WORD.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")


def _unsure(path: PurePath, word: str, by_column: bool, several: bool) -> LogError:
    """The question what the last number is."""
    if by_column:
        seed, other, what = ("{space}" if several else "*"), "{space}", "part of a problem's name"
    else:
        seed, other, what = "{method}", "{method}", "part of the method"
    return LogError(
        f"{path}: names of files differ in a last number, which may be a seed or {what}; add --files "
        f"{pattern(path, seed, '{seed}', word)} or --files {pattern(path, other)}"
    )
