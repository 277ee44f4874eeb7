"""Tables on terminals of all widths, and in pipes: no information is lost and no name is broken."""

import io

import pytest
from rich.console import Console

from fairwatt.cli_console import complain
from fairwatt.cli_listing import GAP, LONGEST_WORD, NARROWEST, Listing, fitted_widths

COLUMNS = ("table", "rows", "what it is")
ROWS = (
    ("ec-nas-4v@quadrortx6000", "364", "EC-NAS 4V on Quadro RTX 6000, energy scaled from 4 epochs; 95 % in [1, 2]"),
    ("ec-nas-5v", "", "EC-NAS 5V, energy scaled from 4 epochs; import energy_5V9E_linscale.tfrecord"),
)


def printed(width: int, *, terminal: bool = True, columns: tuple[str, ...] = COLUMNS, rows=ROWS) -> list[str]:  # type: ignore[no-untyped-def]
    listing = Listing(*columns)
    for row in rows:
        listing.add_row(*row)
    file = io.StringIO()
    Console(file=file, force_terminal=terminal, width=width, soft_wrap=True, markup=False, color_system=None).print(
        listing
    )
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_in_a_pipe_a_row_is_a_line_whatever_the_width() -> None:
    lines = printed(10, terminal=False)
    assert len(lines) == 3
    assert [line.split("  ")[0] for line in lines[1:]] == [name for name, _, _ in ROWS]
    assert [line.endswith(text) for line, (_, _, text) in zip(lines[1:], ROWS, strict=True)] == [True, True]
    assert {line.index(text) for line, (_, _, text) in zip(lines[1:], ROWS, strict=True)} == {lines[0].index("what")}


@pytest.mark.parametrize("width", range(40, 161, 5))
def test_on_a_terminal_every_word_is_there_and_whole(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).replace(":", " ").replace(";", " ").split()
    expected = " ".join(cell for row in (COLUMNS[1:], *ROWS) for cell in row).replace(";", " ").split()
    assert not set(expected) - set(words)


def test_where_all_fits_nothing_is_wrapped() -> None:
    assert len(printed(200)) == 1 + len(ROWS)
    assert printed(200)[1:] == printed(200, terminal=False)[1:]


def test_the_widest_column_gives_way_first() -> None:
    columns = list(zip(COLUMNS, *ROWS, strict=True))
    whole = fitted_widths(columns, 1000)
    assert fitted_widths(columns, 80) == [*whole[:2], 80 - sum(whole[:2]) - 2 * GAP]


def test_headings_give_way_before_cells() -> None:
    columns = [("a long heading", "a cell"), ("another heading", "three words here")]
    assert fitted_widths(columns, 1000) == [14, 16]
    assert fitted_widths(columns, 26) == [8, 16]
    assert fitted_widths(columns, 25) == [7, 16]
    assert not fitted_widths(columns, 24)  # the widest stays readable


def test_without_room_for_words_each_row_is_a_paragraph() -> None:
    columns = list(zip(COLUMNS, *ROWS, strict=True))
    least = len(ROWS[0][0]) + len("rows") + len("energy_5V9E_linscale.tfrecord") + 2 * GAP
    assert fitted_widths(columns, least)
    assert not fitted_widths(columns, least - 1)
    lines = printed(least - 1)
    assert lines[0] == ROWS[0][0]
    assert lines[1].startswith("  rows: 364; what it is: EC-NAS 4V on")
    assert lines[-2].startswith("  what it is: EC-NAS 5V,")  # without rows: how many is not known


def test_text_is_no_ladder() -> None:
    columns = [("name", "n" * 30), ("what", "so many short words " * 9)]
    assert not fitted_widths(columns, 30 + GAP + NARROWEST - 1)
    assert fitted_widths(columns, 30 + GAP + NARROWEST) == [30, NARROWEST]


def test_checksums_are_folded_and_keep_the_table() -> None:
    digest = "0123456789abcdef" * 4
    lines = printed(50, columns=("", "name"), rows=(("data sha256", digest),))
    assert "".join(line.split()[-1] for line in lines[1:]) == digest
    assert len(digest) > LONGEST_WORD


def test_an_empty_table_is_its_headings() -> None:
    assert printed(80, rows=()) == ["table  rows  what it is"] == printed(80, terminal=False, rows=())


def test_lines_of_a_cell_do_not_break_its_row() -> None:
    assert printed(80, terminal=False, columns=("a", "b"), rows=(("1", "two\nlines"),))[1:] == ["1  two lines"]


def test_complaints_hold_no_commands_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no such file: \x1b[31mred\u202e.json")
    assert capsys.readouterr().err == "fairwatt: no such file: \\x1b[31mred\\u202e.json\n"
