"""Mean ranks over what was spent, their bands, and where arms change places."""

import numpy as np
import pytest
from synthetic import world

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.ranks import Ranks, crossing_table, crossings, rank_table, ranks_of
from fairwatt.analysis.verdict import Comparison, Protocol

SPACE = world(400)
PROTOCOL = Protocol(budgets=("10 full", "30 full"))
SINGLE = RANKINGS[0]
ORDER = np.argsort(SPACE.reference.val_error).tolist()


def _ranks(runs: list) -> Ranks:
    comparison = Comparison(runs, SPACE.reference, PROTOCOL)
    return ranks_of(comparison.endpoints, SINGLE, comparison.books)


def test_mean_ranks_lie_in_their_bands_and_ties_have_none() -> None:
    table = rank_table(_ranks([SPACE.random_search(arm, s, 60) for arm in ("rs", "a", "b") for s in range(12)]))
    assert ((table["low"] <= table["mean_rank"]) & (table["mean_rank"] <= table["high"])).all()
    wide = table.pivot(index="spent_full", columns="arm", values="mean_rank")
    assert wide.iloc[0].tolist() == [2, 2, 2]
    assert wide.sum(axis=1).tolist() == pytest.approx([6] * len(wide))
    widths = (table["high"] - table["low"]).groupby(table["arm"]).agg(["first", "last"])
    assert (widths["first"] == 0).all()
    assert (widths["last"] > 0.3).all()
    assert set(table["seeds"]) == {12}


def test_a_band_is_that_of_means_of_ranks() -> None:
    """Two arms without ties: a mean rank is 1 plus a share of 40 seeds, and its band about 1.96 binomial errors."""
    ranks = _ranks([SPACE.random_search(arm, seed, 60, initial=0) for arm in ("rs", "a") for seed in range(40)])
    share = ranks.mean[0, -1] - 1
    last = rank_table(ranks).groupby("arm").last().loc["rs"]
    error = np.sqrt(share * (1 - share) / 40)
    assert last["high"] - last["low"] == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_without_two_arms_there_is_nothing_to_rank() -> None:
    comparison = Comparison([SPACE.random_search("rs", 0, 60)], SPACE.reference, PROTOCOL)
    for ranking in RANKINGS:
        ranks = ranks_of(comparison.endpoints, ranking, comparison.books)
        assert rank_table(ranks).empty
        assert crossing_table(ranks).empty


def test_a_turn_is_clear_where_both_sides_are() -> None:
    difference = np.array([0, 1, 5, 0, -1, 1, -1, -6, -2, 3, -3.0])
    assert list(crossings(difference, 4)) == [(4, False), (5, False), (6, True), (9, False), (10, False)]
    assert list(crossings(difference, 5.5))[2] == (6, False)  # before it nothing is sure
    assert not any(clear for _, clear in crossings(-difference, 6))
    assert list(crossings(np.array([0, 0, 2, 0, 2.0]), 1)) == []


def test_a_band_covers_the_whole_curve_in_95_of_100_samples() -> None:
    """Samples stray from the mean by 0, .1, ... 9.9 at their worst place: 9.405 is the 95th of 100 such numbers."""
    for stray, clear in ((9.3, False), (9.5, True)):
        mean = np.array([[0.0, 0.0], [stray, -stray]])
        drawn = np.zeros((2, 100, 2))
        drawn[1] = mean[1]
        drawn[1, np.arange(100), np.arange(100) % 2] += np.arange(100) / 10
        table = crossing_table(Ranks("single", ("rs", "a"), 20, np.array([1.0, 2.0]), mean, drawn))
        assert table["clear"].tolist() == [clear]


def test_who_begins_well_and_who_ends_well() -> None:
    """The sprinter's first training is good and its last; the other one's are better from the tenth on."""
    middling, best = ORDER[100:180], ORDER[:20]
    runs = [SPACE.record([SPACE.ask(middling[s])] * 900, "sprinter", s, ended=True) for s in range(20)]
    for s in range(20):
        asked = [SPACE.ask(key) for key in ORDER[300:309]] + [SPACE.ask(best[s])]
        runs.append(SPACE.record(asked, "rs", s, ended=True))
    table = crossing_table(_ranks(runs))
    (turn,) = table[table["clear"]].to_dict("records")
    assert (turn["arm"], turn["other"]) == ("sprinter", "rs")
    assert turn["spent_full"] == pytest.approx(10, rel=0.15)


def test_clones_have_no_clear_crossings() -> None:
    found = [
        crossing_table(
            _ranks([SPACE.random_search(arm, seed, 60) for arm in ("rs", "a") for seed in range(20 * i, 20 * i + 20)])
        )
        for i in range(12)
    ]
    assert sum(len(table) for table in found) > 12
    assert sum(table["clear"].sum() for table in found) <= 1
