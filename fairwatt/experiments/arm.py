"""An arm of a study: one optimizer with settings, those it was declared with or those that a tuning found."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from fairwatt.errors import UserError
from fairwatt.optimizer import OptimizerFactory
from fairwatt.registry import find_optimizer
from fairwatt.tuning import Tuning, read_tuning

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")


MAX_SEEDS = 100_000


def seed_list(value: Any) -> Any:
    """Seeds as they are written: one, first:end or a list. Raises ValueError for text that is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if value is None or isinstance(value, str | bool | float | dict):
        value = str(value).strip()
        first, colon, end = value.partition(":")
        whole = first.isascii() and end.isascii() and first.isdecimal() and end.isdecimal()
        if not (colon and whole and 0 < int(end) - int(first) <= MAX_SEEDS):
            raise ValueError(
                f"{value!r}: expected first:end, such as 0:30, and at most {MAX_SEEDS:,} seeds, or a list: [3, 5]"
            )
        return tuple(range(int(first), int(end)))
    return value


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise ValueError for seeds that are there twice, or that no stream has."""
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must differ: {', '.join(map(str, seeds))}")
    if seeds and (min(seeds) < 0 or max(seeds) >= 2**32):
        raise ValueError("seeds count from 0 to 2**32 - 1")


class Strict(BaseModel):
    """Fields as they are declared and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Arm(Strict):
    """One optimizer with settings, under a label of its own.

    optimizer: a registered name, or FILE.py:NAME. label: names the arm and keys its random stream. budget_factor: how
    many times the shared budget this arm gets ("random search at 4 times the energy"). seeds: its own, instead of the
    study's: more of arms that cost milliseconds; arms are paired by the seeds that they share. tuned: the folder of a
    tuning, from which the settings come; `read_study` puts what that was into `tuning`.
    """

    optimizer: str
    label: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    budget_factor: float = Field(default=1.0, gt=0, le=1000)
    seeds: tuple[int, ...] = ()
    tuned: str = ""
    tuning: Tuning | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"optimizer": value} if isinstance(value, str) else value

    @field_validator("seeds", mode="before")
    @classmethod
    def _seed_range(cls, value: Any) -> Any:
        return seed_list(value)

    @model_validator(mode="after")
    def _labelled(self) -> "Arm":
        check_seeds(self.seeds)
        if not self.label:
            object.__setattr__(self, "label", self.optimizer.rpartition(":")[2] + "-tuned" * bool(self.tuned))
        if not LABEL.fullmatch(self.label) or self.label in ("reference.json", "reference.npz"):
            raise ValueError(f"label {self.label!r}: letters, digits and . _ @ + - only")
        return self

    @model_serializer(mode="wrap")
    def _without_empty(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what is not said, so that what was declared before it could be goes on."""
        return {name: value for name, value in dump(self).items() if value or name not in ("seeds", "tuned", "tuning")}

    def factory(self) -> OptimizerFactory:
        """The algorithm. Raises UserError for an unknown name, a missing file, or something else under that name."""
        return find_optimizer(self.optimizer)

    def with_tuning(self) -> "Arm":
        """With the settings that its tuning found. Raises UserError where there is no tuning of this optimizer."""
        if not self.tuned or self.tuning:
            return self
        if self.settings:
            raise UserError(f"arm {self.label}: its settings come from {self.tuned}; take out `settings`, or `tuned`")
        tuning = read_tuning(Path(self.tuned))
        return self.model_copy(update={"tuning": tuning, "settings": dict(tuning.best)})

    def check(self, spaces: Sequence[str], seeds: Sequence[int]) -> None:
        """Raise UserError for settings that the algorithm has not, and for a tuning that is not of it or not fair: on
        the very searches that are judged."""
        factory, tuning = self.factory(), self.tuning
        if tuning is None:
            factory.resolve(self.settings)
            return
        if (tuning.optimizer, tuning.code) != (factory.name, factory.code):
            raise UserError(
                f"arm {self.label}: {self.tuned} tuned {tuning.optimizer} {tuning.code}, which is not {self.optimizer} "
                f"({factory.name} {factory.code}); tune it again: fairwatt tune {self.optimizer}"
            )
        factory.resolve(self.settings)
        shared = set(spaces) & set(tuning.spaces)
        if shared and (seen := set(seeds) & set(tuning.seeds)):
            raise UserError(
                f"arm {self.label}: tuned on {len(seen)} of the seeds that it is judged by on {min(shared)}, such as "
                f"{min(seen)}; judge it by other seeds or on other spaces"
            )
