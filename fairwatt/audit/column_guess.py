"""What stands for what in a table that says so only by the names and the values of its columns.

Guesses are conservative: where two columns might be meant, or a direction is not in the name, the answer is one line
with the words to add, not a choice.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.column_map import Formula
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, is_empty, numbers, texts
from fairwatt.audit.vocabulary import (
    ACCURACY,
    ENERGY,
    ERROR,
    EXACT,
    IDS,
    LOSS,
    NEUTRAL,
    NO_COST,
    NOT_VALIDATION,
    PERCENT,
    PREFIXES,
    RUNNING,
    TIME,
    TRAINERS,
    UNITS,
    VALIDATION,
    tokens,
    unit_of,
)

if TYPE_CHECKING:
    import pandas as pd


def guess(frame: "pd.DataFrame", source: str, given: Collection[str] = ()) -> RawLog:
    """A table with its formulas, of all names that are not `given`; without method and seed, where no column tells.

    Raises LogError, one line with the words to add, where the error or the cost cannot be told.
    """
    guesser = _Guesser(frame, source)
    formulas, units = guesser.names(given), {}
    bounded = False
    notes: list[str] = []
    if "cost" not in given:
        formulas["cost"] = cost = guesser.cost()
        notes += guesser.cost_notes(cost)
        units["cost_unit"] = unit_of(cost)
        if "energy" not in given and cost.known and ENERGY & set(tokens(cost.columns[0])):
            formulas["energy"] = cost
            notes.append(f"{cost.in_words} is also taken as the second objective; if there was none: energy=")
    if "val_error" not in given:
        formulas["val_error"], units["error_unit"], bounded, why = guesser.val_error(formulas.get("cost"))
        notes.append(why)
    if "test_error" not in given:
        formulas["test_error"] = guesser.test_error()
    said = ", ".join(f"{name}={each.in_words}" for name, each in formulas.items() if each.known)
    return RawLog(frame, source, formulas, units, bounded, (f"Told by the names of columns: {said}.", *notes))


class _Guesser:
    """One table, and which of its columns hold anything."""

    def __init__(self, frame: "pd.DataFrame", source: str) -> None:
        self.frame, self.source = frame, source
        self.columns = [str(name) for name in frame.columns if not is_empty(frame[name])]
        self.tokens = {name: tokens(name) for name in self.columns}
        self.plain = {"_".join(words): name for name, words in reversed(self.tokens.items())}

    def names(self, given: Collection[str]) -> dict[str, Formula]:
        """The formulas that are one column by its name, and the configuration."""
        found: dict[str, Formula] = {}
        for target, known in EXACT.items():
            if target not in given:
                column = next((self.plain[name] for name in known if self._means(target, name)), None)
                if column is not None:
                    found[target] = Formula((column,))
        if "config" not in given and "config" not in found:
            parts = self._hyperparameters()
            ids = [self.plain[name] for name in IDS if name in self.plain]
            if parts or ids:
                found["config"] = Formula(tuple(parts or ids[:1]))
        return found

    def _means(self, target: str, name: str) -> bool:
        if name not in self.plain:
            return False
        if target == "method" and name in ("optimizer", "optimiser"):
            values = {(word or "").lower() for word in texts(self.frame[self.plain[name]])}
            return not values & TRAINERS
        return True

    def _hyperparameters(self) -> list[str]:
        for prefix in PREFIXES:
            parts = [name for name in self.columns if name.lower().startswith(prefix) and name not in IDS]
            if parts:
                return parts
        return []

    def cost(self) -> Formula:
        """Energy before any named cost before time; a running total of each search where the name says so."""

        def is_cost(words: set[str]) -> bool:
            return not words & NO_COST

        tiers: tuple[Callable[[set[str]], bool], ...] = (
            lambda w: bool(w & ENERGY) and w <= ENERGY | UNITS.keys() | {"train", "training"},
            lambda w: bool(w & ENERGY),
            lambda w: bool(w & {"cost", "spent", "spend", "price"}) and not self._is_objective_cost(),
            lambda w: bool(w & TIME) and w <= TIME | UNITS.keys() | {"train", "training", "wall", "clock"},
            lambda w: bool(w & TIME),
        )
        hyperparameters = set(self._hyperparameters())
        for tier in tiers:
            found = [
                name
                for name, words in self.tokens.items()
                if is_cost(set(words)) and tier(set(words)) and name not in hyperparameters
            ]
            if len(found) > 1:
                raise self.unclear("cost", "which of them a request is charged", found, [f"cost={found[0]}"])
            if found:
                return Formula((found[0],), running=bool(RUNNING & set(self.tokens[found[0]])))
        return Formula()

    def _is_objective_cost(self) -> bool:
        """Whether a column `cost` can only be the objective, as SMAC calls it: nothing else is one, something costs."""
        words = [set(each) for each in self.tokens.values()]
        objective = any(each & (ACCURACY | ERROR | LOSS | NEUTRAL) and not each & NOT_VALIDATION for each in words)
        return not objective and any(each & (ENERGY | TIME) and not each & NO_COST for each in words)

    def cost_notes(self, cost: Formula) -> list[str]:
        """Why this is the cost, in sentences."""
        if not cost.known:
            return ["No column tells what a request cost: every request counts as one evaluation."]
        column = cost.columns[0]
        how = "a running total by its name, so each request is charged the difference" if cost.running else "as it is"
        return [f"A request is charged {column} in {unit_of(cost)}, {how}."]

    def val_error(self, cost: Formula | None) -> tuple[Formula, str, bool, str]:
        """Formula, unit, whether an error rate, and why. Raises LogError."""
        taken = set(cost.columns) if cost else set()
        metric = ACCURACY | ERROR
        tiers: tuple[Callable[[set[str]], bool], ...] = (
            lambda w: bool(w & VALIDATION) and bool(w & metric) and w <= VALIDATION | metric | PERCENT | {"rate"},
            lambda w: bool(w & VALIDATION) and bool(w & metric),
            lambda w: bool(w & VALIDATION) and bool(w & (LOSS | NEUTRAL)),
            lambda w: bool(w & metric) and not w & NOT_VALIDATION,
            lambda w: bool(w & LOSS) and not w & NOT_VALIDATION,
            lambda w: w <= NEUTRAL,
            lambda w: w == {"cost"},
        )
        hyperparameters = set(self._hyperparameters())
        for tier in tiers:
            found = [
                name
                for name, words in self.tokens.items()
                if words and tier(set(words)) and name not in taken | hyperparameters
            ]
            if len(found) > 1:
                raise self.unclear("val_error", "which of them searches selected by", found, self._both(found[0]))
            if found:
                return self._directed(found[0])
        test = [name for name, words in self.tokens.items() if "test" in words and set(words) & (metric | LOSS)]
        if test:
            words = f"validation is not there; if searches selected by {test[0]}, which is no sealed test then"
            raise self.unclear("val_error", words, test, self._both(test[0]))
        raise self.unclear("val_error", "the error or accuracy that searches selected by", [], ["val_error=1-COLUMN"])

    def test_error(self) -> Formula:
        """Of the one column that is an accuracy or error on test data; nothing where there is none, or several."""
        found = [n for n, words in self.tokens.items() if "test" in words and set(words) & (ACCURACY | ERROR)]
        exact = [n for n in found if set(self.tokens[n]) <= {"test", "rate"} | ACCURACY | ERROR | PERCENT]
        chosen = exact if len(exact) == 1 else found
        return self._directed(chosen[0])[0] if len(chosen) == 1 else Formula()

    def _directed(self, column: str) -> tuple[Formula, str, bool, str]:
        """A metric by its name's direction and its values' range: fraction, percent or neither."""
        words = set(self.tokens[column])
        values = numbers(self.frame[column], self.source)
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        percent = bool(words & PERCENT) or (1.5 < high <= 100 and low >= 0)
        fits = low >= 0 and high <= (100 if percent else 1)
        span = f"{column} lies in {low:.4g} to {high:.4g}"
        scale = 0.01 if percent else 1.0
        if words & ACCURACY:
            if not fits:
                raise self.unclear("val_error", f"what {span} means", [column], [f"val_error=-{column}"])
            made = Formula((column,), offset=1.0, scale=-scale)
            kind = "an accuracy in percent" if percent else "an accuracy"
            return made, "1 - accuracy", True, f"{span}, {kind}: the error is {made.in_words}."
        if words & ERROR and fits:
            made = Formula((column,), scale=scale)
            kind = "an error rate in percent" if percent else "an error rate"
            return made, "error rate", True, f"{span}, {kind} by its name and range: lower is better."
        if words & (ERROR | LOSS | {"cost"}):
            return Formula((column,)), column, False, f"{span}, lower is better by its name."
        raise self.unclear("val_error", f"whether a high {column} is good", [column], self._both(column))

    def _both(self, column: str) -> list[str]:
        """An error as it is, and an accuracy's way."""
        values = numbers(self.frame[column], self.source)
        percent = "/100" if np.nanmax(values, initial=0.0) > 1.5 else ""
        accuracy, error = f"val_error=1-{column}{percent}", f"val_error={column}{percent}"
        words = set(self.tokens[column])
        if words & ACCURACY:
            return [accuracy]
        return [error] if words & (ERROR | LOSS) else [error, accuracy]

    def unclear(self, name: str, what: str, found: Sequence[str], suggested: Iterable[str]) -> LogError:
        """One line: what is missing, which columns there are, the words to add."""
        shown = [*found, *(each for each in self.columns if each not in found)]
        listed = ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
        words = " or ".join(f'--columns "{each}"' for each in suggested)
        return LogError(f"{self.source}: {name}: cannot tell {what}; columns: {listed}; add {words}")
