"""A budget as people write it: `30 full` (full trainings at their mean cost, c̄), `14.2 kWh`, `36 h`, `500 epochs`."""

import re
from dataclasses import dataclass
from fractions import Fraction

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.problem import Tariff
from fairwatt.records import JOULES_PER_KWH, NANO, Cost

CURRENCIES = {
    "energy": "energy_nj",
    "time": "time_ns",
    "epochs": "nano_epochs",
    "evaluations": "nano_evaluations",
}
"""What a shared budget may count, and the field of `Cost` that holds it."""

FULL = "full"
_UNITS = {
    "kWh": ("energy", Fraction(JOULES_PER_KWH)),
    "Wh": ("energy", Fraction(JOULES_PER_KWH, 1000)),
    "MJ": ("energy", Fraction(10**6)),
    "J": ("energy", Fraction(1)),
    "s": ("time", Fraction(1)),
    "min": ("time", Fraction(60)),
    "h": ("time", Fraction(3600)),
    "epochs": ("epochs", Fraction(1)),
    "evaluations": ("evaluations", Fraction(1)),
}
_TEXT = re.compile(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s*([A-Za-z]+)\s*", re.ASCII)


def component(currency: str) -> int:
    """The position of a currency in `Cost`. Raises UnknownNameError."""
    if currency not in CURRENCIES:
        raise UnknownNameError("currency", currency, CURRENCIES)
    return Cost._fields.index(CURRENCIES[currency])


@dataclass(frozen=True)
class Budget:
    """An amount and its unit; `full` is the mean cost of full training in the currency of the books."""

    amount: Fraction
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """Read `30 full` or `14.2 kWh`. Raises UserError for anything else, zero and negative amounts."""
        match = _TEXT.fullmatch(text)
        if not match:
            raise UserError(f"budget {text!r}: expected a number and a unit, like '30 full' or '14.2 kWh'")
        amount, unit = Fraction(match[1]), match[2]
        if unit != FULL and unit not in _UNITS:
            raise UnknownNameError("unit of a budget", unit, (FULL, *_UNITS))
        if amount == 0:
            raise UserError(f"budget {text!r}: nothing can be bought for zero")
        return cls(amount, unit)

    def resolve(self, currency: str, tariff: Tariff) -> int:
        """Billionths of the currency's unit. Raises UserError where the unit belongs to another currency."""
        place = component(currency)
        if self.unit == FULL:
            return int(self.amount * tariff.full[place])
        owner, size = _UNITS[self.unit]
        if owner != currency:
            raise UserError(f"budget '{self}' is a budget of {owner}, but these books count {currency}")
        return int(self.amount * size * NANO)

    def times(self, factor: Fraction) -> "Budget":
        """The same unit, `factor` times as much."""
        return Budget(self.amount * factor, self.unit)

    def __str__(self) -> str:
        number = float(self.amount)
        return f"{int(number) if number.is_integer() else number} {self.unit}"
