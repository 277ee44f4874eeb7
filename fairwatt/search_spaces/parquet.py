"""Cells in Parquet files of EC-NAS results: a row each training, `n_vertices`, `adj_triu` and `ops` its cell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.cell import OPS
from fairwatt.search_spaces.stored_cells import stored_cells

Filter = tuple[str, str, object]


def parquet_columns(path: Path, filters: Sequence[Filter]) -> dict[str, NDArray[Any]]:
    """[rows] of each column of a file, of the rows that pass all filters (column, comparison, value).

    Raises UserError where the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, filters=list(filters))
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read as Parquet: {error}") from None
    return {name: table.column(name).to_numpy() for name in table.column_names}


def stored_columns(raw: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """[rows] the columns of a cell table that name the cell, from those of the file."""
    codes = {name: str(code) for code, name in enumerate(OPS)}
    vertices, edges = raw["n_vertices"].astype(np.int8), raw["adj_triu"].astype("S")
    ops = np.array(["".join(codes[op] for op in names.split(",") if op) for names in raw["ops"]], dtype="S")
    return {
        "cell": stored_cells(vertices, edges, ops),
        "hash": raw["hash"].astype("S"),
        "vertices": vertices,
        "edges": edges,
        "ops": ops,
    }
