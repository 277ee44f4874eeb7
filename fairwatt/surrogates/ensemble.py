"""The neural ensemble of BANANAS. White, Neiswanger and Savani, AAAI 2021, section 4.

All members are one batched network over one vector of parameters, so a step costs little more than that of one
member. Members differ in their initial weights only, as in the paper. Deviations: 3 layers of 64 units and 100 epochs
over all rows at once instead of 10 layers of 20, which rank the toy cells no better and take longer; the mean absolute
error of standardised targets instead of the relative one, which needs a known lower bound.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError

Array = NDArray[np.float64]
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


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
        layers: int = 3,
        width: int = 64,
        epochs: int = 100,
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
        sizes = [features.shape[1], *[width] * layers, 1]
        shapes = [s for i, o in itertools.pairwise(sizes) for s in ((members, i, o), (members, 1, o))]
        lengths = [math.prod(shape) for shape in shapes]
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the sums, and so the weights, must not depend on the machine's number of cores
        try:
            x = torch.as_tensor(features, dtype=torch.float32).expand(members, -1, -1)
            y = torch.as_tensor((targets - centre) / scale, dtype=torch.float32)
            flat = torch.randn(sum(lengths), generator=generator)
            initial_scales = [s for fan_in in sizes[:-1] for s in ((2 / fan_in) ** 0.5, 0.0)]  # He et al. 2015
            flat *= torch.tensor(initial_scales).repeat_interleave(torch.tensor(lengths))
            flat.requires_grad_()
            mean, square = torch.zeros_like(flat), torch.zeros_like(flat)
            for step in range(1, epochs + 1):
                parts = [p.view(shape) for p, shape in zip(torch.split(flat, lengths), shapes, strict=True)]
                hidden = torch.baddbmm(parts[1], x, parts[0])
                for weight, bias in zip(parts[2::2], parts[3::2], strict=True):
                    hidden = torch.baddbmm(bias, hidden.relu(), weight)
                loss = (hidden[:, :, 0] - y).abs().mean(dim=1).sum()  # a sum: members do not share gradients
                (slope,) = torch.autograd.grad(loss, flat)
                with torch.no_grad():  # Adam, Kingma and Ba 2015; importing torch.optim takes seconds
                    mean.lerp_(slope, 1 - BETA1)
                    square.lerp_(slope * slope, 1 - BETA2)
                    rate = learning_rate / (1 - BETA1**step)
                    flat.addcdiv_(mean, (square / (1 - BETA2**step)).sqrt_().add_(EPSILON), value=-rate)
        finally:
            torch.set_num_threads(threads)
        trained = torch.split(flat.detach().double(), lengths)
        arrays = [part.view(shape).numpy() for part, shape in zip(trained, shapes, strict=True)]
        return cls(tuple(arrays[::2]), tuple(arrays[1::2]), centre, scale)

    def predict(self, features: Array) -> Array:
        """[members, M] predicted targets of features [M, D]."""
        hidden = features[None] @ self.weights[0] + self.biases[0]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = np.maximum(hidden, 0.0) @ weight + bias
        return self.centre + self.scale * hidden[:, :, 0]
