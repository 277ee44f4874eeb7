"""Closed-form size of a cell network: parameters, MACs, activation bytes, layers.

Ying et al. 2019 (NAS-Bench-101), section 2 and the channel rule of its appendix. No framework is
needed: the layers of a network are listed from its matrix, and every count is a sum over them.
A *layer* is a convolution with its batch norm and ReLU, a max-pool, or the linear head; additions
and concatenations are not layers. This is the definition under which the `ecnas-gpu` energy
calibration reproduces its published error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONV3X3, CONV1X1, MAXPOOL3X3 = 0, 1, 2
_BYTES_PER_ELEMENT = 4

Matrix = Sequence[Sequence[int]]


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
class Layer:
    """One layer on square images: `kind` conv | maxpool | linear, sizes in pixels."""

    kind: str
    kernel: int
    in_channels: int
    out_channels: int
    in_size: int
    out_size: int

    @property
    def params(self) -> int:
        """Trainable parameters; convolutions have no bias but a batch norm with scale and shift."""
        if self.kind == "maxpool":
            return 0
        per_output = 1 if self.kind == "linear" else 2
        return (self.kernel**2 * self.in_channels + per_output) * self.out_channels

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one forward pass of one image; a max-pool has none."""
        if self.kind == "maxpool":
            return 0
        return self.kernel**2 * self.in_channels * self.out_channels * self.out_size**2

    @property
    def activation_bytes(self) -> int:
        """Bytes of what it reads and writes for one image in 32-bit floats, weights apart."""
        elements = self.in_channels * self.in_size**2 + self.out_channels * self.out_size**2
        return _BYTES_PER_ELEMENT * elements


@dataclass(frozen=True)
class Complexity:
    """Sizes of one network; MACs and activation bytes are per image and forward pass."""

    macs: int
    activation_bytes: int
    layers: int
    params: int


def vertex_channels(matrix: Matrix, in_channels: int, out_channels: int) -> tuple[int, ...]:
    """[V] channels at each vertex of a pruned cell; the input's entry is `in_channels`.

    Vertices that feed the output share its channels, the first ones taking the remainder; every
    other interior vertex has as many as the widest vertex it feeds.
    """
    output = len(matrix) - 1
    feeders = [v for v in range(1, output) if matrix[v][output]]
    channels = [in_channels] + [0] * (output - 1) + [out_channels]
    if feeders:
        share, remainder = divmod(out_channels, len(feeders))
        for place, v in enumerate(feeders):
            channels[v] = share + (place < remainder)
    for v in range(output - 1, 0, -1):
        if not matrix[v][output]:
            channels[v] = max(channels[w] for w in range(v + 1, output) if matrix[v][w])
    return tuple(channels)


def layers(matrix: Matrix, ops: Sequence[int], skeleton: Skeleton) -> Iterator[Layer]:
    """All layers of the network of a pruned cell; `ops` [V-2] are the interior op codes."""
    size, channels = skeleton.image_size, skeleton.stem_channels
    yield Layer("conv", 3, skeleton.image_channels, channels, size, size)
    for stack in range(skeleton.stacks):
        in_channels = channels
        if stack:
            yield Layer("maxpool", 2, channels, channels, size, size // 2)
            size, channels = size // 2, channels * 2
        for _ in range(skeleton.cells_per_stack):
            yield from _cell_layers(matrix, ops, in_channels, channels, size)
            in_channels = channels
    yield Layer("linear", 1, channels, skeleton.classes, 1, 1)


def complexity(matrix: Matrix, ops: Sequence[int], skeleton: Skeleton = CIFAR10) -> Complexity:
    """The sums over `layers`."""
    listed = list(layers(matrix, ops, skeleton))
    return Complexity(
        macs=sum(layer.macs for layer in listed),
        activation_bytes=sum(layer.activation_bytes for layer in listed),
        layers=len(listed),
        params=sum(layer.params for layer in listed),
    )


def _cell_layers(matrix: Matrix, ops: Sequence[int], in_channels: int, out_channels: int, size: int) -> Iterator[Layer]:
    widths = vertex_channels(matrix, in_channels, out_channels)
    for v in range(1, len(matrix)):
        if matrix[0][v]:
            yield Layer("conv", 1, in_channels, widths[v], size, size)
        if v == len(matrix) - 1:
            return
        kind = "maxpool" if ops[v - 1] == MAXPOOL3X3 else "conv"
        kernel = 1 if ops[v - 1] == CONV1X1 else 3
        yield Layer(kind, kernel, widths[v], widths[v], size, size)
