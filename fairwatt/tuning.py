"""How the settings of an arm were chosen: what was tried, on what, what it came to, what it cost.

A random search over settings, so that what fewer trials would have found is known in closed form. Specification:
section 3.8. Dodge et al., EMNLP 2019, "Show Your Work".
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fairwatt.budget import Budget
from fairwatt.errors import UserError
from fairwatt.sealed import DamagedFileError, read_sealed, write_sealed

FORMAT = 1
FILE = "tuning.json"
"""In the folder of a tuning's results."""


@dataclass(frozen=True)
class Tuning:
    """The searches that chose the settings of one optimizer.

    optimizer, code: as in the headers of its runs. spaces, seeds, budget: of each configuration's searches.
    configurations: [C] resolved settings. scores: [C] mean loss on validation, lower is better: in each space 0 is the
    best and 1 the median network, or for arms with two objectives the hypervolume regret. default_settings, default:
    those that come with the optimizer, and their score; reference: that of random search. ranges: what settings were
    drawn from, in words. given: the settings with ranges of their user's own. energy_kwh: that the searches of all
    configurations were charged. trainings: the same in mean full trainings.
    """

    optimizer: str
    code: str
    spaces: tuple[str, ...]
    seeds: tuple[int, ...]
    budget: str
    configurations: tuple[Mapping[str, Any], ...]
    scores: tuple[float, ...]
    default_settings: Mapping[str, Any]
    default: float
    reference: float
    ranges: Mapping[str, str]
    given: tuple[str, ...]
    energy_kwh: float
    trainings: float

    def __post_init__(self) -> None:
        if not self.scores or len(self.scores) != len(self.configurations):
            raise ValueError(f"{len(self.configurations)} configurations have {len(self.scores)} scores")

    @property
    def best(self) -> Mapping[str, Any]:
        """The settings with the lowest score, the earlier where two have it; the default ones where none is better."""
        if self.keeps_default:
            return self.default_settings
        return self.configurations[self.scores.index(min(self.scores))]

    @property
    def keeps_default(self) -> bool:
        """Whether none of the random settings scores better than those that come with the optimizer."""
        return self.default <= min(self.scores)

    @property
    def effort(self) -> tuple[int, int, Budget, tuple[str, ...]]:
        """What was granted to it: configurations, seeds, the budget of each search, and the spaces."""
        return len(self.configurations), len(self.seeds), Budget.parse(self.budget), tuple(sorted(self.spaces))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Tuning":
        """The inverse of `asdict` through JSON. Raises TypeError, ValueError or UserError for what is none."""
        tuples = ("spaces", "seeds", "configurations", "scores", "given")
        fields: dict[str, Any] = {name: tuple(value) if name in tuples else value for name, value in data.items()}
        tuning = cls(**fields)
        numbers = (*tuning.scores, tuning.default, tuning.reference, tuning.energy_kwh, tuning.trainings)
        if not all(type(each) in (int, float) and math.isfinite(each) for each in numbers):
            raise ValueError("scores and energies are finite numbers")
        if not all(
            isinstance(each, Mapping) for each in (*tuning.configurations, tuning.default_settings, tuning.ranges)
        ):
            raise ValueError("configurations and ranges are names with values")
        if not all(isinstance(each, str) for each in tuning.spaces) or {type(each) for each in tuning.seeds} != {int}:
            raise ValueError("spaces are names and seeds whole numbers")
        Budget.parse(tuning.budget)
        return tuning


def write_tuning(folder: Path, tuning: Tuning) -> None:
    """Put it beside the results that it is made from."""
    write_sealed(folder / FILE, {"format": FORMAT, "tuning": asdict(tuning)})


def read_tuning(folder: Path) -> Tuning:
    """The inverse of `write_tuning`. Raises UserError where there is none, DamagedFileError where it was changed."""
    path = folder / FILE
    if not path.is_file():
        raise UserError(f"{folder} holds no tuning (no {FILE}); make one with: fairwatt tune OPTIMIZER --space SPACE")
    data = read_sealed(path)
    try:
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}")
        return Tuning.of(data["tuning"])
    except (KeyError, TypeError, ValueError, UserError) as error:
        raise DamagedFileError(path, f"not a tuning ({error!r})") from error
