"""Which configuration of the space a training of a sweep is, and whether its network is what the file says."""

import math
from bisect import bisect_left
from functools import cached_property
from typing import NamedTuple

from fairwatt.errors import UserError
from fairwatt.problem import Dim
from fairwatt.records import Config, Value
from fairwatt.search_spaces.config_trainings import CONFIG
from fairwatt.search_spaces.described_configs import stages_text
from fairwatt.search_spaces.eahas_fields import SweepRecord, number, shown, whole_numbers
from fairwatt.search_spaces.eahas_report import Given, RefusedTrainingError, SweepReport
from fairwatt.search_spaces.eahas_setting import Setting
from fairwatt.search_spaces.regnet import Stages, complexity, expand
from fairwatt.search_spaces.regnet_encoding import ARCHITECTURE, HYPERS, hyper_id
from fairwatt.search_spaces.regnet_hpo import RegnetHpoSpace

_TEXTS = ("optimizer", "policy")
_STAGES = 2
_MOST_STAGES = 16
_DEFAULT_REGNET = (10, 32, 5.0, 2.5, 16)
"""What pycls's configuration says of a RegNet that nobody set: no statement about an AnyNet."""
_CLOSE = 1e-6
"""Relative distance from a value of the grid at which a number is that value, written with other digits."""


class Configured(NamedTuple):
    """A configuration and its key."""

    config: Config
    key: int


class ConfigReader:
    """Reads configurations of one setting, and reports what is to be known of them.

    cutout: of records that do not say theirs, None where the user did not either. without_cutout: how many those were.
    """

    def __init__(self, setting: Setting, cutout: int | None, report: SweepReport) -> None:
        self._setting, self._cutout, self._report = setting, cutout, report
        self.space = RegnetHpoSpace(setting.variant)
        self.without_cutout = 0

    def given(self, record: SweepRecord) -> Given:
        """[10] what a record says, None for what cannot be read. Raises UserError where nobody says the cutout."""
        values = dict(record.values)
        if "cutout" not in values:
            if self._cutout is None:
                raise UserError(
                    f"record {record.number} does not say its cutout (pycls as released cannot): say --cutout 0 or "
                    "--cutout 16, whichever all were trained with"
                )
            values["cutout"] = self._cutout
            self.without_cutout += 1
        return tuple(_value(name, values.get(name)) for name in CONFIG)

    def configured(self, record: SweepRecord, given: Given) -> Configured:
        """The configuration that is `given`, or one that is the stored network. Raises RefusedTrainingError."""
        model = record.values.get("model", "regnet")
        if model not in ("regnet", "anynet"):
            raise RefusedTrainingError("no-regnet", f"MODEL.TYPE {shown(model)}")
        numbers, stored = given[:ARCHITECTURE], _stored(record)
        unread = any(value is None and name in record.values for name, value in zip(CONFIG, numbers, strict=False))
        by_stages = stored is not None and not unread and (None in numbers or numbers == _DEFAULT_REGNET)
        dims = list(zip(self.space.dims, given, strict=True))[ARCHITECTURE if by_stages else 0 :]
        if missing := [dim.name for dim, value in dims if value is None]:
            told = (f"{name} {shown(record.values[name])}" if name in record.values else name for name in missing)
            raise RefusedTrainingError("incomplete", ", ".join(told))
        config = tuple(_nearest(dim, value) for dim, value in dims)
        if stored is not None and by_stages:
            return self._by_stages(record, given, stored, config)
        stages = expand(*config[:ARCHITECTURE])  # type: ignore[arg-type]
        if stored is not None and stored[:3] != stages[:3]:
            raise RefusedTrainingError("stages-differ", f"{stages_text(stages)}, stored {stages_text(stored)}")
        self._check_size(record, given, stages)
        if not self.space.is_valid(config):
            raise RefusedTrainingError("outside-limits", self._limits(stages))
        return Configured(config, self.space.key(config))

    def _by_stages(self, record: SweepRecord, given: Given, stages: Stages, hyper: Config) -> Configured:
        """A configuration of a network that is known by its stages alone."""
        self._check_size(record, given, stages)
        network = self._networks.get((*stages.widths, *stages.depths, *stages.group_widths))
        if network is None:
            raise RefusedTrainingError("outside-limits", f"{stages_text(stages)}: {self._limits(stages)}")
        dims = self.space.dims[ARCHITECTURE:]
        places = [dim.values.index(value) for dim, value in zip(dims, hyper, strict=True)]
        key = network * HYPERS + hyper_id([0] * ARCHITECTURE + places)
        self._report.add("stages-only", record.number, given, stages_text(stages))
        return Configured(self.space.config(key), key)

    def _check_size(self, record: SweepRecord, given: Given, stages: Stages) -> None:
        """Raise where the file counts other parameters than the closed form; report other flops and activations."""
        own = complexity(stages, **self._setting.size)
        told = {name: number(record.values[name]) for name in own._fields if name in record.values}
        if "params" not in told:
            self._report.add("size-unknown", record.number, given)
        elif told["params"] != own.params:
            raise RefusedTrainingError("params-differ", f"{shown(record.values['params'])}, not {own.params:,}")
        wrong = [name for name in ("flops", "acts") if name in told and told[name] != getattr(own, name)]
        if wrong:
            detail = ", ".join(f"{name} {shown(record.values[name])}, not {getattr(own, name):,}" for name in wrong)
            self._report.add("size-differs", record.number, given, detail)

    def _limits(self, stages: Stages) -> str:
        """Why a network is not in the space."""
        variant = self.space.variant
        if not len(stages.widths) == stages.total == _STAGES:
            return f"{len(stages.widths)} stages of {stages.total}; {variant.name} has {_STAGES}"
        size = complexity(stages, stem_width=variant.stem_width, num_classes=variant.classes)
        if variant.flops is not None and not variant.flops[0] <= size.flops <= variant.flops[1]:
            return f"flops {size.flops:,}; {variant.name} has {variant.flops[0]:,.0f} to {variant.flops[1]:,.0f}"
        for name, most in (("params", variant.params), ("acts", variant.acts)):
            if most is not None and getattr(size, name) > most:
                return f"{name} {getattr(size, name):,}; {variant.name} has at most {most:,.0f}"
        return "no five numbers of the grid expand to these"

    @cached_property
    def _networks(self) -> dict[tuple[int, ...], int]:
        """Ids by widths, depths and group widths."""
        return {tuple(row): place for place, row in enumerate(self.space.grid.networks.tolist())}


def _value(name: str, value: object) -> Value | None:
    if name in _TEXTS:
        return value if isinstance(value, str) else None
    numeric = number(value)
    if not math.isfinite(numeric):
        return None
    return int(numeric) if numeric.is_integer() else numeric


def _stored(record: SweepRecord) -> Stages | None:
    """The stages of a record that has them."""
    widths, depths, groups = (whole_numbers(record.values.get(name)) for name in ("widths", "depths", "group_widths"))
    if not 0 < len(widths) <= _MOST_STAGES or not len(widths) == len(depths) == len(groups):
        return None
    return Stages(widths, depths, groups, len(widths))


def _nearest(dim: Dim, value: Value | None) -> Value:
    """The value of the grid that this is. Raises RefusedTrainingError where it is none."""
    if isinstance(value, str) or isinstance(dim.values[0], str):
        if value in dim.values:
            return value
    elif value is not None:
        place = bisect_left(dim.values, value * (1 - _CLOSE))
        if place < len(dim.values) and math.isclose(float(dim.values[place]), value, rel_tol=_CLOSE):
            return dim.values[place]
    raise RefusedTrainingError("off-grid", f"{dim.name} {shown(value)}")
