"""Tables of finished text as LaTeX, Markdown and CSV; nothing that stands in one of their cells acts in it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairwatt.report.plain_text import plain

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": r"\textendash{}",
    "Σ": r"$\Sigma$",
    "τ": r"$\tau$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "✗": r"$\times$",
    "…": r"\ldots{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
}
_LAST = 0x17F
"""The last character that every LaTeX knows how to set; those beyond are written out, as \\u4e2d."""
_LONG = 34
"""Characters from which a column of words is broken into lines."""
_NARROW = 56
"""Characters of a row that fit one column of a journal."""
_SPLIT = re.compile(r"(.+?) ([\[(].*)", re.DOTALL)
_FORMULA = re.compile(r"[\t\r]|[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]")
"""What a spreadsheet takes for the beginning of a formula; some leave out blanks before it, and read wide signs."""


@dataclass(frozen=True)
class Sheet:
    """A table for print.

    name: part of its label and file. words: columns of words; bold: (row, column) of cells. note: what stands below.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = (0,)
    bold: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    note: str = ""


def markdown(sheet: Sheet) -> str:
    """The caption, a pipe table with numbers to the right, and the note."""
    rules = ["---" if place in sheet.words else "---:" for place in range(len(sheet.columns))]
    rows = [
        [f"**{piped(cell)}**" if (row, place) in sheet.bold else piped(cell) for place, cell in enumerate(cells)]
        for row, cells in enumerate(sheet.rows)
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in ([piped(head) for head in sheet.columns], rules, *rows))
    return f"{piped(sheet.caption)}\n\n{table}\n" + (f"\n{piped(sheet.note)}\n" if sheet.note else "")


def latex(sheet: Sheet) -> str:
    """A table with the rules of booktabs, its caption above and its note below.

    A number and what follows it in brackets have a column each, so that both are aligned.
    """
    count = len(sheet.columns)
    pairs = {
        place
        for place in range(count)
        if place not in sheet.words and any(_SPLIT.fullmatch(row[place]) for row in sheet.rows)
    }
    heads = [
        rf"\multicolumn{{2}}{{@{{}}c}}{{{escaped(head)}}}" if place in pairs else escaped(head)
        for place, head in enumerate(sheet.columns)
    ]
    body = []
    for row, cells in enumerate(sheet.rows):
        parts: list[str] = []
        for place, cell in enumerate(cells):
            whole = place not in pairs
            texts = [cell] if whole else list((_SPLIT.fullmatch(cell) or re.fullmatch(r"(.*)()", cell, re.S)).groups())  # type: ignore[union-attr]
            set_ = [escaped(text) if place in sheet.words else _number(text) for text in texts]
            parts += [rf"\textbf{{{text}}}" if text and (row, place) in sheet.bold else text for text in set_]
        body.append(parts)
    wide = sum(max(len(row[place]) for row in (sheet.columns, *sheet.rows)) for place in range(count)) > _NARROW
    environment = "table*" if wide else "table"
    lines = [
        rf"\begin{{{environment}}}",
        r"\centering",
        r"\footnotesize" if count <= 8 else r"\scriptsize",
        r"\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escaped(sheet.caption)}}}",
        rf"\label{{tab:{re.sub(r'[^A-Za-z0-9]+', '-', sheet.name).strip('-')}}}",
        rf"\begin{{tabular}}{{@{{}}{''.join(_layout(sheet, place, place in pairs) for place in range(count))}@{{}}}}",
        r"\toprule",
        _row(heads),
        r"\midrule",
        *map(_row, body),
        r"\bottomrule",
        r"\end{tabular}",
        *([rf"\par\smallskip {escaped(sheet.note)}"] if sheet.note else ()),
        rf"\end{{{environment}}}",
    ]
    return "\n".join(lines) + "\n"


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Every digit; cells that a spreadsheet would run are quoted as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([harmless(column) for column in columns])
    for row in rows:
        writer.writerow([harmless(value) for value in row])
    return text.getvalue()


def harmless(value: object) -> object:
    """The value, or text that no spreadsheet takes for a formula."""
    if not isinstance(value, str) or value == "-":
        return value
    return f"'{value}" if _FORMULA.match(value) else value


def piped(text: str) -> str:
    """A cell of a Markdown table: one line, with no pipe, tag, link or emphasis in it."""
    line = plain(text).replace("\n", " ").replace("](", "]\\(").replace("<", "&lt;")
    return re.sub(r"([|*`])", r"\\\1", line)


def escaped(text: str) -> str:
    """Text as LaTeX sets it as it is: no commands, no formulas, no ligatures."""
    text = plain(text).replace("\n", " ")
    parts = text.split("c̄")
    made = r"$\bar{c}$".join("".join(map(_letter, part)) for part in parts)
    return re.sub(r"(?<=([-',]))(?=\1)", "{}", made)


def _letter(char: str) -> str:
    if char in _LATEX:
        return _LATEX[char]
    return char if ord(char) <= _LAST else rf"\textbackslash{{}}u{ord(char):04x}"


def _number(text: str) -> str:
    """Escaped, with a minus where a hyphen stands for one."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", "$-$", escaped(text))


def _row(cells: Sequence[str]) -> str:
    guard = "{}" if cells[0].startswith(("[", "*")) else ""  # after \\ these would be its argument
    return guard + " & ".join(cells) + r" \\"


def _layout(sheet: Sheet, place: int, pair: bool) -> str:
    if place not in sheet.words:
        return r"r@{\ }l" if pair else "r"
    longest = max((len(row[place]) for row in sheet.rows), default=0)
    return "l" if longest <= _LONG else rf"p{{{min(max(longest // 12, 4), 7)}cm}}"
