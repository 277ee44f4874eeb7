"""A recorded stream priced once under each policy; closing its account at any budget is then a look-up.

Prices come from the ledger alone. A request's price does not depend on the budget, so an account that is never closed
holds the running totals of every smaller one, in every currency. The tests hold each closing against `ledger.price`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from fairwatt.budget import CURRENCIES, component
from fairwatt.ledger import (
    FREE_PROPOSALS_PER_TRAINING,
    AccountingPolicy,
    StreamTooShortError,
    part_of,
    prices,
)
from fairwatt.overhead import charged_model
from fairwatt.problem import Tariff
from fairwatt.records import Cost, End, Run
from fairwatt.standing import Standing


class Closing(NamedTuple):
    """Where an account closes: how many requests were answered, and how it ended."""

    credited: int
    end: End


class Account:
    """All requests of one run with their prices under one policy of duplicates, fidelity and invalid proposals."""

    def __init__(self, run: Run, policy: AccountingPolicy, standing: Sequence[Standing] | None = None) -> None:
        """standing: the `standings` of the run's requests, where they are at hand."""
        self._run = run
        self._tariff = Tariff.from_json(run.header.tariff)
        model = charged_model(policy.overhead, run.header.overhead, run.header.optimizer)
        self._prices = list(prices(run.requests, policy, self._tariff, model, standing))
        self._totals: dict[int, tuple[list[int], list[int]]] = {}
        self._closings: dict[tuple[int, int, str], Closing] = {}

    def spent(self, currency: str) -> list[int]:
        """[N] billionths of the currency's unit, charged after each request."""
        return self._running(component(currency))[0]

    @property
    def prices(self) -> Sequence[tuple[Cost, Cost]]:
        """[N] what each request is charged, and the part of it that is for the optimizer's own computing."""
        return self._prices

    def close(self, policy: AccountingPolicy, budget: int) -> Closing:
        """Close at a budget in the currency of `policy`, which must price as this account's policy does.

        Raises StreamTooShortError where the recording stops before the account closes.
        """
        asked = component(policy.currency), budget, policy.exhaustion
        if asked not in self._closings:  # policies that price alike ask for the same closings
            self._closings[asked] = self._close(*asked)
        return self._closings[asked]

    def total(self, policy: AccountingPolicy, budget: int) -> tuple[int, Cost]:
        """How many requests the books show when the account closes, and what they were charged in every currency.

        Raises StreamTooShortError.
        """
        place, (rows, end) = component(policy.currency), self.close(policy, budget)
        spent = Cost(*(self._running(each)[0][rows - 1] if rows else 0 for each in range(len(Cost._fields))))
        if end is not End.EXHAUSTED or spent[place] >= budget:
            return rows, spent
        asked, _ = self._prices[rows]
        part = part_of(asked, budget - spent[place], asked[place])
        return rows + 1, Cost(*map(sum, zip(spent, part, strict=True)))

    def _close(self, place: int, budget: int, exhaustion: str) -> Closing:
        spent, free = self._running(place)
        reached = bisect_left(spent, budget)
        trainings = -(-budget // max(self._tariff.full[place], 1))
        stalled = bisect_right(free, FREE_PROPOSALS_PER_TRAINING * trainings)
        if min(reached, stalled) == len(spent):
            if self._run.ended:
                return Closing(len(spent), End.ENDED_EARLY)
            raise StreamTooShortError(
                f"{self._run.header.arm}, seed {self._run.header.seed}: the recording stops at "
                f"{spent[-1] if spent else 0} of {budget} billionths ({list(CURRENCIES)[place]}); "
                f"run the study again with a larger budget"
            )
        if stalled < reached:
            return Closing(stalled + 1, End.STALLED)
        answered = spent[reached] == budget or exhaustion == "overshoot"
        return Closing(reached + answered, End.EXHAUSTED)

    def _running(self, place: int) -> tuple[list[int], list[int]]:
        """Totals after each request, and how many of the requests were free by then."""
        if place not in self._totals:
            costs = [cost[place] for cost, _ in self._prices]
            free = [int(cost[place] == overhead[place]) for cost, overhead in self._prices]
            self._totals[place] = list(accumulate(costs)), list(accumulate(free))
        return self._totals[place]
