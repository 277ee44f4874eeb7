"""The md5 hashes by which NAS-Bench-101 names the cells, from ids and back."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.array_file import Arrays, cached_arrays
from fairwatt.search_spaces.cache import cache_dir
from fairwatt.search_spaces.cell_graph import adjacency, graph_hash
from fairwatt.search_spaces.cell_numbering import CELLS, IN_PROCESS, LARGEST, cell_index

_KIND = "cell-hashes 1"
_FIRST_TRIED = 5  # vertices: the hashes of 2,532 cells take a sixth of a second, and most tables have no others


@lru_cache(maxsize=1 << 14, typed=True)
def cell_hash(cell: int) -> str:
    """The md5 hash, 32 hex digits, by which NAS-Bench-101 names a cell; worked out for this one alone.

    Raises ValueError for a number that is no cell id.
    """
    if not isinstance(cell, int | np.integer) or not 0 <= cell < CELLS:
        raise ValueError(f"cells have ids 0..{CELLS - 1}, not {cell!r}")
    index = cell_index(IN_PROCESS)
    if cell >= len(index):
        index = cell_index(LARGEST)
    return graph_hash(adjacency(int(index.masks[cell]), int(index.sizes[cell])), index.ops(cell))


@cache
def cell_hashes(vertices: int = LARGEST) -> NDArray[np.bytes_]:
    """[K] of dtype S32: the hashes of all cells of at most `vertices` vertices, by id; read-only.

    Those of 7 vertices take ten seconds of processor time, shared by up to four processes, when first asked for, and
    are then stored in `cache_dir()`.
    """
    return _hashes(vertices)["hashes"].astype("S32", copy=False)


def hash_cell(code: str) -> int:
    """The id of the cell with this md5 hash; -1 where no cell has it. All hashes are needed: see `cell_hashes`.

    Raises ValueError for what is no text.
    """
    if not isinstance(code, str):
        raise ValueError(f"the hash of a cell is a text of 32 hex digits, not {code!r}")
    wanted = code.encode("ascii", "replace")
    for vertices in (_FIRST_TRIED, LARGEST):
        hashes, by_hash = cell_hashes(vertices), _by_hash(vertices)
        place = bisect_left(by_hash, wanted, key=hashes.__getitem__)
        if place < len(by_hash) and hashes[by_hash[place]] == wanted:
            return by_hash[place]
    return -1


@cache
def _hashes(vertices: int) -> Arrays:
    index = cell_index(vertices)

    def build() -> dict[str, NDArray[Any]]:
        from fairwatt.search_spaces.graph_hashes import graph_hashes  # needed once, ever

        hashes = graph_hashes(index.sizes, index.masks, index.numbers)
        by_hash = np.argsort(hashes).astype(np.int32)
        hashes.flags.writeable = by_hash.flags.writeable = False
        return {"hashes": hashes, "by_hash": by_hash}

    if vertices <= IN_PROCESS:
        return build()
    return cached_arrays(cache_dir() / f"cell-hashes-{vertices}v.bin", _KIND, build)


@cache
def _by_hash(vertices: int) -> Sequence[int]:
    return _hashes(vertices)["by_hash"].data
