"""Energy or time of an epoch, learned from measured trainings: positive, and the same for every epoch of a training.

So what a training has cost grows with every epoch, by construction. Where operation counts give an epoch's energy
(`OperationCountModel`), nothing needs to be learned.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.errors import UserError
from fairwatt.surrogates.energy_trees import BoostedTrees

Array = NDArray[np.float64]
LEAST_EXAMPLES = 20


@dataclass(frozen=True)
class EpochCost:
    """Boosted trees for the logarithm of an epoch's cost, in whatever unit they were given."""

    trees: BoostedTrees

    @classmethod
    def fit(
        cls,
        features: Array,
        cost_per_epoch: Array,
        rng: np.random.Generator,
        *,
        members: int = 2,
        trees: int = 150,
        progress: Callable[[int, int], None] | None = None,
    ) -> "EpochCost":
        """From features [N, D] and costs [N]. Raises UserError for fewer than 20, or costs that are not positive and
        finite, MissingExtraError without scikit-learn."""
        if len(features) < LEAST_EXAMPLES:
            raise UserError(f"{len(features)} measured trainings: at least {LEAST_EXAMPLES} are needed")
        wrong = ~(np.isfinite(cost_per_epoch) & (cost_per_epoch > 0))
        if wrong.any():
            raise UserError(f"an epoch that costs {cost_per_epoch[wrong][0]}: expected a positive number")
        targets = np.log(cost_per_epoch)
        grown = BoostedTrees.fit(
            features, targets, rng, members=members, trees=trees, depth=3, row_share=0.7, progress=progress
        )
        return cls(grown)

    def predict(self, features: Array) -> Array:
        """[N] cost of an epoch, for features [N, D]."""
        return np.asarray(np.exp(self.trees.predict(features).mean(axis=0)))

    def after(self, features: Array, epochs: ArrayLike) -> Array:
        """[N, K] cost of the first `epochs` [K] or [N, K] of a training."""
        return np.asarray(self.predict(features)[:, None] * np.asarray(epochs, dtype=np.float64))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Of the trees, by name."""
        return self.trees.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "EpochCost":
        """The inverse of `arrays`; raises KeyError where one is missing."""
        return cls(BoostedTrees.from_arrays(arrays))
