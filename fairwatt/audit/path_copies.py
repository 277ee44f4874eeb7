"""Names of files and folders that are those of copies, such as `tpe (1).csv`: another search, or the same one again."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from fairwatt.audit.log import LogError
from fairwatt.audit.path_levels import tells_apart
from fairwatt.audit.path_numbers import PLAIN
from fairwatt.audit.table_file import stem

_COPY = re.compile(r"(.+?)(?:( ?)\(\d+\)|(?: -)? copy(?: ?\(\d+\)| \d+)?)", re.IGNORECASE | re.DOTALL)
"""What browsers and file managers call a second file of one name: `tpe (1)`, `tpe - Copy (2)`, `tpe copy 2`."""


def check_copies(paths: Sequence[PurePath]) -> None:
    """Raises LogError where a file, or the folder of one that is called `results` or so, is named as a copy of another.

    paths: of logs whose method no column tells. A name as of a copy that stands alone is taken as it is.
    """
    begun: dict[tuple[PurePath, str], dict[str, PurePath]] = {}
    for path in paths:
        own = stem(path)
        begun.setdefault((path.parent, _begin(own)), {})[own] = path
        if own.lower() in PLAIN:
            folder = path.parent
            begun.setdefault((folder.parent, _begin(folder.name)), {})[folder.name] = path
    for names in begun.values():
        copies = [name for name in names if _COPY.fullmatch(name)]
        if copies and len(names) > 1:
            raise _copied(paths, names[copies[0]], copies[0], next(name for name in names if name != copies[0]))


def _begin(name: str) -> str:
    """What a name is without what makes it that of a copy."""
    match = _COPY.fullmatch(name)
    return match[1] if match else name


def _copied(paths: Sequence[PurePath], path: PurePath, name: str, other: str) -> LogError:
    """The question what a file with the name of a copy is."""
    match = _COPY.fullmatch(name)
    assert match is not None
    ending = path.name.removeprefix(name) if stem(path) == name else f"/{path.name}"
    whole, counted = f"{{method}}{ending}", f"{{method}}{match[2]}({{seed}}){ending}"
    fits = match[2] is not None and tells_apart(counted, paths)
    words = f'add --files "{counted}"' if fits else f"name them such as tpe_seed1{ending}"
    methods = f'; if methods are called so, add --files "{whole}"' if tells_apart(whole, paths) else ""
    return LogError(
        f"{path}: named as a copy beside {other!r}: the same search again, or another one; leave copies out, or, if "
        f"each is a search, {words}{methods}"
    )
