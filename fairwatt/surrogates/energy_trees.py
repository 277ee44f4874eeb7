"""Gradient-boosted trees for the logarithm of an energy. Friedman 2001, "Greedy function approximation", and 2002.

Grown by scikit-learn, kept as flat arrays, and predicted in numpy to the last bit of scikit-learn's answer. A member of
the ensemble differs from the others in the rows and features that it draws (stochastic boosting).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import MissingExtraError

Array = NDArray[np.float64]
_CHUNK = 1 << 13


@dataclass(frozen=True)
class BoostedTrees:
    """M members of T complete binary trees of depth d, in heap order: node i has the children 2i+1 and 2i+2.

    start: [M]. feature, threshold: [M, T, 2^d - 1]; a row goes right where its feature exceeds the threshold, so
    an infinite one stands where a tree ends early. leaf: [M, T, 2^d], the learning rate multiplied in.
    """

    start: Array
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    leaf: Array

    @classmethod
    def fit(
        cls,
        features: Array,
        targets: Array,
        rng: np.random.Generator,
        *,
        members: int = 5,
        trees: int = 1500,
        depth: int = 4,
        learning_rate: float = 0.05,
        row_share: float = 0.5,
        feature_share: float = 0.3,
        rows_in_leaf: int = 5,
        progress: Callable[[int, int], None] | None = None,
    ) -> "BoostedTrees":
        """Grow on features [N, D] and targets [N]. progress: called with members done and in all.

        Raises MissingExtraError without scikit-learn.
        """
        try:
            from sklearn.ensemble import GradientBoostingRegressor
        except ImportError:
            raise MissingExtraError("growing boosted trees", "scikit-learn", "training") from None
        grown = []
        for member in range(members):
            model = GradientBoostingRegressor(
                n_estimators=trees,
                max_depth=depth,
                learning_rate=learning_rate,
                subsample=row_share,
                max_features=feature_share,
                min_samples_leaf=rows_in_leaf,
                random_state=int(rng.integers(2**31)),
            ).fit(features, targets)
            grown.append(cls.flatten(model))
            if progress:
                progress(member + 1, members)
        return cls(*(np.concatenate([getattr(part, name) for part in grown]) for name in cls.__annotations__))

    @classmethod
    def flatten(cls, model: Any) -> "BoostedTrees":
        """One member from a fitted GradientBoostingRegressor with squared error and a maximal depth."""
        depth, count = model.max_depth, len(model.estimators_)
        feature = np.zeros((1, count, (1 << depth) - 1), dtype=np.int16)
        threshold = np.full((1, count, (1 << depth) - 1), np.inf)
        leaf = np.zeros((1, count, 1 << depth))
        for number, (regressor,) in enumerate(model.estimators_):
            tree = regressor.tree_
            open_nodes = [(0, 0, 0)]  # in scikit-learn's order, in heap order, depth
            while open_nodes:
                node, place, level = open_nodes.pop()
                left, right = int(tree.children_left[node]), int(tree.children_right[node])
                if left == right:  # a leaf, here carried down to the last level
                    last = ((place + 1) << (depth - level)) - (1 << depth)
                    leaf[0, number, last] = model.learning_rate * tree.value[node, 0, 0]
                    continue
                feature[0, number, place], threshold[0, number, place] = tree.feature[node], tree.threshold[node]
                open_nodes += [(left, 2 * place + 1, level + 1), (right, 2 * place + 2, level + 1)]
        below = threshold.astype(np.float32)  # scikit-learn rounds features so; none lies between these and its own
        below = np.where(below > threshold, np.nextafter(below, np.float32(-np.inf)), below)
        return cls(np.ravel(model.init_.constant_).astype(np.float64), feature, below, leaf)

    def predict(self, features: Array) -> Array:
        """[M, N] predicted targets of features [N, D]."""
        chunks = [self._predict(features[begin : begin + _CHUNK]) for begin in range(0, len(features), _CHUNK)]
        return np.concatenate([np.empty((len(self.start), 0)), *chunks], axis=1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The fields, by name."""
        return dict(vars(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "BoostedTrees":
        """The inverse of `arrays`; raises KeyError where one is missing."""
        return cls(*(arrays[name] for name in cls.__annotations__))

    def _predict(self, features: Array) -> Array:
        columns = np.ascontiguousarray(features.T, dtype=np.float32)  # as scikit-learn compares them
        found = np.repeat(self.start[:, None], len(features), axis=1)
        levels = [slice((1 << level) - 1, (2 << level) - 1) for level in range(self.leaf.shape[2].bit_length() - 1)]
        for member, trees in enumerate(zip(self.feature, self.threshold, self.leaf, strict=True)):
            for feature, threshold, leaf in zip(*trees, strict=True):
                place = np.zeros(len(features), dtype=np.intp)
                turns: list[NDArray[np.bool_]] = []
                for level in levels:
                    right = columns[feature[level]] > threshold[level, None]
                    for turn in turns:  # of all nodes of a level keep the one that was reached
                        half = len(right) // 2
                        right = right[:half] ^ (
                            turn & (right[:half] ^ right[half:])
                        )  # np.where takes ten times as long
                    turns.append(right[0])
                    place = 2 * place + right[0]
                found[member] += leaf[place]
        return found
