"""Closed-form size of a cell network: parameters, MACs, activation bytes, layers.

Ying et al. 2019 (NAS-Bench-101), section 2 and the channel rule of its appendix. No framework is
needed: the layers of a network are listed from its matrix, and every count is a sum over them.
A *layer* is a convolution with its batch norm and ReLU, a max-pool, or the linear head; additions
and concatenations are not layers. This is the definition under which the `ecnas-gpu` energy
calibration reproduces its published error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

CONV3X3, CONV1X1, MAXPOOL3X3 = 0, 1, 2
_BYTES_PER_ELEMENT = 4
_PARAMS_PER_OUTPUT = {"conv": 2, "maxpool": 0, "linear": 1}

Matrix = Sequence[Sequence[int]]
Channels = TypeVar("Channels", int, NDArray[np.int64])


@dataclass(frozen=True)
class Skeleton:
    """What surrounds the cells: stem, `stacks` x `cells_per_stack`, pooling between, linear head.

    Each stack but the first halves the image and doubles the channels.
    """

    stem_channels: int
    stacks: int
    cells_per_stack: int
    image_size: int
    image_channels: int
    classes: int = 10


CIFAR10 = Skeleton(128, 3, 3, 32, 3)
DIGITS = Skeleton(8, 3, 1, 8, 1)


@dataclass(frozen=True)
class Layer(Generic[Channels]):
    """One layer on square images: `kind` conv | maxpool | linear, sizes in pixels.

    Its channels are numbers, or arrays for such a layer in many networks; so are its counts.
    """

    kind: str
    kernel: int
    in_channels: Channels
    out_channels: Channels
    in_size: int
    out_size: int

    @property
    def params(self) -> Channels:
        """Trainable parameters; convolutions have no bias but a batch norm with scale and shift."""
        return self._weights + _PARAMS_PER_OUTPUT[self.kind] * self.out_channels

    @property
    def macs(self) -> Channels:
        """Multiply-accumulates of one forward pass of one image; a max-pool has none."""
        return self._weights * self.out_size**2

    @property
    def activation_bytes(self) -> Channels:
        """Bytes of what it reads and writes for one image in 32-bit floats, weights apart."""
        elements = self.in_channels * self.in_size**2 + self.out_channels * self.out_size**2
        return _BYTES_PER_ELEMENT * elements

    @property
    def _weights(self) -> Channels:
        return (self.kind != "maxpool") * self.kernel**2 * self.in_channels * self.out_channels


@dataclass(frozen=True)
class Stack:
    """Cells of `channels` channels one after the other, behind the layer that leads into them."""

    entry: Layer[int]
    channels: int


@dataclass(frozen=True)
class Complexity:
    """Sizes of one network; MACs and activation bytes are per image and forward pass."""

    macs: int
    activation_bytes: int
    layers: int
    params: int


def vertex_channels(matrix: Matrix, in_channels: int, out_channels: int) -> tuple[int, ...]:
    """[V] channels at each vertex of a pruned cell; the input's entry is `in_channels`."""
    _, *others = graph_channels(np.array([matrix]), [out_channels])[0, 0].tolist()
    return (in_channels, *others)


def graph_channels(graphs: NDArray[np.int64], out_channels: Sequence[int]) -> NDArray[np.int64]:
    """[S, G, V] channels at each vertex of pruned cells [G, V, V] that end in S numbers of channels; 0 at the input.

    Vertices that feed the output share its channels, the first ones taking the remainder; every other interior vertex
    has as many as the widest vertex it feeds.
    """
    ends = np.array(out_channels)[:, None, None]
    feeds = graphs[:, :, -1].copy()
    feeds[:, 0] = 0
    share, remainder = np.divmod(ends, np.maximum(feeds.sum(axis=1, keepdims=True), 1))
    channels = feeds * (share + (feeds.cumsum(axis=1) <= remainder))
    for v in range(graphs.shape[1] - 2, 0, -1):
        widest = (graphs[:, v, v:] * channels[..., v:]).max(axis=-1)
        channels[..., v] += (1 - feeds[:, v]) * widest
    channels[..., -1:] = ends
    return np.asarray(channels, dtype=np.int64)


def stacks(skeleton: Skeleton) -> Iterator[Stack]:
    """The stacks in order: the first behind the stem, every other behind a max-pool."""
    size, channels = skeleton.image_size, skeleton.stem_channels
    yield Stack(Layer("conv", 3, skeleton.image_channels, channels, size, size), channels)
    for _ in range(skeleton.stacks - 1):
        yield Stack(Layer("maxpool", 2, channels, channels, size, size // 2), 2 * channels)
        size, channels = size // 2, 2 * channels


def head(skeleton: Skeleton) -> Layer[int]:
    """The last layer, behind the mean over the image."""
    return Layer("linear", 1, skeleton.stem_channels << skeleton.stacks - 1, skeleton.classes, 1, 1)


def projection(in_channels: Channels, channels: Channels, size: int) -> Layer[Channels]:
    """The 1x1 convolution through which a vertex of `channels` channels, or the output, reads the cell's input."""
    return Layer("conv", 1, in_channels, channels, size, size)


def operation(code: int, channels: Channels, size: int) -> Layer[Channels]:
    """The operation of an interior vertex."""
    kind = "maxpool" if code == MAXPOOL3X3 else "conv"
    return Layer(kind, 1 if code == CONV1X1 else 3, channels, channels, size, size)


def layers(matrix: Matrix, ops: Sequence[int], skeleton: Skeleton) -> Iterator[Layer[int]]:
    """All layers of the network of a pruned cell; `ops` [V-2] are the interior op codes."""
    parts = list(stacks(skeleton))
    widths = graph_channels(np.array([matrix]), [stack.channels for stack in parts])[:, 0].tolist()
    for stack, channels in zip(parts, widths, strict=True):
        yield stack.entry
        in_channels = stack.entry.out_channels
        for _ in range(skeleton.cells_per_stack):
            yield from _cell_layers(matrix, ops, in_channels, channels, stack.entry.out_size)
            in_channels = stack.channels
    yield head(skeleton)


def complexity(matrix: Matrix, ops: Sequence[int], skeleton: Skeleton = CIFAR10) -> Complexity:
    """The sums over `layers`."""
    listed = list(layers(matrix, ops, skeleton))
    return Complexity(
        macs=sum(layer.macs for layer in listed),
        activation_bytes=sum(layer.activation_bytes for layer in listed),
        layers=len(listed),
        params=sum(layer.params for layer in listed),
    )


def _cell_layers(
    matrix: Matrix, ops: Sequence[int], in_channels: int, channels: Sequence[int], size: int
) -> Iterator[Layer[int]]:
    for v in range(1, len(matrix)):
        if matrix[0][v]:
            yield projection(in_channels, channels[v], size)
        if v < len(matrix) - 1:
            yield operation(ops[v - 1], channels[v], size)
