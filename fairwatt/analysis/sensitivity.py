"""Whether a verdict survives other ways to keep the books: the specification's sections 0.5, 0.8 and 4.6, rule 5.

Significance is asked for once, in the primary cell. A cell flips where its effect differs from the primary one (paired
interaction test on the same seeds, p < .05, uncorrected: the error is on the side of doubt) and says something else:
the other sign, or another class of effect. Half and twice the budget flip by sign only, since how large an advantage is
may well depend on how much there is to spend.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.protocol import LEVEL, MEDIUM_WIN_RATE
from fairwatt.analysis.statistics import PairedResampling, paired_win_rate
from fairwatt.books import Book, neighbouring_books, sensitivity_books
from fairwatt.ledger import StreamTooShortError
from fairwatt.problem import Tariff

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SensitivityCell:
    """The effect of an arm v. the reference under other books.

    required: whether a claim needs it; neighbouring budgets are looked at where they happen to be recorded.
    recorded: False where the streams are too short for these books; then the numbers are NaN and `note` says why.
    win_rate: paired, of the arm. difference: mean of arm - reference. interaction_p: of no difference from the
    primary cell.
    """

    name: str
    required: bool
    recorded: bool
    win_rate: float
    difference: float
    interaction_p: float
    flips: bool
    note: str


def sensitivity_cells(
    endpoints: Endpoints,
    arms: tuple[str, str],
    seeds: Sequence[int],
    primary: Book,
    indicator: str,
    resampling: PairedResampling,
    tariff: Tariff,
) -> tuple[SensitivityCell, ...]:
    """All cells but the primary one: policies, currencies, neighbouring budgets."""
    others = sensitivity_books(primary.policy, primary.budget, tariff)[1:]
    neighbours = neighbouring_books(primary.policy, primary.budget)
    base = _differences(endpoints, arms, seeds, primary, indicator)
    found: dict[str, Array] = {}
    missing: dict[str, str] = {}
    for book in (*others, *neighbours):
        try:
            found[book.name] = _differences(endpoints, arms, seeds, book, indicator)
        except StreamTooShortError as error:
            missing[book.name] = f"not recorded: {error}"
    columns = np.column_stack([differences - base for differences in found.values()]) if found else base[:, None]
    p_values = dict(zip(found, resampling.p_values(columns).tolist(), strict=False))
    by_sign_only = {book.name for book in neighbours}
    cells = []
    for book in (*others, *neighbours):
        required = book.name not in by_sign_only
        if book.name in missing:
            cells.append(
                SensitivityCell(book.name, required, False, math.nan, math.nan, math.nan, False, missing[book.name])
            )
            continue
        differences, p = found[book.name], p_values[book.name]
        reversed_ = bool(np.sign(differences.mean()) * np.sign(base.mean()) < 0)
        changed = effect_class(paired_win_rate(differences)) != effect_class(paired_win_rate(base))
        cells.append(
            SensitivityCell(
                name=book.name,
                required=required,
                recorded=True,
                win_rate=paired_win_rate(differences),
                difference=float(differences.mean()),
                interaction_p=p,
                flips=p < LEVEL and (reversed_ or (changed and book.name not in by_sign_only)),
                note="other sign" if reversed_ else "other class" if changed else "",
            )
        )
    return tuple(cells)


def effect_class(win_rate: float) -> int:
    """1 where the arm wins at least a medium share, -1 where its opponent does, else 0."""
    return int(win_rate >= MEDIUM_WIN_RATE) - int(1.0 - win_rate >= MEDIUM_WIN_RATE)


def _differences(
    endpoints: Endpoints, arms: tuple[str, str], seeds: Sequence[int], book: Book, indicator: str
) -> Array:
    arm, reference = (endpoints.values(name, book, indicator, seeds) for name in arms)
    return arm - reference
