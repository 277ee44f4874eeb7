"""What the tests of this room share: the index of all cells, built once in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fairwatt.search_spaces.cell_index import CellIndex, cell_index


@pytest.fixture(scope="session")
def all_cells(made_once: Callable[[str, Callable[[Path], object]], Path]) -> CellIndex:
    """All 423,624 cells; about a second, once, and nothing of it in the user's cache."""

    def enumerated(folder: Path) -> CellIndex:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FAIRWATT_CACHE", str(folder))
            return cell_index(7)

    return enumerated(made_once("cells", enumerated))
