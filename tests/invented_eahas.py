"""EA-HAS-style sweeps with invented curves, in the forms that pycls and users write: nothing in them was measured."""

import copy
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fairwatt.records import Config
from fairwatt.search_spaces.config_trainings import CONFIG
from fairwatt.search_spaces.regnet import complexity, expand
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

IMAGES = {"cifar10": (49_152, 10_000), "tiny": (99_328, 10_000)}
_NAMES = {"cifar10": "cifar10", "tiny": "tinyimagenet"}
WATTS = 64.0
"""Of the invented trainings: as in EA-HAS-Bench's figures, read as Wh."""


def sampled(count: int, variant: str = "cifar10", seed: int = 0) -> list[Config]:
    """Configurations of distinct keys."""
    space, rng = RegnetHpoSpace(variant), np.random.default_rng(seed)
    found: dict[int, Config] = {}
    while len(found) < count:
        config = space.sample(rng)
        found.setdefault(int(space.key(config)), config)
    return list(found.values())


def percent(correct: Any, images: int) -> list[float]:
    """Errors as pycls logs them: four digits."""
    return [round(100 * (1 - int(each) / images), 4) for each in correct]


def pycls_record(config: Config, seed: int = 0, variant: str = "cifar10", *, energy: bool = False) -> dict[str, Any]:
    """A training as sweep_collect.py leaves it. energy: with `cons`, as EA-HAS-Bench's surrogates read it, in Wh."""
    depth, w0, wa, wm, group, lr, optimizer, policy, epochs, cutout = config
    rng = np.random.default_rng([*np.frombuffer(json.dumps(config).encode(), np.uint8).tolist(), seed])
    classes, stem = {"cifar10": (10, 16), "tiny": (200, 32)}[variant]
    stages = expand(depth, w0, wa, wm, group)  # type: ignore[arg-type]
    size = complexity(stages, stem_width=stem, num_classes=classes)
    length, steps = int(epochs), np.arange(1, int(epochs) + 1)
    off = np.log10(float(lr)) - (-1.0 if optimizer == "sgd" else -2.2)
    best = 0.94 - 0.12 * off**2 - 0.004 * float(depth) - 0.02 * (policy == "exp") + 0.01 * (int(cutout) > 0)
    best = max(best + 0.02 * rng.standard_normal(), 0.1)
    curves = []
    for images in (IMAGES[variant][0], *[IMAGES[variant][1]] * 2):
        accuracy = 0.1 + (best - 0.1) * (1 - np.exp(-5 * steps / length)) + 0.004 * rng.standard_normal(length)
        curves.append(percent((np.clip(accuracy, 0, 1) * images).round(), images))
    seconds = 10 + size.flops / 2e7 + 0.2 * rng.random(length)
    record = {
        "cfg": {
            "MODEL": {"TYPE": "anynet", "NUM_CLASSES": classes, "DEPTH": 0},
            "ANYNET": {
                "DEPTHS": list(stages.depths),
                "WIDTHS": list(stages.widths),
                "GROUP_WS": list(stages.group_widths),
                "BOT_MULS": [1.0] * len(stages.widths),
                "STEM_W": stem,
                "SE_ON": True,
            },
            "REGNET": {"DEPTH": depth, "W0": w0, "WA": wa, "WM": wm, "GROUP_W": group, "BOT_MUL": 1.0, "STEM_W": stem},
            "OPTIM": {"BASE_LR": lr, "OPTIMIZER": optimizer, "LR_POLICY": policy, "MAX_EPOCH": epochs},
            "TRAIN": {"DATASET": _NAMES[variant], "IM_SIZE": 32, "BATCH_SIZE": 1024, "CUTOUT_LENGTH": cutout},
            "TEST": {"DATASET": _NAMES[variant], "SPLIT": "test"},
            "NUM_GPUS": 1,
            "RNG_SEED": 1 + seed,
            "DESC": "invented",
        },
        "complexity": {name: int(value) for name, value in size._asdict().items()},
        "train_epoch": {
            "epoch_ind": steps.tolist(),
            "top1_err": curves[0],
            "loss": np.round(3 - 2 * steps / length, 4).tolist(),
            "time_epoch": np.round(seconds, 4).tolist(),
        },
        "test_epoch": {"epoch_ind": steps.tolist(), "top1_err": curves[1]},
        "test_ema_epoch": {"epoch_ind": steps.tolist(), "epoch_max": [epochs] * length, "top1_err": curves[2]},
        "log_file": "invented/stdout.log",
        "err": "",
    }
    if energy:
        record["cons"] = {"train_cons": np.round(WATTS * seconds / 3600, 6).tolist()}
    return record


def write_json(path: Path, records: Sequence[Any]) -> Path:
    """As sweep_collect.py writes them; NaN as pycls does."""
    path.write_text(json.dumps(list(records), sort_keys=True))
    return path


def csv_rows(record: Mapping[str, Any], training: str, **columns: Sequence[Any]) -> list[dict[str, Any]]:
    """The same training in our names, a row for each epoch; columns: further ones, by epoch."""
    cfg = record["cfg"]
    config = (
        *(cfg["REGNET"][name] for name in ("DEPTH", "W0", "WA", "WM", "GROUP_W")),
        *(cfg["OPTIM"][name] for name in ("BASE_LR", "OPTIMIZER", "LR_POLICY", "MAX_EPOCH")),
        cfg["TRAIN"]["CUTOUT_LENGTH"],
    )
    curves = {
        "epoch": record["test_ema_epoch"]["epoch_ind"],
        "test_error": record["test_ema_epoch"]["top1_err"],
        "train_error": record["train_epoch"]["top1_err"],
        "seconds": record["train_epoch"]["time_epoch"],
        **columns,
    }
    constant = {
        "training": training,
        **dict(zip(CONFIG, config, strict=True)),
        "params": record["complexity"]["params"],
    }
    return [constant | dict(zip(curves, values, strict=True)) for values in zip(*curves.values(), strict=True)]


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    rows = list(rows)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def changed(record: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at "cfg.OPTIM.BASE_LR"; None deletes it."""
    found = copy.deepcopy(dict(record))
    *way, last = path.split(".")
    inner = found
    for step in way:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return found
