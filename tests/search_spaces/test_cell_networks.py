"""The torch networks: as many operations as the closed form says, and no traffic between nets."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from fairwatt.search_spaces.cell_complexity import CIFAR10, DIGITS, Skeleton, complexity
from fairwatt.search_spaces.cell_networks import CellNetworks

WIDE = [[0, 1, 1, 0, 1], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0] * 5]
FAN = [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
DIRECT = [[0, 1], [0, 0]]
CELLS = [(WIDE, (0, 1, 2)), (FAN, (2, 0, 1)), (DIRECT, ())]


def rngs(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


@pytest.mark.parametrize(("matrix", "ops"), CELLS)
@pytest.mark.parametrize("skeleton", [DIGITS, Skeleton(6, 2, 2, 8, 3)])
def test_torch_does_what_the_closed_form_counts(
    matrix: list[list[int]], ops: tuple[int, ...], skeleton: Skeleton, monkeypatch: pytest.MonkeyPatch
) -> None:
    macs, elements, layers = [], [], []

    def counted(name: str, function):  # type: ignore[no-untyped-def]
        def call(x, *args, **kwargs):  # type: ignore[no-untyped-def]
            y = function(x, *args, **kwargs)
            layers.append(name)
            elements.append(x.numel() + y.numel())
            if name == "conv2d":
                macs.append(args[0].shape[1] * args[0].shape[2] * args[0].shape[3] * y.numel())
            return y

        return call

    for name in ("conv2d", "max_pool2d"):
        monkeypatch.setattr(F, name, counted(name, getattr(F, name)))
    networks = CellNetworks(matrix, [ops], skeleton)
    networks.initialise(rngs(1))
    logits = networks(torch.randn(1, skeleton.image_size, skeleton.image_size, 1, skeleton.image_channels))
    assert logits.shape == (1, 1, 10)
    size = complexity(matrix, ops, skeleton)
    assert sum(parameter.numel() for parameter in networks.parameters()) == size.params
    features = networks.head.weight.shape[1]
    assert sum(macs) + features * 10 == size.macs
    # A cell's projections are one call here: its input is read once instead of once each.
    reads = sum(matrix[0]) - 1
    cells = skeleton.stacks * skeleton.cells_per_stack
    assert len(layers) + 1 + cells * reads == size.layers
    saved, channels, pixels = 0, skeleton.stem_channels, skeleton.image_size**2
    for stack in range(skeleton.stacks):
        for cell in range(skeleton.cells_per_stack):
            width = channels // 2 if stack and not cell else channels
            saved += reads * width * pixels
        channels, pixels = channels * 2, pixels // 4
    assert 4 * (sum(elements) + saved + features + 10) == size.activation_bytes


def test_full_size_networks_have_the_counted_parameters() -> None:
    networks = CellNetworks(FAN, [(0, 1, 2)], CIFAR10)
    assert sum(parameter.numel() for parameter in networks.parameters()) == complexity(FAN, (0, 1, 2)).params


@pytest.mark.parametrize("matrix", [WIDE, FAN])
def test_nets_of_a_bundle_are_the_nets_alone(matrix: list[list[int]]) -> None:
    ops = [(0, 1, 2), (2, 1, 2), (1, 0, 0), (2, 2, 1), (0, 1, 2)]
    images = torch.from_numpy(np.random.default_rng(9).standard_normal((4, 8, 8, len(ops), 1)))
    bundle = CellNetworks(matrix, ops, DIGITS).double()
    bundle.initialise(rngs(len(ops)))
    logits = bundle(images)
    for net, rng in enumerate(rngs(len(ops))):
        alone = CellNetworks(matrix, [ops[net]], DIGITS).double()
        alone.initialise([rng])
        torch.testing.assert_close(alone(images[:, :, :, [net]])[:, 0], logits[:, net], rtol=1e-10, atol=1e-10)


def test_no_gradient_crosses_from_net_to_net() -> None:
    ops = [(0, 1, 2), (2, 0, 1), (0, 0, 2)]
    networks = CellNetworks(WIDE, ops, DIGITS)
    networks.initialise(rngs(3))
    images = torch.randn(4, 8, 8, 3, 1, requires_grad=True)
    networks(images)[:, 1].square().sum().backward()
    assert images.grad is not None
    reached = images.grad.abs().sum(dim=(0, 1, 2, 4)) > 0
    assert reached.tolist() == [False, True, False]


def test_a_net_of_not_a_numbers_leaves_its_neighbours_alone() -> None:
    ops = [(0, 1, 2), (2, 0, 1), (0, 0, 2)]
    networks = CellNetworks(FAN, ops, DIGITS)
    networks.initialise(rngs(3))
    images = torch.randn(4, 8, 8, 3, 1)
    images[:, :, :, 1] = torch.nan
    finite = networks(images).isfinite().all(dim=2).all(dim=0)
    assert finite.tolist() == [True, False, True]
