"""Fixtures that every room uses."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported: test workers must not spin against each other

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of genuine data files; tests that need it skip, visibly, where it is absent."""
    folder = Path(os.environ.get("FAIRWATT_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"genuine data not found: {folder} (set FAIRWATT_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """Trainings flush denormal numbers to zero; no test may leave its process so (hypothesis would refuse floats)."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
