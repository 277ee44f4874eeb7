"""What a RegNet's layers add up to, in closed form: FLOPs, parameters, activations, and what is read.

Every sum takes whole numbers and arrays of them alike, so one network and a million share their arithmetic.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Sums(NamedTuple):
    """Over convolutions and linear layers, for one image: numbers, or arrays [N].

    flops: multiply-adds, those of biases included. params: trainable. reads, writes: elements. layers: how many.
    """

    flops: Any
    params: Any
    reads: Any
    writes: Any
    layers: Any


def sums(columns: Iterable[tuple[Any, Any, Any]], im_size: int, stem_width: int, num_classes: int) -> Sums:
    """Of one network or many; columns: (width, depth, group width) of each stage, numbers or arrays."""
    into, size = stem_width, im_size
    total = _conv(3, 3, stem_width, im_size, im_size)
    for width, depth, group in columns:
        there, smaller = depth > 0, (size - 1) // 2 + 1
        first, shortcut = _block(into, width, group, size, smaller), _conv(1, into, width, size, smaller)
        others = _block(width, width, group, smaller, smaller)
        total = Sums(
            *(
                so_far + there * (one + projection) + (depth - there) * each
                for so_far, one, projection, each in zip(total, first, shortcut, others, strict=True)
            )
        )
        into, size = into + there * (width - into), smaller
    weights = into * num_classes + num_classes
    head = Sums(weights, weights, into, num_classes, 1)
    return Sums(*(so_far + its for so_far, its in zip(total, head, strict=True)))


def _conv(kernel: int, into: Any, out: Any, size: int, out_size: int) -> Sums:
    """A convolution with its batch norm."""
    weights = kernel**2 * into * out
    return Sums(weights * out_size**2, weights + 2 * out, into * size**2, out * out_size**2, 1)


def _block(into: Any, width: Any, group: Any, size: int, out_size: int) -> Sums:
    """1x1 at the input's size, grouped 3x3 with the stride, squeeze-and-excitation, 1x1: their five layers."""
    first, spatial, last, inner = into * width, 9 * group * width, width * width, squeezed(into)
    excitation = inner + (2 * inner + 1) * width
    pixels, out_pixels = size**2, out_size**2
    return Sums(
        flops=first * pixels + (spatial + last) * out_pixels + excitation,
        params=first + spatial + last + 6 * width + excitation,
        reads=(into + width) * pixels + width * (out_pixels + 1) + inner,
        writes=width * (pixels + 2 * out_pixels + 1) + inner,
        layers=5,
    )


def squeezed(in_channels: Any) -> Any:
    """Channels between the two convolutions of squeeze-and-excitation in a block with so many input channels.

    A quarter of them, half to even, and at least 1, which matters for networks narrower than any of EA-HAS-Bench.
    """
    quarter = (in_channels + 1 + (in_channels >> 2 & 1)) >> 2
    return quarter + (quarter == 0)
