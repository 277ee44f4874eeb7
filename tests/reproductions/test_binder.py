"""What is written for a reproduction, and what is said where it cannot be made; and the command that does it."""

import sys
from pathlib import Path

import pandas as pd
import pytest
import typer

from fairwatt import cli
from fairwatt.cli_reproduce import reproduce
from fairwatt.errors import UserError
from fairwatt.report.plate import SINGLE, journal, plate
from fairwatt.reproductions import binder, catalogue
from fairwatt.reproductions.binder import BOOK, bind, write_book
from fairwatt.reproductions.item import Deviation, Label, Made, Reproduction, Shelf


@journal
def _made(shelf: Shelf) -> Made:
    figure, axes = plate(SINGLE, 2.0)
    axes.plot([1, 2], [2, 1])
    axes.set_title("an $x^2$")
    return Made(
        {"lines": figure},
        {"numbers": pd.DataFrame({"kWh": [1.5, 2.5]}), "many": pd.DataFrame({"n": range(500)})},
        (Deviation("slope", "2", "1.9", "a | b"), Deviation("ours", "", "3")),
        ("A note.",),
    )


def _faulty(shelf: Shelf) -> Made:
    raise UserError("record 3 is damaged")


ITEMS = (
    Reproduction("toy/lines", "two lines", "a paper, Figure 1", Label.EXACT, ("in.txt",), _made),
    Reproduction("toy/free", "needs nothing", "a paper, Figure 2", Label.RE_RUN, (), _made),
    Reproduction("toy/none", "nothing", "a paper, Figure 3", Label.NOT_POSSIBLE, why_not="It is gone."),
)
FAULTY = Reproduction("toy/faulty", "faulty", "a paper, Figure 4", Label.EXACT, (), _faulty)


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue of three, whose figures are not really drawn: that takes half a second each."""
    for module in (catalogue, binder):
        monkeypatch.setattr(module, "CATALOGUE", ITEMS)
    monkeypatch.setattr(binder, "rendered", lambda figure: dict.fromkeys(binder.FORMATS, b"a picture"))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    (tmp_path / "shared" / "data").mkdir(parents=True)
    (tmp_path / "shared" / "data" / "in.txt").write_text("in")
    return Shelf(tmp_path / "shared")


@pytest.mark.slow
def test_files_are_the_same_bytes_undated_with_their_fonts(shelf: Shelf, tmp_path: Path) -> None:
    out = tmp_path / "a"
    assert bind(ITEMS[0], shelf, out).state == "made: 1 figure, 2 tables"
    bind(ITEMS[0], shelf, tmp_path / "b")
    found = {path.name: path.read_bytes() for path in (out / "toy/lines").iterdir()}
    assert found == {path.name: path.read_bytes() for path in (tmp_path / "b" / "toy/lines").iterdir()}
    assert {f"{stem}.{kind}" for stem in ("numbers", "many") for kind in ("csv", "tex", "md")} < set(found)
    assert b"/FontFile2" in found["lines.pdf"]  # TrueType, embedded
    assert b"/Subtype /Type3" not in found["lines.pdf"]
    assert b"CreationDate" not in found["lines.pdf"]
    assert b"dc:date" not in found["lines.svg"]
    assert b'width="252pt"' in found["lines.svg"]  # 3.5 inches


@pytest.mark.usefixtures("items")
def test_the_page_says_what_it_is_worth(shelf: Shelf, tmp_path: Path) -> None:
    bind(ITEMS[0], shelf, tmp_path)
    page = (tmp_path / "toy/lines/README.md").read_text()
    for words in (
        "**Label:** exact (the same data, the same computation)",
        "| slope | 2 | 1.9 | a \\| b |",
        "| ours | not printed | 3 |  |",
        "the first 5 of 500 rows",
        "- A note.",
        "- data/in.txt, sha256 `",
        "fairwatt reproduce toy/lines",
    ):
        assert words in page
    assert "NOT the genuine file" not in page


@pytest.mark.usefixtures("items")
def test_other_bytes_than_the_pinned_ones_are_told(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binder, "SHA256", {"in.txt": "0" * 64})
    bind(ITEMS[0], shelf, tmp_path)
    assert "NOT the genuine file" in (tmp_path / "toy/lines/README.md").read_text()


def test_where_data_is_missing_or_damaged_nothing_is_written(tmp_path: Path) -> None:
    nowhere, out = Shelf(tmp_path / "nowhere"), tmp_path / "out"
    assert bind(ITEMS[0], nowhere, out).state.startswith("not possible here: ")
    assert bind(FAULTY, nowhere, out).state == "failed: record 3 is damaged"
    assert bind(ITEMS[2], nowhere, out).state == "It is gone."
    assert not out.exists()


@pytest.mark.usefixtures("items")
def test_the_book_holds_all_that_was_made_now_or_before(shelf: Shelf, tmp_path: Path) -> None:
    write_book(tmp_path, [bind(ITEMS[0], shelf, tmp_path)])
    book = (tmp_path / BOOK).read_text()
    assert "`fairwatt reproduce toy/free`" in book
    assert "It is gone." in book
    assert "(./toy/lines/lines.png)" in book
    write_book(tmp_path, [bind(ITEMS[1], shelf, tmp_path)])
    book = (tmp_path / BOOK).read_text()
    assert "(./toy/lines/lines.png)" in book
    assert "(./toy/free/lines.png)" in book
    anchor = "toylines-two-lines"
    assert f"(#{anchor})" in book
    assert "## toy/lines: two lines" in book


@pytest.fixture
def command(
    items: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shelf: Shelf
):  # type: ignore[no-untyped-def]
    app = typer.Typer()
    app.command()(lambda: None)
    app.command("reproduce")(reproduce)
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRWATT_SHARED", str(shelf.folder))

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairwatt", "reproduce", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return run


def test_all_is_made_as_far_as_it_can_be(command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = command("all", "-o", "book")
    assert code == 0
    assert "2 made; 1 not possible with what is public" in out
    assert (tmp_path / "book" / BOOK).is_file()
    code, out, err = command("all", "--shared", "nowhere")
    assert (code, err) == (0, "")
    assert "1 made; 1 not possible here, for want of data; 1 not possible with what is public" in out
    assert "nowhere/data/in.txt is not here" in out


def test_what_is_asked_for_by_name_must_be_possible(command) -> None:  # type: ignore[no-untyped-def]
    assert command("toy/free")[0] == 0
    for name, shared, words in (("toy/lines", "nowhere", "is not here"), ("toy/none", ".", "It is gone.")):
        code, _, err = command(name, "--shared", shared)
        assert code == 2
        assert words in err
        assert err.count("\n") == 1
    assert command("toy", "--shared", "nowhere")[0] == 0
    code, _, err = command("toy/line")
    assert code == 2
    assert "did you mean 'toy/lines'" in err


def test_a_damaged_file_fails_after_the_others_are_made(
    command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    for module in (catalogue, binder):
        monkeypatch.setattr(module, "CATALOGUE", (FAULTY, ITEMS[1]))
    code, _, err = command("all", "-o", "book")
    assert code == 2
    assert "toy/faulty: failed: record 3 is damaged" in err
    assert (tmp_path / "book/toy/free/lines.pdf").is_file()


def test_the_list_names_label_and_source(command) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = command("list")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [
        ["toy/lines", "exact"],
        ["toy/free", "re-run"],
        ["toy/none", "not"],
    ]
