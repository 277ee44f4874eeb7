"""What the tests of this room share: the index of all cells, built once in a folder of its own."""

import pytest

from fairwatt.search_spaces.cell_index import CellIndex, cell_index


@pytest.fixture(scope="session")
def all_cells(tmp_path_factory: pytest.TempPathFactory) -> CellIndex:
    """All 423,624 cells; about a second, once, and nothing of it in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRWATT_CACHE", str(tmp_path_factory.mktemp("cells")))
        return cell_index(7)
