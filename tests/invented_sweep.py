"""Parts of a sweep of configurations with invented curves: what a training would write, without training."""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.experiments.config_sweep import ConfigTask
from fairwatt.experiments.miniature import miniature
from fairwatt.experiments.sweep_plan import load_plan
from fairwatt.sealed import write_sealed
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

SPEC = "name: digits-regnet-toy\nspace: digits-regnet-toy\nrepeats: 2\nbundle_size: 120\n"
IMAGES = {"train": 384, "validation": 600, "test": 797}
DIVERGES = 0.3
"""The rate at which sgd diverges, in the third epoch."""


def invented_training(task: ConfigTask) -> dict[str, Any]:
    """A law of the configuration with the repeat's noise; nothing was measured."""
    depth, *_, lr, optimizer, policy, epochs, cutout = task.config
    count = miniature(RegnetHpoSpace().training(task.config)).epochs
    rng = np.random.default_rng(zlib.crc32(json.dumps([task.config, task.repeat]).encode()))
    off = np.log10(float(lr)) - (-1.0 if optimizer == "sgd" else -2.2)
    best = 0.93 - 0.12 * off**2 - 0.004 * float(depth) - 0.02 * (policy == "exp") + 0.02 * np.log2(float(epochs) / 50)
    best += 0.01 * (cutout > 0) + 0.02 * rng.standard_normal()
    progress = np.arange(1, count + 1) / count
    diverged = optimizer == "sgd" and lr == DIVERGES
    curves = {}
    for part, images in IMAGES.items():
        accuracy = 0.1 + (max(best, 0.1) - 0.1) * (1 - np.exp(-4 * progress)) + 0.01 * rng.standard_normal(count)
        accuracy[2:] = 0.1 if diverged else accuracy[2:]
        curves[part] = [round(images * float(value)) for value in np.clip(accuracy, 0, 1)]
    seconds = (0.1 + 0.01 * rng.random(count)).tolist()
    if diverged:
        seconds[3:] = [sum(seconds[:3]) / 3] * (count - 3)
    return {"status": "diverged" if diverged else "ok", **curves, "seconds": seconds}


def write_parts(
    spec: Path,
    folder: Path,
    training: Callable[[ConfigTask], dict[str, Any]] = invented_training,
    *,
    leave_out: int = 0,
) -> None:
    """All parts of a sweep but the last `leave_out`."""
    sweep = load_plan(spec)
    bundles = sweep.bundles()
    for bundle in bundles[: len(bundles) - leave_out]:
        part = {"bundle": json.loads(json.dumps(bundle.record())), "results": [training(task) for task in bundle.tasks]}
        write_sealed(folder / sweep.name / "parts" / f"{bundle.name}.json", part)
