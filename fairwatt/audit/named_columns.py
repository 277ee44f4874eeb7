"""The columns of a table by the words of their names."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.column_map import option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import is_empty, numbers
from fairwatt.audit.unused_columns import by_words, keys
from fairwatt.audit.value_blocks import BLOCK, blocks
from fairwatt.audit.vocabulary import EXACT, NAMING, PREFIXES, SIZING, tokens

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

METHODS = ("method", "method_name", "searcher", "search_method", "search_algorithm")
SEEDS = tuple(name for name in EXACT["seed"] if not name.endswith("id"))
"""Names of settings that are hardly ever those of a training, and such as may be a training's."""


class NamedColumns:
    """The columns of a table that hold anything, with the words of their names.

    tokens: words by column; plain: columns by their words in one, the first of each. of_searches: columns that are a
    method or a seed in the object of hyperparameters, such as config.method, by what they mean.
    """

    def __init__(self, frame: "pd.DataFrame", source: str, given: Mapping[str, str]) -> None:
        """given: what the user said of some names. Raises LogError where hyperparameters may be names."""
        self.frame, self.source = frame, source
        self.names = [str(name) for name in frame.columns if not is_empty(frame[name])]
        self.tokens = {name: tokens(name) for name in self.names}
        self.plain = by_words(self.names)
        self.stated = {given.get(name, "").strip('"') for name in ("space", "method", "seed")}
        self.of_searches = self._of_searches(given)
        for name in self.of_searches:
            self.plain.setdefault(_behind(name), name)

    @cached_property
    def hyperparameters(self) -> list[str]:
        """Columns that are a value of the configuration each; none where no name says so."""
        names = [name for name in self.names if name not in self.of_searches and name not in self.stated]
        began = {name: match for name in names if (match := PREFIXES.match(name))}
        left = {name: set(tokens(name[match.end() :])) for name, match in began.items()}
        found = [name for name, words in left.items() if not words <= NAMING]
        return [] if all(left[name] <= SIZING for name in found) else found

    def _of_searches(self, given: Mapping[str, str]) -> dict[str, str]:
        """What a tool's dump of all settings of a run has of the search's: where no other column is called so, and its
        values come in blocks, as those of hyperparameters hardly do."""
        rows, found = len(self.frame), dict[str, str]()
        for target, known, plain in (("method", METHODS, EXACT["method"]), ("seed", SEEDS, SEEDS)):
            if target not in given and not any(word in self.plain for word in plain):
                inner = [name for name in self.names if (match := PREFIXES.match(name)) and match[0][-1] in "./"]
                there = [name for name in inner if _behind(name) in known]
                found |= {name: target for name in there if 2 <= self._kinds([name]) <= rows / BLOCK}
        words = [word for name in ("space", "method", "seed") for word in EXACT[name] if word in self.plain]
        beside = [*(self.plain[word] for word in words), *(name for name in self.names if name in self.stated)]
        beside = [name for name in beside if self._kinds([name]) <= rows / BLOCK]
        others = [name for name in self.names if PREFIXES.match(name) and name not in found]
        crossed = bool(others) and self._kinds([*found, *others]) == self._kinds(list(found)) * self._kinds(others)
        told = blocks(self.frame, [*found, *beside])
        if told.are_whole and told.are_long and not (found and crossed):  # each value with all others is a grid
            return found
        for name, target in found.items():
            what = f"whether {name} tells searches apart, or is a hyperparameter"
            raise self.unclear(target, what, [name], [f"{target}={name}", f"{target}="])
        return {}

    def _kinds(self, names: Sequence[str]) -> int:
        return len(np.unique(keys(self.frame, names)))

    def has_fractions(self, name: str) -> bool:
        """Whether a column holds numbers, and some of them are not whole."""
        try:
            values = self.values(name)
        except LogError:
            return False
        return bool((values % 1 > 0).any())

    def values(self, name: str) -> Array:
        """[N] a column as numbers."""
        return numbers(self.frame[name], self.source)

    def unclear(self, name: str, what: str, found: Sequence[str], suggested: Iterable[str]) -> LogError:
        """One line: what is missing, which columns there are, the words to add."""
        shown = [*found, *(each for each in self.names if each not in found)]
        listed = ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
        words = " or ".join(option(each) for each in suggested)
        return LogError(f"{self.source}: {name}: cannot tell {what}; columns: {listed}; add {words}")


def _behind(name: str) -> str:
    """The words of a hyperparameter's name, in one."""
    match = PREFIXES.match(name)
    return "_".join(tokens(name[match.end() :] if match else name))
