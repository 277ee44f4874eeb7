"""The multi-layer perceptron that EC-NAS predicts energies with. Bakhtiarifard, Igel and Selvan, ICASSP 2024.

As in the authors' code (raghavian/surrogate-ec-nasbench): 36 inputs, GELU layers of 128, 64, 32 and 32 units (the
paper names the first three), one output in Wh, mean absolute error, Adam at .005, batches of 32. Deviations: a softplus
makes every prediction positive, where the published table takes an absolute value; the rate falls to zero along a
cosine over 100 epochs, where it was constant; GELU is its tanh form, which numpy can compute; and an ensemble of
networks that differ in initial weights and order of rows says how sure it is (Lakshminarayanan et al. 2017).
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError

Array = NDArray[np.float64]
WIDTHS = (128, 64, 32, 32)
WH_PER_KWH = 1000.0
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class EnergyMlp:
    """M networks that share their shapes: a layer's weights are [M, fan in, fan out], its biases [M, 1, fan out]."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    @classmethod
    def fit(
        cls,
        features: Array,
        targets: Array,
        rng: np.random.Generator,
        *,
        members: int = 5,
        epochs: int = 100,
        batch: int = 32,
        learning_rate: float = 0.005,
        progress: Callable[[int, int], None] | None = None,
    ) -> "EnergyMlp":
        """Train on features [N, D] and targets [N], logarithms of kWh. progress: epochs done and in all.

        The global generator and the number of threads of torch are left as they are. Raises MissingExtraError without
        torch.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("training the energy network", "torch", "torch") from None
        sizes = [features.shape[1], *WIDTHS, 1]
        steps_an_epoch = -(-len(features) // batch)
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the sums, and so the weights, must not depend on the machine's number of cores
        try:
            x = torch.as_tensor(features, dtype=torch.float32)
            y = torch.as_tensor(WH_PER_KWH * np.exp(targets), dtype=torch.float32)
            layers = []
            for fan_in, fan_out in itertools.pairwise(sizes):
                for shape in ((members, fan_in, fan_out), (members, 1, fan_out)):
                    uniform = 2 * torch.rand(shape, generator=generator) - 1
                    layers.append((uniform * fan_in**-0.5).requires_grad_())
            moments = [(torch.zeros_like(part), torch.zeros_like(part)) for part in layers]
            for step in range(1, epochs * steps_an_epoch + 1):
                begin = (step - 1) % steps_an_epoch * batch
                if begin == 0:
                    orders = torch.stack([torch.randperm(len(x), generator=generator) for _ in range(members)])
                    if progress:
                        progress((step - 1) // steps_an_epoch, epochs)
                rows = orders[:, begin : begin + batch]
                hidden = x[rows]
                for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
                    hidden = torch.nn.functional.gelu(torch.baddbmm(bias, hidden, weight), approximate="tanh")
                energy = torch.nn.functional.softplus(torch.baddbmm(layers[-1], hidden, layers[-2])[:, :, 0])
                loss = (energy - y[rows]).abs().mean(dim=1).sum()  # a sum: members do not share gradients
                slopes = torch.autograd.grad(loss, layers)
                rate = learning_rate * 0.5 * (1 + np.cos(np.pi * (step - 1) / (epochs * steps_an_epoch)))
                with torch.no_grad():  # Adam, Kingma and Ba 2015; importing torch.optim takes seconds
                    for part, slope, (mean, square) in zip(layers, slopes, moments, strict=True):
                        mean.lerp_(slope, 1 - BETA1)
                        square.lerp_(slope * slope, 1 - BETA2)
                        size = (square / (1 - BETA2**step)).sqrt_().add_(EPSILON)
                        part.addcdiv_(mean, size, value=-rate / (1 - BETA1**step))
        finally:
            torch.set_num_threads(threads)
        if progress:
            progress(epochs, epochs)
        trained = tuple(part.detach().double().numpy() for part in layers)
        return cls(trained[::2], trained[1::2])

    def predict(self, features: Array) -> Array:
        """[M, N] predicted logarithms of kWh for features [N, D]."""
        hidden = np.asarray(features)[None]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = _gelu(hidden @ weight + bias)
        output = (hidden @ self.weights[-1] + self.biases[-1])[:, :, 0]
        # far below zero the softplus is e^output, which underflows: its logarithm does not
        with np.errstate(divide="ignore"):
            energy = np.where(output < -30, output, np.log(np.logaddexp(0.0, output)))
        return np.asarray(energy - np.log(WH_PER_KWH))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Weights and biases by layer."""
        weights = {f"weights_{layer}": array for layer, array in enumerate(self.weights)}
        return weights | {f"biases_{layer}": array for layer, array in enumerate(self.biases)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "EnergyMlp":
        """The inverse of `arrays`; raises KeyError where one is missing."""
        layers = range(len(WIDTHS) + 1)
        return cls(tuple(arrays[f"weights_{k}"] for k in layers), tuple(arrays[f"biases_{k}"] for k in layers))


def _gelu(x: Array) -> Array:
    """Hendrycks and Gimpel 2016, the approximation by tanh."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
