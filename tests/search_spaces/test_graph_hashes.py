"""The hashes of many cells at once, against hashlib and the hash of one cell; and the processes that share them."""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fairwatt.search_spaces import graph_hashes as module
from fairwatt.search_spaces import md5
from fairwatt.search_spaces.cell_graph import adjacency, graph_hash
from fairwatt.search_spaces.cell_index import CellIndex, cell_hashes, cell_index
from fairwatt.search_spaces.graph_hashes import graph_hashes
from fairwatt.search_spaces.hash_messages import Texts, Writer

GENUINE = sys.executable


@pytest.mark.parametrize("length", [0, 1, 3, 4, 54, 55, 56, 63, 64, 66, 119, 120, 252])
def test_md5_of_random_bytes_is_that_of_hashlib(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(md5, "_LANES", 4)  # 11 messages: parts of 4, 4 and 3
    rng = np.random.default_rng(length)
    messages = [rng.bytes(length) for _ in range(11)]
    assert _hex(md5.md5_of_columns(_columns(messages), length)) == [hashlib.md5(each).hexdigest() for each in messages]


def test_md5_of_no_messages() -> None:
    assert md5.md5_of_columns(md5.room(0, 66), 66).shape == (4, 0)


def test_messages_hold_the_texts_and_what_is_between_them() -> None:
    rng = np.random.default_rng(0)
    digests = rng.integers(1 << 32, size=(4, 6), dtype=np.uint32)
    known, which = _hex(digests), rng.integers(6, size=(4, 9))
    columns = md5.room(9, 4 * 32 + 9)
    columns[:] = 0xFFFFFFFF  # whatever was there
    writer, texts = Writer(columns), Texts(digests)
    for between, chosen in zip((b"", b"|", b"|", b"', '"), which, strict=True):
        writer.write(between)
        writer.write_texts(texts, chosen)
    writer.write(b"'],")
    writer.write(md5.END)
    written = np.ascontiguousarray(columns.T, dtype="<u4").view("S140").ravel()
    assert [bytes(text) for text in written] == [
        f"{known[a]}|{known[b]}|{known[c]}', '{known[d]}'],".encode() + md5.END for a, b, c, d in which.T.tolist()
    ]


def test_hashes_of_cells_in_any_order_and_more_than_once(all_cells: CellIndex) -> None:
    cells = np.random.default_rng(0).integers(len(all_cells), size=40)
    cells[20:23] = 0, cells[0], 90
    for cell, code in zip(cells.tolist(), _of(all_cells, cells), strict=True):
        matrix = adjacency(int(all_cells.masks[cell]), int(all_cells.sizes[cell]))
        assert code.decode() == graph_hash(matrix, all_cells.ops(cell))
    assert _of(all_cells, cells[:0]) == []


@pytest.mark.parametrize(
    "interpreter",
    [pytest.param(GENUINE, marks=pytest.mark.slow), "/bin/false", str(Path(__file__).parent / "none"), ""],
)
def test_shares_of_other_processes(interpreter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are done elsewhere where an interpreter can be had, and here where it cannot or fails."""
    index, expected, hashed = cell_index(5), cell_hashes(5), []
    alone = module._hashes

    def here(codes: NDArray[np.void]) -> NDArray[np.bytes_]:
        hashed.append(len(codes))
        return alone(codes)

    monkeypatch.setattr(module, "_hashes", here)
    monkeypatch.setattr(module, "_CELLS", 700)  # of 2,532: four blocks of 633
    monkeypatch.setattr(module, "_WORTH_A_PROCESS", 1000)
    monkeypatch.setattr(sys, "executable", interpreter)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    np.testing.assert_array_equal(_of(index, np.arange(len(index))), expected)
    assert hashed == {GENUINE: [1266], "": [2532]}.get(interpreter, [1266, 1266])


def _of(index: CellIndex, cells: NDArray[np.integer]) -> list[bytes]:
    found: list[bytes] = graph_hashes(index.sizes[cells], index.masks[cells], index.numbers[cells]).tolist()
    return found


def _columns(messages: list[bytes]) -> NDArray[np.uint32]:
    padded = [each + md5.END + bytes(-(len(each) + 1) % md5.WORD) for each in messages]
    return np.frombuffer(b"".join(padded), dtype="<u4").reshape(len(messages), -1).T.astype(np.uint32)


def _hex(digests: NDArray[np.uint32]) -> list[str]:
    words = np.ascontiguousarray(md5.hex_words(digests).T, dtype="<u4")
    return [row.tobytes().decode() for row in words]
