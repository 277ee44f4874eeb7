"""EC-NAS's four GPUs: which rows are suspect, and how far the devices agree with the Quadro RTX 6000."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.card import Card
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.cell_columns import label
from fairwatt.search_spaces.cell_index import cell_id
from fairwatt.search_spaces.devices import REFERENCE, WITHOUT, agreement
from fairwatt.search_spaces.sources import TableNotFoundError, load_table
from fairwatt.search_spaces.suspect import suspect_cells, suspects
from fairwatt.search_spaces.table import write_table
from fairwatt.search_spaces.table_import import import_file

FILES = ("quadrortx6000", "rtx3060", "rtx3090")


@pytest.fixture(scope="module")
def frame(shared: Path) -> pd.DataFrame:
    return pd.read_parquet(shared / "ecnas/ecnas_4v_hardware.parquet")


@pytest.fixture(scope="module")
def cache(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWATT_CACHE", str(folder))
        for device in FILES:
            import_file(shared / f"ecnas/official/hardware/energy_4V9E_{device}.tfrecord")
    return folder


@pytest.fixture(autouse=True)
def _cache(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "cache" in request.fixturenames:
        monkeypatch.setenv("FAIRWATT_CACHE", str(request.getfixturevalue("cache")))


def test_runs_of_the_slow_phase_and_impossible_energies_are_suspect() -> None:
    starts = np.array(["12:00", "09:00", "10:00", "09:00"])
    energy, total = np.array([1.0, 1.0, 1.0, 1.0]), np.array([0.9, 2.0, 2.0, np.nan])
    assert suspects(starts, energy, total, 0).tolist() == [1, 0, 0, 0]
    assert suspects(starts, energy, total, 1).tolist() == [1, 1, 0, 1]


def test_the_rule_flags_what_the_published_analysis_flags(frame: pd.DataFrame) -> None:
    counts = {}
    for device, rows in frame.groupby("device"):
        slow_runs = SOURCES[f"ec-nas-4v@{device}"].slow_runs
        assert slow_runs is not None
        columns = (rows[name].to_numpy() for name in ("start_emission", "energy_kwh", "total_energy_kwh"))
        flags = suspects(*columns, slow_runs)
        np.testing.assert_array_equal(flags != 0, (rows["suspect"] != "").to_numpy())
        counts[device] = int(flags.sum())
    assert counts == {"quadrortx6000": 0, "rtx3060": 0, "rtx3090": 84, "titanxp": 0}


@pytest.mark.parametrize("device", FILES)
def test_tables_carry_the_flags(cache: Path, frame: pd.DataFrame, device: str) -> None:
    table = load_table(f"ec-nas-4v@{device}")
    rows = frame[frame["device"] == device].set_index(["hash", "budget"])
    theirs = rows.loc[list(zip(table.column("hash"), table.column("epochs"), strict=True)), "suspect"]
    np.testing.assert_array_equal(table.column("suspect") != 0, (theirs != "").to_numpy())
    assert (table.provenance("suspect"), table.column("suspect").dtype) == ("estimated", np.int8)
    assert any("4 epochs measured, rest scaled; one repeat" in note for note in table.card.notes)
    assert suspect_cells(table).sum() == 21 * (device == "rtx3090")


def test_the_3090_agrees_once_its_suspect_cells_are_left_out(cache: Path) -> None:
    found = agreement("ec-nas-4v@rtx3090")
    assert [(line.other, line.cells, line.note) for line in found] == [
        (REFERENCE, 91, ""),
        (REFERENCE, 70, WITHOUT),
        ("ec-nas-4v@rtx3060", 88, ""),
        ("ec-nas-4v@rtx3060", 68, WITHOUT),
    ]
    everything, sound = found[:2]
    assert everything.tau == pytest.approx(0.718, abs=5e-4)
    assert sound.tau == pytest.approx(0.916, abs=5e-4)
    assert everything.high < sound.low
    assert {line.epochs for line in found} == {4}


def test_other_devices_agree_with_the_quadro(cache: Path, frame: pd.DataFrame) -> None:
    assert agreement("ec-nas-4v@rtx3060")[0].tau == pytest.approx(0.896, abs=5e-4)
    source = SOURCES["ec-nas-4v@titanxp"]  # its file is not public here; its numbers are
    rows = frame[frame["device"] == "titanxp"].copy()
    rows["cell"] = [
        cell_id(_matrix(edges, size), ["input", *ops.split(","), "output"] if ops else ["input", "output"])
        for edges, ops, size in zip(rows["adj_triu"], rows["ops"], rows["n_vertices"], strict=True)
    ]
    rows = rows.sort_values(["cell", "budget"]).assign(replicate=0)
    columns = {"cell": "cell", "epochs": "budget", "replicate": "replicate", "energy_kwh": "energy_kwh"}
    values = {ours: label(ours, rows[theirs].to_numpy(), source.rules) for ours, theirs in columns.items()}
    card = Card(source.name, "", "", source.sha256, "", "", (), 1, (4, 12, 36, 108), None, None, "")
    path = write_table(cache / f"{source.name}.arrow", values, card)
    try:
        assert agreement(source.name)[0].tau == pytest.approx(0.893, abs=5e-4)
        assert agreement(REFERENCE)[-1].other == source.name
    finally:
        path.unlink()


def _matrix(edges: str, size: int) -> np.ndarray:
    matrix = np.zeros((size, size), dtype=int)
    matrix[np.triu_indices(size, 1)] = [int(bit) for bit in edges]
    return matrix


def test_without_the_quadro_it_is_said_what_to_get(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    import_file(shared / "ecnas/official/hardware/energy_4V9E_rtx3060.tfrecord")
    with pytest.raises(TableNotFoundError, match=r"'ec-nas-4v@quadrortx6000' is not here yet.*type: fairwatt data"):
        agreement("ec-nas-4v@rtx3060")
    assert agreement("ec-nas-4v") == []


def test_suspect_cells_are_kept_unless_dropped(cache: Path) -> None:
    kept, dropped = (make_benchmark("ec-nas-4v@rtx3090", suspect=word) for word in ("keep", "drop"))
    assert (len(kept.reference().keys), len(dropped.reference().keys)) == (91, 70)
    assert kept.data_sha256 != dropped.data_sha256
    assert dropped.reference().notes[0] == "chosen: without 21 suspect cells of 91"
    lost = set(kept.reference().keys) - set(dropped.reference().keys)
    config = kept.space.config(min(lost))  # type: ignore[attr-defined]
    assert kept.measure(config).status.name == "OK"
    assert dropped.measure(config).status.name == "INVALID"
    assert make_benchmark("ec-nas-4v@rtx3060", suspect="drop").data_sha256 == load_table("ec-nas-4v@rtx3060").sha256
