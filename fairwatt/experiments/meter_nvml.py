"""NVIDIA's total-energy counter: millijoules of a device since its driver was loaded.

The counter, not the power that nvidia-smi polls: against a wall meter the counter agrees, polling does not. It moves in
steps of about 100 ms, so windows of less than two seconds are too short. It counts the board, whoever uses it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairwatt.experiments.meters import Meter, MeterError, Reading

JOULES_PER_COUNT = 1e-3


class NvmlMeter(Meter):
    """All NVIDIA devices that this process may use. library: pynvml, or what behaves like it."""

    name = "nvml"
    shortest_seconds = 2.0
    exclusive = True

    def __init__(self, library: Any = None) -> None:
        super().__init__()
        self._library = library
        self._handles: list[Any] = []
        self._names: tuple[str, ...] = ()
        self._before: list[int] = []

    @classmethod
    def check(cls, library: Any = None) -> str:
        """The devices. Raises MeterError: no package, no driver, no device, no counter (older than Volta)."""
        meter = cls(library)
        meter._open()
        return f"energy counter of {', '.join(meter._names)}"

    def _open(self) -> None:
        self._library = self._library or _pynvml()
        with _refusals(self._library):
            if not self._handles:
                self._handles, self._names = _devices(self._library)
            self._before = self._counts()

    def _close(self, seconds: float) -> Reading:
        with _refusals(self._library):
            after = self._counts()
        used = sum(after) - sum(self._before)
        if used <= 0:
            raise MeterError(f"the counter did not move in {seconds:.3g} s")
        return Reading(used * JOULES_PER_COUNT, seconds, "counter", "device", self._names)

    def _counts(self) -> list[int]:
        return [int(self._library.nvmlDeviceGetTotalEnergyConsumption(handle)) for handle in self._handles]


def _pynvml() -> Any:
    try:
        import pynvml
    except ImportError:
        raise MeterError("the package nvidia-ml-py is not installed: pip install 'fairwatt[meters]'") from None
    return pynvml


def _devices(library: Any) -> tuple[list[Any], tuple[str, ...]]:
    """Handles and names of the devices that the process may use (CUDA_VISIBLE_DEVICES, where it lists numbers)."""
    import os

    library.nvmlInit()
    numbers = list(range(library.nvmlDeviceGetCount()))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and all(word.strip().isdigit() for word in visible.split(",") if word):
        allowed = {int(word) for word in visible.split(",") if word}
        numbers = [number for number in numbers if number in allowed]
    if not numbers:
        raise MeterError("no NVIDIA device")
    handles = [library.nvmlDeviceGetHandleByIndex(number) for number in numbers]
    names = [library.nvmlDeviceGetName(handle) for handle in handles]
    return handles, tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)


@contextmanager
def _refusals(library: Any) -> Iterator[None]:
    """NVML's errors as reasons."""
    try:
        yield
    except library.NVMLError as fault:
        raise MeterError(f"NVML: {' '.join(str(fault).split())}") from None
