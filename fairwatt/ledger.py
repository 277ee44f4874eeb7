"""The books: the one place where a search is charged.

Costs are integers of a billionth of each currency's unit, so sums are exact; every component of a cost is kept,
one of them, the policy's currency, is what the budget limits. Rules: the specification's sections 0 and 2.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from fairwatt.budget import CURRENCIES, component
from fairwatt.errors import NotAvailableError, UnknownNameError, UserError
from fairwatt.overhead import OverheadModel, charged_model
from fairwatt.problem import Tariff
from fairwatt.records import NO_COST, Charge, Cost, End, Request, Row, Run
from fairwatt.standing import History, Standing, standings

KINDS = ("evaluation", "supernet", "overhead", "tuning")
REPORTED = ("overhead", "tuning")
"""Kinds of live measurements, which this version books beside the budget whatever the policy."""

FREE_PROPOSALS_PER_TRAINING = 50

_AVAILABLE: Mapping[str, tuple[Any, ...]] = {
    "currency": tuple(CURRENCIES),
    "fidelity": ("scratch", "continue"),
    "duplicates": ("cached_free", "charged"),
    "invalid": ("free_capped", "charge_min", "charge_first_fidelity"),
    "exhaustion": ("abort_no_credit", "overshoot"),
    "workers": (1,),
    "overhead": ("excluded_reported", "included_model"),
    "tuning": ("reported",),
    "pue": (1.0,),
}
_PLANNED: Mapping[str, tuple[str, ...]] = {
    "currency": ("co2", "co2_g"),
    "duplicates": ("new_replicate",),
    "invalid": ("charge_fixed",),
    "exhaustion": ("strict_stop", "skip_unaffordable", "partial_credit"),
    "tuning": ("amortised", "included"),
}
_PLANNED_SETTINGS = ("omega", "charge_at", "intensity_g_per_kwh")


class BudgetSpent(Exception):  # noqa: N818 - the name of an event, not of a fault
    """Raised when a closed ledger is charged again."""


@dataclass(frozen=True)
class AccountingPolicy:
    """How the books are kept; its hash stands on every row.

    currency: what the budget limits. fidelity: a longer training of the same network and repeat is paid from
    scratch, or continues the longest one paid. duplicates: a repeated request is answered from the cache, or charged
    again. invalid: an impossible proposal is free (but counted), costs the cheapest training, or the mean first rung.
    exhaustion: a request beyond the budget is charged what is left and answers nothing, or is credited (the
    literature's way, for reproductions only). overhead: the optimizer's own computing is reported beside the books, or
    every proposal is charged for it by a frozen model, in energy and time; it is no epoch and no evaluation. The other
    fields have one value in this version.

    Raises NotAvailableError for values that are specified and not carried out yet, UnknownNameError for others.
    """

    currency: str = "energy"
    fidelity: str = "scratch"
    duplicates: str = "cached_free"
    invalid: str = "free_capped"
    exhaustion: str = "abort_no_credit"
    workers: int = 1
    overhead: str = "excluded_reported"
    tuning: str = "reported"
    pue: float = 1.0

    def __post_init__(self) -> None:
        for name, available in _AVAILABLE.items():
            value = getattr(self, name)
            if value in available and not isinstance(value, bool):
                object.__setattr__(self, name, type(available[0])(value))  # 1 and 1.0 are one policy with one id
                continue
            planned = _PLANNED.get(name, ())
            if value in planned or not isinstance(available[0], str):
                raise NotAvailableError(f"policy {name}", value, available)
            raise UnknownNameError(f"value of policy {name}", str(value), available + planned)

    @classmethod
    def of(cls, settings: Mapping[str, Any], *, resumable: bool = False) -> "AccountingPolicy":
        """A policy from named settings; `fidelity` is the benchmark's own where it is not set.

        Raises NotAvailableError for settings that are specified and not carried out yet, UnknownNameError for others
        that no policy has, and as the constructor.
        """
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name in _PLANNED_SETTINGS:
                raise NotAvailableError(f"policy {name}", settings[name], known)
            if name not in known:
                raise UnknownNameError("policy setting", name, known)
        return cls(**{"fidelity": "continue" if resumable else "scratch", **settings})

    def to_json(self) -> dict[str, Any]:
        """Field names to values."""
        return dict(vars(self))  # which `asdict` would copy deeply, for every run that is read

    @property
    def policy_id(self) -> str:
        """Eight hex digits that name this policy."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:8]


class Entry(NamedTuple):
    """One line of the books. `credited` is False where the charge bought no answer.

    overhead: the part of the cost that is for the optimizer's own computing.
    """

    charge: Charge
    cost: Cost
    spent: Cost
    credited: bool
    overhead: Cost = NO_COST


class Ledger:
    """The account of one search under one policy and one budget.

    budget: billionths of the currency's unit. After `end` is set the account is closed. A run that ends EXHAUSTED
    under `abort_no_credit` has spent exactly its budget. Zero-cost proposals are limited to 50 for each full
    training that the budget affords; beyond that the run is STALLED. overhead: what the policy charges for each
    proposal, which makes none of zero cost another.
    """

    def __init__(
        self, policy: AccountingPolicy, budget: int, tariff: Tariff, overhead: OverheadModel | None = None
    ) -> None:
        if budget <= 0:
            raise UserError(f"a budget is positive, not {budget}")
        if (overhead is None) == (policy.overhead == "included_model"):
            raise ValueError(f"policy overhead = {policy.overhead}, but the model of overhead is {overhead}")
        self.policy = policy
        self.budget = budget
        self.spent = NO_COST
        self.end: End | None = None
        self._tariff = tariff
        self._overhead, self._proposals = overhead, 0
        self._place = component(policy.currency)
        self.beside = dict.fromkeys(REPORTED, NO_COST)
        self._history = History()
        trainings = -(-budget // max(tariff.full[self._place], 1))
        self._free_left = FREE_PROPOSALS_PER_TRAINING * trainings

    def charge(self, kind: str, item: Request | Cost) -> Entry:
        """Charge one request, or an amount that buys no answer.

        kind: "evaluation" with a Request; "supernet", "overhead" or "tuning" with a Cost. The last two are reported
        in `beside` and leave the budget alone. Raises BudgetSpent where the account is closed, ValueError for a
        negative cost.
        """
        if self.end is not None:
            raise BudgetSpent(f"this account closed as {self.end}")
        if kind == "evaluation" and isinstance(item, Request):
            return self._evaluate(item)
        if kind not in KINDS:
            raise UnknownNameError("kind of charge", kind, KINDS)
        if kind == "evaluation" or not isinstance(item, Cost):
            raise TypeError(f"{kind} charges take a {'Request' if kind == 'evaluation' else 'Cost'}")
        if min(item) < 0:
            raise ValueError(f"a cost is not negative: {item}")
        if kind in REPORTED:
            self.beside[kind] = _sum(self.beside[kind], item)
            return Entry(Charge.NEW, item, self.spent, False)
        return self._settle(Charge.NEW, item)._replace(credited=False)

    def _evaluate(self, request: Request) -> Entry:
        charge, cost = self._price(request, self._history.standing(request))
        entry = self._settle(charge, cost, self._overhead.cost(self._proposals) if self._overhead else NO_COST)
        self._proposals += 1
        if cost[self._place] == 0 and self.end is None:
            self._free_left -= 1
            if self._free_left < 0:
                self.end = End.STALLED
        if entry.credited:
            self._history.add(request)
        return entry

    def _settle(self, charge: Charge, cost: Cost, overhead: Cost = NO_COST) -> Entry:
        """Draw on the budget, and close the account where it is used up."""
        if overhead is not NO_COST:
            cost = _sum(cost, overhead)
        amount, left = cost[self._place], self.budget - self.spent[self._place]
        if amount >= left:
            self.end = End.EXHAUSTED
            if amount > left and self.policy.exhaustion == "abort_no_credit":
                part = part_of(cost, left, amount)
                self.spent = _sum(self.spent, part)
                return Entry(Charge.ABORTED, part, self.spent, False, part_of(overhead, left, amount))
        self.spent = _sum(self.spent, cost)
        return Entry(charge, cost, self.spent, True, overhead)

    def _price(self, request: Request, standing: Standing) -> tuple[Charge, Cost]:
        if request.key is None:
            return Charge.INVALID, self._invalid_cost()
        repeated, paid_fidelity, paid = standing
        continues, scratch = self.policy.fidelity == "continue", request.cost
        if repeated or (continues and request.trial.fidelity <= paid_fidelity):
            return (Charge.CACHED, NO_COST) if self.policy.duplicates == "cached_free" else (Charge.NEW, scratch)
        if continues and paid_fidelity:
            rest = [max(a - b, 0) for a, b in zip(scratch, paid, strict=True)]
            return Charge.CONTINUE, Cost(*rest)._replace(nano_evaluations=scratch.nano_evaluations)
        return Charge.NEW, scratch

    def _invalid_cost(self) -> Cost:
        match self.policy.invalid:
            case "charge_min":
                return self._tariff.cheapest
            case "charge_first_fidelity":
                return self._tariff.first
        return NO_COST


def part_of(cost: Cost, left: int, amount: int) -> Cost:
    """What is charged in every currency where only `left` of the amount asked for is left, rounded down."""
    return Cost(*(each * left // amount for each in cost))


def _sum(one: Cost, other: Cost) -> Cost:
    return Cost(one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


class StreamTooShortError(UserError):
    """A recorded stream that stops before another budget or policy would have stopped it: run again."""


def entries(
    requests: Iterable[Request],
    policy: AccountingPolicy,
    budget: int,
    tariff: Tariff,
    overhead: OverheadModel | None = None,
) -> Iterator[tuple[Request, Entry, End | None]]:
    """Replay a stream through a fresh ledger, to its close or the stream's end."""
    ledger = Ledger(policy, budget, tariff, overhead)
    for request in requests:
        entry = ledger.charge("evaluation", request)
        yield request, entry, ledger.end
        if ledger.end is not None:
            return


def prices(
    requests: Sequence[Request],
    policy: AccountingPolicy,
    tariff: Tariff,
    overhead: OverheadModel | None = None,
    standing: Sequence[Standing] | None = None,
) -> Iterator[tuple[Cost, Cost]]:
    """What each request of a stream costs while the account is open, and the part of it that is overhead.

    As of `entries` with a budget beyond the stream, on which no price depends, without its books. standing: `standings`
    of these requests, where several policies are asked about.
    """
    ledger = Ledger(policy, 1, tariff, overhead)
    for number, (request, place) in enumerate(zip(requests, standing or standings(requests), strict=True)):
        _, cost = ledger._price(request, place)
        own = overhead.cost(number) if overhead else NO_COST
        yield (_sum(cost, own) if overhead else cost), own


def price(run: Run, policy: AccountingPolicy, budget: int, budget_text: str) -> Run:
    """The recorded stream of a run under another policy or a smaller budget, without asking the optimizer again.

    Sound because optimizers see neither cost nor budget. Raises StreamTooShortError where the recording stops first,
    NoOverheadModelError where a model is to be charged that the run's header has not.
    """
    header = replace(
        run.header,
        policy=policy.to_json(),
        policy_id=policy.policy_id,
        budget=budget,
        budget_text=budget_text,
    )
    place, policy_id = component(policy.currency), header.policy_id
    rows: list[Row] = []
    end: End | None = None
    model = charged_model(policy.overhead, header.overhead, header.optimizer)
    for request, entry, closed in entries(run.requests, policy, budget, Tariff.from_json(header.tariff), model):
        end, trial = closed, request.trial
        charge, cost, spent, credited, _ = entry
        rows.append(
            Row(  # by position: by name it takes five times as long, of all requests of all runs
                len(rows),
                trial.config,
                trial.fidelity,
                request.key,
                request.replicate,
                charge,
                trial if credited else None,
                request.test_error if credited else None,
                cost[place],
                spent[place],
                cost.energy_nj,
                spent.energy_nj,
                policy_id,
            )
        )
    if end is None:
        if not run.ended:
            reached = rows[-1].spent if rows else 0
            raise StreamTooShortError(
                f"{header.space}/{header.arm}, seed {header.seed}: the recording stops at {reached} of {budget} "
                f"({policy.currency}, policy {header.policy_id}); run the study again with this budget"
            )
        end = End.ENDED_EARLY
    return Run(header, tuple(rows), end, run.requests, run.ended)
