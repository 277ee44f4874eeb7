"""Random search v. random search, thousands of times: who finds a difference, and who must not.

fairness.md, section 6, answers 6 and 7. Final values are drawn from a table directly, three of them shared by clones
under one seed; the whole verdict on eight clones is in `test_verdict`, and on real searches in `test_clones`.
"""

from itertools import combinations

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.across_verdict import stratified_sign_flips
from fairwatt.analysis.blocks import friedman, holm_wilcoxon
from fairwatt.analysis.power import random_search_power
from fairwatt.analysis.statistics import PairedResampling, benjamini_hochberg, holm, wilcoxon_p

pytestmark = pytest.mark.slow
LEVEL, SEEDS, TRAININGS, SHARED = 0.05, 30, 30, 3


def _bound(studies: int) -> float:
    """Three standard errors above the level."""
    return LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / studies)


def _searches(rng: np.random.Generator, *shape: int, seeds: int = SEEDS, trainings: int = TRAININGS) -> np.ndarray:
    """[..., A, seeds, trainings] best value so far; arms are the last axis of `shape`."""
    values = world(400).reference.test_error
    keys = rng.integers(len(values), size=(*shape, seeds, trainings))
    keys[..., :SHARED] = keys[..., :1, :, :SHARED]
    return np.minimum.accumulate(values[keys], axis=-1)


def _finals(rng: np.random.Generator, *shape: int, seeds: int = SEEDS) -> np.ndarray:
    """[..., A, seeds]"""
    return _searches(rng, *shape, seeds=seeds)[..., -1]


def _flips(differences: np.ndarray) -> np.ndarray:
    """[...] p of differences [..., seeds], by the test of a verdict."""
    resampling = PairedResampling(differences.shape[-1], np.random.default_rng(0), draws=999)
    return resampling.p_values(differences.reshape(-1, differences.shape[-1]).T).reshape(differences.shape[:-1])


def _share(p_values: object) -> float:
    return float(np.mean(np.asarray(p_values) < LEVEL))


def test_two_clones() -> None:
    finals = _finals(np.random.default_rng(0), 2_000, 2)
    differences = finals[:, 0] - finals[:, 1]
    assert 0.03 < _share(_flips(differences)) <= _bound(2_000)
    assert 0.03 < _share([wilcoxon_p(row) for row in differences[:1_000]]) <= _bound(1_000)
    assert 0.03 < random_search_power(1, SEEDS, np.random.default_rng(1), paired=False) <= _bound(2_000)


def test_five_clones_on_blocks() -> None:
    ranks = [friedman(dict(zip("abcde", arms, strict=True))) for arms in _finals(np.random.default_rng(1), 1_000, 5)]
    assert 0.03 < _share([found.p for found in ranks]) <= _bound(1_000)
    assert 0.03 < _share([found.f_p for found in ranks]) <= _bound(1_000)


def test_two_clones_in_two_spaces() -> None:
    finals = _finals(np.random.default_rng(2), 1_000, 2, 2)  # [study, space, arm, seed]
    rng, weights = np.random.default_rng(3), np.array([0.5, 0.5])
    p = [stratified_sign_flips(list(arms[:, 0] - arms[:, 1]), weights, rng, 499)[1] for arms in finals]
    assert 0.03 < _share(p) <= _bound(1_000)


def test_a_family_is_corrected_and_the_negative_control_is_not() -> None:
    """All 28 pairs of 8 clones: about half of the studies find something where nothing is corrected."""
    finals = _finals(np.random.default_rng(4), 400, 8)
    pairs = np.stack([finals[:, a] - finals[:, b] for a, b in combinations(range(8), 2)], axis=1)  # [400, 28, 30]
    p = _flips(pairs)
    assert _share([min(holm(row)) for row in p]) <= _bound(400)
    assert _share([min(benjamini_hochberg(row)) for row in p]) <= _bound(400)  # where all is null, BH is no looser
    assert _share(p.min(axis=1)) > 0.4
    against = [min(holm_wilcoxon(dict(enumerate(arms)), 0).values()) for arms in finals[:200]]
    assert _share(against) <= _bound(200)


def test_the_negative_control_of_many_budgets() -> None:
    """Significant at any of ten budgets, one looked at after the other."""
    best = _searches(np.random.default_rng(5), 1_000, 2, trainings=200)
    looks = best[..., np.geomspace(5, 200, 10).astype(int) - 1]
    p = _flips((looks[:, 0] - looks[:, 1]).swapaxes(1, 2))
    assert _share(p[:, -1]) <= _bound(1_000)
    assert _share(p.min(axis=1)) > 0.2


def test_the_negative_control_of_repeats_that_count_as_seeds() -> None:
    """Three repeats of ten seeds as if they were thirty."""
    finals = _finals(np.random.default_rng(6), 1_000, 2, seeds=10)
    differences = finals[:, 0] - finals[:, 1]
    assert _share(_flips(differences)) <= _bound(1_000)
    assert _share(_flips(np.repeat(differences, 3, axis=1))) > 0.2


def test_more_energy_is_found() -> None:
    """Answer 7: on the table and by the test of a verdict, four times the energy in nine of ten studies or more."""
    best = _searches(np.random.default_rng(7), 400, 2, trainings=4 * TRAININGS)
    longer, shorter = best[:, 0, :, -1], best[:, 1, :, TRAININGS - 1]
    assert _share(_flips(longer - shorter)) >= 0.9
