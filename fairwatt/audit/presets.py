"""Which tool wrote a file, told by its name and its first bytes."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from fairwatt.audit.carps_log import read_carps, wrote_carps
from fairwatt.audit.hostile_file import head
from fairwatt.audit.hpbandster_log import read_hpbandster, wrote_hpbandster
from fairwatt.audit.naslib_log import read_naslib, wrote_naslib
from fairwatt.audit.optuna_log import read_optuna, wrote_optuna
from fairwatt.audit.raw_log import RawLog
from fairwatt.audit.smac_log import read_smac, wrote_smac
from fairwatt.audit.syne_tune_log import read_syne_tune, wrote_syne_tune


class Preset(NamedTuple):
    """One tool: whether a file with these first bytes is its history, and how it is read.

    read: gets the names of which the user says what they stand for, and need not be told otherwise.
    """

    name: str
    wrote: Callable[[Path, bytes], bool]
    read: Callable[[Path, Collection[str]], list[RawLog]]


PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("smac", wrote_smac, read_smac),
        Preset("optuna", wrote_optuna, read_optuna),
        Preset("hpbandster", wrote_hpbandster, read_hpbandster),
        Preset("naslib", wrote_naslib, read_naslib),
        Preset("syne-tune", wrote_syne_tune, read_syne_tune),
        Preset("carps", wrote_carps, read_carps),
    )
}


def preset_of(path: Path) -> Preset | None:
    """The tool that wrote a file; None for a plain table, or anything else. Raises LogError for an unreadable file."""
    start = head(path)
    return next((preset for preset in PRESETS.values() if preset.wrote(path, start)), None)
