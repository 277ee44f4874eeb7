"""Answers held against the reference: full trainings value by value, lengths and times as far as it knows them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.problem import Reference
from fairwatt.records import NANO, Key, Request

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_CLOSE = 1e-12
"""Relative: a mean over repeats that are alike, and an energy with a factor, may be off in the last bit."""
_ENERGY_BAND, _SECONDS_BAND = 2.0, 10.0
"""How many times what its length makes likely an answer may have, or which part of that, where no more is known."""


class Wrong(NamedTuple):
    """What is wrong with an answer, and the number of the threat that this is."""

    threat: int
    what: str


class ReferenceCheck:
    """Distinct valid answers of one space as columns [N], beside the rows of the reference that they are about.

    known: whether the reference knows what a search may see of each network, and not only means over repeats.
    """

    def __init__(
        self, reference: Reference, requests: Sequence[Request], places: Mapping[Key, int] | None = None
    ) -> None:
        """places: rows by key, where they are at hand."""
        self.reference, self.requests = reference, requests
        if places is None:
            places = {key: place for place, key in enumerate(reference.keys)}
        rows = [-1 if request.key is None else places.get(request.key, -1) for request in requests]
        self.row = np.array(rows, dtype=np.intp)
        self.repeat = np.array([request.replicate for request in requests], dtype=np.intp)
        trials = [request.trial for request in requests]
        self.fidelity: Array = np.array([trial.fidelity for trial in trials], dtype=np.float64)
        self.val: Array = np.array([trial.val_error for trial in trials], dtype=np.float64)
        self.energy: Array = np.array([trial.energy_kwh for trial in trials], dtype=np.float64)
        self.test: Array = np.array([request.test_error for request in requests], dtype=np.float64)  # None becomes NaN
        self.seconds: Array = np.array([request.seconds for request in requests], dtype=np.float64)
        self.epochs: Array = np.array([request.epochs for request in requests], dtype=np.float64)
        self.full: Mask = self.fidelity == 1.0
        repeated = (reference.val_repeats, reference.energy_repeats)
        self.known = reference.replicates == 1 or any(column is not None for column in repeated)

    def wrong(self) -> dict[int, list[Wrong]]:
        """By position of the answer; those that agree are left out."""
        found: dict[int, list[Wrong]] = {}
        strange = (self.row < 0) | (self.repeat < 0) | (self.repeat >= self.reference.replicates)
        self._note(found, strange, 10, lambda n: f"an answer (repeat {self.repeat[n]}) that the reference has not")
        length = self._wrong_lengths() & ~strange
        for threat in (6, 14):
            self._note(found, length, threat, self._length)
        fair = ~strange & ~length
        for bad, threat, what in self._wrong_values(fair):
            self._note(found, bad, threat, what)
        return found

    def doubtful(self) -> list[NDArray[np.intp]]:
        """Answers on one network, length and repeat that are not all the same, by position."""
        question = np.stack([self.row, self.fidelity, self.repeat])
        answer = np.nan_to_num(np.stack([self.val, self.test, self.energy, self.seconds, self.epochs]))
        order = np.lexsort(question)
        first = np.append(True, (np.diff(question[:, order]) != 0).any(axis=0))[: len(order)]
        group = np.cumsum(first) - 1
        other = np.append(False, (np.diff(answer[:, order]) != 0).any(axis=0))[: len(order)] & ~first
        starts = np.append(np.flatnonzero(first), len(order))
        return [order[starts[number] : starts[number + 1]] for number in np.unique(group[other]).tolist()]

    def _note(self, found: dict[int, list[Wrong]], bad: Mask, threat: int, what: Callable[[int], str]) -> None:
        for number in np.flatnonzero(bad).tolist():
            found.setdefault(number, []).append(Wrong(threat, what(number)))

    def _wrong_values(self, fair: Mask) -> Iterator[tuple[Mask, int, Callable[[int], str]]]:
        """Masks, threats and words, of the answers that are `fair` so far."""
        reference, row = self.reference, self.row
        timed = np.isfinite(reference.seconds[row]) & (reference.seconds[row] > 0)
        timeless = timed & ~(np.isfinite(self.seconds) & (self.seconds > 0))
        yield fair & timeless, 16, lambda n: f"a training that takes {self.seconds[n]:g} seconds"
        if reference.tariff.full.nano_epochs:
            endless = ~(np.isfinite(self.epochs) & (self.epochs > 0))
            yield fair & endless, 16, lambda n: f"a training of {self.epochs[n]:g} epochs"
        yield from self._unlikely(fair, timed & ~timeless)
        if not self.known:
            return
        whole = fair & self.full
        val, energy = self._stored("val_error"), self._stored("energy_kwh")
        other_val = whole & ~_alike(self.val, val)
        tested = self.val == self.test

        def of_val(number: int) -> str:
            said = f"validation error {self.val[number]:.6g}, where the space has {val[number]:.6g}"
            return f"{said}: it is the test error" if tested[number] else said

        yield other_val & tested, 9, of_val
        yield other_val & ~tested, 10, of_val
        other_energy = whole & ~_alike(self.energy, energy)
        yield other_energy, 16, lambda n: f"took {self.energy[n]:.6g} kWh, where the space has {energy[n]:.6g}"
        if reference.replicates > 1:
            return
        if reference.has_test:
            test = reference.test_error[row]
            other = whole & ~_alike(self.test, test)
            yield other, 9, lambda n: f"test error {self.test[n]:.6g}, where the space has {test[n]:.6g}"
        seconds = reference.seconds[row]
        other = whole & timed & ~timeless & ~_alike(self.seconds, seconds)
        yield other, 16, lambda n: f"took {self.seconds[n]:.6g} seconds, where the space has {seconds[n]:.6g}"

    def _unlikely(self, fair: Mask, timed: Mask) -> Iterator[tuple[Mask, int, Callable[[int], str]]]:
        """Energies of shorter trainings, and times, that are far from what the network takes in the mean.

        A shorter training is taken to take what lies on the line between the tariff's means of the shortest and of full
        ones, which has in it what a training takes to start.
        """
        reference, short = self.reference, fair & ~self.full
        energy = self._stored("energy_kwh") if self.known else np.asarray(reference.energy_kwh[self.row])
        part, time = (self._parts(place) for place in (0, 1))
        energy, seconds = energy * part, reference.seconds[self.row] * time

        def far(what: str, found: Array, usual: Array) -> Callable[[int], str]:
            return lambda n: f"{what.format(found[n])}, where about {usual[n]:.3g} are to be expected at this length"

        unlikely = short & _beyond(self.energy, energy, _ENERGY_BAND)
        yield unlikely, 16, far("a shorter training that took {:.3g} kWh", self.energy, energy)
        if reference.replicates > 1:
            short = fair  # of a full training, a mean over repeats is all that is known
        unlikely = short & timed & _beyond(self.seconds, seconds, _SECONDS_BAND)
        yield unlikely, 16, far("took {:.3g} seconds", self.seconds, seconds)

    def _parts(self, place: int) -> Array:
        """[N] the part of its network's full training that a training's length makes likely, in a currency."""
        tariff, shortest = self.reference.tariff, self.reference.fidelities[0]
        first = tariff.first[place] / tariff.full[place] if tariff.full[place] else 0.0
        if not 0 < first < 1 or shortest >= 1:
            return self.fidelity
        return np.asarray(1.0 - (1.0 - first) * (1.0 - self.fidelity) / (1.0 - shortest))

    def _stored(self, name: str) -> Array:
        """[N] what a search sees of these networks at full length."""
        repeats = getattr(self.reference, name.split("_")[0] + "_repeats")
        if repeats is None:  # of a reference that knows: all repeats are alike
            return np.asarray(getattr(self.reference, name)[self.row])
        return np.asarray(repeats[self.row, np.clip(self.repeat, 0, repeats.shape[1] - 1)])

    def _wrong_lengths(self) -> Mask:
        """[N] answers whose epochs, or, where no more is known, energy and error, are not of their length."""
        tariff, epochs, full, shortest = self.reference.tariff, self.epochs, self.full, self.reference.fidelities[0]
        if not tariff.full.nano_epochs:
            return np.zeros(len(epochs), dtype=bool)
        usual, first, least = (cost.nano_epochs / NANO for cost in (tariff.full, tariff.first, tariff.cheapest))
        if least == first and usual.is_integer():  # every network trains for the same epochs
            other = np.where(full, np.abs(epochs - usual) > 1e-6 * usual, epochs >= usual)
            other |= (self.fidelity == shortest) & ~full & (np.abs(epochs - first) > 1e-6 * first)
            other |= np.abs(epochs - self.fidelity * usual) > 1 + 1e-6  # parts of epochs are rounded
            return np.asarray(other & (epochs > 0))
        own = np.zeros(len(self.reference.keys))  # epochs of each network's full training, as far as it is recorded
        np.maximum.at(own, self.row[full], epochs[full])
        own = own[self.row]
        wrong = np.where(full, epochs < np.maximum(own, (least - 1) / shortest), (own > 1) & (epochs >= own))
        wrong |= ~full & (own > 1) & (np.abs(epochs - self.fidelity * own) > 1 + 1e-6)
        if self.known:
            part = self.energy / self._stored("energy_kwh")
            lengths = np.array(self.reference.fidelities)
            nearest = lengths[np.abs(lengths[None, :] - part[:, None]).argmin(axis=1)]
            wrong |= full & (nearest < 1) & ~_alike(self.val, self._stored("val_error"))
        return np.asarray(wrong & (epochs > 0))

    def _length(self, number: int) -> str:
        said = f"{self.epochs[number]:g} epochs and {self.energy[number]:.3g} kWh"
        return f"called {'a full training' if self.full[number] else 'a shorter one'}, which {said} are not"


def _beyond(found: Array, usual: Array, band: float) -> Mask:
    return np.asarray((found < usual / band) | (found > usual * band))


def _alike(one: Array, other: Array) -> Mask:
    return np.asarray(np.abs(one - other) <= _CLOSE * np.abs(other))
