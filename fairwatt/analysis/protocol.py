"""What was fixed before anybody looked: the rules by which arms are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from fairwatt.books import PRIMARY, Book
from fairwatt.budget import Budget
from fairwatt.errors import UserError
from fairwatt.ledger import AccountingPolicy

LEVEL = 0.05
MEDIUM_WIN_RATE = 0.64
ROPE = (0.9, 1.1)
"""Ratios of RS-equivalent energy that count as the same: +-10 %."""
POWER = 0.8
MIN_SEEDS = 20


class ComparisonError(UserError):
    """Runs that must not be compared; the message names the field in which they differ."""


@dataclass(frozen=True)
class Protocol:
    """The pre-registered part of a comparison.

    reference_arm: the label that the others are compared with. budgets: the primary ones, of the reference arm.
    budget_factors: label to k, for arms that get k times the budget (controls such as random search at 4 times the
    energy). policy: settings of `AccountingPolicy`; `fidelity` is the space's own where it is not set. min_seeds: fewer
    paired seeds void a verdict. all_pairs: judge every pair, not only those with the reference arm (the Holm family
    grows with it).
    """

    reference_arm: str = "rs"
    budgets: tuple[str, ...] = ("30 full", "100 full")
    budget_factors: Mapping[str, Fraction] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    min_seeds: int = MIN_SEEDS
    all_pairs: bool = False

    def __post_init__(self) -> None:
        if not self.budgets:
            raise UserError("a protocol needs at least one budget, such as '30 full'")
        if len({Budget.parse(text) for text in self.budgets}) < len(self.budgets):
            raise UserError(f"budgets must differ, or every test counts twice: {', '.join(self.budgets)}")
        if self.min_seeds < MIN_SEEDS:
            raise UserError(f"min_seeds = {self.min_seeds}: a verdict needs {MIN_SEEDS} paired seeds or more")
        for arm, factor in self.budget_factors.items():
            if factor <= 0:
                raise UserError(f"budget factor of {arm}: expected a positive number, got {factor}")

    def factor(self, arm: str) -> Fraction:
        """How many times the shared budget an arm gets."""
        return Fraction(self.budget_factors.get(arm, 1))

    def granted(self, arm: str, book: Book) -> Book:
        """The same books with the budget that this arm gets."""
        return Book(book.name, book.policy, book.budget.times(self.factor(arm)))

    def primary(self, budget: str, resumable: bool) -> Book:
        """The primary books at one budget, in a space whose longer trainings continue shorter ones or do not."""
        return Book(PRIMARY, AccountingPolicy.of(self.policy, resumable=resumable), Budget.parse(budget))

    def to_json(self) -> dict[str, Any]:
        """Field names to JSON values; factors as text, such as 4 or 3/2."""
        return {
            "reference_arm": self.reference_arm,
            "budgets": list(self.budgets),
            "budget_factors": {arm: str(factor) for arm, factor in self.budget_factors.items()},
            "policy": dict(self.policy),
            "min_seeds": self.min_seeds,
            "all_pairs": self.all_pairs,
        }
