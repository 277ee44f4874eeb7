"""A configuration as a torch module, in both spaces: full size, by its closed form, on every device there is."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fairwatt.conformance.global_state import global_random_state
from fairwatt.errors import UserError
from fairwatt.problem import SearchSpace
from fairwatt.records import Config
from fairwatt.search_spaces import cell_complexity
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_graph import OPS
from fairwatt.search_spaces.networks import network
from fairwatt.search_spaces.regnet import complexity
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

# The smallest of each, so that a pass takes tenths of a second.
REGNET: Config = (15, 72, 17.3, 2.933, 32, 0.003, "sgd", "cos", 50, 0)
CELL: Config = (0, 1, 0, 0, 1, 1, 1, 2)  # 4 vertices


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _spaces() -> list[tuple[SearchSpace, Config, int]]:
    return [(RegnetHpoSpace(), REGNET, 10), (CellSpace(4), CELL, 10)]


def test_parameters_of_regnets_are_the_closed_forms() -> None:
    space, rng = RegnetHpoSpace(), np.random.default_rng(0)
    for config in (space.sample(rng) for _ in range(4)):
        assert _parameters(network(space, config)) == complexity(space.training(config).stages).params


def test_every_vector_within_the_limits_has_its_parameters(shared: Path) -> None:
    vectors = json.loads((shared / "eahas" / "regnet_vectors.json").read_text())["vectors"]
    names = ("DEPTH", "W0", "WA", "WM", "GROUP_W", "BASE_LR", "OPTIMIZER", "LR_POLICY", "MAX_EPOCH", "CUTOUT_LENGTH")
    space, met = RegnetHpoSpace(), 0
    for vector in vectors:
        config = tuple(vector["config"][name] for name in names)
        assert space.is_valid(config) == vector["valid"]
        if vector["valid"]:
            met += 1
            assert _parameters(network(space, config)) == vector["params"]
    assert met >= 10


@pytest.mark.slow
def test_the_tiny_variant_has_its_own_stem_and_classes() -> None:
    space = RegnetHpoSpace("tiny")
    config = space.sample(np.random.default_rng(0))
    built = network(space, config)
    assert _parameters(built) == complexity(space.training(config).stages, stem_width=32, num_classes=200).params
    assert built.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 200)


def test_parameters_of_cells_are_the_closed_forms() -> None:
    space, rng = CellSpace(4), np.random.default_rng(0)
    for config in (space.sample(rng) for _ in range(3)):
        matrix, names = space.cell(config)
        size = cell_complexity.complexity(matrix.tolist(), [OPS.index(name) for name in names[1:-1]])
        assert _parameters(network(space, config)) == size.params


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("place", [0, 1], ids=["regnet", "cell"])
def test_forward_and_backward(place: int, device: str) -> None:
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    space, config, classes = _spaces()[place]
    built = network(space, config).to(device)
    images = torch.from_numpy(np.random.default_rng(1).standard_normal((2, 3, 32, 32))).float().to(device)
    logits = built(images)
    assert logits.shape == (2, classes)
    assert logits.isfinite().all()
    nn.functional.cross_entropy(logits, torch.tensor([3, 7], device=device)).backward()
    for name, parameter in built.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert any(parameter.grad.abs().max() > 0 for parameter in built.parameters() if parameter.grad is not None)


def test_weights_are_drawn_from_the_generator_and_from_nothing_else() -> None:
    for space, config, _ in _spaces():
        before, theirs = global_random_state(), torch.random.get_rng_state()
        first, same, other = (network(space, config, np.random.default_rng(seed)) for seed in (0, 0, 1))
        default = network(space, config)
        for name, weights in first.named_parameters():
            assert weights.isfinite().all()
            assert torch.equal(weights, same.get_parameter(name))
            assert torch.equal(weights, default.get_parameter(name))
        assert not all(torch.equal(weights, other.get_parameter(name)) for name, weights in first.named_parameters())
        assert torch.equal(theirs, torch.random.get_rng_state())
        assert before == global_random_state()


def test_what_is_not_valid_has_no_network() -> None:
    for space, config, _ in _spaces():
        with pytest.raises(ValueError, match=r"not a cell|no valid configuration"):
            network(space, config[:-1])
    with pytest.raises(UserError, match="expected a CellSpace or a RegnetHpoSpace"):
        network(object(), REGNET)  # type: ignore[arg-type]
