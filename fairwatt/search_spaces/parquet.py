"""Cells in Parquet files of EC-NAS: a row a training, its cell in `hash`, `n_vertices`, `adj_triu` and `ops`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.regular_file import check_regular
from fairwatt.search_spaces.cell import OPS
from fairwatt.search_spaces.cell_index import LARGEST, cell_index
from fairwatt.search_spaces.graph_hashes import graph_hashes
from fairwatt.search_spaces.stored_cells import stored_cells

Filter = tuple[str, str, object]


def parquet_columns(path: Path, filters: Sequence[Filter] = ()) -> dict[str, NDArray[Any]]:
    """[rows] of each column of a file, of the rows that pass all filters (column, comparison, value).

    Raises UserError where the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        check_regular(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        table = pq.read_table(path, filters=list(filters) or None)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read as Parquet: {error}") from None
    return {name: table.column(name).to_numpy() for name in table.column_names}


def stored_columns(raw: Mapping[str, NDArray[Any]], path: Path) -> dict[str, NDArray[Any]]:
    """[rows] the columns of a cell table that name the cell, from those of the file, of which there is one row or more.

    path: for messages. Raises UserError for what is no cell and for a hash that is another cell's, naming the row as
    it was read, counted from 0.
    """
    texts = []
    for row, cell in enumerate(zip(*(raw[name].tolist() for name in ("n_vertices", "adj_triu", "ops")), strict=True)):
        try:
            texts.append(_texts(*cell))
        except ValueError as error:
            raise UserError(f"{path}: row {row}: {error}") from None
    sizes, adjacencies, operations = zip(*texts, strict=True)
    vertices, edges, ops = np.array(sizes, np.int8), np.array(adjacencies, "S"), np.array(operations, "S")
    cells = stored_cells(vertices, edges, ops)
    if (cells < 0).any():
        raise UserError(f"{path}: row {int((cells < 0).argmax())} is no cell: no path, or more than 9 edges on paths")
    index = cell_index(int(vertices.max()))
    hashes = graph_hashes(index.sizes[cells], index.masks[cells], index.numbers[cells])
    others = raw["hash"].astype(np.object_) != hashes.astype(np.str_).astype(np.object_)
    if others.any():
        row = int(others.argmax())
        own = hashes[row].decode()
        raise UserError(f"{path}: row {row}: the hash is {raw['hash'][row]!r}, the cell's own is {own}")
    return {"cell": cells, "hash": hashes, "vertices": vertices, "edges": edges, "ops": ops}


def _texts(vertices: Any, edges: Any, ops: Any) -> tuple[int, str, str]:
    """Vertices, edges and operations as the columns of a table hold them. Raises ValueError."""
    if vertices not in range(2, LARGEST + 1):
        raise ValueError(f"n_vertices is {vertices!r}, expected 2 to {LARGEST}")
    size = int(vertices)
    pairs = size * (size - 1) // 2
    if not isinstance(edges, str) or len(edges) != pairs or not set(edges) <= {"0", "1"}:
        raise ValueError(f"adj_triu is {edges!r}, expected the {pairs} digits 0 or 1 of {size} vertices")
    names = ops.split(",") if ops else []
    if not isinstance(ops, str) or len(names) != size - 2:
        raise ValueError(f"ops is {ops!r}, expected {size - 2} names with commas between them")
    if unknown := [name for name in names if name not in OPS]:
        raise ValueError(f"unknown operation {unknown[0]!r}; known: {', '.join(OPS)}")
    return size, edges, "".join(str(OPS.index(name)) for name in names)
