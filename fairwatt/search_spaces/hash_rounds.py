"""The rounds of the graph hash, taken by many cells of one size together: `cell_graph.graph_hash` on arrays.

Vertex v of cell c of C is number v * C + c.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.cell_enumeration import op_digits
from fairwatt.search_spaces.cell_graph import INPUT_LABEL, OPS, OUTPUT_LABEL, adjacency, md5
from fairwatt.search_spaces.hash_messages import DIGITS, Texts, Writer
from fairwatt.search_spaces.md5 import END, hex_words, md5_of_columns, room

_LABELS = range(OUTPUT_LABEL, len(OPS))
_BAR = b"|"


@dataclass(frozen=True)
class _Alike:
    """L vertices with equal degrees, whose messages are alike but for the texts in them.

    own: [L] the vertices. cell: [L]. before, after: [degree, L] their neighbours.
    """

    own: NDArray[np.int64]
    cell: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    def write(self, columns: NDArray[np.uint32], texts: Texts, ranks: NDArray[np.uint8], cells: int) -> None:
        """Sorted texts before, a bar, sorted texts after, a bar, the own text."""
        writer = Writer(columns)
        for neighbours in (self.before, self.after):
            for vertex in _in_order(ranks[neighbours]):
                writer.write_texts(texts, np.multiply(vertex & 7, cells, dtype=np.int64) + self.cell)
            writer.write(_BAR)
        writer.write_texts(texts, self.own)
        writer.write(END)

    def keys(self, start: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """[L] equal for equal messages of the first round: a byte for each of seven texts at most."""
        keys = np.zeros(len(self.own), dtype=np.uint64)
        for text in (*_in_order(start[self.before]), *_in_order(start[self.after]), start[self.own]):
            keys = keys << np.uint64(8) | text
        return keys

    def chosen(self, places: NDArray[np.bool_]) -> "_Alike":
        return _Alike(self.own[places], self.cell[places], self.before[:, places], self.after[:, places])


@dataclass(frozen=True)
class _Batch:
    """Vertices with equally many neighbours, whose messages are of one length.

    alike: those with a message of their own. vertices: [L] all of them. message: [L] which message is whose; None if
    each has its own.
    """

    neighbours: int
    alike: Sequence[_Alike]
    vertices: NDArray[np.int64]
    message: NDArray[np.intp] | None = None

    def distinct(self, start: NDArray[np.uint8]) -> "_Batch":
        """Without the repeats of the first round, which are most messages; start: [V * C] what each vertex knows."""
        keys = [alike.keys(start) for alike in self.alike]
        _, first, which = np.unique(np.concatenate(keys), return_index=True, return_inverse=True)
        kept = np.zeros(len(self.vertices), dtype=np.bool_)
        kept[first] = True
        parts = np.split(kept, np.cumsum([len(part) for part in keys])[:-1])
        alike = [alike.chosen(part) for alike, part in zip(self.alike, parts, strict=True)]
        return _Batch(self.neighbours, alike, self.vertices, (np.cumsum(kept) - 1)[first[which]])

    def digests(self, texts: Texts, ranks: NDArray[np.uint8], cells: int) -> NDArray[np.uint32]:
        """[4, L] the next digest of each vertex."""
        length = (self.neighbours + 1) * DIGITS + 2 * len(_BAR)
        ends = np.cumsum([len(alike.own) for alike in self.alike])
        words = room(int(ends[-1]), length)
        for alike, columns in zip(self.alike, np.split(words, ends[:-1], axis=1), strict=True):
            alike.write(columns, texts, ranks, cells)
        found = md5_of_columns(words, length)
        return found if self.message is None else found[:, self.message]


def hashes_of_one_size(masks: NDArray[np.int32], numbers: NDArray[np.uint8], size: int) -> NDArray[np.bytes_]:
    """[C] of dtype S32: the hash of each cell of `size` vertices, from masks [C], ascending, and numbers [C]."""
    cells = len(masks)
    graphs, runs = np.unique(masks, return_counts=True)
    edge = np.array([adjacency(mask, size) for mask in graphs.tolist()], dtype=np.bool_)  # [G, from, to]
    start = _starts(edge, runs, numbers)
    digests = _digests_of_starts(size).take(start, axis=1)
    batches = _batches(edge, runs)
    for number in range(size):
        texts, ranks = Texts(digests), _labelled_ranks(digests, size)
        for batch in batches if number else [batch.distinct(start) for batch in batches]:
            for word, values in zip(digests, batch.digests(texts, ranks, cells), strict=True):
                word[batch.vertices] = values
    return _finished(digests, size)


def _starts(edge: NDArray[np.bool_], runs: NDArray[np.intp], numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[V * C] the place, in `_digests_of_starts`, of each vertex's out-degree, in-degree and label."""
    size = edge.shape[1]
    labels = np.empty((size, len(numbers)), dtype=np.uint8)
    labels[0], labels[-1] = _LABELS.index(INPUT_LABEL), _LABELS.index(OUTPUT_LABEL)
    labels[1:-1] = (op_digits(size - 2) - OUTPUT_LABEL).astype(np.uint8).T[:, numbers]
    degrees = ((edge.sum(axis=2) * size + edge.sum(axis=1)) * len(_LABELS)).astype(np.uint8)  # at most 7 * 7 * 5
    return (np.repeat(degrees, runs, axis=0).T + labels).ravel()


def _digests_of_starts(size: int) -> NDArray[np.uint32]:
    """[4, out-degrees * in-degrees * labels]."""
    every = product(range(size), range(size), _LABELS)
    digests = b"".join(bytes.fromhex(md5(str(start))) for start in every)
    return np.frombuffer(digests, dtype="<u4").astype(np.uint32).reshape(-1, 4).T


def _batches(edge: NDArray[np.bool_], runs: NDArray[np.intp]) -> list[_Batch]:
    """All vertices of all cells, the cells of graph [G, from, to] being as many in a row as `runs` [G] says."""
    cells, first = int(runs.sum()), np.cumsum(runs) - runs
    in_degrees, neighbours = edge.sum(axis=1).T, (edge.sum(axis=1) + edge.sum(axis=2)).T  # [V, G]
    batches = []
    for total in np.unique(neighbours).tolist():
        batch = []
        for in_degree in range(total + 1):
            vertex, graph = np.nonzero((neighbours == total) & (in_degrees == in_degree))
            if len(vertex):
                before = np.nonzero(edge[graph, :, vertex])[1].reshape(len(vertex), in_degree)
                after = np.nonzero(edge[graph, vertex])[1].reshape(len(vertex), total - in_degree)
                run = runs[graph]
                ends = np.cumsum(run)
                cell = np.arange(ends[-1]) - np.repeat(ends - run - first[graph], run)
                everywhere = [np.repeat(part.T * cells, run, axis=-1) + cell for part in (vertex, before, after)]
                batch.append(_Alike(everywhere[0], cell, *everywhere[1:]))
        batches.append(_Batch(total, batch, np.concatenate([alike.own for alike in batch])))
    return batches


def _finished(digests: NDArray[np.uint32], size: int) -> NDArray[np.bytes_]:
    """[C] the hashes of cells: of their texts, sorted, as Python prints a list of them."""
    texts, in_order = Texts(digests), np.sort(_labelled_ranks(digests, size).reshape(size, -1), axis=0) & 7
    cells = in_order.shape[1]
    length = size * (DIGITS + len("', '"))
    words = room(cells, length)
    writer = Writer(words)
    for place, vertex in enumerate(in_order):
        writer.write(b"', '" if place else b"['")
        writer.write_texts(texts, np.multiply(vertex, cells, dtype=np.int64) + np.arange(cells))
    writer.write(b"']")
    writer.write(END)
    found = hex_words(md5_of_columns(words, length))
    return np.ascontiguousarray(found.T, dtype="<u4").view(f"S{DIGITS}").ravel()


def _labelled_ranks(digests: NDArray[np.uint32], size: int) -> NDArray[np.uint8]:
    """[V * C] 8 * (how many texts of its own cell come before a vertex's) + the vertex within its cell.

    Half a digest is compared. Two that differ and share it would be a chance of 1 in 10^11 over all cells, and that
    the finished hashes equal those of `graph_hash` says that there are none. Equal texts come in any order.
    """
    high, low = digests[:2].byteswap().astype(np.uint64)  # texts are in the order of their first bytes
    half = (high << np.uint64(32) | low).reshape(size, -1)
    labels = np.arange(size, dtype=np.uint8)[:, None]
    ranks = np.repeat(labels, half.shape[1], axis=1)
    for v, w in combinations(range(size), 2):
        later = half[v] > half[w]
        ranks[v] += later
        ranks[w] -= later
    return np.ravel(ranks << np.uint8(3) | labels)


def _in_order(values: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The rows of [n, L] with every column sorted: a sorting network on whole rows."""
    rows = list(values)
    for end in range(len(rows) - 1, 0, -1):
        for place in range(end):
            low, high = np.minimum(rows[place], rows[place + 1]), np.maximum(rows[place], rows[place + 1])
            rows[place], rows[place + 1] = low, high
    return rows
