"""A RegNet as a torch module: residual bottleneck blocks with squeeze-and-excitation behind CIFAR's stem.

Radosavovic et al., CVPR 2020; bottleneck ratio 1, a stride of 2 at the first block of each stage, no head convolution.
Its parameters are those that `regnet.complexity` counts, one by one. 1x1 convolutions are matrix products over
channels-last images: on the small images of miniatures a CPU needs a half of the time for a training step.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (torch's own name for it)

from fairwatt.errors import UserError
from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_counts import squeezed


class RegNet(nn.Module):
    """One network; logits `[B, num_classes]` of images `[B, image_channels, H, W]`, H and W of any size.

    Weights are unset until `initialise`. Raises UserError where a stage's groups do not divide its width.
    """

    def __init__(self, stages: Stages, *, stem_width: int = 16, num_classes: int = 10, image_channels: int = 3) -> None:
        super().__init__()
        self.stem = _ConvBn(image_channels, stem_width)
        blocks: list[nn.Module] = []
        into = stem_width
        for width, depth, group_width in zip(*stages[:3], strict=True):
            if width % group_width:
                raise UserError(f"a stage of width {width} has no whole number of groups of width {group_width}")
            for block in range(depth):
                blocks.append(_Block(into, width, width // group_width, stride=1 if block else 2))
                into = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(into, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        x = self.blocks(F.relu(self.stem(images), inplace=True))
        logits: Tensor = self.head(x.mean(dim=(2, 3)))
        return logits

    @torch.no_grad()
    def initialise(self, rng: np.random.Generator) -> None:
        """He-normal convolutions by fan-out, a head of deviation .01, biases 0: as pycls does it."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_out = math.prod(module.weight.shape[2:]) * module.weight.shape[0]
                _normal(module.weight, 0.01 if name == "head" else math.sqrt(2 / fan_out), rng)
                if module.bias is not None:
                    module.bias.zero_()


class _ConvBn(nn.Sequential):
    """3x3 convolution without bias, batch norm."""

    def __init__(self, into: int, out: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(nn.Conv2d(into, out, 3, stride, padding=1, groups=groups, bias=False), nn.BatchNorm2d(out))


class _PointwiseBn(nn.Module):
    """1x1 convolution without bias, batch norm."""

    def __init__(self, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride, self.weights, self.norm = stride, nn.Linear(into, out, bias=False), nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        pixels = x[:, :, :: self.stride, :: self.stride].permute(0, 2, 3, 1)
        y: Tensor = self.norm(self.weights(pixels).permute(0, 3, 1, 2))
        return y


class _Block(nn.Module):
    """1x1, grouped 3x3 with the stride, squeeze-and-excitation, 1x1, plus the input (projected by the first block)."""

    def __init__(self, into: int, width: int, groups: int, stride: int) -> None:
        super().__init__()
        self.reduce = _PointwiseBn(into, width)
        self.spatial = _ConvBn(width, width, stride, groups)
        self.squeeze = nn.Linear(width, squeezed(into))
        self.excite = nn.Linear(self.squeeze.out_features, width)
        self.expand = _PointwiseBn(width, width)
        self.shortcut = _PointwiseBn(into, width, stride) if stride > 1 or into != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.reduce(x), inplace=True)
        y = F.relu(self.spatial(y), inplace=True)
        weight = torch.sigmoid(self.excite(F.relu(self.squeeze(y.mean(dim=(2, 3))))))
        return F.relu(self.expand(y * weight[:, :, None, None]) + self.shortcut(x), inplace=True)


def _normal(weight: Tensor, deviation: float, rng: np.random.Generator) -> None:
    weight.copy_(torch.from_numpy(deviation * rng.standard_normal(tuple(weight.shape))))
