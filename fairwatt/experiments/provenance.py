"""Where results come from: versions and machine, without names of people, hosts or folders."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import fairwatt

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "torch",
    "moocore",
    "statsmodels",
    "ConfigSpace",
    "smac",
    "hpbandster",
    "pymoo",
    "optuna",
    "scikit-learn",
)


def provenance() -> dict[str, object]:
    """Versions of fairwatt and of what its numbers depend on, and the kind of machine."""
    return {
        "fairwatt": fairwatt.__version__,
        "git": _git_sha(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _git_sha() -> str:
    """The commit of a source checkout; "installed" where the package does not stand in one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return "installed"
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()
