"""Rows under headings, as wide as the terminal, or as wide as they are where there is none."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

GAP = 2
LONGEST_WORD = 32
"""Words beyond it, such as checksums, are folded; other ones, such as names and commands, stay whole."""
NARROWEST = 20
"""Of the widest column: text in a narrower one is a ladder."""


class Listing:
    """What `console.print` prints as a table.

    In a pipe a row is a line, however long. On a terminal text is wrapped between words, that of the widest columns
    first; where there is no room even for words, each row is a paragraph.
    """

    def __init__(self, *columns: str) -> None:
        self._rows = [columns]

    def add_row(self, *cells: str) -> None:
        """A cell for each column."""
        self._rows.append(tuple(" ".join(cell.splitlines()) for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        columns = list(zip(*self._rows, strict=True))
        if not console.is_terminal:
            widths = [max(map(cell_len, column)) for column in columns]
            for row in self._rows:
                cells = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
                yield Text((" " * GAP).join(cells).rstrip(), no_wrap=True, overflow="ignore")
        elif fitted := fitted_widths(columns, options.max_width):
            yield self._table(fitted)
        else:
            yield from self._paragraphs()

    def _table(self, widths: Sequence[int]) -> Table:
        made = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
        for heading, width in zip(self._rows[0], widths, strict=True):
            made.add_column(Text(heading), width=width, overflow="fold")
        for row in self._rows[1:]:
            made.add_row(*map(Text, row))
        return made

    def _paragraphs(self) -> Iterator[RenderableType]:
        headings = self._rows[0][1:]
        for first, *others in self._rows[1:]:
            yield Text(first, style="bold", no_wrap=False, overflow="fold")
            named = "; ".join(f"{name}: {cell}" for name, cell in zip(headings, others, strict=True) if cell)
            yield Padding(Text(named, no_wrap=False, overflow="fold"), (0, 0, 0, GAP))


def fitted_widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """The width of each column, a heading and cells, in a table at most `room` wide; none where words would break.

    Headings are wrapped first, then cells, the widest columns first.
    """
    widths = [max(map(cell_len, column)) for column in columns]
    least = [min(max(map(cell_len, " ".join(column).split(" "))), LONGEST_WORD) for column in columns]
    widest = widths.index(max(widths))
    least[widest] = max(least[widest], min(widths[widest], NARROWEST))
    cells = [max(least[place], *map(cell_len, column[1:]), 0) for place, column in enumerate(columns)]
    left = room - GAP * (len(columns) - 1)
    for floors in (cells, least):
        while sum(widths) > left and any(map(int.__gt__, widths, floors)):
            widths[max((p for p, floor in enumerate(floors) if widths[p] > floor), key=widths.__getitem__)] -= 1
    return widths if sum(widths) <= left else []
