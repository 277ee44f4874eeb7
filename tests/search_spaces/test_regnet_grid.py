"""The tables over all RegNets of a grid: the specification's counts, and the same answers as one network at a time."""

import numpy as np
import pytest

from fairwatt.search_spaces.regnet import expand
from fairwatt.search_spaces.regnet_grid import (
    CIFAR10,
    DEPTHS,
    GROUP_WIDTHS,
    INITIAL_WIDTHS,
    SLOPES,
    VARIANTS,
    RegnetGrid,
    grid,
)


def test_counts_of_the_cifar10_grid() -> None:
    own = grid("cifar10")
    assert own.points == 92_970_570
    assert own.architectures == 2_031_321
    assert len(own.networks) == 334
    assert own.cumulative[-1] == pytest.approx(0.0139865, abs=5e-8)
    assert own.network_mass.sum() == pytest.approx(1, abs=1e-12)
    assert own.network_mass.min() > 0


def test_counts_without_limits_of_size() -> None:
    own = RegnetGrid(CIFAR10, constrained=False)
    assert len(own.networks) == 19_812
    assert own.architectures / own.points == pytest.approx(0.790, abs=5e-4)
    assert own.cumulative[-1] == pytest.approx(0.792, abs=5e-4)


@pytest.mark.slow
def test_counts_of_the_tiny_grid() -> None:
    own = grid("tiny")
    assert own.points == 278_540_570
    assert own.architectures == 149_900_534
    assert len(own.networks) == 38_516
    assert own.cumulative[-1] == pytest.approx(0.516354, abs=5e-7)


def test_the_published_probabilities() -> None:
    own = grid("cifar10")
    w0 = [0.1567, 0.1325, 0.1148, 0.1013, 0.0906, 0.0819, 0.0748, 0.0688, 0.0637, 0.0593, 0.0555]
    assert own.w0_p.round(4).tolist() == w0
    assert own.group_p == pytest.approx([1 / 6] * 5 + [0.09749, 0.06917], abs=5e-6)
    assert own.depth_p.tolist() == [0.1] * 10
    for values, step, mine in ((SLOPES, 0.1, own.wa_p), (CIFAR10.multipliers, 0.001, own.wm_p)):
        edge = values[0] - step
        listed = [np.log(value / (value - step)) / np.log(values[-1] / edge) for value in values]
        assert mine == pytest.approx(listed, rel=1e-9)
        assert mine.sum() == pytest.approx(1)
    assert [len(SLOPES), len(CIFAR10.multipliers), len(VARIANTS["tiny"].multipliers)] == [241, 501, 1501]


@pytest.mark.parametrize("name", ["cifar10", pytest.param("tiny", marks=pytest.mark.slow)])
def test_tables_say_what_expansion_says(name: str) -> None:
    own, variant, rng = grid(name), VARIANTS[name], np.random.default_rng(11)
    values = (DEPTHS, INITIAL_WIDTHS, SLOPES, variant.multipliers, GROUP_WIDTHS)
    drawn = rng.integers([len(each) for each in values], size=(1_500, 5))
    inside = _allowed_points(own, 500, rng)
    for places in np.concatenate([drawn, inside]).tolist():
        stages = expand(*(each[place] for each, place in zip(values, places, strict=True)))
        depth, w0, wa, wm, group = places
        network = own.network_of[own.class_of.reshape(own.shape)[w0, wa, wm], depth, group]
        two = len(stages.widths) == stages.total == 2
        if network >= 0:
            row = [*stages.widths, *stages.depths, *stages.group_widths]
            assert two
            assert own.networks[network].tolist() == row
        else:
            assert not two or not _within(variant, stages)


def _within(variant, stages) -> bool:  # type: ignore[no-untyped-def]
    from fairwatt.search_spaces.regnet import complexity

    size = complexity(stages, stem_width=variant.stem_width, num_classes=variant.classes)
    if variant.name == "tiny":
        return True
    return 0.12e9 <= size.flops <= 0.13e9 and size.params <= 2e6 and size.acts <= 1e6


def _allowed_points(own: RegnetGrid, count: int, rng: np.random.Generator) -> np.ndarray:
    """[count, 5] positions of allowed architectures."""
    allowed = own.network_of >= 0
    triples = rng.choice(np.flatnonzero(allowed.any(axis=(1, 2))[own.class_of]), count)
    found = []
    for triple in triples.tolist():
        depth, group = rng.choice(np.argwhere(allowed[own.class_of[triple]]))
        found.append([depth, *np.unravel_index(triple, own.shape), group])
    return np.array(found)


def test_the_middle_of_a_network_is_that_network() -> None:
    own = grid("cifar10")
    for network in range(0, len(own.networks), 6):
        depth, w0, wa, wm, group = own.middle(network)
        assert own.network_of[own.class_of.reshape(own.shape)[w0, wa, wm], depth, group] == network
