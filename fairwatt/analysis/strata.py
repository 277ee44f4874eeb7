"""Which spaces are independent of each other, derived from what they hold and not from how they are called.

Two tables may hold the same networks: cells of 4 vertices are among those of 5 and of 7, and one set of networks may
have been trained on two data sets or for other lengths. What an optimizer finds easy in one it then finds easy in the
other, so they are one stratum and not two blocks. Specification: section 4.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fairwatt.problem import Reference

MOST_SHARED = 0.05
"""Share of the smaller space's networks that may be in the other; numbers of parameters coincide by chance, too."""


@dataclass(frozen=True)
class Overlap:
    """Two spaces with networks in common. shared: how many; smaller: how many the smaller of the two has."""

    first: str
    second: str
    shared: int
    smaller: int

    def __str__(self) -> str:
        return f"{self.first} and {self.second} share {self.shared:,} of {self.smaller:,} networks"


def overlaps(references: Sequence[Reference]) -> tuple[Overlap, ...]:
    """Every pair of spaces that share more than a chance number of networks."""
    found = []
    for first, second in combinations(references, 2):
        overlap = Overlap(
            first.name, second.name, shared_networks(first, second), min(len(first.keys), len(second.keys))
        )
        if overlap.shared > MOST_SHARED * overlap.smaller:
            found.append(overlap)
    return tuple(found)


def strata(references: Sequence[Reference]) -> tuple[tuple[str, ...], ...]:
    """Names of the spaces, those that overlap (through others, if need be) together; in the order given."""
    of = {reference.name: {reference.name} for reference in references}
    for overlap in overlaps(references):
        merged = of[overlap.first] | of[overlap.second]
        of |= dict.fromkeys(merged, merged)
    groups = [tuple(name for name in of if name in group) for group in of.values()]
    return tuple(dict.fromkeys(groups))


def shared_networks(first: Reference, second: Reference) -> int:
    """Networks in both: those with the same key and the same number of parameters.

    Keys count from zero in every family, so that a key alone says nothing. Where parameters are not known, the error
    and the energy must be the same.
    """
    keys, other_keys = np.array(first.keys), np.array(second.keys)
    if keys.dtype.kind != other_keys.dtype.kind:
        return 0
    _, here, there = np.intersect1d(keys, other_keys, assume_unique=True, return_indices=True)
    params, other_params = first.params[here], second.params[there]
    known = np.isfinite(params) & np.isfinite(other_params)
    measured = _same(first.val_error[here], second.val_error[there])
    measured &= _same(first.energy_kwh[here], second.energy_kwh[there])
    return int(np.where(known, _same(params, other_params), measured).sum())


def _same(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isclose(first, second, rtol=1e-9, atol=0.0)
