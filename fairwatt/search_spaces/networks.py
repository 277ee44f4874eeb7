"""A configuration as a torch module, for both spaces: the full-size network that its benchmark speaks of.

Sweeps train many small networks at a time instead: `cell_networks`, `regnet_bundle`.
"""

import numpy as np
import torch
from torch import Tensor, nn

from fairwatt.errors import UserError
from fairwatt.problem import SearchSpace
from fairwatt.records import Config
from fairwatt.search_spaces.cell import CellSpace
from fairwatt.search_spaces.cell_complexity import CIFAR10, Matrix, Skeleton
from fairwatt.search_spaces.cell_graph import OPS
from fairwatt.search_spaces.cell_networks import CellNetworks
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace
from fairwatt.search_spaces.regnet_network import RegNet


def network(space: SearchSpace, config: Config, rng: np.random.Generator | None = None) -> nn.Module:
    """The network of a configuration: logits `[B, classes]` of images `[B, 3, H, W]`, which are 32 x 32 in both spaces.

    A cell stands in CIFAR-10's skeleton of NAS-Bench-101, a RegNet behind its variant's stem. rng: what weights are
    drawn from, He-normal; seed 0 where None. Raises ValueError for a configuration that is not valid, UserError for a
    space of other networks.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    if isinstance(space, CellSpace):
        space.key(config)
        matrix, names = space.cell(config)
        return CellNetwork(matrix.tolist(), [OPS.index(name) for name in names[1:-1]], rng)
    if isinstance(space, RegnetHpoSpace):
        stages, variant = space.training(config).stages, space.variant
        with torch.random.fork_rng(devices=[]):  # torch's layers draw weights of their own, which are not used
            built = RegNet(stages, stem_width=variant.stem_width, num_classes=variant.classes)
        built.initialise(rng)
        return built
    raise UserError(f"no networks for a {type(space).__name__}: expected a CellSpace or a RegnetHpoSpace")


class CellNetwork(nn.Module):
    """The network of one pruned adjacency `matrix` [V, V] and op codes [V-2], behind an ordinary interface."""

    def __init__(self, matrix: Matrix, ops: list[int], rng: np.random.Generator, skeleton: Skeleton = CIFAR10) -> None:
        super().__init__()
        self.bundle = CellNetworks(matrix, [ops], skeleton)
        self.bundle.initialise([rng])

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, classes]` of `[B, image_channels, H, W]`."""
        logits: Tensor = self.bundle(images.permute(0, 2, 3, 1).unsqueeze(3))
        return logits[:, 0]
