"""What can be asked, and what it costs: search spaces, benchmarks, and the problem that an optimizer sees."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.records import JOULES_PER_KWH, NANO, Config, Cost, Key, Measurement, Value
from fairwatt.source_code import digest_of
from fairwatt.streams import replicate, stream


class Dim(NamedTuple):
    """One dimension of a search space: its values in order, whether order means anything, its rate group."""

    name: str
    values: tuple[Value, ...]
    ordered: bool
    group: str


class SearchSpace(ABC):
    """A value, not a network: the configurations, how to draw them, and which of them are the same."""

    dims: tuple[Dim, ...]
    sampler: str

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Config:
        """One configuration from the space's declared sampler; every optimizer's random moves use it."""

    @property
    def sampler_code(self) -> str:
        """Twelve hex digits of the source of this space, the files of fairwatt's spaces that it builds on included.

        Draws and moves are what that says; which networks there are to draw is the data's, and which of several
        samplers is asked is `sampler`. "interactive" where it is in no file.
        """
        return digest_of(type(self), ("fairwatt.search_spaces",))

    @abstractmethod
    def mutate(self, config: Config, rng: np.random.Generator) -> Config:
        """A valid configuration a small step away whose `key` differs."""

    @abstractmethod
    def neighbors(self, config: Config) -> list[Config]:
        """All valid configurations one step away, one for each distinct key; may be empty."""

    @abstractmethod
    def perturb(self, config: Config, rng: np.random.Generator, **rates: float) -> Config:
        """A valid configuration with, in expectation, `rates[group]` changes in each group of dimensions."""

    @abstractmethod
    def is_valid(self, config: Config) -> bool:
        """Whether this configuration can be measured."""

    @abstractmethod
    def key(self, config: Config) -> Key:
        """Equal for configurations that are the same network. Raises ValueError where `is_valid` is False."""

    @abstractmethod
    def encode(self, config: Config, kind: str = "unit") -> NDArray[np.float64]:
        """[D] features; "unit" is a point of the unit cube. Raises UnknownNameError for kinds it has not."""

    @abstractmethod
    def decode(self, point: NDArray[np.float64]) -> Config:
        """The configuration nearest to a point [D] of the unit cube; may be invalid."""

    def configspace(self) -> Any:
        """A ConfigurationSpace of these dimensions, for libraries that need one; no ordinal, which HpBandSter refuses.

        Raises UserError in a space that has none.
        """
        raise UserError(
            f"the space {type(self).__name__} has no ConfigurationSpace; give it configspace, to_configspace and "
            "from_configspace, or take an optimizer that needs none"
        )

    def to_configspace(self, config: Config, space: Any) -> Any:
        """This configuration as one of `space`, which `configspace` made. Raises UserError as `configspace`."""
        return self.configspace()

    def from_configspace(self, configuration: Any) -> Config:
        """The inverse of `to_configspace`; may be invalid. Raises UserError as `configspace`."""
        config: Config = self.configspace()
        return config

    def size_in_words(self) -> str:
        """Of its encodings and what of them is a configuration, where that needs words; else empty."""
        return ""


@dataclass(frozen=True)
class Objective:
    """A quantity to minimise, computed from what a trial shows: never from the test error."""

    name: str
    unit: str
    value: Callable[[Measurement], float]


OBJECTIVES: Mapping[str, Objective] = {
    "val_error": Objective("val_error", "fraction", lambda m: m.val_error),
    "energy_kwh": Objective("energy_kwh", "kWh", lambda m: m.energy_kwh),
}


@dataclass(frozen=True)
class Problem:
    """All that an optimizer sees: no oracle, no ledger, no budget, no test error.

    fidelities: fractions of a configuration's own full training, ascending, the last 1.0. initial: the small shared
    design, the same for every optimizer under one seed.
    """

    space: SearchSpace
    fidelities: tuple[float, ...]
    resumable: bool
    objectives: tuple[Objective, ...]
    initial: tuple[Config, ...]

    def starts(self, rng: np.random.Generator) -> Iterator[Config]:
        """The shared design, then own draws without end: what populations and brackets fill from."""
        yield from self.initial
        while True:
            yield self.space.sample(rng)


@dataclass(frozen=True)
class Tariff:
    """What the books need to know of a benchmark's prices, each in every currency.

    cheapest: lowest cost at the first fidelity; first: mean cost there; full: mean cost of full training (c̄); means
    are over keys, or over draws of the sampler where a space has but one and it prefers some; a space with a choice
    of samplers has one c̄, so that a budget buys the same under each. exhaustive: full training of every
    configuration; None in a space that cannot be enumerated.
    """

    cheapest: Cost
    first: Cost
    full: Cost
    exhaustive: Cost | None

    @property
    def mean_full_kwh(self) -> float:
        """c̄ in energy."""
        return self.full.energy_nj / (JOULES_PER_KWH * NANO)

    def to_json(self) -> dict[str, list[int]]:
        """Lists of integers, by field; `exhaustive` is left out where it is None."""
        fields = {"cheapest": self.cheapest, "first": self.first, "full": self.full}
        known = fields | ({"exhaustive": self.exhaustive} if self.exhaustive else {})
        return {name: list(cost) for name, cost in known.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[int]]) -> "Tariff":
        """The inverse of `to_json`."""
        exhaustive = data.get("exhaustive")
        return cls(
            Cost(*data["cheapest"]),
            Cost(*data["first"]),
            Cost(*data["full"]),
            None if exhaustive is None else Cost(*exhaustive),
        )


@dataclass(frozen=True)
class Reference:
    """What analysis knows of the truth of an enumerable benchmark; rows are keys, in the order of `keys`.

    val_error, test_error, energy_kwh: [K] at full training, means over replicates (`test_error` equals `val_error`
    where `has_test` is False). seconds, params: [K]; params may be NaN. probabilities: [K] of a draw of the space's
    sampler; None where all keys are equally likely. val_repeats, energy_repeats: [K, R] at full training, what a search
    may see of each key; None where it sees the same every time (or, in files of before there were any, where that is
    not known). device_factors: by another device's name, [K] its energies over those of the space.
    """

    name: str
    data_sha256: str
    has_test: bool
    replicates: int
    resumable: bool
    fidelities: tuple[float, ...]
    tariff: Tariff
    keys: tuple[Key, ...]
    val_error: NDArray[np.float64]
    test_error: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    seconds: NDArray[np.float64]
    params: NDArray[np.float64]
    energy_label: str
    notes: tuple[str, ...]
    probabilities: NDArray[np.float64] | None = None
    val_repeats: NDArray[np.float64] | None = None
    energy_repeats: NDArray[np.float64] | None = None
    device_factors: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


class Benchmark(ABC):
    """A space with an oracle; pure: the same question has the same answer.

    fidelities: fractions of full training, ascending, the last 1.0. resumable: whether a longer training may continue
    a shorter one. provenance: of each column, measured | scaled | affine | surrogate | modelled | estimated. pue: the
    power usage effectiveness that its energies contain.
    """

    name: str
    space: SearchSpace
    fidelities: tuple[float, ...]
    resumable: bool
    has_test: bool
    replicates: int
    data_sha256: str
    provenance: Mapping[str, str]
    pue: float = 1.0

    @abstractmethod
    def epochs(self, config: Config, fidelity: float) -> int:
        """Epochs that `fidelity` stands for; raises UserError where it is not one of `fidelities`."""

    @abstractmethod
    def measure(self, config: Config, fidelity: float = 1.0, seed: int = 0) -> Measurement:
        """The outcome of one training; INVALID, never an error, for a configuration outside the space."""

    @abstractmethod
    def measure_batch(self, keys: Sequence[Key], fidelity: float = 1.0, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Arrays [N] by field of Measurement for valid keys; raises UserError naming the first unknown key."""

    @abstractmethod
    def tariff(self) -> Tariff:
        """What the ledger needs to know of this benchmark's prices."""

    @abstractmethod
    def reference(self) -> Reference:
        """What analysis needs to know of the truth."""

    def verify(self) -> None:  # noqa: B027 - most benchmarks have no file behind them
        """Compute the checksum of the data that the answers come from again; raises UserError where it is not theirs.

        Done once before a study starts: making a benchmark may rest on what was found out before.
        """

    def replicate(self, key: Key, fidelity: float, seed: int) -> int:
        """The repeated training that answers this seed's question; of a curve, the same for all fidelities."""
        return replicate(seed, key, None if self.resumable else fidelity, self.replicates)

    def problem(self, seed: int, *, initial: int = 3, objectives: Sequence[str] = ("val_error",)) -> Problem:
        """The problem under one seed. Raises UserError for an unknown objective or a negative initial design."""
        if initial < 0:
            raise UserError(f"initial = {initial}: the shared design needs 0 or more configurations")
        for name in objectives:
            if name not in OBJECTIVES:
                raise UnknownNameError("objective", name, OBJECTIVES)
        rng = stream("initial", self.name, seed)
        return Problem(
            space=self.space,
            fidelities=self.fidelities,
            resumable=self.resumable,
            objectives=tuple(OBJECTIVES[name] for name in objectives),
            initial=tuple(self.space.sample(rng) for _ in range(initial)),
        )
