"""The energy of a sweep's trainings: whether what meters read may stand in one column, and what that column is called.

Joules of two meters, methods, scopes or kinds of device are two currencies, and a training without a reading has no
energy, whatever stands beside it: such sweeps are refused, with what to do. An epoch without a reading, of a training
that has most of them, counts as the mean of the others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairwatt.experiments.sweep_spec import SweepError

_PROVENANCE = {"counter": "measured", "integrated": "measured", "modelled": "modelled"}
"""Of what a meter read, by its method; of any other it is an estimate."""
_MOST_NOTES = 3


@dataclass(frozen=True)
class Metered:
    """How the trainings [N] of a sweep were metered: all of them alike, or none.

    joules: [N] of each training; None where the meter read nothing. devices: that were counted, or what a model is of.
    windows, repeated: epochs that were metered, and those that were too short for the meter and count as the mean of
    repeats; missing: those without a reading, of trainings `gapped`. notes: of the readings.
    """

    meter: str
    method: str
    scope: str
    devices: tuple[str, ...]
    joules: NDArray[np.float64] | None
    windows: int
    repeated: int
    missing: int
    gapped: int
    notes: tuple[str, ...]

    @classmethod
    def of(cls, results: Sequence[Mapping[str, Any]], names: Sequence[str]) -> "Metered":
        """From the results [N] of trainings, which stand in parts of these names [N].

        Raises SweepError where some trainings have no energy, or most epochs of one, and where two were metered
        differently.
        """
        read = [list(result["joules"] or ()) for result in results]
        silent = [name for name, joules in zip(names, read, strict=True) if not joules]
        if 0 < len(silent) < len(read):
            raise SweepError(f"{len(silent):,} of {len(read):,} trainings have no energy {_again(silent)}")
        missing = [joules.count(None) for joules in read]
        windows = [int(result.get("windows", len(joules))) for result, joules in zip(results, read, strict=True)]
        gaps = [name for name, none, all_ in zip(names, missing, windows, strict=True) if 2 * none > all_]
        if gaps:
            raise SweepError(
                f"{len(gaps):,} of {len(read):,} trainings have no reading of most of their epochs {_again(gaps)}; "
                "where epochs are too short for the meter, train longer ones, or take another meter"
            )
        how = [_how(result) for result in results]
        for name, other in zip(names, how, strict=True):
            if other != how[0]:
                raise SweepError(
                    f"energies of two kinds, which are two currencies: {_words(how[0])} in {names[0]}, {_words(other)} "
                    f"in {name}; train those of one kind again on the machine of the other"
                )
        notes = Counter(note for result in results if (note := result.get("note")))
        return cls(
            *how[0],
            joules=None if silent else np.array([_total(joules) for joules in read]),
            windows=sum(windows),
            repeated=sum(int(result.get("repeated", 0)) for result in results),
            missing=sum(missing),
            gapped=sum(map(bool, missing)),
            notes=tuple(note for note, _ in notes.most_common(_MOST_NOTES)),
        )

    @property
    def by_counts(self) -> bool:
        """Whether operation counts gave the numbers: the meter's own, or for want of any."""
        return self.joules is None or self.meter == "opcount"

    @property
    def provenance(self) -> str:
        """measured, modelled or estimated."""
        return "modelled" if self.joules is None else _PROVENANCE.get(self.method, "estimated")

    def told(self) -> list[str]:
        """Lines of a card."""
        how = f"meter {self.meter} ({self.method}, scope {self.scope})"
        lines = [f"the {how} read nothing; by operation counts" if self.joules is None else how]
        if self.missing and self.joules is not None:
            lines.append(
                f"{self.missing:,} of {self.windows:,} epochs, of {self.gapped:,} trainings, have no reading: each "
                "counts as the mean of its training's others"
            )
        if self.repeated:
            share = f"{self.repeated / self.windows:.1%}"
            lines.append(
                f"{self.repeated:,} of {self.windows:,} epochs ({share}) were too short for the meter: each counts as "
                "the mean of repeats of its training's steps, in one window"
            )
        return [f"energy: {line}" for line in (*lines, *self.notes)]


def _how(result: Mapping[str, Any]) -> tuple[str, str, str, tuple[str, ...]]:
    return str(result["meter"]), str(result["method"]), str(result["scope"]), tuple(map(str, result["devices"]))


def _words(how: tuple[str, str, str, tuple[str, ...]]) -> str:
    meter, method, scope, devices = how
    return f"meter {meter} ({method}, scope {scope}{''.join(f', {device}' for device in devices)})"


def _again(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - 3:,} more" if len(distinct) > 3 else ""
    return f"(parts {', '.join(distinct[:3])}{more}): delete these parts and train them again"


def _total(joules: Sequence[float | None]) -> float:
    """Of all epochs, those without a reading as the mean of the others."""
    known = [value for value in joules if value is not None]
    return sum(known) * (len(joules) / len(known))
