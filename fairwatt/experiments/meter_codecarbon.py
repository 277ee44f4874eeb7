"""CodeCarbon, offline: what it takes a process to use.

Without counters it multiplies CPU time by a constant (the processor's thermal design power, shared over its load) and
adds constant watts for memory; the note of every reading records them, because they decide the result.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairwatt.experiments.meters import Meter, MeterError, Reading
from fairwatt.records import JOULES_PER_KWH

SECONDS_BETWEEN_SAMPLES = 15.0
COUNTRY = "DNK"
"""CodeCarbon asks for one to estimate CO2, which is not used here."""
_METHODS = {"constant": "constant-power", "cpu_load": "modelled"}


class CodeCarbonMeter(Meter):
    """This process and its children, as CodeCarbon estimates them. tracker: its tracker, or what behaves like it."""

    name = "codecarbon"
    shortest_seconds = 1.0

    def __init__(self, tracker: Any = None) -> None:
        super().__init__()
        self._tracker = tracker
        self._windows = 0

    @classmethod
    def check(cls) -> str:
        """Raises MeterError where the package is not installed."""
        version = getattr(_codecarbon(), "__version__", "")
        return f"CodeCarbon {version}: estimates by constants where there are no counters".replace("  ", " ")

    def _open(self) -> None:
        if self._tracker is None:
            self._tracker = _tracker()
        self._windows += 1
        with _refusals():
            self._tracker.start_task(f"window-{self._windows}")

    def _close(self, seconds: float) -> Reading:
        with _refusals():
            data = self._tracker.stop_task(f"window-{self._windows}")
        if data is None or not data.energy_consumed > 0:
            raise MeterError("CodeCarbon gave no energy for this window")
        cpu = next((part for part in self._tracker._hardware if hasattr(part, "_mode")), None)
        mode, watts = (cpu._mode, cpu._tdp) if cpu is not None else ("none", 0)
        note = (
            f"CodeCarbon {data.codecarbon_version}: CPU by {mode} of {watts} W ({data.cpu_model}), "
            f"memory {data.ram_power:g} W constant"
        )
        devices = tuple(filter(None, [data.cpu_model, "memory", data.gpu_model]))
        joules = float(data.energy_consumed) * JOULES_PER_KWH
        return Reading(joules, seconds, _METHODS.get(mode, "integrated"), "process", devices, note)


def _codecarbon() -> Any:
    try:
        import codecarbon
    except ImportError:
        raise MeterError("the package codecarbon is not installed: pip install 'fairwatt[meters]'") from None
    return codecarbon


def _tracker() -> Any:
    """A tracker that writes nothing, asks no server, and has looked at the machine already."""
    package = _codecarbon()
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    tracker = package.OfflineEmissionsTracker(
        country_iso_code=COUNTRY,
        tracking_mode="process",
        measure_power_secs=SECONDS_BETWEEN_SAMPLES,
        output_methods=[],
        allow_multiple_runs=True,
        log_level="critical",
    )
    with _refusals():
        tracker.start_task("look at the machine")
        tracker.stop_task("look at the machine")
    return tracker


@contextmanager
def _refusals() -> Iterator[None]:
    """What a tracker raises that could not be set up, which it does not say itself."""
    try:
        yield
    except (AttributeError, OSError, RuntimeError, ValueError) as fault:
        raise MeterError(f"CodeCarbon could not measure ({type(fault).__name__}: {fault})") from None
