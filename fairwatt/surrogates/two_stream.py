"""The two-stream network of EA-HAS-Bench's curve surrogate (Li et al., ICLR 2023): architecture and hyperparameters.

Each of the two has a layer of its own, then three layers see both; ReLU throughout. Deviations: all outputs are linear
and on scaled targets, the loss is a distance that the caller names, Adam decays the weights, a member keeps the weights
that did best on rows it does not learn from, and all members are one batched network. Weights are stored as 16-bit
floats: that moves a prediction by less than a hundredth of a percent of error.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError

Array = NDArray[np.float64]
HIDDEN_LAYERS = 3
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
_CHUNK = 1 << 10  # rows at a time: what they become stays in the cache


@dataclass(frozen=True)
class Rows:
    """What the network sees of N trainings: architecture [N, A], hyper [N, H], targets [N, O]."""

    architecture: Array
    hyper: Array
    targets: Array


@dataclass(frozen=True)
class TwoStreamNetwork:
    """M networks. Layers in the order architecture, hyper, three hidden ones, output.

    A layer's weights are [M, fan in, fan out], its biases [M, 1, fan out]. epochs [M]: after which each was best.
    """

    weights: tuple[NDArray[np.float16], ...]
    biases: tuple[NDArray[np.float16], ...]
    epochs: NDArray[np.int16]

    @classmethod
    def fit(
        cls,
        training: Rows,
        stopping: Rows,
        metric: Array,
        rng: np.random.Generator,
        *,
        members: int = 5,
        width: int = 64,
        epochs: int = 200,
        patience: int = 40,
        batch: int = 128,
        learning_rate: float = 4e-3,
        decay: float = 4.0,
        dropout: float = 0.1,
        progress: Callable[[int, int], None] | None = None,
    ) -> "TwoStreamNetwork":
        """Learn targets; the loss of a row is the squared length of (prediction - target) @ metric, metric [O, P].

        stopping: rows that decide when to stop: `patience` epochs after the last member got better on them. decay: of
        the weights, per step and unit of the learning rate. dropout: share of the last hidden layer. progress: epochs
        done and in all. The global generator and the number of threads of torch are left as they are. Raises
        MissingExtraError without torch.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("training the curve network", "torch", "torch") from None
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the sums, and so the weights, must not depend on the machine's number of cores
        try:
            known, held = (
                [torch.as_tensor(part, dtype=torch.float32) for part in (rows.architecture, rows.hyper, rows.targets)]
                for rows in (training, stopping)
            )
            distance = torch.as_tensor(metric, dtype=torch.float32)
            sizes = [2 * width, *[width] * HIDDEN_LAYERS, known[2].shape[1]]
            fans = [(known[0].shape[1], width), (known[1].shape[1], width), *itertools.pairwise(sizes)]
            layers: list[torch.Tensor] = []
            for fan_in, fan_out in fans:
                weight = torch.randn((members, fan_in, fan_out), generator=generator) * (2 / fan_in) ** 0.5
                layers += [weight, torch.zeros(members, 1, fan_out)]
            layers[-2] *= 0.1  # start near the mean curve
            for part in layers:
                part.requires_grad_()

            def predict(a: torch.Tensor, h: torch.Tensor, kept: torch.Tensor | None = None) -> torch.Tensor:
                streams = [torch.baddbmm(layers[1], a, layers[0]), torch.baddbmm(layers[3], h, layers[2])]
                hidden = torch.cat(streams, dim=2)
                for weight, bias in zip(layers[4::2], layers[5::2], strict=True):
                    if kept is not None and weight is layers[-2]:
                        hidden = hidden * kept
                    hidden = torch.baddbmm(bias, hidden.relu(), weight)
                return hidden

            best = [part.detach().clone() for part in layers]
            least, when = torch.full((members,), torch.inf), torch.zeros(members, dtype=torch.int16)
            wide = [part.expand(members, -1, -1) for part in held[:2]]
            moments = [(torch.zeros_like(part), torch.zeros_like(part)) for part in layers]
            step = 0
            for epoch in range(epochs):
                orders = torch.stack([torch.randperm(len(known[0]), generator=generator) for _ in range(members)])
                for begin in range(0, orders.shape[1], batch):
                    rows = orders[:, begin : begin + batch]
                    step += 1
                    drawn = torch.rand((members, rows.shape[1], width), generator=generator)
                    found = predict(known[0][rows], known[1][rows], (drawn >= dropout) / (1 - dropout))
                    # a sum over members, who so share no gradients
                    loss = ((found - known[2][rows]) @ distance).square().mean(dim=(1, 2)).sum()
                    slopes = torch.autograd.grad(loss, layers)
                    with torch.no_grad():  # AdamW, Loshchilov and Hutter 2019; importing torch.optim takes seconds
                        for place, (part, slope) in enumerate(zip(layers, slopes, strict=True)):
                            mean, square = moments[place]
                            mean.lerp_(slope, 1 - BETA1)
                            square.lerp_(slope * slope, 1 - BETA2)
                            size = (square / (1 - BETA2**step)).sqrt_().add_(EPSILON)
                            if place % 2 == 0:
                                part.mul_(1 - learning_rate * decay)
                            part.addcdiv_(mean, size, value=-learning_rate / (1 - BETA1**step))
                with torch.no_grad():
                    losses = ((predict(*wide) - held[2]) @ distance).square().mean(dim=(1, 2))
                    better = losses < least
                    least = torch.where(better, losses, least)
                    when[better] = epoch + 1
                    for kept_part, part in zip(best, layers, strict=True):
                        kept_part[better] = part[better]
                if progress:
                    progress(epoch + 1, epochs)
                if epoch + 1 - int(when.max()) >= patience:
                    break
        finally:
            torch.set_num_threads(threads)
        if progress:
            progress(epochs, epochs)
        arrays = [part.numpy().astype(np.float16) for part in best]
        return cls(tuple(arrays[::2]), tuple(arrays[1::2]), when.numpy())

    def predict(self, architecture: Array, hyper: Array) -> Array:
        """[M, N, O] predicted targets of features [N, A] and [N, H]."""
        starts = range(0, max(len(architecture), 1), _CHUNK)
        parts = [self._predict(architecture[begin : begin + _CHUNK], hyper[begin : begin + _CHUNK]) for begin in starts]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Weights and biases by layer, and epochs."""
        weights = {f"weights_{layer}": array for layer, array in enumerate(self.weights)}
        return weights | {f"biases_{layer}": array for layer, array in enumerate(self.biases)} | {"epochs": self.epochs}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "TwoStreamNetwork":
        """The inverse of `arrays`; raises KeyError where one is missing."""
        layers = range(HIDDEN_LAYERS + 3)
        weights, biases = (tuple(arrays[f"{name}_{k}"] for k in layers) for name in ("weights", "biases"))
        return cls(weights, biases, arrays["epochs"])

    @cached_property
    def _wide(self) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """Weights and biases as they are computed with."""
        return [array.astype(np.float32) for array in self.weights], [array.astype(np.float32) for array in self.biases]

    def _predict(self, architecture: Array, hyper: Array) -> NDArray[np.float32]:
        weights, biases = self._wide
        inputs = (architecture.astype(np.float32), hyper.astype(np.float32))
        hidden = np.concatenate([inputs[k] @ weights[k] + biases[k] for k in (0, 1)], axis=2)
        for weight, bias in zip(weights[2:], biases[2:], strict=True):
            hidden = np.maximum(hidden, 0) @ weight + bias
        return hidden
