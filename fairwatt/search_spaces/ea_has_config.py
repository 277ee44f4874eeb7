"""One RegNet + HPO configuration in the forms that EA-HAS-Bench's programs write it in, read into ours."""

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.problem import Dim
from fairwatt.records import Config, Value
from fairwatt.search_spaces.config_trainings import CONFIG
from fairwatt.search_spaces.regnet import complexity, expand
from fairwatt.search_spaces.regnet_encoding import (
    ARCHITECTURE,
    CUTOUTS,
    EPOCHS,
    LEARNING_RATES,
    OPTIMIZERS,
    POLICIES,
)
from fairwatt.search_spaces.regnet_grid import CIFAR10, DEPTHS, GROUP_WIDTHS, INITIAL_WIDTHS, SLOPES
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

Array = NDArray[np.float64]

PYCLS = {
    "depth": ("REGNET", "DEPTH"),
    "w0": ("REGNET", "W0"),
    "wa": ("REGNET", "WA"),
    "wm": ("REGNET", "WM"),
    "group_w": ("REGNET", "GROUP_W"),
    "lr": ("OPTIM", "BASE_LR"),
    "optimizer": ("OPTIM", "OPTIMIZER"),
    "policy": ("OPTIM", "LR_POLICY"),
    "epochs": ("OPTIM", "MAX_EPOCH"),
    "cutout": ("TRAIN", "CUTOUT_LENGTH"),
}
"""Section and name of each value in pycls, by our name."""
UNSAID_EPOCHS = 200
"""What the published encoder takes where MAX_EPOCH is missing, as it is in what the published sampler draws."""
_SCALES = tuple(
    (values[0], values[-1]) for values in (DEPTHS, INITIAL_WIDTHS, SLOPES, CIFAR10.multipliers, GROUP_WIDTHS)
)
"""What 0 and 1 stand for in encodings of both variants."""
_HOTS: tuple[tuple[str, tuple[Value, ...]], ...] = (
    ("lr", LEARNING_RATES),
    ("optimizer", OPTIMIZERS),
    ("policy", POLICIES),
    ("cutout", CUTOUTS),
    ("epochs", EPOCHS),
)
"""Hyperparameters in the order of encodings."""
ENCODING = ARCHITECTURE + sum(len(values) for _, values in _HOTS)
_EXACT = 1e-6
"""How far a number may lie from the encoding's: 32-bit floats do."""


def key_of(given: Any, space: RegnetHpoSpace) -> int:
    """The key of a configuration in any form. Raises UserError as `read_config` does, and for what has no key: why."""
    config = read_config(given, space)
    if reason := outside(config, space):
        raise UserError(
            f"{config!r} is outside the {space.variant.name} space, which is all that was learned from: {reason}"
        )
    return space.key(config)


def read_config(given: Any, space: RegnetHpoSpace) -> Config:
    """Our Config of what was given, on the grid of `space`, within its limits of size or not.

    given: ten values in our order (`config_trainings.CONFIG`); a mapping with these names; a mapping with pycls's, in
    sections ({"REGNET": {"DEPTH": ...}}), dotted ("REGNET.DEPTH") or bare ("DEPTH"); the 26 numbers of
    `space.encode(config, "onehot")`; or the ten that the published BOHB has, five scaled as there, then positions of
    learning rate, optimizer, policy, cutout and epochs. Raises UserError for anything else.
    """
    if isinstance(given, Mapping):
        return _on_grid(_of_mapping(given), space)
    if isinstance(given, tuple | list) and any(isinstance(value, str) for value in given):
        return _on_grid(given, space)
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if numbers.shape not in ((ENCODING,), (len(CONFIG),)):
        what = f"numbers of shape {numbers.shape}" if numbers.size else _said(given)
        raise UserError(
            f"no configuration: {what}; expected ({', '.join(CONFIG)}), a mapping with these names or pycls's, or "
            f"an encoding of {ENCODING} numbers"
        )
    return _decoded(numbers if len(numbers) == ENCODING else _onehot(numbers), space)


def outside(config: Config, space: RegnetHpoSpace) -> str:
    """Why the space does not hold a configuration on its grid; empty where it does."""
    variant = space.variant
    depth, w0, wa, wm, group_w = (float(value) for value in config[:ARCHITECTURE])
    stages = expand(int(depth), int(w0), wa, wm, int(group_w))
    if stages.total != 2 or len(stages.depths) != 2:
        return f"the network has {stages.total} stage{'s' * (stages.total > 1)}, expected 2"
    size = complexity(stages, stem_width=variant.stem_width, num_classes=variant.classes)
    limits: dict[str, tuple[float, float | None]] = {
        "flops": variant.flops or (0, None),
        "params": (0, variant.params),
        "acts": (0, variant.acts),
    }
    broken = []
    for name, (low, high) in limits.items():
        if high is not None and not low <= (own := getattr(size, name)) <= high:
            broken.append(f"{own:,} {name}, expected {f'{low:,.0f} to' if low else 'at most'} {high:,.0f}")
    return "; ".join(broken)


def _of_mapping(given: Mapping[Any, Any]) -> list[Any]:
    """The ten values. Raises UserError for missing names, for foreign ones beside ours, and for another bottleneck."""
    if any(name in given for name in CONFIG):
        if given.keys() != set(CONFIG):
            odd = sorted(map(str, given.keys() ^ set(CONFIG)))
            raise UserError(f"missing or not known of a configuration: {', '.join(odd)}; expected {', '.join(CONFIG)}")
        return [given[name] for name in CONFIG]
    found = {name: _pycls_value(given, *place) for name, place in PYCLS.items()}
    if found["epochs"] is None:
        found["epochs"] = UNSAID_EPOCHS
    if missing := [".".join(PYCLS[name]) for name, value in found.items() if value is None]:
        raise UserError(f"a configuration lacks {', '.join(missing)} (pycls's names; ours are {', '.join(CONFIG)})")
    if (bottleneck := _pycls_value(given, "REGNET", "BOT_MUL")) not in (None, 1):
        raise UserError(f"REGNET.BOT_MUL = {bottleneck!r}: the space has bottlenecks of 1.0 only")
    return [found[name] for name in CONFIG]


def _pycls_value(given: Mapping[Any, Any], section: str, name: str) -> Any:
    inner = given.get(section)
    for place, key in ((inner, name), (given, f"{section}.{name}"), (given, name)):
        if isinstance(place, Mapping) and key in place:
            return place[key]
    return None


def _onehot(numbers: Array) -> Array:
    """[26] of the published ten. Raises UserError where the last five are no positions."""
    parts = [numbers[:ARCHITECTURE]]
    for (name, values), place in zip(_HOTS, numbers[ARCHITECTURE:].tolist(), strict=True):
        if place not in range(len(values)):
            raise UserError(f"position {place:g} of {name}: expected a whole number from 0 to {len(values) - 1}")
        parts.append(np.eye(len(values))[int(place)])
    return np.concatenate(parts)


def _decoded(numbers: Array, space: RegnetHpoSpace) -> Config:
    """The configuration whose encoding [26] this is. Raises UserError where it is none's."""
    architecture = [
        dim.values[int(np.abs(np.asarray(dim.values, dtype=np.float64) - (low + x * (high - low))).argmin())]
        for dim, (low, high), x in zip(space.dims, _SCALES, numbers.tolist(), strict=False)
    ]
    ends = np.cumsum([ARCHITECTURE, *(len(values) for _, values in _HOTS[:-1])])
    hyper = {
        name: values[int(numbers[end : end + len(values)].argmax())]
        for (name, values), end in zip(_HOTS, ends.tolist(), strict=True)
    }
    config: Config = (*architecture, *(hyper[name] for name in CONFIG[ARCHITECTURE:]))
    nearest = space.encode(config, "onehot")
    wrong = np.flatnonzero(~(np.abs(nearest - numbers) <= _EXACT))
    if len(wrong):
        place = int(wrong[0])
        raise UserError(
            f"no encoding of a {space.variant.name} configuration: number {place} is {numbers[place]:g}, "
            f"{nearest[place]:g} in the nearest one, {config!r}"
        )
    return config


def _on_grid(values: Iterable[Any], space: RegnetHpoSpace) -> Config:
    """Ten values as the grid has them. Raises UserError for others, and for another number of them."""
    given = list(values)
    if len(given) != len(CONFIG):
        raise UserError(f"{len(given)} values of a configuration: expected {len(CONFIG)}: {', '.join(CONFIG)}")
    return tuple(_value(dim, value) for dim, value in zip(space.dims, given, strict=True))


def _value(dim: Dim, value: Any) -> Value:
    known = isinstance(value, str | int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not known or value not in dim.values:
        low, high = dim.values[0], dim.values[-1]
        listed = len(dim.values) <= len(LEARNING_RATES)
        expected = (
            f"one of {', '.join(map(str, dim.values))}" if listed else f"{low} to {high}, {len(dim.values)} values"
        )
        raise UserError(f"{dim.name} = {_said(value)}: expected {expected}")
    return dim.values[dim.values.index(value)]


def _said(given: Any) -> str:
    """In a line, and not a long one."""
    return " ".join(reprlib.repr(given).split())
