"""What is installed and what this machine can measure: findings, each with what to do about it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

EXTRAS: Mapping[str, tuple[str, str]] = {
    "torch": ("torch", "optimizer bananas, trainings"),
    "sklearn": ("training", "trainings on digits"),
}
POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `todo` is empty where there is nothing to do."""

    what: str
    state: str
    ok: bool
    todo: str = ""


def examine() -> list[Finding]:
    """Python, optional packages, cores, and the energy counters that exist here; nothing is changed."""
    version = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding("Python", version, sys.version_info >= (3, 11), "")]
    for module, (extra, purpose) in EXTRAS.items():
        here = find_spec(module) is not None
        package = "scikit-learn" if module == "sklearn" else module
        state = f"{metadata.version(package)} ({purpose})" if here else f"not installed ({purpose})"
        findings.append(Finding(package, state, here, "" if here else f"pip install 'fairwatt[{extra}]'"))
    findings.append(Finding("cores", str(os.cpu_count()), True))
    findings.append(_rapl())
    findings.append(_nvml())
    return findings


def _rapl() -> Finding:
    """Intel/AMD package energy counters in the Linux powercap tree."""
    counters = sorted(POWERCAP.glob("*/energy_uj"))
    if not counters:
        return Finding("RAPL", "no counters (usual on virtual machines)", False, "CPU energy cannot be measured here")
    readable = [counter for counter in counters if os.access(counter, os.R_OK)]
    if not readable:
        return Finding("RAPL", f"{len(counters)} counters, none readable", False, "ask for read access to energy_uj")
    return Finding("RAPL", f"{len(readable)} of {len(counters)} counters readable", True)


def _nvml() -> Finding:
    """NVIDIA's management library, by the device files of its driver."""
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    if not devices:
        return Finding("NVML", "no NVIDIA device", False, "GPU energy cannot be measured here")
    return Finding("NVML", f"{len(devices)} NVIDIA device(s)", True)
