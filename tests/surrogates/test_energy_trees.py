"""Boosted trees: the very answers of scikit-learn, from flat arrays."""

import numpy as np
import pytest

from fairwatt.surrogates.energy_trees import BoostedTrees


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.random((count, 4)) * [1, 1e9, 3, 1]  # numbers that float32 cannot hold
    features[:, 2] = features[:, 2].round()
    return features, np.sin(3 * features[:, 0]) + features[:, 1] / 1e9 + 0.1 * features[:, 2]


@pytest.mark.parametrize("rows_in_leaf", [1, 40])  # 40: trees that end before their depth
def test_predictions_equal_scikit_learns_to_the_last_bit(rows_in_leaf: int) -> None:
    from sklearn.ensemble import GradientBoostingRegressor

    features, targets = rows(200)
    model = GradientBoostingRegressor(
        n_estimators=30, max_depth=3, subsample=0.5, min_samples_leaf=rows_in_leaf, random_state=0
    ).fit(features, targets)
    thresholds = np.concatenate([tree.tree_.threshold for tree in model.estimators_[:, 0]])
    edges = np.repeat(thresholds[thresholds > 0][:, None], 4, axis=1)  # rows on the edge between left and right
    many = np.concatenate([rows(9_000)[0], edges])
    (predicted,) = BoostedTrees.flatten(model).predict(many)
    assert (predicted == model.predict(many)).all()


def test_members_differ_and_a_seed_repeats_them() -> None:
    features, targets = rows(120)
    seen: list[tuple[int, int]] = []
    first, again = (
        BoostedTrees.fit(
            features, targets, np.random.default_rng(1), members=2, trees=20, progress=lambda *at: seen.append(at)
        )
        for _ in range(2)
    )
    predicted = first.predict(features)
    assert (predicted == again.predict(features)).all()
    assert (predicted[0] != predicted[1]).any()
    assert np.corrcoef(predicted.mean(axis=0), targets)[0, 1] > 0.9
    assert seen == [(1, 2), (2, 2)] * 2
    restored = BoostedTrees.from_arrays(first.arrays())
    assert (restored.predict(features) == predicted).all()
    assert first.predict(features[:0]).shape == (2, 0)
