"""Look-ups in an account that was never closed, against the ledger itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import FIDELITIES, INVALID, world

from fairwatt.analysis.accounts import Account
from fairwatt.analysis.trajectories import Trajectory
from fairwatt.analysis.truth import Truth
from fairwatt.books import neighbouring_books, sensitivity_books
from fairwatt.budget import Budget
from fairwatt.ledger import AccountingPolicy, StreamTooShortError, entries, price
from fairwatt.overhead import OverheadModel, charged_model
from fairwatt.records import NO_COST, Charge, End, Run

SMALL = world(6, name="small")
TRUTH = Truth.of(SMALL.reference)
OVERHEAD = OverheadModel(a=2_000.0, b=500.0, k=0.5, watts=10.0).to_json()  # J, of trainings of about 70,000
QUESTIONS = [(key, fidelity) for key in range(6) for fidelity in FIDELITIES] + [(INVALID, 1.0)]
STREAMS = st.lists(st.sampled_from(QUESTIONS), max_size=40)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(STREAMS, st.booleans(), st.sampled_from(["0.5 full", "2 full", "3 full"]), st.booleans(), st.booleans())
def test_every_closing_is_the_ledgers(
    stream: list[tuple[int, float]], ended: bool, budget: str, overshoot: bool, included: bool
) -> None:
    policy = AccountingPolicy(
        exhaustion="overshoot" if overshoot else "abort_no_credit",
        overhead="included_model" if included else "excluded_reported",
    )
    asked = [SMALL.ask(*question) for question in stream]
    run = SMALL.record(asked, "a", 0, ended=ended, policy=policy, overhead=OVERHEAD)
    trajectory = Trajectory(run, TRUTH)
    wanted = Budget.parse(budget)
    for book in sensitivity_books(policy, wanted) + neighbouring_books(policy, wanted):
        amount = book.budget.resolve(book.policy.currency, SMALL.reference.tariff)
        try:
            priced = price(run, book.policy, amount, str(book.budget))
        except StreamTooShortError:
            with pytest.raises(StreamTooShortError):
                trajectory.close(book)
            continue
        closing = trajectory.close(book)
        credited = [row for row in priced.rows if row.charge is not Charge.ABORTED]
        assert (closing.credited, closing.end) == (len(credited), priced.end)
        spent = trajectory.account(book.policy).spent(book.policy.currency)
        assert spent[: len(credited)] == [row.spent for row in credited]
        model = charged_model(book.policy.overhead, OVERHEAD, run.header.optimizer)
        lines = list(entries(asked, book.policy, amount, SMALL.reference.tariff, model))
        wanted_total = len(lines), lines[-1][1].spent if lines else NO_COST
        assert trajectory.account(book.policy).total(book.policy, amount) == wanted_total


def test_policies_that_price_a_stream_alike_share_an_account() -> None:
    """12 policies: one account where nothing is asked twice, more where there is something for them to differ in."""
    low, policy = FIDELITIES[0], AccountingPolicy()
    books = sensitivity_books(policy, Budget.parse("2 full"))
    accounts = []
    for asked in ([(0, 1.0), (1, 1.0)], [(0, 1.0), (0, 1.0)], [(0, low), (0, 1.0)], [(0, 1.0), (INVALID, 1.0)]):
        trajectory = Trajectory(SMALL.record([SMALL.ask(*each) for each in asked], "a", 0, ended=True), TRUTH)
        accounts.append(len({id(trajectory.account(book.policy)) for book in books}))
    assert accounts == [1, 2, 3, 3]


def test_duplicates_charged_and_cached() -> None:
    """fairness.md 6, answer 14: the stream a, a, b, a."""
    run = SMALL.record([SMALL.ask(key) for key in (0, 0, 1, 0)], "a", 0, ended=True)
    a, b = (SMALL.ask(key).cost.energy_nj for key in (0, 1))
    assert Account(run, AccountingPolicy()).spent("energy") == [a, a, a + b, a + b]
    assert Account(run, AccountingPolicy(duplicates="charged")).spent("energy")[-1] == 3 * a + b
    assert Account(run, AccountingPolicy()).spent("evaluations")[-1] == 2 * 10**9


def test_a_search_that_only_repeats_itself_stalls() -> None:
    run = SMALL.record([SMALL.ask(0)] * 200, "a", 0)
    closing = Account(run, AccountingPolicy()).close(AccountingPolicy(), 2 * SMALL.reference.tariff.full.energy_nj)
    assert closing.end is End.STALLED
    assert closing.credited == 1 + 50 * 2 + 1  # paid once, the free ones, and the one too many


def test_a_search_that_only_repeats_itself_stalls_though_its_proposals_are_charged() -> None:
    policy = AccountingPolicy(overhead="included_model")
    model = OverheadModel(a=1e-9, b=0.0, k=1.0, watts=10.0)
    run = SMALL.record([SMALL.ask(0)] * 200, "a", 0, policy=policy, overhead=model.to_json())
    closing = Account(run, policy).close(policy, 2 * SMALL.reference.tariff.full.energy_nj)
    assert (closing.end, closing.credited) == (End.STALLED, 1 + 50 * 2 + 1)


def test_sums_beyond_64_bits_are_exact() -> None:
    big = SMALL.reference.tariff.full.energy_nj * 10**9
    run: Run = SMALL.record([SMALL.ask(key) for key in np.arange(300) % 6], "a", 0)
    account = Account(run, AccountingPolicy(duplicates="charged"))
    with pytest.raises(StreamTooShortError, match="run the study again"):
        account.close(AccountingPolicy(duplicates="charged"), big * 10**6)
