"""The md5 graph hashes of all cells at once: `cell_graph.graph_hash` on arrays of cells instead of one."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_enumeration import op_digits
from fairwatt.search_spaces.cell_graph import INPUT_LABEL, OPS, OUTPUT_LABEL, adjacency, md5
from fairwatt.search_spaces.md5 import hex_digits, md5_of_rows, padded_rows

_CELLS = 1 << 15  # hashed at a time by a thread, in about 100 MB
_THREADS = 4
_HEX = 32
_BAR = ord("|")

# Hashes are moved about as items of 16 and 32 bytes: several times as fast as rows of so many single bytes.
_DIGEST, _TEXT = np.dtype("V16"), np.dtype(f"V{_HEX}")


def graph_hashes(sizes: NDArray[np.int8], masks: NDArray[np.int32], numbers: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """[K] of dtype S32: the hash of each cell, from the codes [K] of the cells.

    All 423,624 are 20 million md5s of 50 million blocks: about ten seconds of one core, shared by up to four threads
    (numpy lets others run while it computes).
    """
    hashes = np.empty(len(sizes), dtype=f"S{_HEX}")
    parts = [
        own[begin : begin + _CELLS]
        for size in np.unique(sizes).tolist()[::-1]  # the largest first, so that no thread ends late
        for own in [np.flatnonzero(sizes == size)]
        for begin in range(0, len(own), _CELLS)
    ]

    def work(own: NDArray[np.intp]) -> None:
        hashes[own] = _hashes_of_one_size(masks[own], numbers[own], int(sizes[own[0]]))

    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1, len(parts))) as threads:
        list(threads.map(work, parts))
    return hashes


@dataclass(frozen=True)
class _Alike:
    """Vertices with equal degrees, whose messages are alike but for the hashes in them.

    messages: [L, bytes]. vertex: [L] vertex v of cell c is v * C + c. before, after: [degree, L] their neighbours,
    likewise; cell: [L].
    """

    messages: NDArray[np.uint8]
    vertex: NDArray[np.int64]
    cell: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    def fill(self, texts: NDArray[np.void], labelled_ranks: NDArray[np.uint8], cells: int) -> None:
        """Write sorted hashes before, a bar, sorted hashes after, a bar, the own hash."""
        at = 0
        for neighbours in (self.before, self.after):
            for vertex in _in_order(labelled_ranks[neighbours]):
                self._put(at, texts[vertex * cells + self.cell])
                at += _HEX
            self.messages[:, at] = _BAR
            at += 1
        self._put(at, texts[self.vertex])

    def _put(self, at: int, texts: NDArray[np.void]) -> None:
        length = self.messages.strides[0]
        np.ndarray(len(texts), _TEXT, self.messages, at, (length,))[:] = texts


def _hashes_of_one_size(masks: NDArray[np.int32], numbers: NDArray[np.uint8], size: int) -> NDArray[np.bytes_]:
    """[C] the hashes of cells of `size` vertices."""
    count = len(masks)
    graphs, which = np.unique(masks, return_inverse=True)
    edge = np.array([adjacency(mask, size) for mask in graphs.tolist()], dtype=np.bool_)[which]  # [C, from, to]
    digests = _first_digests(edge, op_digits(size - 2)[numbers])
    batches = _by_length(edge)
    for _ in range(size):
        texts, labelled_ranks = _texts(digests), _labelled_ranks(digests, size)
        for rows, vertices, batch in batches:
            for alike in batch:
                alike.fill(texts, labelled_ranks, count)
            digests[vertices] = md5_of_rows(rows).view(_DIGEST).ravel()
    texts, in_order = _texts(digests), np.sort(_labelled_ranks(digests, size).reshape(size, count), axis=0) & 7
    rows = padded_rows(count, size * (_HEX + 4))
    for place, vertex in enumerate(in_order.astype(np.int64)):  # as Python prints a list of strings
        at = place * (_HEX + 4)
        rows[:, at : at + 2] = np.frombuffer(b" '" if place else b"['", dtype=np.uint8)
        np.ndarray(count, _TEXT, rows, at + 2, (rows.strides[0],))[:] = texts[vertex * count + np.arange(count)]
        rows[:, at + 2 + _HEX : at + 4 + _HEX] = np.frombuffer(b"'," if place < size - 1 else b"']", dtype=np.uint8)
    return hex_digits(md5_of_rows(rows)).view(f"S{_HEX}").ravel()


def _first_digests(edge: NDArray[np.bool_], ops: NDArray[np.int64]) -> NDArray[np.void]:
    """[V * C] what each vertex starts with: the md5 of its out-degree, in-degree and label."""
    count, size = edge.shape[:2]
    labels = np.empty((count, size), dtype=np.int64)
    labels[:, 0], labels[:, 1:-1], labels[:, -1] = INPUT_LABEL, ops, OUTPUT_LABEL
    every = product(range(size), range(size), range(OUTPUT_LABEL, len(OPS)))
    known = np.frombuffer(b"".join(bytes.fromhex(md5(str(start))) for start in every), dtype=_DIGEST)
    out_degrees, in_degrees = edge.sum(axis=2), edge.sum(axis=1)
    start = (out_degrees * size + in_degrees) * (len(OPS) - OUTPUT_LABEL) + labels - OUTPUT_LABEL
    digests: NDArray[np.void] = known[start.T.ravel()]
    return digests


def _by_length(edge: NDArray[np.bool_]) -> list[tuple[NDArray[np.uint8], NDArray[np.int64], list[_Alike]]]:
    """All messages of one length together: their rows, whose they are, and the parts of the rows that are alike."""
    count = len(edge)
    in_degrees, out_degrees = edge.sum(axis=1).T, edge.sum(axis=2).T  # [V, C]
    neighbours = in_degrees + out_degrees
    batches = []
    for total in np.unique(neighbours).tolist():
        rows = padded_rows(int((neighbours == total).sum()), (total + 1) * _HEX + 2)
        begin, batch = 0, []
        for in_degree in range(total + 1):
            v, c = np.nonzero((neighbours == total) & (in_degrees == in_degree))
            if len(v):
                before = np.nonzero(edge[c, :, v])[1].reshape(len(v), in_degree).T * count + c
                after = np.nonzero(edge[c, v])[1].reshape(len(v), total - in_degree).T * count + c
                batch.append(_Alike(rows[begin : begin + len(v)], v * count + c, c, before, after))
                begin += len(v)
        batches.append((rows, np.concatenate([alike.vertex for alike in batch]), batch))
    return batches


def _texts(digests: NDArray[np.void]) -> NDArray[np.void]:
    return hex_digits(digests.view(np.uint8).reshape(-1, _DIGEST.itemsize)).view(_TEXT).ravel()


def _labelled_ranks(digests: NDArray[np.void], size: int) -> NDArray[np.uint8]:
    """[V * C] 8 * (how many hashes of its own cell come before a vertex's) + the vertex within its cell.

    Half a digest is compared. Two that differ and share it would be a chance of 1 in 10^11 over all cells, and that
    the finished hashes equal those of `graph_hash` says that there are none.
    """
    half = digests.view(">u8")[::2].astype(np.uint64).reshape(size, -1)
    rank = np.zeros(half.shape, dtype=np.uint8)
    for v, w in combinations(range(size), 2):
        rank[v] += half[v] > half[w]
        rank[w] += half[v] < half[w]
    labels = np.arange(size, dtype=np.uint8)[:, None]
    return np.ravel(rank << np.uint8(3) | labels)


def _in_order(labelled_ranks: NDArray[np.uint8]) -> NDArray[np.int64]:
    """[n, L] the vertices of each column in the order of their hashes: a sorting network on whole rows."""
    rows = list(labelled_ranks)
    for end in range(len(rows) - 1, 0, -1):
        for place in range(end):
            low, high = np.minimum(rows[place], rows[place + 1]), np.maximum(rows[place], rows[place + 1])
            rows[place], rows[place + 1] = low, high
    return np.array(rows, dtype=np.int64).reshape(labelled_ranks.shape) & 7
