"""All RegNets of EA-HAS-Bench's grid at once: which are allowed, how likely each is, which are one network.

Five numbers (depth, w0, wa, wm, group width) give a network; a grid has 10^8 of them. (w0, wa, wm) decide the widths
and where the second stage begins, and few such outcomes exist: they are the *classes* here. What is allowed is then a
table of classes x depths x group widths, and drawing from the allowed part alone is one search in a cumulative sum,
where rejection would waste 98.6 % of the draws (CIFAR-10).
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from fairwatt.search_spaces.regnet import (
    WIDTH_STEP,
    StageArrays,
    block_steps,
    complexity_batch,
    fit_groups,
    quantised_width,
)

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

DEPTHS = tuple(range(6, 16))
INITIAL_WIDTHS = tuple(range(48, 129, 8))
SLOPES = tuple(round(0.1 * step, 1) for step in range(80, 321))
GROUP_WIDTHS = (1, 2, 4, 8, 16, 24, 32)
_DRAWN_GROUPS = (1, 2, 4, 8, 16, 32)
_SMALLEST_REDRAWN_GROUP = 8


@dataclass(frozen=True)
class Variant:
    """One of the two grids of EA-HAS-Bench.

    wm: lowest and highest multiplier. flops: lowest and highest allowed; params, acts: highest allowed; None where
    there is no limit. Two stages of distinct width are asked for in both.
    """

    name: str
    wm: tuple[float, float]
    stem_width: int
    classes: int
    flops: tuple[float, float] | None = None
    params: float | None = None
    acts: float | None = None

    @property
    def multipliers(self) -> tuple[float, ...]:
        """The values of wm, in steps of .001."""
        low, high = (round(1000 * end) for end in self.wm)
        return tuple(round(step / 1000, 3) for step in range(low, high + 1))

    def allows(self, stages: StageArrays) -> NDArray[np.bool_]:
        """[N] whether networks of two stages are within the limits of size."""
        if self.flops is None and self.params is None and self.acts is None:
            return np.full(len(stages.widths), True)
        size = complexity_batch(stages, stem_width=self.stem_width, num_classes=self.classes)
        allowed = np.full(len(stages.widths), True)
        if self.flops is not None:
            allowed &= (size.flops >= self.flops[0]) & (size.flops <= self.flops[1])
        if self.params is not None:
            allowed &= size.params <= self.params
        if self.acts is not None:
            allowed &= size.acts <= self.acts
        return allowed


CIFAR10 = Variant("cifar10", (2.5, 3.0), stem_width=16, classes=10, flops=(0.12e9, 0.13e9), params=2.0e6, acts=1.0e6)
TINY = Variant("tiny", (1.5, 3.0), stem_width=32, classes=200)
VARIANTS = {variant.name: variant for variant in (CIFAR10, TINY)}


def log_uniform_ceiling(values: tuple[float, ...], step: float) -> Array:
    """Probabilities [K] of quantised values v: the mass of ]v - step, v] under 1/x, as pycls draws them.

    The lower edge is the lowest value less a step, or a half of it where that is more.
    """
    ends = np.asarray(values)
    edges = np.concatenate([[ends[0] - min(step, ends[0] / 2)], ends])
    return np.asarray(np.diff(np.log(edges)) / np.log(edges[-1] / edges[0]))


def group_probabilities() -> Array:
    """[7] a power of two; from 8 upwards it is replaced by a multiple of 8 drawn log-uniformly from [8, 32]."""
    redrawn = tuple(group for group in GROUP_WIDTHS if group >= _SMALLEST_REDRAWN_GROUP)
    share = 1 / len(_DRAWN_GROUPS)
    kept = [share for group in _DRAWN_GROUPS if group < _SMALLEST_REDRAWN_GROUP]
    rest = sum(share for group in _DRAWN_GROUPS if group >= _SMALLEST_REDRAWN_GROUP)
    return np.concatenate([kept, rest * log_uniform_ceiling(redrawn, 8)])


class RegnetGrid:
    """The grid of a variant; `grid(name)` keeps one of each. constrained: whether limits of size hold.

    Arrays over (w0, wa, wm) are flat, the last fastest. class_of: [triples]; class_w0: [classes] position of w0;
    network_of: [classes, depths, group widths] ids of networks, -1 where not allowed; networks: [M, 6] widths, depths,
    group widths of each distinct allowed network, in ascending order; a network's id is its row.
    """

    def __init__(self, variant: Variant, constrained: bool = True) -> None:
        self.variant = variant
        self.shape = (len(INITIAL_WIDTHS), len(SLOPES), len(variant.multipliers))
        self.depth_p = np.full(len(DEPTHS), 1 / len(DEPTHS))
        self.group_p = group_probabilities()
        self.w0_p = log_uniform_ceiling(INITIAL_WIDTHS, 8)
        self.wa_p = log_uniform_ceiling(SLOPES, 0.1)
        self.wm_p = log_uniform_ceiling(variant.multipliers, 0.001)
        packed = self._outcomes()
        occurs = np.zeros(int(packed.max()) + 1, dtype=np.bool_)
        occurs[packed] = True
        outcomes = np.flatnonzero(occurs)
        self.class_of = (np.cumsum(occurs) - 1).astype(np.int16)[packed]  # there are fewer than 2,500
        self.class_w0 = np.searchsorted(INITIAL_WIDTHS, WIDTH_STEP * (outcomes >> 14))
        self.networks, self.network_of = self._networks(outcomes, constrained)

    def _outcomes(self) -> NDArray[np.int32]:
        """[triples] what (w0, wa, wm) decide: w0, second width, where stages two and three begin; in one number.

        A block's step never rises with wm, so what counts is where along wm it falls below 1 and 2.
        """
        w0, wm = np.array(INITIAL_WIDTHS), np.array(self.variant.multipliers)
        widths = w0[:, None] // WIDTH_STEP << 6 | quantised_width(w0[:, None], wm, 1) // WIDTH_STEP
        second, third = (self._blocks_below(limit) for limit in (1, 2))
        packed = widths.astype(np.int32)[:, None] << 8 | (second << 4 | third)
        return np.asarray(packed.ravel())

    def _blocks_below(self, limit: int) -> NDArray[np.int32]:
        """[w0, wa, wm] blocks of the deepest network with steps below the limit, found by halving the values of wm."""
        w0 = np.array(INITIAL_WIDTHS)[:, None, None]
        wa, blocks = np.array(SLOPES)[:, None], np.arange(DEPTHS[-1])
        log_wm, values = np.log(self.variant.multipliers), self.shape[2]
        low, high = (np.full((*self.shape[:2], len(blocks)), end) for end in (0, values))
        while (low < high).any():
            middle = (low + high) // 2
            below = block_steps(blocks, w0, wa, log_wm[np.minimum(middle, values - 1)]) < limit
            low, high = np.where(below | (low == high), low, middle + 1), np.where(below, middle, high)
        rows = np.arange(low.shape[0] * low.shape[1]).reshape(*low.shape[:2], 1)
        falls = np.bincount((rows * (values + 1) + low).ravel(), minlength=rows.size * (values + 1))
        counts = np.cumsum(falls.reshape(rows.size, -1)[:, :-1], axis=1, dtype=np.int32)
        return counts.reshape(self.shape)

    def _networks(self, outcomes: Ints, constrained: bool) -> tuple[Ints, NDArray[np.int32]]:
        """(networks [M, 6], the id for each class, depth and group width, or -1)."""
        shape = (len(outcomes), len(DEPTHS), len(GROUP_WIDTHS))
        packed, depth, group = (
            array.ravel()
            for array in np.broadcast_arrays(outcomes[:, None, None], np.array(DEPTHS)[:, None], np.array(GROUP_WIDTHS))
        )
        first, width = WIDTH_STEP * (packed >> 14), WIDTH_STEP * (packed >> 8 & 0x3F)
        second, third = packed >> 4 & 0xF, packed & 0xF
        fitted, groups = fit_groups(np.stack([first, width], axis=1), group[:, None])
        depths = np.stack([second, depth - second], axis=1)
        allowed = (second < depth) & (depth <= third)
        inside = StageArrays(fitted[allowed], depths[allowed], groups[allowed], np.full(int(allowed.sum()), 2))
        if constrained:
            allowed[allowed] = self.variant.allows(inside)
        rows = np.concatenate([fitted, depths, groups], axis=1)[allowed]
        limits = tuple(rows.max(axis=0) + 1)
        numbers, ids = np.unique(np.ravel_multi_index(tuple(rows.T), limits), return_inverse=True)
        network_of = np.full(len(packed), -1, dtype=np.int32)
        network_of[allowed] = ids
        return np.stack(np.unravel_index(numbers, limits), axis=1), network_of.reshape(shape)

    @property
    def points(self) -> int:
        """Points of the grid, allowed or not."""
        return int(np.prod(self.shape)) * len(DEPTHS) * len(GROUP_WIDTHS)

    @property
    def architectures(self) -> int:
        """Allowed points of the grid."""
        allowed = (self.network_of >= 0).sum(axis=(1, 2))
        return int(allowed @ np.bincount(self.class_of))

    @cached_property
    def class_mass(self) -> Array:
        """[classes] probability of an allowed depth and group width."""
        return np.asarray(((self.network_of >= 0) * self.depth_p[:, None] * self.group_p).sum(axis=(1, 2)))

    @cached_property
    def triple_mass(self) -> Array:
        """[classes] probability of (w0, wa, wm), whatever is allowed."""
        triple_p = (self.w0_p[:, None, None] * self.wa_p[:, None] * self.wm_p).ravel()
        return np.bincount(self.class_of, weights=triple_p).astype(np.float64)

    @cached_property
    def cumulative(self) -> Array:
        """[triples] probability of an allowed architecture at this triple or before; the last is the acceptance."""
        triple_p = self.w0_p[:, None, None] * self.wa_p[:, None] * self.wm_p
        return np.cumsum(triple_p.ravel() * self.class_mass[self.class_of])

    @cached_property
    def network_mass(self) -> Array:
        """[M] probability of each network under the sampler; they sum to 1."""
        allowed = self.network_of >= 0
        point = self.triple_mass[:, None, None] * self.depth_p[:, None] * self.group_p
        mass = np.bincount(self.network_of[allowed], weights=point[allowed])
        return np.asarray(mass / mass.sum())

    def middle(self, network: int) -> list[int]:
        """[5] positions of a point amid those of a network: of its likeliest class, half-way in slope, then in wm."""
        classes, depths, groups = np.nonzero(self.network_of == network)
        likeliest = int((self.triple_mass[classes] * self.depth_p[depths] * self.group_p[groups]).argmax())
        w0 = self.class_w0[classes[likeliest]]
        wa, wm = np.nonzero(self.class_of.reshape(self.shape)[w0] == classes[likeliest])
        half = wa[len(wa) // 2]
        beside = wm[wa == half]
        return [int(place) for place in (depths[likeliest], w0, half, beside[len(beside) // 2], groups[likeliest])]


@cache
def grid(name: str, constrained: bool = True) -> RegnetGrid:
    """The grid of `cifar10` or `tiny`, made once in a process."""
    return RegnetGrid(VARIANTS[name], constrained)
