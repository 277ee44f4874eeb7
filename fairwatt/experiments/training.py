"""Train cell networks on digits, several of one adjacency at a time.

SGD with momentum and weight decay, cosine annealing to zero at every step: a run of each epoch
budget is a training of its own. The loss of a bundle is the sum of its nets' mean cross-entropies,
so no net's gradient knows of another; initial weights and the order of images are drawn from
streams that each net owns. In float64 a bundle's losses are those of its nets alone to 1e-12; in
float32 the round-off of other bundle neighbours grows during training to some images.
"""

import contextlib
import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (torch's own name for it)

from fairwatt.experiments.digits import PARTS, Digits
from fairwatt.experiments.recipe import Recipe
from fairwatt.search_spaces.cell_complexity import DIGITS, Matrix, Skeleton
from fairwatt.search_spaces.cell_networks import CellNetworks

_EVALUATION_BATCH = 256
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


@dataclass(frozen=True)
class Net:
    """One net of a bundle: its interior op codes [V-2] and the integers that key its streams."""

    ops: tuple[int, ...]
    key: tuple[int, ...]

    def streams(self) -> tuple[np.random.Generator, np.random.Generator]:
        """(initial weights, image order): functions of `key` alone."""
        first, second = np.random.SeedSequence(self.key).spawn(2)
        return np.random.default_rng(first), np.random.default_rng(second)


@dataclass(frozen=True)
class Trained:
    """What one training gave. Correct images of (train, validation, test) after half and all epochs.

    status: ok | diverged. A diverged net (its loss was not finite at some step) is measured like
    any other: not-a-number logits predict one class, which is chance level.
    """

    status: str
    halfway_correct: tuple[int, ...]
    correct: tuple[int, ...]


def train(
    matrix: Matrix,
    nets: Sequence[Net],
    epochs: int,
    data: Digits,
    recipe: Recipe,
    *,
    skeleton: Skeleton = DIGITS,
    dtype: torch.dtype = torch.float32,
) -> list[Trained]:
    """Train all `nets` of one adjacency for `epochs`; results in their order."""
    bundle = Bundle(matrix, nets, epochs, data, recipe, skeleton=skeleton, dtype=dtype)
    halfway: NDArray[np.int64] | None = None
    for step in range(bundle.steps):
        bundle.step()
        if step + 1 == bundle.steps // 2:
            halfway = bundle.correct()
    final = bundle.correct()
    if halfway is None:
        raise ValueError(f"epochs = {epochs}: at least 1 epoch of at least 2 batches is needed")
    return [
        Trained(
            "ok" if bundle.finite[n] else "diverged",
            tuple(halfway[:, n].tolist()),
            tuple(final[:, n].tolist()),
        )
        for n in range(len(nets))
    ]


def one_quiet_thread() -> None:
    """Set this process up for many small trainings beside others: one thread, no denormals, no churn.

    glibc would return every freed activation to the system and fault it in again: keeping freed
    memory saved 10 to 30 % of a step. Other C libraries are left as they are.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with contextlib.suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)


class Bundle:
    """N nets in training. `finite` [N]: whether every loss of a net was finite so far."""

    def __init__(
        self,
        matrix: Matrix,
        nets: Sequence[Net],
        epochs: int,
        data: Digits,
        recipe: Recipe,
        *,
        skeleton: Skeleton = DIGITS,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        streams = [net.streams() for net in nets]
        self.networks = CellNetworks(matrix, [net.ops for net in nets], skeleton).to(dtype)
        self.networks.initialise([weights for weights, _ in streams])
        self.finite = torch.ones(len(nets), dtype=torch.bool)
        self._orders = [order for _, order in streams]
        self._recipe, self._split = recipe, data.split
        self._images = torch.from_numpy(data.images).to(dtype).unsqueeze(-1)  # [M, 8, 8, 1]
        self._labels = torch.from_numpy(data.labels)
        self._batches_per_epoch = recipe.steps_per_epoch(len(data.split["train"]))
        self.steps, self._done = epochs * self._batches_per_epoch, 0
        self._optimizer = torch.optim.SGD(
            self.networks.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            foreach=True,
        )

    def step(self) -> Tensor:
        """One step of every net on its own batch; the losses [N] before it."""
        batch = self._done % self._batches_per_epoch
        if batch == 0:
            train = self._split["train"]
            epoch = np.stack([rng.permutation(train) for rng in self._orders], axis=1)
            self._epoch = torch.from_numpy(epoch)  # [training images, N]
        size = self._recipe.batch_size
        chosen = self._epoch[batch * size : (batch + 1) * size]  # [B, N]
        images = self._images[chosen].permute(0, 2, 3, 1, 4)  # [B, H, W, N, 1]
        annealed = 0.5 * (1 + math.cos(math.pi * self._done / self.steps))
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * annealed
        self.networks.train()
        logits = self.networks(images)  # [B, N, classes]
        each = F.cross_entropy(logits.flatten(0, 1), self._labels[chosen].flatten(), reduction="none")
        losses: Tensor = each.view(chosen.shape).mean(dim=0)
        self._optimizer.zero_grad()
        torch.autograd.backward(losses.sum())
        self._optimizer.step()
        losses = losses.detach()
        self.finite &= losses.isfinite()
        self._done += 1
        return losses

    @torch.no_grad()
    def correct(self) -> NDArray[np.int64]:
        """[3, N] correctly classified images of the training, validation and test parts."""
        self.networks.eval()
        counts = []
        for part in PARTS:
            count = torch.zeros(len(self._orders), dtype=torch.int64)
            for chosen in torch.split(torch.from_numpy(self._split[part]), _EVALUATION_BATCH):
                images = self._images[chosen].unsqueeze(3)  # [B, H, W, 1, 1]
                logits = self.networks(images.expand(-1, -1, -1, len(self._orders), -1))
                count += (logits.argmax(dim=-1) == self._labels[chosen, None]).sum(dim=0)
            counts.append(count.numpy())
        return np.stack(counts)
