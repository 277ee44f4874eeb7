"""EA-HAS-Bench's recipe against known answers: schedules by hand, trainings by a loop over an ordinary torch module."""

import copy
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments import config_training, meters
from fairwatt.experiments.augmentation import Augmentation
from fairwatt.experiments.config_training import Curves, Member, train
from fairwatt.experiments.epoch_energy import EpochEnergy
from fairwatt.experiments.hpo_recipe import DIGITS_RECIPE, HpoRecipe
from fairwatt.experiments.image_data import ImageData
from fairwatt.experiments.meters import Meter, Reading
from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_bundle import NormStatistics
from fairwatt.search_spaces.regnet_hpo import Training
from fairwatt.search_spaces.regnet_network import RegNet

# -- schedules


def test_the_numbers_of_the_recipe() -> None:
    """Averages move by 2.5e-4 * 1024 / T * 32 at an update. Digits are smaller, and not mirrored."""
    numbers = (1024, 0.1, 0.9, (0.9, 0.999), 5e-4, 1e-6, 5, 0.1, pytest.approx(2.5e-4 * 1024 * 32), 4, True, 8192)
    assert astuple(HpoRecipe()) == numbers
    assert astuple(DIGITS_RECIPE) == (32, *numbers[1:9], 1, False, 400)


@pytest.mark.parametrize("policy", ["cos", "lin", "exp"])
@pytest.mark.parametrize("epochs", [50, 100, 200])
def test_the_learning_rate_of_every_epoch(policy: str, epochs: int) -> None:
    done = np.arange(epochs) / epochs
    factor = {
        "cos": (1 - 1e-6) * (1 + np.cos(np.pi * done)) / 2 + 1e-6,
        "lin": (1 - 1e-6) * (1 - done) + 1e-6,
        "exp": 1e-6**done,
    }[policy]
    factor[:5] *= [0.1, 0.28, 0.46, 0.64, 0.82]
    for place in (0.001, 0.5, 0.999):
        rates = [HpoRecipe().learning_rate(policy, 0.3, (epoch + place) / epochs, epochs) for epoch in range(epochs)]
        assert rates == pytest.approx(0.3 * factor, rel=1e-12)
    assert HpoRecipe().learning_rate(policy, 0.3, 1.0, epochs) == rates[-1]


@pytest.mark.parametrize(
    ("policy", "progress", "factor"),
    [
        ("cos", 0.0, 0.1),
        ("cos", 0.25, 0.85355353),
        ("cos", 0.5, 0.5000005),
        ("cos", 0.75, 0.14644746),
        ("lin", 0.02, 0.46 * 0.98000002),
        ("lin", 0.25, 0.75000025),
        ("lin", 0.5, 0.5000005),
        ("exp", 0.5, 1e-3),
        ("exp", 0.75, 3.1622777e-5),
    ],
)
def test_learning_rates_by_hand(policy: str, progress: float, factor: float) -> None:
    assert HpoRecipe().learning_rate(policy, 2.0, progress + 1e-9, 100) == pytest.approx(2 * factor, rel=1e-7)


@pytest.mark.parametrize(
    ("run", "named", "late"), [(12, 50, []), (25, 100, [87, 171, 174]), (50, 200, [87, 171, 174, 339, 342, 345, 348])]
)
def test_steps_of_the_digits_fall_into_their_epochs_but_for_those_that_round_off_delays(
    run: int, named: int, late: list[int]
) -> None:
    """Which these are the measured sweeps have settled: mending them makes another sweep."""
    steps = 12 * run
    lin = [DIGITS_RECIPE.learning_rate("lin", 1.0, step / steps, named) for step in range(steps)]
    exact = [
        DIGITS_RECIPE.learning_rate("lin", 1.0, (step * named // steps + 0.5) / named, named) for step in range(steps)
    ]
    assert [step for step in range(steps) if lin[step] != exact[step]] == late
    assert all(lin[step] == exact[step - 1] for step in late)


@pytest.mark.parametrize(("epochs", "weight"), [(50, 0.16384), (100, 0.08192), (200, 0.04096)])
@pytest.mark.parametrize("per_epoch", [1, 2, 12, 48])
def test_averages_move_as_by_two_updates_an_epoch_once_warm_up_is_over(
    epochs: int, weight: float, per_epoch: int
) -> None:
    steps = epochs * per_epoch
    shares = np.array([HpoRecipe().averaging((step + 0.5) / steps, epochs, steps) for step in range(steps)])
    assert (shares[: 5 * per_epoch] == 1).all()
    kept = np.prod(1 - shares[5 * per_epoch :].reshape(-1, per_epoch), axis=1)
    assert kept == pytest.approx(np.full(epochs - 5, (1 - weight) ** 2), rel=1e-9)
    shorter = HpoRecipe().averaging(0.5, epochs, steps // 4 or 1)
    assert (1 - shorter) ** (steps // 4 or 1) == pytest.approx((1 - weight) ** (2 * epochs), rel=1e-6)


def test_an_average_of_few_epochs_is_the_last_weights() -> None:
    assert HpoRecipe(warmup_epochs=0).averaging(0.9, 8, 80) == 1
    assert HpoRecipe(warmup_epochs=0).averaging(0.9, 9, 80) < 1


# -- images

SIDE = 8
NUMBERED = torch.arange(1.0, 2 * SIDE * SIDE + 1).reshape(1, 2, SIDE, SIDE)
"""Two channels of pixels that can all be told apart."""


def augmented(
    images: int, recipe: HpoRecipe, cutout: int = 0, source: Tensor = NUMBERED, seed: int = 0
) -> NDArray[np.float32]:
    side = source.shape[2]
    drawn = Augmentation.draw(images, (side, source.shape[3]), recipe, cutout, np.random.default_rng(seed))
    whole = source.expand(images, -1, -1, -1)
    found = drawn.apply(whole, slice(0, images))
    parts = [drawn.apply(whole[part], part) for part in (slice(0, 7), slice(7, 40), slice(40, images))]
    assert torch.equal(found, torch.cat(parts))  # what becomes of an image is not where it is asked for
    return np.asarray(found.numpy())


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_images_are_shifted_by_as_much_as_they_are_padded_and_mirrored(padding: int, flip: bool) -> None:
    padded = np.pad(NUMBERED[0].numpy(), ((0, 0), (padding, padding), (padding, padding)))
    crops = {
        (down, right, mirrored): padded[:, down : down + SIDE, right : right + SIDE][:, :, :: -1 if mirrored else 1]
        for down in range(2 * padding + 1)
        for right in range(2 * padding + 1)
        for mirrored in ((False, True) if flip else (False,))
    }
    place = {crop.tobytes(): number for number, crop in enumerate(crops.values())}
    found = augmented(4000, HpoRecipe(crop_padding=padding, flip=flip))
    counts = np.bincount([place[image.tobytes()] for image in found], minlength=len(crops))
    expected = 4000 / len(crops)
    assert np.abs(counts - expected).max() <= 4.5 * np.sqrt(expected)


@pytest.mark.parametrize("cutout", [0, 1, 3, 4, 8])
def test_a_square_of_every_image_is_cut_out_and_clipped_at_borders(cutout: int) -> None:
    """Its middle (of an even number of pixels the second) is anywhere in the image, every place as likely."""
    height, width = 12, 9
    image = torch.ones(1, 3, height, width)
    holes = augmented(6000, HpoRecipe(crop_padding=0, flip=False), cutout, image) == 0
    if not cutout:
        assert not holes.any()
        return
    assert (holes == holes[:, :1]).all()  # the same in all channels
    rows, columns = holes[:, 0].any(axis=2), holes[:, 0].any(axis=1)
    assert (holes[:, 0] == rows[:, :, None] & columns[:, None, :]).all()  # a rectangle
    for inside, side in ((rows, height), (columns, width)):
        middles = [
            tuple(first <= place < first + cutout for place in range(side))
            for first in range(-(cutout // 2), side - cutout // 2)
        ]
        place = {np.array(one).tobytes(): number for number, one in enumerate(dict.fromkeys(middles))}
        weights = np.bincount([place[np.array(one).tobytes()] for one in middles]) / side
        counts = np.bincount([place[one.tobytes()] for one in inside], minlength=len(place))
        assert np.abs(counts - 6000 * weights).max() <= 4.5 * np.sqrt(6000 * weights.max())


# -- trainings

STAGES = Stages((4, 8), (1, 2), (2, 4), 2)
RECIPE = HpoRecipe(batch_size=8, crop_padding=1, precise_images=20)
CLASSES = 3


def pictures(seed: int = 0) -> ImageData:
    """26 to train on, of which an epoch leaves two out, 40 and 33 to be judged by."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, 99)
    images = rng.standard_normal((99, 2, SIDE, SIDE)) + labels[:, None, None, None] / 2
    parts = np.split(rng.permutation(99), [26, 66])
    split = dict(zip(("train", "validation", "test"), parts, strict=True))
    return ImageData(images.astype(np.float32), labels, split, CLASSES)


def member(number: int, **changes: object) -> Member:
    """One of three that differ in everything."""
    lr, optimizer, policy, named, run, cutout = (
        (0.1, "sgd", "cos", 50, 4, 3),
        (0.01, "adam", "lin", 100, 2, 0),
        (0.02, "adamw", "exp", 200, 3, 4),
    )[number]
    training = Training(STAGES, lr, optimizer, policy, named, 16 * (cutout > 0))
    return Member(replace(training, **changes), run, cutout, (7, number))  # type: ignore[arg-type]


@dataclass
class ByHand:
    """One training as a plain loop over an ordinary module, and all that came of it."""

    member: Member
    data: ImageData
    train: list[int] = field(default_factory=list)
    validation: list[int] = field(default_factory=list)
    test: list[int] = field(default_factory=list)
    statistics: list[list[tuple[Tensor, Tensor]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        own, data = self.member.training, self.data
        weights_rng, rng = map(np.random.default_rng, np.random.SeedSequence(list(self.member.key)).spawn(2))
        self.network = RegNet(STAGES, stem_width=2, num_classes=CLASSES, image_channels=2)
        self.network.initialise(weights_rng)
        self.network.double()
        self.average = copy.deepcopy(self.network)
        layers = [module for module in self.network.modules() if isinstance(module, nn.BatchNorm2d)]
        norms = [parameter for layer in layers for parameter in layer.parameters()]
        known = {id(parameter) for parameter in norms}
        others = [one for one in self.network.parameters() if id(one) not in known]
        groups = [{"params": others, "weight_decay": 5e-4}, {"params": norms, "weight_decay": 0.0}]
        optimizer: torch.optim.Optimizer
        if own.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, lr=9.0, momentum=0.9, nesterov=True)
        else:
            kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[own.optimizer]
            optimizer = kind(groups, lr=9.0, betas=(0.9, 0.999))
        steps = 3 * self.member.epochs
        for step in range(steps):
            if step % 3 == 0:
                order = rng.permutation(data.split["train"])[:24]
                images, labels, correct = self._images(order, rng), torch.from_numpy(data.labels[order]), 0
            part = slice(step % 3 * 8, step % 3 * 8 + 8)
            epoch = step * own.epochs // steps
            for group in optimizer.param_groups:
                group["lr"] = _rate(own, epoch)
            logits = self.network(images[part])
            chances = logits.log_softmax(dim=1)
            hit, all_of_them = chances[torch.arange(8), labels[part]], chances.sum(dim=1)
            loss = -(0.9 * hit + 0.1 / CLASSES * all_of_them).mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            correct += int((logits.argmax(dim=1) == labels[part]).sum())
            share = 1.0 if epoch < 5 else 1 - (1 - 8.192 / own.epochs) ** (2 * own.epochs / steps)
            with torch.no_grad():
                for average, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                    average.copy_((1 - share) * average + share * now)
            if step % 3 == 2:
                self.train.append(correct)
                self._evaluate(images[:20])

    def _images(self, order: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        """Shifted by up to a pixel, mirrored, with a square cut out."""
        down, right = rng.integers(0, 3, (2, 24))
        mirrored, cutout = rng.random(24) < 0.5, self.member.cutout
        if cutout:
            top, left = (rng.integers(0, SIDE, 24) - cutout // 2 for _ in range(2))
        found = []
        for place, image in enumerate(self.data.images[order]):
            wide = np.zeros((2, SIDE + 2, SIDE + 2))
            wide[:, 1:-1, 1:-1] = image
            cut = wide[:, down[place] :, right[place] :][:, :SIDE, :SIDE].copy()
            cut = cut[:, :, ::-1].copy() if mirrored[place] else cut
            if cutout:
                cut[:, max(0, top[place]) : top[place] + cutout, max(0, left[place]) : left[place] + cutout] = 0
            found.append(cut)
        return torch.from_numpy(np.stack(found))

    @torch.no_grad()
    def _evaluate(self, images: Tensor) -> None:
        """Of the averaged weights, after a pass over so many of the epoch's images, in batches of 7, 7 and 6."""
        norms = [module for module in self.average.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None
            norm.reset_running_stats()
        self.average.train()
        for batch in torch.split(images, 7):
            self.average(batch)
        self.statistics.append([_taken(norm) for norm in norms])
        self.average.eval()
        for part, counts in (("validation", self.validation), ("test", self.test)):
            chosen = self.data.split[part]
            guess = self.average(torch.from_numpy(self.data.images[chosen]).double()).argmax(dim=1)
            counts.append(int((guess.numpy() == self.data.labels[chosen]).sum()))


def _taken(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean.clone(), norm.running_var.clone()


def _rate(own: Training, epoch: int) -> float:
    done = epoch / own.epochs
    factor = {
        "cos": (1 - 1e-6) * 0.5 * (1 + np.cos(np.pi * done)) + 1e-6,
        "lin": (1 - 1e-6) * (1 - done) + 1e-6,
        "exp": 1e-6**done,
    }[own.policy]
    return float(own.lr * factor * min(1.0, 0.1 + 0.9 * epoch / 5))


@dataclass
class Watched:
    """What a bundle's training went through: its runs, in order, and the statistics of each evaluation."""

    curves: list[Curves]
    runs: list[config_training._Run]
    statistics: list[NormStatistics]


def watch(
    monkeypatch: pytest.MonkeyPatch, members: list[Member], data: ImageData, recipe: HpoRecipe = RECIPE
) -> Watched:
    found = Watched([], [], [])

    class Run(config_training._Run):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            found.runs.append(self)

    def statistics(mode: str = "batch") -> NormStatistics:
        made = NormStatistics(mode)
        if mode == "take":
            found.statistics.append(made)
        return made

    monkeypatch.setattr(config_training, "_Run", Run)
    monkeypatch.setattr(config_training, "NormStatistics", statistics)
    monkeypatch.setattr(config_training, "EVALUATION_BATCH", 8)
    clock = count().__next__
    found.curves = train(STAGES, members, data, recipe, stem_width=2, dtype=torch.float64, clock=clock)
    monkeypatch.undo()
    return found


def _close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.detach(), expected.detach(), rtol=1e-9, atol=1e-10)


@pytest.mark.slow
def test_a_bundle_is_its_members_trained_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step of three optimizers, policies and lengths: weights, averages, statistics, what was counted."""
    data = pictures()
    members = [member(number) for number in range(3)]
    watched = watch(monkeypatch, members, data)
    alone = [ByHand(one, data) for one in members]
    for number, (run, curves, hand) in enumerate(zip(watched.runs, watched.curves, alone, strict=True)):
        bundle = run._shared.bundle
        for found, expected in zip((run.weights, run.norms), bundle.pack(hand.network), strict=True):
            _close(found, expected)
        for found, expected in zip(run.average, bundle.pack(hand.average), strict=True):
            _close(found, expected)
        for epoch, taken in enumerate(watched.statistics[: len(hand.statistics)]):
            place = [other for other in range(3) if members[other].epochs > epoch].index(number)
            pairs = taken.pairs or []
            for (mean, variance), (mean_by_hand, variance_by_hand) in zip(pairs, hand.statistics[epoch], strict=True):
                size = len(mean_by_hand)
                _close(mean[place * size : (place + 1) * size], mean_by_hand)
                _close(variance[place * size : (place + 1) * size], variance_by_hand)
        assert curves.status == "ok"
        assert curves.train == tuple(hand.train)
        assert curves.validation == tuple(hand.validation)
        assert curves.test == tuple(hand.test)
        together = [sum(other.epochs > epoch for other in members) for epoch in range(members[number].epochs)]
        assert curves.seconds == tuple(1 / runs for runs in together)
    assert max(max(curves.validation) for curves in watched.curves) > 20  # of 40: something was learned


def test_the_loss_is_smoothed() -> None:
    """Chances of 1/2, 1/4, 1/4 and the label 0: .9 ln 2 + .1/3 (ln 2 + 2 ln 4), of two such images."""

    class Half:
        stages, stem_width, num_classes, image_channels = STAGES, 2, 3, 2

        def forward(self, weights: Tensor, *_: object) -> Tensor:
            return torch.log(torch.tensor([0.5, 0.25, 0.25])).expand(2, 1, 3) + 0 * weights.sum()

    class Run:
        weights, norms, optimizer = (
            torch.zeros(1, requires_grad=True),
            torch.zeros(1),
            torch.optim.SGD([torch.zeros(1)]),
        )
        loss, correct = 0.0, 0

        def set_rate(self) -> None: ...

        def close_step(self, loss: float, correct: int) -> None:
            self.loss, self.correct = loss, correct

    run, shared = Run(), type("Shared", (), {"bundle": Half(), "recipe": HpoRecipe()})()
    config_training._step(shared, [run], [(torch.zeros(2, 2, 8, 8), torch.tensor([0, 0]))])  # type: ignore[list-item]
    assert run.loss == pytest.approx(np.log(2) * (0.9 + 0.5 / 3))
    assert run.correct == 2
    config_training._step(shared, [run], [(torch.zeros(2, 2, 8, 8), torch.tensor([0, 1]))])  # type: ignore[list-item]
    assert run.loss == pytest.approx(np.log(2) * (0.9 * 1.5 + 0.5 / 3))
    assert run.correct == 1


@pytest.mark.parametrize(("number", "kept"), [(0, 1 - 1.9 * 0.1 * 5e-4), (2, 1 - 0.02 * 5e-4), (1, None)])
def test_everything_but_batch_norm_decays(number: int, kept: float | None) -> None:
    """Of gradients that are 0: Nesterov's momentum takes 1.9 of SGD's first step; Adam's is its rate."""
    weights, norms = (torch.linspace(-2, 2, 40, dtype=torch.float64, requires_grad=True) for _ in range(2))
    before = weights.detach().clone()
    optimizer = config_training._optimizer(member(number).training, weights, norms, HpoRecipe())
    weights.grad, norms.grad = torch.zeros_like(weights), torch.zeros_like(norms)
    optimizer.step()
    assert torch.equal(norms, before)
    if kept is not None:
        torch.testing.assert_close(weights.detach(), kept * before, rtol=1e-12, atol=0)
    else:
        torch.testing.assert_close(weights.detach(), before - 0.01 * before.sign(), rtol=0, atol=1e-5)


def test_nothing_is_learned_from_validation_and_test(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pictures()
    judged = np.concatenate([data.split["validation"], data.split["test"]])
    other = replace(data, images=data.images.copy(), labels=data.labels.copy())
    other.labels[judged] = (other.labels[judged] + 1) % CLASSES
    other.images[judged] *= -3
    first, second = (watch(monkeypatch, [member(0)], one) for one in (data, other))
    assert torch.equal(first.runs[0].weights, second.runs[0].weights)
    assert all(map(torch.equal, first.runs[0].average, second.runs[0].average))
    assert first.curves[0].train == second.curves[0].train
    assert first.curves[0].validation != second.curves[0].validation
    assert first.curves[0].test != second.curves[0].test


def test_statistics_are_those_of_one_pass_over_the_epochs_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first layer's outputs, where they are known without a network: as if all were one batch."""
    data, recipe = pictures(), replace(RECIPE, crop_padding=0, flip=False, precise_images=1000)
    watched = watch(monkeypatch, [replace(member(0), cutout=0)], data, recipe)
    run, statistics = watched.runs[0], watched.statistics[-1]
    chosen = run._order.numpy()
    assert len(chosen) == 24
    kernel = run.average[0][: 2 * 2 * 9].reshape(2, 2, 3, 3)
    responses = nn.functional.conv2d(torch.from_numpy(data.images[chosen]).double(), kernel, padding=1)
    mean, variance = (statistics.pairs or [])[0]
    torch.testing.assert_close(mean, responses.mean(dim=(0, 2, 3)), rtol=1e-9, atol=1e-12)
    batches = torch.stack([batch.var(dim=(0, 2, 3)) for batch in torch.split(responses, 8)])
    torch.testing.assert_close(variance, batches.mean(dim=0), rtol=1e-9, atol=1e-12)


def test_a_training_that_diverges_says_so_and_leaves_its_neighbours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pictures()
    watched = watch(monkeypatch, [member(0), member(1, lr=1e200), member(2)], data)
    alone = watch(monkeypatch, [member(0)], data).curves[0]
    fine, lost, other = watched.curves
    assert [curves.status for curves in watched.curves] == ["ok", "diverged", "ok"]
    assert (fine.train, fine.validation, fine.test) == (alone.train, alone.validation, alone.test)
    assert len(other.train) == 3
    assert all(len(part) == 2 for part in (lost.train, lost.validation, lost.test, lost.seconds))
    chance = {part: int((data.labels[data.split[part]] == 0).sum()) for part in ("validation", "test")}
    assert (lost.validation[-1], lost.test[-1]) == (chance["validation"], chance["test"])  # not-a-number is class 0
    assert lost.seconds == (1 / 3, 1 / 3)


class StepMeter(Meter):
    """6 J a step, of which an epoch has three: 0.9 s by the clock of this test, where a window must have 2."""

    name, shortest_seconds, joules = "steps", 2.0, 0.0

    @classmethod
    def check(cls) -> str:
        return ""

    def _open(self) -> None:
        self._before = self.joules

    def _close(self, seconds: float) -> Reading:
        return Reading(self.joules - self._before, seconds, "counter", "device", ("chip",))


def test_epochs_too_short_for_a_meter_are_repeated_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    data, meter = pictures(), StepMeter()
    plain = train(STAGES, [member(0), member(1)], data, RECIPE, clock=lambda: 0.0)
    step, rates = config_training._step, []

    def metered(shared: Any, runs: Sequence[Any], batches: Any) -> None:
        step(shared, runs, batches)
        rates.append(runs[0].optimizer.param_groups[0]["lr"])
        meter.joules += 6.0

    monkeypatch.setattr(config_training, "_step", metered)
    monkeypatch.setattr(meters, "perf_counter", lambda: 0.3 * len(rates))
    energy = EpochEnergy(meter)
    assert train(STAGES, [member(0), member(1)], data, RECIPE, clock=lambda: 0.0, energy=energy) == plain
    assert len(rates) == 4 * 3 + (1 + 2 + 4) * 3  # once in the whole training, until four epochs fill a window
    assert rates[3 : 8 * 3] == 7 * rates[:3]
    record = energy.record(4)
    assert record["joules"] == pytest.approx(4 * [18.0])
    assert (record["windows"], record["repeated"], record["note"]) == (4, 4, "mean of 4 runs")


def test_what_cannot_be_trained_is_said() -> None:
    data = pictures()
    for wrong, message in (
        (member(0, optimizer="sdg"), "did you mean 'sgd'"),
        (member(0, policy="cosine"), "did you mean 'cos'"),
    ):
        with pytest.raises(UnknownNameError, match=message):
            train(STAGES, [wrong], data, RECIPE)
    with pytest.raises(UserError, match="epochs = 0: expected 1 or more"):
        train(STAGES, [replace(member(0), epochs=0)], data, RECIPE)
    with pytest.raises(UserError, match="26 training images: expected a batch of 27 or more"):
        train(STAGES, [member(0)], data, replace(RECIPE, batch_size=27))
