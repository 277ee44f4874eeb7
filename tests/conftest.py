"""Fixtures that every room uses."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of genuine data files; tests that need it skip, visibly, where it is absent."""
    folder = Path(os.environ.get("FAIRWATT_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"genuine data not found: {folder} (set FAIRWATT_SHARED)")
    return folder
