"""What becomes of every claim in every sensitivity cell: the numbers of the heat map and of the headline."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from fairwatt.analysis.outcome import CLAIMS, Outcome, Verdict
from fairwatt.analysis.sensitivity import SensitivityCell, effect_class
from fairwatt.books import PRIMARY
from fairwatt.budget import CURRENCIES

if TYPE_CHECKING:
    import pandas as pd


class State(StrEnum):
    """What a cell says of a claim. NO_CLAIM: the verdict claims nothing that could flip."""

    HOLDS = "holds"
    WEAKER = "weaker"
    FLIPS = "flips"
    NOT_RECORDED = "not recorded"
    NO_CLAIM = "no claim"


def heat_map(verdicts: Sequence[Verdict]) -> "pd.DataFrame":
    """One row for each verdict that is not void and each cell, the primary one first.

    Columns: kind, budget, arm, reference, outcome, cell, state, win_rate (of the arm), difference, interaction_p,
    seeds, note. A claim is weaker where the effect has not its sign, or is of a class nearer to none, and no
    interaction test says that this is more than chance; EQUIVALENT, where the effect is of another class.
    """
    import pandas as pd

    columns = ("kind", "budget", "arm", "reference", "outcome", "cell", "state", "win_rate", "difference")
    rows = []
    for verdict in verdicts:
        if verdict.outcome is Outcome.VOID:
            continue
        pair = (verdict.kind, verdict.budget, verdict.arm, verdict.reference, str(verdict.outcome))
        claims = verdict.outcome in CLAIMS
        first = State.HOLDS if claims else State.NO_CLAIM
        effect = (verdict.win_rate, verdict.difference.value)
        rows.append((*pair, PRIMARY, str(first), *effect, math.nan, verdict.seeds, ""))
        rows += [
            (
                *pair,
                cell.name,
                str(_state(verdict, cell, claims)),
                cell.win_rate,
                cell.difference,
                cell.interaction_p,
                cell.seeds,
                cell.note,
            )
            for cell in verdict.cells
        ]
    return pd.DataFrame(rows, columns=[*columns, "interaction_p", "seeds", "note"])


def flip_shares(verdicts: Sequence[Verdict], currency: str) -> "pd.DataFrame":
    """Of the verdicts that claim something, how many flip in which cell.

    currency: of the primary books; the others come first, whether anything is claimed or not. Columns: cell, flips,
    recorded (claims for which the cell is recorded), share (of those; NaN for none), claims (all).
    """
    import pandas as pd

    claims = [verdict for verdict in verdicts if verdict.outcome in CLAIMS]
    currencies = [f"currency={name}" for name in CURRENCIES if name != currency]
    names = dict.fromkeys([*currencies, *(cell.name for verdict in claims for cell in verdict.cells)])
    rows = []
    for name in names:
        cells = [cell for verdict in claims for cell in verdict.cells if cell.name == name and cell.recorded]
        flips = sum(cell.flips for cell in cells)
        share = flips / len(cells) if cells else math.nan
        rows.append((name, flips, len(cells), share, len(claims)))
    return pd.DataFrame(rows, columns=["cell", "flips", "recorded", "share", "claims"])


def _state(verdict: Verdict, cell: SensitivityCell, claims: bool) -> State:
    if not cell.recorded:
        return State.NOT_RECORDED
    if not claims:
        return State.NO_CLAIM
    if cell.flips:
        return State.FLIPS
    towards = 1 if verdict.difference.value < 0 else -1  # the arm's mean is lower
    here, primary = (towards * effect_class(rate) for rate in (cell.win_rate, verdict.win_rate))
    if verdict.outcome is Outcome.EQUIVALENT:
        return State.HOLDS if here == primary else State.WEAKER
    return State.WEAKER if here < primary or towards * cell.difference >= 0 else State.HOLDS
