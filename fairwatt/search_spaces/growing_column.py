"""A column whose length is not known before its last row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MaskedArray = np.ma.MaskedArray[Any, Any]


class GrowingColumn:
    """A column that becomes longer in place: parts that are joined in the end would take the memory twice."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._values: NDArray[Any] = np.zeros(0, dtype)
        self._known = np.zeros(0, np.bool_)

    def put(self, start: int, part: MaskedArray) -> None:
        """Set rows from `start` on; rows that are never set are masked."""
        stop, dtype = start + len(part), np.result_type(self._values, part)
        if dtype != self._values.dtype:  # longer texts
            self._values = self._values.astype(dtype)
        if stop > len(self._values):
            self._resize(max(stop, len(self._values) * 5 // 4))
        self._values[start:stop] = part.data
        self._known[start:stop] = ~np.ma.getmaskarray(part)

    def rows(self, count: int) -> MaskedArray:
        """The first `count` rows, which take their place."""
        self._resize(count)
        return np.ma.array(self._values, mask=np.ma.nomask if self._known.all() else ~self._known)

    def _resize(self, size: int) -> None:
        for array in (self._values, self._known):
            array.resize(size, refcheck=False)
