"""A pattern for `--files` from the paths of all searches: what differs at each level of them, from the file upwards."""

import re
from collections.abc import Collection, Sequence
from itertools import takewhile
from pathlib import PurePath

from fairwatt.audit.log import LogError
from fairwatt.audit.path_numbers import RUNS, TRIALS
from fairwatt.audit.path_pattern import Names
from fairwatt.audit.settings import is_random_search
from fairwatt.audit.table_file import stem

PARTING = "-_. ,=+"
"""What parts the words of a name."""
_FRONT = re.compile(rf"([a-z]*[-_=]?)(\d+)([{PARTING}]+)(\D.*)", re.IGNORECASE | re.DOTALL)
_BACK = re.compile(r"(.*?)(\d+)", re.DOTALL)
_DECIMAL = re.compile(r"\d\.$")
_LAST = re.compile(rf"(.*?)([{PARTING}]*)", re.DOTALL)


def suggested(paths: Sequence[PurePath], told: Collection[str] = ()) -> str:
    """A pattern that fits all of these paths and tells them apart; "" where none is found.

    told: the names that something else tells than paths. Numbers are seeds, and words the method, or the space where
    the method is told; of two levels of words that one is the method where random search is.
    """
    words, numbers = [name for name in ("method", "space") if name not in told], "seed" not in told
    made: list[str] = []
    found = ""
    for level in range(min((len(path.parts) for path in paths), default=0)):
        parts = [path.parts[-1 - level] for path in paths]
        endings = {"" if level else path.name.removeprefix(stem(path)) for path in paths}
        ending = endings.pop() if len(endings) == 1 else ".*"
        if not level:
            parts = [stem(path) for path in paths]
        plain = len(set(parts)) > 1 and not any(map(_has_letter, parts))
        own = numbers and "method" in words and _are_ids(parts, [path.parts[-2 - level : -1 - level] for path in paths])
        if plain and made and made[-1].startswith("{seed}"):
            made[-1], form = made[-1].replace("{seed}", "{trial}"), "{seed}"
        elif own:
            form = _form(parts, "{seed}", numbers=False) + ending
        else:
            form = _form(parts, f"{{{words[0]}}}" if words else "*", numbers) + ending
        numbers &= "{seed}" not in form
        words = [name for name in words if f"{{{name}}}" not in form]
        made.append(form)
        pattern = "/".join(reversed(made))
        if "{" in form and tells_apart(pattern, paths):
            found = _turned(pattern, paths)
            if not (own or "{trial}" in found) or "method" not in words:
                break  # names of runs or trainings tell these apart, and not who asked for them
    return found


def _are_ids(parts: Sequence[str], above: Sequence[tuple[str, ...]]) -> bool:
    """Whether names of a level are ids of runs, such as run-20240501_101500-x1yz: with digits, each there once, below
    fewer names."""
    has_digits = all(any(map(str.isdigit, part)) and not TRIALS.search(part) for part in parts)
    return has_digits and len(set(parts)) == len(parts) >= 2 * len(set(above)) > 2 and any(map(_has_letter, parts))


def says_seed(pattern: str) -> bool:
    """Whether what is in a pattern before its seed calls it so."""
    return bool(re.search(r"seed[-_ =]?\{seed\}", pattern, re.IGNORECASE))


def _form(parts: Sequence[str], word: str, numbers: bool) -> str:
    """What all names of a level have in common. word: what stands for words; numbers: whether {seed} is free."""
    kinds = sorted(set(parts))
    if len(kinds) == 1:
        return re.sub(r".*[{}*].*", "*", kinds[0], flags=re.DOTALL)
    begin = _until_parting(_common(kinds))
    end = _until_parting(_common([kind[len(begin) :][::-1] for kind in kinds]))[::-1]
    left = [kind[len(begin) : len(kind) - len(end)] for kind in kinds]
    if not all(left) or set("{}*") & set(begin + end):
        return word
    if numbers and TRIALS.search(begin):
        return f"{begin}{{trial}}{end}"
    return begin + ((_numbered(left, word) if numbers else "") or word) + end


def _numbered(kinds: Sequence[str], word: str) -> str:
    """Of names that hold a number each; "" where it may be part of a word."""
    if not any(map(_has_letter, kinds)):
        return "{seed}"
    fronts = [found for kind in kinds if (found := _FRONT.fullmatch(kind))]
    around = {found.group(1, 3) for found in fronts}
    if len(fronts) == len(kinds) > len({found[4] for found in fronts}) and len(around) == 1:
        return f"{fronts[0][1]}{{seed}}{fronts[0][3]}{word}"
    backs = [found for kind in kinds if (found := _BACK.fullmatch(kind)) and found[1]]
    heads = sorted({found[1] for found in backs})
    if len(backs) < len(kinds) or len(heads) == len(kinds) or any(map(_DECIMAL.search, heads)):
        return ""
    if len(heads) == 1:
        return heads[0] + ("{trial}" if TRIALS.search(heads[0]) else "{seed}")
    between = _until_parting(_common([head[::-1] for head in heads]))[::-1]
    last = _LAST.fullmatch(between)
    if last and last[2] and last[1].strip(PARTING).lower() not in ("seed", *RUNS):
        between = last[2]  # random_search_3, grid_search_3
    if not between and len({frozenset(each[2] for each in backs if each[1] == head) for head in heads}) > 1:
        return ""  # resnet18, resnet50, vgg16
    return f"{word}{between}{{seed}}" if all(len(head) > len(between) for head in heads) else ""


def _common(names: Sequence[str]) -> str:
    """What all names begin with."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in alike)


def _until_parting(text: str) -> str:
    """The beginning of a text up to the last of PARTING."""
    return text[: max(map(text.rfind, PARTING)) + 1]


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def tells_apart(pattern: str, paths: Sequence[PurePath]) -> bool:
    """Whether all paths are of a form, and what is named in them differs."""
    try:
        names = Names(pattern)
    except LogError:
        return False
    return all(map(names.fit, paths)) and len({tuple(names.read(str(path)).values()) for path in paths}) == len(paths)


def _turned(pattern: str, paths: Sequence[PurePath]) -> str:
    """With method and space the other way round where a space is called random search."""
    found = [Names(pattern).read(str(path)) for path in paths]
    if not any(is_random_search(each.get("space", "")) for each in found):
        return pattern
    return pattern.replace("{space}", "{}").replace("{method}", "{space}").replace("{}", "{method}")
