"""RegNet: from five numbers to stages, and the size of the network in closed form.

Radosavovic et al., CVPR 2020, "Designing Network Design Spaces", section 3.3 and equations 2 to 4, as
pycls builds them: numbers are rounded half to even, widths to multiples of 8, and then each stage's
width to a multiple of its group width. Blocks are residual with a bottleneck of 1 and
squeeze-and-excitation, the first of every stage has stride 2, and the stem is CIFAR's (one 3x3
convolution, stride 1); that is the network of EA-HAS-Bench.

One network and a million share their arithmetic, to the bit: the same numpy functions round, and sizes are sums that
take whole numbers and arrays of them alike. Batches go through in pieces that fit a processor's cache.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UserError
from fairwatt.search_spaces.regnet_counts import Sums, sums

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

WIDTH_STEP = 8
MOST_BLOCKS = 1_000
MOST_CHANNELS = 2**16
"""Limits, far from any network that is trained, within which every sum fits a 64-bit integer."""
_PIECE = 1 << 13
_BYTES_PER_ELEMENT = 4


class Stages(NamedTuple):
    """A network's stages: widths, depths (blocks), group_widths, one number each for every stage.

    total: the stages that the expansion has before equal widths are merged; EA-HAS-Bench wants them all distinct.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    group_widths: tuple[int, ...]
    total: int


class StageArrays(NamedTuple):
    """N networks: widths, depths, group_widths are [N, S], zero behind a network's last stage; total is [N]."""

    widths: Ints
    depths: Ints
    group_widths: Ints
    total: Ints

    @property
    def stages(self) -> Ints:
        """[N] stages of distinct width."""
        return np.asarray((self.depths > 0).sum(axis=1))


class Complexity(NamedTuple):
    """Size of a network, for one image: numbers, or arrays [N].

    flops: multiply-adds, those of biases included. params: trainable. acts: output elements of convolutions and the
    linear layer.
    """

    flops: Any
    params: Any
    acts: Any


class Work(NamedTuple):
    """What an operation-count energy model asks for, for one image: numbers, or arrays [N].

    activation_bytes: what convolutions and the linear layer read and write, in 32-bit floats, weights apart. layers:
    convolutions and the linear layer, those of squeeze-and-excitation included.
    """

    macs: Any
    activation_bytes: Any
    layers: Any


# -- stages


def expand(depth: int, w0: int, wa: float, wm: float, group_w: int) -> Stages:
    """The stages of one RegNet: `depth` blocks, initial width w0, slope wa, multiplier wm, group width.

    Raises UserError for numbers that are no RegNet.
    """
    blocks, start, slope, factor, group = _numbers(depth, w0, wa, wm, group_w)
    steps = block_steps(np.arange(int(blocks)), start, slope, np.log(factor)).tolist()
    lengths = Counter(steps)
    depths: dict[int, int] = {}
    for width, length in zip(quantised_width(start, factor, [*lengths]).tolist(), lengths.values(), strict=True):
        depths[width] = depths.get(width, 0) + length
    widths, groups = fit_groups(np.array(list(depths)), group)
    return Stages(tuple(widths.tolist()), tuple(depths.values()), tuple(groups.tolist()), int(steps[-1]) + 1)


def expand_batch(depth: ArrayLike, w0: ArrayLike, wa: ArrayLike, wm: ArrayLike, group_w: ArrayLike) -> StageArrays:
    """The stages of N RegNets, from arrays [N] or numbers. Raises UserError for numbers that are no RegNet."""
    numbers = _arrays(depth, w0, wa, wm, group_w)
    if len({array.shape for array in numbers if array.shape}) > 1 or max(array.ndim for array in numbers) > 1:
        raise UserError(f"arrays of shapes {[array.shape for array in numbers]}: expected numbers or one shape [N]")
    given = np.broadcast_arrays(*map(np.atleast_1d, numbers))
    pieces = [_expand_piece(*(array[piece] for array in given)) for piece in _pieces(len(given[0]))]
    stages = max(len(depths) for _, depths, _, _ in pieces)
    joined = [
        np.concatenate([np.pad(array, ((0, stages - len(array)), (0, 0))) for array in arrays], axis=1).T
        for arrays in zip(*(piece[:3] for piece in pieces), strict=True)
    ]
    return StageArrays(joined[0], joined[1], joined[2], np.concatenate([piece[3] for piece in pieces]))


def _expand_piece(depth: Array, w0: Array, wa: Array, wm: Array, group_w: Array) -> tuple[Ints, Ints, Ints, Ints]:
    """(widths [S, n], depths [S, n], group widths [S, n], total [n]): a walk along the blocks of all networks."""
    networks, deepest, log_wm = len(depth), int(depth.max(initial=1)), np.log(wm)
    stage, width = np.full(networks, -1), np.zeros(networks, dtype=np.int64)
    steps = np.full(networks, -1.0)
    widths = np.zeros((deepest, networks), dtype=np.int64)
    begins = np.zeros((deepest, networks), dtype=np.int64)
    for block in range(deepest):
        here = block_steps(block, w0, wa, log_wm)
        new = np.flatnonzero((here != steps) & (block < depth))
        steps[new] = here[new]
        wide = quantised_width(w0[new], wm[new], here[new])
        wider = wide != width[new]
        new, wide = new[wider], wide[wider]
        stage[new] += 1
        width[new] = wide
        widths[stage[new], new], begins[stage[new], new] = wide, block
    last = int(stage.max(initial=0))
    has = np.arange(last + 1)[:, None] <= stage
    ends = np.concatenate([np.where(has, begins[: last + 1], depth), depth[None]]).astype(np.int64)
    fitted, groups = fit_groups(widths[: last + 1], group_w)
    return fitted, np.diff(ends, axis=0), groups, steps.astype(np.int64) + 1


def block_steps(blocks: Any, w0: Any, wa: Any, log_wm: Any) -> Array:
    """k of equation 3: how often wm multiplies w0 at each block, as whole floats; arguments broadcast."""
    return np.asarray(np.rint(np.log((w0 + wa * blocks) / w0) / log_wm))


def quantised_width(w0: ArrayLike, wm: ArrayLike, steps: ArrayLike) -> Ints:
    """Equation 4: w0 wm^k, to a multiple of 8. Raises UserError for more than 65,536 channels."""
    widths = np.rint(np.multiply(w0, np.power(wm, steps)) / WIDTH_STEP) * WIDTH_STEP
    if widths.max(initial=0) > MOST_CHANNELS:
        raise UserError(f"w0, wa and wm make a stage of width {widths.max():.4g}: expected at most {MOST_CHANNELS:,}")
    return np.asarray(widths.astype(np.int64))


def fit_groups(widths: Ints, group_w: ArrayLike) -> tuple[Ints, Ints]:
    """(widths, group widths) that divide: groups are cut to the width, then widths rounded to multiples of them.

    Arguments broadcast; where a width is 0, behind the last stage, both are.
    """
    groups = np.minimum(np.asarray(group_w).astype(np.int64), widths)
    divisor = np.maximum(groups, 1)
    return np.rint(widths / divisor).astype(np.int64) * divisor, groups


# -- sizes


def complexity(stages: Stages, *, im_size: int = 32, stem_width: int = 16, num_classes: int = 10) -> Complexity:
    """FLOPs, parameters and activations of one network on `im_size` x `im_size` images of three channels."""
    return _complexity(sums(zip(*stages[:3], strict=True), im_size, stem_width, num_classes))


def complexity_batch(
    stages: StageArrays, *, im_size: int = 32, stem_width: int = 16, num_classes: int = 10
) -> Complexity:
    """Arrays [N] of FLOPs, parameters and activations."""
    return _complexity(_sums_batch(stages, im_size, stem_width, num_classes))


def work(stages: Stages, *, im_size: int = 32, stem_width: int = 16, num_classes: int = 10) -> Work:
    """What a forward pass of one image through one network costs, for an energy model."""
    return _work(sums(zip(*stages[:3], strict=True), im_size, stem_width, num_classes))


def work_batch(stages: StageArrays, *, im_size: int = 32, stem_width: int = 16, num_classes: int = 10) -> Work:
    """Arrays [N] of `work`."""
    return _work(_sums_batch(stages, im_size, stem_width, num_classes))


def _sums_batch(stages: StageArrays, im_size: int, stem_width: int, num_classes: int) -> Sums:
    columns = [array.T for array in stages[:3]]
    pieces = [
        sums(zip(*(array[:, piece] for array in columns), strict=True), im_size, stem_width, num_classes)
        for piece in _pieces(len(stages.widths))
    ]
    return Sums(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))


def _complexity(total: Sums) -> Complexity:
    return Complexity(total.flops, total.params, total.writes)


def _work(total: Sums) -> Work:
    return Work(total.flops, _BYTES_PER_ELEMENT * (total.reads + total.writes), total.layers)


# -- arguments


def _arrays(*given: ArrayLike) -> list[Array]:
    """depth, w0, wa, wm, group width as floats. Raises UserError for those of no RegNet."""
    found = []
    for numbers, (name, fits, expected) in zip(given, _ARGUMENTS, strict=True):
        try:
            values = np.asarray(numbers, dtype=np.float64)
        except (TypeError, ValueError):
            raise UserError(f"{name}: expected numbers, each {expected}") from None
        fine = fits(values)
        if not fine.all():
            raise UserError(f"{name} = {values[~fine].ravel()[0]:g}: expected {expected}")
        found.append(values)
    return found


def _numbers(*given: float) -> list[float]:
    """The same of one network."""
    for number, (name, fits, expected) in zip(given, _ARGUMENTS, strict=True):
        if not (isinstance(number, int | float | np.integer | np.floating) and fits(number)):
            raise UserError(f"{name} = {number!r}: expected {expected}")
    return [float(number) for number in given]


def _whole(values: Any, highest: int) -> Any:
    return (values >= 1) & (values <= highest) & (values % 1 == 0)


_ARGUMENTS: tuple[tuple[str, Any, str], ...] = (
    ("depth", lambda values: _whole(values, MOST_BLOCKS), f"a whole number from 1 to {MOST_BLOCKS:,}"),
    (
        "w0",
        lambda values: (values > WIDTH_STEP / 2) & (values <= MOST_CHANNELS),
        f"a width that rounds to 8 or more, at most {MOST_CHANNELS:,}",
    ),
    ("wa", lambda values: (values >= 0) & (values <= MOST_CHANNELS), f"0 to {MOST_CHANNELS:,}"),
    ("wm", lambda values: (values > 1) & (values < np.inf), "more than 1"),
    ("group_w", lambda values: _whole(values, MOST_CHANNELS), f"a whole number from 1 to {MOST_CHANNELS:,}"),
)
"""Name, predicate of numbers and of arrays alike, and what it expects in words."""


def _pieces(networks: int) -> Iterator[slice]:
    """At least one, so that arrays of no network come out as such."""
    yield from (slice(start, start + _PIECE) for start in range(0, max(networks, 1), _PIECE))
