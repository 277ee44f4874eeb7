"""Energies of a sweep: are they of each epoch or cumulative, and in which unit?

EA-HAS-Bench's tracer multiplies watts with seconds, divides by 3,600 and prints "KWh": its numbers, and every "kWh" of
its README and figures, are Wh. So no file is believed blindly: the mean power that a unit implies must be one that a
machine draws. And no unit is guessed, however plausible: a factor of 1,000 in a budget is not found later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.errors import UserError
from fairwatt.records import JOULES_PER_KWH
from fairwatt.search_spaces.eahas_report import SweepReport
from fairwatt.search_spaces.eahas_setting import SweepOptions
from fairwatt.search_spaces.eahas_training import SweepTraining

Array = NDArray[np.float64]

LEAST_WATTS, MOST_WATTS = 1.0, 2_000.0
"""Mean power of a training, for each accelerator: below the one even a single-board computer does not train; above the
other is more than the largest accelerators are rated for (about 1,400 W), the host's share included."""
_IN_KWH: Mapping[str, float] = {"wh": 1e-3, "kwh": 1.0}
_NAMES = {"wh": "Wh", "kwh": "kWh"}
_SERIES = {True: "cumulative", False: "of each epoch"}
_AGREE = 0.95
_GROWS = 3.0
"""A sum over 50 epochs or more grows some sixteenfold; what an epoch takes stays about what it is."""
_VARIES = 10.0


@dataclass(frozen=True)
class Energies:
    """kwh_per_epoch: of each training, means over its epochs. words: what they are, for the column."""

    kwh_per_epoch: Array
    words: str

    def of(self, places: Sequence[int]) -> "Energies":
        """Those of some trainings, by their places."""
        return Energies(self.kwh_per_epoch[list(places)], self.words)


def read_energies(
    trainings: Sequence[SweepTraining], options: SweepOptions, column_unit: str, gpus: int, report: SweepReport
) -> tuple[list[SweepTraining], Energies | None]:
    """Trainings with a sound energy, and those; all trainings and None where the file has no energies.

    column_unit: what the file says, or "". Raises UserError where unit or series are open, or the unit cannot be.
    """
    told = [training for training in trainings if training.curves.energy is not None]
    if not told or options.energy_unit == "none":
        left_out = "those of the file are left out, as --energy-unit none says" if told else "the file has none"
        report.choose(f"energy: {left_out}; operation counts in their place, modelled")
        return list(trainings), None
    for training in trainings:
        if training.curves.energy is None:
            report.add("no-energy", training.record, training.given)
    cumulative = _is_cumulative(told, options.energy_series, report)
    kept = [training for training in told if _is_sound(training, cumulative, report)]
    if not kept:
        return [], None
    sums = np.array([_per_epoch(training, cumulative).sum() for training in kept])
    seconds = np.array([training.curves.seconds.sum() for training in kept])
    unit, stated_by = _unit(sums, seconds, options.energy_unit, column_unit, gpus)
    watts = _watts(sums, seconds, unit) / gpus
    can_be = (watts >= LEAST_WATTS) & (watts <= MOST_WATTS)
    for place in np.flatnonzero(~can_be).tolist():
        report.add("power", kept[place].record, kept[place].given, _shown(watts[place]))
    kept, sums, watts = [kept[place] for place in np.flatnonzero(can_be).tolist()], sums[can_be], watts[can_be]
    if not kept:
        return [], None
    words = (
        f"energies {_SERIES[cumulative]} in the file, in {_NAMES[unit]}, as {stated_by} says; mean power of a training "
        f"for each GPU {_shown(np.median(watts))} (median; {_shown(watts.min())} to {_shown(watts.max())})"
    )
    report.choose(words)
    epochs = np.array([len(training.curves.seconds) for training in kept])
    return kept, Energies(sums / epochs * _IN_KWH[unit], words)


def _per_epoch(training: SweepTraining, cumulative: bool) -> Array:
    """[E] in the file's unit."""
    assert training.curves.energy is not None
    return np.diff(training.curves.energy, prepend=0.0) if cumulative else training.curves.energy


def _is_sound(training: SweepTraining, cumulative: bool, report: SweepReport) -> bool:
    """Whether no epoch takes less than nothing; what is strange is reported."""
    each = _per_epoch(training, cumulative)
    if (each < 0).any() or each.sum() <= 0:
        falls = cumulative and each.sum() > 0 and each[0] >= 0
        where = int(each.argmin())
        detail = f"{each[where]:g} in epoch {where + 1}"
        report.add("energy-falls" if falls else "negative", training.record, training.given, detail)
        return False
    middle = float(np.median(each))
    if cumulative and each[0] > _VARIES * middle:
        report.add("energy-offset", training.record, training.given, f"{each[0]:g}, median {middle:g}")
        return False
    if each.max() > _VARIES * middle or each.min() < middle / _VARIES:
        span = f"{each.min():g} to {each.max():g}, median {middle:g}"
        report.add("energy-varies", training.record, training.given, span)
    return True


def _is_cumulative(trainings: Sequence[SweepTraining], series: str, report: SweepReport) -> bool:
    """Whether energies are sums: the last tenth many times the first, or each above the one before it."""
    looks = []
    for training in trainings:
        energy = _per_epoch(training, cumulative=False)
        tenth = max(len(energy) // 10, 1)
        grows = np.median(energy[-tenth:]) > _GROWS * np.median(energy[:tenth])
        looks.append(grows or (np.diff(energy) > 0).all())  # what epochs take goes up and down
    share = float(np.mean(looks))
    if series != "auto":
        agree = share if series == "cumulative" else 1 - share
        against = f", though {1 - agree:.0%} of the trainings look {_SERIES[series == 'epoch']}" if agree < 1 else ""
        report.choose(f"energies: {_SERIES[series == 'cumulative']}, as --energy-is says{against}")
        return series == "cumulative"
    if 1 - _AGREE < share < _AGREE:
        raise UserError(
            f"energies of {share:.0%} of the trainings grow as cumulative ones do, and of the others not; say which "
            "they are: --energy-is epoch or --energy-is cumulative"
        )
    cumulative = share >= _AGREE
    how = "grow with every epoch" if cumulative else "stay at about one level"
    report.choose(f"energies {how} in {max(share, 1 - share):.0%} of the trainings, so they are {_SERIES[cumulative]}")
    return cumulative


def _unit(sums: Array, seconds: Array, option: str, column: str, gpus: int) -> tuple[str, str]:
    """The unit, and who states it. Raises UserError where nobody does, or it cannot be."""
    watts = {unit: float(np.median(_watts(sums, seconds, unit))) / gpus for unit in _IN_KWH}
    can_be = [unit for unit, power in watts.items() if LEAST_WATTS <= power <= MOST_WATTS]
    implied = " and ".join(f"{_shown(power)} as {_NAMES[unit]}" for unit, power in watts.items())
    why = (
        f"they imply a mean power of {implied} (for each GPU, median of {len(sums):,} trainings); what trains draws "
        f"{LEAST_WATTS:g} to {MOST_WATTS:,.0f} W"
    )
    say = {
        0: "neither can be: mend the file, or say --energy-unit none for operation counts",
        1: f"say --energy-unit {can_be[0]}" if can_be else "",
        2: "both can be: say --energy-unit wh or kwh, whichever was measured",
    }[len(can_be)]
    unit = option if option != "auto" else column
    if not unit:
        raise UserError(f"the file gives energies without a unit; {why}: {say}")
    if unit not in can_be:
        raise UserError(f'these energies cannot be {_NAMES[unit]}: {why}; {say} (EA-HAS-Bench\'s "KWh" are Wh)')
    against = f" against its column's name ({_NAMES[column]})" if column and column != unit else ""
    return unit, f"--energy-unit{against}" if option != "auto" else "its column"


def _shown(watts: float) -> str:
    return f"{watts:,.0f} W" if watts >= 10 else f"{watts:.2g} W"


def _watts(sums: Array, seconds: Array, unit: str) -> Array:
    return np.asarray(sums * _IN_KWH[unit] * JOULES_PER_KWH / seconds)
