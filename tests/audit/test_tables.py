import math

import numpy as np
from small_log import log, search

from fairwatt.audit.tables import incumbent_table, seed_table, spend_table

INF = np.inf


def test_what_was_spent_and_asked_for() -> None:
    made = log(
        [
            search(
                "rs",
                0,
                [0.5, INF, 0.5, 0.4],
                configs=["a", None, "a", "b"],
                costs=[1, 0, 1, 2],
                fidelities=[4, 4, 4, 12],
            ),
            search("rs", 1, [0.6, 0.5], configs=["c", "a"], costs=[1, 1], fidelities=[4, 4]),
            search("x", 0, [0.5], configs=[None]),
        ]
    )
    rs, x = spend_table(made).to_dict("records")
    assert (rs["proposals_min"], rs["proposals_median"], rs["proposals_max"]) == (2, 3.0, 4)
    assert (rs["cost_mean"], rs["cost_min"], rs["cost_max"]) == (3.0, 2.0, 4.0)
    assert rs["invalid"] == 0.125  # a quarter of one search, none of the other
    assert math.isclose(rs["repeats"], 1 / 6)
    assert (rs["distinct"], rs["modal"], rs["fidelities"]) == (3, 0.6, "4: 80%, 12: 20%")
    assert math.isnan(x["repeats"])
    assert math.isnan(x["modal"])
    assert x["fidelities"] == "one"


def test_incumbents_at_low_fidelity_are_counted() -> None:
    made = log(
        [
            search("a", 0, [0.1, 0.5], configs=["p", "q"], fidelities=[4, 108], tests=[0.3, 0.6]),
            search("a", 1, [0.4, 0.2], configs=["p", "q"], fidelities=[4, 108], tests=[0.3, 0.4]),
            search("a", 2, [0.4], configs=["p"], fidelities=[4], tests=[0.9]),
        ]
    )
    (row,) = incumbent_table(made).to_dict("records")
    assert math.isclose(row["low"], 2 / 3)
    assert math.isclose(row["without"], 1 / 3)
    assert row["differs"] == 0.5
    assert math.isclose(row["optimism"], 0.2)
    assert math.isclose(row["test_error_any"], 0.35)
    assert math.isclose(row["test_error_full"], 0.5)


def test_one_fidelity_has_no_low_incumbents() -> None:
    (row,) = incumbent_table(log([search("a", 0, [0.1, 0.5])])).to_dict("records")
    assert (row["low"], row["without"], row["differs"], row["optimism"]) == (0.0, 0.0, 0.0, 0.0)


def test_a_method_without_any_result_is_listed() -> None:
    made = log([search("a", 0, [0.1]), *(search("b", seed, [INF, INF]) for seed in range(2))])
    _, b = incumbent_table(made).to_dict("records")
    assert (b["method"], b["searches"], b["without"]) == ("b", 2, 1.0)
    assert math.isnan(b["low"])


def test_what_seeds_can_show() -> None:
    made = log(
        [search(method, seed, [0.5]) for method, first in (("a", 0), ("rs", 18)) for seed in range(first, first + 20)]
    )
    (row,) = seed_table(made, [("s", "a", "rs")], 4).to_dict("records")
    assert (row["searches"], row["reference_searches"], row["shared"], row["gate"]) == (20, 20, 2, True)
    assert row["attainable_holm"] == 4 * row["attainable_p"] > 0
    assert 0.5 < row["detectable_a12"] < 1
    (none,) = seed_table(
        log([search(m, seed, [0.5]) for m in ("a", "rs") for seed in range(3)]), [("s", "a", "rs")], 1
    )[["attainable_p", "detectable_a12"]].to_dict("records")
    assert none["attainable_p"] == 0.1  # 2 of the 20 ways to choose three of six
    assert math.isnan(none["detectable_a12"])
