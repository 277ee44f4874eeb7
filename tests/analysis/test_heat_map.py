"""What becomes of each claim in each cell."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_outcome import CLEAR_WIN

from fairwatt.analysis.heat_map import State, flip_shares, heat_map
from fairwatt.analysis.outcome import Outcome, Verdict
from fairwatt.analysis.sensitivity import SensitivityCell
from fairwatt.analysis.statistics import Interval

CELL = SensitivityCell("duplicates=charged", True, True, 0.8, -0.2, 0.5, False, "", 30)


def _verdict(outcome: Outcome = Outcome.WIN, **cell: Any) -> Verdict:
    return replace(CLEAR_WIN, outcome=outcome, cells=(replace(CELL, **cell),))


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ({}, State.HOLDS),
        ({"win_rate": 0.95, "note": "other class"}, State.HOLDS),
        ({"win_rate": 0.6}, State.WEAKER),
        ({"win_rate": 0.6, "flips": True}, State.FLIPS),
        ({"difference": 0.1}, State.WEAKER),
        ({"difference": 0.0}, State.WEAKER),
        ({"recorded": False, "win_rate": np.nan}, State.NOT_RECORDED),
    ],
)
def test_states_of_a_win(cell: dict[str, Any], state: State) -> None:
    rows = heat_map([_verdict(**cell)])
    assert rows["cell"].tolist() == ["primary", "duplicates=charged"]
    assert rows["state"].tolist() == ["holds", str(state)]
    assert rows["win_rate"].tolist()[0] == 0.8


def test_a_win_of_the_reference_is_read_from_its_side() -> None:
    lost = replace(
        _verdict(win_rate=0.2, difference=0.2), difference=Interval(0.2, 0.1, 0.3), win_rate=0.2, winner="rs"
    )
    assert heat_map([lost])["state"].tolist() == ["holds", "holds"]
    nearer = replace(lost, cells=(replace(CELL, win_rate=0.5, difference=0.1),))
    assert heat_map([nearer])["state"].tolist() == ["holds", "weaker"]


def test_equivalence_is_weaker_where_an_effect_shows() -> None:
    for win_rate, state in ((0.5, "holds"), (0.7, "weaker"), (0.3, "weaker")):
        same = replace(_verdict(Outcome.EQUIVALENT, win_rate=win_rate), win_rate=0.5)
        assert heat_map([same])["state"].tolist() == ["holds", state]


def test_what_claims_nothing_cannot_flip_and_void_is_left_out() -> None:
    rows = heat_map([_verdict(Outcome.INCONCLUSIVE), _verdict(Outcome.VOID)])
    assert rows["state"].tolist() == ["no claim", "no claim"]
    assert heat_map([]).columns.tolist() == rows.columns.tolist()


def test_currencies_head_the_shares_even_where_nothing_is_claimed() -> None:
    shares = flip_shares([_verdict(Outcome.INCONCLUSIVE)], "time")
    assert shares["cell"].tolist() == ["currency=energy", "currency=epochs", "currency=evaluations"]
    assert shares["claims"].tolist() == [0, 0, 0]
    assert shares["share"].isna().all()


def test_shares_are_of_the_claims_for_which_a_cell_is_recorded() -> None:
    name = "currency=time"
    claims = [
        _verdict(name=name, flips=True),
        _verdict(name=name),
        _verdict(name=name, recorded=False),
        _verdict(Outcome.POLICY_DEPENDENT, name=name, flips=True),
    ]
    row = flip_shares(claims, "energy").set_index("cell").loc[name]
    assert row.tolist() == pytest.approx([2, 3, 2 / 3, 4])
