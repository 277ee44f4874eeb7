"""The neural ensemble of BANANAS. White, Neiswanger and Savani, AAAI 2021, section 4.

Settings as in the authors' release: 5 members of 10 layers of 20 units, 150 epochs in batches of 32, mean absolute
error, Adam at a learning rate of 0.01. Members differ in their initial weights and in the order of their rows.
Deviations: targets are standardised, so that no unit is preferred; initial weights are He's, under which ten layers
keep their scale, not Glorot's; the relative error, which the paper has too, needs a known lower bound.
"""

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]
BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-7


@dataclass(frozen=True)
class NeuralEnsemble:
    """Trained ReLU networks that share their shapes.

    weights, biases: one a layer, [members, fan in, fan out] and [members, 1, fan out]. centre, scale: of the targets.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    centre: float
    scale: float

    @classmethod
    def fit(
        cls,
        features: Array,
        targets: Array,
        rng: np.random.Generator,
        *,
        members: int = 5,
        layers: int = 10,
        width: int = 20,
        epochs: int = 150,
        batch_size: int = 32,
        learning_rate: float = 0.01,
    ) -> "NeuralEnsemble":
        """Train on features [N, D] and targets [N] by Adam.

        The global generator and the number of threads of torch are left as they are. Raises MissingExtraError without
        torch.
        """
        try:
            import torch
        except ImportError:
            raise MissingExtraError("the neural ensemble", "torch", "torch") from None
        centre, scale = float(np.mean(targets)), float(np.std(targets)) or 1.0
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the sums, and so the weights, must not depend on the machine's number of cores
        try:
            with torch.no_grad():
                x = torch.as_tensor(np.pad(features, ((0, 0), (0, 1)), constant_values=1.0), dtype=torch.float32)
                y = torch.as_tensor((targets - centre) / scale, dtype=torch.float32)[:, None]
                network = BatchedNetwork([features.shape[1], *[width] * layers, 1], members, generator)
                mean, square = torch.zeros_like(network.values), torch.zeros_like(network.values)
                step = 0
                for order in torch.rand((epochs, members, len(y)), generator=generator).argsort():
                    batches = (torch.split(rows, batch_size, dim=1) for rows in (x[order], y[order]))
                    for batch in zip(*batches, strict=True):
                        step += 1
                        slope = network.slope(*batch)  # Adam, Kingma and Ba 2015; importing torch.optim takes seconds
                        mean.lerp_(slope, 1 - BETA1)
                        square.mul_(BETA2).addcmul_(slope, slope, value=1 - BETA2)
                        spread = (square / (1 - BETA2**step)).add_(EPSILON**2).sqrt_()  # torch's roots of 0 are slow
                        network.values.addcdiv_(mean, spread, value=-learning_rate / (1 - BETA1**step))
        finally:
            torch.set_num_threads(threads)
        trained = [layer.double().numpy() for layer in network.layers]
        weights = [*(layer[:, :-1, :-1] for layer in trained[:-1]), trained[-1][:, :-1]]
        biases = [*(layer[:, -1:, :-1] for layer in trained[:-1]), trained[-1][:, -1:]]
        return cls(tuple(weights), tuple(biases), centre, scale)

    def predict(self, features: Array) -> Array:
        """[members, M] predicted targets of features [M, D]."""
        hidden = features[None] @ self.weights[0] + self.biases[0]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = np.maximum(hidden, 0.0) @ weight + bias
        return self.centre + self.scale * hidden[:, :, 0]


class BatchedNetwork:
    """All members as one network over one vector of parameters, so a step costs little more than that of one member.

    Every layer but the last passes a constant one on, which makes a bias a row of the next one's weights. The gradient
    is written out: at this size automatic differentiation takes longer than what it differentiates.

    values: the parameters. layers: views of them, [members, fan in + 1, fan out + 1], the last [members, fan in + 1,
    1]. sizes: units from the features to the output.
    """

    def __init__(self, sizes: list[int], members: int, generator: "torch.Generator") -> None:
        import torch

        shapes = [(members, fan_in + 1, fan_out + 1) for fan_in, fan_out in itertools.pairwise(sizes[:-1])]
        shapes.append((members, sizes[-2] + 1, 1))
        lengths = [math.prod(shape) for shape in shapes]
        self.values = torch.randn(sum(lengths), generator=generator)
        self._gradient, self._learned = torch.zeros_like(self.values), torch.ones_like(self.values)
        self.layers, self._slopes, learned = (
            [part.view(shape) for part, shape in zip(torch.split(vector, lengths), shapes, strict=True)]
            for vector in (self.values, self._gradient, self._learned)
        )
        for layer, fan_in in zip(self.layers, sizes, strict=False):
            layer *= (2 / fan_in) ** 0.5  # He et al. 2015
            layer[:, -1] = 0.0
        for layer, learns in zip(self.layers[:-1], learned, strict=False):
            layer[..., -1] = 0.0
            layer[:, -1, -1] = 1.0
            learns[..., -1] = 0.0
        self._transposed = [layer.mT for layer in self.layers]

    def slope(self, x: "torch.Tensor", y: "torch.Tensor") -> "torch.Tensor":
        """Gradient of each member's mean absolute error, at rows x [members, N, D + 1] and targets y [members, N, 1].

        The members' gradients stand beside each other: none is a part of another's. Overwritten by the next call.
        """
        from torch import bmm

        passed = [x]
        for layer in self.layers[:-1]:
            passed.append(bmm(passed[-1], layer).relu_())
        slope = (bmm(passed[-1], self.layers[-1]) - y).sign_().div_(y.shape[1])
        for place in range(len(self.layers) - 1, 0, -1):
            bmm(passed[place].mT, slope, out=self._slopes[place])
            slope = bmm(slope, self._transposed[place]).mul_(passed[place].sign_())
        bmm(x.mT, slope, out=self._slopes[0])
        return self._gradient.mul_(self._learned)
