"""A study: spaces x optimizers x seeds under shared budgets, declared in one YAML file with a strict schema."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError, field_validator, model_validator

from fairwatt.budget import Budget
from fairwatt.energy_error import NAMES as ENERGY_ERRORS
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments.arm import LABEL, Arm, Strict, check_seeds, seed_list
from fairwatt.experiments.strict_yaml import read_yaml
from fairwatt.experiments.study_words import read_words, words_alone
from fairwatt.ledger import AccountingPolicy
from fairwatt.registry import BENCHMARKS
from fairwatt.sealed import read_sealed
from fairwatt.study_change import CHANGES

_DEVICE = re.compile(r"device [A-Za-z0-9._+-]+")


class Study(Strict):
    """What is compared with what, and by which rules.

    budgets: the primary ones, such as "30 full"; every arm is recorded once at the largest. seeds: a list, or
    "first:end". reference: the label that the others are compared with. initial: size of the shared initial design.
    energy: measured, scaled or affine, where the spaces have the choice; None takes each space's own. suspect: what
    becomes of networks whose measurement is suspect. policy: settings of `AccountingPolicy`; `fidelity` is the space's
    own where it is not set. min_seeds: fewer paired seeds void the verdict. all_pairs: whether every pair of arms is
    judged, and counts in Holm's family, not only those with the reference. reruns: worlds to search again as a check
    of the verdicts: changes of the study for all arms, or energy errors for those that see energies, see `worlds`.
    """

    study: str
    spaces: tuple[str, ...] = Field(min_length=1)
    optimizers: tuple[Arm, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    budgets: tuple[str, ...] = ("30 full",)
    reference: str = "rs"
    initial: int = Field(default=3, ge=0)
    sampler: str = "uniform"
    energy: str | None = None
    suspect: Literal["keep", "drop"] = "keep"
    policy: dict[str, Any] = Field(default_factory=dict)
    min_seeds: int = Field(default=20, ge=20)
    all_pairs: bool = False
    reruns: tuple[str, ...] = ()

    @field_validator("seeds", mode="before")
    @classmethod
    def _seed_range(cls, value: Any) -> Any:
        return seed_list(value)

    @field_validator("spaces", "optimizers", "budgets", "reruns", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> "Study":
        if not LABEL.fullmatch(self.study):
            raise ValueError(f"study {self.study!r}: letters, digits and . _ @ + - only")
        labels = tuple(label.casefold() for label in self.labels)  # they are folders, and some disks ignore case
        if doubled := [arm for place, arm in enumerate(self.optimizers) if labels[place] in labels[:place]]:
            hint = f"write {{optimizer: {doubled[0].optimizer!r}, label: other}} in the list [...] of optimizers"
            raise ValueError(f"labels must differ: {', '.join(self.labels)}; to give one, {hint}")
        for what, values in (("spaces", self.spaces), ("reruns", self.reruns)):
            if len(set(values)) < len(values):
                raise ValueError(f"{what} must differ: {', '.join(values)}")
        check_seeds(self.seeds)
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The arms' labels."""
        return tuple(arm.label for arm in self.optimizers)

    def check(self) -> None:
        """Everything that can be known to be wrong before the first search; raises UserError, nearest name included."""
        for space in self.spaces:
            if space not in BENCHMARKS.names():
                raise UnknownNameError("space", space, BENCHMARKS.names())
        for arm in self.optimizers:
            arm.check(self.spaces, self.seeds_of(arm))
        if self.reference not in self.labels:
            raise UnknownNameError("reference", self.reference, self.labels)
        AccountingPolicy.of(self.policy)
        budgets = [Budget.parse(budget) for budget in self.budgets]
        if len(set(budgets)) < len(budgets):
            raise UserError(f"budgets must differ, or every test counts twice: {', '.join(self.budgets)}")
        for rerun in self.reruns:
            if rerun not in (*CHANGES, *ENERGY_ERRORS) and not _DEVICE.fullmatch(rerun):
                raise UnknownNameError("re-run", rerun, (*CHANGES, *ENERGY_ERRORS, "device NAME"))
            change = CHANGES.get(rerun)
            if change and getattr(self, change.field) == change.value:
                raise UserError(f"reruns: the study has {change.field}: {change.value} already; take {rerun!r} out")

    def seeds_of(self, arm: Arm) -> tuple[int, ...]:
        """Its own, or those of the study."""
        return arm.seeds or self.seeds

    def changed(self, rerun: str) -> "Study":
        """This study as it is searched in a world: with one field changed where the world is a `StudyChange`."""
        change = CHANGES.get(rerun)
        return self.model_copy(update={change.field: change.value}) if change else self

    def largest(self, arm: Arm) -> tuple[Budget, ...]:
        """The primary budgets of one arm, its factor included, as given."""
        factor = Fraction(str(arm.budget_factor))
        return tuple(Budget.parse(text).times(factor) for text in self.budgets)


class Cell(NamedTuple):
    """One search of a study. rerun: the world that it is done again in; empty for the space as it is."""

    space: str
    arm: Arm
    seed: int
    rerun: str = ""

    @property
    def folder(self) -> str:
        """Of the results of this space, in this world."""
        return folder_name(self.space, self.rerun)


def folder_name(space: str, rerun: str = "") -> str:
    """Of the results of one space, in one world."""
    return f"{space}@{rerun.replace(' ', '-')}" if rerun else space


def cells(study: Study) -> list[Cell]:
    """Every search of a study but its re-runs, spaces first, seeds last."""
    return [
        Cell(space, arm, seed) for space in study.spaces for arm in study.optimizers for seed in study.seeds_of(arm)
    ]


def read_study(path: str | Path, overrides: Sequence[str] = ()) -> Study:
    """A study from a YAML file, a folder of results or the name of one that ships, changed by words; or of words alone.

    Raises UserError, one line: missing file, broken YAML, unknown keys with the nearest one, values out of range.
    """
    stored = Path(path) / "study.json"
    if "=" in str(path) and not Path(path).is_file():
        source, data = "the study", words_alone([str(path), *overrides], Study.model_fields)
    else:
        source = str(stored if stored.is_file() else path)
        data = read_sealed(stored)["study"] if stored.is_file() else read_yaml(_text(path), source)
        if not isinstance(data, dict):
            raise UserError(f"{path}: expected `key: value` lines, such as `study: my_study`")
        data |= read_words(overrides, Study.model_fields)
    study = parse_study(data, source)
    if source != str(stored) and any(arm.tuning for arm in study.optimizers):
        raise UserError(f"{source}: optimizers: `tuning` is what `tuned: FOLDER` fills in; name the folder instead")
    study = study.model_copy(update={"optimizers": tuple(arm.with_tuning() for arm in study.optimizers)})
    study.check()
    return study


def parse_study(data: Mapping[str, Any], source: str) -> Study:
    """A study from its fields. Raises UserError naming the source and the first fault."""
    try:
        return Study.model_validate(data)
    except ValidationError as error:
        faults = error.errors()  # a misspelt key is the cause of the missing one
        fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = Study.model_fields if len(fault["loc"]) == 1 else Arm.model_fields
            raise UserError(f"{source}: {UnknownNameError('key', str(fault['loc'][-1]), known)}") from None
        message = fault["msg"].removeprefix("Value error, ")
        raise UserError(f"{source}: {place + ': ' if place else ''}{message}") from None


def shipped_studies() -> list[str]:
    """Names of the studies that come with the package."""
    folder = resources.files("fairwatt.experiments") / "studies"
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))


def _text(path: str | Path) -> str:
    file = Path(path)
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None
    name = str(path) if str(path).endswith(".yaml") else f"{path}.yaml"
    if name in shipped_studies():
        return (resources.files("fairwatt.experiments") / "studies" / name).read_text(encoding="utf-8")
    what = "not a regular file" if file.exists() else "no such file"
    raise UserError(f"{what}, and {UnknownNameError('study', str(path), shipped_studies())}")
