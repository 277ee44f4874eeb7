"""The columns of a table by the words of their names."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.audit.column_map import option
from fairwatt.audit.log import LogError
from fairwatt.audit.raw_log import is_empty, numbers
from fairwatt.audit.vocabulary import NAMING, PREFIXES, SIZING, tokens

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class NamedColumns:
    """The columns of a table that hold anything, with the words of their names.

    tokens: words by column; plain: columns by their words in one, the first of each.
    """

    def __init__(self, frame: "pd.DataFrame", source: str) -> None:
        self.frame, self.source = frame, source
        self.names = [str(name) for name in frame.columns if not is_empty(frame[name])]
        self.tokens = {name: tokens(name) for name in self.names}
        self.plain = {"_".join(words): name for name, words in reversed(self.tokens.items())}
        parts = set(self.hyperparameters)
        for name in reversed(self.names):  # of an object within an object, such as info.method
            if "." in name and name not in parts:
                self.plain.setdefault("_".join(tokens(name.rpartition(".")[2])), name)

    @cached_property
    def hyperparameters(self) -> list[str]:
        """Columns that are a value of the configuration each; none where no name says so."""
        began = {name: match for name in self.names if (match := PREFIXES.match(name))}
        left = {name: set(tokens(name[match.end() :])) for name, match in began.items()}
        found = [name for name, words in left.items() if not words <= NAMING]
        return [] if all(left[name] <= SIZING for name in found) else found

    def values(self, name: str) -> Array:
        """[N] a column as numbers."""
        return numbers(self.frame[name], self.source)

    def unclear(self, name: str, what: str, found: Sequence[str], suggested: Iterable[str]) -> LogError:
        """One line: what is missing, which columns there are, the words to add."""
        shown = [*found, *(each for each in self.names if each not in found)]
        listed = ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
        words = " or ".join(option(each) for each in suggested)
        return LogError(f"{self.source}: {name}: cannot tell {what}; columns: {listed}; add {words}")
