"""All cells: their number, ids, hashes and parameters, against the definition and against genuine files."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from google_crc32c import extend as crc32c
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fairwatt.search_spaces import array_file, cell_numbering
from fairwatt.search_spaces import cell_hashes as hashes_module
from fairwatt.search_spaces import graph_hashes as graph_hashes_module
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_complexity import DIGITS, complexity
from fairwatt.search_spaces.cell_enumeration import enumerate_cells, op_digits
from fairwatt.search_spaces.cell_graph import OPS, adjacency, graph_hash, pairs, prune
from fairwatt.search_spaces.cell_index import (
    CELLS,
    CellIndex,
    cell_hash,
    cell_hashes,
    cell_id,
    cell_ids,
    cell_index,
    hash_cell,
)
from fairwatt.search_spaces.model_spec import ModelSpec
from fairwatt.search_spaces.network_counts import parameter_counts

OFFICIAL = (
    "energy_4V9E_4epochs",
    "energy_4V9E_linscale",
    "energy_5V9E_4epochs",
    "hardware/energy_4V9E_quadrortx6000",
    "hardware/energy_4V9E_rtx3060",
    "hardware/energy_4V9E_rtx3090",
)

# Hashes and parameter counts that a published notebook printed (random and evolutionary search on NAS-Bench-101,
# its outputs of run_random_search and run_evolutionary_search).
PRINTED = {
    "e07831948fdf884f89dc7eadd69c4592": 5_032_842,
    "5887b483c7eba6fb0e420a29f7007df2": 1_560_375,
    "695db6c37f60c2fee65c073ba60a88ea": 1_749_386,
    "8c0da3ffb5fc98ee51397f741b98ef1f": 20_510_346,
    "e6b06f0daa891a06fe96da1c6daad856": 3_831_434,
    "411f76b524a5cae02ac47d0e55209fb1": 15_037_834,
    "fd24de2c46bab257f6a756b7a319a9bb": 38_936_714,
    "6270d259a8dea747d3854e620c11b453": 23_295_370,
    "6a157e9ea9f72c8c24d7259ce97c7b1e": 23_131_530,
    "c38f726827d319f5b746975edba7d84f": 6_054_282,
    "32084efa106310985249a333673b37b9": 5_476_618,
    "8ed16854745becfe5c80f810b5c8fd76": 31_552_906,
    "1023dc2082850a44a31c3516d5ed8560": 8_555_530,
    "43b5ec90010e9da3b678156d50d49838": 24_169_098,
    "220d3ddac849eb7cd079405c7aaaccdf": 8_816_266,
    "2c60a08cadca7764ded5291311d4ec60": 3_031_562,
    "46a057f9756748a3d5546b05c6bb137f": 4_705_162,
    "e96ce68c5c2fb2a34f9550fc043a3e75": 2_773_816,
    "eafd21c3ca59ad9a72f637cda520e4c1": 21_547_914,
    "20b076959685b524b832ffac1ddc9fdd": 3_694_666,
    "cab83eedfd66bc3c48028cc7cd519c4f": 3_468_426,
    "573d39c8e8c80005bdf2d700a49e08ed": 4_166_026,
    "4d9b210d90d8326eb22188475109a784": 4_849_361,
    "2379bf5524680737ba048a046950bfdc": 41_721_738,
    "07e222992d9a0a54e18ae21a61fa97b3": 5_906_570,
}

ALL_HASHES_SHA256 = "38a15b2514d4011ba1a46e19c052ecf94254bbceecc62029a8dd56661197997e"
"""Of all hashes in the order of ids; each was once compared with `graph_hash` of its cell."""


def _cell(index: CellIndex, cell: int) -> tuple[list[list[int]], tuple[int, ...]]:
    return adjacency(int(index.masks[cell]), int(index.sizes[cell])), index.ops(cell)


def _sample(index: CellIndex, count: int, seed: int = 0) -> Iterator[int]:
    yield from np.random.default_rng(seed).integers(len(index), size=count).tolist()


# -- the enumeration


def test_the_numbers_of_cells(all_cells: CellIndex) -> None:
    assert np.bincount(all_cells.sizes).tolist() == [0, 0, 1, 6, 84, 2_441, 62_010, 359_082]
    assert len(all_cells) == CELLS == 423_624


def test_the_numbers_of_valid_raw_codes(all_cells: CellIndex) -> None:
    """Ying et al. 2019 limit the raw edges too; both numbers are known."""
    masks = np.arange(1 << 21)
    valid = all_cells.ids_of(masks, np.zeros_like(masks)) >= 0  # operations decide nothing
    assert int(valid.sum()) * 3**5 == 373_754_169
    assert int((np.bitwise_count(masks) <= 9).sum()) * 3**5 == 169_093_980


def test_smaller_spaces_are_the_beginning_of_larger_ones(all_cells: CellIndex) -> None:
    for vertices in range(2, 7):
        small = cell_index(vertices)
        for name in ("sizes", "masks", "numbers", "published_masks", "published_numbers", "params"):
            np.testing.assert_array_equal(getattr(small, name), getattr(all_cells, name)[: len(small)])


def test_representatives_are_pruned_and_have_their_own_id(all_cells: CellIndex) -> None:
    for size in range(2, 8):
        own = np.flatnonzero(all_cells.sizes == size)
        found = cell_index(size).ids_of(all_cells.masks[own], all_cells.numbers[own])
        np.testing.assert_array_equal(found, own)
    for cell in _sample(all_cells, 50):
        matrix, ops = _cell(all_cells, cell)
        assert len(prune(matrix, ops)[0]) == all_cells.sizes[cell] == len(ops) + 2
        assert [bit for (i, j) in pairs(len(matrix)) for bit in [matrix[i][j]]] == list(all_cells.edges(cell))


# -- ids


@settings(deadline=None)  # the first example may build an index
@given(st.data())
def test_relabelling_does_not_change_the_id(all_cells: CellIndex, data: st.DataObject) -> None:
    """Any order of the interior that keeps the edges forward, spare vertices anywhere among them."""
    cell = data.draw(st.integers(0, len(all_cells) - 1))
    matrix, ops = _cell(all_cells, cell)
    spare = data.draw(st.integers(0, 7 - len(matrix)))
    size = len(matrix) + spare
    waiting, order = list(range(1, len(matrix) - 1)) + [-1] * spare, []
    while waiting:
        ready = [v for v in waiting if v < 0 or not any(matrix[w][v] for w in waiting if w > 0)]
        order.append(data.draw(st.sampled_from(ready)))
        waiting.remove(order[-1])
    old = [0, *order, len(matrix) - 1]
    moved = [[matrix[v][w] if min(v, w) >= 0 else 0 for w in old] for v in old]
    codes = [ops[v - 1] if v > 0 else data.draw(st.integers(0, 2)) for v in order]
    for v in range(1, size - 1):
        if old[v] < 0 and data.draw(st.booleans()):  # a dead end
            moved[0][v] = 1
    assert cell_id(moved, codes) == cell
    assert cell_ids([moved], np.reshape(codes, (1, -1))).tolist() == [cell]


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7])
def test_batches_equal_single_ids_and_are_negative_exactly_where_prune_raises(all_cells: CellIndex, size: int) -> None:
    rng = np.random.default_rng(size)
    matrices = np.triu(rng.random((120, size, size)) < 0.4, 1).astype(int)
    matrices[::10, 0, -1] = 1
    matrices[1, -1, 0], matrices[2, 0, 1], matrices[3, 0, 0], matrices[4, 0, -1] = 1, 2, 1, -1
    ops = rng.integers(3, size=(120, size - 2))
    if size > 2:
        ops[5, 0], ops[6, -1] = 3, -1
    found = cell_ids(matrices, ops)
    for matrix, codes, cell in zip(matrices, ops, found.tolist(), strict=True):
        if cell < 0:
            with pytest.raises(ValueError):  # noqa: PT011 - any of its reasons
                prune(matrix, codes.tolist())
            with pytest.raises(ValueError):  # noqa: PT011
                cell_id(matrix, codes.tolist())
        else:
            assert cell_id(matrix, codes.tolist()) == cell == cell_id(*prune(matrix, codes.tolist()))
    assert 0 < (found >= 0).sum() < len(found)


def test_what_single_ids_refuse_is_negative_in_batches_whatever_its_type() -> None:
    chain = [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    for matrix in (chain, np.array(chain).astype(str), np.array(chain).astype("S1"), [[None] * 3] * 3):
        for ops in (["input", 0, "output"], [b"maxpool3x3"], np.array([b"x"]), ["0"], [None], [float("nan")], [0]):
            try:
                expected = cell_id(matrix, ops)  # type: ignore[arg-type]
            except ValueError:
                expected = -1
            assert cell_ids([matrix], [ops]).tolist() == [expected]  # type: ignore[list-item]
    assert cell_id(chain, ["input", 0, "output"]) >= 0


def test_every_spelling_of_a_cell() -> None:
    matrix, names = [[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], [OPS[1], OPS[2]]
    cell = cell_id(matrix, names)
    assert cell >= 0
    for form in (np.array, partial(np.array, dtype=np.uint8), partial(np.array, dtype=float), tuple):
        for ops in ((1, 2), np.array([1, 2]), np.array(names), ["input", *names, "output"], (-1, 1, 2, -2)):
            assert cell_id(form(matrix), ops) == cell
            assert cell_ids([form(matrix)], [list(ops)]).tolist() == [cell]
    with pytest.raises(ValueError, match="0 and 1 above its diagonal"):
        cell_id(np.transpose(matrix), names)
    with pytest.raises(ValueError, match="unknown operation 'conv5x5'"):
        cell_id(matrix, [OPS[1], "conv5x5"])
    with pytest.raises(ValueError, match="at most 9"):
        cell_id(np.triu(np.ones((6, 6)), 1), (0,) * 4)
    with pytest.raises(ValueError, match=r"a square matrix and a sequence of operations, not .*None"):
        cell_id(matrix, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [8, 9, 12])
@pytest.mark.parametrize("step", [1, 7])
def test_more_than_seven_vertices_are_no_raw_code_used_or_not(size: int, step: int) -> None:
    """Single and batched alike; ModelSpec, as NAS-Bench-101, counts what pruning leaves."""
    matrix, ops = np.eye(size, k=step, dtype=int), [0] * (size - 2)
    matrix[0, -1] |= step > 1
    with pytest.raises(ValueError, match=f"the matrix has {size} vertices, expected at most 7: `prune` it first"):
        cell_id(matrix, ops)
    with pytest.raises(ValueError, match="V from 2 to 7"):
        cell_ids([matrix], [ops])
    spec = ModelSpec(matrix, ["input", *[OPS[0]] * (size - 2), "output"])
    if step == 1:
        assert spec.cell == -1
    else:
        assert spec.cell == cell_id(*prune(matrix, ops)) == 0  # the edge from input to output is left


@pytest.mark.parametrize(
    ("matrices", "ops"), [((3, 4), (3, 2)), ((3, 4, 5), (3, 2)), ((3, 8, 8), (3, 6)), ((3, 4, 4), (3, 3))]
)
def test_batches_of_other_shapes_are_refused(matrices: tuple[int, ...], ops: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"matrices are|have operations"):
        cell_ids(np.zeros(matrices, int), np.zeros(ops, int))


# -- parameters


def test_parameters_are_those_of_the_layers(all_cells: CellIndex) -> None:
    cells = [0, *_sample(all_cells, 60), *_sample(cell_index(5), 60)]
    small = parameter_counts(all_cells.sizes[cells], all_cells.masks[cells], all_cells.numbers[cells], DIGITS)
    for cell, on_digits in zip(cells, small.tolist(), strict=True):
        published = adjacency(int(all_cells.published_masks[cell]), int(all_cells.sizes[cell]))
        digits = op_digits(len(published) - 2)[all_cells.published_numbers[cell]]
        assert cell_id(published, digits) == cell
        assert all_cells.params[cell] == complexity(published, digits).params
        assert on_digits == complexity(*_cell(all_cells, cell), DIGITS).params


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ecnas_7v_energy", "nb101_20k"])
def test_parameters_and_labels_equal_the_genuine_ones(shared: Path, all_cells: CellIndex, name: str) -> None:
    import pandas as pd

    table = pd.read_parquet(shared / "ecnas" / f"{name}.parquet")
    found = _ids(table)
    masks = [int(text[::-1], 2) for text in table["adj_triu"]]
    numbers = [int("0" + "".join(str(OPS.index(op)) for op in text.split(",") if op), 3) for text in table["ops"]]
    np.testing.assert_array_equal(all_cells.published_masks[found], masks)
    np.testing.assert_array_equal(all_cells.published_numbers[found], numbers)
    np.testing.assert_array_equal(all_cells.params[found], table["params"])
    for cell, code in list(zip(found.tolist(), table["hash"], strict=True))[::400]:
        assert cell_hash(cell) == code


@pytest.mark.slow
@pytest.mark.parametrize("name", OFFICIAL)
def test_parameters_equal_those_of_the_official_files(shared: Path, name: str) -> None:
    from fairwatt.search_spaces.tfrecord import read_records

    index, seen = cell_index(5), set()
    for record in read_records(shared / "ecnas" / "official" / f"{name}.tfrecord"):
        cell = cell_id(record.matrix, record.ops)
        assert index.params[cell] == record.metrics.trainable_parameters
        assert cell_hash(cell) == record.hash
        seen.add(cell)
    assert len(seen) == {"energy_5V9E_4epochs": 2532, "hardware/energy_4V9E_rtx3060": 88}.get(name, 91)


def _ids(table: object) -> NDArray[np.int32]:
    """[N] the cells of a frame of genuine data: upper triangles as text, operations separated by commas."""
    import pandas as pd

    assert isinstance(table, pd.DataFrame)
    found = np.full(len(table), -1, dtype=np.int32)
    for size, rows in table.reset_index(drop=True).groupby("n_vertices"):
        matrices = np.zeros((len(rows), int(size), int(size)), dtype=np.int8)
        matrices[:, *np.array(pairs(int(size))).T] = [[int(bit) for bit in text] for text in rows["adj_triu"]]
        ops = np.array([text.split(",") if text else [] for text in rows["ops"]])
        found[rows.index] = cell_ids(matrices, ops.reshape(len(rows), -1))
    assert (found >= 0).all()
    return found


# -- hashes


def test_hashes_of_small_cells_are_those_of_the_definition() -> None:
    index, hashes = cell_index(5), cell_hashes(5)
    for cell in (*range(91), *range(91, 2532, 5)):
        code = hashes[cell].decode()
        assert graph_hash(*_cell(index, cell)) == code
        assert hash_cell(code) == cell
    assert len(set(hashes.tolist())) == len(index) == 2532
    with pytest.raises(ValueError, match=r"ids 0\.\.423623, not 423624"):
        cell_hash(CELLS)
    with pytest.raises(ValueError, match=r"not 1\.5"):
        cell_hash(1.5)  # type: ignore[arg-type]
    for code in (b"0" * 32, None):
        with pytest.raises(ValueError, match="a text of 32 hex digits, not"):
            hash_cell(code)  # type: ignore[arg-type]


@pytest.mark.slow(12)
def test_all_hashes(shared: Path, all_cells: CellIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distinct, right, found again from the file; and the pairs of hash and parameters that others have published."""
    import pandas as pd

    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path))
    hashes = cell_hashes()
    assert len(set(hashes.tolist())) == CELLS
    assert sha256(hashes.tobytes()).hexdigest() == ALL_HASHES_SHA256
    assert len(PRINTED) == 25
    for code, params in PRINTED.items():
        assert all_cells.params[hash_cell(code)] == params
    assert hash_cell("0" * 32) == hash_cell("") == -1
    table = pd.read_parquet(shared / "ecnas" / "nb101_20k.parquet")
    np.testing.assert_array_equal(hashes[_ids(table)], table["hash"].to_numpy().astype("S32"))
    hashes_module._hashes.cache_clear()
    cell_hashes.cache_clear()
    monkeypatch.setattr(graph_hashes_module, "graph_hashes", None)  # not needed again
    np.testing.assert_array_equal(cell_hashes(), hashes)


# -- the file


def test_the_file_is_built_once_checked_and_replaced_when_damaged(tmp_path: Path) -> None:
    path, built = tmp_path / "new" / "index.bin", []

    def build() -> array_file.Arrays:
        built.append(True)
        return vars(enumerate_cells(4))

    whole = array_file.cached_arrays(path, "cells", build)
    content = path.read_bytes()
    for stored in (array_file.cached_arrays(path, "cells", build), array_file.load_arrays(path, "cells")):
        assert stored.keys() == whole.keys()
        for name, array in stored.items():
            np.testing.assert_array_equal(array, whole[name])
            assert array.dtype == whole[name].dtype
            assert not array.flags.writeable
    assert len(built) == 1
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    wrong = [
        b"",
        bytes(4),
        _with_checksum(b"[]\n"),
        _with_checksum(b'{"kind": "cells"}\n'),
        b"\n",
        content[:-1],
        content + b"\n",
        bytes(flipped),
        content[100:],
        b"PK" * 500,
    ]
    for damaged in wrong:
        path.write_bytes(damaged)
        assert array_file.cached_arrays(path, "cells", build).keys() == whole.keys()
        assert path.read_bytes() == content
    array_file.cached_arrays(path, "cells of another format", build)
    assert len(built) == 2 + len(wrong)
    assert [file.name for file in path.parent.iterdir()] == ["index.bin"]


def _with_checksum(content: bytes) -> bytes:
    return content + crc32c(0, content).to_bytes(4, "little")


def test_a_file_that_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    killed = (
        "import os, pathlib, signal, sys; from fairwatt import sealed\n"
        "sealed.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sealed.write_atomically(pathlib.Path(sys.argv[1]), b'torn')"
    )
    path = tmp_path / "cells.bin"
    assert subprocess.run([sys.executable, "-c", killed, str(path)]).returncode == -signal.SIGKILL
    assert [file.suffix for file in tmp_path.iterdir()] == [".partial"]
    array_file.store_arrays(path, "cells", {"ids": np.arange(3)})
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_build_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    both = Barrier(2, timeout=60)

    def build() -> array_file.Arrays:
        both.wait()
        return {"ids": np.arange(100_000)}

    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(array_file.cached_arrays, tmp_path / "cells.bin", "cells", build) for _ in range(2)]
    for found in (*(call.result() for call in calls), array_file.load_arrays(tmp_path / "cells.bin", "cells")):
        np.testing.assert_array_equal(found["ids"], np.arange(100_000))
    assert [file.name for file in tmp_path.iterdir()] == ["cells.bin"]


def test_without_a_writable_cache_the_index_is_built_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "a file" / "folder"))
    monkeypatch.setattr(cell_numbering, "IN_PROCESS", 3)  # the way of large spaces, for a small one
    index = cell_index.__wrapped__(4)
    assert len(index) == 91
    np.testing.assert_array_equal(index.params, cell_index(4).params)


# -- the space of seven vertices


def test_moves_on_seven_vertices(all_cells: CellIndex) -> None:
    space, rng = CellSpace(7), np.random.default_rng(0)
    assert len(space) == CELLS
    for _ in range(2):
        config = space.sample(rng)
        own = graph_hash(*space.cell(config))
        assert own == cell_hash(space.key(config))
        around = set()
        for place, dim in enumerate(space.dims):
            for value in dim.values:
                step = (*config[:place], value, *config[place + 1 :])
                if space.is_valid(step):
                    around.add(graph_hash(*space.cell(step)))
        found = [graph_hash(*space.cell(neighbor)) for neighbor in space.neighbors(config)]
        assert sorted(found) == sorted(around - {own})
        for moved in (space.mutate(config, rng), space.perturb(config, rng, edges=1.0, ops=1.0)):
            assert space.is_valid(moved)
            assert graph_hash(*space.cell(moved)) != own
    assert space.encode(config, "path").shape == (sum(3**i for i in range(6)),)
    choices = space.configspace()
    assert space.from_configspace(space.to_configspace(config, choices)) == config
    members = CellSpace(7, np.array([5, 70_000, 400_000, 400_001]))
    assert {members.key(members.sample(rng)) for _ in range(60)} == {5, 70_000, 400_000, 400_001}
    assert not members.is_valid(space.config(6))
