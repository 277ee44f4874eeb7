"""Closed-form sizes against the published parameter counts and against a hand count."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairwatt.search_spaces.cell import OPS
from fairwatt.search_spaces.cell_complexity import CIFAR10, Skeleton, complexity, vertex_channels


def published_cells(path: Path, params: str) -> list[tuple[list[list[int]], list[int], int]]:
    """(matrix, op codes, trainable parameters) of each cell of a file of EC-NAS."""
    table = pd.read_parquet(path, columns=["hash", "n_vertices", "adj_triu", "ops", params])
    found = []
    for row in table.drop_duplicates("hash").itertuples():
        matrix = np.zeros((row.n_vertices, row.n_vertices), dtype=int)
        matrix[np.triu_indices(row.n_vertices, 1)] = [int(bit) for bit in row.adj_triu]
        ops = [OPS.index(op) for op in row.ops.split(",") if op]
        found.append((matrix.tolist(), ops, int(getattr(row, params))))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params", "cells"),
    [("ecnas_5v_raw", "trainable_params", 2_532), ("ecnas_7v_energy", "params", 4_310)],
)
def test_parameters_are_those_published_for_every_cell(shared: Path, name: str, params: str, cells: int) -> None:
    published = published_cells(shared / "ecnas" / f"{name}.parquet", params)
    assert len(published) == cells
    assert [complexity(matrix, ops).params for matrix, ops, _ in published] == [count for *_, count in published]


def test_a_network_counted_by_hand() -> None:
    # input -> maxpool -> output and input -> output, one cell, 2 channels, 4 x 4 images, 3 classes
    small = Skeleton(stem_channels=2, stacks=1, cells_per_stack=1, image_size=4, image_channels=1, classes=3)
    size = complexity([[0, 1, 1], [0, 0, 1], [0, 0, 0]], [2], small)
    assert size.layers == 5  # stem, two projections, pool, head
    assert size.params == (9 * 1 * 2 + 4) + 2 * (2 * 2 + 4) + (2 * 3 + 3)
    assert size.macs == 16 * (9 * 2 + 2 * 4) + 6
    assert size.activation_bytes == 4 * (16 * (1 + 2) + 3 * 16 * (2 + 2) + 2 + 3)


def test_the_first_feeders_take_the_remainder_of_the_channels() -> None:
    diamond = [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
    assert vertex_channels(diamond, 64, 128) == (64, 43, 43, 42, 128)


def test_a_vertex_off_the_output_is_as_wide_as_its_widest_reader() -> None:
    chain = [[0, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
    assert vertex_channels(chain, 128, 7) == (128, 4, 4, 3, 7)


def test_sizes_default_to_the_full_network() -> None:
    cell = ([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0])
    assert complexity(*cell) == complexity(*cell, CIFAR10)
