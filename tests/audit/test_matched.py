from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_log import log, search

from fairwatt.analysis.indicators import hypervolume
from fairwatt.audit.matched import RULES, courses, rules, running
from fairwatt.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

INF = np.inf


def incumbents(frame: "pd.DataFrame", limit: float = INF, endpoint: str = "regret") -> list[float]:
    """What each search holds at a limit: its incumbent's error, or 1 - hypervolume."""
    spent = running(frame)
    return [float(course.held(spent, np.array([limit]))[0]) for course in courses(frame, endpoint)]


def hypervolume_of_first(frame: "pd.DataFrame", limit: float = INF) -> float:
    return 1.0 - incumbents(frame, limit, "hypervolume")[0]


def test_the_request_that_crosses_the_limit_does_not_count() -> None:
    frame = log([search("rs", 0, [0.5, 0.4, 0.3], costs=[1.0, 2.0, 3.0])]).frame
    found = [incumbents(frame, limit)[0] for limit in (0.9, 1.0, 2.9, 3.0, 5.999, 6.0, INF)]
    assert found == [INF, 0.5, 0.5, 0.4, 0.4, 0.3, 0.3]
    (only,) = courses(frame, "regret")
    assert only.closes(running(frame), np.array([0.9, 3.0, 6.0])).tolist() == [0, 2, 3]


def test_sums_of_floats_are_paid_by_their_own_total() -> None:
    frame = log([search("rs", 0, np.linspace(0.9, 0.1, 10_000), costs=0.1)]).frame
    assert incumbents(frame, running(frame)[-1]) == [0.1]
    assert incumbents(frame, 1000.0) == [0.1]  # 10,000 times 0.1 adds up to a little more


def test_free_requests_at_the_limit_are_answered() -> None:
    frame = log([search("rs", 0, [0.5, INF, 0.2], costs=[1.0, 0.0, 0.0])]).frame
    assert incumbents(frame, 1.0) == [0.2]


def test_hypervolume_is_that_of_all_points_so_far_whatever_their_fidelity() -> None:
    rng = np.random.default_rng(3)
    errors, energies = rng.uniform(0, 1, 60).round(1), rng.uniform(0.1, 5, 60).round(1)  # ties in both
    errors[7] = INF
    frame = log(
        [
            search("a", 0, errors, energies=energies, fidelities=rng.choice([4.0, 108.0], 60)),
            search("b", 0, [0.5], energies=[10.0]),
        ]
    ).frame
    points = np.column_stack([energies / 10.0, errors])
    for limit in (0, 1, 5, 8, 30, 60):
        expected = hypervolume(points[:limit][np.isfinite(errors[:limit])], (1, 1)) if limit else 0.0
        assert hypervolume_of_first(frame, limit) == pytest.approx(expected, abs=1e-12)


def test_errors_beyond_one_are_scaled_to_the_space() -> None:
    frame = log([search("a", 0, [30.0, 10.0], energies=[1.0, 2.0]), search("b", 0, [50.0], energies=[4.0])]).frame
    # (1/4, 1/2) and (1/2, 0) within (1, 1)
    assert hypervolume_of_first(frame) == pytest.approx(0.25 * 0.5 + 0.5)


def test_incumbents_are_of_the_highest_fidelity_of_the_space() -> None:
    searches = [
        search("a", 0, [0.1, 0.5, 0.4], fidelities=[4, 108, 108]),
        search("b", 0, [0.2, 0.3], fidelities=[36, 36]),
        search("c", 0, [0.2, 0.3], space="t", fidelities=[36, 36]),
        search("d", 0, [0.2, 0.1], space="u"),
        search("e", 0, [0.2, 0.1], space="v", fidelities=[36, np.nan]),  # unknown: taken for a lower one
    ]
    assert incumbents(log(searches).frame) == [0.4, INF, 0.2, 0.1, 0.2]


def test_courses_follow_every_request() -> None:
    frame = log([search("b", 0, [0.5, INF, 0.6, 0.2]), search("a", 3, [0.9])]).frame
    a, b = courses(frame, "regret")
    assert (a.method, a.seed, a.rows) == ("a", "3", slice(0, 1))
    assert (b.rows, b.answered.tolist(), b.losses.tolist()) == (slice(1, 5), [0, 1, 4], [INF, 0.5, 0.2])
    assert running(frame).tolist() == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert b.spent(running(frame), np.array([0.5, 2.0, 99.0])).tolist() == [0.0, 2.0, 4.0]
    with pytest.raises(ValueError, match="apart"):
        courses(frame.iloc[[1, 0, 2]], "regret")
    with pytest.raises(UnknownNameError, match="did you mean 'regret'"):
        courses(frame, "regrets")


def test_rules_cut_where_they_say() -> None:
    arm, reference = np.array([8.0, 20.0]), np.array([10.0, 12.0, 17.0])
    assert {rule.name: rule.limits(arm, reference) for rule in RULES} == {
        "as recorded": (INF, INF),
        "max": (17.0, INF),
        "mean": (13.0, INF),
        "median": (12.0, INF),
        "min": (10.0, INF),
        "mean, both": (13.0, 13.0),
        "min, both": (10.0, 10.0),
        "common": (8.0, 8.0),
        "quarter": (2.0, 2.0),
    }


def test_searches_that_spent_nothing_are_in_no_smallest_spend() -> None:
    arm, reference = np.array([0.0, 8.0, 20.0]), np.array([10.0, 0.0])
    named = {rule.name: rule.limits for rule in RULES}
    assert named["common"](arm, reference) == (8.0, 8.0)
    assert named["quarter"](reference, arm) == (2.0, 2.0)
    assert named["min"](arm, reference) == (10.0, INF)
    assert named["min, both"](arm, reference) == (10.0, 10.0)
    for name in ("common", "quarter", "min", "min, both"):  # where a whole side spent nothing there is no limit
        assert named[name](arm, np.zeros(2))[0] == 0.0


def test_rules_are_named_or_are_numbers() -> None:
    assert [rule.name for rule in rules("mean,  min both, 7.5")] == ["mean", "min, both", "at 7.5"]
    assert rules("7.5,2")[0].limits(np.ones(1), np.ones(1)) == (7.5, 7.5)
    assert rules("") == RULES
    with pytest.raises(UnknownNameError, match="did you mean 'common'"):
        rules("comon")
    for text in ("0", "-1", "inf", "nan"):
        with pytest.raises(UserError, match="expected a positive number"):
            rules(text)
