"""The second books: they agree with the ledger under every policy, and they see what is wrong in a row."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from audited import record, table, tampered, with_answer, with_row
from synthetic import EPOCHS, FIDELITIES, INVALID, world

from fairwatt.books import Book, sensitivity_books
from fairwatt.budget import Budget
from fairwatt.fairness.bookkeeping import Books, Kind
from fairwatt.ledger import AccountingPolicy, price
from fairwatt.overhead import OverheadModel
from fairwatt.records import NANO, Charge, End, Request, Run, Status

WORLD = world(20)
RUNS = record("8 full", range(2), long=True)


@pytest.mark.parametrize(
    ("policy", "first", "second"),
    [
        ({}, 10 / 9, 1),
        ({"duplicates": "charged"}, 11 / 9, 2),
        ({"fidelity": "continue"}, 1, 1),
        ({"fidelity": "continue", "duplicates": "charged"}, 10 / 9, 2),
    ],
)
def test_by_hand(policy: dict[str, str], first: float, second: float) -> None:
    """Network 0 short, then in full, network 1 in full; 0 short again, 1 again, and an impossible proposal."""
    low = FIDELITIES[0]
    asked = [(0, low), (0, 1.0), (1, 1.0), (0, low), (1, 1.0), (INVALID, 1.0), (1, low)]
    chosen = AccountingPolicy(**policy)
    books = Books(WORLD.record([WORLD.ask(*each) for each in asked[:-1]], "a", 0, ended=True, policy=chosen))
    kinds = [Kind.NEW, Kind.LONGER, Kind.NEW, Kind.REPEATED, Kind.REPEATED, Kind.INVALID]
    assert [due.kind for due in books.dues] == kinds
    energy = WORLD.reference.energy_kwh
    assert books.totals[-1] / 3.6e15 == pytest.approx(first * energy[0] + second * energy[1])
    longer = Books(WORLD.record([WORLD.ask(*each) for each in asked], "a", 0, ended=True, policy=chosen))
    assert longer.dues[-1].kind is Kind.SHORTER
    owned = policy == {"fidelity": "continue"}
    assert longer.dues[-1].cost == (0 if owned else WORLD.ask(1, low).cost.energy_nj)


def _books(run: Run) -> list[tuple[Book, dict[str, Any]]]:
    tariff = table()[1].tariff
    primary, budget = AccountingPolicy(), Budget.parse("8 full")
    model = OverheadModel(2_000.0, 100.0, 1.5, 10.0).to_json()
    others: list[tuple[Book, dict[str, Any]]] = [(book, {}) for book in sensitivity_books(primary, budget, tariff)]
    small = Budget(Fraction(4), "full")
    for changed in ({"overhead": "included_model"}, {"overhead": "included_model", "currency": "time"}):
        others.append((Book("overhead", replace(primary, **changed), small), {"overhead": model}))
    others.append((Book("overshoot", replace(primary, exhaustion="overshoot"), small), {}))
    return others


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.header.arm}-{run.header.seed}")
def test_they_agree_with_the_ledger_under_every_policy(run: Run) -> None:
    tariff = table()[1].tariff
    for book, fields in _books(run):
        recorded = replace(run, header=replace(run.header, **fields))
        budget = book.budget.resolve(book.policy.currency, tariff)
        priced = price(recorded, book.policy, budget, str(book.budget))
        books = Books(priced)
        assert books.faults == [], book.name
        assert books.credited(budget) == sum(row.trial is not None for row in priced.rows), book.name


def test_a_stalled_search_is_closed_where_the_ledger_closes_it() -> None:
    asked = [WORLD.ask(0), *[WORLD.ask(INVALID)] * 200]
    recorded = WORLD.record(asked, "lost", 0, budget="2 full")
    run = price(recorded, AccountingPolicy(), recorded.header.budget, "2 full")
    assert (run.end, Books(run).credited(run.header.budget)) == (End.STALLED, len(run.rows))


def _free(request: Request) -> Request:
    return replace(request, trial=replace(request.trial, energy_kwh=0.0))


def _numbered(request: Request) -> Request:
    return replace(request, key=None, trial=replace(request.trial, status=Status.INVALID))


def _negated(request: Request) -> Request:
    return replace(request, trial=replace(request.trial, losses=(-request.trial.losses[0],)))


RS = next(run for run in RUNS if (run.header.arm, run.header.seed) == ("rs", 1))
LAST = len(RS.rows) - 1


@pytest.mark.parametrize(
    ("threat", "change", "what"),
    [
        (1, with_row(3, spent=5), "shows 5 as spent"),
        (1, lambda run: replace(run, rows=run.rows[:-1]), "called exhausted with"),
        (1, lambda run: replace(run, rows=run.rows[:-1], end=End.ENDED_EARLY), "merely stops"),
        (4, with_answer(2, _free), "network with energy 0.0 kWh"),
        (4, with_answer(2, _numbered), "impossible proposal has numbers"),
        (4, with_answer(2, lambda request: replace(request, key=None)), "has status ok"),
        (8, with_answer(2, _negated), "told (-"),
        (9, with_row(LAST, test_error=0.5), "without an answer"),
        (16, with_row(3, cost=0), "a new training was charged 0"),
        (16, with_row(3, cost_nj=0), "a new training was charged 0"),
        (16, with_row(3, trial=None, test_error=None), "paid in full, and not answered"),
        (16, with_row(3, trial=RS.rows[2].trial), "not the recorded one"),
        (16, lambda run: replace(run, requests=run.requests[:LAST]), "was not recorded"),
        (17, with_row(LAST, trial=RS.requests[LAST].trial), "answered, though it costs"),
        (17, with_row(LAST, cost=1), "the last charge is 1"),
        (17, with_row(LAST, cost_nj=1), "the last charge is 1 of energy, where its share is"),
        (17, lambda run: replace(run, rows=(*run.rows, run.rows[0])), "goes on after its budget is spent"),
    ],
)
def test_each_fault_is_seen_in_its_row(threat: int, change: Any, what: str) -> None:
    run = next(run for run in tampered(RUNS, "rs", change) if (run.header.arm, run.header.seed) == ("rs", 1))
    shown = [str(fault) for fault in Books(run).faults if fault.threat == threat]
    assert any(what in text and text.startswith("toy-cells: rs, seed 1") for text in shown), Books(run).faults


def test_wrong_prices_of_longer_trainings_and_of_repeats_are_threats_of_their_own() -> None:
    run = next(run for run in RUNS if run.header.arm == "semoa-release")
    kinds = [due.kind for due in Books(run).dues[: len(run.rows)]]
    for kind, threats in ((Kind.LONGER, {15}), (Kind.REPEATED, {5, 10}), (Kind.INVALID, {4})):
        place = kinds.index(kind)
        found = Books(with_row(place, cost=run.rows[place].cost + 1)(run)).faults
        assert {fault.threat for fault in found if fault.row == place} - {1} == threats
    assert run.rows[kinds.index(Kind.REPEATED)].charge is Charge.CACHED


def test_what_overshoots_a_budget_is_a_fault_of_the_whole_search() -> None:
    run = price(RS, replace(AccountingPolicy(), exhaustion="overshoot"), RS.header.budget, "8 full")
    assert Books(run).faults == []  # as that policy says
    strict = replace(run, header=replace(run.header, policy=AccountingPolicy().to_json()))
    assert any(fault.row == -1 and "of a budget of" in fault.what for fault in Books(strict).faults)


def test_a_longer_training_that_is_cheaper_gives_nothing_back() -> None:
    """As by two repeats of one table, or by another device's price."""
    short, long = WORLD.ask(0, FIDELITIES[0]), WORLD.ask(0, 1.0)
    dear = replace(short, trial=replace(short.trial, energy_kwh=2 * long.trial.energy_kwh))
    policy = AccountingPolicy(fidelity="continue")
    run = WORLD.record([dear, long], "a", 0, ended=True, policy=policy)
    books = Books(run)
    assert [(due.cost, due.energy_nj) for due in books.dues] == [(dear.cost.energy_nj,) * 2, (0, 0)]
    assert Books(price(run, policy, run.header.budget, "30 full")).faults == []


def test_evaluations_and_epochs_of_a_continued_training() -> None:
    low = FIDELITIES[0]
    asked = [WORLD.ask(0, low), WORLD.ask(0, 1.0)]
    for currency, expected in (("evaluations", 2), ("epochs", EPOCHS)):
        policy = AccountingPolicy(currency=currency, fidelity="continue")
        run = WORLD.record(asked, "a", 0, budget=f"100 {currency}", ended=True, policy=policy)
        assert Books(run).totals[-1] == expected * NANO
