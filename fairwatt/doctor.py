"""What is installed and what this machine can measure: findings, each with what to do about it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec

EXTRAS: Mapping[str, tuple[str, str]] = {
    "torch": ("torch", "optimizers bananas, ea-bananas, mo-sh-bananas; trainings"),
    "smac": ("smac", "optimizers smac, smac-mf"),
    "hpbandster": ("hpbandster", "optimizer bohb-hpbandster"),
    "pymoo": ("pymoo", "optimizer nsga2"),
    "optuna": ("optuna", "optimizer tpe"),
    "sklearn": ("training", "trainings on digits"),
    "distributed": ("dask", "sweeps and studies on several machines"),
}
METERS = "fairwatt.experiments.meters"
"""Looked up by name: this room knows no other."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `todo` is empty where there is nothing to do."""

    what: str
    state: str
    ok: bool
    todo: str = ""


def examine() -> list[Finding]:
    """Python, optional packages, cores, and each energy meter; nothing is changed."""
    version = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding("Python", version, sys.version_info >= (3, 11), "")]
    for module, (extra, purpose) in EXTRAS.items():
        here = find_spec(module) is not None
        package = "scikit-learn" if module == "sklearn" else module
        state = f"{metadata.version(package)} ({purpose})" if here else f"not installed ({purpose})"
        findings.append(Finding(package, state, here, "" if here else f"pip install 'fairwatt[{extra}]'"))
    findings.append(Finding("cores", str(os.cpu_count()), True))
    findings += _meters()
    return findings


def _meters() -> list[Finding]:
    """What each energy meter would count here, or why it does not work."""
    findings = []
    for name, ok, words in import_module(METERS).checks():
        state, _, command = words.partition(": ") if "pip install" in words else (words, "", "")
        findings.append(Finding(f"meter {name}", state if ok else f"unavailable: {state}", ok, command))
    return findings
