"""Steps within limits of size: they reach every network, as one number at a time does not, by the sampler's weights."""

from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import chisquare

from fairwatt.search_spaces.regnet_grid import RegnetGrid, grid
from fairwatt.search_spaces.regnet_moves import RegnetMoves


@pytest.fixture(scope="module")
def moves() -> RegnetMoves:
    return RegnetMoves(grid("cifar10"))


def _points(own: RegnetGrid) -> tuple[np.ndarray, np.ndarray]:
    """(positions [5, N], networks [N]) of all allowed architectures."""
    triples, depths, groups = [], [], []
    for depth, group in np.ndindex(own.network_of.shape[1:]):
        inside = np.flatnonzero((own.network_of[:, depth, group] >= 0)[own.class_of])
        triples.append(inside)
        depths.append(np.full(len(inside), depth))
        groups.append(np.full(len(inside), group))
    triple, depth, group = map(np.concatenate, (triples, depths, groups))
    return np.stack([depth, *np.unravel_index(triple, own.shape), group]), own.network_of[
        own.class_of[triple], depth, group
    ]


def _sizes(own: RegnetGrid) -> tuple[int, ...]:
    return (len(own.depth_p), *own.shape, len(own.group_p))


def _islands(own: RegnetGrid, freed: list[tuple[int, ...]]) -> tuple[int, int]:
    """(components of points, islands of networks) where points that differ in `freed` dimensions alone are joined.

    They are joined where they are different networks, so a group of such points hangs together as soon as it holds two.
    An island is a set of networks whose points are joined, any of them with any.
    """
    places, networks = _points(own)
    sizes, points, ends, nodes = _sizes(own), [], [], len(networks)
    for free in freed:
        kept = [dim for dim in range(5) if dim not in free]
        shape = [sizes[dim] for dim in kept]
        group = np.ravel_multi_index(tuple(places[kept]), shape)
        one = np.empty(np.prod(shape), dtype=networks.dtype)
        one[group] = networks  # of each group's networks the last
        others = np.zeros(len(one), dtype=np.bool_)
        others[group[one[group] != networks]] = True
        several = np.flatnonzero(others[group])
        points.append(several)
        ends.append(nodes + group[several])
        nodes += len(one)
    joined = np.concatenate(points), np.concatenate(ends)
    ones = np.ones(len(joined[0]), dtype=np.int8)
    _, labels = connected_components(coo_matrix((ones, joined), shape=(nodes, nodes)), directed=False)
    labels = labels[: len(networks)]
    offset = int(labels.max()) + 1
    both = coo_matrix((np.ones(len(labels)), (labels, offset + networks)), shape=[offset + len(own.networks)] * 2)
    _, islands = connected_components(both, directed=False)
    return len(np.unique(labels)), len(np.unique(islands[offset:]))


@pytest.mark.slow
def test_two_numbers_at_a_time_join_all_allowed_points_and_one_does_not() -> None:
    own = grid("cifar10")
    assert _islands(own, list(combinations(range(5), 1)))[1] == 61
    assert _islands(own, [(2, 3), (0, 1), (0, 4)]) == (1, 1)  # three of the ten pairs do


@pytest.mark.parametrize("network", [8, pytest.param(135, marks=pytest.mark.slow)])
def test_the_nearest_lead_to_every_network(moves: RegnetMoves, network: int) -> None:
    """From two of the networks with the fewest points; those whose points were tried least are tried first."""
    own = grid("cifar10")
    start = tuple(own.middle(network))
    waiting = {network: [start]}
    known, tried = {start}, dict.fromkeys(range(len(own.networks)), 0)
    for _ in range(2_000):
        here = min((other for other, points in waiting.items() if points), key=lambda other: tried[other])
        tried[here] += 1
        for _, there, moved in moves.nearest(list(waiting[here].pop(0))):
            if tuple(moved) not in known:
                known.add(tuple(moved))
                waiting.setdefault(there, []).append(tuple(moved))
        if len(waiting) == len(own.networks):
            return
    pytest.fail(f"{len(own.networks) - len(waiting)} networks not reached")


def _plane(own: RegnetGrid, here: list[int], first: int, second: int) -> np.ndarray:
    """[values of first, values of second] networks, -1 where not allowed."""
    index: list[np.ndarray | int] = list(here)
    index[first], index[second] = np.arange(_sizes(own)[first])[:, None], np.arange(_sizes(own)[second])
    depth, w0, wa, wm, group = index
    return own.network_of[own.class_of.reshape(own.shape)[w0, wa, wm], depth, group]


def test_the_nearest_are_what_a_search_of_all_planes_finds(moves: RegnetMoves) -> None:
    own, rng = grid("cifar10"), np.random.default_rng(5)
    sizes = _sizes(own)
    for network in rng.choice(len(own.networks), 8, replace=False).tolist():
        here = own.middle(network)
        steps = list(moves.nearest(here))
        distances = [distance for distance, _, _ in steps]
        assert distances == sorted(distances)
        assert len({there for _, there, _ in steps}) == len(steps) <= 50
        for distance, there, moved in steps:
            assert moves.network(moved) == there != network
            assert 1 <= sum(one != other for one, other in zip(here, moved, strict=True)) <= 2
            shares = [abs(a - b) / (size - 1) for a, b, size in zip(here, moved, sizes, strict=True)]
            assert distance == pytest.approx(sum(shares))
        found = {there: distance for distance, there, _ in steps}
        for first, second in combinations(range(5), 2):
            networks = _plane(own, here, first, second)
            rows, columns = np.nonzero((networks >= 0) & (networks != network))
            up, right = rows - here[first], columns - here[second]
            distance = np.abs(up) / (sizes[first] - 1) + np.abs(right) / (sizes[second] - 1)
            direction = 3 * np.sign(up) + np.sign(right)
            for each in np.unique(direction):
                least = distance[direction == each].min()
                there = networks[rows, columns][(direction == each) & (distance < least + 1e-12)]
                assert any(found.get(other, np.inf) < least + 1e-12 for other in there.tolist())


class _Partner:
    """A generator that tries one partner first."""

    def __init__(self, partner: int, rng: np.random.Generator) -> None:
        self.partner, self.random = partner, rng.random

    def permutation(self, others: list[int]) -> np.ndarray:
        return np.array(sorted(others, key=lambda other: other != self.partner))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 4), (1, 3), (2, 0), (3, 2), (4, 2)])
def test_redraws_have_the_weights_of_the_sampler(moves: RegnetMoves, first: int, second: int) -> None:
    own, rng = grid("cifar10"), _Partner(second, np.random.default_rng(17))
    priors = (own.depth_p, own.w0_p, own.wa_p, own.wm_p, own.group_p)
    tried = 0
    for network in range(0, len(own.networks), 7):
        here = own.middle(network)
        networks = _plane(own, here, first, second) if first < second else _plane(own, here, second, first).T
        other = (networks >= 0) & (networks != network)
        weights = (priors[first][:, None] * priors[second] * other).ravel()
        share = np.bincount(np.maximum(networks, 0).ravel(), weights=weights, minlength=len(own.networks))
        share /= max(share.sum(), 1e-300)
        likely = share > 0.01
        if likely.sum() < 3:
            continue
        tried += 1
        drawn = [moves.redraw(here, first, rng) for _ in range(600)]  # type: ignore[arg-type]
        counts = np.bincount([moves.network(moved) for moved in drawn if moved], minlength=len(own.networks))
        assert counts.sum() == 600
        assert not counts[share == 0].any()
        rest = 600 * (1 - share[likely].sum())
        expected = [*(600 * share[likely]), *([rest] if rest > 5 else [])]
        observed = [*counts[likely], *([600 - counts[likely].sum()] if rest > 5 else [])]
        assert chisquare(observed, np.array(expected) * sum(observed) / sum(expected)).pvalue > 1e-3
        if tried == 3:
            return
    assert tried


def test_where_no_second_number_helps_there_is_no_redraw() -> None:
    """A grid of one network has no other."""
    own = grid("cifar10")
    alone = object.__new__(RegnetGrid)
    alone.__dict__.update(own.__dict__)
    alone.network_of = np.where(own.network_of == 20, 20, -1).astype(np.int32)
    moves, here = RegnetMoves(alone), own.middle(20)
    assert [moves.redraw(here, dim, np.random.default_rng(0)) for dim in range(5)] == [None] * 5
    assert list(moves.nearest(here)) == []
