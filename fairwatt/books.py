"""Other ways to keep the books of one study: a recording must be long enough for them, and analysis re-prices it.

Specification: sections 0.4 (re-pricing first), 0.5 (currency is a sensitivity axis) and 4.6 (the cells of a verdict).
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from fairwatt.budget import CURRENCIES, FULL, Budget, component
from fairwatt.errors import UserError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Tariff

PRIMARY = "primary"
_SETTINGS = {
    "duplicates": ("cached_free", "charged"),
    "invalid": ("free_capped", "charge_min", "charge_first_fidelity"),
    "fidelity": ("scratch", "continue"),
}
_SPARE = Fraction(5, 4)
_NEIGHBOURS = {"budget x 1/2": Fraction(1, 2), "budget x 2": Fraction(2)}


@dataclass(frozen=True)
class Book:
    """One way to keep the books: its name, its policy, and the budget in a unit that fits the policy's currency."""

    name: str
    policy: AccountingPolicy
    budget: Budget


def sensitivity_books(policy: AccountingPolicy, budget: Budget, tariff: Tariff | None = None) -> tuple[Book, ...]:
    """The primary books first, then all other policies of duplicates, invalid and fidelity, then all other currencies.

    A cell is named by what differs from the primary policy. In another currency the budget is the same number of mean
    full trainings. Raises UserError where `budget` is not in `full` and there is no tariff to convert it with.
    """
    books = [Book(PRIMARY, policy, budget)]
    for values in product(*_SETTINGS.values()):
        changed = {name: value for name, value in zip(_SETTINGS, values, strict=True) if value != getattr(policy, name)}
        if changed:
            name = ", ".join(f"{setting}={value}" for setting, value in changed.items())
            books.append(Book(name, AccountingPolicy(**policy.to_json() | changed), budget))
    trainings = _in_full(policy, budget, tariff)
    for currency in CURRENCIES:
        if currency != policy.currency:
            books.append(Book(f"currency={currency}", replace(policy, currency=currency), trainings))
    return tuple(books)


def recording_books(policy: AccountingPolicy, budget: Budget, tariff: Tariff | None = None) -> tuple[Book, ...]:
    """What a recording must be long enough for: all of `sensitivity_books`, and a quarter more than the primary budget.

    So that it can be priced again under energies that are wrong by 10 % or so, where what was asked becomes cheaper.
    """
    return (*sensitivity_books(policy, budget, tariff), Book("spare", policy, budget.times(_SPARE)))


def neighbouring_books(policy: AccountingPolicy, budget: Budget) -> tuple[Book, ...]:
    """Half and twice the budget: re-priced where the recording happens to reach, never a reason to record more."""
    return tuple(Book(name, policy, budget.times(factor)) for name, factor in _NEIGHBOURS.items())


def _in_full(policy: AccountingPolicy, budget: Budget, tariff: Tariff | None) -> Budget:
    if budget.unit == FULL:
        return budget
    if tariff is None:
        raise UserError(f"budget '{budget}': the space's tariff is needed to state it in another currency")
    mean_full = tariff.full[component(policy.currency)]
    return Budget(Fraction(budget.resolve(policy.currency, tariff), mean_full), FULL)
