"""Genuine EC-NAS files: every faulty one gets its answer, every sound one its numbers, to the bit."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairwatt.search_spaces.cell_columns import cell_columns, least_replicates, mean_full_kwh
from fairwatt.search_spaces.cell_index import cell_hash
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.tfrecord import TFRecordError, read_records

FAULTS = {
    "truncated_payload.tfrecord": "truncated: the header announces 814 payload bytes.* 288 bytes on",
    "flipped_payload.tfrecord": "checksum .* of the payload does not match",
    "huge_length.tfrecord": f"truncated: the header announces {2**60} payload bytes",
    "bad_json.tfrecord": "the payload is not JSON",
    "unknown_op.tfrecord": "unknown operation 'conv5x5-bn-relu'",
    "nan_energy.tfrecord": "final energy_kwh is nan",
    "lfs_pointer.tfrecord": "Git LFS pointer, not the data.* 297784 bytes, sha256 e18becd6[0-9a-f]{56}$",
    "empty.tfrecord": "empty file, no records",
}
RAW = {  # our column: column of the tidy files, at the end of training
    "params": "trainable_params",
    "epoch": "epochs",
    "seconds": "training_time_s",
    "train_accuracy": "train_acc",
    "validation_accuracy": "valid_acc",
    "test_accuracy": "test_acc",
    "energy_kwh": "energy_kwh",
    "co2eq_g": "co2eq_g",
    "intensity_g_per_kwh": "intensity_g_per_kwh",
    "start": "start_emission",
    "stop": "stop_emission",
    "predicted_energy_kwh": "pred_energy_kwh",
    "predicted_co2eq_g": "pred_co2eq_g",
    "predicted_seconds": "pred_training_time_s",
    "predicted_intensity_g_per_kwh": "pred_intensity",
    "total_seconds": "total_time_s",
    "total_energy_kwh": "total_energy_kwh",
    "total_co2eq_g": "total_co2eq_g",
    "total_intensity_g_per_kwh": "overall_intensity",
    "gpu0_power_w": "gpu_power_w",
    "gpu0_energy_j": "gpu_energy_j",
    "cpu0_power_w": "cpu_power_w_0",
    "cpu0_energy_j": "cpu_energy_j_0",
}
HARDWARE = {  # the same of the tidy table of devices
    "params": "trainable_params",
    "vertices": "n_vertices",
    "energy_kwh": "energy_kwh",
    "seconds": "train_time_s",
    "co2eq_g": "co2eq_g",
    "intensity_g_per_kwh": "intensity_g_per_kwh",
    "initial_energy_kwh": "init_energy_kwh",
    "halfway_epoch": "half_epoch",
    "halfway_energy_kwh": "half_energy_kwh",
    "halfway_seconds": "half_time_s",
    "total_seconds": "total_time_s",
    "total_energy_kwh": "total_energy_kwh",
    "total_co2eq_g": "total_co2eq_g",
    "gpu0_device": "gpu_name",
    "gpu0_power_w": "gpu_power_w",
    "gpu0_energy_j": "gpu_energy_j",
    "cpu0_power_w": "cpu_power_w_0",
    "cpu0_energy_j": "cpu_energy_j_0",
    "predicted_energy_kwh": "pred_energy_kwh",
    "predicted_seconds": "pred_training_time_s",
    "train_accuracy": "train_acc",
    "validation_accuracy": "valid_acc",
    "test_accuracy": "test_acc",
    "initial_start": "start_emission",
    "stop": "stop_emission",
}
OPS = {"conv3x3-bn-relu": "0", "conv1x1-bn-relu": "1", "maxpool3x3": "2"}
POINT = [name for name in RAW if not name.startswith(("params", "predicted", "total", "gpu", "cpu"))]


@pytest.fixture(scope="module")
def ecnas(shared: Path) -> Path:
    return shared / "ecnas"


@cache
def columns(path: Path) -> dict[str, Column]:
    return cell_columns(read_records(path), path, ())


def values(path: Path, name: str) -> Any:
    return np.ma.getdata(columns(path)[name].values)


def by_hash(path: Path, name: str) -> Any:
    """A column in the order of hash, epochs and replicate, which is that of the tidy files."""
    order = np.lexsort([values(path, key) for key in ("replicate", "epochs", "hash")])
    return values(path, name)[order]


def assert_same_cells(path: Path, frame: pd.DataFrame) -> None:
    assert by_hash(path, "hash").astype(str).tolist() == frame["hash"].to_list()
    assert by_hash(path, "edges").astype(str).tolist() == frame["adj_triu"].to_list()
    ops = ["".join(OPS[op] for op in ops.split(",") if op) for ops in frame["ops"]]
    assert by_hash(path, "ops").astype(str).tolist() == ops


def test_every_faulty_file_gets_the_answer_of_its_manifest(ecnas: Path) -> None:
    manifest = json.loads((ecnas / "bad/manifest.json").read_text())
    assert {entry["file"] for entry in manifest} == {"ok.tfrecord", *FAULTS}
    for entry in manifest:
        path = ecnas / "bad" / entry["file"]
        if entry["file"] == "ok.tfrecord":
            assert len(list(read_records(path))) == 4
            continue
        with pytest.raises(TFRecordError) as caught:
            list(read_records(path))
        error = caught.value
        assert (error.record, error.offset) == (entry["record"], entry["offset"]), entry["file"]
        place = "" if error.record is None else f" record {error.record} at byte {error.offset}:"
        assert re.fullmatch(f"{re.escape(str(path))}:{place} .*{FAULTS[entry['file']]}.*", str(error))


@pytest.mark.parametrize(
    ("file", "rows", "cells", "replicates"),
    [
        ("energy_4V9E_4epochs", 1092, 91, 3),
        ("energy_4V9E_linscale", 364, 91, 1),
        ("energy_5V9E_4epochs", 2532, 2532, 1),
        ("hardware/energy_4V9E_quadrortx6000", 364, 91, 1),
        ("hardware/energy_4V9E_rtx3060", 352, 88, 1),
        ("hardware/energy_4V9E_rtx3090", 364, 91, 1),
    ],
)
def test_official_files_have_their_rows(ecnas: Path, file: str, rows: int, cells: int, replicates: int) -> None:
    path = ecnas / f"official/{file}.tfrecord"
    ids = values(path, "cell")
    assert (len(ids), len(np.unique(ids)), len(np.unique(values(path, "hash")))) == (rows, cells, cells)
    assert least_replicates(columns(path)) == replicates
    order = list(zip(ids, values(path, "epochs"), values(path, "replicate"), strict=True))
    assert order == sorted(set(order))
    assert [cell_hash(int(cell)) for cell in ids[::7]] == values(path, "hash")[::7].astype(str).tolist()
    assert not np.ma.is_masked(columns(path)["energy_kwh"].values)


@pytest.mark.parametrize(
    ("file", "tidy", "budgets"),
    [
        ("energy_4V9E_4epochs", "ecnas_measured_nc", (4, 12, 36, 108)),
        ("energy_4V9E_4epochs", "ecnas_4v_raw", (4,)),
        ("energy_5V9E_4epochs", "ecnas_5v_raw", (4,)),
    ],
)
def test_measured_files_equal_the_published_logs_to_the_bit(
    ecnas: Path, file: str, tidy: str, budgets: tuple[int, ...]
) -> None:
    path = ecnas / f"official/{file}.tfrecord"
    frame = pd.read_parquet(ecnas / f"{tidy}.parquet").query(f"space == '{file[7:9].lower()}'")
    frame = frame.assign(budget=frame.get("budget", 4)).sort_values(["hash", "budget", "total_start"])
    rows = np.isin(by_hash(path, "epochs"), budgets)
    for point, prefix in enumerate(("initial_", "halfway_", "")):
        logged = frame[frame["eval_index"] == point]
        assert len(logged) == rows.sum()
        for ours in POINT if prefix else RAW:
            found = by_hash(path, prefix + ours)[rows]
            np.testing.assert_array_equal(found, logged[RAW[ours]].to_numpy(), err_msg=prefix + ours)
        for ours, theirs in (("hash", "hash"), ("edges", "adj_triu"), ("vertices", "n_vertices")):
            assert by_hash(path, ours)[rows].astype(str).tolist() == logged[theirs].astype(str).to_list()


def test_replicates_are_numbered_by_start_time(ecnas: Path) -> None:
    path = ecnas / "official/energy_4V9E_4epochs.tfrecord"
    starts, replicate = values(path, "initial_start"), values(path, "replicate")
    for place in np.flatnonzero(replicate):
        assert starts[place - 1] < starts[place]


@pytest.mark.parametrize("file", ["energy_4V9E_linscale", "hardware/energy_4V9E_quadrortx6000"])
def test_scaled_files_equal_the_reconstruction(ecnas: Path, file: str) -> None:
    path = ecnas / f"official/{file}.tfrecord"
    frame = pd.read_parquet(ecnas / "ecnas_linscale.parquet").query("space == '4v'").sort_values(["hash", "budget"])
    assert_same_cells(path, frame)
    same = {"epochs": "budget", "params": "trainable_params", "vertices": "n_vertices"}
    same |= {"energy_kwh": "energy_kwh", "seconds": "train_time_s", "co2eq_g": "co2eq_g"}
    for ours, theirs in same.items():
        np.testing.assert_array_equal(by_hash(path, ours), frame[theirs].to_numpy(), err_msg=ours)
    for ours, theirs in (("validation_accuracy", "valid_acc"), ("test_accuracy", "test_acc")):
        # these were percentages in between, which costs the last bit
        np.testing.assert_array_max_ulp(by_hash(path, ours), frame[theirs].to_numpy(), maxulp=1)


@pytest.mark.parametrize("device", ["quadrortx6000", "rtx3060", "rtx3090"])
def test_every_column_of_the_devices_equals_the_tidy_table(ecnas: Path, device: str) -> None:
    path = ecnas / f"official/hardware/energy_4V9E_{device}.tfrecord"
    frame = pd.read_parquet(ecnas / "ecnas_4v_hardware.parquet").query(f"device == '{device}'")
    frame = frame.sort_values(["hash", "budget"])
    assert_same_cells(path, frame)
    unread = {"hash", "device", "measured", "adj_triu", "ops", "suspect"}
    assert set(frame.columns) - unread == {"budget", *HARDWARE.values()}
    for ours, theirs in (HARDWARE | {"epochs": "budget"}).items():
        np.testing.assert_array_equal(by_hash(path, ours), frame[theirs].to_numpy(), err_msg=ours)


def test_the_order_of_a_file_means_nothing(ecnas: Path) -> None:
    path = ecnas / "official/energy_4V9E_4epochs.tfrecord"
    records = list(read_records(path))
    shuffled = [records[place] for place in np.random.default_rng(0).permutation(len(records))]
    for name, column in cell_columns(iter(shuffled), path, ()).items():
        np.testing.assert_array_equal(np.ma.getdata(column.values), values(path, name))


def test_the_mean_full_costs_that_were_published(ecnas: Path) -> None:
    scaled, measured = (ecnas / f"official/energy_4V9E_{kind}.tfrecord" for kind in ("linscale", "4epochs"))
    assert mean_full_kwh(columns(scaled)) == pytest.approx(0.4732, abs=5e-5)
    assert 91 * mean_full_kwh(columns(scaled)) == pytest.approx(43.06, abs=5e-3)
    assert mean_full_kwh(columns(measured)) == pytest.approx(0.4076, abs=5e-5)
    assert 91 * mean_full_kwh(columns(measured)) == pytest.approx(37.09, abs=5e-3)
