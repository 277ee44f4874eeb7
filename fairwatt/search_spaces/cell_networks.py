"""Cell networks as torch modules, several nets of one adjacency at a time.

Ying et al. 2019 (NAS-Bench-101): 1x1 projections of the cell's input wherever it feeds a vertex,
additions into interior vertices (wider sources are truncated), concatenation into the output, and
the projected input added there. Nets of one adjacency have the same channels at every vertex, so
N of them train as grouped convolutions; where their operations differ, each operation gets its
own nets and the results are gathered back. Nothing flows from one net to another: a bundle of N
equals N bundles of one up to float round-off, and one net alone is a bundle of one.

Activations are `[B, H, W, N, C]`, which is torch's channels-last layout of `[B, N * C, H, W]`:
the fastest for narrow grouped convolutions and pooling on a CPU.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (torch's own name for it)

from fairwatt.search_spaces.cell_complexity import (
    CIFAR10,
    CONV1X1,
    MAXPOOL3X3,
    Matrix,
    Skeleton,
    vertex_channels,
)


class CellNetworks(nn.Module):
    """N networks of one pruned adjacency `matrix` [V, V]; net n has the op codes `ops[n]` [V-2].

    Weights are unset until `initialise`. Its input is `[B, H, W, N, image_channels]`: each net has
    its own batch; its output `[B, N, classes]` are logits.
    """

    def __init__(self, matrix: Matrix, ops: Sequence[Sequence[int]], skeleton: Skeleton = CIFAR10) -> None:
        super().__init__()
        nets, channels = len(ops), skeleton.stem_channels
        self.stem = _ConvBnRelu(nets, skeleton.image_channels, channels, 3)
        stacks: list[nn.Module] = []
        for _ in range(skeleton.stacks):
            in_channels = self.stem.out_channels if not stacks else channels // 2
            cells: list[nn.Module] = []
            for _ in range(skeleton.cells_per_stack):
                cells.append(_Cell(matrix, ops, in_channels, channels))
                in_channels = channels
            stacks.append(nn.Sequential(*cells))
            channels *= 2
        self.stacks = nn.ModuleList(stacks)
        self.head = _Linear(nets, channels // 2, skeleton.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, N, classes]` of `[B, H, W, N, image_channels]`."""
        x = self.stem(images)
        for place, stack in enumerate(self.stacks):
            x = stack(_pool(x, kernel=2, stride=2, padding=0) if place else x)
        logits: Tensor = self.head(x.mean(dim=(1, 2)))
        return logits

    def initialise(self, rngs: Sequence[np.random.Generator]) -> None:
        """He-normal weights, net n's from `rngs[n]` alone, in the order in which layers stand."""
        for module in self.modules():
            if isinstance(module, _ConvBnRelu | _Linear):
                module.initialise(rngs)


class _ConvBnRelu(nn.Module):
    """Grouped convolution without bias, batch norm, ReLU, for the nets numbered `members`."""

    def __init__(
        self,
        nets: int,
        in_channels: int,
        out_channels: int,
        kernel: int,
        members: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.members = tuple(range(nets)) if members is None else tuple(members)
        self.in_channels, self.out_channels, self.kernel = in_channels, out_channels, kernel
        width = len(self.members) * out_channels
        self.weight = nn.Parameter(torch.empty(width, in_channels, kernel, kernel))
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.mean: Tensor
        self.variance: Tensor

    def forward(self, x: Tensor) -> Tensor:
        nets = len(self.members)
        y = F.conv2d(_nchw(x), self.weight, padding=self.kernel // 2, groups=nets)
        y = F.batch_norm(y, self.mean, self.variance, self.scale, self.shift, self.training)
        return _nhwnc(F.relu(y, inplace=True), nets)

    @torch.no_grad()
    def initialise(self, rngs: Sequence[np.random.Generator]) -> None:
        fan_in = self.in_channels * self.kernel**2
        blocks = self.weight.view(len(self.members), -1)
        for block, net in zip(blocks, self.members, strict=True):
            block.copy_(_he_normal(rngs[net], block.numel(), fan_in))


class _Linear(nn.Module):
    """One linear head for each net."""

    def __init__(self, nets: int, in_features: int, out_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(nets, in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(nets, 1, out_features))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x.transpose(0, 1), self.weight).transpose(0, 1)

    @torch.no_grad()
    def initialise(self, rngs: Sequence[np.random.Generator]) -> None:
        for block, rng in zip(self.weight, rngs, strict=True):
            block.copy_(_he_normal(rng, block.numel(), block.shape[0]).view_as(block))


class _Vertex(nn.Module):
    """One vertex, at which nets may have different operations.

    Nets are moved in runs of equal neighbours by split and cat: with 14 nets, indexing by a list
    cost a third of a training step.
    """

    def __init__(self, ops: Sequence[int], channels: int) -> None:
        super().__init__()
        runs = [(op, [net for net, _ in run]) for op, run in groupby(enumerate(ops), itemgetter(1))]
        self.run_lengths = [len(nets) for _, nets in runs]
        self.branches = nn.ModuleList()
        self.runs_of_branch: list[list[int]] = []
        for op in sorted(set(ops)):
            own = [place for place, (run_op, _) in enumerate(runs) if run_op == op]
            members = [net for place in own for net in runs[place][1]]
            self.runs_of_branch.append(own)
            if op == MAXPOOL3X3:
                self.branches.append(_MaxPool3x3())
            else:
                kernel = 1 if op == CONV1X1 else 3
                self.branches.append(_ConvBnRelu(len(ops), channels, channels, kernel, members))

    def forward(self, x: Tensor) -> Tensor:
        """The operation of each member's own kind, in the layout of the cell."""
        if len(self.branches) == 1:
            alone: Tensor = self.branches[0](x)
            return alone
        arriving = torch.split(x, self.run_lengths, dim=3)
        leaving = list(arriving)
        for branch, runs in zip(self.branches, self.runs_of_branch, strict=True):
            y = branch(torch.cat([arriving[run] for run in runs], dim=3))
            lengths = [self.run_lengths[run] for run in runs]
            for run, part in zip(runs, torch.split(y, lengths, dim=3), strict=True):
                leaving[run] = part
        return torch.cat(leaving, dim=3)


class _MaxPool3x3(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return _pool(x, kernel=3, stride=1, padding=1)


class _Cell(nn.Module):
    """The N cells at one place of the skeleton."""

    def __init__(self, matrix: Matrix, ops: Sequence[Sequence[int]], in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.matrix, self.output = matrix, len(matrix) - 1
        self.channels = vertex_channels(matrix, in_channels, out_channels)
        self.projected = [v for v in range(1, len(matrix)) if matrix[0][v]]
        self.widths = [self.channels[v] for v in self.projected]
        # All projections read the same tensor, so they are one convolution that is split after it.
        self.projections = nn.ModuleList([_Projections(len(ops), in_channels, self.widths)] if self.projected else [])
        self.vertices = nn.ModuleList(
            _Vertex([net[v - 1] for net in ops], self.channels[v]) for v in range(1, self.output)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The cell's output for all members."""
        arriving: dict[int, Tensor] = {}
        for projections in self.projections:
            arriving = dict(zip(self.projected, projections(x), strict=True))
        values: dict[int, Tensor] = {}
        for v, vertex in enumerate(self.vertices, start=1):
            terms = [values[u][..., : self.channels[v]] for u in range(1, v) if self.matrix[u][v]] + (
                [arriving[v]] if v in arriving else []
            )
            values[v] = vertex(_sum(terms))
        feeders = [values[v] for v in range(1, self.output) if self.matrix[v][self.output]]
        terms = [torch.cat(feeders, dim=-1)] if feeders else []
        if self.output in arriving:
            terms.append(arriving[self.output])
        return _sum(terms)


class _Projections(nn.Module):
    """1x1-bn-relu of the cell's input to several vertices of the given widths."""

    def __init__(self, nets: int, in_channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)
        self.conv = _ConvBnRelu(nets, in_channels, sum(widths), 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        return list(torch.split(self.conv(x), self.widths, dim=-1))


def _sum(terms: Sequence[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _pool(x: Tensor, *, kernel: int, stride: int, padding: int) -> Tensor:
    return _nhwnc(F.max_pool2d(_nchw(x), kernel, stride, padding), x.shape[3])


def _nchw(x: Tensor) -> Tensor:
    return x.flatten(3).permute(0, 3, 1, 2)


def _nhwnc(x: Tensor, nets: int) -> Tensor:
    batch, channels, height, width = x.shape
    return x.permute(0, 2, 3, 1).reshape(batch, height, width, nets, channels // nets)


def _he_normal(rng: np.random.Generator, size: int, fan_in: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(size) * np.sqrt(2 / fan_in))
