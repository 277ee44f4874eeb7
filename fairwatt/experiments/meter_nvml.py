"""NVIDIA's total-energy counter: millijoules of a device since its driver was loaded.

The counter, not the power that nvidia-smi polls: against a wall meter the counter agrees, polling does not. It moves in
steps of about 100 ms, so windows of less than two seconds are too short. It counts the board, whoever uses it.

CUDA numbers devices in another order than NVML, and only those that CUDA_VISIBLE_DEVICES leaves, so the device that
trains is looked up by its UUID. A slice of a board (MIG) has a UUID of its own and no counter: it cannot be measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairwatt.experiments.meters import Meter, MeterError, Reading

JOULES_PER_COUNT = 1e-3


class NvmlMeter(Meter):
    """The NVIDIA device that PyTorch trains on. library: pynvml, cuda: torch.cuda, or what behaves like them."""

    name = "nvml"
    shortest_seconds = 2.0
    exclusive = True

    def __init__(self, library: Any = None, cuda: Any = None) -> None:
        super().__init__()
        self._library, self._cuda = library, cuda
        self._handle: Any = None
        self._device = ""
        self._before = 0

    @classmethod
    def check(cls, library: Any = None, cuda: Any = None) -> str:
        """The device. Raises MeterError: no package, no driver, no device, no counter (older than Volta, or MIG)."""
        meter = cls(library, cuda)
        meter._open()
        return f"energy counter of {meter._device}"

    @property
    def counted(self) -> str:
        """The device's UUID, if there is one."""
        try:
            self._cuda = self._cuda or _torch_cuda()
            return _uuid(self._cuda)
        except MeterError:
            return self.name

    def _open(self) -> None:
        self._library = self._library or _pynvml()
        with _refusals(self._library):
            if self._handle is None:
                self._library.nvmlInit()
                if not self._library.nvmlDeviceGetCount():
                    raise MeterError("no NVIDIA device")
                self._cuda = self._cuda or _torch_cuda()
                self._handle = self._library.nvmlDeviceGetHandleByUUID(_uuid(self._cuda))
                name = self._library.nvmlDeviceGetName(self._handle)
                self._device = name.decode() if isinstance(name, bytes) else str(name)
            self._before = self._count()

    def _close(self, seconds: float) -> Reading:
        with _refusals(self._library):
            used = self._count() - self._before
        if used <= 0:
            raise MeterError(f"the counter did not move in {seconds:.3g} s")
        return Reading(used * JOULES_PER_COUNT, seconds, "counter", "device", (self._device,))

    def _count(self) -> int:
        return int(self._library.nvmlDeviceGetTotalEnergyConsumption(self._handle))


def _pynvml() -> Any:
    try:
        import pynvml
    except ImportError:
        raise MeterError("the package nvidia-ml-py is not installed: pip install 'fairwatt[meters]'") from None
    return pynvml


def _torch_cuda() -> Any:
    try:
        import torch
    except ImportError:
        raise MeterError("the package torch is not installed: pip install 'fairwatt[torch]'") from None
    return torch.cuda


def _uuid(cuda: Any) -> str:
    """As NVML writes it, of the device that PyTorch takes for "cuda" in this process. Raises MeterError for none."""
    if not cuda.is_available():
        raise MeterError("PyTorch finds no CUDA device that it may use (built without CUDA? CUDA_VISIBLE_DEVICES?)")
    uuid = str(getattr(cuda.get_device_properties(cuda.current_device()), "uuid", ""))
    if not uuid:
        raise MeterError("this PyTorch does not tell its devices' UUIDs: update it")
    return uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"


@contextmanager
def _refusals(library: Any) -> Iterator[None]:
    """NVML's errors as reasons."""
    try:
        yield
    except library.NVMLError as fault:
        raise MeterError(f"NVML: {' '.join(str(fault).split())}") from None
