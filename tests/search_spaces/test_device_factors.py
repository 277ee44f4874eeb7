"""What EC-NAS 4V would take on another GPU."""

from pathlib import Path

import numpy as np
import pytest

from fairwatt.registry import make_benchmark
from fairwatt.search_spaces.sources import load_table
from fairwatt.search_spaces.suspect import suspect_cells
from fairwatt.search_spaces.table_import import import_file


def test_a_device_is_a_factor_on_every_network(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    official = shared / "ecnas/official"
    import_file(official / "energy_4V9E_linscale.tfrecord")
    assert make_benchmark("ec-nas-4v-linscale").reference().device_factors == {}
    for device in ("rtx3060", "rtx3090", "quadrortx6000"):
        import_file(official / f"hardware/energy_4V9E_{device}.tfrecord")
    reference = make_benchmark("ec-nas-4v-linscale").reference()
    assert list(reference.device_factors) == ["rtx3060"]  # of the RTX 3090 a quarter of the cells is suspect
    factors = reference.device_factors["rtx3060"]
    own, other = load_table("ec-nas-4v@quadrortx6000"), load_table("ec-nas-4v@rtx3060")
    assert not suspect_cells(other).any()
    known = np.isin(reference.keys, other.cells)
    assert (known.sum(), len(known)) == (88, 91)
    ratio = other.values("energy_kwh")[:, 0, 0] / own.values("energy_kwh")[np.isin(own.cells, other.cells), 0, 0]
    assert factors[known] == pytest.approx(ratio)
    assert factors[~known] == pytest.approx(np.median(ratio))
    assert make_benchmark("digits-cells-4v").reference().device_factors == {}
