"""What a search holds after each answered request, and so at any spent amount under any books.

Selection is on validation, at full fidelity only, ties to the earlier; what was selected is then valued by the truth.
Steps are right-continuous: a request counts from the moment it is paid in full.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.accounts import Account, Closing
from fairwatt.analysis.truth import NOTHING, Truth
from fairwatt.books import Book
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Tariff
from fairwatt.records import Request, Run
from fairwatt.standing import Standing, standings

Array = NDArray[np.float64]

INDICATORS = (
    *("regret", "val_error"),
    *("hypervolume_regret", "val_hypervolume_regret", "hypervolume_regret_log_energy"),
)
"""Steps of a trajectory. The two on validation are those that random search's closed form predicts."""


def incumbents(requests: Sequence[Request], truth: Truth) -> NDArray[np.int64]:
    """[N + 1] place of the incumbent after 0..N answered requests; NOTHING before the first full training."""
    held = np.full(len(requests) + 1, NOTHING, dtype=np.int64)
    lowest, place = np.inf, NOTHING
    for after, request in enumerate(requests, 1):
        trial = request.trial
        if trial.fidelity == 1.0 and trial.val_error < lowest and request.key is not None:
            lowest, place = trial.val_error, truth.place(request.key)
        held[after] = place
    return held


def archives(requests: Sequence[Request], truth: Truth) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """The sets of full trainings that none dominates on observed (energy, validation error).

    Returns [N + 1] which set is held after 0..N answered requests, and the sets: places, in the order of arrival.
    """
    version = np.zeros(len(requests) + 1, dtype=np.int64)
    sets: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    held: list[tuple[float, float, int]] = []
    for after, request in enumerate(requests, 1):
        energy, error = request.trial.energy_kwh, request.trial.val_error
        if (
            request.trial.fidelity == 1.0
            and request.key is not None
            and not any(e <= energy and v <= error for e, v, _ in held)
        ):
            held = [member for member in held if not (energy <= member[0] and error <= member[1])]
            held.append((energy, error, truth.place(request.key)))
            sets.append(np.array([place for _, _, place in held], dtype=np.int64))
        version[after] = len(sets) - 1
    return version, sets


class _Differing(NamedTuple):
    """What of a stream policies differ in: impossible questions, the same one twice, several lengths of a training."""

    invalid: bool
    repeated: bool
    continued: bool

    @classmethod
    def of(cls, requests: Sequence[Request]) -> "_Differing":
        valid = [(r.key, r.replicate, r.trial.fidelity) for r in requests if r.key is not None]
        distinct = set(valid)
        return cls(
            invalid=len(valid) < len(requests),
            repeated=len(distinct) < len(valid),
            continued=len({training[:2] for training in distinct}) < len(distinct),
        )


@lru_cache(maxsize=1_024)
def _alike(policy: AccountingPolicy, stream: _Differing) -> AccountingPolicy:
    """The one policy that stands for all that price such a stream as this one does."""
    usual = AccountingPolicy()
    fidelity = policy.fidelity if stream.continued else usual.fidelity
    twice = stream.repeated or (stream.continued and fidelity == "continue")
    return replace(
        policy,
        currency="energy",
        exhaustion="abort_no_credit",
        invalid=policy.invalid if stream.invalid else usual.invalid,
        fidelity=fidelity,
        duplicates=policy.duplicates if twice else usual.duplicates,
    )


class Trajectory:
    """One recorded run, valued by the truth: everything analysis asks of it."""

    def __init__(self, run: Run, truth: Truth) -> None:
        self.run = run
        self.tariff = Tariff.from_json(run.header.tariff)
        self._truth = truth
        self._differing = _Differing.of(run.requests)
        self._accounts: dict[AccountingPolicy, Account] = {}  # also of policies that price alike: looked up often
        self._steps: dict[str, Array] = {}

    @cached_property
    def incumbents(self) -> NDArray[np.int64]:
        """[N + 1] places; see `incumbents`."""
        return incumbents(self.run.requests, self._truth)

    @cached_property
    def archives(self) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
        """Versions [N + 1] and sets of places; see `archives`."""
        return archives(self.run.requests, self._truth)

    @cached_property
    def _standings(self) -> list[Standing]:
        return standings(self.run.requests)

    def account(self, policy: AccountingPolicy) -> Account:
        """The priced stream; policies that price this stream alike share one."""
        account = self._accounts.get(policy)
        if account is None:
            alike = _alike(policy, self._differing)
            account = self._accounts.get(alike) or Account(self.run, alike, self._standings)
            self._accounts[alike] = self._accounts[policy] = account
        return account

    def close(self, book: Book) -> Closing:
        """Where the run ends under these books. Raises StreamTooShortError."""
        return self.close_at(book.policy, book.budget.resolve(book.policy.currency, self.tariff))

    def close_at(self, policy: AccountingPolicy, budget: int) -> Closing:
        """As of `close`, at a budget in billionths of the policy's currency."""
        return self.account(policy).close(policy, budget)

    def steps(self, indicator: str) -> Array:
        """[N + 1] value after 0..N answered requests. Raises UnknownNameError."""
        if indicator not in INDICATORS:
            raise UnknownNameError("indicator", indicator, INDICATORS)
        if indicator not in self._steps:
            self._steps[indicator] = self._compute(indicator)
        return self._steps[indicator]

    def final(self, indicator: str, book: Book) -> float:
        """The value at the end of these books. Raises StreamTooShortError."""
        return float(self.steps(indicator)[self.close(book).credited])

    def curve(self, indicator: str, book: Book, spent: Sequence[int]) -> Array:
        """[G] values at spent amounts [G], in billionths; from the budget on, and after an early end, the final value.

        So a request that overshoots the budget counts at the budget, though it costs more, where the books credit it.
        """
        totals = self.account(book.policy).spent(book.policy.currency)
        credited = self.close(book).credited
        budget = book.budget.resolve(book.policy.currency, self.tariff)
        counts = [credited if amount >= budget else bisect_right(totals, amount, hi=credited) for amount in spent]
        values: Array = self.steps(indicator)[counts]
        return values

    def path(self, indicator: str, book: Book) -> tuple[Array, Array]:
        """Amounts spent [N + 1], ascending from 0 in billionths, and the value from each on, until the books close.

        As of `curve`, a credited request that overshoots the budget counts at the budget.
        """
        credited, budget = self.close(book).credited, book.budget.resolve(book.policy.currency, self.tariff)
        totals = self.account(book.policy).spent(book.policy.currency)[:credited]
        amounts = np.array([0, *totals], dtype=np.float64)  # of exact sums; beyond 64 bits too
        return np.minimum(amounts, budget), self.steps(indicator)[: credited + 1]

    def _compute(self, indicator: str) -> Array:
        truth = self._truth
        match indicator:
            case "regret":
                return truth.regret(self.incumbents)
            case "val_error":
                return truth.incumbent_val_error(self.incumbents)
            case "hypervolume_regret":
                scale, points = truth.test_front, truth.test_points
            case "val_hypervolume_regret":
                scale, points = truth.val_front, truth.val_points
            case _:
                scale, points = truth.log_front, truth.log_points
        version, sets = self.archives
        steps: Array = scale.hypervolume_regrets(points(np.concatenate(sets)), [len(held) for held in sets])[version]
        return steps
