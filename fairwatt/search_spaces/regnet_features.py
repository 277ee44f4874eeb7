"""What curve surrogates know of a RegNet + HPO key: numbers of the network, and its hyperparameters.

EA-HAS-Bench gives its surrogate the five numbers that a network is expanded from. Thousands of those are one network,
which has one answer here: so the features are the network's own, its stages and its size.
"""

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.regnet import StageArrays, complexity_batch
from fairwatt.search_spaces.regnet_encoding import HYPER_SHAPE, HYPERS, LEARNING_RATES, OPTIMIZERS
from fairwatt.search_spaces.regnet_grid import grid

Array = NDArray[np.float64]

ARCHITECTURE = (
    *("depth_1", "depth_2", "log_width_1", "log_width_2", "log_group_1", "log_group_2"),
    *("log_flops", "log_params", "log_acts"),
)
"""Names of the architecture's features; logarithms are natural ones."""
_ONEHOT = (1, 2, 4, 3)
HYPER = sum(HYPER_SHAPE[dim] for dim in _ONEHOT) + 4
"""Features of hyperparameters: EA-HAS-Bench's one-hot ones of optimizer (3), policy (3), cutout (2), epochs (3); then
the learning rate's decades above the usual one, their square, and both once more for sgd alone. One-hot rates know
no order and nothing of the optimizer: of 200 trainings surrogates learned less with them (final tau .64, .68 so)."""
_USUAL_RATES = {"sgd": -0.5, "adam": -1.5, "adamw": -1.5}
"""Decades: sgd takes about ten times the rate of the others."""


def key_features(keys: NDArray[np.integer], variant: str = "cifar10") -> tuple[Array, Array]:
    """Features [N, 9] of the architectures and [N, 15] of the hyperparameters of keys [N] of a variant's space.

    Raises UserError for keys that the space has not.
    """
    own = grid(variant)
    given = np.asarray(keys, dtype=np.int64)
    if not ((given >= 0) & (given < len(own.networks) * HYPERS)).all():
        raise UserError(f"keys outside 0 to {len(own.networks) * HYPERS - 1:,} of the variant {variant}")
    network, hyper = np.divmod(given, HYPERS)
    return network_features(variant)[network], hyper_features()[hyper]


def network_features(variant: str = "cifar10") -> Array:
    """[networks, 9] in the order of the variant's ids."""
    own = grid(variant)
    numbers = own.networks.astype(np.int64)
    widths, depths, groups = numbers[:, :2], numbers[:, 2:4], numbers[:, 4:]
    stages = StageArrays(widths, depths, groups, np.full(len(numbers), 2))
    size = complexity_batch(stages, stem_width=own.variant.stem_width, num_classes=own.variant.classes)
    return np.column_stack([depths, np.log(widths), np.log(groups), *map(np.log, size)])


def hyper_features() -> Array:
    """[540, 15] in the order of the hyperparameters' ids."""
    places = np.unravel_index(np.arange(HYPERS), HYPER_SHAPE)
    hots = [np.eye(HYPER_SHAPE[dim])[places[dim]] for dim in _ONEHOT]
    usual = np.array([_USUAL_RATES[optimizer] for optimizer in OPTIMIZERS])[places[1]]
    above, sgd = np.log10(LEARNING_RATES)[places[0]] - usual, places[1] == OPTIMIZERS.index("sgd")
    return np.column_stack([*hots, above, above**2, sgd * above, sgd * above**2])
