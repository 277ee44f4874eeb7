"""What passes between optimizer, runner, ledger and analysis: frozen, unit-named, JSON-able.

Two names on purpose: `energy_kwh` is a property of a network (what its training takes, an objective); `cost` is what
a search was charged for asking. Lower is better in every field.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from fairwatt.errors import UserError as UserError

Value = int | float | str
Config = tuple[Value, ...]
"""Values in the order of `space.dims`: hashable, JSON-able, the same type for every space."""

Key = int | str
"""Equal for configurations that are the same network."""

NANO = 1_000_000_000
JOULES_PER_KWH = 3_600_000


class Status(StrEnum):
    """What a measurement is. Only INVALID is not one."""

    OK = "ok"
    DIVERGED = "diverged"
    INVALID = "invalid"


class Charge(StrEnum):
    """What the ledger made of a request."""

    NEW = "new"
    CONTINUE = "continue"
    CACHED = "cached"
    INVALID = "invalid"
    ABORTED = "aborted"


class End(StrEnum):
    """How a run ended. Only EXHAUSTED runs have spent exactly their budget."""

    EXHAUSTED = "exhausted"
    ENDED_EARLY = "ended_early"
    STALLED = "stalled"


class Cost(NamedTuple):
    """An amount in every currency at once, in integers of a billionth of its unit, so that sums are exact."""

    energy_nj: int
    time_ns: int
    nano_epochs: int
    nano_evaluations: int

    @classmethod
    def of(cls, energy_kwh: float, seconds: float, epochs: float, evaluations: float = 1.0) -> "Cost":
        """The cost of one training from scratch, rounded to the nearest billionth of each unit."""
        return cls(
            round(energy_kwh * JOULES_PER_KWH * NANO),
            round(seconds * NANO),
            round(epochs * NANO),
            round(evaluations * NANO),
        )


NO_COST = Cost(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Query:
    """What an optimizer asks: train `config` to `fidelity`, a fraction of its own full training."""

    config: Config
    fidelity: float = 1.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """What an oracle answers. An INVALID configuration has infinite error and energy: it can never win.

    `test_error` is None where the benchmark has no test metric.
    """

    val_error: float
    test_error: float | None
    energy_kwh: float
    seconds: float
    epochs: float
    status: Status = Status.OK


INVALID_MEASUREMENT = Measurement(math.inf, None, math.inf, math.inf, 0.0, Status.INVALID)


@dataclass(frozen=True, slots=True)
class Trial:
    """What an optimizer is told. It holds no test error, no cost and no budget.

    `losses` are the values of the problem's objectives, in their order; all infinite where `ok` is False.
    """

    config: Config
    fidelity: float
    val_error: float
    energy_kwh: float
    losses: tuple[float, ...]
    status: Status = Status.OK

    @property
    def ok(self) -> bool:
        """Whether this is a measurement at all; a diverged training is one."""
        return self.status is not Status.INVALID


@dataclass(frozen=True, slots=True)
class Request:
    """One question of a recorded stream with the oracle's answer, before any pricing.

    key: None where the configuration is invalid. replicate: index of the repeated training that answered. cost: what
    training this request from scratch takes.
    """

    trial: Trial
    key: Key | None
    replicate: int
    test_error: float | None
    seconds: float
    epochs: float
    cost: Cost = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        cost = Cost.of(self.trial.energy_kwh, self.seconds, self.epochs) if self.trial.ok else NO_COST
        object.__setattr__(self, "cost", cost)  # once, since every book asks for it


class Row(NamedTuple):
    """One request as the books show it: a tuple, since there are many, made anew whenever a run is priced.

    trial, test_error: None where the request was aborted by the end of the budget: no metric leaves the ledger then.
    cost, spent: in billionths of the unit of the policy's currency; cost_nj, spent_nj: energy, whatever the currency.
    """

    seq: int
    config: Config
    fidelity: float
    key: Key | None
    replicate: int
    charge: Charge
    trial: Trial | None
    test_error: float | None
    cost: int
    spent: int
    cost_nj: int
    spent_nj: int
    policy_id: str


@dataclass(frozen=True)
class Header:
    """What a run was: everything needed to run it again, and to refuse a comparison that does not match.

    space, sampler, data_sha256, fidelities: of the benchmark. arm: the label, optimizer: the registered name.
    code: names the source file of the algorithm by its content. settings: resolved. budget: in billionths of the
    currency's unit. cycle_full: energy of one full cycle of brackets in full trainings, 0 for optimizers without.
    overhead: the frozen model of what the optimizer itself computes, charged or not; None where there was none.
    sampler_code: names the source of the space by its content; empty in runs of before it was noted.
    """

    space: str
    sampler: str
    data_sha256: str
    fidelities: tuple[float, ...]
    optimizer: str
    code: str
    arm: str
    settings: Mapping[str, Any]
    kinds: tuple[str, ...]
    objectives: tuple[str, ...]
    cycle_full: float
    seed: int
    initial: int
    policy: Mapping[str, Any]
    policy_id: str
    budget: int
    budget_text: str
    tariff: Mapping[str, Sequence[int]]
    overhead: Mapping[str, float] | None = None
    sampler_code: str = ""


@dataclass(frozen=True)
class Run:
    """One search under one budget and one policy: the header, the priced rows, and how it ended.

    requests: the recorded stream, which may go on beyond the last row so that it can be priced in other ways too.
    ended: whether the optimizer itself ended the stream.
    """

    header: Header
    rows: tuple[Row, ...]
    end: End
    requests: tuple[Request, ...] = field(default=(), repr=False)
    ended: bool = False

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def spent(self) -> int:
        """Charged in all, in billionths of the currency's unit."""
        return self.rows[-1].spent if self.rows else 0

    @property
    def spent_kwh(self) -> float:
        """Energy charged in all, whatever the currency."""
        return self.rows[-1].spent_nj / (JOULES_PER_KWH * NANO) if self.rows else 0.0

    @property
    def incumbent(self) -> Row | None:
        """The full training with the lowest validation error, the earlier of equals; None before there is one."""
        full = [row for row in self.rows if row.trial and row.trial.ok and row.fidelity == 1.0]
        return min(full, key=lambda row: row.trial.val_error if row.trial else math.inf, default=None)
