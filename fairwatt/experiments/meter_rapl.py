"""Energy counters of Intel and AMD processors in Linux's powercap tree: packages and their memory.

A counter starts again at its range, which a loaded package passes within minutes, so it is also read in between. Cores
and graphics are parts of a package, and psys contains it: none of them is added. The counters know no processes: what a
package takes at idle is in every window, and beside a training on one thread that is most of it.
"""

import platform
import threading
from dataclasses import dataclass
from pathlib import Path

from fairwatt.experiments.meters import Meter, MeterError, Reading

POWERCAP = Path("/sys/class/powercap")
JOULES_PER_COUNT = 1e-6
NOTE = "whole packages, with what they take at idle: most of it where one thread trains, so nearly power x seconds"
MOST_WATTS = 2_000
"""More than any package takes: how soon a counter might come round."""


@dataclass(frozen=True)
class Zone:
    """One counter. counts: its range; after them it starts at 0."""

    label: str
    file: Path
    counts: int

    def read(self) -> int:
        """The counter now. Raises MeterError."""
        try:
            return int(self.file.read_text())
        except (OSError, ValueError) as fault:
            raise MeterError(f"{self.file}: {getattr(fault, 'strerror', None) or fault}") from None


def zones(root: Path = POWERCAP) -> list[Zone]:
    """Packages and their DRAM, each once. Raises MeterError where there are none, or none may be read."""
    found: dict[str, Zone] = {}
    for folder in [*sorted(root.glob("intel-rapl:*")), *sorted(root.glob("intel-rapl-mmio:*"))]:  # views of the same
        try:
            name = (folder / "name").read_text().strip()
            if not (name.startswith("package") or name == "dram"):
                continue
            counts = int((folder / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            continue
        parent = folder.name.partition(":")[2].partition(":")[0]
        label = name if name.startswith("package") else f"dram-{parent}"
        found.setdefault(label, Zone(label, folder / "energy_uj", counts))
    if not found:
        raise MeterError(f"no package counters in {root} (usual on virtual machines)")
    for zone in found.values():
        zone.read()
    return list(found.values())


def processor() -> str:
    """The model of this machine's processors, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor() or platform.machine())


class RaplMeter(Meter):
    """All packages of this machine, with whatever runs on them. root: the powercap tree."""

    name = "rapl"
    shortest_seconds = 0.1
    exclusive = True

    def __init__(self, root: Path = POWERCAP) -> None:
        super().__init__()
        self._root = root
        self._zones: list[Zone] = []
        self._last: list[int] = []
        self._used: list[int] = []
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._lost = ""

    @classmethod
    def check(cls, root: Path = POWERCAP) -> str:
        """The counters. Raises MeterError."""
        return f"energy counters of {', '.join(zone.label for zone in zones(root))}"

    def poll(self) -> None:
        """Add what the counters moved by since they were last read."""
        with self._lock:
            now = [zone.read() for zone in self._zones]
            for place, (zone, before, after) in enumerate(zip(self._zones, self._last, now, strict=True)):
                self._used[place] += after - before + (zone.counts if after < before else 0)
            self._last = now

    def _open(self) -> None:
        with self._lock:
            self._zones = zones(self._root)
            self._last = [zone.read() for zone in self._zones]
            self._used = [0] * len(self._zones)
        self._lost, self._closed = "", threading.Event()
        often = min(zone.counts for zone in self._zones) * JOULES_PER_COUNT / MOST_WATTS
        threading.Thread(target=self._follow, args=(self._closed, often), daemon=True).start()

    def _close(self, seconds: float) -> Reading:
        self._closed.set()
        if self._lost:
            raise MeterError(self._lost)
        self.poll()
        if not any(self._used):
            raise MeterError(f"the counters did not move in {seconds:.3g} s")
        labels = (processor(), *(zone.label for zone in self._zones))
        return Reading(sum(self._used) * JOULES_PER_COUNT, seconds, "counter", "device", labels, NOTE)

    def _follow(self, closed: threading.Event, often: float) -> None:
        while not closed.wait(often):
            try:
                self.poll()
            except MeterError as reason:
                self._lost = str(reason)
                return
