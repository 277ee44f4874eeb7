"""Settings of a recipe that a sweep's file names: checked against the recipe's own."""

from collections.abc import Mapping
from dataclasses import fields, replace
from math import isfinite
from typing import Any

from fairwatt.errors import UnknownNameError
from fairwatt.experiments.hpo_recipe import HpoRecipe
from fairwatt.experiments.sweep_spec import SweepError


def check_recipe(recipe: Mapping[str, Any]) -> None:
    """Pass where each entry is a setting of `HpoRecipe` with a value of its kind. Raises SweepError."""
    usual = {one.name: one.default for one in fields(HpoRecipe)}
    for key, value in recipe.items():
        if key not in usual:
            raise SweepError(str(UnknownNameError("setting of the recipe", key, usual)))
        default = usual[key]
        if isinstance(default, tuple):
            fine = isinstance(value, list | tuple) and len(value) == len(default) and all(map(_is_share, value))
        elif isinstance(default, bool):
            fine = isinstance(value, bool)
        elif isinstance(default, int):
            fine = type(value) is int and value >= (0 if key in ("crop_padding", "warmup_epochs") else 1)
        else:
            fine = type(value) in (int, float) and isfinite(value) and value >= 0
        if not fine:
            raise SweepError(f"recipe: {key} {value!r}: expected something like {default!r}")


def with_settings(usual: HpoRecipe, recipe: Mapping[str, Any]) -> HpoRecipe:
    """The recipe with those settings."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in recipe.items()}
    return replace(usual, **given)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < 1
