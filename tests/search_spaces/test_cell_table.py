"""Tables of cells: rows by arithmetic, what is refused, and when the content is verified."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ecnas_writer as w
import numpy as np
import pytest

import fairwatt
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces import stamp
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_index import cell_id
from fairwatt.search_spaces.cell_table import CellPlaces, CellTable
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.sources import load_table, verify
from fairwatt.search_spaces.table import Table, TableError, open_table, write_table
from fairwatt.search_spaces.table_import import import_file

CARD = Card("small", "", "", "", "", "", (), 2, (4, 12), None, None, "a test")
ROWS = [(cell, epochs, repeat) for cell in (0, 3, 7) for epochs in (4, 12) for repeat in (0, 1)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    return tmp_path


def written(path: Path, rows: list[tuple[int, int, int]] = ROWS, card: Card = CARD) -> Path:
    """A table of these rows, whose other columns show their places."""
    cell, epochs, repeat = np.array(rows).T
    number = np.arange(len(rows))
    values = {
        "cell": cell.astype(np.int32),
        "hash": np.char.add("h", number.astype(str)).astype("S4"),
        "epochs": epochs.astype(np.int16),
        "replicate": repeat.astype(np.int8),
        "energy_kwh": np.where(number == 1, np.nan, number / 8),
        "params": np.ma.array(number.astype(np.int32), mask=number % 9 == 3),
        "start": np.ma.array(np.char.add("é", number.astype(str)), mask=number == 2),
    }
    return write_table(path, {name: Column(v, "", "measured", "") for name, v in values.items()}, card)


@pytest.fixture
def table(tmp_path: Path) -> CellTable:
    return CellTable(open_table(written(tmp_path / "small.arrow")))


def test_rows_are_places_in_a_box(table: CellTable) -> None:
    assert (table.cells.tolist(), table.epochs.tolist(), table.replicates) == ([0, 3, 7], [4, 12], 2)
    for row, (cell, epochs, repeat) in enumerate(ROWS):
        assert table.row(cell, epochs, repeat) == row
        place = table.cells.tolist().index(cell), table.epochs.tolist().index(epochs), repeat
        assert [table.values(name)[place] for name in ("cell", "epochs", "replicate")] == [cell, epochs, repeat]
    assert table.row(3) == table.row(3, 12, 0)
    assert table.rows_of([7, 0, 7], 4, [1, 0, 0]).tolist() == [9, 0, 8]
    assert table.rows_of(np.array([3])).tolist() == [table.row(3)]
    assert not table.values("energy_kwh").flags.owndata


def test_membership_is_of_cells_and_of_columns(table: CellTable) -> None:
    inside = [cell for cell in range(-3, 12) if cell in table]
    assert inside == [0, 3, 7]
    assert np.int32(7) in table
    assert "energy_kwh" in table
    assert "energy" not in table


def test_records_are_plain_values_and_missing_is_none(table: CellTable) -> None:
    assert table.record(1)["energy_kwh"] is None
    assert table.record(2) == {
        "cell": 0,
        "hash": "h2",
        "epochs": 12,
        "replicate": 0,
        "energy_kwh": 0.25,
        "params": 2,
        "start": None,
    }
    assert table.record(3)["params"] is None
    assert table.record(3)["start"] == "é3"
    assert {type(value) for value in table.record(4).values()} == {int, str, float}
    with pytest.raises(IndexError, match="rows 0 to 11, not 12"):
        table.record(12)
    with pytest.raises(IndexError, match="not -1"):
        table.record(-1)


def test_a_record_is_what_the_columns_say() -> None:
    table = load_table("digits-cells-4v")
    for row in range(0, table.rows, 97):
        assert table.record(row) == {name: table.column(name)[row] for name in table.columns}


def test_a_query_takes_any_labelling_and_dead_ends() -> None:
    table = load_table("digits-cells-4v")
    conv = ["input", "conv3x3-bn-relu", "output"]
    plain = table.query([[0, 1, 1], [0, 0, 1], [0, 0, 0]], conv, 36, 2)
    dead_end = [[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert table.query(dead_end, [*conv[:2], "maxpool3x3", "output"], 36, 2) == plain
    assert (plain["cell"], plain["epochs"], plain["replicate"]) == (cell_id(dead_end, [0, 2]), 36, 2)
    with pytest.raises(ValueError, match="no path"):
        table.query([[0, 0], [0, 0]], ["input", "output"])


def test_what_there_is_not_is_said(table: CellTable) -> None:
    questions: list[tuple[Callable[[], object], str]] = [
        (lambda: table.row(4), "small holds no cell 4; it has 3 ids"),
        (lambda: table.row(-1), "no cell -1"),
        (lambda: table.row(3, 5), "has trainings of 4, 12 epochs, not 5"),
        (lambda: table.row(3, 4, 2), "repeats 0 to 1, not 2"),
        (lambda: table.rows_of([3, 4, 5]), "no cell 4;"),
        (lambda: table.rows_of([3, -1]), "no cell -1;"),
        (lambda: table.rows_of([3, 99]), "no cell 99;"),
        (lambda: table.rows_of([3.0]), r"no cell 3\.0;"),
        (lambda: table.rows_of([3], 5), "not 5"),
        (lambda: table.rows_of([3], 4, [2]), "repeats 0 to 1, not 2 to 2"),
        (lambda: table.row(3, 4, 1.5), r"repeats 0 to 1, not 1\.5"),  # type: ignore[arg-type]
        (lambda: table.row(3, [4]), r"4, 12 epochs, not \[4\]"),  # type: ignore[arg-type]
        (lambda: table.row("3"), "no cell '3'"),  # type: ignore[arg-type]
        (lambda: table.rows_of([3], 4, 0.7), "a repeat is a whole number, one or 1 of them, not float64"),
        (lambda: table.rows_of([3, 7], 4, [0, 1, 0]), r"one or 2 of them, not int64 of shape \(3,\)"),
        (lambda: load_table(None), "by its name or the path of its .arrow file, not None"),  # type: ignore[arg-type]
    ]
    for ask, answer in questions:
        with pytest.raises(UserError, match=answer):
            ask()


def test_places_of_many_are_the_places_of_each() -> None:
    rng = np.random.default_rng(0)
    cells = np.unique(rng.integers(5_000, size=900))
    places = CellPlaces(cells)
    wanted = rng.choice(cells, size=2_000)
    assert places.places(wanted).tolist() == [places.place(int(cell)) for cell in wanted]
    assert np.array_equal(cells[places.places(wanted)], wanted)
    assert [places.place(cell) for cell in range(-2, 5_002)].count(None) == 5_004 - len(cells)
    assert places.places([]).tolist() == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (ROWS[:5] + ROWS[6:], "lacks the training of cell 3 at 4 epochs in repeat 1"),
        (ROWS[1:], "lacks the training of cell 0 at 4 epochs in repeat 0"),
        (ROWS[:-1], "lacks the training of cell 7 at 12 epochs in repeat 1"),
        ([*ROWS[:4], *ROWS[8:10]], "lacks the training of cell 7 at 12 epochs in repeat 0"),
        ([(cell, epochs, 1) for cell, epochs, _ in ROWS[::2]], "lacks the training of cell 0 at 4 epochs in repeat 0"),
        ([*ROWS[:6], *ROWS[4:]], "holds twice the training of cell 3 at 4 epochs in repeat 0"),
        ([*ROWS[4:], *ROWS[:4]], "row 0 is not in the order"),
        ([ROWS[1], ROWS[0], *ROWS[2:]], "row 0 is not in the order"),
        ([*ROWS[:4], *ROWS[6:8], *ROWS[4:6], *ROWS[8:]], "row 4 is not in the order"),
        ([(-1, 4, 0)], "has a cell -1: ids count from 0"),
        ([(3, 4, -1)], "has a repeat -1: repeats count from 0"),
    ],
)
def test_rows_that_are_no_box_are_refused(tmp_path: Path, rows: list[tuple[int, int, int]], reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        CellTable(open_table(written(tmp_path / "odd.arrow", rows)))


def test_any_lost_doubled_or_moved_row_is_noticed(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        rows, change, (i, j) = list(ROWS), rng.integers(3), rng.choice(len(ROWS), 2, replace=False)
        if change == 0:
            del rows[i]
        elif change == 1:
            rows.insert(i, rows[j])
        else:
            rows[i], rows[j] = rows[j], rows[i]
        with pytest.raises(TableError):
            CellTable(open_table(written(tmp_path / "odd.arrow", rows)))


def test_tables_without_cells_or_rows_are_refused(tmp_path: Path) -> None:
    old = write_table(tmp_path / "old.arrow", {"hash": Column(np.array([b"a"]), "", "measured", "")}, CARD)
    with pytest.raises(TableError, match="was written by an older fairwatt: import it again"):
        load_table(old)
    empty = write_table(
        tmp_path / "empty.arrow",
        {name: Column(np.zeros(0, np.int32), "", "measured", "") for name in ("cell", "epochs", "replicate")},
        CARD,
    )
    with pytest.raises(TableError, match="has no rows"):
        load_table(empty)


@pytest.mark.parametrize(
    "values",
    [np.array(["3"]), np.array([3.0]), np.ma.array([3], mask=[True]), None],
    ids=["text", "float", "null", "no"],
)
def test_columns_that_name_no_trainings_are_refused(tmp_path: Path, values: np.ndarray | None) -> None:
    for odd in ("cell", "epochs", "replicate") if values is not None else ("epochs",):
        columns = {name: Column(np.array([0]), "", "measured", "") for name in ("cell", "epochs", "replicate")}
        del columns[odd]
        if values is not None:
            columns[odd] = Column(values, "", "measured", "")
        with pytest.raises(TableError, match=f"no whole numbers in a column '{odd}'"):
            CellTable(open_table(write_table(tmp_path / "odd.arrow", columns, CARD)))


# -- by name and by path


def test_a_table_is_loaded_by_name_and_by_path(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(cache / "small.arrow")
    monkeypatch.chdir(cache)
    for asked in ("small", path, str(path), "small.arrow", Path("small.arrow")):
        assert load_table(asked).cells.tolist() == [0, 3, 7]
    assert fairwatt.load_table is load_table


def test_what_cannot_be_loaded_says_what_to_do(cache: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'digits-cells-4v'"):
        load_table("digit-cells-4v")
    with pytest.raises(UserError, match=r"fairwatt data import energy_4V9E_4epochs\.tfrecord"):
        load_table("ec-nas-4v")
    with pytest.raises(TableError, match=r"to import first: fairwatt data import own\.tfrecord"):
        load_table("somewhere/own.tfrecord")
    with pytest.raises(TableError, match="no such file"):
        load_table(cache / "none.arrow")
    written(cache / "mine.arrow")
    with pytest.raises(TableError, match="is the table 'small' under another name"):
        load_table("mine")


# -- verification


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables whose checksum was computed, in order."""
    computed: list[str] = []
    genuine = Table.verify

    def noting(table: Table) -> None:
        genuine(table)
        computed.append(table.path.stem)

    monkeypatch.setattr(Table, "verify", noting)
    return computed


def test_small_tables_are_verified_at_each_open(cache: Path, verified: list[str]) -> None:
    written(cache / "small.arrow")
    load_table("small")
    load_table("small")
    assert verified == ["small"] * 2
    assert not stamp.stamp_path(cache / "small.arrow").exists()


def test_large_tables_are_verified_once_and_after_each_change(
    cache: Path, verified: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamp, "SMALL_BYTES", 100)
    path = written(cache / "small.arrow")
    for _ in range(3):
        load_table("small")
    assert len(verified) == 1
    assert json.loads(stamp.stamp_path(path).read_text())["sha256"] == open_table(path).sha256

    os.utime(path, ns=(0, 0))
    load_table("small")
    assert len(verified) == 2
    written(path, [row for row in ROWS if row[0] != 3])
    load_table("small")
    load_table("small")
    assert len(verified) == 3
    verify("small")
    assert len(verified) == 4
    stamp.stamp_path(path).write_text("not JSON")
    load_table("small")
    load_table("small")
    assert len(verified) == 5


def test_an_import_is_a_verification(
    cache: Path, tmp_path: Path, verified: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stamp, "SMALL_BYTES", 100)
    import_file(w.write(tmp_path / "mine.tfrecord", w.payload(epochs=12), w.payload()), "mine")
    assert verified == ["mine"]
    load_table("mine")
    assert verified == ["mine"]


def test_damage_is_noticed_however_large_the_table(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp, "SMALL_BYTES", 100)
    path = written(cache / "small.arrow")
    load_table("small")
    content = bytearray(path.read_bytes())
    content[content.find(np.float64(4 / 8).tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(TableError, match="does not match its stored sha256"):
        load_table("small")
    forged = {"sha256": open_table(path).sha256, **stamp.file_state(path)}  # as on a disk that forgets a bit
    stamp.stamp_path(path).write_text(json.dumps(forged))
    load_table("small")
    with pytest.raises(TableError, match="does not match its stored sha256"):
        verify("small")


def test_damage_is_noticed_under_the_old_modification_time(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `cp -p` and `rsync -t` bring it."""
    monkeypatch.setattr(stamp, "SMALL_BYTES", 100)
    path = written(cache / "small.arrow")
    load_table("small")
    stat, energy = path.stat(), np.float64(4 / 8).tobytes()
    path.write_bytes(path.read_bytes().replace(energy, np.float64(5 / 8).tobytes()))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    with pytest.raises(TableError, match="does not match its stored sha256"):
        load_table("small")


def test_a_folder_of_others_is_no_reason_to_fail(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamp, "SMALL_BYTES", 100)
    written(cache / "small.arrow")

    def denied(path: Path, content: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(stamp, "write_atomically", denied)
    load_table("small")
    assert not stamp.stamp_path(cache / "small.arrow").exists()


def test_another_source_than_the_published_one_is_refused(cache: Path) -> None:
    name = next(iter(SOURCES))
    written(cache / f"{name}.arrow", card=replace(CARD, name=name))
    with pytest.raises(TableError, match="not from the published one"):
        load_table(name)
