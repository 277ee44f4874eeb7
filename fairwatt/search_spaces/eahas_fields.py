"""What a record of an EA-HAS-style sweep holds, by our names, and where pycls keeps it.

pycls's sweep_collect.py writes for each training its whole configuration (`cfg`), its size (`complexity`) and what was
logged after each epoch, the error of the plain weights (`test_epoch`) and of averaged ones (`test_ema_epoch`). Before
training, the sweep turns the RegNet into its stages (`ANYNET`, with MODEL.TYPE "anynet"), but the five numbers stay in
`REGNET`. EA-HAS-Bench reads energies from `cons.train_cons`, which the trainer that it released never writes.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SCALARS: Mapping[str, str] = {
    "depth": "cfg.REGNET.DEPTH",
    "w0": "cfg.REGNET.W0",
    "wa": "cfg.REGNET.WA",
    "wm": "cfg.REGNET.WM",
    "group_w": "cfg.REGNET.GROUP_W",
    "lr": "cfg.OPTIM.BASE_LR",
    "optimizer": "cfg.OPTIM.OPTIMIZER",
    "policy": "cfg.OPTIM.LR_POLICY",
    "epochs": "cfg.OPTIM.MAX_EPOCH",
    "cutout": "cfg.TRAIN.CUTOUT_LENGTH",
    "model": "cfg.MODEL.TYPE",
    "depths": "cfg.ANYNET.DEPTHS",
    "widths": "cfg.ANYNET.WIDTHS",
    "group_widths": "cfg.ANYNET.GROUP_WS",
    "flops": "complexity.flops",
    "params": "complexity.params",
    "acts": "complexity.acts",
    "seed": "cfg.RNG_SEED",
    "dataset": "cfg.TRAIN.DATASET",
    "classes": "cfg.MODEL.NUM_CLASSES",
    "im_size": "cfg.TRAIN.IM_SIZE",
    "stem_width": "cfg.REGNET.STEM_W",
    "anynet_stem_width": "cfg.ANYNET.STEM_W",
    "batch_size": "cfg.TRAIN.BATCH_SIZE",
    "gpus": "cfg.NUM_GPUS",
}
"""One value of a training."""
RECIPE: Mapping[str, str] = {
    "weight_decay": "cfg.OPTIM.WEIGHT_DECAY",
    "momentum": "cfg.OPTIM.MOMENTUM",
    "warmup_epochs": "cfg.OPTIM.WARMUP_EPOCHS",
    "min_lr": "cfg.OPTIM.MIN_LR",
    "ema_alpha": "cfg.OPTIM.EMA_ALPHA",
    "label_smoothing": "cfg.TRAIN.LABEL_SMOOTHING",
    "mixup_alpha": "cfg.TRAIN.MIXUP_ALPHA",
    "train_split": "cfg.TRAIN.SPLIT",
    "test_split": "cfg.TEST.SPLIT",
}
"""What else a training depends on, and no configuration says: the same in all of a table."""
EPOCHS = ("epoch", "raw_epoch", "train_epoch")
"""Curves that number the others' epochs."""
_CURVES: Mapping[str, str] = {
    "epoch": "test_ema_epoch.epoch_ind",
    "raw_epoch": "test_epoch.epoch_ind",
    "train_epoch": "train_epoch.epoch_ind",
    "test_error": "test_ema_epoch.top1_err",
    "raw_test_error": "test_epoch.top1_err",
    "train_error": "train_epoch.top1_err",
    "train_loss": "train_epoch.loss",
    "seconds": "train_epoch.time_epoch",
    "energy": "cons.train_cons",
}
"""A value after each epoch; errors in percent."""
VALIDATION = "validation_error"
UNITS = {"energy_wh": "wh", "energy_kwh": "kwh"}
"""Columns of a CSV file that state the unit of energies."""
TRAINING = "training"
PYCLS = {**_SCALARS, **RECIPE, **_CURVES}
NAMES: Mapping[str, str] = {
    **{name: name for name in (*PYCLS, VALIDATION, TRAINING)},
    **dict.fromkeys(UNITS, "energy"),
    **{path: name for name, path in PYCLS.items()},
    **{path.removeprefix("cfg."): name for name, path in PYCLS.items()},
    "log_file": TRAINING,
}
"""Columns of a CSV file, ours and pycls's, to our names."""
CURVES = frozenset((*_CURVES, VALIDATION))
_MOST_SHOWN = 60
_MOST_NAME = 255
"""What file systems let a name have."""
_WHOLE = re.compile(r"\d{1,6}")


@dataclass(frozen=True)
class SweepRecord:
    """One training as its file has it; nothing is checked yet.

    number: from 0, of all in the file. values: what is there, by our name. curves: what is there, one entry an epoch.
    """

    number: int
    values: Mapping[str, Any]
    curves: Mapping[str, list[Any]]


def from_pycls(number: int, record: Mapping[str, Any]) -> SweepRecord:
    """A record of sweep.json by our names."""
    values = {name: _at(record, path) for name, path in {**_SCALARS, **RECIPE}.items()}
    curves = {name: _at(record, path) for name, path in _CURVES.items()}
    return SweepRecord(
        number,
        {name: value for name, value in values.items() if value is not None},
        {name: curve for name, curve in curves.items() if isinstance(curve, list)},
    )


def number(value: Any) -> float:
    """A number, or NaN for what is none; infinite where it is too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    if isinstance(value, str) and "_" in value:  # which Python takes for a digit group
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def tells_number(value: Any) -> bool:
    """Whether this is a number, NaN and infinity as written ones among them: no gap, null or other text."""
    if isinstance(value, str):
        return not math.isnan(number(value)) or value.strip().lstrip("+-").lower() == "nan"
    return isinstance(value, float) or not math.isnan(number(value))


def whole_numbers(value: Any) -> tuple[int, ...]:
    """Whole numbers of a list, or of a text such as "4 7" or "[4, 7]"; none for anything else."""
    found = _WHOLE.findall(value) if isinstance(value, str) else value if isinstance(value, list) else []
    numbers = [number(each) for each in found]
    if not all(each % 1 == 0 and 0 < each < 10**6 for each in numbers):
        return ()
    return tuple(int(each) for each in numbers)


def shown(value: Any) -> str:
    """What a file holds, for a sentence about it: short, and without control characters."""
    text = repr(value) if isinstance(value, str | float | None) else str(type(value).__name__)
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if abs(value) < 10**_MOST_SHOWN else "a huge number"
    text = text.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def printable(text: str) -> str:
    """A text as it is where terminals only show it; else, or where it is long, as `shown` has it."""
    return text if text.isprintable() and len(text) <= _MOST_NAME else shown(text)


def _at(record: Mapping[str, Any], path: str) -> Any:
    found: Any = record
    for step in path.split("."):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return found
