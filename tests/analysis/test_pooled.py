"""Arms over several spaces. Numbers in brackets: fairness.md, section 6."""

import numpy as np
import pytest

from fairwatt.analysis.pooled import Pool
from fairwatt.analysis.statistics import a12


def _pool(scores: dict[str, dict[str, object]], draws: int = 999) -> Pool:
    return Pool(scores, np.random.default_rng(0), draws=draws)


def _random(spaces: int = 2, seeds: int = 30, gain: float = 0.1) -> dict[str, dict[str, np.ndarray]]:
    """An arm that is better by `gain` under every seed but for a little noise; seeds differ by much more."""
    rng = np.random.default_rng(1)
    found = {}
    for space in range(spaces):
        base = rng.random(seeds) + space
        found[f"space-{space}"] = {"rs": base, "better": base - gain + 0.001 * rng.standard_normal(seeds)}
    return found


def test_the_interquartile_mean() -> None:
    """[16]: over all runs of all spaces, not the mean of means."""
    table = _pool({"a": {"x": [1, 2, 3, 100]}, "b": {"x": [5, 6, 8, -50]}}).iqm()
    assert table["value"].tolist() == [(2 + 3 + 5 + 6) / 4]
    (iqm,) = _pool({"a": {"x": range(1, 9)}}).iqm()["value"]
    assert iqm == 4.5


def test_the_optimality_gap_is_not_paid_back() -> None:
    pool = _pool({"a": {"x": [0.0, 0.2, 0.4, 0.6]}})
    assert pool.optimality_gap()["value"].tolist() == pytest.approx([0.3])
    assert pool.optimality_gap(0.3)["value"].tolist() == pytest.approx([(0.1 + 0.3) / 4])


def test_profiles_count_runs_at_or_below() -> None:
    pool = _pool({"a": {"x": [0.1, 0.2]}, "b": {"x": [0.2, 0.9]}})
    table = pool.profiles([0.05, 0.2, 0.5, 1.0])
    assert table["share"].tolist() == [0, 0.75, 0.75, 1]
    assert table[["low", "high"]].to_numpy()[[0, 3]].tolist() == [[0, 0], [1, 1]]
    assert table["low"].tolist()[1] == 0.5
    assert table["high"].tolist()[1] == 1


def test_the_probability_of_improvement_is_the_mean_of_a12() -> None:
    scores = _random(gain=0.3)
    expected = np.mean([a12(by_arm["rs"], by_arm["better"]) for by_arm in scores.values()])
    pool = _pool(scores)
    found = pool.improvement("better", "rs")
    assert found.value == pytest.approx(expected)
    assert found.low < expected < found.high
    assert pool.improvement("rs", "better").value == pytest.approx(1 - expected)
    alone = pool.improvement("rs", "rs")  # the same seeds are drawn for both
    assert (alone.value, alone.low, alone.high) == pytest.approx((0.5, 0.5, 0.5))
    assert pool.improvements("rs").to_dict("records") == [
        {"arm": "better", "value": found.value, "low": found.low, "high": found.high}
    ]


def test_arms_are_resampled_together() -> None:
    """Shared luck cancels: the interval of the difference is far narrower than those of the arms."""
    pool = _pool(_random())
    drawn = np.take_along_axis(pool.values[:, None], pool._picked[None], axis=3).mean(axis=(2, 3))  # [A, D]
    assert np.std(drawn[1] - drawn[0]) < 0.01 * np.std(drawn[0])


def test_seeds_are_resampled_within_spaces() -> None:
    """So spaces that differ by 1 add nothing to the interval."""
    rng = np.random.default_rng(2)
    far = _pool({f"space-{m}": {"x": m + 0.01 * rng.random(30)} for m in range(4)}).optimality_gap()
    assert float((far["high"] - far["low"]).iloc[0]) < 0.01


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    """The mean of two spaces of 30 skewed values each; of 200 intervals at 95 %, .89 is four standard errors below."""
    rng = np.random.default_rng(3)
    hits = 0
    for study in range(200):
        scores = {space: {"x": rng.exponential(size=30)} for space in "ab"}
        table = Pool(scores, np.random.default_rng(study), draws=499).optimality_gap()
        hits += float(table["low"].iloc[0]) < 1 < float(table["high"].iloc[0])
    assert 0.88 < hits / 200 < 0.99


def test_blocks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _pool(_random()).iqm()
    monkeypatch.setattr("fairwatt.analysis.pooled._BLOCK", 60 * 7)
    assert _pool(_random()).iqm().equals(whole)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({}, "no space"),
        ({"a": {"x": [1.0]}, "b": {"y": [1.0]}}, "arms differ: x in a, y in b"),
        ({"a": {"x": [1.0]}, "b": {"x": [1.0, 2.0]}}, r"as many seeds in every space, got \[1, 2\]"),
        ({"a": {"x": [np.nan]}}, "finite"),
        ({"a": {"x": []}}, "finite numbers, of one seed or more"),
    ],
)
def test_what_it_refuses(scores: dict[str, dict[str, object]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _pool(scores)
