import math
from dataclasses import replace

import numpy as np
import pytest

from fairwatt.analysis.statistics import Interval
from fairwatt.audit.contrast import (
    Contrast,
    a12_bounds,
    a12_interval,
    attainable_p,
    detectable_a12,
    paired,
    unpaired,
    with_holm,
)

RNG = np.random.default_rng(5)
NOWHERE = Interval(math.nan, math.nan, math.nan)


def contrast(p: float, value: float = 0.9, spent: tuple[float, float] = (1.0, 1.0)) -> Contrast:
    a12 = Interval(value, value, value)
    where = ("s", "regret", "as recorded", "common", "a", "b")
    return Contrast(*where, (9, 9), (1.0, 1.0), spent, (0.1, 0.2), a12, NOWHERE, p, p, 0.9, False)


def test_lower_losses_are_better_and_infinite_ones_are_ties() -> None:
    found = unpaired(np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.4, np.inf]), RNG)
    assert found.a12.value == pytest.approx((3 + 2.5 + 2) / 9)
    both = unpaired(np.full(5, np.inf), np.full(6, np.inf), RNG)
    assert (both.a12.value, both.p) == (0.5, 1.0)
    assert math.isnan(both.difference.value)


def test_p_is_scipys_and_the_interval_holds_the_medians() -> None:
    from scipy.stats import mannwhitneyu

    arm, reference = np.random.default_rng(2).normal([[0.0], [0.8]], 1.0, (2, 25))
    found = unpaired(arm, reference, RNG)
    assert found.p == pytest.approx(mannwhitneyu(arm, reference).pvalue)
    assert found.difference.value == pytest.approx(np.median(arm) - np.median(reference))
    assert found.difference.low < found.difference.value < found.difference.high < 0


def test_exact_p_is_that_of_all_permutations_ties_and_all() -> None:
    from itertools import combinations

    from scipy.stats import mannwhitneyu, rankdata

    arm, reference = np.random.default_rng(8).normal([[0.0], [1.1]], 1.0, (2, 9))
    found = unpaired(arm, reference[:7], RNG, exact=True)
    assert found.p == pytest.approx(mannwhitneyu(arm, reference[:7], method="exact").pvalue)
    tied = np.array([1.0, 1.0, 2.0, 2.0, np.inf]), np.array([2.0, 3.0, np.inf, np.inf])
    ranks = rankdata(np.concatenate(tied))
    sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(9), 5)])
    expected = (np.abs(sums - sums.mean()) >= abs(ranks[:5].sum() - sums.mean()) - 1e-9).mean()
    assert unpaired(*tied, RNG, exact=True).p == pytest.approx(expected)
    assert unpaired(np.full(3, np.inf), np.full(4, np.inf), RNG, exact=True).p == 1.0


def test_pairs_find_what_hides_between_searches() -> None:
    """13 of them, few enough for all flips to be used."""
    noise = np.random.default_rng(4).normal(0, 5, 13)
    found = paired(noise, noise + 0.1 + 0.01 * np.arange(13), RNG)
    assert found.a12.value == 1.0
    assert found.p == 2 / 2**13
    assert found.difference.value == pytest.approx(-0.16)
    assert unpaired(noise, noise + 0.1, RNG).p > 0.5


def test_the_interval_of_a12_covers() -> None:
    """95 % of samples of ten, at a true A12 of .92; at 1.00 of ten it does not claim certainty."""
    from scipy.special import ndtri

    rng, truth, trials = np.random.default_rng(6), 0.92, 1_500
    arms, references = rng.normal(-math.sqrt(2) * ndtri(truth), 1, (trials, 10, 1)), rng.normal(0, 1, (trials, 1, 10))
    values = (arms < references).mean(axis=(1, 2))
    low, high = a12_bounds(values, 10, 10)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.985
    edge = a12_interval(1.0, 10, 7)
    assert 0.7 < edge.low < 0.85
    assert edge.high == 1.0
    assert a12_interval(0.0, 10, 7).high == pytest.approx(1 - edge.low)


def test_power_agrees_with_the_specification() -> None:
    """Noether: 67 searches a side for .64, 30 for .71, 15 for .80."""
    for searches, value in ((67, 0.64), (30, 0.71), (15, 0.80)):
        assert detectable_a12(searches, searches) == pytest.approx(value, abs=0.006)
    assert detectable_a12(2, 2) == 1.0
    assert attainable_p(5, 5) == pytest.approx(2 / 252)
    assert attainable_p(1, 1) == 1.0


def test_each_contrast_gets_its_own_adjusted_p() -> None:
    adjusted = with_holm([contrast(value) for value in (0.03, 0.01, 0.2)])
    assert [each.p_holm for each in adjusted] == pytest.approx([0.06, 0.03, 0.2])
    assert with_holm([]) == []
    left = with_holm([contrast(0.03), None, contrast(0.01)])  # what cannot be compared was still asked
    assert [each.p_holm for each in left] == pytest.approx([0.06, 0.03])


def test_one_search_of_a_side_has_no_interval() -> None:
    found = unpaired(np.array([0.1]), np.array([0.2, 0.3]), RNG)
    assert found.a12.value == 1.0
    assert found.difference.value == pytest.approx(-0.15)
    assert np.isnan([found.a12.low, found.a12.high, found.difference.low, found.difference.high]).all()


def test_states_need_significance_and_matching_needs_equal_spends() -> None:
    assert [contrast(0.04).state, contrast(0.04, 0.1).state, contrast(0.06).state] == ["better", "worse", "undecided"]
    assert replace(contrast(0.001), p_holm=0.2).state == "undecided"
    assert contrast(math.nan).state == "undecided"
    spends = ((1.0, 1.0), (1.25, 1.0), (1.3, 1.0), (0.7, 1.0), (1.0, 0.0))
    assert [contrast(0.5, spent=spent).matched for spent in spends] == [True, True, False, False, False]
    assert contrast(0.5, 0.9).cliff_delta == pytest.approx(0.8)
