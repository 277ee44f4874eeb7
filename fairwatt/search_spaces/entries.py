"""Single entries of a table's columns as plain Python values.

A memoryview gives a number in 50 ns, where an array would make a numpy scalar first; what is no number, or has gaps,
is wrapped here so that all columns are asked in the same way. Rows are not checked.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Entries(Protocol):
    """Entries of a column by row; None where one is missing."""

    def __getitem__(self, row: int, /) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class AsciiTexts:
    """Of fixed-width text [rows]."""

    texts: NDArray[np.bytes_]

    def __getitem__(self, row: int, /) -> str:
        return str(self.texts.item(row).decode())


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Of an Arrow array of strings."""

    array: Any

    def __getitem__(self, row: int, /) -> str | None:
        text: str | None = self.array[row].as_py()
        return text


@dataclass(frozen=True, slots=True, eq=False)
class EntriesWithGaps:
    """bits: Arrow's validity bitmap, one for each row, the least significant first, set where there is an entry."""

    entries: Entries
    bits: memoryview

    def __getitem__(self, row: int, /) -> Any:
        return self.entries[row] if self.bits[row >> 3] >> (row & 7) & 1 else None
