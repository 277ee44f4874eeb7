"""Energy meters for real trainings: `start()`, then `stop()`, which answers what was used in between.

A reading says how it came about (method) and what it counts (scope), because joules of two methods are two currencies.
A meter that does not work here, or failed in the middle, answers None with the reason: never 0, which would be a value.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter

from fairwatt.errors import UnknownNameError, UserError
from fairwatt.surrogates.energy_model import OperationCountModel

UNAVAILABLE = "unavailable"


class MeterError(Exception):
    """Why a meter cannot answer, in one line."""


@dataclass(frozen=True)
class Reading:
    """What one window used.

    joules: None where there is no answer. seconds: of the wall clock. method: counter | integrated | modelled |
    constant-power | unavailable. scope: device (with all that ran on it) | process | none. note: constants that went
    into it, or what to hold against it.
    """

    joules: float | None
    seconds: float
    method: str
    scope: str
    devices: tuple[str, ...] = ()
    note: str = ""


class Meter(ABC):
    """One way to measure. Made where it is used: counters belong to a machine and are not carried to another.

    shortest_seconds: windows below it are too short for this meter; their readings say so.
    """

    name: str
    shortest_seconds = 0.0
    exclusive = False
    """Whether it counts whatever else runs on its devices, so that only one training may run at a time."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._failure = ""

    @classmethod
    @abstractmethod
    def check(cls) -> str:
        """What it would measure here, in a few words. Raises MeterError with the reason where it does not work."""

    @abstractmethod
    def _open(self) -> None:
        """Begin a window. Raises MeterError."""

    @abstractmethod
    def _close(self, seconds: float) -> Reading:
        """End the window. Raises MeterError."""

    def start(self) -> None:
        """Begin a window; raises UserError if one is open."""
        if self._began is not None:
            raise UserError(f"meter {self.name}: started twice; stop it first")
        self._failure = ""
        try:
            self._open()
        except MeterError as reason:
            self._failure = str(reason)
        self._began = perf_counter()

    def stop(self) -> Reading:
        """What was used since `start`; raises UserError without one."""
        if self._began is None:
            raise UserError(f"meter {self.name}: stopped before it was started")
        seconds, self._began = perf_counter() - self._began, None
        try:
            if self._failure:
                raise MeterError(self._failure)
            reading = self._close(seconds)
        except MeterError as reason:
            return Reading(None, seconds, UNAVAILABLE, "none", (), str(reason))
        if seconds < self.shortest_seconds:
            short = f"window of less than {self.shortest_seconds:g} s: too short for this meter"
            return replace(reading, note="; ".join(filter(None, [reading.note, short])))
        return reading

    @property
    def counted(self) -> str:
        """What an exclusive meter counts as a whole: names that are equal are of one thing on this machine."""
        return self.name


class NullMeter(Meter):
    """Measures seconds only."""

    name = "null"

    @classmethod
    def check(cls) -> str:
        """It always works, and answers nothing."""
        return "seconds only, no energy"

    def _open(self) -> None:
        pass

    def _close(self, seconds: float) -> Reading:
        return Reading(None, seconds, UNAVAILABLE, "none", (), "not measured")


class OperationCountMeter(Meter):
    """Energy by a model of operation counts: the same on every machine. Tell it what was done with `count`.

    features: of one forward pass, by the calibration's names. label: what the features are of. Beyond the fitted range
    the model goes on, and the reading says so.
    """

    name = "opcount"

    def __init__(
        self, features: Mapping[str, float], label: str = "", model: OperationCountModel | None = None
    ) -> None:
        super().__init__()
        model = model or OperationCountModel()
        self._joules_per_sample = float(model.joules_per_sample(features, extrapolate=True))
        own = model.calibration
        outside = bool(model.outside(features))
        error = f"extrapolated, error {own.extrapolated_mape:.1%} or more" if outside else f"error {own.mape:.1%}"
        self._note = "; ".join(filter(None, [f"operation-count model {own.name}, {error}", label]))
        self._devices = (own.hardware,)
        self._samples = 0

    @classmethod
    def check(cls) -> str:
        """It always works."""
        return "a model of operation counts (ecnas-gpu), not a measurement"

    def count(self, samples: int) -> None:
        """`samples` more training samples were worked on in this window."""
        self._samples += samples

    def _open(self) -> None:
        self._samples = 0

    def _close(self, seconds: float) -> Reading:
        if not self._samples:
            raise MeterError("no training samples were counted")
        return Reading(
            self._samples * self._joules_per_sample, seconds, "modelled", "device", self._devices, self._note
        )


def meter_classes() -> dict[str, type[Meter]]:
    """Every meter by name; the first ones are preferred, and `auto` ends at `null`."""
    from fairwatt.experiments.meter_codecarbon import CodeCarbonMeter
    from fairwatt.experiments.meter_nvml import NvmlMeter
    from fairwatt.experiments.meter_rapl import RaplMeter

    return {found.name: found for found in (NvmlMeter, RaplMeter, CodeCarbonMeter, OperationCountMeter, NullMeter)}


METERS = ("nvml", "rapl", "codecarbon", "opcount", "null")
UNMEASURED = ("opcount", "null")
"""Meters that read nothing on this machine, so that trainings may stand side by side."""
_AUTO: Mapping[str, tuple[str, ...]] = {
    "cuda": ("nvml", "codecarbon", "null"),
    "cpu": ("rapl", "codecarbon", "null"),
}
"""By device: a counter first, then an estimate with its constants. What `auto` takes is never a model of counts."""


def choose(name: str, device: str = "cpu") -> str:
    """The meter's name; for "auto" that of the best one that works here for a training on "cpu" or "cuda".

    Raises UnknownNameError for a name that is none.
    """
    if name not in (*METERS, "auto"):
        raise UnknownNameError("meter", name, (*METERS, "auto"))
    if name != "auto":
        return name
    classes = meter_classes()
    return next(name for name in _AUTO[device] if works(classes[name]))


def works(meter: type[Meter]) -> bool:
    """Whether a meter would answer here."""
    try:
        meter.check()
    except MeterError:
        return False
    return True


def make_meter(name: str, device: str = "cpu") -> Meter:
    """A meter by name or "auto"; one that does not work here is made too, and says so with every reading.

    Raises UnknownNameError; UserError for opcount, which needs the counts of a network.
    """
    chosen = choose(name, device)
    if chosen == "opcount":
        raise UserError("meter opcount: make an OperationCountMeter with the counts of the network")
    return meter_classes()[chosen]()


def measure(meter: Meter, work: Callable[[], object], most: int = 10_000) -> Reading:
    """The mean reading of one `work()`, repeated in one window until that is long enough for the meter.

    Meters have no windows that can be extended, so the number of repeats is found first: it doubles until the window
    suffices, and the last, long enough one answers. Raises UserError where `most` repeats are still too short.
    """
    repeats = 1
    while True:
        meter.start()
        for _ in range(repeats):
            work()
        reading = meter.stop()
        if reading.seconds >= meter.shortest_seconds:
            break
        if repeats >= most:
            raise UserError(f"meter {meter.name}: {most} repeats took {reading.seconds:.2g} s, too short to measure")
        repeats = min(2 * repeats, most)
    joules = None if reading.joules is None else reading.joules / repeats
    note = "; ".join(filter(None, [reading.note, f"mean of {repeats} runs" if repeats > 1 else ""]))
    return replace(reading, joules=joules, seconds=reading.seconds / repeats, note=note)


def checks() -> list[tuple[str, bool, str]]:
    """(name, whether it works here, what it would measure or why not) of every meter but `null`, then of "auto"."""
    found = []
    for name, meter in meter_classes().items():
        if name == "null":
            continue
        try:
            found.append((name, True, meter.check()))
        except MeterError as reason:
            found.append((name, False, str(reason)))
    taken = {device: choose("auto", device) for device in _AUTO}
    words = ", ".join(f"{name} for trainings on {device}" for device, name in taken.items())
    return [*found, ("auto", set(taken.values()) != {"null"}, f"takes {words}")]
