"""Fixtures that every room uses."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported: test workers must not spin against each other

# no test is a race against the clock: a busy machine takes any time for an example
settings.register_profile("fairwatt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fairwatt")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of genuine data files; tests that need it skip, visibly, where it is absent."""
    folder = Path(os.environ.get("FAIRWATT_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"genuine data not found: {folder} (set FAIRWATT_SHARED)")
    return folder


@pytest.fixture(scope="session")
def toy_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`digits-regnet-toy.arrow` with invented curves: the real grid, collected from parts of the real form."""
    from invented_sweep import SPEC, write_parts

    from fairwatt.experiments.config_table import collect_configs

    home = tmp_path_factory.mktemp("toy")
    spec = home / "digits-regnet-toy.yaml"
    spec.write_text(SPEC)
    write_parts(spec, home)
    return collect_configs(spec, folder=home)


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """Trainings flush denormal numbers to zero; no test may leave its process so (hypothesis would refuse floats)."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
