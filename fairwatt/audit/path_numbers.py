"""Numbers in the names of files and folders: seeds, or part of what a method or a problem is called."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath

from fairwatt.audit.log import LogError
from fairwatt.audit.path_pattern import Names
from fairwatt.audit.table_file import stem

PLAIN = (
    *("history", "histories", "log", "logs", "progress", "results", "result", "trials", "run", "runs", "metrics"),
    "runhistory",
)
"""Stems that tell nothing of what is in a file."""
RUNS = ("run", "rep", "repeat", "repetition", "replicate", "r", "s")
"""Words before the number of a search."""
SEED = re.compile(r"[-_. ,]?seed[-_ =]?(\d+)$", re.IGNORECASE)
RUN = re.compile(r"(?:^|[-_. ])(?:run|rep|repeat|repetition|replicate)[-_ =]?(\d+)$", re.IGNORECASE)
TRIALS = re.compile(r"(?<![a-z])(?:trial|train(?:ing|able)?|job|config)s?(?![a-z])", re.IGNORECASE)
"""A word before what tells a training, where each has a folder."""
NUMBER = re.compile(r"(.*[^\d.].*?|[^\d.])([-_ ]|(?<!\d)\.|(?<![-_ .\d]))(\d+)", re.DOTALL)
_WORD = re.compile(r"(.+)([-_. ][a-z]+)", re.IGNORECASE | re.DOTALL)
SEVERAL = 3
"""Files whose names differ in a last number only, from which the number is no method's by chance."""
CUSTOMARY = frozenset({42, 123, 777, 888, 999, 1234, 1337, 3407})
"""Numbers that people choose as seeds, and as little else."""

Numbers = dict[tuple[PurePath, str], set[int]]


def numbered(paths: Sequence[PurePath], methods: Collection[str] | None) -> dict[PurePath, dict[str, str]]:
    """Method and seed of names that differ only in a last number; nothing where they do not, or say what it is.

    methods: those that a column tells, None where none does. Sure are numbers that are the same for every method, and
    consecutive or customary as seeds, and consecutive ones behind the name of a method. Raises LogError where the
    number may be a method's or a problem's.
    """
    told = {path for path in paths if _is_told(path)}
    found = {path: match for path in paths if path not in told and (match := _number(path))}
    if not found or (methods is not None and len(found) < len(paths)):
        return {}
    begun, others = _numbers_of(found), _told_numbers(told)
    kinds = list(begun.values())
    alike = len(kinds) + len(others) > 1 and all(each == kinds[0] for each in [*kinds, *others.values()])
    if max(map(len, kinds)) < (2 if alike else SEVERAL):
        return {}
    words = {match[1]: _parted(match[1]) for match in found.values()}
    shared = {word for _, word in words.values()}
    word = shared.pop() if len(shared) == 1 else ""
    joint = all(match[2] == "" for match in found.values())
    known = word[1:].lower() in RUNS
    if not known and not joint:
        word = ""  # random_search_3, grid_search_3
    steady = all(max(each) - min(each) == len(each) - 1 for each in kinds)
    counted = any(len(each) >= SEVERAL and _is_counted(each) for each in kinds)
    if methods is not None:
        sure = steady and {name.lower() for name in words} <= {*map(str.lower, methods), *PLAIN, *RUNS}
    else:
        usual = steady and (len(kinds[0]) >= SEVERAL or _is_counted(kinds[0]))
        sure = alike and (known or not word) and (usual or bool(kinds[0] & CUSTOMARY))
    if not sure and methods is None and joint and not counted and not (alike and len(words) > 1):
        return {}  # resnet18, resnet50
    if not sure:
        raise _unsure(paths, next(iter(found)), word if methods is None else "", methods is not None, len(words) > 1)
    cut = len(word) if methods is None else 0
    made = {}
    for path, match in found.items():
        above = _folder(path).name if match[1].lower() in (*PLAIN, *RUNS) else ""
        made[path] = {"method": above or match[1][: len(match[1]) - cut], "seed": match[3]}
    return made


def default_names(path: PurePath) -> dict[str, str]:
    """The stem is the method; a `seed7` or `run7` at its end, or as the folder's name, is the seed, and so is a number.

    A stem that says nothing, or only the seed, leaves the method to the folder, and this one to the folder above. No
    seed where none is found.
    """
    own = stem(path)
    for word in (SEED, RUN):
        for name, above in ((own, path.parent.name), (path.parent.name, path.parent.parent.name)):
            found = word.search(name)
            if found:
                left = (word.sub("", own), word.sub("", name), above)
                return {
                    "method": next((each for each in left if each.lower() not in ("", *PLAIN)), own),
                    "seed": found[1],
                }
    if own.isdecimal() and path.parent.name:
        return {"method": path.parent.name, "seed": own}
    return {"method": own}


def pattern(path: PurePath, method: str, seed: str = "", word: str = "") -> str:
    """A pattern for names of files, or of their folders, that end in a number."""
    match = NUMBER.fullmatch(_name(path))
    between = word + match[2] if match and seed else ""
    ending = f"/{path.name}" if _is_folder(path) else path.name.removeprefix(stem(path))
    return f"{method}{between}{seed}{ending}"


def _is_folder(path: PurePath) -> bool:
    """Whether the folder has the name of what is in a file whose own name tells nothing."""
    return stem(path).lower() in PLAIN and bool(path.parent.name)


def _name(path: PurePath) -> str:
    return path.parent.name if _is_folder(path) else stem(path)


def _number(path: PurePath) -> re.Match[str] | None:
    """The number that a name ends in; none where a folder is that of a training."""
    name = _name(path)
    return None if _is_folder(path) and TRIALS.search(name) else NUMBER.fullmatch(name)


def _folder(path: PurePath) -> PurePath:
    return path.parent.parent if _is_folder(path) else path.parent


def _numbers_of(found: Mapping[PurePath, re.Match[str]]) -> Numbers:
    """The numbers behind each beginning of names in a folder."""
    begun: Numbers = {}
    for path, match in found.items():
        begun.setdefault((_folder(path), match[1]), set()).add(int(match[3]))
    return begun


def _told_numbers(told: Collection[PurePath]) -> Numbers:
    """The seeds of each method whose files say themselves which they are."""
    begun: Numbers = {}
    for path in told:
        words = default_names(path)
        begun.setdefault((PurePath(), words["method"]), set()).add(int(words["seed"]))
    return begun


def _is_counted(numbers: Collection[int]) -> bool:
    """Whether numbers are counted from the start."""
    return min(numbers) in (0, 1) and max(numbers) - min(numbers) == len(numbers) - 1


def _is_told(path: PurePath) -> bool:
    """Whether a name is a seed, or says seed or run itself, the latter behind a method or as a folder."""
    name = _name(path)
    run = RUN.search(name)
    says = SEED.search(name) or SEED.search(path.parent.name) or (run and (run.start() > 0 or _is_folder(path)))
    return bool(says) or (stem(path).isdecimal() and bool(path.parent.name))


def _parted(name: str) -> tuple[str, str]:
    """A name and the last word of it, such as _fold, if there is more than that."""
    match = _WORD.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")


def _unsure(paths: Sequence[PurePath], path: PurePath, word: str, by_column: bool, several: bool) -> LogError:
    """The question what the last number of a path is."""
    if by_column:
        seed, other, what = ("{space}" if several else "*"), "{space}", "part of a problem's name"
    else:
        seed, other, what = "{method}", "{method}", "part of the method"
    numbered, whole = pattern(path, seed, "{seed}", word), pattern(path, other)
    unfit = [each for each in paths if not Names(numbered).fit(each)]
    words = f'--files "{numbered}" or --files "{whole}"'
    if unfit:
        words = f'--files "{whole}", or, if it is a seed, name files such as {unfit[0].name} like the others'
    return LogError(f"{path}: names of files differ in a last number, which may be a seed or {what}; add {words}")
