"""Evidence on what a search returns: threats T6, T9 and T14. Incumbents and fronts are found here a second time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.endpoints import RANKINGS
from fairwatt.analysis.trajectories import Trajectory
from fairwatt.analysis.truth import NOTHING
from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Fault
from fairwatt.fairness.evidence import Evidence, Told, count, failed, share
from fairwatt.fairness.threats import State
from fairwatt.records import Run

_TOLERANCE = 1e-9
Array = NDArray[np.float64]


class Answers:
    """A run's answers as columns [N], infinite where there is no measurement.

    places: rows of the reference. full: measured at full training.
    """

    def __init__(self, run: Run, comparison: Comparison) -> None:
        requests = run.requests
        places = comparison.truth.places
        measured = np.array([request.key is not None for request in requests], dtype=bool)
        self.places = np.array(
            [places.get(r.key, NOTHING) if r.key is not None else NOTHING for r in requests], np.int64
        )
        self.full = np.array([request.trial.fidelity == 1.0 for request in requests], dtype=bool) & measured
        self.any = measured
        self.val: Array = np.where(measured, [request.trial.val_error for request in requests], np.inf)
        self.energy: Array = np.where(measured, [request.trial.energy_kwh for request in requests], np.inf)
        test = [np.inf if request.test_error is None else request.test_error for request in requests]
        self.test: Array = np.where(measured, test, np.inf)

    def best(self, values: Array, among: NDArray[np.bool_]) -> int:
        """Where, of the first len(among) requests, the lowest value is, the earlier of equals; -1 for none."""
        return int(np.argmin(np.where(among, values[: len(among)], np.inf))) if among.any() else -1

    def place(self, request: int) -> int:
        """The row of a request's network in the reference; NOTHING for none."""
        return int(self.places[request]) if request >= 0 else NOTHING

    def front(self, among: NDArray[np.bool_]) -> list[int]:
        """Requests whose (energy, validation error) none among them dominates, the earlier of equals."""
        kept, lowest = [], np.inf
        chosen = np.flatnonzero(among)
        for request in chosen[np.lexsort((chosen, self.val[chosen], self.energy[chosen]))]:
            if self.val[request] < lowest:
                lowest = self.val[request]
                kept.append(int(request))
        return kept


@dataclass(frozen=True)
class Search:
    """One search at one primary budget. credited: how many of its requests the comparison counts."""

    name: str
    trajectory: Trajectory
    answers: Answers
    credited: int
    has_test: bool


@dataclass
class Selection:
    """What was found, over all searches and primary budgets; searches: how many of those there are.

    by_test, by_any: where selecting on test, or at any length of training, would return another network.
    without: searches without a full training. fronts, members, mixed: fronts, networks in them, and fronts that would
    hold shorter trainings if those counted.
    """

    searches: int = 0
    with_test: int = 0
    by_test: int = 0
    by_any: int = 0
    without: int = 0
    fronts: int = 0
    members: int = 0
    mixed: int = 0
    faults: dict[int, list[str]] = field(default_factory=lambda: {6: [], 9: [], 14: []})


def selection(evidence: Evidence) -> dict[int, Told]:
    """T6, T9 and T14: who is selected by what, each incumbent and each front found again from the recorded answers."""
    found = Selection()
    for comparison in evidence.comparisons:
        multi = set(comparison.endpoints.arms(RANKINGS[1]))
        regrets = _regrets(comparison)
        columns: dict[int, Answers] = {}
        for arm, _, trajectory, own, _, credited in evidence.closed(comparison):
            if id(own) not in columns:
                columns[id(own)] = Answers(own.run, comparison)
            name = f"{comparison.space}: {arm}, seed {trajectory.run.header.seed}"
            search = Search(name, trajectory, columns[id(own)], credited, comparison.reference.has_test)
            _incumbent(found, search, regrets)
            if arm in multi:
                _front(found, search)
    faults: dict[int, list[Fault | str]] = {
        threat: [*evidence.faults(threat), *own] for threat, own in found.faults.items()
    }
    return {
        threat: failed(faults[threat]) if faults[threat] else told(evidence, found)
        for threat, told in {6: _fronts, 9: _selected, 14: _fidelities}.items()
    }


def _regrets(comparison: Comparison) -> Array:
    """[K] normalised regret of each network of the reference."""
    test = comparison.reference.test_error
    best, middle = test.min(), np.median(test)
    regrets: Array = (test - best) / (middle - best if middle > best else 1.0)
    return regrets


def _incumbent(found: Selection, search: Search, regrets: Array) -> None:
    answers, full = search.answers, search.answers.full[: search.credited]
    mine = answers.place(answers.best(answers.val, full))
    by_test = answers.place(answers.best(answers.test, full)) if search.has_test else mine
    by_any = answers.place(answers.best(answers.val, answers.any[: search.credited]))
    found.searches += 1
    found.with_test += search.has_test
    found.without += not full.any()
    found.by_test += by_test != mine
    found.by_any += by_any != mine
    place = int(search.trajectory.incumbents[search.credited])
    if place != mine:
        threat, what = 9, "another one"
        if place == by_test:
            what = "it is the best on test"
        elif place == by_any:
            threat, what = 14, "it is the best at any length"
        found.faults[threat].append(f"{search.name}: the incumbent is not the best full training on validation; {what}")
        return
    regret = 1.0 if place == NOTHING else regrets[place]
    reported = float(search.trajectory.steps("regret")[search.credited])
    if abs(reported - regret) > _TOLERANCE:
        what = f"regret {reported:.6g} is reported, where the incumbent's is {regret:.6g}"
        found.faults[9].append(f"{search.name}: {what}")


def _front(found: Selection, search: Search) -> None:
    answers = search.answers
    version, sets = search.trajectory.archives
    held = set(sets[version[search.credited]].tolist())
    mine = {answers.place(request) for request in answers.front(answers.full[: search.credited])}
    everything = answers.front(answers.any[: search.credited])
    found.fronts += 1
    found.members += len(mine)
    found.mixed += not all(answers.full[request] for request in everything)
    if held != mine:
        mixed = held == {answers.place(request) for request in everything}
        what = ", but of all lengths of training" if mixed else ""
        found.faults[6].append(f"{search.name}: the front is not that of its full trainings{what}")


def _fronts(evidence: Evidence, found: Selection) -> Told:
    if not found.fronts:
        return State.NOT_APPLICABLE, "No arm is ranked by fronts."
    return State.PASS, (
        f"{count(found.fronts, 'front')} of {found.members:,} networks, found again from the answers: full trainings "
        f"make 100 % of them; {share(found.mixed, found.fronts)} of the fronts would hold shorter trainings, cheaper "
        f"by nothing but their length, if those counted."
    )


def _selected(evidence: Evidence, found: Selection) -> Told:
    if not found.with_test:
        return State.NOT_APPLICABLE, "No space has a test metric."
    sealed = sum(request.test_error is not None for run in evidence.runs for request in run.requests)
    return State.PASS, (
        f"{count(found.searches, 'incumbent')} found again on validation; on test, "
        f"{share(found.by_test, found.with_test)} would be another network. A trial holds no test error: none of the "
        f"values that optimizers were told is one ({sealed:,} test errors are in the record alone), and every regret "
        f"is the reference's own at the network selected."
    )


def _fidelities(evidence: Evidence, found: Selection) -> Told:
    without = ""
    if found.without:
        without = f" {count(found.without, 'search')} ended before a full training: regret 1."
    if all(request.trial.fidelity == 1.0 for run in evidence.runs for request in run.requests):
        return State.NOT_APPLICABLE, f"Every training is a full one.{without}"
    return State.PASS, (
        f"100 % of {count(found.searches - found.without, 'incumbent')} were trained in full; if shorter trainings "
        f"counted, {share(found.by_any, found.searches)} of searches would return another network.{without}"
    )
