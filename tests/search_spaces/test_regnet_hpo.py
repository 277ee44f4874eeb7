"""The joint space: what is a configuration, the sampler's distribution, moves over all ten dimensions, encodings."""

import pickle
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from fairwatt.conformance import check_space
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.records import Config
from fairwatt.search_spaces.regnet import Stages, expand
from fairwatt.search_spaces.regnet_encoding import HYPERS
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace, Training

EXAMPLE: Config = (11, 112, 17.9, 2.601, 8, 0.1, "adam", "lin", 200, 16)
TINY = pytest.param("tiny", marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def space() -> RegnetHpoSpace:
    return RegnetHpoSpace()


def _changed(one: Config, other: Config) -> list[int]:
    return [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


@pytest.mark.parametrize("variant", ["cifar10", TINY])
def test_the_space_conforms(variant: str) -> None:
    found = check_space(RegnetHpoSpace(variant), np.random.default_rng(0))
    assert [finding for finding in found if not finding.passed] == []


# -- what is a configuration


def test_sizes(space: RegnetHpoSpace) -> None:
    assert HYPERS == 540
    assert len(space) == 334 * 540 == 180_360
    assert space.points == 2_031_321 * 540
    for said in ("92,970,570", "5.02e10", "2,031,321", "334 networks", "180,360 keys", "3.26e10"):
        assert said in space.size_in_words()


def test_the_worked_example(space: RegnetHpoSpace) -> None:
    assert space.is_valid(EXAMPLE)
    assert space.training(EXAMPLE) == Training(
        Stages((112, 288), (4, 7), (8, 8), 2), lr=0.1, optimizer="adam", policy="lin", epochs=200, cutout=16
    )
    numbers = [0.5556, 0.8, 0.4125, 0.202, 0.2258]
    hots = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1]  # lr, optimizer, policy, cutout, epochs
    assert space.encode(EXAMPLE, "onehot").round(4).tolist() == [*numbers, *hots]


def test_one_network_has_one_key_whatever_numbers_it_is_written_with(space: RegnetHpoSpace) -> None:
    rng, seen = np.random.default_rng(4), {}
    for _ in range(400):
        config = space.sample(rng)
        stages = expand(*config[:5])  # type: ignore[arg-type]
        assert space.training(config).stages == stages
        assert seen.setdefault((stages, config[5:]), space.key(config)) == space.key(config)
    architectures = {stages: key // HYPERS for (stages, _), key in seen.items()}
    assert len(set(architectures.values())) == len(architectures)


def test_keys_and_back(space: RegnetHpoSpace) -> None:
    for key in np.random.default_rng(1).integers(len(space), size=40).tolist():
        config = space.config(key)
        assert space.key(config) == key
        assert space.network(config) == key // HYPERS
    for wrong in (-1, len(space), True, 1.0, "0", None):
        with pytest.raises(ValueError, match="no key"):
            space.config(wrong)  # type: ignore[arg-type]


class _Awkward:
    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __repr__(self) -> str:
        return "awkward"


ODD: list[Any] = [None, [], {}, (6,), np.arange(2), _Awkward(), b"6", 6j, Decimal(6), 10**400, -1, True]
ODD += [float("nan"), float("inf"), np.float64("nan"), np.bool_(True), "6", ""]


@pytest.mark.parametrize("place", range(10))
def test_odd_values_are_invalid_and_nothing_else_happens(space: RegnetHpoSpace, place: int) -> None:
    good = (*EXAMPLE[:4], 1, *EXAMPLE[5:]) if place == 4 else EXAMPLE
    for odd in ODD:
        config = (*good[:place], odd, *good[place + 1 :])
        assert not space.is_valid(config)
        for ask in (space.key, space.training, space.neighbors, space.encode):
            with pytest.raises(ValueError, match=r"no valid configuration|not on the grid"):
                ask(config)


@pytest.mark.parametrize(
    "odd", [None, 5, "abc", list(EXAMPLE), (), EXAMPLE[:9], (*EXAMPLE, 1), {}, _Awkward()], ids=str
)
def test_what_is_no_tuple_of_ten_is_invalid(space: RegnetHpoSpace, odd: Any) -> None:
    assert not space.is_valid(odd)
    with pytest.raises(ValueError, match="no valid configuration"):
        space.key(odd)


def test_numbers_count_by_their_value(space: RegnetHpoSpace) -> None:
    config = (*EXAMPLE[:5], 1.0, *EXAMPLE[6:])
    same = tuple(np.float64(value) if isinstance(value, float | int) else np.str_(value) for value in config)
    for other in (same, (*EXAMPLE[:5], 1, *EXAMPLE[6:])):
        assert space.key(other) == space.key(config)
        assert space.training(other) == space.training(config)
        assert space.decode(space.encode(other)) == config


def test_outside_the_limits_is_on_the_grid_and_invalid(space: RegnetHpoSpace) -> None:
    config = (6, *EXAMPLE[1:])
    assert not space.is_valid(config)
    assert space.decode(space.encode(config)) == config


def test_unknown_variants_and_samplers_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="cifar10"):
        RegnetHpoSpace("cifar100")
    with pytest.raises(UnknownNameError, match="constrained"):
        RegnetHpoSpace(sampler="raw")


def test_a_space_is_pickled_by_name(space: RegnetHpoSpace) -> None:
    packed = pickle.dumps(space)
    assert len(packed) < 200
    assert pickle.loads(packed).key(EXAMPLE) == space.key(EXAMPLE)  # noqa: S301


# -- the sampler


@pytest.mark.slow
def test_draws_have_the_networks_probabilities(space: RegnetHpoSpace) -> None:
    """Chi-square of 20,000 draws against `network_mass`; networks of few expected draws are one cell."""
    rng, draws = np.random.default_rng(2024), 20_000
    configs = [space.sample(rng) for _ in range(draws)]
    networks = np.bincount([space.key(config) // HYPERS for config in configs], minlength=334)
    expected = draws * space.grid.network_mass
    rare = expected < 10
    observed = [*networks[~rare], networks[rare].sum()]
    assert len(observed) > 150
    assert chisquare(observed, [*expected[~rare], expected[rare].sum()]).pvalue > 1e-3
    for dim in range(5, 10):
        counts = Counter(config[dim] for config in configs)
        assert set(counts) == set(space.dims[dim].values)
        assert chisquare(list(counts.values())).pvalue > 1e-3


@pytest.mark.slow
def test_draws_of_an_architecture_have_its_numbers_probabilities(space: RegnetHpoSpace) -> None:
    """The numbers' own marginals under the limits, by the sum over all allowed points."""
    own, rng = space.grid, np.random.default_rng(7)
    configs = [space.sample(rng) for _ in range(20_000)]
    allowed = own.network_of >= 0
    triple_p = (own.w0_p[:, None, None] * own.wa_p[:, None] * own.wm_p).ravel()
    of_class = np.bincount(own.class_of, weights=triple_p)
    point = of_class[:, None, None] * own.depth_p[:, None] * own.group_p * allowed
    w0 = np.bincount(own.class_w0, weights=point.sum(axis=(1, 2)), minlength=len(own.w0_p))
    for dim, mass in ((0, point.sum(axis=(0, 2))), (1, w0), (4, point.sum(axis=(0, 1)))):
        counts = Counter(config[dim] for config in configs)
        observed = np.array([counts[value] for value in space.dims[dim].values])
        expected = mass / mass.sum() * observed.sum()
        assert not observed[expected == 0].any()
        often = expected >= 5
        rest = [[array[~often].sum()] if (~often & (expected > 0)).any() else [] for array in (observed, expected)]
        assert chisquare([*observed[often], *rest[0]], [*expected[often], *rest[1]]).pvalue > 1e-3


# -- moves


def test_mutation_reaches_all_ten_dimensions(space: RegnetHpoSpace) -> None:
    rng = np.random.default_rng(3)
    moves = [_changed(config, space.mutate(config, rng)) for config in (space.sample(rng) for _ in range(2_000))]
    kinds = Counter("architecture" if places[0] < 5 else "hyper" for places in moves)
    assert chisquare([kinds["architecture"], kinds["hyper"]]).pvalue > 1e-3
    assert all(places[-1] < 5 and len(places) <= 2 for places in moves if places[0] < 5)
    hyper = Counter(places[0] for places in moves if places[0] >= 5)
    assert all(len(places) == 1 for places in moves if places[0] >= 5)
    assert set(hyper) == {5, 6, 7, 8, 9}
    assert chisquare(list(hyper.values())).pvalue > 1e-3
    assert {place for places in moves for place in places} == set(range(10))


def test_a_hyperparameter_is_drawn_from_all_its_other_values(space: RegnetHpoSpace) -> None:
    rng = np.random.default_rng(6)
    moved = [space.mutate(EXAMPLE, rng) for _ in range(3_000)]
    rates = Counter(config[5] for config in moved if _changed(EXAMPLE, config) == [5])
    assert set(rates) == set(space.dims[5].values) - {0.1}
    assert chisquare(list(rates.values())).pvalue > 1e-3


@pytest.mark.parametrize("variant", ["cifar10", TINY])
def test_neighbors_are_few_valid_and_the_same_when_asked_again(variant: str) -> None:
    space, rng = RegnetHpoSpace(variant), np.random.default_rng(9)
    for config in (space.sample(rng) for _ in range(40)):
        around = space.neighbors(config)
        keys = [space.key(other) for other in around]
        assert 8 <= len(set(keys)) == len(keys) <= 50
        assert space.key(config) not in keys
        assert around == space.neighbors(config)
        networks = [other for other in around if other[5:] == config[5:]]
        assert len(networks) >= 2
        assert around[: len(networks)] == networks
        assert all(len(_changed(config, other)) == 1 for other in around[len(networks) :])


def test_neighbors_of_the_example_step_through_the_hyperparameters(space: RegnetHpoSpace) -> None:
    steps = [other for other in space.neighbors(EXAMPLE) if other[:5] == EXAMPLE[:5]]
    expected = [("lr", 0.05), ("lr", 0.3), ("optimizer", "sgd"), ("optimizer", "adamw"), ("policy", "cos")]
    expected += [("policy", "exp"), ("epochs", 100), ("cutout", 0)]
    changes = [(space.dims[place].name, other[place]) for other in steps for place in _changed(EXAMPLE, other)]
    assert changes == expected


def test_perturbation_keeps_to_its_groups_and_rates(space: RegnetHpoSpace) -> None:
    rng = np.random.default_rng(8)
    hyper = [_changed(EXAMPLE, space.perturb(EXAMPLE, rng, hyper=5)) for _ in range(50)]
    assert all(places == [5, 6, 7, 8, 9] for places in hyper)
    architecture = [_changed(EXAMPLE, space.perturb(EXAMPLE, rng, architecture=1)) for _ in range(200)]
    assert all(places and places[-1] < 5 for places in architecture)
    assert {place for places in architecture for place in places} == {0, 1, 2, 3, 4}
    fresh = {space.key(space.perturb(EXAMPLE, rng)) for _ in range(30)}
    assert len(fresh) > 20
    for rates in ({"hyper": -0.1}, {"hyper": 5.1}, {"architecture": float("nan")}, {"ops": 1.0}):
        with pytest.raises(UserError):
            space.perturb(EXAMPLE, rng, **rates)


# -- encodings


def test_points_of_the_unit_cube_and_back(space: RegnetHpoSpace) -> None:
    assert space.decode(np.zeros(10)) == tuple(dim.values[0] for dim in space.dims)
    assert space.decode(np.ones(10)) == tuple(dim.values[-1] for dim in space.dims)


@pytest.mark.parametrize(
    "point",
    [[0.5] * 9, [0.5] * 9 + [1.1], [0.5] * 9 + [-0.1], [float("nan")] * 10, [[0.5] * 10], "abc", None, ["x"] * 10],
)
def test_what_is_no_point_of_the_unit_cube_is_refused(space: RegnetHpoSpace, point: Any) -> None:
    with pytest.raises(ValueError, match="10 numbers between 0 and 1"):
        space.decode(point)


def test_configspace_there_and_back(space: RegnetHpoSpace) -> None:
    pytest.importorskip("ConfigSpace")
    theirs, rng = space.configspace(), np.random.default_rng(5)
    assert set(theirs) == {dim.name for dim in space.dims}
    for config in [EXAMPLE, *(space.sample(rng) for _ in range(10))]:
        assert space.from_configspace(space.to_configspace(config, theirs)) == config
    theirs.seed(3)
    drawn = [space.from_configspace(theirs.sample_configuration()) for _ in range(20)]
    assert all(space.decode(space.encode(config)) == config for config in drawn)
    with pytest.raises(ValueError, match="not on the grid"):
        space.to_configspace((*EXAMPLE[:5], 0.2, *EXAMPLE[6:]), theirs)
