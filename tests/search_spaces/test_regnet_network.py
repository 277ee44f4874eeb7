"""The torch RegNets: as large as the closed form says, and bundles that are their networks one by one."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from regnet_networks import KNOWN, Known
from torch import Tensor, nn

from fairwatt.errors import UserError
from fairwatt.search_spaces.regnet import Stages, complexity, work
from fairwatt.search_spaces.regnet_bundle import NormStatistics, RegNetBundle
from fairwatt.search_spaces.regnet_network import RegNet, _PointwiseBn

SMALL = Stages((8, 24), (2, 3), (4, 8), 2)
ODD = Stages((6, 12, 9), (1, 2, 1), (2, 12, 3), 3)
NORMS = nn.BatchNorm2d


def _counted(stages: Stages, im_size: int, stem_width: int, classes: int) -> dict[str, int]:
    """What torch does to one image, from shapes that pass through its layers."""
    network = RegNet(stages, stem_width=stem_width, num_classes=classes).eval()
    inside = {id(module.weights) for module in network.modules() if isinstance(module, _PointwiseBn)}
    total = dict.fromkeys(("flops", "acts", "reads", "layers"), 0)

    def count(module: nn.Module, arguments: tuple[Tensor], result: Tensor) -> None:
        per_element = 0
        if isinstance(module, nn.Conv2d):
            per_element = module.weight[0].numel()
        elif isinstance(module, _PointwiseBn):
            per_element = module.weights.in_features
        elif isinstance(module, nn.Linear):
            per_element = module.in_features + 1  # and its bias
        total["flops"] += result.numel() * per_element
        total["acts"] += result.numel()
        total["reads"] += arguments[0].numel()
        total["layers"] += 1

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | _PointwiseBn) and id(module) not in inside:
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, im_size, im_size))
    return {**total, "params": sum(parameter.numel() for parameter in network.parameters())}


def _agrees(stages: Stages, im_size: int = 32, stem_width: int = 16, classes: int = 10) -> None:
    counted = _counted(stages, im_size, stem_width, classes)
    size = complexity(stages, im_size=im_size, stem_width=stem_width, num_classes=classes)
    cost = work(stages, im_size=im_size, stem_width=stem_width, num_classes=classes)
    assert size == (counted["flops"], counted["params"], counted["acts"])
    assert cost == (counted["flops"], 4 * (counted["reads"] + counted["acts"]), counted["layers"])


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: str(known.numbers))
def test_torch_does_what_the_closed_form_counts(known: Known) -> None:
    _agrees(known.stages)


@pytest.mark.parametrize(("im_size", "stem_width", "classes"), [(32, 32, 200), (8, 2, 10), (33, 16, 3), (7, 5, 2)])
def test_other_images_stems_and_classes_are_counted_too(im_size: int, stem_width: int, classes: int) -> None:
    for stages in (SMALL, ODD):
        _agrees(stages, im_size, stem_width, classes)


def test_every_vector_of_pycls_has_its_parameters_in_torch(shared: Path) -> None:
    for vector in json.loads((shared / "eahas" / "regnet_vectors.json").read_text())["vectors"]:
        stages = Stages(tuple(vector["ws"]), tuple(vector["ds"]), tuple(vector["group_ws"]), vector["total_stages"])
        counted = _counted(stages, 32, 16, 10)
        assert counted["params"] == vector["torch_param_count"]
        assert [counted["flops"], counted["acts"]] == [vector["hook_flops"], vector["hook_acts"]]


def test_weights_are_functions_of_the_generator() -> None:
    networks = [RegNet(SMALL) for _ in range(3)]
    for network, seed in zip(networks, (1, 1, 2), strict=True):
        network.initialise(np.random.default_rng(seed))
    first, same, other = ([*network.parameters()] for network in networks)
    assert all(map(torch.equal, first, same))
    assert not all(map(torch.equal, first, other))
    assert networks[0].head.weight.std().item() == pytest.approx(0.01, rel=0.2)


def test_groups_that_do_not_divide_a_stage_are_refused() -> None:
    with pytest.raises(UserError, match="width 24 has no whole number of groups of width 9"):
        RegNet(Stages((24,), (1,), (9,), 1))


# -- bundles


def _bundle(
    stages: Stages, nets: int, dtype: torch.dtype = torch.float64
) -> tuple[RegNetBundle, list[RegNet], Tensor, Tensor]:
    """A bundle, its networks as modules with norms away from 1 and 0, and its weights [N, P] and norms [N, Q]."""
    bundle = RegNetBundle(stages, stem_width=4, num_classes=5, image_channels=2)
    networks = []
    for net in range(nets):
        rng = np.random.default_rng(net)
        network = RegNet(stages, stem_width=4, num_classes=5, image_channels=2).to(dtype)
        network.initialise(rng)
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, NORMS):
                    for parameter in module.parameters():
                        parameter.add_(torch.from_numpy(rng.normal(0, 0.3, len(parameter))))
        networks.append(network)
    packed = [bundle.pack(network) for network in networks]
    weights, norms = (torch.stack(list(parts)).requires_grad_() for parts in zip(*packed, strict=True))
    return bundle, networks, weights, norms


def _images(batch: int, nets: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((batch, 2 * nets, 9, 9)))


@pytest.mark.parametrize("stages", [SMALL, ODD])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_logits_and_gradients_of_a_bundle_are_those_of_its_networks(
    stages: Stages, layout: torch.memory_format
) -> None:
    nets = 3
    bundle, networks, weights, norms = _bundle(stages, nets)
    images = _images(6, nets)
    labels = torch.arange(6) % 5
    logits = bundle.forward(weights, norms, images.contiguous(memory_format=layout), NormStatistics())
    assert logits.shape == (6, nets, 5)
    losses = [nn.functional.cross_entropy(logits[:, net], labels) for net in range(nets)]
    torch.stack(losses).sum().backward()
    assert weights.grad is not None
    assert norms.grad is not None
    for net, network in enumerate(networks):
        alone = network(images[:, 2 * net : 2 * net + 2])
        torch.testing.assert_close(logits[:, net], alone, rtol=1e-12, atol=1e-12)
        nn.functional.cross_entropy(alone, labels).backward()
        gradients: list[list[Tensor]] = [[], []]
        for module in network.modules():
            own = [parameter.grad.reshape(-1) for parameter in module.parameters(recurse=False)]  # type: ignore[union-attr]
            gradients[isinstance(module, NORMS)].extend(own)
        torch.testing.assert_close(weights.grad[net], torch.cat(gradients[0]), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(norms.grad[net], torch.cat(gradients[1]), rtol=1e-12, atol=1e-12)


def test_statistics_are_torchs_cumulative_averages() -> None:
    """`take` is BatchNorm2d with momentum None in training, `use` the same in evaluation."""
    nets, batches = 2, [_images(5, 2, seed) for seed in range(3)]
    bundle, networks, weights, norms = _bundle(SMALL, nets)
    statistics = NormStatistics("take")
    taken = [bundle.forward(weights, norms, images, statistics) for images in batches]
    statistics.mode = "use"
    used = bundle.forward(weights, norms, batches[0], statistics)
    assert statistics.batches == 3
    assert statistics.pairs is not None
    for net, network in enumerate(networks):
        layers = [module for module in network.modules() if isinstance(module, NORMS)]
        for layer in layers:
            layer.momentum = None
            layer.reset_running_stats()
        own = [images[:, 2 * net : 2 * net + 2] for images in batches]
        for images, logits in zip(own, taken, strict=True):
            torch.testing.assert_close(logits[:, net], network(images), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(used[:, net], network.eval()(own[0]), rtol=1e-12, atol=1e-12)
        for layer, pair in zip(layers, statistics.pairs, strict=True):
            mean, variance = (part.reshape(nets, -1)[net] for part in pair)
            torch.testing.assert_close(mean, layer.running_mean, rtol=1e-12, atol=1e-12)
            torch.testing.assert_close(variance, layer.running_var, rtol=1e-12, atol=1e-12)


def test_a_network_of_not_a_numbers_leaves_its_neighbours_alone() -> None:
    bundle, _, weights, norms = _bundle(SMALL, 3)
    with torch.no_grad():
        weights[1] = torch.nan
    logits = bundle.forward(weights, norms, _images(4, 3), NormStatistics())
    assert logits.isfinite().all(dim=2).all(dim=0).tolist() == [True, False, True]
    logits[:, 2].square().sum().backward()
    assert weights.grad is not None
    assert weights.grad[0].abs().max() == 0
    assert weights.grad[2].isfinite().all()
