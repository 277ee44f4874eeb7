"""Cells: identity against the genuine hashes, the moves, the encodings."""

from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.records import Config
from fairwatt.search_spaces.cell import MAX_EDGES, CellSpace, graph_hash, prune
from fairwatt.search_spaces.cell_index import cell_index, pairs

SPACE = CellSpace(5)
SMALLEST = SPACE.config(0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def raw(edges: set[tuple[int, int]], ops: tuple[int, ...] = (0, 0, 0), vertices: int = 5) -> Config:
    return (*(int(pair in edges) for pair in pairs(vertices)), *ops)


# -- identity


@pytest.mark.parametrize(("vertices", "cells"), [(2, 1), (3, 7), (4, 91), (5, 2532)])
def test_the_numbers_of_distinct_cells(vertices: int, cells: int) -> None:
    assert len(cell_index(vertices)) == cells


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cells"), [("4v", 91), ("5v", 2532)])
def test_every_genuine_hash_comes_out_equal(shared: Path, name: str, cells: int) -> None:
    import pandas as pd

    table = pd.read_parquet(shared / "ecnas" / f"ecnas_{name}_raw.parquet").drop_duplicates("hash")
    assert len(table) == cells
    space = CellSpace(int(name[0]))
    keys = set()
    for row in table.itertuples():
        matrix = np.zeros((row.n_vertices, row.n_vertices), dtype=int)
        for (i, j), bit in zip(pairs(row.n_vertices), row.adj_triu, strict=True):
            matrix[i, j] = int(bit)
        ops = [op for op in row.ops.split(",") if op]
        assert graph_hash(matrix, ["input", *ops, "output"]) == row.hash
        config = _on(space, matrix, ops)
        assert graph_hash(*space.cell(config)) == row.hash
        keys.add(space.key(config))
    assert len(keys) == cells


def _on(space: CellSpace, matrix: NDArray[np.int_], ops: list[str]) -> Config:
    names = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
    place = {len(matrix) - 1: space.vertices - 1}
    live = {(int(i), place.get(int(j), int(j))) for i, j in np.argwhere(matrix)}
    codes = [names.index(op) for op in ops] + [0] * (space.vertices - len(matrix))
    return raw(live, tuple(codes), space.vertices)


@pytest.mark.slow
def test_keys_are_equal_exactly_for_isomorphic_cells() -> None:
    generator = rng(1)
    hashes: dict[int, str] = {}
    for _ in range(2000):
        config = SPACE.sample_raw(generator)
        value = graph_hash(*SPACE.cell(config))
        assert hashes.setdefault(SPACE.key(config), value) == value
    assert len(set(hashes.values())) == len(hashes)


def test_relabelling_and_pruned_parts_do_not_change_the_key() -> None:
    edges = {(0, 1), (1, 4), (0, 2), (2, 4)}
    assert SPACE.key(raw(edges, (0, 1, 2))) == SPACE.key(raw(edges, (1, 0, 0)))
    for extra in ({(0, 3)}, {(3, 4)}, set()):
        assert SPACE.key(raw(edges | extra, (0, 1, 2))) == SPACE.key(raw(edges, (0, 1, 1)))


def test_ids_of_small_spaces_are_ids_of_large_ones() -> None:
    small, large = cell_index(4), cell_index(5)
    for cell in range(len(small)):
        assert small.edges(cell) == large.edges(cell)
        assert small.ops(cell) == large.ops(cell)


@pytest.mark.parametrize(
    ("edges", "reason"),
    [(set(), "no path"), ({(0, 1), (2, 4)}, "no path"), (set(pairs(5)), f"at most {MAX_EDGES}")],
)
def test_impossible_cells_are_invalid(edges: set[tuple[int, int]], reason: str) -> None:
    config = raw(edges)
    assert not SPACE.is_valid(config)
    with pytest.raises(ValueError, match="not a cell of this space"):
        SPACE.key(config)
    with pytest.raises(ValueError, match=reason):
        graph_hash(SPACE.matrix(config), (0, 0, 0))


@pytest.mark.parametrize(
    ("matrix", "ops", "reason"),
    [
        ([[0, 1]], (), "square"),
        ([[0, 1], [1, 0]], (), "above its diagonal"),
        ([[0, 2], [0, 0]], (), "0 and 1"),
        ([[0, 1], [0, 0]], ("conv3x3-bn-relu",), "0 interior operations"),
        ([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ("conv5x5-bn-relu",), "unknown operation 'conv5x5-bn-relu'"),
        ([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ("output", "maxpool3x3", "input"), "from 'input' to 'output'"),
    ],
)
def test_malformed_cells_are_refused(matrix: list[list[int]], ops: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        prune(matrix, ops)


@pytest.mark.parametrize("config", [(), (1,) * 12, (2,) * 13, (*SMALLEST[:-1], 3), (*SMALLEST[:-1], "x")])
def test_malformed_configs_are_invalid_and_not_errors(config: Config) -> None:
    assert not SPACE.is_valid(config)


# -- moves


def test_sampling_is_uniform_over_distinct_cells() -> None:
    space = CellSpace(4)
    generator = rng(2)
    counts = Counter(space.key(space.sample(generator)) for _ in range(91 * 100))
    assert chisquare([counts[cell] for cell in range(91)]).pvalue > 0.001


@pytest.mark.parametrize(("vertices", "encodings"), [(2, 2), (3, 24), (4, 576), (5, 27_648)])
def test_raw_encodings_are_counted_as_if_each_were_looked_up(vertices: int, encodings: int) -> None:
    index = cell_index(vertices)
    ids = index.ids_of(*np.divmod(np.arange(encodings), 3 ** (vertices - 2)))
    assert index.raw_codes().tolist() == np.bincount(ids[ids >= 0], minlength=len(index)).tolist()


def test_raw_encodings_of_the_largest_space_are_counted_like_its_small_cells() -> None:
    """Of 2^21 masks and 3^5 numbers: an estimate from a sample of them, cell by cell of the commonest."""
    index, drawn = cell_index(7), np.random.default_rng(0)
    ids = index.ids_of(drawn.integers(1 << 21, size=200_000), drawn.integers(3**5, size=200_000))
    counts = index.raw_codes()
    shares = counts / (2**21 * 3**5)
    assert (counts > 0).all()
    assert (ids >= 0).mean() == pytest.approx(shares.sum(), abs=0.005)
    common = np.argsort(-shares)[:20]
    found = np.bincount(ids[ids >= 0], minlength=len(index))[common]
    expected = 200_000 * shares[common]
    assert (np.abs(found - expected) < 4.5 * np.sqrt(expected)).all()


@pytest.mark.parametrize("members", [None, range(0, 91, 3)])
def test_the_raw_sampler_draws_with_the_probabilities_it_states(members: range | None) -> None:
    space, generator, draws = CellSpace(4, members, "raw"), rng(3), 6_000
    counts = Counter(space.key(space.sample(generator)) for _ in range(draws))
    chances = space.probabilities
    assert chances is not None
    assert chances.sum() == pytest.approx(1)
    assert set(counts) <= set(space.members.tolist())
    assert chisquare([counts[cell] for cell in space.members.tolist()], chances * draws).pvalue > 0.001
    assert chances.max() > 3 * chances.min()
    assert CellSpace(4, members).probabilities is None


def test_mutation_reaches_another_member_in_one_effective_step() -> None:
    generator = rng(4)
    for _ in range(300):
        config = SPACE.sample(generator)
        child = SPACE.mutate(config, generator)
        assert SPACE.is_valid(child)
        assert SPACE.key(child) != SPACE.key(config)
    assert SPACE.fallbacks == 0


def test_mutation_can_change_every_dimension() -> None:
    generator = rng(5)
    config = SPACE.config(2000)
    changed = {
        place
        for _ in range(500)
        for place, (a, b) in enumerate(zip(config, SPACE.mutate(config, generator), strict=True))
        if a != b
    }
    assert changed == set(range(len(SPACE.dims)))


@pytest.mark.parametrize("start", [SMALLEST, raw({(0, 4)})], ids=["representative", "nothing but the edge"])
def test_the_smallest_cell_can_grow(start: Config) -> None:
    generator = rng(6)
    sizes = set()
    for _ in range(200):
        grown = SPACE.mutate(start, generator)
        sizes.add(len(SPACE.cell(grown)[1]))
    assert max(sizes) > 2


def test_neighbors_are_all_members_one_step_away() -> None:
    space = CellSpace(4, members=range(0, 91, 2))
    for cell in range(0, 91, 6):
        config = space.config(cell)
        steps = [
            (*config[:place], value, *config[place + 1 :])
            for place, dim in enumerate(space.dims)
            for value in dim.values
            if value != config[place]
        ]
        expected = {space.key(step) for step in steps if space.is_valid(step)} - {cell}
        found = space.neighbors(config)
        assert {space.key(neighbor) for neighbor in found} == expected
        assert len(found) == len(expected)
        assert all(neighbor in steps for neighbor in found)


def test_perturbation_makes_the_declared_number_of_changes() -> None:
    """With the whole encoding space as members nothing is redrawn but the unchanged, and the mean is known."""
    generator = rng(7)
    config = SPACE.config(2531)
    edges, ops, draws = [], [], 4000
    for _ in range(draws):
        child = SPACE.perturb(config, generator, edges=2.0, ops=0.5)
        assert SPACE.is_valid(child)
        assert SPACE.key(child) != SPACE.key(config)
        differs = [a != b for a, b in zip(config, child, strict=True)]
        edges.append(sum(differs[:10]))
        ops.append(sum(differs[10:]))
    assert 1.4 < np.mean(edges) < 2.6
    assert 0.35 < np.mean(ops) < 0.75
    assert {place for place in range(3) if any(ops)} == {0, 1, 2}


def test_perturbation_of_one_group_leaves_the_other_alone() -> None:
    generator = rng(8)
    config = SPACE.config(2000)
    assert all(SPACE.perturb(config, generator, ops=1.0)[:10] == config[:10] for _ in range(50))


def test_perturbation_refuses_what_it_has_not() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'edges'"):
        SPACE.perturb(SMALLEST, rng(), edge=1.0)
    with pytest.raises(UserError, match="expected 0 to 3"):
        SPACE.perturb(SMALLEST, rng(), ops=4.0)


def test_a_lonely_cell_falls_back_to_a_fresh_sample_and_counts_it() -> None:
    space = CellSpace(5, members=[0, 2531])
    assert space.key(space.mutate(space.config(2531), rng())) in (0, 2531)
    assert space.fallbacks == 1


@pytest.mark.parametrize("members", [[], [-1], [91]])
def test_members_must_be_cell_ids(members: list[int]) -> None:
    with pytest.raises(UserError, match=r"cell ids 0\.\.90"):
        CellSpace(4, members)


def test_unknown_samplers_and_sizes_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'uniform'"):
        CellSpace(4, sampler="uniforme")
    with pytest.raises(UserError, match="not available yet"):
        CellSpace(8)


# -- encodings


def test_decode_inverts_the_unit_encoding() -> None:
    generator = rng(9)
    for _ in range(200):
        config = SPACE.sample_raw(generator)
        point = SPACE.encode(config)
        assert ((point > 0) & (point < 1)).all()
        assert SPACE.decode(point) == config


def test_decode_finds_the_nearest_config_and_refuses_points_outside() -> None:
    assert SPACE.decode(np.zeros(13)) == (0,) * 13
    assert SPACE.decode(np.ones(13)) == (1,) * 10 + (2,) * 3
    for point in (np.zeros(12), np.full(13, 1.01), np.full(13, np.nan)):
        with pytest.raises(ValueError, match="13 numbers between 0 and 1"):
            SPACE.decode(point)


def test_onehot_and_path_encodings() -> None:
    config = raw({(0, 1), (1, 2), (2, 4), (0, 4)}, (1, 2, 0))
    onehot = SPACE.encode(config, "onehot")
    assert onehot.shape == (19,)
    assert onehot[10:].reshape(3, 3).argmax(axis=1).tolist() == [1, 2, 0]
    path = SPACE.encode(config, "path")
    assert path.shape == (1 + 3 + 9 + 27,)
    assert np.flatnonzero(path).tolist() == [0, 1 + 3 + 3 * 1 + 2]
    with pytest.raises(UnknownNameError, match="did you mean 'path'"):
        SPACE.encode(config, "paths")


def test_the_path_encoding_is_equal_for_equal_cells() -> None:
    edges = {(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)}
    codes = {SPACE.encode(raw(edges, order), "path").tobytes() for order in permutations((0, 1, 2))}
    assert len(codes) == 1


def test_configspace_round_trip() -> None:
    generator = rng(10)
    space = SPACE.configspace()
    for _ in range(50):
        config = SPACE.sample_raw(generator)
        assert SPACE.from_configspace(SPACE.to_configspace(config, space)) == config
    space.seed(0)
    drawn = [SPACE.from_configspace(configuration) for configuration in space.sample_configuration(50)]
    assert all(len(config) == len(SPACE.dims) for config in drawn)
