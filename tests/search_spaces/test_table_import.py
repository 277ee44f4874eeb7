"""Files become tables: published ones, own ones, and those that must not."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import ecnas_writer as w
import numpy as np
import pandas as pd
import pytest

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.search_spaces import sources, table_import
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_columns import cell_columns
from fairwatt.search_spaces.sources import find_table, list_tables, verify
from fairwatt.search_spaces.table import TableError, open_table
from fairwatt.search_spaces.table_import import ImportFileError, import_file
from fairwatt.search_spaces.tfrecord import Record, TFRecordError, frames, read_records

OFFICIAL = {
    "ec-nas-4v": "energy_4V9E_4epochs",
    "ec-nas-4v-linscale": "energy_4V9E_linscale",
    "ec-nas-5v-4epochs": "energy_5V9E_4epochs",
    "ec-nas-4v@quadrortx6000": "hardware/energy_4V9E_quadrortx6000",
    "ec-nas-4v@rtx3060": "hardware/energy_4V9E_rtx3060",
    "ec-nas-4v@rtx3090": "hardware/energy_4V9E_rtx3090",
}
LATER = w.metrics(w.FINAL | {6: 0.25})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of these tests touches the user's cache, and no embedded table is in their way."""
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path / "embedded")
    return tmp_path / "cache"


def official(shared: Path, name: str) -> Path:
    return shared / f"ecnas/official/{OFFICIAL[name]}.tfrecord"


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_files_become_verified_tables(shared: Path, cache: Path, name: str) -> None:
    path, source = official(shared, name), SOURCES[name]
    assert import_file(path) == cache / f"{name}.arrow" == find_table(name)
    table = verify(name)
    assert table.rows == source.rows
    assert path.stat().st_size == source.bytes
    assert (table.card.name, table.card.source_sha256, table.card.pue) == (name, source.sha256, 1.59)
    columns = cell_columns(read_records(path), path, source.rules)
    assert set(table.columns) - {"suspect"} == set(columns)
    for column in ("energy_kwh", "halfway_energy_kwh", "total_co2eq_g", "validation_accuracy", "params"):
        np.testing.assert_array_equal(table.column(column), np.ma.getdata(columns[column].values))
    full = table.column("epochs") == table.card.epochs[-1]
    assert table.card.mean_full_kwh == pytest.approx(table.column("energy_kwh")[full].mean(), rel=1e-12)
    assert len(table.column("energy_kwh")[full]) % table.card.replicates == 0


@pytest.mark.parametrize("name", ["ec-nas-4v-linscale", "ec-nas-4v@rtx3060", "ec-nas-4v"])
def test_scaled_is_what_is_a_multiple_of_the_shortest_training(shared: Path, name: str) -> None:
    table = open_table(import_file(official(shared, name)))
    epochs, first = table.column("epochs"), table.column("replicate") == 0
    for column in table.columns:
        if column.endswith(("energy_kwh", "seconds", "co2eq_g")) and not column.startswith("initial"):
            ratio = table.column(column)[first & (epochs == 108)] / table.column(column)[first & (epochs == 4)]
            assert (table.provenance(column) == "scaled") == np.allclose(ratio, 27, rtol=1e-9), column


@pytest.mark.slow
def test_labels_of_the_tables(shared: Path) -> None:
    labels = {name: open_table(import_file(official(shared, name))) for name in OFFICIAL}
    assert labels["ec-nas-4v"].provenance("energy_kwh") == "measured"
    assert labels["ec-nas-4v"].provenance("predicted_energy_kwh") == "estimated"
    assert labels["ec-nas-4v-linscale"].provenance("validation_accuracy") == "measured"
    assert labels["ec-nas-4v-linscale"].provenance("halfway_validation_accuracy") == "estimated"
    assert labels["ec-nas-4v@rtx3090"].provenance("halfway_energy_kwh") == "scaled"
    assert any("suspect" in note for note in labels["ec-nas-4v@rtx3090"].card.notes)
    for table in labels.values():
        assert any("carbontracker" in note for note in table.card.notes)
        assert table.unit("energy_kwh") == "kWh"
        assert table.unit("gpu0_energy_j") == "J"


def test_the_partial_5v_table_states_its_bias(shared: Path) -> None:
    source = SOURCES["ec-nas-5v-partial"]
    path = shared / "ecnas/ecnas_linscale.parquet"
    table = open_table(import_file(path))
    table.verify()
    assert (len(np.unique(table.column("hash"))), table.rows) == (1_469, source.rows)
    assert path.stat().st_size == source.bytes
    frame = pd.read_parquet(path).query("space == '5v'").set_index(["hash", "budget"])
    theirs = frame.loc[list(zip(table.column("hash"), table.column("epochs"), strict=True))]
    for ours, name in (("energy_kwh", "energy_kwh"), ("test_accuracy", "test_acc"), ("edges", "adj_triu")):
        np.testing.assert_array_equal(table.column(ours), theirs[name].to_numpy())
    assert not table.missing("validation_accuracy").any()
    assert table.missing("train_accuracy").all()
    assert (table.provenance("energy_kwh"), table.provenance("test_accuracy")) == ("scaled", "measured")
    notes = " ".join(table.card.notes)
    assert "1,469 of 2,532 cells" in notes
    assert "0.918 known (73 cells) v. 0.902 unknown (64 cells)" in notes


def test_own_files_need_a_name_and_count_as_estimated(tmp_path: Path, cache: Path) -> None:
    records = (w.payload(data, epochs=epochs) for epochs in (12, 4) for data in (None, LATER))
    path = w.write(tmp_path / "mine.tfrecord", *records)
    with pytest.raises(ImportFileError, match="not in the catalogue; name your table with --name NAME"):
        import_file(path)
    assert not cache.exists()
    seen: list[tuple[int, int]] = []
    assert import_file(path, "mine", lambda done, size: seen.append((done, size))) == cache / "mine.arrow"
    assert seen == [(0, path.stat().st_size), (path.stat().st_size,) * 2]
    table = verify("mine")
    assert table.column("replicate").tolist() == [0, 1, 0, 1]
    assert table.column("epochs").tolist() == [4, 4, 12, 12]
    assert table.column("ops").tolist() == ["0"] * 4
    assert table.column("edges").tolist() == ["101"] * 4
    assert table.provenance("energy_kwh") == "estimated"
    assert (table.card.replicates, table.card.epochs) == (2, (4, 12))
    assert table.card.mean_full_kwh == (0.015625 + 0.25) / 2
    assert table.card.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "halfway_energy_kwh" not in table
    assert table.missing("test_accuracy").sum() == 0


def test_a_column_that_only_later_records_set(tmp_path: Path) -> None:
    path = w.write(tmp_path / "a", w.payload(), w.payload(w.metrics(extra=w.field(4, 0.0)), epochs=12))
    table = open_table(import_file(path, "mine"))
    assert table.missing("total_energy_kwh").tolist() == [True, False]
    np.testing.assert_array_equal(table.column("total_energy_kwh"), [np.nan, 0.0])


@pytest.mark.parametrize(
    ("payloads", "reason"),
    [
        ([w.payload(w.metrics({4: 0.5, 2: 1.0}))], "record 0 at byte 0: the final energy_kwh is unset"),
        ([w.payload(w.metrics({6: 0.5, 2: 1.0}))], "record 0 at byte 0: the final validation_accuracy is unset"),
        ([w.payload(), w.payload(LATER), w.payload()], "records 0 and 2 are the same training"),
        ([w.payload(w.metrics(w.FINAL | {6: 0.5 + n})) for n in range(129)], "129 trainings of one cell"),
    ],
)
def test_records_that_make_no_table(tmp_path: Path, cache: Path, payloads: list[bytes], reason: str) -> None:
    path = w.write(tmp_path / "a", *payloads)
    with pytest.raises(UserError, match=reason):
        import_file(path, "mine")
    assert not cache.exists()


@pytest.mark.parametrize("name", ["../evil", "", "Upper", ".hidden", "a/b", "x" * 65, "a\n"])
def test_names_that_are_no_file_names(tmp_path: Path, name: str) -> None:
    path = w.write(tmp_path / "a", w.payload())
    with pytest.raises(UserError, match="must be of a-z"):
        import_file(path, name)
    with pytest.raises(UnknownNameError):
        find_table(name)


def test_published_names_are_kept_for_published_files(tmp_path: Path, shared: Path, cache: Path) -> None:
    path = w.write(tmp_path / "energy_4V9E_linscale.tfrecord", w.payload())
    with pytest.raises(
        ImportFileError, match=r"well-formed but not the file of 'ec-nas-4v-linscale': sha256 [0-9a-f]{64}"
    ):
        import_file(path)
    with pytest.raises(UserError, match="'ec-nas-4v' is taken"):
        import_file(path, "ec-nas-4v")
    with pytest.raises(ImportFileError, match="this is the file of 'ec-nas-4v'; leave the name 'mine' out"):
        import_file(official(shared, "ec-nas-4v"), "mine")
    assert not cache.exists()
    assert import_file(path, "mine").is_file()


@pytest.mark.parametrize("name", [None, "mine"])
def test_a_parquet_file_that_nobody_knows_is_told_from_a_faulty_one(
    shared: Path, cache: Path, name: str | None
) -> None:
    with pytest.raises(
        ImportFileError, match=r"a Parquet file .*made of ecnas_linscale\.parquet \(sha256 [0-9a-f]{64}"
    ):
        import_file(shared / "ecnas/ecnas_4v_raw.parquet", name)
    assert not cache.exists()


def test_a_file_replaced_while_it_is_read_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, genuine = w.write(tmp_path / "a", w.payload()), table_import.read_records

    def replaced(file: Path) -> Iterator[Record]:
        w.write(tmp_path / "b", w.payload(LATER)).replace(file)
        return genuine(file)

    monkeypatch.setattr(table_import, "read_records", replaced)
    with pytest.raises(ImportFileError, match="changed while it was read; import it again"):
        import_file(path, "mine")
    assert not cache.exists()


def test_faulty_files_write_nothing(shared: Path, cache: Path) -> None:
    for path in sorted((shared / "ecnas/bad").glob("*.tfrecord")):
        error = ImportFileError if path.name == "ok.tfrecord" else TFRecordError
        with pytest.raises(error, match=path.name):
            import_file(path)
    with pytest.raises(ImportFileError, match="No such file"):
        import_file(shared / "none.tfrecord")
    assert not cache.exists()


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot be written.*set FAIRWATT_CACHE"):
        import_file(w.write(tmp_path / "a", w.payload()), "mine")


@pytest.mark.slow
def test_an_import_that_was_killed_leaves_no_table_and_the_next_one_is_complete(tmp_path: Path, cache: Path) -> None:
    path = w.write(tmp_path / "a", w.payload())
    killed = (  # after the last byte was written, before it has its name
        "import os, signal, sys; from fairwatt import sealed; from fairwatt.search_spaces import table_import\n"
        "sealed.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "table_import.import_file(sys.argv[1], 'mine')"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(path)]).returncode == -signal.SIGKILL
    (torn,) = cache.iterdir()
    assert torn.match(".mine.arrow.*.partial")
    assert "mine" not in {info.name for info in list_tables()}
    assert import_file(path, "mine") == cache / "mine.arrow"
    assert list(cache.iterdir()) == [cache / "mine.arrow"]
    assert verify("mine").rows == 1


def test_a_file_that_lacks_a_training_is_not_imported(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    whole = shared / "ecnas/official/energy_4V9E_linscale.tfrecord"
    last = list(frames(whole))[-1]
    cut = tmp_path / "cut.tfrecord"
    cut.write_bytes(whole.read_bytes()[: last.offset])
    with pytest.raises(TableError, match=r"cut.tfrecord: lacks the training of cell \d+ at \d+ epochs in repeat 0"):
        import_file(cut, "mine")
    assert not list((tmp_path / "cache").glob("*.arrow"))


@pytest.mark.parametrize("name", ["toy-cells", "ec-nas-7v", "digits-cells-4v"])
def test_a_name_of_the_program_is_not_given_to_a_file(shared: Path, name: str) -> None:
    with pytest.raises(UserError, match="is taken"):
        import_file(shared / "ecnas/bad/ok.tfrecord", name)
