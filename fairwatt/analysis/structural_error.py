"""Recorded searches under energies that are structurally wrong: priced again, and judged by a truth that is wrong too.

What was asked stays as it was, so this holds only for searches that did not see the energies: where they are among an
arm's objectives, and differ under the error in what it was told, the search has to be run again. What the ledger made
of a request (new, continued, from the cache, invalid) hangs on no price and shows in the epochs that it charged; the
tests hold what is charged here against `ledger.price` of the stream with other energies.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.accounts import Account
from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.trajectories import Trajectory, archives
from fairwatt.analysis.truth import Truth
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.energy_error import EnergyError
from fairwatt.errors import UserError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Reference, Tariff
from fairwatt.records import JOULES_PER_KWH, NANO, Cost, Key, Request

Array = NDArray[np.float64]

ENERGY = "energy_kwh"
"""The objective through which an arm sees energies."""
_PLACE = component("energy")
_MOST_NJ = 2.0**62  # 1,281 kWh; sums beyond are Python's
_OF_INVALID = {"charge_min": "cheapest", "charge_first_fidelity": "first"}


class StreamWouldChangeError(UserError):
    """A recorded stream that other energies would have turned: run it again."""


class WrongEnergies(Endpoints):
    """The endpoints of a space as they would be under an energy error, of books that count energy.

    streams: `asked` of the same endpoints, shared by all errors.
    """

    def __init__(
        self, base: Endpoints, reference: Reference, error: EnergyError, streams: "dict[tuple[str, int], Asked]"
    ) -> None:
        wrong = error.reference(reference)
        super().__init__([], base.truth.with_energies_of(wrong), base.protocol)
        self.error = error
        self._sees: dict[str, bool] = {}
        self.trajectories = {
            arm: {seed: _WrongEnergy(streams[arm, seed], self.truth, error, wrong.tariff) for seed in sorted(by_seed)}
            for arm, by_seed in base.trajectories.items()
        }

    def values(self, arm: str, book: Book, indicator: str, seeds: Sequence[int]) -> Array:
        """See `Endpoints.values`. Raises StreamWouldChangeError for arms that were told of energies that are wrong."""
        if self.sees(arm):
            raise StreamWouldChangeError(f"what {arm} saw would have changed")
        return super().values(arm, book, indicator, seeds)

    def sees(self, arm: str) -> bool:
        """Whether energies that this arm was told of are other ones: of all trainings, or of shorter ones only."""
        if arm not in self._sees:
            self._sees[arm] = ENERGY in self.header(arm).objectives and (
                self.error.by_key is not None
                or any(
                    request.trial.fidelity < 1.0
                    for trajectory in self.trajectories[arm].values()
                    for request in trajectory.run.requests
                )
            )
        return self._sees[arm]


class _Charged(NamedTuple):
    """What the ledger made of each request [N], whatever the prices.

    trained: paid from scratch, or continued. continued: places of those that go on with the training at `earlier`.
    impossible: invalid proposals. overhead_nj: charged with each for the optimizer's own computing.
    """

    trained: NDArray[np.bool_]
    continued: NDArray[np.intp]
    earlier: NDArray[np.intp]
    impossible: NDArray[np.bool_]
    overhead_nj: NDArray[np.int64]


class Asked:
    """One recorded run as arrays, made once for all errors."""

    def __init__(self, base: Trajectory, truth: Truth) -> None:
        self.base = base
        self._truth = truth
        self._charged: dict[int, _Charged] = {}

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """[N] rows of the reference, 0 for impossible configurations."""
        requests, place = self.base.run.requests, self._truth.place
        return np.array([0 if request.key is None else place(request.key) for request in requests], dtype=np.intp)

    @cached_property
    def fidelities(self) -> Array:
        """[N] lengths of training."""
        return np.array([request.trial.fidelity for request in self.base.run.requests], dtype=np.float64)

    @cached_property
    def energy_kwh(self) -> Array:
        """[N] from scratch, as the search was told; 0 for impossible configurations."""
        requests = self.base.run.requests
        return np.array([0.0 if request.key is None else request.trial.energy_kwh for request in requests])

    def charged(self, policy: AccountingPolicy) -> _Charged:
        """As `policy` has it; policies with one account share it."""
        account = self.base.account(policy)
        if id(account) not in self._charged:
            self._charged[id(account)] = self._charge(account.prices, policy.fidelity == "continue")
        return self._charged[id(account)]

    def _charge(self, prices: Sequence[tuple[Cost, Cost]], continues: bool) -> _Charged:
        requests = self.base.run.requests
        impossible = np.array([request.key is None for request in requests], dtype=bool)
        paid = np.array([cost.nano_evaluations for cost, _ in prices]) > 0  # neither from the cache nor impossible
        continued: list[int] = []
        earlier: list[int] = []
        longest: dict[tuple[Key | None, int], int] = {}
        for place, (request, (cost, _)) in enumerate(zip(requests, prices, strict=True)) if continues else ():
            before = longest.setdefault((request.key, request.replicate), place)
            if 0 < cost.nano_epochs < request.cost.nano_epochs:
                continued.append(place)
                earlier.append(before)
            if request.trial.fidelity > requests[before].trial.fidelity:
                longest[request.key, request.replicate] = place
        return _Charged(
            paid & ~impossible,
            np.array(continued, dtype=np.intp),
            np.array(earlier, dtype=np.intp),
            impossible,
            np.array([overhead.energy_nj for _, overhead in prices], dtype=np.int64),
        )


class _WrongEnergy(Trajectory):
    """One recorded run under an energy error. What does not hang on energies is shared with the run as it was."""

    def __init__(self, asked: Asked, truth: Truth, error: EnergyError, tariff: Tariff) -> None:
        self.run, self.tariff, self._truth = asked.base.run, tariff, truth
        self._asked, self._error = asked, error
        self._by_charges: dict[int, Account] = {}

    def account(self, policy: AccountingPolicy) -> Account:
        """The stream at these prices, in energy."""
        charged = self._asked.charged(policy)
        if id(charged) not in self._by_charges:
            self._by_charges[id(charged)] = _WrongAccount(self, charged, policy)
        return self._by_charges[id(charged)]

    def steps(self, indicator: str) -> Array:
        """[N + 1] value after 0..N answered requests."""
        if "hypervolume" not in indicator or self._error.by_key is None:
            return self._asked.base.steps(indicator)
        return self._compute(indicator)

    @cached_property
    def archives(self) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
        """As of `Trajectory`, of what is observed under the error."""
        return archives(self.requests, self._truth)

    @property
    def requests(self) -> list[Request]:
        """The stream with these energies."""
        return [
            request if request.key is None else replace(request, trial=replace(request.trial, energy_kwh=energy_kwh))
            for request, energy_kwh in zip(self.run.requests, self.energy_kwh.tolist(), strict=True)
        ]

    @property
    def energy_kwh(self) -> Array:
        """[N] of each training from scratch; 0 for impossible ones."""
        return self._asked.energy_kwh * self._error.factors(self._asked.places, self._asked.fidelities)


class _WrongAccount(Account):
    """What each request of a stream is charged in energy, where prices are other ones."""

    def __init__(self, trajectory: _WrongEnergy, charged: _Charged, policy: AccountingPolicy) -> None:
        self._run, self._tariff = trajectory.run, trajectory.tariff
        scratch = np.rint(trajectory.energy_kwh * JOULES_PER_KWH * NANO).astype(np.int64)
        costs = np.where(charged.trained, scratch, 0)
        costs[charged.continued] = np.maximum(scratch[charged.continued] - scratch[charged.earlier], 0)
        if policy.invalid in _OF_INVALID:
            costs[charged.impossible] = getattr(self._tariff, _OF_INVALID[policy.invalid]).energy_nj
        totals = costs + charged.overhead_nj
        exact = totals.sum(dtype=np.float64) < _MOST_NJ
        spent = totals.cumsum().tolist() if exact else list(accumulate(totals.tolist()))
        self._totals = {_PLACE: (spent, np.cumsum(costs == 0).tolist())}
        self._closings = {}
