"""Random search's multiples as text: numbers, and what stands for one where random search's curve ends."""

import math
from collections.abc import Iterable

from fairwatt.analysis.outcome import Equivalent, Verdict

LIMITS = {
    "first": "one training does as well or better",
    "exhaustive": "everything is trained",
    "flat": "more trainings do not help any further",
    "simulated": "simulated no further",
    "censored": "its curve ends",
}
"""What is to be said of random search where a multiple stands at an end of its curve."""


def multiple(equivalent: Equivalent, too_small: bool = False) -> str:
    """How many times the budget random search needs, with what is known where its curve ends: see `limit`."""
    if math.isnan(equivalent.interval.value):
        return "-"
    return f"{times(equivalent)} {bounds(equivalent)}" + (", too small" if too_small else "")


def limit(equivalent: Equivalent) -> str:
    """Why a multiple is no plain number, said of random search; "" where it is one."""
    if not (end := equivalent.limit):
        return ""
    word = {"first": "<", "exhaustive": "all", "flat": "never", "simulated": ">"}.get(end, "censored")
    return f"{word}: {LIMITS[end]}"


def ended(verdicts: Iterable[Verdict]) -> str:
    """What the words of these verdicts' multiples mean, to be added to a caption."""
    limits = dict.fromkeys(limit(verdict.arm_equivalent) for verdict in verdicts)
    return "".join(f"; {words}" for words in limits if words)


def times(equivalent: Equivalent) -> str:
    """The multiple without its interval."""
    value = equivalent.interval.value
    if math.isnan(value):
        return "-"
    if equivalent.is_last(value) and equivalent.ends == "exhaustive":
        return f"{value:.2f}x = all"
    return _end(equivalent, value, "x")


def bounds(equivalent: Equivalent) -> str:
    """Its interval."""
    found = equivalent.interval
    text = f"[{_end(equivalent, found.low)}, {_end(equivalent, found.high)}]"
    return text + (", censored" if equivalent.limit == "censored" else "")


def _end(equivalent: Equivalent, amount: float, unit: str = "") -> str:
    """A number, or what stands for it at an end of the curve."""
    text = f"{amount:.2f}{unit}"
    if equivalent.is_first(amount):
        return f"< {text}"
    if not equivalent.is_last(amount):
        return text
    return {"exhaustive": "all", "flat": "never", "simulated": f"> {text}"}.get(equivalent.ends, text)
