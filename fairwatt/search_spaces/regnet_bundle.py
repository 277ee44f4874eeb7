"""N RegNets of one structure as one computation: what trains many small networks at a time.

Small networks cost a CPU mostly the dispatch of their operations. Networks of one structure have the same operations,
so N of them run as grouped convolutions and batched matrix products; nothing flows from one to another, and N networks
are N bundles of one up to float round-off. Weights are a flat vector for each network, so that an optimizer and a
moving average see few tensors; `RegNet` is the same network as an ordinary module, for everything else.

Activations are `[B, N * C, H, W]` in channels-last layout, which is `[B, H, W, N, C]` in memory.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  (torch's own name for it)

from fairwatt.search_spaces.regnet import Stages
from fairwatt.search_spaces.regnet_counts import squeezed
from fairwatt.search_spaces.regnet_network import RegNet


@dataclass
class NormStatistics:
    """Batch norm's means and variances, a pair [N * C] for each layer in order; empty until taken.

    mode: "batch" uses those of the batch; "take" does so too and averages them over the batches that come; "use" uses
    what was taken.
    """

    mode: str = "batch"
    batches: int = 0
    pairs: list[tuple[Tensor, Tensor]] | None = None


class RegNetBundle:
    """Networks of `stages`; how many is the leading dimension of the weights.

    weights [N, P] are convolutions and linear layers, norms [N, Q] batch norms, both in the order in which layers stand
    in `RegNet`, whose parameters `pack` flattens.
    """

    def __init__(self, stages: Stages, *, stem_width: int, num_classes: int, image_channels: int) -> None:
        self.stages, self.stem_width = stages, stem_width
        self.image_channels, self.num_classes = image_channels, num_classes
        self._weight_shapes, self._norm_widths = self._layout()
        self.weight_sizes = [math.prod(shape) for shape in self._weight_shapes]

    def pack(self, network: RegNet) -> tuple[Tensor, Tensor]:
        """(weights [P], norms [Q]) of one network of this structure, detached."""
        weights: list[Tensor] = []
        norms: list[Tensor] = []
        for module in network.modules():
            own = [parameter.detach().reshape(-1) for parameter in module.parameters(recurse=False)]
            (norms if isinstance(module, torch.nn.BatchNorm2d) else weights).extend(own)
        return torch.cat(weights), torch.cat(norms)

    def forward(self, weights: Tensor, norms: Tensor, images: Tensor, statistics: NormStatistics) -> Tensor:
        """Logits `[B, N, num_classes]` of images `[B, N * image_channels, H, W]`, each network's own."""
        nets = len(weights)
        layers = iter(torch.split(weights, self.weight_sizes, dim=1))
        shapes = iter(self._weight_shapes)
        normed = _Norms(norms, self._norm_widths, statistics)

        def weight() -> Tensor:
            return next(layers).reshape(nets, *next(shapes))

        def conv(x: Tensor, stride: int, groups: int) -> Tensor:
            kernel = weight().flatten(0, 1)
            return F.conv2d(x, kernel, stride=stride, padding=1, groups=nets * groups)

        x = F.relu(normed(conv(images, 1, 1)), inplace=True)
        for width, depth, group_width in zip(*self.stages[:3], strict=True):
            for block in range(depth):
                stride = 1 if block else 2
                y = F.relu(normed(_pointwise(x, weight())), inplace=True)
                y = F.relu(normed(conv(y, stride, width // group_width)), inplace=True)
                pooled = y.mean(dim=(2, 3)).reshape(-1, nets, width).transpose(0, 1)
                inner = F.relu(_affine(pooled, weight(), weight()))
                gate = torch.sigmoid(_affine(inner, weight(), weight())).transpose(0, 1).flatten(1)
                y = normed(_pointwise(y * gate[:, :, None, None], weight()))
                shortcut = x if block else normed(_pointwise(x[:, :, ::stride, ::stride], weight()))
                x = F.relu(y + shortcut, inplace=True)
        features = x.mean(dim=(2, 3)).reshape(len(x), nets, -1).transpose(0, 1)
        statistics.batches += statistics.mode == "take"
        return _affine(features, weight(), weight()).transpose(0, 1)

    def _layout(self) -> tuple[list[tuple[int, ...]], list[int]]:
        """(shapes of weights, widths of norms), in the order of `RegNet.modules()`."""
        weights: list[tuple[int, ...]] = [(self.stem_width, self.image_channels, 3, 3)]
        norms, into = [self.stem_width], self.stem_width
        for width, depth, group_width in zip(*self.stages[:3], strict=True):
            for block in range(depth):
                inner = squeezed(into)
                weights += [(width, into), (width, group_width, 3, 3)]
                weights += [(inner, width), (inner,), (width, inner), (width,), (width, width)]
                norms += [width, width, width]
                if not block:
                    weights.append((width, into))
                    norms.append(width)
                into = width
        return [*weights, (self.num_classes, into), (self.num_classes,)], norms


class _Norms:
    """The batch norms of one forward pass, called in their order."""

    def __init__(self, norms: Tensor, widths: list[int], statistics: NormStatistics) -> None:
        pieces = torch.split(norms, [width for width in widths for _ in range(2)], dim=1)
        self._affine: Iterator[Tensor] = iter(pieces)
        self._statistics = statistics
        if statistics.mode == "take" and statistics.pairs is None:
            nets = len(norms)
            statistics.pairs = [(norms.new_zeros(nets * width), norms.new_ones(nets * width)) for width in widths]
        self._pairs = iter(statistics.pairs or [])

    def __call__(self, x: Tensor) -> Tensor:
        scale, shift = next(self._affine).reshape(-1), next(self._affine).reshape(-1)
        if self._statistics.mode == "batch":
            return F.batch_norm(x, None, None, scale, shift, training=True)
        mean, variance = next(self._pairs)
        taking = self._statistics.mode == "take"
        share = 1 / (self._statistics.batches + 1)
        return F.batch_norm(x, mean, variance, scale, shift, training=taking, momentum=share)


def _pointwise(x: Tensor, weights: Tensor) -> Tensor:
    """1x1 convolutions of weights [N, out, in]."""
    batch, _, height, width = x.shape
    nets, out, into = weights.shape
    pixels = x.permute(0, 2, 3, 1).reshape(-1, nets, into).transpose(0, 1)
    y = torch.bmm(pixels, weights.transpose(1, 2)).transpose(0, 1)  # [B * H * W, N, out]
    return y.reshape(batch, height, width, nets * out).permute(0, 3, 1, 2)


def _affine(x: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """[N, B, out] of [N, B, in]."""
    return torch.baddbmm(bias[:, None], x, weights.transpose(1, 2))
