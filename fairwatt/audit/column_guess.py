"""What stands for what in a table that says so only by the names and the values of its columns.

Guesses are conservative: where two columns might be meant, or a direction is not in the name, the answer is one line
with the words to add, not a choice.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.audit.column_map import Formula
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import RawLog, is_empty, numbers, texts
from fairwatt.audit.vocabulary import (
    ACCURACY,
    BEST,
    COSTLY,
    ENERGY,
    ERROR,
    EXACT,
    IDS,
    JOULES,
    LOSS,
    NEUTRAL,
    NO_COST,
    NOT_VALIDATION,
    PERCENT,
    PREFIXES,
    RANKS,
    RUNNING,
    SCHEDULES,
    SIZES,
    TIME,
    TRAINERS,
    TURNED,
    UNITS,
    VALIDATION,
    WRITTEN_OUT,
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
        notes += guesser.charged(cost)
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
    if "cost" in formulas and not formulas["cost"].known:
        notes += guesser.cost_notes(formulas)
    guessed = frozenset({*formulas, "order"} - set(given))
    return RawLog(frame, source, formulas, units, bounded, (f"Told by the names of columns: {said}.", *notes), guessed)


class _Guesser:
    """One table, and which of its columns hold anything."""

    def __init__(self, frame: "pd.DataFrame", source: str) -> None:
        self.frame, self.source = frame, source
        self.columns = [str(name) for name in frame.columns if not is_empty(frame[name])]
        self.tokens = {name: tokens(name) for name in self.columns}
        self.plain = {"_".join(words): name for name, words in reversed(self.tokens.items())}
        parts = set(self._hyperparameters())
        for name in reversed(self.columns):  # of an object within an object, such as info.method
            if "." in name and name not in parts:
                self.plain.setdefault("_".join(tokens(name.rpartition(".")[2])), name)

    def names(self, given: Collection[str]) -> dict[str, Formula]:
        """The formulas that are one column by its name, and the configuration."""
        found: dict[str, Formula] = {}
        for target, known in EXACT.items():
            if target not in given:
                columns = list(dict.fromkeys(self.plain[name] for name in known if self._means(target, name)))
                if columns:
                    found[target] = Formula((columns[0],))
                    if target in ("space", "method"):
                        found[target] = self._together(target, columns)
                    elif target == "seed":
                        found[target] = self._one_seed(columns, found)
        if "config" not in given and "config" not in found:
            parts = self._hyperparameters()
            ids = [self.plain[name] for name in IDS if name in self.plain]
            if parts or ids:
                found["config"] = Formula(tuple(parts or ids[:1]))
        return found

    def _means(self, target: str, name: str) -> bool:
        if name not in self.plain:
            return False
        if target == "method" and name in ("optimizer", "optimiser", "scheduler"):
            values = {(word or "").lower() for word in texts(self.frame[self.plain[name]])}
            return not values & (SCHEDULES if name == "scheduler" else TRAINERS)
        return True

    def _groups(self, columns: Sequence[str]) -> int:
        """How many different combinations of values there are."""
        import pandas as pd

        written = {str(place): texts(self.frame[name]) for place, name in enumerate(columns)}
        return len(pd.DataFrame(written).drop_duplicates()) if written else 1

    def _together(self, target: str, columns: list[str]) -> Formula:
        """Of several columns of one meaning the first; a space and a data set are both needed to name a problem.

        Raises LogError where another tells rows apart that the first does not.
        """
        data = [name for name in columns if "_".join(self.tokens[name][-1:]) == "dataset"]
        if target == "space" and len(columns) == 2 and data:
            return Formula(tuple(columns))  # another file may hold the same space with another data set
        finer = [name for name in columns[1:] if self._groups([columns[0], name]) > self._groups(columns[:1])]
        if not finer:
            return Formula((columns[0],))
        what = f"which of them is the {target}; more than one varies"
        suggested = [f"{target}={columns[0]}+{finer[0]}", f"{target}={columns[0]}"]
        raise self.unclear(target, what, [columns[0], *finer], suggested)

    def _one_seed(self, columns: list[str], found: dict[str, Formula]) -> Formula:
        """The first column that varies within a method; raises LogError where another one splits the rows differently,
        because a training has a seed too."""
        named = [name for target in ("space", "method") if target in found for name in found[target].columns]
        varying = [name for name in columns if self._groups([*named, name]) > self._groups(named)] or columns
        first, count = varying[0], self._groups([*named, varying[0]])
        for name in varying[1:]:
            if not count == self._groups([*named, name]) == self._groups([*named, first, name]):
                what = "which of them tells the searches of a method apart, and which is a training's own"
                raise self.unclear("seed", what, [first, name], [f"seed={first}", f"seed={name}"])
        return Formula((first,))

    def _hyperparameters(self) -> list[str]:
        for prefix in PREFIXES:
            parts = [name for name in self.columns if name.lower().startswith(prefix) and name not in IDS]
            if parts:
                return parts
        return []

    def cost(self) -> Formula:
        """Energy before any named cost before time; a running total of each search where the name says so."""

        def is_cost(words: set[str]) -> bool:
            sizes = words & SIZES and not words & JOULES
            return not words & (NO_COST | ACCURACY | ERROR | LOSS) and not sizes

        extra = frozenset({"train", "training", "gpu", "cpu"})
        tiers: tuple[Callable[[set[str]], bool], ...] = (
            lambda w: bool(w & ENERGY) and w <= ENERGY | UNITS.keys() | extra | {"cost"},
            lambda w: bool(w & ENERGY) and not w & VALIDATION,
            lambda w: bool(w & {"cost", "spent", "spend", "price"}) and not self._is_objective_cost(),
            lambda w: bool(w & TIME) and w <= TIME | UNITS.keys() | extra | {"wall", "clock"},
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

    def cost_notes(self, formulas: Mapping[str, Formula]) -> list[str]:
        """That no column is the cost, and which might be after all."""
        used = {name for each in formulas.values() for name in each.columns} | set(self._hyperparameters())
        maybe = [name for name, words in self.tokens.items() if name not in used and set(words) & COSTLY]
        listed = ", ".join(maybe[:8])
        others = f' Not used: {listed}; if one of them is the cost: --columns "cost={maybe[0]}".' if maybe else ""
        return [f"No column tells what a request cost: every request counts as one evaluation.{others}"]

    def charged(self, cost: Formula) -> list[str]:
        """What a request is charged, in a sentence."""
        if not cost.known:
            return []
        column = cost.columns[0]
        how = ", a running total by its name, so each request is charged the difference" if cost.running else ""
        return [f"A request is charged {column} in {unit_of(cost)}{how}."]

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
        for is_meant in (self._is_plain, lambda name: not self._is_turned(name), lambda name: True):
            for tier in tiers:
                found = [
                    name
                    for name, words in self.tokens.items()
                    if words and is_meant(name) and tier(set(words) - BEST) and name not in taken | hyperparameters
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

    def _is_turned(self, name: str) -> bool:
        """Whether a name is a metric's with a sign, a difference, or a spread of one: good may be low or high."""
        return bool(TURNED & set(self.tokens[name]) or WRITTEN_OUT.match(name))

    def _is_plain(self, name: str) -> bool:
        return not self._is_turned(name) and not BEST & set(self.tokens[name])

    def test_error(self) -> Formula:
        """Of the one column that is an accuracy or error on test data; nothing where there is none, or several."""
        metrics = [n for n, words in self.tokens.items() if "test" in words and set(words) & (ACCURACY | ERROR)]
        found = [n for n in metrics if self._is_plain(n) and not self._is_twofold(n)]
        exact = [n for n in found if set(self.tokens[n]) <= {"test", "rate"} | ACCURACY | ERROR | PERCENT]
        chosen = exact if len(exact) == 1 else found
        return self._directed(chosen[0], "test_error")[0] if len(chosen) == 1 else Formula()

    def _directed(self, column: str, target: str = "val_error") -> tuple[Formula, str, bool, str]:
        """A metric by its name's direction and its values' range: fraction, percent or neither."""
        words = set(self.tokens[column])
        values = numbers(self.frame[column], self.source)
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        if self._is_turned(column) or self._is_twofold(column):
            raise self.unclear(target, f"whether a high {column} is good", [column], self._either(column, target))
        if words & (ERROR | LOSS) and len(values) and low < 0 and high <= 0:
            what = f"whether {column}, which is never above 0, has its sign turned"
            raise self.unclear(target, what, [column], self._either(column, target))
        words -= RANKS if words & (ERROR | LOSS) else set()
        percent = bool(words & PERCENT) or (1.5 < high <= 100 and low >= 0)
        fits = low >= 0 and high <= (100 if percent else 1)
        span = f"{column} lies in {low:.4g} to {high:.4g}"
        scale = 0.01 if percent else 1.0
        if words & ACCURACY:
            if not fits:
                raise self.unclear(target, f"what {span} means", [column], [f"{target}=-{column}"])
            made = Formula((column,), offset=1.0, scale=-scale)
            kind = "an accuracy in percent" if percent else "an accuracy"
            return made, "1 - accuracy", True, f"{span}, {kind}: the error is {made.in_words}."
        if words & ERROR and fits:
            made = Formula((column,), scale=scale)
            kind = "an error rate in percent" if percent else "an error rate"
            return made, "error rate", True, f"{span}, {kind} by its name and range: lower is better."
        if words & (ERROR | LOSS | {"cost"}):
            return Formula((column,)), column, False, f"{span}, lower is better by its name."
        raise self.unclear(target, f"whether a high {column} is good", [column], self._both(column, target))

    def _is_twofold(self, column: str) -> bool:
        """Whether a name is an accuracy's and an error's at once, such as acc_loss; top1_error is an error."""
        words = set(self.tokens[column])
        return bool(words & (ERROR | LOSS) and words & (ACCURACY - RANKS))

    @staticmethod
    def _either(column: str, target: str) -> list[str]:
        return [f"{target}={column}", f"{target}=-{column}"]

    def _both(self, column: str, target: str = "val_error") -> list[str]:
        """An error as it is, and an accuracy's way."""
        values = numbers(self.frame[column], self.source)
        percent = "/100" if np.nanmax(values, initial=0.0) > 1.5 else ""
        accuracy, error = f"{target}=1-{column}{percent}", f"{target}={column}{percent}"
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
