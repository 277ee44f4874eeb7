"""Whether a verdict survives other ways to keep the books, and other worlds: sections 0.4-0.6, 0.8, 0.11 and 4.6, 5.

Significance is asked for once, in the primary cell. A cell flips where its effect differs from the primary one (paired
interaction test on the same seeds, p < .05, uncorrected: the error is on the side of doubt) and says something else:
the other sign, no effect at all, or another class of effect. Half and twice the budget flip by sign only, since how
large an advantage is may well depend on how much there is to spend.

A claim needs the policies and the currencies. The other cells count where they are recorded, and are named where they
are not: whether an arm's searches can be priced again under other energies hangs on what it sees, and a claim must not.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.other_worlds import NotRecordedError, World
from fairwatt.analysis.protocol import LEVEL, MEDIUM_WIN_RATE
from fairwatt.analysis.statistics import PairedResampling, paired_win_rate
from fairwatt.books import Book, neighbouring_books, sensitivity_books
from fairwatt.ledger import StreamTooShortError
from fairwatt.problem import Tariff

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SensitivityCell:
    """The effect of an arm v. the reference under other books, or in another world.

    required: whether a claim needs it; the others are looked at where they happen to be recorded. recorded: False where
    the streams do not reach these books, or were not made in this world; then the numbers are NaN and `note` says why.
    win_rate: paired, of the arm. difference: mean of arm - reference. interaction_p: of no difference from the primary
    cell. seeds: on which this rests.
    """

    name: str
    required: bool
    recorded: bool
    win_rate: float
    difference: float
    interaction_p: float
    flips: bool
    note: str
    seeds: int = 0


_CHANGED = ("other sign", "no effect")


class _Tried(NamedTuple):
    """A cell before its interaction test. after, before: [S] differences in this cell and in the primary one."""

    name: str
    required: bool
    by_sign_only: bool
    after: Array
    before: Array
    note: str = ""


def sensitivity_cells(
    endpoints: Endpoints,
    arms: tuple[str, str],
    seeds: Sequence[int],
    primary: Book,
    indicator: str,
    resampling: PairedResampling,
    tariff: Tariff,
    *,
    worlds: Sequence[World] = (),
    of_fewer: Callable[[int], PairedResampling] | None = None,
) -> tuple[SensitivityCell, ...]:
    """All cells but the primary one: policies, currencies, neighbouring budgets, other worlds.

    of_fewer: the resampling of so many pairs, for worlds where some seeds are missing.
    """
    books = [(book, True) for book in sensitivity_books(primary.policy, primary.budget, tariff)[1:]]
    books += [(book, False) for book in neighbouring_books(primary.policy, primary.budget)]
    base = _differences(endpoints, arms, seeds, primary, indicator)
    tried = []
    for book, required in books:
        try:
            after, note = _differences(endpoints, arms, seeds, book, indicator), ""
        except StreamTooShortError as error:
            after, note = base[:0], f"not recorded: {error}"
        tried.append(_Tried(book.name, required, not required, after, base, note))
    places = {seed: place for place, seed in enumerate(seeds)}
    for world in worlds:
        before = base
        try:
            shared, after = world.differences(arms, seeds, primary, indicator)
            before, note = base[[places[seed] for seed in shared]], ""
        except (StreamTooShortError, NotRecordedError) as error:
            after, note = base[:0], f"not recorded: {error}"
        tried.append(_Tried(world.name, False, False, after, before, note))
    p_values = iter(_interactions(tried, resampling, of_fewer))
    return tuple(_cell(cell, next(p_values)) if cell.after.size else _not_recorded(cell) for cell in tried)


def effect_class(win_rate: float) -> int:
    """1 where the arm wins at least a medium share, -1 where its opponent does, else 0."""
    return int(win_rate >= MEDIUM_WIN_RATE) - int(1.0 - win_rate >= MEDIUM_WIN_RATE)


def _interactions(
    tried: Sequence[_Tried], resampling: PairedResampling, of_fewer: Callable[[int], PairedResampling] | None
) -> list[float]:
    """p of each recorded cell, those with equally many pairs together."""
    changes = [cell.after - cell.before for cell in tried if cell.after.size]
    found = [math.nan] * len(changes)
    for pairs in sorted({change.size for change in changes}):
        same = [place for place, change in enumerate(changes) if change.size == pairs]
        resampled = of_fewer(pairs) if of_fewer and pairs != resampling.pairs else resampling
        for place, p in zip(same, resampled.p_values(np.column_stack([changes[i] for i in same])), strict=True):
            found[place] = float(p)
    return found


def _cell(cell: _Tried, p: float) -> SensitivityCell:
    win_rate, mean = paired_win_rate(cell.after), float(cell.after.mean())
    reversed_ = bool(np.sign(mean) != np.sign(cell.before.mean()))  # an effect that is gone has another one, too
    changed = effect_class(win_rate) != effect_class(paired_win_rate(cell.before))
    return SensitivityCell(
        name=cell.name,
        required=cell.required,
        recorded=True,
        win_rate=win_rate,
        difference=mean,
        interaction_p=p,
        flips=p < LEVEL and (reversed_ or (changed and not cell.by_sign_only)),
        note=_CHANGED[int(np.sign(mean) == 0)] if reversed_ else "other class" if changed else "",
        seeds=cell.after.size,
    )


def _not_recorded(cell: _Tried) -> SensitivityCell:
    return SensitivityCell(cell.name, cell.required, False, math.nan, math.nan, math.nan, False, cell.note)


def _differences(
    endpoints: Endpoints, arms: tuple[str, str], seeds: Sequence[int], book: Book, indicator: str
) -> Array:
    arm, reference = (endpoints.values(name, book, indicator, seeds) for name in arms)
    return arm - reference
