"""The same searches in other worlds: under structural energy errors, and run again where the study is another one.

Each becomes a sensitivity cell. Re-pricing comes first; a search that has to be run again is taken from the re-runs
that were handed in under the same name, if there are any (specification, sections 0.4, 0.6 and 0.11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import Endpoints
from fairwatt.analysis.gates import check_again, check_alike, check_reference
from fairwatt.analysis.protocol import ComparisonError
from fairwatt.analysis.structural_error import Asked, WrongEnergies
from fairwatt.analysis.truth import Truth
from fairwatt.books import Book
from fairwatt.energy_error import EnergyError, energy_errors
from fairwatt.errors import UserError
from fairwatt.problem import Reference
from fairwatt.records import Run
from fairwatt.study_change import CHANGES

Array = NDArray[np.float64]
_SAME = 1e-9
Rerun = tuple[Reference, Sequence[Run]]
"""The truth of a world, and the searches that were run again in it."""
Reruns = Mapping[str, Rerun]


class NotRecordedError(UserError):
    """A cell for which an arm has no searches; the message says why."""


@dataclass(frozen=True)
class World:
    """One sensitivity cell.

    name: of the cell. priced: the recorded searches, priced again; None where that cannot be. again: searches that were
    run again. note: why nothing is priced again.
    """

    name: str
    priced: WrongEnergies | None = None
    again: Endpoints | None = None
    note: str = ""

    def differences(
        self, arms: tuple[str, str], seeds: Sequence[int], book: Book, indicator: str
    ) -> tuple[list[int], Array]:
        """The seeds [S] that both arms have here, of those given, and the arm's values less its opponent's [S].

        Raises NotRecordedError, and StreamTooShortError.
        """
        sources = [self._source(arm) for arm in arms]
        shared = [
            seed
            for seed in seeds
            if all(seed in source.trajectories[arm] for source, arm in zip(sources, arms, strict=True))
        ]
        if len(shared) < 2:
            raise NotRecordedError(f"{len(shared)} of the paired seeds were run again")
        arm, other = (source.values(name, book, indicator, shared) for source, name in zip(sources, arms, strict=True))
        return shared, arm - other

    def _source(self, arm: str) -> Endpoints:
        if self.priced is not None and not self.priced.sees(arm):
            return self.priced
        if self.again is not None and arm in self.again.trajectories:
            return self.again
        if self.priced is not None:
            raise NotRecordedError(f"what {arm} saw would have changed, and it was not run again")
        raise NotRecordedError(self.note or f"{arm} was not run again")


def other_worlds(endpoints: Endpoints, reference: Reference, currency: str, reruns: Reruns) -> tuple[World, ...]:
    """All structural errors of the space, where its books count energy, then what was run again under other names.

    Raises ComparisonError, naming the re-run and the field, where runs do not match each other, their reference, the
    protocol, the space or the program that ran before, and where a world named after an energy error is not that one.
    """
    known = energy_errors(reference)
    again = {
        name: _endpoints(name, *rerun, endpoints, reference, known.get(name, "")) for name, rerun in reruns.items()
    }
    errors = known if currency == "energy" else {}
    streams = {
        (arm, seed): Asked(trajectory, endpoints.truth)
        for arm, by_seed in endpoints.trajectories.items()
        if errors
        for seed, trajectory in by_seed.items()
    }
    worlds = [
        World(name, again=again.get(name), note=error)
        if isinstance(error, str)
        else World(name, WrongEnergies(endpoints, reference, error, streams), again.get(name))
        for name, error in errors.items()
    ]
    return (*worlds, *(World(name, again=found) for name, found in again.items() if name not in errors))


def _endpoints(
    name: str,
    world: Reference,
    runs: Sequence[Run],
    endpoints: Endpoints,
    reference: Reference,
    error: EnergyError | str,
) -> Endpoints:
    protocol = endpoints.protocol
    try:
        check_alike(runs, protocol)
        check_reference(runs, world, protocol)
        if world.name != reference.name:
            raise ComparisonError(f"space is {world.name}, but what is compared is {reference.name}")
        change = CHANGES.get(name)
        primary = {arm: endpoints.header(arm) for arm in endpoints.trajectories}
        check_again(runs, primary, change, sampler=bool(change or error))
        if isinstance(error, EnergyError):
            _check_energies(world, error.reference(reference))
        if change:
            _check_truth(world, reference)
    except ComparisonError as problem:
        raise ComparisonError(f"re-run {name!r}: {problem}") from None
    return Endpoints(runs, Truth.of(world), protocol)


def _check_truth(found: Reference, expected: Reference) -> None:
    """Raise ComparisonError where a world has another truth, though no measurement is another one in it."""
    _check_keys(found, expected)
    for name in ("val_error", "test_error", "energy_kwh"):
        if not np.array_equal(getattr(found, name), getattr(expected, name)):
            raise ComparisonError(
                f"{name} of its reference is not that of what is compared; fairwatt run writes it anew"
            )


def _check_keys(found: Reference, expected: Reference) -> None:
    if found.keys != expected.keys:
        raise ComparisonError("keys of its space are other ones than those of what is compared")


def _check_energies(found: Reference, expected: Reference) -> None:
    """Raise ComparisonError where a world has other energies than the error makes of the truth."""
    _check_keys(found, expected)
    if not np.allclose(found.energy_kwh, expected.energy_kwh, rtol=_SAME, atol=0.0):
        worst = int(np.argmax(np.abs(found.energy_kwh / expected.energy_kwh - 1.0)))
        raise ComparisonError(
            f"energy_kwh of network {found.keys[worst]!r} is {found.energy_kwh[worst]:.6g}, but under this error it is "
            f"{expected.energy_kwh[worst]:.6g}"
        )
    for name, cost in expected.tariff.to_json().items():
        there = found.tariff.to_json().get(name, [0])
        if abs(there[0] - cost[0]) > 1 + _SAME * cost[0]:
            raise ComparisonError(f"tariff {name} is {there[0]} nJ, but under this error it is {cost[0]} nJ")
