"""The other ways to keep the books."""

from fractions import Fraction

import pytest

from fairwatt.books import PRIMARY, neighbouring_books, recording_books, sensitivity_books
from fairwatt.budget import Budget
from fairwatt.errors import UserError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Tariff
from fairwatt.records import Cost

TARIFF = Tariff(Cost.of(0.1, 10, 1), Cost.of(0.2, 20, 1), Cost.of(0.5, 40, 4), None)


def test_primary_first_then_eleven_policies_and_three_currencies() -> None:
    policy = AccountingPolicy()
    books = sensitivity_books(policy, Budget.parse("30 full"))
    assert (books[0].name, books[0].policy) == (PRIMARY, policy)
    assert len(books) == 12 + 3
    assert len({book.policy.policy_id for book in books}) == len({book.name for book in books}) == 15
    assert {book.policy.currency for book in books[:12]} == {"energy"}
    assert {book.policy.currency for book in books[12:]} == {"time", "epochs", "evaluations"}


def test_another_primary_policy_is_not_repeated_among_the_others() -> None:
    policy = AccountingPolicy(currency="time", duplicates="charged", fidelity="continue")
    books = sensitivity_books(policy, Budget.parse("30 full"))
    assert len({book.policy.policy_id for book in books}) == len(books) == 15
    assert all(book.policy.currency == "time" for book in books[:12])


def test_a_cell_is_named_by_what_differs() -> None:
    names = [book.name for book in sensitivity_books(AccountingPolicy(), Budget.parse("30 full"))]
    assert "duplicates=charged" in names
    assert "invalid=charge_min, fidelity=continue" in names
    assert names[-1] == "currency=evaluations"


def test_an_explicit_budget_becomes_as_many_mean_trainings_of_another_currency() -> None:
    books = sensitivity_books(AccountingPolicy(), Budget.parse("20 kWh"), TARIFF)
    bought = {book.policy.currency: book.budget.resolve(book.policy.currency, TARIFF) for book in books}
    trainings = {name: Fraction(bought[name], full) for name, full in zip(bought, TARIFF.full, strict=True)}
    assert trainings == dict.fromkeys(("energy", "time", "epochs", "evaluations"), 40)


def test_an_explicit_budget_needs_the_tariff() -> None:
    with pytest.raises(UserError, match="tariff"):
        sensitivity_books(AccountingPolicy(), Budget.parse("20 kWh"))


def test_neighbours_are_half_and_twice() -> None:
    assert [str(book.budget) for book in neighbouring_books(AccountingPolicy(), Budget.parse("30 full"))] == [
        "15 full",
        "60 full",
    ]


def test_a_recording_has_a_quarter_to_spare() -> None:
    books = recording_books(AccountingPolicy(), Budget.parse("30 full"))
    assert books[:-1] == sensitivity_books(AccountingPolicy(), Budget.parse("30 full"))
    assert (books[-1].policy, str(books[-1].budget)) == (AccountingPolicy(), "37.5 full")
