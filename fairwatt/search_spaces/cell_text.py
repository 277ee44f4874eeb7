"""Cells as EC-NAS and NAS-Bench-101 files spell them: n·n adjacency digits row by row, and names between commas.

Few of these texts serve all the cells of a file, so what they mean is remembered.
"""

import math
import reprlib
from functools import lru_cache

from fairwatt.search_spaces.cell import INPUT, OPS, OUTPUT, graph_hash
from fairwatt.search_spaces.cell_index import MAX_EDGES, cell_hashes, cell_index, kept_vertices, pairs

MAX_VERTICES = 7
_ENUMERATED_QUICKLY = 5

Matrix = tuple[tuple[int, ...], ...]


@lru_cache(maxsize=1 << 14)
def matrix_of(adjacency: str) -> Matrix:
    """The rows of n·n digits. Raises ValueError for what is no graph of a cell, with nothing to prune."""
    size = math.isqrt(len(adjacency))
    if size * size != len(adjacency) or not 2 <= size <= MAX_VERTICES:
        raise ValueError(f"the adjacency has {len(adjacency)} digits, no square of 2 to {MAX_VERTICES} vertices")
    if adjacency.strip("01"):
        raise ValueError(f"the adjacency is {reprlib.repr(adjacency)}, expected digits 0 and 1")
    matrix = tuple(tuple(int(digit) for digit in adjacency[row : row + size]) for row in range(0, size * size, size))
    if any(any(row[: place + 1]) for place, row in enumerate(matrix)):
        raise ValueError("the adjacency is not upper-triangular")
    if adjacency.count("1") > MAX_EDGES:
        raise ValueError(f"the cell has {adjacency.count('1')} edges, at most {MAX_EDGES}")
    kept = kept_vertices({(i, j) for i, j in pairs(size) if matrix[i][j]}, size)
    if len(kept) != size:
        raise ValueError(f"{size - len(kept)} of the cell's vertices are on no path from input to output")
    return matrix


@lru_cache(maxsize=1 << 10)
def ops_of(operations: str) -> tuple[str, ...]:
    """The names, "input" to "output". Raises ValueError for others."""
    ops = tuple(operations.split(","))
    if (ops[0], ops[-1]) != (INPUT, OUTPUT):
        raise ValueError(f"operations run from '{INPUT}' to '{OUTPUT}', not {ops[0][:40]!r} to {ops[-1][:40]!r}")
    for op in ops[1:-1]:
        if op not in OPS:
            raise ValueError(f"unknown operation {op[:40]!r}; known: {', '.join(OPS)}")
    return ops


@lru_cache(maxsize=1 << 14)
def computed_hash(adjacency: str, operations: str) -> str:
    """The graph hash of a cell that `matrix_of` and `ops_of` accept."""
    return graph_hash(matrix_of(adjacency), ops_of(operations))


def indexed_hash(adjacency: str, operations: str) -> str:
    """As `computed_hash`, looked up where the cell is one of the 421,092 large ones."""
    size = len(matrix_of(adjacency))
    if size <= _ENUMERATED_QUICKLY:
        return computed_hash(adjacency, operations)
    code: bytes = cell_hashes()[cell_index(size).id(_mask(adjacency), _number(operations))]
    return code.decode()


@lru_cache(maxsize=1 << 14)
def _mask(adjacency: str) -> int:
    size = math.isqrt(len(adjacency))
    return sum(int(adjacency[i * size + j]) << bit for bit, (i, j) in enumerate(pairs(size)))


@lru_cache(maxsize=1 << 10)
def _number(operations: str) -> int:
    number = 0
    for op in operations.split(",")[1:-1]:
        number = number * len(OPS) + OPS.index(op)
    return number
