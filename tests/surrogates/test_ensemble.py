"""The neural ensemble: it learns, members differ, torch's global state stays as it was."""

import sys

import numpy as np
import pytest

from fairwatt.errors import MissingExtraError
from fairwatt.surrogates.ensemble import BatchedNetwork, NeuralEnsemble


def _law(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(seed).integers(2, size=(count, 12)).astype(float)
    return x, 0.3 - 0.1 * x[:, 0] + 0.05 * x[:, 1] * x[:, 2]


def test_it_learns_a_law_from_forty_points() -> None:
    model = NeuralEnsemble.fit(*_law(40, 0), np.random.default_rng(0))
    x, y = _law(200, 1)
    predicted = model.predict(x)
    assert predicted.shape == (5, 200)
    assert np.corrcoef(predicted.mean(axis=0), y)[0, 1] > 0.8
    assert abs(predicted.mean() - y.mean()) < 0.05


def test_members_differ_more_where_they_know_less() -> None:
    x, y = _law(30, 0)
    model = NeuralEnsemble.fit(x, y, np.random.default_rng(0))
    assert 0 < model.predict(x).std(axis=0).mean() < 0.5 * model.predict(_law(200, 1)[0]).std(axis=0).mean()


@pytest.mark.parametrize("layers", [1, 2, 10])
def test_the_gradient_is_that_of_automatic_differentiation(layers: int) -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    network = BatchedNetwork([7, *[20] * layers, 1], 3, generator)
    x, y = (torch.randn((3, 13, width), generator=generator) for width in (7, 1))
    ones = torch.ones(3, 13, 1)
    copies = [layer.clone().requires_grad_() for layer in network.layers]
    hidden = torch.cat([x, ones], dim=2)
    for layer in copies[:-1]:
        hidden = torch.cat([(hidden @ layer[..., :-1]).relu(), ones], dim=2)
    (hidden @ copies[-1] - y).abs().mean(dim=1).sum().backward()
    expected = torch.cat([layer.grad.flatten() for layer in copies if layer.grad is not None])
    found = network.slope(torch.cat([x, ones], dim=2), y)
    assert expected.abs().max() > 0.1
    torch.testing.assert_close(found, expected)


def test_the_network_is_the_papers() -> None:
    """As in the authors' release: five members of ten layers of twenty units; its biases start at zero."""
    import torch

    model = NeuralEnsemble.fit(*_law(5, 0), np.random.default_rng(0), epochs=0)
    assert [weight.shape for weight in model.weights] == [(5, 12, 20), *[(5, 20, 20)] * 9, (5, 20, 1)]
    assert [bias.shape for bias in model.biases] == [(5, 1, 20)] * 10 + [(5, 1, 1)]
    assert not any(bias.any() for bias in model.biases)
    defaults = NeuralEnsemble.fit.__kwdefaults__
    assert (defaults["epochs"], defaults["batch_size"], defaults["learning_rate"]) == (150, 32, 0.01)
    network = BatchedNetwork([12, *[20] * 10, 1], 5, torch.Generator().manual_seed(1))
    hidden = torch.as_tensor(np.pad(_law(9, 1)[0], ((0, 0), (0, 1)), constant_values=1.0), dtype=torch.float32)
    for layer in network.layers[:-1]:
        hidden = (hidden @ layer).relu()
        assert (hidden[..., -1] == 1).all()  # the constant that makes biases rows of weights
    assert 0.05 < (hidden[..., :-1] ** 2).mean() < 20  # He's weights keep the scale through ten layers


def test_the_first_step_is_adams() -> None:
    """Both means are corrected for their start, so a parameter moves by the learning rate, whatever its slope is."""
    before, after = (NeuralEnsemble.fit(*_law(20, 0), np.random.default_rng(0), epochs=epochs) for epochs in (0, 1))
    for one, other in zip((*before.weights, *before.biases), (*after.weights, *after.biases), strict=True):
        steps = np.abs(other - one)
        assert np.median(steps[steps > 0]) == pytest.approx(0.01, rel=1e-3)
        assert steps.max() < 0.0101


def test_members_do_not_share_gradients() -> None:
    x, y = _law(20, 0)
    five, one = (NeuralEnsemble.fit(x, y, np.random.default_rng(3), members=m, layers=1, width=4) for m in (5, 1))
    assert np.abs(five.weights[1]).max() > 0
    assert np.std(five.predict(x) - y) < 2 * np.std(one.predict(x) - y) + 0.05


def test_a_seed_is_a_model_and_torch_is_left_as_it_was(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import torch

    within: set[int] = set()
    slope = BatchedNetwork.slope
    monkeypatch.setattr(BatchedNetwork, "slope", lambda *of: within.add(torch.get_num_threads()) or slope(*of))  # type: ignore[func-returns-value]
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        one, two, three = (NeuralEnsemble.fit(*_law(20, 0), np.random.default_rng(seed)) for seed in (0, 0, 1))
        assert torch.get_num_threads() == 2
        assert within == {1}
    finally:
        torch.set_num_threads(threads)
    x = _law(50, 1)[0]
    assert np.array_equal(one.predict(x), two.predict(x))
    assert not np.array_equal(one.predict(x), three.predict(x))
    assert torch.equal(torch.get_rng_state(), state)


def test_one_feature_and_equal_targets_are_fine() -> None:
    model = NeuralEnsemble.fit(np.array([[0.0], [1.0]]), np.array([0.5, 0.5]), np.random.default_rng(0))
    assert model.predict(np.array([[0.0], [1.0]])) == pytest.approx(0.5, abs=0.2)
    steep = NeuralEnsemble.fit(np.linspace(0, 1, 20)[:, None], np.linspace(0, 1, 20), np.random.default_rng(0))
    low, high = steep.predict(np.array([[0.0], [1.0]])).mean(axis=0)
    assert high - low > 0.7


def test_without_torch_it_says_what_to_install(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        NeuralEnsemble.fit(*_law(5, 0), np.random.default_rng(0))
