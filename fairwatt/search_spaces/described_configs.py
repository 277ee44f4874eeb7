"""Columns that say which RegNet + HPO configurations a table's rows are, and how large their networks are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.records import Config
from fairwatt.search_spaces.column import Column
from fairwatt.search_spaces.config_trainings import CONFIG
from fairwatt.search_spaces.regnet import Stages, complexity, work
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

_UNITS = {"epochs": "epochs", "cutout": "pixels"}
_DIMS = {
    "depth": "blocks",
    "w0": "initial width",
    "wa": "slope of widths",
    "wm": "multiplier of widths",
    "group_w": "group width",
    "lr": "base learning rate",
    "optimizer": "of the weights",
    "policy": "schedule of the learning rate",
    "epochs": "of full training",
    "cutout": "side of the square that is cut out, at full size",
}


def described_configs(
    space: RegnetHpoSpace, configs: Sequence[Config], repeats: Sequence[int], size: Mapping[str, int], *, repeated: str
) -> tuple[dict[str, Column], dict[str, NDArray[Any]]]:
    """Columns of valid configurations [N], and what an operation-count model asks of their networks, by name [N].

    size: `im_size`, `stem_width` and `num_classes` of the full-size networks. repeated: what differs between repeats.
    """
    stages = [space.training(config).stages for config in configs]
    sizes = {each: (complexity(each, **size), work(each, **size)._asdict()) for each in set(stages)}
    sums, features = zip(*(sizes[each] for each in stages), strict=True)
    counts = {name: np.array([each[name] for each in features]) for name in features[0]}
    values = dict(zip(CONFIG, zip(*configs, strict=True), strict=True))
    groups = {dim.name: dim.group for dim in space.dims}
    columns = {
        "key": Column(_ints(map(space.key, configs)), "1", "measured", "network x 540 + number of the hyperparameters"),
        "repeat": small_column(repeats, f"number of the repeated training: {repeated}"),
        **{
            name: Column(
                _values(values[name]), _UNITS.get(name, ""), "measured", f"{groups[name]} of the configuration: {what}"
            )
            for name, what in _DIMS.items()
        },
        "network": Column(
            _ints(map(space.network, configs)),
            "1",
            "measured",
            f"number of the network, of {len(space.grid.networks):,} that the space allows",
        ),
        "stages": Column(
            np.array([stages_text(each) for each in stages], dtype=object),
            "",
            "measured",
            "blocks x width and group width g of each stage, full size",
        ),
        "params": Column(_ints(each.params for each in sums), "1", "measured", "trainable parameters, full size"),
        "flops": Column(_ints(each.flops for each in sums), "1", "measured", "multiply-adds for one image, full size"),
        "acts": Column(
            _ints(each.acts for each in sums),
            "1",
            "measured",
            "output elements of convolutions and linear layers, full size",
        ),
        "activation_bytes": Column(
            counts["activation_bytes"], "bytes", "measured", "activations read and written for one image, full size"
        ),
        "layers": Column(counts["layers"], "1", "measured", "convolutions and linear layers, full size"),
    }
    return columns, counts


def stages_text(stages: Stages) -> str:
    """Such as "4x112g8 7x288g8": blocks, width, group width."""
    return " ".join(f"{d}x{w}g{g}" for w, d, g in zip(stages.widths, stages.depths, stages.group_widths, strict=True))


def small_column(numbers: Iterable[int], description: str, provenance: str = "measured") -> Column:
    """A column of small whole numbers, in as few bytes as hold them."""
    values = [int(number) for number in numbers]
    kind = np.int8 if max(values) <= np.iinfo(np.int8).max else np.int16
    return Column(np.array(values, dtype=kind), "1", provenance, description)


def _ints(numbers: Iterable[Any]) -> NDArray[Any]:
    return np.fromiter(numbers, dtype=np.int64)


def _values(values: Sequence[Any]) -> NDArray[Any]:
    """As few bytes as hold them; whole numbers stay whole."""
    if isinstance(values[0], str):
        return np.array(values, dtype="S")
    return np.array(values, dtype=np.int16 if all(isinstance(value, int) for value in values) else np.float64)
