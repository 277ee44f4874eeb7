"""The energy network: numpy's answer is torch's, it is positive, it learns."""

import numpy as np
import pytest

from fairwatt.surrogates.energy_mlp import WIDTHS, EnergyMlp


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    features = np.random.default_rng(0).random((count, 6))
    return features, np.log(0.01 + 0.02 * features[:, 0] + 0.01 * features[:, 1] * features[:, 2])


@pytest.fixture(scope="module")
def trained() -> EnergyMlp:
    return EnergyMlp.fit(*rows(200), np.random.default_rng(1), members=2, epochs=20)


def test_it_has_the_published_shape(trained: EnergyMlp) -> None:
    assert [weights.shape for weights in trained.weights] == [
        (2, fan_in, fan_out) for fan_in, fan_out in zip((6, *WIDTHS), (*WIDTHS, 1), strict=True)
    ]


def test_it_learns(trained: EnergyMlp) -> None:
    features, targets = rows(200)
    error = np.abs(trained.predict(features).mean(axis=0) - targets).mean()
    assert error < 0.2 * np.abs(targets - np.median(targets)).mean()


def test_numpy_predicts_what_torch_does(trained: EnergyMlp) -> None:
    import torch
    from torch.nn.functional import gelu, softplus

    features, _ = rows(50)
    for member, predicted in enumerate(trained.predict(features)):
        hidden = torch.as_tensor(features)
        for layer, (weights, biases) in enumerate(zip(trained.weights, trained.biases, strict=True)):
            hidden = gelu(hidden, approximate="tanh") if layer else hidden
            hidden = hidden @ torch.as_tensor(weights[member]) + torch.as_tensor(biases[member])
        assert np.exp(predicted) == pytest.approx(softplus(hidden, threshold=100)[:, 0].numpy() / 1000, rel=1e-12)


def test_no_weights_make_an_energy_that_is_not_positive(trained: EnergyMlp) -> None:
    for bias in (-1e3, -40.0, 0.0, 1e3):
        far = EnergyMlp(trained.weights, (*trained.biases[:-1], np.full((2, 1, 1), bias)))
        predicted = far.predict(rows(5)[0])
        assert np.isfinite(predicted).all()
    assert (np.exp(predicted) > 0).all()


def test_a_seed_repeats_it_and_torch_is_left_as_it_was() -> None:
    import torch

    features, targets = rows(40)
    state, threads, seen = torch.get_rng_state(), torch.get_num_threads(), []
    first, again = (
        EnergyMlp.fit(
            features, targets, np.random.default_rng(3), members=2, epochs=2, progress=lambda *at: seen.append(at)
        )
        for _ in range(2)
    )
    assert all((one == other).all() for one, other in zip(first.weights, again.weights, strict=True))
    assert (first.weights[0][0] != first.weights[0][1]).any()
    assert torch.equal(state, torch.get_rng_state())
    assert threads == torch.get_num_threads()
    assert seen == [(0, 2), (1, 2), (2, 2)] * 2
    restored = EnergyMlp.from_arrays(first.arrays())
    assert (restored.predict(features) == first.predict(features)).all()
