"""Fronts, hypervolumes, places and the recovered table, on searches small enough to check by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairwatt.errors import UserError
from fairwatt.reproductions.catalogue import PUBLISHED_RUNS
from fairwatt.reproductions.ec_nas_recovered import link
from fairwatt.reproductions.item import MissingDataError, Shelf
from fairwatt.reproductions.places import notable, of_epochs, saving
from fairwatt.reproductions.published_runs import (
    front,
    points,
    published_hypervolume,
    scaled_hypervolume,
    searches,
    valid_rows,
)

ROWS = [  # method, seed, valid, epochs, accuracy in percent, kWh
    ("rs", 0, True, 108, 90.0, 0.8),
    ("rs", 0, False, None, np.nan, np.nan),
    ("rs", 0, True, 108, 90.0, 1.0),  # as accurate at more energy
    ("rs", 0, True, 36, 80.0, 0.2),
    ("rs", 0, True, 36, 80.0, 0.2),  # again
    ("rs", 0, True, 12, 70.0, 0.4),  # dominated
    ("rs", 0, True, 4, 40.0, 0.1),
    ("semoa", 1, True, 108, 95.0, 0.5),
    ("semoa", 1, True, None, 60.0, 0.05),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shared")
    method, seed, valid, epochs, accuracy, energy = zip(*ROWS, strict=True)
    path = folder / "data" / PUBLISHED_RUNS
    path.parent.mkdir(parents=True)
    frame = pd.DataFrame({"algorithm": method, "seed": seed, "valid": valid, "val_acc_pct": accuracy})
    frame["space"], frame["eval_index"], frame["energy_kwh"] = "4v", range(len(ROWS)), energy
    frame["budget_epochs"] = pd.array(epochs, dtype="Int16")
    frame["test_acc_pct"], frame["train_time_s"], frame["log10_params"] = frame["val_acc_pct"] - 1, 10.0, 6.0
    frame.to_parquet(path)
    return Shelf(folder)


@pytest.fixture(scope="module")
def search(shelf: Shelf) -> pd.DataFrame:
    return searches(valid_rows(shelf), "4v", "rs")[0]


def test_rows_are_valid_ones_in_plain_units(shelf: Shelf) -> None:
    rows = valid_rows(shelf)
    assert len(rows) == 8
    assert rows["val_accuracy"].tolist()[:2] == [0.9, 0.9]
    assert rows["parameters"].tolist() == [1.0] * 8
    assert list(searches(rows, "4v", "semoa")) == [1]
    assert searches(rows, "5v", "semoa") == {}


def test_front_and_hypervolumes(search: pd.DataFrame) -> None:
    found = points(front(search))
    assert found.tolist() == [[-0.9, 0.8], [-0.8, 0.2], [-0.4, 0.1]]
    # (-P_v, Wh) within (0.5, 10^6): columns of widths .1, .4 and .9 above 800, 200 and 100 Wh
    by_hand = 0.1 * (1e6 - 800) + 0.4 * (1e6 - 200) + 0.9 * (1e6 - 100)
    assert published_hypervolume(found) == pytest.approx(by_hand, rel=1e-12)
    # (1 - P_v, E / 1 kWh) within (1, 1)
    assert scaled_hypervolume(found, 1.0) == pytest.approx(0.1 * 0.2 + 0.4 * 0.8 + 0.4 * 0.9)
    assert scaled_hypervolume(found, 2.0) > scaled_hypervolume(found, 1.0)


def test_places_and_what_the_knee_saves(search: pd.DataFrame) -> None:
    named = notable(front(search))
    assert {place: row["energy_kwh"] for place, row in named.items()} == {"r0": 0.8, "r1": 0.1, "knee": 0.2}
    assert saving(named) == pytest.approx((75.0, 10.0))
    alone = notable(front(of_epochs(search, (108,))))
    assert list(alone) == ["r0", "r1"]
    assert np.isnan(saving(alone)).all()


def test_rows_of_unknown_epochs_count_only_where_all_do(shelf: Shelf) -> None:
    rows = searches(valid_rows(shelf), "4v", "semoa")[1]
    assert len(of_epochs(rows, (4, 12, 36, 108))) == 2
    assert len(of_epochs(rows, (108,))) == 1


def test_architectures_are_linked_by_parameters_and_energy() -> None:
    cells = [(1.0, 0.01, 0.5), (1.0, 0.0101, 0.4), (2.0, 0.01, 0.3), (2.0, 0.031, 0.2)]
    rows = np.array(
        [[size, kwh * factor, factor, accuracy, factor] for size, kwh, accuracy in cells for factor in (1, 3, 9, 27)]
    )
    found = link(np.random.default_rng(0).permutation(rows))
    assert sorted((cell.parameters, cell.values[0, 0], cell.values[0, 2]) for cell in found) == sorted(cells)
    assert all(cell.values[:, 1].tolist() == [1, 3, 9, 27] for cell in found)
    with pytest.raises(UserError, match="1, 1, 0, 1 rows at 4, 12, 36, 108 epochs"):
        link(np.delete(rows, 2, axis=0))
    with pytest.raises(UserError, match="1, 2, 1, 1 rows"):
        link(np.vstack([rows, rows[1] + (0.0, 0.0, 0.5, 0.0, 0.0)]))


def test_a_file_that_is_not_there_or_not_the_one(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="--shared or FAIRWATT_SHARED"):
        valid_rows(Shelf(tmp_path))
    path = tmp_path / "data" / PUBLISHED_RUNS
    path.parent.mkdir(parents=True)
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(UserError, match=r"not the published file \(.*fetch it again"):
        valid_rows(Shelf(tmp_path))
    pd.DataFrame({"space": ["4v"]}).to_parquet(path)
    with pytest.raises(UserError, match="not the published file"):
        valid_rows(Shelf(tmp_path))
