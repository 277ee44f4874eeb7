"""From numbers to places on paper, and the round numbers that stand at an axis."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """An axis from `low` at `start` to `high` at `end`, in units of the picture; logarithmic where both are positive
    and `log` is set. Numbers beyond stand at its ends."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: ArrayLike) -> Array:
        """Places of values, same shape."""
        inside = np.clip(np.asarray(values, dtype=np.float64), min(self.low, self.high), max(self.low, self.high))
        low, high = self.low, self.high
        if self.log:
            inside, low, high = np.log(inside), math.log(low), math.log(high)
        return self.start + (inside - low) * ((self.end - self.start) / ((high - low) or 1.0))

    def ticks(self, wanted: int = 6) -> list[tuple[float, str]]:
        """Round numbers within the axis, with their text."""
        low, high = sorted((self.low, self.high))
        marks = _log_ticks(low, high, wanted) if self.log else []
        if len(marks) < 2:
            marks = _even_ticks(low, high, wanted)
        return [(mark, f"{mark:g}") for mark in marks]


def _log_ticks(low: float, high: float, wanted: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for leading in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        marks = [float(f"{step}e{decade}") for decade in decades for step in leading]
        marks = [mark for mark in marks if low <= mark * (1 + 1e-9) and mark <= high * (1 + 1e-9)]
        if len(marks) <= wanted + 2:
            return marks
    return marks[:: -(-len(marks) // wanted)]


def _even_ticks(low: float, high: float, wanted: int) -> list[float]:
    rough = (high - low) / wanted
    if not rough > 0:
        return [low]
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in _STEPS if unit * factor >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]
