"""What each arm of a study was set to, and what of that is not as its optimizer comes."""

from collections.abc import Mapping
from typing import Any

from fairwatt.analysis.tuning_scores import tuned_arms
from fairwatt.errors import UserError
from fairwatt.records import Header
from fairwatt.registry import OPTIMIZERS
from fairwatt.report.plain_text import name
from fairwatt.report.section import Material
from fairwatt.report.wording import TextTable

_TUNED = "see Tuned settings"
_CAPTION = (
    "Settings of the arms as they were in force, and those that the study declares otherwise than the optimizer's "
    "defaults (in brackets, where the installed optimizer is the one that made the runs); code: of the algorithm"
)


def settings_table(material: Material) -> TextTable:
    """A row for each arm that has runs; tuned ones have a section of their own."""
    headers: dict[str, Header] = {}
    for comparison in material.comparisons:
        headers |= {arm: comparison.endpoints.header(arm) for arm in comparison.arms if arm not in headers}
    study = material.results.study
    declared = {arm["label"]: arm["settings"] for arm in study["optimizers"]}
    tuned = tuned_arms(study)
    rows = tuple(
        (
            name(arm),
            name(header.optimizer),
            header.code,
            *((_TUNED, "tuned") if arm in tuned else _told(header, declared.get(arm, {}))),
        )
        for arm, header in headers.items()
    )
    return TextTable(_CAPTION, ("arm", "optimizer", "code", "settings", "not by default"), rows, text=(0, 1, 2, 3, 4))


def setting_text(setting: str, value: object) -> str:
    """population_size 10."""
    return f"{name(setting)} {_value_text(value)}"


def _value_text(value: object) -> str:
    return name(f"{value:.4g}" if isinstance(value, float) else str(value))


def _told(header: Header, declared: Mapping[str, Any]) -> tuple[str, str]:
    """All settings of an arm, and those that are not the defaults."""
    if not header.settings:
        return "it has none", "-"
    defaults = _defaults(header)
    changed = [setting for setting in declared if setting not in defaults or defaults[setting] != declared[setting]]
    own = (
        setting_text(setting, declared[setting])
        + (f" ({_value_text(defaults[setting])})" if setting in defaults else "")
        for setting in changed
    )
    every = (setting_text(setting, value) for setting, value in header.settings.items())
    return ", ".join(every), ", ".join(own) or "nothing"


def _defaults(header: Header) -> Mapping[str, Any]:
    """Of the very algorithm that made the runs; empty where it is not installed here."""
    if header.optimizer not in OPTIMIZERS.names():
        return {}
    try:
        factory = OPTIMIZERS.load(header.optimizer)
    except UserError:  # a plug-in that cannot be imported
        return {}
    return factory.defaults if factory.code == header.code else {}
