"""Statistics against hand-made answers and against libraries. Numbers in brackets: fairness.md, section 6."""

import warnings

import numpy as np
import pytest

from fairwatt.analysis.statistics import (
    PairedResampling,
    a12,
    benjamini_hochberg,
    cliff_delta,
    detectable_win_rate,
    holm,
    paired_win_rate,
    sign_test_power,
    wilcoxon_p,
)


def _resampling(pairs: int, draws: int = 9_999) -> PairedResampling:
    return PairedResampling(pairs, np.random.default_rng(0), draws=draws)


def test_a12_counts_pairs_and_half_of_ties() -> None:
    """[5]"""
    assert a12([1, 2, 3], [2, 3, 4]) == pytest.approx(2 / 9)
    assert a12([1, 2], [1, 2]) == 0.5
    with pytest.raises(ValueError, match="0 and 1 values"):
        a12([], [1])


def test_a12_of_twice_the_draws() -> None:
    """[5]: best of 20 v. best of 10 of 0..9 with replacement."""
    steps = np.arange(11) / 10

    def mass(draws: int) -> np.ndarray:
        return np.diff(steps**draws)

    exact = sum(mass(20)[i] * (mass(10)[:i].sum() + mass(10)[i] / 2) for i in range(10))
    assert exact == pytest.approx(0.61819, abs=5e-6)
    rng = np.random.default_rng(1)
    ours = a12(rng.integers(10, size=(20_000, 20)).max(axis=1), rng.integers(10, size=(20_000, 10)).max(axis=1))
    assert ours == pytest.approx(exact, abs=0.01)


def test_paired_win_rate() -> None:
    assert paired_win_rate([-1, -2, 0, 3]) == 0.625
    assert np.isnan(paired_win_rate([]))


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    """4 x .005, 3 x .01, 2 x .03, and .04 may not be less than that."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_corrections_agree_with_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    p_values = np.random.default_rng(9).random(20).round(1) ** 2  # with ties, and with 0 and 1
    assert holm(p_values.tolist()) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert benjamini_hochberg(p_values.tolist()) == pytest.approx(multipletests(p_values, method="fdr_bh")[1])
    assert holm([0.9, 0.8]) == [1, 1]


def test_q_values_of_everything_exploratory() -> None:
    """The largest p counts once, the one before it 4/3, and none exceeds the next."""
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert benjamini_hochberg([]) == []
    assert benjamini_hochberg([0.01, np.nan, 0.03]) == pytest.approx([0.02, np.nan, 0.03], nan_ok=True)


def test_cliff_delta() -> None:
    """[5]"""
    assert cliff_delta([1, 2, 3], [2, 3, 4]) == pytest.approx(-5 / 9)
    assert cliff_delta([1, 2], [1, 2]) == 0


def test_wilcoxon_splits_zeros() -> None:
    """[16]. With a zero, two of 32 patterns of signs are as far out on either side: its own sign does not matter.

    Three zeros take ranks 1 to 3 with them: of the subsets of {4, 5, 6, 7}, six of 16 sum to 4 + 5 or less.
    """
    assert wilcoxon_p([1, 2, 3, 4, 5]) == 0.0625
    assert wilcoxon_p([0, 1, 2, 3, 4]) == pytest.approx(4 / 32)
    assert wilcoxon_p([0, 0, 0, -1, -2, 3, 4]) == pytest.approx(2 * 6 / 16)
    assert wilcoxon_p([3, -3, 1, -1]) == 1


def test_wilcoxon_of_nothing() -> None:
    assert wilcoxon_p([0.0] * 30) == 1
    assert wilcoxon_p([0.0]) == 1
    assert wilcoxon_p([2.0]) == 1
    assert np.isnan(wilcoxon_p([]))
    assert np.isnan(wilcoxon_p([1.0, np.nan]))


@pytest.mark.parametrize(("rate", "pairs"), [(0.6, 194), (0.7, 47), (0.8, 20), (0.9, 10)])
def test_the_detectable_win_rate_of_so_many_pairs(rate: float, pairs: int) -> None:
    """The sign-test pairs of section 4.5, which are a normal approximation; and exactly."""
    assert detectable_win_rate(pairs) == pytest.approx(rate, abs=0.02)
    for level in (0.05, 0.05 / 12):
        assert sign_test_power(pairs, detectable_win_rate(pairs, level=level), level) == pytest.approx(0.8)


def test_few_pairs_detect_nothing() -> None:
    assert detectable_win_rate(0) == detectable_win_rate(5) == 1  # five of five have a p of .0625
    assert 0.9 < detectable_win_rate(6) < 1
    assert detectable_win_rate(6, level=0.05 / 12) == 1


@pytest.mark.parametrize(("rate", "pairs"), [(0.6, 194), (0.7, 47), (0.8, 20), (0.9, 10)])
def test_the_exact_sign_test_has_about_the_power_that_was_asked_for(rate: float, pairs: int) -> None:
    assert sign_test_power(pairs, rate) == pytest.approx(0.8, abs=0.07)
    assert sign_test_power(pairs, 1 - rate) == pytest.approx(sign_test_power(pairs, rate))


def test_the_sign_test_of_ten_pairs_by_hand() -> None:
    """It rejects at 0, 1, 9 or 10 wins: 22 of 1024."""
    assert sign_test_power(10, 0.5) == pytest.approx(22 / 1024)
    assert sign_test_power(10, 0.5, level=22 / 1024) == pytest.approx(22 / 1024)
    assert sign_test_power(10, 0.5, level=21.9 / 1024) == pytest.approx(2 / 1024)
    assert sign_test_power(5, 1.0) == 0


def test_sign_flips_are_exact_for_few_pairs() -> None:
    from scipy.stats import permutation_test

    differences = np.random.default_rng(3).normal(0.4, 1, size=9).round(1)
    exact = permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert _resampling(9).p_values(differences[:, None]) == pytest.approx([exact.pvalue])
    assert _resampling(5).p_values(np.ones((5, 1))) == pytest.approx([0.0625])


def test_sign_flips_of_many_pairs() -> None:
    from scipy.stats import ttest_1samp

    differences = np.random.default_rng(4).normal([0.3, 0.0], 1, size=(60, 2))
    by_t = ttest_1samp(differences, 0).pvalue
    assert _resampling(60).p_values(differences) == pytest.approx(by_t, abs=0.02)
    assert _resampling(60).p_values(np.ones((60, 1))) == pytest.approx([1 / 10_000])
    assert _resampling(60).p_values(np.zeros((60, 1))).tolist() == [1]


def test_bca_agrees_with_scipy() -> None:
    """On data so skewed that the percentile interval is 5 to 8 % higher at both ends."""
    from scipy.stats import bootstrap

    skewed = np.random.default_rng(5).exponential(size=(30, 2)) ** 2

    def ratio(first: np.ndarray, second: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(first.mean(axis=axis) / second.mean(axis=axis))

    theirs = bootstrap(
        tuple(skewed.T), ratio, paired=True, n_resamples=9_999, method="BCa", rng=np.random.default_rng(6)
    ).confidence_interval
    ours = _resampling(30).interval(skewed, lambda means: means[..., 0] / means[..., 1])
    assert ours.value == pytest.approx(skewed[:, 0].mean() / skewed[:, 1].mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.02)


@pytest.mark.slow
def test_bca_covers_the_mean_of_skewed_data() -> None:
    rng = np.random.default_rng(7)
    resampling = _resampling(30, draws=1_999)
    found = [resampling.interval(rng.exponential(size=(30, 1)), lambda means: means[..., 0]) for _ in range(400)]
    assert 0.89 < np.mean([interval.low <= 1 <= interval.high for interval in found]) < 0.98


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_an_interval_of_constant_data_is_a_point(value: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interval = _resampling(20).interval(np.full((20, 1), value), lambda means: means[..., 0])
    assert (interval.value, interval.low, interval.high) == pytest.approx((value, value, value))


def test_an_interval_of_a_censored_statistic_stays_within_it() -> None:
    samples = np.random.default_rng(8).random((30, 1))
    interval = _resampling(30).interval(samples, lambda means: np.minimum(means[..., 0], 0.1))
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.1, 0.1, 0.1))


@pytest.mark.parametrize(
    ("pairs", "draws", "smallest"), [(5, 99, 2 / 2**5), (13, 99, 2 / 2**13), (14, 99, 1 / 100), (14, 99_999, 2 / 2**14)]
)
def test_the_smallest_p_is_of_all_flips_where_they_are_few(pairs: int, draws: int, smallest: float) -> None:
    resampling = _resampling(pairs, draws=draws)
    assert resampling.attainable_p == smallest
    if pairs <= 13:
        assert resampling.p_values(np.ones((pairs, 1)))[0] == smallest


def test_an_interval_leaves_the_global_random_state_alone() -> None:
    name, words, place, *_ = np.random.get_state()  # noqa: NPY002
    _resampling(20).interval(np.random.default_rng(0).random((20, 1)), lambda means: means[..., 0])
    after = np.random.get_state()  # noqa: NPY002
    assert (after[0], after[2]) == (name, place)
    assert (after[1] == words).all()


def test_resampling_needs_two_pairs() -> None:
    with pytest.raises(ValueError, match="got 1"):
        _resampling(1)
