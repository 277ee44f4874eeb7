"""What an optimizer's own computing takes: measured beside a search, or charged to it by a frozen model.

Rules of the specification: processor time x declared power, reported as a share of the budget; time of a live search
never is in its books. Energy gets the power usage effectiveness (PUE) that the space's energies contain.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fairwatt.errors import UserError
from fairwatt.records import NANO, Cost

WATTS_PER_CORE = 10.0
"""Declared, not measured: processors of servers are rated at 4 to 12 W a core."""

FROZEN = Path(__file__).parent / "overhead.json"
"""The models that this version has, by the registered name of the optimizer, and how they were made."""

FREEZE = "python benchmarks/optimizer_overhead.py --freeze --optimizers"


class NoOverheadModelError(UserError):
    """An optimizer's own computing is to be charged, and nobody has frozen a model of it."""

    def __init__(self, optimizer: str) -> None:
        super().__init__(
            f"policy overhead = included_model: there is no frozen model of what optimizer {optimizer} computes; "
            f"make it, in a checkout of fairwatt, with: {FREEZE} {optimizer} (FILE.py:NAME for one of your own)"
        )


@dataclass(frozen=True)
class OverheadModel:
    """The proposal that n others came before takes a + b n^k joules, whatever becomes of it.

    watts: the declared power by which seconds of a processor were made joules. pue: contained in the energies that it
    is charged beside. Raises UserError for what is no number or out of range.
    """

    a: float
    b: float
    k: float
    watts: float
    pue: float = 1.0

    def __post_init__(self) -> None:
        numbers = (self.a, self.b, self.k, self.watts, self.pue)
        usable = all(isinstance(number, float | int) and math.isfinite(number) for number in numbers)
        if not usable or min(self.a, self.b, self.k) < 0 or self.watts <= 0 or self.pue < 1:
            raise UserError(f"{self}: expected a, b and k of 0 or more, watts above 0, a pue of 1 or more")

    def cost(self, before: int) -> Cost:
        """Of the proposal that `before` others came before: energy, and the seconds that the search waits."""
        joules = self.a + self.b * float(before) ** self.k
        return Cost(round(joules * self.pue * NANO), round(joules / self.watts * NANO), 0, 0)

    def to_json(self) -> dict[str, float]:
        """Field names to values."""
        return asdict(self)


def frozen_model(optimizer: str, pue: float) -> OverheadModel | None:
    """The model of a registered optimizer at its default settings; None where this version has none."""
    frozen = _read(FROZEN)
    if (fitted := frozen["optimizers"].get(optimizer)) is None:
        return None
    return OverheadModel(fitted["a"], fitted["b"], fitted["k"], frozen["watts_per_core"], pue)


def charged_model(policy_overhead: str, model: Mapping[str, float] | None, optimizer: str) -> OverheadModel | None:
    """What a policy charges for each proposal, of the model in a run's header; None where it charges nothing.

    Raises NoOverheadModelError where it would and there is no model.
    """
    if policy_overhead != "included_model":
        return None
    if model is None:
        raise NoOverheadModelError(optimizer)
    return OverheadModel(**model)


class Stopwatch:
    """Seconds of this process's processor time, all threads, spent within `with`.

    laps: the seconds so far, at each call of `lap`.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.laps: list[float] = []

    def __enter__(self) -> None:
        self._started = time.process_time()

    def __exit__(self, *stopped_by: object) -> None:
        self.seconds += time.process_time() - self._started

    def lap(self) -> None:
        """Note the seconds so far."""
        self.laps.append(self.seconds)


@lru_cache
def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
