"""One NAS-Bench-101 cell (Ying et al. 2019): its edges, pruning, and the hash that names it."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OPS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
INPUT, OUTPUT = "input", "output"
INPUT_LABEL, OUTPUT_LABEL = -1, -2
MAX_EDGES = 9

Matrix = Sequence[Sequence[int]] | NDArray[np.integer]


def pairs(vertices: int) -> list[tuple[int, int]]:
    """The (from, to) pairs of a row-major upper triangle without its diagonal."""
    return [(i, j) for i in range(vertices) for j in range(i + 1, vertices)]


def adjacency(mask: int, vertices: int) -> list[list[int]]:
    """The square matrix [V, V] of a mask, whose bit k is pair k of `pairs(V)`."""
    matrix = [[0] * vertices for _ in range(vertices)]
    for bit, (i, j) in enumerate(pairs(vertices)):
        matrix[i][j] = mask >> bit & 1
    return matrix


def kept_vertices(edges: set[tuple[int, int]], vertices: int) -> list[int]:
    """Vertices on some path from input 0 to output V-1, ascending; empty where there is no path."""
    forward, backward = {0}, {vertices - 1}
    for i, j in sorted(edges):
        if i in forward:
            forward.add(j)
    for i, j in sorted(edges, reverse=True):
        if j in backward:
            backward.add(i)
    kept = sorted(forward & backward)
    return kept if len(kept) > 1 else []


def prune(matrix: Matrix, ops: Sequence[str | int]) -> tuple[NDArray[np.int8], tuple[int, ...]]:
    """The cell without the vertices that are on no path from input to output.

    matrix: [n, n] upper-triangular 0/1. ops: n names from "input" to "output", or the n-2 interior ones as names or
    codes 0, 1, 2 in the order of `OPS`. Returns the matrix [m, m] and the m-2 interior codes. Raises ValueError for a
    malformed cell, one without a path, and one with more than 9 edges left.
    """
    square = np.asarray(matrix)
    if square.ndim != 2 or square.shape != square.shape[::-1] or len(square) < 2:
        raise ValueError(f"the matrix of a cell is square with 2 or more rows, not {square.shape}")
    if not np.isin(square, (0, 1)).all() or np.tril(square).any():
        raise ValueError("the matrix of a cell holds 0 and 1 above its diagonal and 0 elsewhere")
    size = len(square)
    codes = interior_codes(ops, size)
    edges = {(int(i), int(j)) for i, j in np.argwhere(square)}
    kept = kept_vertices(edges, size)
    if not kept:
        raise ValueError("the cell has no path from input to output")
    pruned = square[np.ix_(kept, kept)].astype(np.int8)
    if pruned.sum() > MAX_EDGES:
        raise ValueError(f"the cell has {pruned.sum()} edges after pruning; at most {MAX_EDGES}")
    return pruned, tuple(codes[vertex - 1] for vertex in kept[1:-1])


def graph_hash(matrix: Matrix, ops: Sequence[str | int]) -> str:
    """The md5 hash, 32 hex digits, by which NAS-Bench-101 names the cell; equal for isomorphic cells.

    Arguments and errors as of `prune`, which comes first. Source: the graph hash of NAS-Bench-101 (Ying et al. 2019,
    after Ying 2019, "Enumerating unique computational graphs via an iterative graph invariant").
    """
    pruned, codes = prune(matrix, ops)
    size = len(pruned)
    rows = pruned.tolist()
    before = [[j for j in range(size) if rows[j][i]] for i in range(size)]
    after = [[j for j in range(size) if rows[i][j]] for i in range(size)]
    labels = (INPUT_LABEL, *codes, OUTPUT_LABEL)
    hashes = [md5(str((len(after[i]), len(before[i]), labels[i]))) for i in range(size)]
    for _ in range(size):
        hashes = [
            md5(
                "".join(sorted(hashes[j] for j in before[i]))
                + "|"
                + "".join(sorted(hashes[j] for j in after[i]))
                + "|"
                + hashes[i]
            )
            for i in range(size)
        ]
    return md5(str(sorted(hashes)))


def md5(text: str) -> str:
    """32 hex digits."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def interior_codes(ops: Sequence[str | int], size: int) -> tuple[int, ...]:
    """The n-2 interior codes of operations as `prune` takes them; raises ValueError for any others."""
    interior = list(ops)
    if len(interior) == size:
        if (interior[0], interior[-1]) not in ((INPUT, OUTPUT), (INPUT_LABEL, OUTPUT_LABEL)):
            raise ValueError(f"operations run from 'input' to 'output', not {ops[0]!r} to {ops[-1]!r}")
        interior = interior[1:-1]
    if len(interior) != size - 2:
        raise ValueError(f"{size} vertices have {size - 2} interior operations, not {len(interior)}")
    for op in interior:
        if op not in OPS and op not in range(len(OPS)):
            raise ValueError(f"unknown operation {op!r}; known: {', '.join(OPS)}")
    return tuple(OPS.index(op) if isinstance(op, str) else int(op) for op in interior)
