import numpy as np
import pytest
from small_log import log, search

from fairwatt.audit.account import RECORDED, Policy, charges, policies, repeated
from fairwatt.errors import UnknownNameError, UserError

INF = np.inf


def test_each_policy_charges_what_it_says() -> None:
    frame = log(
        [
            search(
                "rs",
                0,
                [0.5, 0.4, INF, 0.5, 0.3],
                configs=["a", "b", None, "a", "a"],
                fidelities=[4, 12, 4, 4, 12],
                costs=[1.0, 3.0, 0.0, 1.2, 3.5],
            )
        ]
    ).frame
    assert repeated(frame).tolist() == [False, False, False, True, False]  # a at another fidelity is another request
    assert charges(frame).tolist() == [1.0, 3.0, 0.0, 1.2, 3.5]
    assert charges(frame, Policy("", "", repeats_free=True)).tolist() == [1.0, 3.0, 0.0, 0.0, 3.5]
    assert charges(frame, Policy("", "", invalid="smallest")).tolist() == [1.0, 3.0, 1.0, 1.2, 3.5]
    assert charges(frame, Policy("", "", invalid="lowest fidelity"))[2] == pytest.approx(1.1)
    assert charges(frame, Policy("", "", invalid=0.02))[2] == 0.02
    assert charges(frame, currency="evaluations").tolist() == [1, 1, 1, 1, 1]  # failed ones too
    assert charges(frame, currency="fidelity").tolist() == [4, 12, 0, 4, 12]
    with pytest.raises(UnknownNameError, match="did you mean 'evaluations'"):
        charges(frame, currency="evaluation")


def test_another_search_and_another_space_are_no_repeat_and_set_no_price() -> None:
    frame = log(
        [
            search("rs", 0, [0.5], configs=["a"]),
            search("rs", 1, [0.5], configs=["a"]),
            search("rs", 0, [0.5, INF], configs=["a", None], space="t", costs=[7.0, 0.0]),
        ]
    ).frame
    assert not repeated(frame).any()
    assert charges(frame, Policy("", "", invalid="smallest")).tolist() == [1.0, 1.0, 7.0, 7.0]


def test_unknown_configurations_are_no_repeats() -> None:
    assert not repeated(log([search("rs", 0, [0.5, 0.5], configs=[None, None])]).frame).any()


def test_only_policies_that_change_something_are_tried() -> None:
    plain = log([search("rs", 0, [0.5, 0.4])]).frame
    assert policies(plain) == (RECORDED,)
    both = log([search("rs", 0, [0.5, INF, 0.5], configs=["a", None, "a"])]).frame
    assert [policy.name for policy in policies(both, 0.5)] == [
        "as recorded",
        "repeats free",
        "repeats free, old limits",
        "invalid: smallest",
        "invalid: 0.5",
    ]
    with pytest.raises(UserError, match="--invalid-cost -1"):
        policies(both, -1.0)
