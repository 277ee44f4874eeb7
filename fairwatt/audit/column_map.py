"""What stands for what: the small language of `--columns`, read by hand.

    method=algo, val_error=1-acc/100, cost=diff(energy_kwh), space='cifar10', config=lr+width, fidelity=

Left one of NAMES. Right a column, with a number before a minus and a number to divide or multiply by; a text in
single quotes, the same for every row; several columns for `config` or the names of a search; nothing where the log
does not tell. `diff(spent)` makes a running total of each search what each request took, `diff(spent by trial)` one
that begins again with each trial. Columns with odd names go in double quotes.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairwatt.audit.log import COLUMNS, LogError
from fairwatt.errors import UnknownNameError

UNITS = ("cost_unit", "error_unit")
NAMES = (*COLUMNS, *UNITS)
SEARCH = ("space", "method", "seed")
NUMBERS = ("fidelity", "val_error", "test_error", "cost", "energy")

_NUMBER = r"\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_ITEM = re.compile(r"""((?:[^,"']|"[^"]*"|'[^']*')*)(?:,|$)""")
_DIFFERENCE = re.compile(r"diff\s*\((.*)\)$")
_AFFINE = re.compile(rf"(?:({_NUMBER})\s*-|(-))?\s*(.+?)\s*(?:([/*])\s*({_NUMBER}))?$")


@dataclass(frozen=True)
class Formula:
    """How one of NAMES comes out of a table.

    columns: none for a constant, several only for `config`, `space`, `method` and `seed`. Of numbers: offset + scale *
    column; `running`: what was said is a running total of the search, in the order of its requests, and the row's own
    is the difference; `within`: of the rows of the search with equal values of these columns, where there are any.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    offset: float = 0.0
    scale: float = 1.0
    running: bool = False
    within: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the log tells at all."""
        return bool(self.columns) or self.constant is not None

    @property
    def in_words(self) -> str:
        """As `--columns` would have it."""
        if not self.columns:
            return "nothing" if self.constant is None else f"'{self.constant}'"
        name = joined(self.columns)
        before = f"{self.offset:g}-" if self.offset else "-" if self.scale < 0 else ""
        scale = abs(self.scale)
        factor = "" if scale == 1 else f"/{1 / scale:g}" if scale < 1 else f"*{scale:g}"
        words = f"{before}{name}{factor}"
        by = f" by {joined(self.within)}" if self.within else ""
        return f"diff({words}{by})" if self.running else words


def items(written: str) -> dict[str, str]:
    """The right sides of a `--columns` by their names. Raises LogError, UnknownNameError for a name that is none."""
    found: dict[str, str] = {}
    place = 0
    while place < len(written):
        item = _ITEM.match(written, place)
        if item is None:
            raise LogError(f"--columns {written!r}: a quote is opened and not closed")
        place = item.end()
        name, equals, right = item[1].partition("=")
        if not item[1].strip():
            continue
        name = name.strip()
        if not equals:
            raise LogError(f"--columns: {item[1].strip()!r} is not of the form NAME=COLUMN, such as val_error=1-acc")
        if name not in NAMES:
            raise UnknownNameError("name in --columns", name, NAMES)
        if name in found:
            raise LogError(f"--columns names {name} twice")
        found[name] = right.strip()
    return found


def formula(name: str, right: str, columns: Sequence[str], source: str) -> Formula:
    """What a right side says of a table with these columns. Raises LogError, and UnknownNameError for a column."""
    if not right:
        if name == "val_error":
            raise LogError("--columns: val_error= says nothing; every audit needs the error that searches selected by")
        return Formula()
    if len(right) > 1 and right[0] == right[-1] == "'":
        if name in NUMBERS and not re.fullmatch(f"-?{_NUMBER}", right[1:-1]):
            raise LogError(f"--columns: {name}={right}: expected a number in the quotes, or a column without quotes")
        return Formula(constant=right[1:-1])
    if name in UNITS:
        raise LogError(f"--columns: {name}={right}: a unit goes in single quotes, such as {name}='kWh'")
    if right in columns:
        return Formula((right,))
    if name in ("config", *SEARCH) and "+" in right:
        return Formula(tuple(_column(part, columns, source) for part in right.split("+")))
    running = _DIFFERENCE.match(right)
    inner = running[1].strip() if running else right
    if running and name not in NUMBERS:
        raise LogError(f"--columns: {name}={right}: diff(...) is for numbers: {', '.join(NUMBERS)}")
    if inner in columns:
        return Formula((inner,), running=bool(running))
    within: tuple[str, ...] = ()
    if running and " by " in inner:
        inner, _, by = inner.rpartition(" by ")
        within = tuple(_column(part, columns, source) for part in by.split("+"))
    parts = _AFFINE.match(inner)
    if parts is None:
        raise LogError(f"--columns: {name}={right}: expected a column, such as 1-acc/100 or diff(spent)")
    before, minus, column, operator, number = parts.groups()
    if name not in NUMBERS and (before or minus or operator):
        _column(inner, columns, source)
    factor = float(number) if number else 1.0
    if operator and factor == 0:
        raise LogError(
            f"--columns: {name}={right}: 0 is no scale; expected a number such as 100, or nothing after the column"
        )
    scale = 1 / factor if operator == "/" else factor
    return Formula(
        (_column(column, columns, source),),
        offset=float(before) if before else 0.0,
        scale=-scale if before or minus else scale,
        running=bool(running),
        within=within,
    )


def _column(written: str, columns: Iterable[str], source: str) -> str:
    name = written.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    if name not in set(columns):
        raise UnknownNameError(f"column of {source}", name, columns)
    return name


def joined(columns: Iterable[str]) -> str:
    """Several columns as `--columns` has them."""
    return "+".join(column if re.fullmatch(r"[\w.:]+", column) else f'"{column}"' for column in columns)


def option(*items: str) -> str:
    """The words to add for these items, which a shell leaves as they are."""
    words = ", ".join(items)
    quote = "'" if '"' in words and "'" not in words else '"'
    return f"--columns {quote}{words}{quote}"
