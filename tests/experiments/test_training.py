"""Training in bundles equals training alone; divergence is a status with measured accuracies."""

import numpy as np
import pytest
import torch

from fairwatt.experiments import digits
from fairwatt.experiments.recipe import Recipe
from fairwatt.experiments.training import Bundle, Net, train

WIDE = [[0, 1, 1, 0, 1], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0] * 5]
FAN = [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5]
CHAIN = [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0] * 4]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("matrix", "ops"),
    [
        (WIDE, [(0, 1, 2), (2, 1, 2), (1, 1, 0)]),
        (FAN, [(2, 2, 2), (0, 1, 2), (1, 1, 1)]),
        (CHAIN, [(0, 0), (2, 1), (0, 2)]),
    ],
)
def test_a_bundle_trains_as_its_nets_alone(matrix: list[list[int]], ops: list[tuple[int, ...]]) -> None:
    nets = [Net(own, (7, 1, place)) for place, own in enumerate(ops)]
    together = Bundle(matrix, nets, 1, digits.load(), Recipe(), dtype=torch.float64)
    losses = torch.stack([together.step() for _ in range(together.steps)])
    for place, net in enumerate(nets):
        alone = Bundle(matrix, [net], 1, digits.load(), Recipe(), dtype=torch.float64)
        own = torch.stack([alone.step() for _ in range(alone.steps)])
        torch.testing.assert_close(own[:, 0], losses[:, place], rtol=0, atol=1e-9)
        assert (alone.correct()[:, 0] == together.correct()[:, place]).all()


def test_streams_are_functions_of_the_key_alone() -> None:
    first, again, other = (Net((0, 0), key) for key in [(1, 2, 3), (1, 2, 3), (1, 2, 4)])
    draws = [[rng.standard_normal(4).tolist() for rng in net.streams()] for net in (first, again, other)]
    assert draws[0] == draws[1]
    assert draws[0][0] != draws[0][1]
    assert draws[0] != draws[2]


@pytest.mark.slow
def test_training_learns_and_counts_images_of_each_part() -> None:
    (trained,) = train(CHAIN, [Net((0, 0), (0,))], 12, digits.load(), Recipe())
    assert trained.status == "ok"
    for correct, size in zip(trained.correct, (400, 600, 797), strict=True):
        assert 0.3 * size < correct <= size  # chance is a tenth
    assert trained.correct[0] > trained.halfway_correct[0]


@pytest.mark.slow
def test_a_diverged_training_is_measured_at_chance() -> None:
    wild = Recipe(learning_rate=1e30)
    trained = train(CHAIN, [Net((0, 0), (0,)), Net((2, 1), (1,))], 1, digits.load(), wild)
    labels = digits.load().labels
    for net in trained:
        assert net.status == "diverged"
        for part, correct in zip(digits.PARTS, net.correct, strict=True):
            # Not-a-number logits name one class for every image.
            counts = np.bincount(labels[digits.load().split[part]])
            assert correct in counts


@pytest.mark.slow
def test_a_neighbour_that_diverges_changes_nothing() -> None:
    nets = [Net((0, 1), (0,)), Net((1, 1), (1,))]
    poisoned = Bundle(CHAIN, nets, 1, digits.load(), Recipe(), dtype=torch.float64)
    with torch.no_grad():
        poisoned.networks.stem.weight.chunk(2)[1].fill_(torch.nan)
    alone = Bundle(CHAIN, nets[:1], 1, digits.load(), Recipe(), dtype=torch.float64)
    for _ in range(3):
        torch.testing.assert_close(poisoned.step()[:1], alone.step(), rtol=0, atol=1e-9)
    assert poisoned.finite.tolist() == [True, False]


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 epoch"):
        train(CHAIN, [Net((0, 0), (0,))], 0, digits.load(), Recipe())
