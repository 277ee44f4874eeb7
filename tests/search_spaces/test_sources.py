"""Tables on this machine: which are here, and whether they are what they say."""

from pathlib import Path

import ecnas_writer as w
import numpy as np
import pytest

from fairwatt.errors import UnknownNameError
from fairwatt.search_spaces import sources
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.catalogue import SOURCES
from fairwatt.search_spaces.column import PROVENANCES
from fairwatt.search_spaces.sources import TableNotFoundError, find_table, list_tables, verify
from fairwatt.search_spaces.table import TableError
from fairwatt.search_spaces.table_import import import_file


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of these tests touches the user's cache, and no embedded table is in their way."""
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "EMBEDDED", tmp_path / "embedded")
    return tmp_path / "cache"


def test_a_missing_table_says_which_file_to_get_and_what_to_type() -> None:
    with pytest.raises(TableNotFoundError) as caught:
        find_table("ec-nas-7v")
    for part in ("613,992,864", SOURCES["ec-nas-7v"].sha256, "fairwatt data import energy_7V9E_surrogate.tfrecord"):
        assert part in str(caught.value)
    with pytest.raises(UnknownNameError, match="did you mean 'ec-nas-4v-linscale'"):
        find_table("ec-nas-4v-linscal")


def test_listing_and_finding(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = import_file(w.write(tmp_path / "a", w.payload()), "mine")
    (cache / "broken.arrow").write_bytes(b"ARROW1")
    (cache / ".mine.arrow.1-1.partial").write_bytes(b"torn")
    states = {info.name: info.state for info in list_tables()}
    assert states == dict.fromkeys(SOURCES, "missing") | {"mine": "imported", "broken": "damaged"}
    (tmp_path / "embedded").mkdir()
    own.rename(tmp_path / "embedded/mine.arrow")
    info = {info.name: info for info in list_tables()}["mine"]
    assert (info.state, info.rows, info.path) == ("embedded", 1, find_table("mine"))
    monkeypatch.delenv("FAIRWATT_CACHE")
    assert cache_dir().name == "fairwatt"


def test_verify_notices_other_contents(tmp_path: Path, cache: Path) -> None:
    table = import_file(w.write(tmp_path / "a", w.payload()), "mine")
    table.rename(cache / "yours.arrow")
    with pytest.raises(TableError, match="the table 'mine' under another name"):
        verify("yours")
    content = (cache / "yours.arrow").read_bytes()
    energy = np.float64(w.FINAL[6]).tobytes()
    assert content.count(energy) == 1
    (cache / "mine.arrow").write_bytes(content.replace(energy, np.float64(0.5).tobytes()))
    with pytest.raises(TableError, match="does not match its stored sha256"):
        verify("mine")


def test_the_catalogue_is_consistent() -> None:
    assert len({source.sha256 for source in SOURCES.values()}) == len(SOURCES)
    for name, source in SOURCES.items():
        assert name == source.name
        assert len(source.sha256) == 64
        assert {label for _, label in source.rules} <= set(PROVENANCES)
