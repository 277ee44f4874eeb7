"""Drawings of graphs: what is left of them, their matrices and cells, by the definitions."""

import numpy as np
import pytest

from fairwatt.search_spaces.cell_graph import OPS, adjacency, kept_vertices, pairs
from fairwatt.search_spaces.cell_index import cell_id, cell_index
from fairwatt.search_spaces.drawing import Drawing, drawing_of, stored_drawing


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7, 9])
def test_what_is_left_is_what_the_definition_keeps(size: int) -> None:
    rng, every = np.random.default_rng(size), pairs(size)
    for _ in range(60):
        edges = {pair for pair in every if rng.random() < 0.4}
        mask = sum(1 << bit for bit, pair in enumerate(every) if pair in edges)
        drawing = Drawing(size, mask, ("input", *[OPS[0]] * (size - 2), "output"))
        assert drawing.left == tuple(kept_vertices(edges, size))
        square = np.array(adjacency(mask, size))
        np.testing.assert_array_equal(drawing.matrix(), square)
        if drawing.left:
            left, pruned = drawing.pruned()
            np.testing.assert_array_equal(adjacency(pruned, left), square[np.ix_(drawing.left, drawing.left)])


def test_a_matrix_is_its_readers_own() -> None:
    drawing = drawing_of([[0, 1], [0, 0]], ("input", "output"))
    drawing.matrix()[0, 1] = 0
    assert drawing.matrix().tolist() == [[0, 1], [0, 0]]


def test_equal_drawings_are_one_whatever_they_are_written_in() -> None:
    ops = ("input", OPS[1], "output")
    drawing = drawing_of([[0, 1, 1], [0, 0, 1], [0, 0, 0]], ops)
    assert drawing_of(np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]]), ops) is drawing
    assert drawing_of(((False, True, 1.0), (0, 0, 1), (0, 0, 0)), ops) is drawing
    assert drawing.cell == cell_id(drawing.matrix(), ops)


def test_a_stored_cell_is_drawn_as_it_is_stored() -> None:
    index = cell_index(4)
    for cell in range(len(index)):
        edges, ops = ("".join(map(str, codes)).encode() for codes in (index.edges(cell), index.ops(cell)))
        drawing = stored_drawing(edges, ops, cell)
        assert (drawing.size, drawing.mask) == (index.sizes[cell], index.masks[cell])
        assert Drawing(drawing.size, drawing.mask, drawing.ops).cell == drawing.cell == cell
