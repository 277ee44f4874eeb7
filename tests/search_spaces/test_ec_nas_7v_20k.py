"""The space `ec-nas-7v-20k`: real accuracies, a surrogate's energies, and what is missing said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.cell_index import CellIndex
from fairwatt.search_spaces.energy_surrogate import EnergySurrogate, SurrogateNotFoundError, default_path
from fairwatt.search_spaces.sources import TableNotFoundError, load_table
from fairwatt.search_spaces.table_import import import_file


@pytest.fixture
def ecnas(shared: Path, all_cells: CellIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    return shared / "ecnas"


def small_surrogate(ecnas: Path) -> None:
    """Trained by the experiments room, which this room's modules do not import."""
    from fairwatt.experiments.surrogate_fit import fit_energy_surrogate

    fit_energy_surrogate(ecnas / "ecnas_7v_energy.parquet", members=1, trees=60)


def test_without_a_surrogate_it_says_what_to_type(ecnas: Path) -> None:
    with pytest.raises(SurrogateNotFoundError, match=r"fairwatt surrogate fit ecnas_7v_energy\.parquet"):
        import_file(ecnas / "nb101_20k.parquet")


@pytest.mark.slow(6)
def test_it_is_made_of_the_file_the_surrogate_and_the_measured_ratios(ecnas: Path) -> None:
    small_surrogate(ecnas)
    with pytest.raises(TableNotFoundError, match=r"fairwatt data import energy_4V9E_4epochs\.tfrecord"):
        import_file(ecnas / "nb101_20k.parquet")
    import_file(ecnas / "official" / "energy_4V9E_4epochs.tfrecord")
    import_file(ecnas / "nb101_20k.parquet")

    table, surrogate = load_table("ec-nas-7v-20k"), EnergySurrogate.load(default_path())
    raw = pd.read_parquet(ecnas / "nb101_20k.parquet").set_index("hash")
    assert table.shape == (20_001, 4, 1)
    hashes = table.column("hash")[::4]
    for place, epochs in enumerate((4, 12, 36, 108)):
        accuracy = table.values("validation_accuracy")[:, place, 0]
        assert (accuracy == raw.loc[hashes, f"valid_acc_{epochs}"].to_numpy(np.float64)).all()
    seconds = raw.loc[hashes, "train_time_108_s"].to_numpy(np.float64)
    assert (table.values("seconds")[:, -1, 0] == seconds).all()
    assert table.values("seconds")[:, 0, 0] == pytest.approx(seconds / 27)

    measured = load_table("ec-nas-4v").values("energy_kwh").mean(axis=2)
    ratio = (measured[:, -1] / measured[:, 0]).mean()
    assert ratio == pytest.approx(23.31, abs=0.01)
    predicted, energy = surrogate.predict(table.cells), table.values("energy_kwh")[:, :, 0]
    assert energy[:, 0] == pytest.approx(predicted.energy_kwh, rel=1e-12)
    assert energy[:, -1] == pytest.approx(ratio * predicted.energy_kwh, rel=1e-12)
    assert np.diff(energy / energy[:, :1], axis=1)[:, 1:] == pytest.approx(3 * np.diff(energy / energy[:, :1])[:, :-1])
    assert (table.values("energy_low_kwh")[:, :, 0] < energy).all()
    assert (table.values("energy_high_kwh")[:, :, 0] > energy).all()
    assert (table.values("extrapolated")[:, 0, 0] == predicted.extrapolated).all()

    notes = " ".join(table.card.notes)
    assert surrogate.sha256 in notes
    assert surrogate.card.command in notes
    assert "23.31 at 108" in notes
    assert "0.95 neighbours" in notes
    benchmark = make_benchmark("ec-nas-7v-20k")
    assert not benchmark.has_test
    assert benchmark.provenance == {
        "validation_accuracy": "measured",
        "test_accuracy": "measured",
        "energy_kwh": "surrogate",
        "seconds": "scaled",
    }
    rng = np.random.default_rng(0)
    answer = benchmark.measure(benchmark.space.sample(rng))
    assert answer.test_error is None
    assert answer.energy_kwh > 0
