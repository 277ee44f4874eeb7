"""The file of a learned model: what was written comes back, or nothing does."""

from pathlib import Path

import numpy as np
import pytest

from fairwatt.errors import UserError
from fairwatt.sealed import DamagedFileError
from fairwatt.surrogates.surrogate_file import read_surrogate, write_surrogate

ARRAYS = {"weights": np.arange(12.0).reshape(3, 4), "feature": np.array([1, 2], dtype=np.int16), "noise": np.array(0.5)}
CARD = {"kind": "trees", "notes": ["τ ≥ .95"], "pue": None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models" / "one.npz"


def test_arrays_and_card_come_back(path: Path) -> None:
    digest = write_surrogate(path, ARRAYS, CARD)
    arrays, card, again = read_surrogate(path)
    assert (card, again) == (CARD, digest)
    assert arrays.keys() == ARRAYS.keys()
    assert all((arrays[name] == ARRAYS[name]).all() and arrays[name].dtype == ARRAYS[name].dtype for name in ARRAYS)
    before = path.read_bytes()
    assert write_surrogate(path, ARRAYS, CARD) == digest
    assert path.read_bytes() == before


def test_the_checksum_is_of_everything(path: Path) -> None:
    digests = {
        write_surrogate(path, ARRAYS, CARD),
        write_surrogate(path, ARRAYS, CARD | {"kind": "mlp"}),
        write_surrogate(path, ARRAYS | {"noise": np.array(0.25)}, CARD),
        write_surrogate(path, {"other" if name == "noise" else name: array for name, array in ARRAYS.items()}, CARD),
        write_surrogate(path, ARRAYS | {"weights": np.arange(12.0).reshape(4, 3)}, CARD),
    }
    assert len(digests) == 5


def test_damage_is_noticed_wherever_it_is(path: Path) -> None:
    write_surrogate(path, ARRAYS, CARD)
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x20]) + sound[place + 1 :])
        try:
            arrays, card, _ = read_surrogate(path)
        except DamagedFileError:
            continue
        assert card == CARD  # a byte of the container that means nothing
        assert all((arrays[name] == ARRAYS[name]).all() for name in ARRAYS)
    for end in range(0, len(sound), 50):
        path.write_bytes(sound[:end])
        with pytest.raises(DamagedFileError, match=r"one\.npz"):
            read_surrogate(path)


def test_other_content_under_an_intact_container_is_refused(path: Path) -> None:
    write_surrogate(path, ARRAYS, CARD)
    with np.load(path) as stored:
        content = dict(stored)
    np.savez(path, **content | {"noise": np.array(0.75)})
    with pytest.raises(DamagedFileError, match="checksum"):
        read_surrogate(path)
    np.savez(path, **content | {"format": np.array("fairwatt-surrogate 2")})
    with pytest.raises(UserError, match="update fairwatt"):
        read_surrogate(path)
    np.savez(path, **ARRAYS)
    with pytest.raises(DamagedFileError):
        read_surrogate(path)


def test_nothing_in_it_is_run(path: Path) -> None:
    path.parent.mkdir()
    np.savez(path, allow_pickle=True, format=np.array("fairwatt-surrogate 1"), evil=np.array([object()], dtype=object))
    with pytest.raises(DamagedFileError):
        read_surrogate(path)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_surrogate(path, {"evil": np.array([object()], dtype=object)}, CARD)
