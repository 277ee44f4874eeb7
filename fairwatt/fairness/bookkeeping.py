"""A second opinion on the books: what each recorded request had to cost, reckoned here and not by the ledger.

A fault in the ledger would otherwise vouch for itself: the books of a run file are the ledger's, and reading one keeps
them again with the same ledger. Specification: section 2 and its invariants I1 to I4.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

from fairwatt.budget import component
from fairwatt.overhead import charged_model
from fairwatt.records import End, Request, Run, Status, Trial

_NANO = 10**9
_JOULES_PER_KWH = 3_600_000
_INFINITE = float("inf")
_FREE_PER_TRAINING = 50
_TARIFF_OF_INVALID = {"charge_min": "cheapest", "charge_first_fidelity": "first"}


class Kind(StrEnum):
    """What a request is, given those before it in its search."""

    NEW = "new training"
    LONGER = "longer training of the same network"
    SHORTER = "shorter training of the same network"
    REPEATED = "repeated question"
    INVALID = "impossible proposal"


THREAT_OF = {Kind.NEW: 16, Kind.LONGER: 15, Kind.SHORTER: 15, Kind.REPEATED: 5, Kind.INVALID: 4}
"""Which threat a wrong charge for each kind is."""


_TOLD = ("val_error", "energy_kwh")
"""Objectives, by the name that they have in a trial; a name that is not here is none that this audit can check."""


class Due(NamedTuple):
    """What a request had to cost: billionths of the currency's unit, and of a joule; own: the optimizer's part."""

    kind: Kind
    cost: int
    energy_nj: int
    own: int


class Fault(NamedTuple):
    """What is wrong, and where: row -1 is the search as a whole."""

    threat: int
    space: str
    arm: str
    seed: int
    row: int
    what: str

    def __str__(self) -> str:
        place = f", row {self.row}" if self.row >= 0 else ""
        return f"{self.space}: {self.arm}, seed {self.seed}{place}: {self.what}"


class Books:
    """One run's books, kept a second time from its recorded requests under its own policy.

    dues: [N] of every recorded request, also of those beyond the end of the budget. faults: where rows disagree.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.dues = list(_dues(run))
        self.totals = list(accumulate(due.cost for due in self.dues))
        self.faults = [*_answers(run), *(_rows(run, self.dues) if run.rows else ())]

    def credited(self, budget: int) -> int:
        """How many of the requests are answered within a budget: the counterpart of `Account.close`."""
        header, answered, free = self.run.header, 0, 0
        trainings = -(-budget // max(header.tariff["full"][component(header.policy["currency"])], 1))
        for due, total in zip(self.dues, self.totals, strict=True):
            if total > budget:
                return answered + int(header.policy["exhaustion"] == "overshoot")
            answered += 1
            free += due.cost == due.own
            if total == budget or free > _FREE_PER_TRAINING * trainings:
                break
        return answered


def _dues(run: Run) -> Iterator[Due]:
    header = run.header
    policy, place = header.policy, component(header.policy["currency"])
    model = charged_model(policy["overhead"], header.overhead, header.optimizer)
    tariff = header.tariff.get(_TARIFF_OF_INVALID.get(policy["invalid"], ""), (0, 0, 0, 0))
    free, continues = policy["duplicates"] == "cached_free", policy["fidelity"] == "continue"
    trained: dict[object, dict[float, tuple[int, int]]] = {}  # by network and repeat: prices by length
    for number, request in enumerate(run.requests):
        own = model.cost(number) if model else (0, 0, 0, 0)
        if request.key is None:
            yield Due(Kind.INVALID, tariff[place] + own[place], tariff[0] + own[0], own[place])
            continue
        price = _prices(request, place)
        fidelity, network = request.trial.fidelity, (request.key, request.replicate)
        if (paid := trained.get(network)) is None:
            trained[network] = {fidelity: price}
            yield Due(Kind.NEW, price[0] + own[place], price[1] + own[0], own[place])
            continue
        longest = max(paid)
        kind = Kind.REPEATED if fidelity in paid else Kind.LONGER if fidelity > longest else Kind.SHORTER
        if kind is Kind.REPEATED or (kind is Kind.SHORTER and continues):
            due = (0, 0) if free else price
        elif kind is Kind.LONGER and continues:
            rest = tuple(max(whole - part, 0) for whole, part in zip(price, paid[longest], strict=True))
            due = (price[0] if place == 3 else rest[0]), rest[1]  # a continued training is one evaluation more
        else:
            due = price
        paid[fidelity] = price
        yield Due(kind, due[0] + own[place], due[1] + own[0], own[place])


def _prices(request: Request, place: int) -> tuple[int, int]:
    """From scratch, of what the answer itself says that it took: in the currency, and in energy."""
    energy_kwh = request.trial.energy_kwh
    if energy_kwh == _INFINITE:
        return 0, 0
    energy_nj = round(energy_kwh * _JOULES_PER_KWH * _NANO)  # in this order: the last bit counts
    match place:
        case 0:
            return energy_nj, energy_nj
        case 1:
            return round(request.seconds * _NANO), energy_nj
        case 2:
            return round(request.epochs * _NANO), energy_nj
    return _NANO, energy_nj


def _rows(run: Run, dues: Sequence[Due]) -> Iterator[Fault]:
    """Row by row, each against what is due after what the rows before show as spent."""
    header = run.header
    budget, abort = header.budget, header.policy["exhaustion"] == "abort_no_credit"
    spent, spent_nj = 0, 0

    def fault(threat: int, place: int, what: str) -> Fault:
        return Fault(threat, header.space, header.arm, header.seed, place, what)

    for place, row in enumerate(run.rows):
        left = budget - spent
        if left <= 0:
            yield fault(17, place, "the search goes on after its budget is spent")
            break
        if place >= len(dues):
            yield fault(16, place, "a row of a request that was not recorded")
            break
        due = dues[place]
        if due.cost > left and abort:
            if row.trial is not None or row.test_error is not None:
                yield fault(17, place, f"answered, though it costs {due.cost} and {left} were left")
            elif row.cost != left:
                yield fault(17, place, f"the last charge is {row.cost}, where {left} were left")
            elif row.cost_nj != (part := due.energy_nj * left // due.cost):
                yield fault(17, place, f"the last charge is {row.cost_nj} of energy, where its share is {part}")
        elif row.cost != due.cost or row.cost_nj != due.energy_nj:
            charged, expected = (row.cost, due.cost) if row.cost != due.cost else (row.cost_nj, due.energy_nj)
            what = f"a {due.kind} was charged {charged} instead of {expected}"
            yield fault(THREAT_OF[due.kind], place, what)
            if due.kind is Kind.REPEATED and charged > expected:
                yield fault(10, place, what)
        elif row.trial is None:
            yield fault(16, place, "paid in full, and not answered")
        if row.trial is not None and row.trial is not run.requests[place].trial != row.trial:
            yield fault(16, place, "the answer in the books is not the recorded one")
        spent, spent_nj = spent + row.cost, spent_nj + row.cost_nj
        if (row.spent, row.spent_nj) != (spent, spent_nj):
            yield fault(1, place, f"shows {row.spent} as spent, where the charges add up to {spent}")
            spent, spent_nj = row.spent, row.spent_nj
    yield from _closing(run, spent, fault(1, -1, ""))


def _closing(run: Run, spent: int, blank: Fault) -> Iterator[Fault]:
    budget, end = run.header.budget, run.end
    if spent > budget and run.header.policy["exhaustion"] == "abort_no_credit":
        yield blank._replace(threat=17, what=f"spent {spent} of a budget of {budget}")
    if end is End.EXHAUSTED and spent < budget:
        yield blank._replace(what=f"called exhausted with {budget - spent} of {budget} unspent")
    if end is End.ENDED_EARLY and not run.ended:
        yield blank._replace(what="called ended, where the recording merely stops")


def _wanted(objectives: Sequence[str]) -> Callable[[Trial], tuple[float | None, ...]]:
    """What a trial has to be told for these objectives; None for those that cannot be checked."""
    if tuple(objectives) == ("val_error",):
        return lambda trial: (trial.val_error,)
    if len(objectives) > 1 and set(objectives) <= set(_TOLD):
        return attrgetter(*objectives)  # at once, which takes half the time
    return lambda trial: tuple([getattr(trial, name) if name in _TOLD else None for name in objectives])


def _answers(run: Run) -> Iterator[Fault]:
    """What is wrong with answers, whatever they cost: threats 4, 8 and 9."""
    header, infinite = run.header, _INFINITE
    told = _wanted(header.objectives)
    for place, request in enumerate(run.requests):
        trial, invalid = request.trial, request.trial.status is Status.INVALID
        what, threat = "", 4
        if request.key is None or invalid:
            if request.key is not None or not invalid:
                what = f"an impossible proposal has status {trial.status} and energy {trial.energy_kwh} kWh"
            elif min(trial.val_error, trial.energy_kwh, *trial.losses) < infinite or request.test_error is not None:
                what = f"an impossible proposal has numbers: {trial.val_error}, {trial.energy_kwh} kWh, {trial.losses}"
        elif not (0 < trial.energy_kwh < infinite and trial.val_error < infinite):
            what = f"a network with energy {trial.energy_kwh} kWh and validation error {trial.val_error}"
        elif trial.losses != (wanted := told(trial)):
            threat = 9 if request.test_error in trial.losses else 8
            what = f"told {trial.losses} for the objectives {', '.join(header.objectives)}, which are {wanted}"
        if what:
            yield Fault(threat, header.space, header.arm, header.seed, place, what)
    for row in run.rows:
        if row.trial is None and row.test_error is not None:
            yield Fault(9, header.space, header.arm, header.seed, row.seq, "a test error without an answer")
