"""Train RegNet + HPO configurations of one network structure, with their whole learning curves.

EA-HAS-Bench's recipe with what an honest benchmark needs beside it: a validation part that is held out, and a status
for trainings that diverge. What is evaluated after every epoch is the moving average of the weights, with batch norm's
statistics taken afresh ("precise BN") over training images of that epoch; the training curve is the accuracy on the
batches as they were trained on. Deviations: everything is computed in float32 instead of mixed precision (AMP), so
that joules and seconds are float32's; shifts are -p..p pixels (the original's are one short), moving averages take
their share at every step instead of twice an epoch, and a miniature's schedules follow progress.

Each network has streams, hyperparameters and an optimizer of its own, so a bundle equals its members trained alone up
to float round-off, which training amplifies to some images.
"""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (torch's own name for it)

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.augmentation import Augmentation
from fairwatt.experiments.epoch_energy import EpochEnergy
from fairwatt.experiments.hpo_recipe import HpoRecipe
from fairwatt.experiments.image_data import ImageData
from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_bundle import NormStatistics, RegNetBundle
from fairwatt.search_spaces.regnet_hpo import Training
from fairwatt.search_spaces.regnet_network import RegNet

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Member:
    """One training of a bundle. key: what its streams of weights and of images are drawn from, and nothing else.

    training: hyperparameters, as the configuration names them. epochs: how many really run, under the schedules of
    `training.epochs`. cutout: side of the square that is really cut out.
    """

    training: Training
    epochs: int
    cutout: int
    key: tuple[int, ...]


@dataclass(frozen=True)
class Curves:
    """One training, epoch by epoch: [E] numbers each.

    status: ok | diverged. train: correct images of those trained on in the epoch; validation, test: of the whole part.
    seconds: of training, without evaluations, by the clock that the trainer was given; in a bundle an equal share. A
    training that diverged (a loss was not finite) is not computed to its end: its weights stay not-a-number, which is
    chance level, so its last values and its mean seconds are those of the epochs that are left.
    """

    status: str
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    seconds: tuple[float, ...]


def train(
    stages: Stages,
    members: Sequence[Member],
    data: ImageData,
    recipe: HpoRecipe,
    *,
    stem_width: int = 16,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    clock: Callable[[], float] = time.process_time,
    energy: EpochEnergy | None = None,
) -> list[Curves]:
    """Train all members, networks of these stages; their curves in order.

    energy: told when the steps of each epoch begin and end; it sees the bundle as a whole, and may have them done again
    on copies. Raises UserError where an epoch has not one whole batch, UnknownNameError for optimizers and policies it
    has not.
    """
    bundle = RegNetBundle(stages, stem_width=stem_width, num_classes=data.classes, image_channels=data.images.shape[1])
    shared = _Shared(bundle, data, recipe, torch.device(device), dtype)
    running = [_Run(member, shared) for member in members]
    runs = list(running)
    while running:
        if energy:
            energy.begin()
        began = clock()
        for run in running:
            run.begin_epoch()
        _steps(shared, running)
        seconds = (clock() - began) / len(running)
        if energy:
            energy.end(shared.images_per_epoch, _Rehearsal(shared, running))
        counts = _correct(shared, running)
        for run, count in zip(running, counts, strict=True):
            run.close_epoch(count, seconds)
        running = [run for run in running if not run.ended]
    return [run.curves() for run in runs]


class _Shared:
    """What all members of a bundle share."""

    def __init__(
        self, bundle: RegNetBundle, data: ImageData, recipe: HpoRecipe, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.bundle, self.recipe, self.device, self.dtype, self.classes = bundle, recipe, device, dtype, data.classes
        self.images = torch.from_numpy(data.images).to(device, dtype)
        self.labels = torch.from_numpy(data.labels).to(device)
        self.train = data.split["train"]
        self.parts = [torch.from_numpy(data.split[part]).to(device) for part in ("validation", "test")]
        self.steps_per_epoch = len(self.train) // recipe.batch_size
        if self.steps_per_epoch < 1:
            raise UserError(f"{len(self.train)} training images: expected a batch of {recipe.batch_size} or more")
        self.images_per_epoch = self.steps_per_epoch * recipe.batch_size

    def settle(self) -> None:
        """Wait for what a GPU was told to do: it works while the program goes on."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def batch(self, number: int) -> slice:
        size = self.recipe.batch_size
        return slice(number * size, (number + 1) * size)


class _Run:
    """One training in progress."""

    def __init__(self, member: Member, shared: _Shared) -> None:
        if member.epochs < 1:
            raise UserError(f"epochs = {member.epochs}: expected 1 or more")
        weights_rng, self._rng = (
            np.random.default_rng(seed) for seed in np.random.SeedSequence(list(member.key)).spawn(2)
        )
        self.member, self._shared = member, shared
        bundle = shared.bundle
        network = RegNet(
            bundle.stages,
            stem_width=bundle.stem_width,
            num_classes=bundle.num_classes,
            image_channels=bundle.image_channels,
        )
        network.initialise(weights_rng)
        self.weights, self.norms = (
            leaf.to(shared.device, shared.dtype).requires_grad_() for leaf in bundle.pack(network)
        )
        self.average = [self.weights.detach().clone(), self.norms.detach().clone()]
        self.optimizer = _optimizer(member.training, self.weights, self.norms, shared.recipe)
        self.finite, self._done, self._steps = True, 0, member.epochs * shared.steps_per_epoch
        self._correct_in_epoch = 0
        self._trained: list[int] = []
        self._evaluated: list[tuple[int, int]] = []
        self._seconds: list[float] = []

    @property
    def ended(self) -> bool:
        return not self.finite or len(self._trained) == self.member.epochs

    def begin_epoch(self) -> None:
        """Draw the order of the images and what is done to each."""
        shared = self._shared
        order = self._rng.permutation(shared.train)[: shared.images_per_epoch]
        self._order = torch.from_numpy(order).to(shared.device)
        size = (shared.images.shape[2], shared.images.shape[3])
        self._augmentation = Augmentation.draw(len(order), size, shared.recipe, self.member.cutout, self._rng)

    def images(self, part: slice) -> tuple[Tensor, Tensor]:
        """(augmented images [B, C, H, W], labels [B]) of a part of the epoch's order; the same whenever it is asked."""
        chosen = self._order[part]
        return self._augmentation.apply(self._shared.images[chosen], part), self._shared.labels[chosen]

    def set_rate(self) -> None:
        own = self.member.training
        rate = self._shared.recipe.learning_rate(own.policy, own.lr, self._done / self._steps, own.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def close_step(self, loss: float, correct: int) -> None:
        epochs = self.member.training.epochs
        share = self._shared.recipe.averaging(self._done / self._steps, epochs, self._steps)
        for average, now in zip(self.average, (self.weights, self.norms), strict=True):
            average.lerp_(now, share)
        self._done += 1
        self.finite = self.finite and bool(np.isfinite(loss))
        self._correct_in_epoch += correct

    def begin_again(self) -> None:
        """Go back to the place in the schedules where this epoch began; weights stay as they are."""
        self._done -= self._shared.steps_per_epoch

    def close_epoch(self, evaluated: tuple[int, int], seconds: float) -> None:
        self._trained.append(self._correct_in_epoch)
        self._evaluated.append(evaluated)
        self._seconds.append(seconds)
        self._correct_in_epoch = 0

    def curves(self) -> Curves:
        """What the training gave, epoch by epoch; epochs that a divergence left out are like the last."""
        left = self.member.epochs - len(self._trained)
        validation, test = zip(*self._evaluated, *left * self._evaluated[-1:], strict=True)
        mean = sum(self._seconds) / len(self._seconds)
        return Curves(
            "ok" if self.finite else "diverged",
            (*self._trained, *left * self._trained[-1:]),
            validation,
            test,
            (*self._seconds, *left * [mean]),
        )


class _Rehearsal:
    """The steps of the epoch that is just done, once more with each call, on copies: no trace of them is left."""

    def __init__(self, shared: _Shared, runs: Sequence[_Run]) -> None:
        self._shared, self._runs = shared, runs
        self._copies: list[_Run] = []

    def __call__(self) -> None:
        self._copies = self._copies or [deepcopy(run, {id(self._shared): self._shared}) for run in self._runs]
        for copy in self._copies:
            copy.begin_again()
        _steps(self._shared, self._copies)


def _steps(shared: _Shared, runs: Sequence[_Run]) -> None:
    """Those of an epoch."""
    for batch in range(shared.steps_per_epoch):
        _step(shared, runs, [run.images(shared.batch(batch)) for run in runs])
    shared.settle()


def _step(shared: _Shared, runs: Sequence[_Run], batches: Sequence[tuple[Tensor, Tensor]]) -> None:
    """One step of every run on its own batch."""
    for run in runs:
        run.set_rate()
        run.optimizer.zero_grad()
    images = _side_by_side([x for x, _ in batches])
    labels = torch.stack([y for _, y in batches], dim=1)  # [B, N]
    weights, norms = torch.stack([run.weights for run in runs]), torch.stack([run.norms for run in runs])
    logits = shared.bundle.forward(weights, norms, images, NormStatistics())
    losses = F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), label_smoothing=shared.recipe.label_smoothing, reduction="none"
    )
    losses = losses.reshape(labels.shape).mean(dim=0)
    torch.autograd.backward(losses.sum())
    correct = (logits.detach().argmax(dim=2) == labels).sum(dim=0)
    for run, loss, count in zip(runs, losses.tolist(), correct.tolist(), strict=True):
        run.optimizer.step()
        run.close_step(loss, count)


@torch.no_grad()
def _correct(shared: _Shared, runs: Sequence[_Run]) -> list[tuple[int, int]]:
    """Correct images of (validation, test) for each run: averaged weights, fresh batch norm statistics."""
    weights, norms = (torch.stack([run.average[place] for run in runs]) for place in (0, 1))
    statistics = NormStatistics("take")
    count = min(shared.recipe.precise_images, shared.images_per_epoch)
    size = -(-count // -(-count // EVALUATION_BATCH))  # parts as equal as can be
    for begin in range(0, count, size):
        batch = slice(begin, min(begin + size, count))
        shared.bundle.forward(weights, norms, _side_by_side([run.images(batch)[0] for run in runs]), statistics)
    statistics.mode = "use"
    counts = []
    for part in shared.parts:
        found = torch.zeros(len(runs), dtype=torch.int64, device=shared.device)
        for chosen in torch.split(part, EVALUATION_BATCH):
            same = _side_by_side([shared.images[chosen]] * len(runs))
            guess = shared.bundle.forward(weights, norms, same, statistics).argmax(dim=2)
            found += (guess == shared.labels[chosen, None]).sum(dim=0)
        counts.append(found.tolist())
    return list(zip(*counts, strict=True))


def _side_by_side(images: Sequence[Tensor]) -> Tensor:
    """[B, N * C, H, W] in channels-last layout, of each network's images [B, C, H, W]."""
    return torch.cat(list(images), dim=1).contiguous(memory_format=torch.channels_last)


def _optimizer(training: Training, weights: Tensor, norms: Tensor, recipe: HpoRecipe) -> torch.optim.Optimizer:
    """torch's own, without weight decay on batch norm."""
    groups = [{"params": [weights], "weight_decay": recipe.weight_decay}, {"params": [norms], "weight_decay": 0.0}]
    if training.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=training.lr, momentum=recipe.momentum, nesterov=True, foreach=True)
    if training.optimizer == "adam":
        return torch.optim.Adam(groups, lr=training.lr, betas=recipe.betas, foreach=True)
    if training.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=training.lr, betas=recipe.betas, foreach=True)
    raise UnknownNameError("optimizer of a configuration", training.optimizer, ("sgd", "adam", "adamw"))
