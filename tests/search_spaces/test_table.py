import fcntl
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fairwatt import sealed
from fairwatt.errors import UnknownNameError
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.column import PROVENANCES, Column
from fairwatt.search_spaces.table import Table, TableError, open_table, write_table

CARD = Card(
    name="t",
    title="A table – with a dash",
    source="here",
    source_sha256="0" * 64,
    licence="MIT",
    hardware="none",
    notes=("one", "two"),
    replicates=1,
    epochs=(4, 12),
    mean_full_kwh=0.1 + 0.2,
    pue=None,
    created_by="a test",
)
COLUMNS = {
    "hash": Column(np.array([b"ab", b"", b"abc"]), "", "measured", "text of fixed width"),
    "energy_kwh": Column(np.array([0.1, np.nan, -0.0]), "kWh", "scaled", "with a hole"),
    "params": Column(np.ma.array([1, 2, 3], mask=[0, 0, 1], dtype=np.int32), "1", "measured", "one unset"),
    "start": Column(np.ma.array(["é", "", "later"], mask=[0, 0, 1]), "", "estimated", "any text"),
}


def test_a_table_comes_back_with_its_labels(tmp_path: Path) -> None:
    table = open_table(write_table(tmp_path / "t.arrow", COLUMNS, CARD))
    assert (table.card, table.rows, len(table), table.columns) == (CARD, 3, 3, tuple(COLUMNS))
    assert (table.unit("energy_kwh"), table.provenance("energy_kwh")) == ("kWh", "scaled")
    assert table.description("params") == "one unset"
    assert "start" in table
    assert "stop" not in table
    np.testing.assert_array_equal(table.column("hash"), ["ab", "", "abc"])
    np.testing.assert_array_equal(table.column("start"), ["é", "", ""])
    table.verify()


def test_unset_differs_from_zero_and_empty(tmp_path: Path) -> None:
    table = open_table(write_table(tmp_path / "t.arrow", COLUMNS, CARD))
    energy = table.column("energy_kwh")
    assert np.isnan(energy[1])
    assert np.signbit(energy[2])
    assert table.missing("energy_kwh").tolist() == [False, True, False]
    assert table.missing("params").tolist() == [False, False, True]
    assert table.missing("start").tolist() == [False, False, True]


def test_columns_are_read_only_views_of_the_file(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.arrow", COLUMNS, CARD)
    before = pa.total_allocated_bytes()
    table = open_table(path)
    for column in (table.column("energy_kwh"), table.column("params"), table.ascii("hash")):
        assert not column.flags.owndata
        assert not column.flags.writeable
    assert pa.total_allocated_bytes() <= before


def test_it_is_plain_arrow(tmp_path: Path) -> None:
    with pa.ipc.open_file(str(write_table(tmp_path / "t.arrow", COLUMNS, CARD))) as reader:
        plain = reader.read_all()
    assert plain.column("energy_kwh").to_pylist() == [0.1, None, -0.0]
    assert plain.column("start").to_pylist() == ["é", "", None]
    assert plain.schema.field("energy_kwh").metadata[b"unit"] == b"kWh"


def columns() -> st.SearchStrategy[dict[str, Column]]:
    dtypes = st.sampled_from(["i1", "i2", "i4", "i8", "u1", "u4", "f4", "f8", ">f8", "S1", "S7", "U5"])
    text = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=5)

    def elements(dtype: str) -> Any:
        plain = {"U": text, "S": text.map(lambda t: t[: int(dtype[1:])].encode())}
        return plain.get(dtype[0]) if dtype[0] in "US" else hnp.from_dtype(np.dtype(dtype))

    def one(rows: int) -> st.SearchStrategy[Column]:
        values = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, rows, elements=elements(dtype)))
        masked = st.builds(lambda v, m: np.ma.array(v, mask=m), values, hnp.arrays(bool, rows))
        labels = st.text(st.characters(codec="utf-8"), max_size=8)
        return st.builds(Column, values | masked, labels, st.sampled_from(PROVENANCES), labels)

    names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)
    return st.integers(0, 20).flatmap(lambda rows: st.dictionaries(names, one(rows), min_size=1, max_size=4))


@pytest.mark.slow
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=columns())
def test_whatever_goes_in_comes_out(tmp_path: Path, columns: dict[str, Column]) -> None:
    table = open_table(write_table(tmp_path / "t.arrow", columns, CARD))
    table.verify()
    for name, column in columns.items():
        assert (table.unit(name), table.provenance(name)) == (column.unit, column.provenance)
        there = ~column.missing
        np.testing.assert_array_equal(table.missing(name), column.missing)
        values = np.ma.getdata(column.values)[there]
        np.testing.assert_array_equal(
            table.column(name)[there], values.astype(str) if values.dtype.kind == "S" else values
        )
        assert table.column(name).dtype.kind == {"S": "U"}.get(values.dtype.kind, values.dtype.kind)
        if column.values.dtype.kind == "f":
            assert np.isnan(table.column(name)[~there]).all()


def test_columns_and_labels_are_checked_when_made() -> None:
    values = np.zeros(3)
    with pytest.raises(ValueError, match="provenance 'guessed'; known: measured"):
        Column(values, "kWh", "guessed", "")
    for bad in (np.zeros((2, 2)), np.zeros(2, complex), np.zeros(2, bool), np.zeros(2, "M8[s]")):
        with pytest.raises(ValueError, match="one row of integers, floats or text"):
            Column(bad, "", "measured", "")


def test_columns_of_different_lengths_and_none_at_all(tmp_path: Path) -> None:
    longer = Column(np.zeros(4), "", "measured", "")
    for columns in (COLUMNS | {"longer": longer}, {}):
        with pytest.raises(ValueError, match="one length"):
            write_table(tmp_path / "t.arrow", columns, CARD)
    assert not list(tmp_path.iterdir())


def test_unknown_columns_have_a_suggestion(tmp_path: Path) -> None:
    table = open_table(write_table(tmp_path / "t.arrow", COLUMNS, CARD))
    for ask in (table.column, table.unit, table.provenance, table.description, table.missing):
        with pytest.raises(UnknownNameError, match="did you mean 'energy_kwh'"):
            ask("energy_kw")
    with pytest.raises(ValueError, match="no fixed-width text"):
        table.ascii("start")


@pytest.mark.slow
def test_a_flipped_bit_is_noticed_or_harmless(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.arrow", COLUMNS, CARD)
    content, before = path.read_bytes(), snapshot(open_table(path))
    noticed, places = 0, np.random.default_rng(0).permutation(len(content))[:800].tolist()
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            table = open_table(path)
            table.verify()
        except TableError as error:
            assert "\n" not in str(error)  # noqa: PT017 - a loop over many places
            noticed += 1
        else:
            assert snapshot(table) == before
    assert noticed > len(places) / 2


def test_a_cut_file_is_noticed(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.arrow", COLUMNS, CARD)
    content = path.read_bytes()
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with pytest.raises(TableError):
            open_table(path).verify()


def snapshot(table: Table) -> list[Any]:
    values = [(n, table.column(n).tobytes(), table.missing(n).tobytes()) for n in table.columns]
    labels = [(table.unit(n), table.provenance(n), table.description(n)) for n in table.columns]
    return [table.card, values, labels]


def test_the_checksum_covers_values_labels_holes_and_card(tmp_path: Path) -> None:
    energy = COLUMNS["energy_kwh"]
    variants = [
        (COLUMNS, CARD),
        (COLUMNS, replace(CARD, mean_full_kwh=0.3)),
        (COLUMNS | {"energy_kwh": replace(energy, values=np.array([0.1, 0.0, -0.0]))}, CARD),
        (COLUMNS | {"energy_kwh": replace(energy, values=np.array([0.1, np.nan, 0.0]))}, CARD),
        (COLUMNS | {"energy_kwh": replace(energy, unit="Wh")}, CARD),
        (COLUMNS | {"energy_kwh": replace(energy, provenance="measured")}, CARD),
        ({("energy" if n == "energy_kwh" else n): column for n, column in COLUMNS.items()}, CARD),
    ]
    sums = [open_table(write_table(tmp_path / "t.arrow", *variant)).sha256 for variant in variants]
    assert len({*sums}) == len(variants)
    assert open_table(write_table(tmp_path / "again.arrow", COLUMNS, CARD)).sha256 == sums[0]


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    with pytest.raises(TableError, match="no such file"):
        open_table(path)
    for content in (b"", b"ARROW1", b"hello" * 100):
        path.write_bytes(content)
        with pytest.raises(TableError, match="not a table, or damaged"):
            open_table(path)
    with pytest.raises(TableError):
        open_table(tmp_path)
    batch = pa.record_batch({"a": [1]})
    for metadata, reason in (
        ({}, "no fairwatt table"),
        ({"fairwatt.format": "2", "fairwatt.card": "{}"}, "update fairwatt"),
        ({"fairwatt.format": "1", "fairwatt.card": "{}"}, "the card lacks created_by"),
        ({"fairwatt.format": "1", "fairwatt.card": CARD.to_json()}, "lacks unit"),
        ({"fairwatt.format": "1", "fairwatt.card": "[" * 100_000}, "recursion"),
    ):
        labelled = batch.replace_schema_metadata(metadata)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, labelled.schema) as writer:
            writer.write_batch(labelled)
        with pytest.raises(TableError, match=reason):
            open_table(path)


def test_a_failed_write_leaves_the_old_table_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_table(tmp_path / "t.arrow", COLUMNS, CARD)
    before = path.read_bytes()

    def disk_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sealed.os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_table(path, {"energy_kwh": COLUMNS["energy_kwh"]}, CARD)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_card_is_json_and_back() -> None:
    assert Card.from_json(CARD.to_json()) == CARD
    assert json.loads(CARD.to_json())["mean_full_kwh"] == 0.1 + 0.2
    assert "dataset" not in json.loads(CARD.to_json())
    trained = replace(CARD, dataset="digits")
    assert Card.from_json(trained.to_json()) == trained
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(CARD, pue=float("nan")).to_json()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"weather": "sunny"}, "unknown keys .weather.: a newer fairwatt"),
        ({"replicates": "3"}, "replicates is '3'"),
        ({"epochs": [4, None]}, "epochs is"),
        ({"notes": "one"}, "notes is 'one'"),
        ({"mean_full_kwh": -1}, "mean_full_kwh is -1"),
        ({"title": None}, "title is None"),
        ({"dataset": 3}, "dataset is 3"),
    ],
)
def test_cards_of_other_versions_or_types_are_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Card.from_json(json.dumps(asdict(CARD) | change))
    with pytest.raises(ValueError, match="JSON object"):
        Card.from_json("[]")


def test_files_of_dead_writers_are_removed_and_those_of_living_ones_are_not(tmp_path: Path) -> None:
    dead, living = tmp_path / ".a.arrow.0.partial", tmp_path / ".b.arrow.1.partial"
    dead.write_bytes(b"torn")
    with living.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        path = write_table(tmp_path / "t.arrow", COLUMNS, CARD)
        assert sorted(tmp_path.iterdir()) == [living, path]
    write_table(tmp_path / "t.arrow", COLUMNS, CARD)
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_under_a_hole_does_not_matter(tmp_path: Path) -> None:
    odd = np.array([0.5, 1.0, 2.0])
    odd.view(np.uint64)[1] = 0x7FF8_0000_0000_0001  # another NaN
    columns = [Column(values, "kWh", "measured", "") for values in (odd, np.ma.array([0.5, 7.0, 2.0], mask=[0, 1, 0]))]
    first, second = (open_table(write_table(tmp_path / "t.arrow", {"e": column}, CARD)).sha256 for column in columns)
    assert first == second
    assert odd.view(np.uint64)[1] == 0x7FF8_0000_0000_0001  # the caller's array is not touched
