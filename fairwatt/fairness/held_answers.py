"""Recorded answers, held against the truth of their space and against one another.

Books that are reckoned from an answer agree with it, whatever it says, so answers have to be held against something
else. Full trainings are held against the reference. Of shorter ones it knows little more than their length: but an
oracle is a function of network, length and repeat, so all searches of a space, under all seeds, must have been told the
same. Which configurations are networks, the space itself says where it is installed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from fairwatt.fairness.bookkeeping import Fault
from fairwatt.fairness.installed_space import wrong_configs
from fairwatt.fairness.reference_check import ReferenceCheck, Wrong
from fairwatt.problem import Reference, SearchSpace
from fairwatt.records import Config, Key, Request, Run

_TOO_MANY = 0.5
_ENOUGH = 10
"""Of an arm's answers with one error for validation and test: such a share of so many is no coincidence."""

Found = dict[int, list[Wrong]]
"""What is wrong with answers, by the id of the request."""


class Held(NamedTuple):
    """What came of it. faults: of threats 4, 6, 9, 10, 14 and 16.

    full: answers at full length. known: whether the reference knows what a search may see, so that they were held
    against it. looked_at: configurations that the installed space was asked about. lone: those called impossible by one
    search alone, where no space is installed.
    """

    faults: tuple[Fault, ...]
    full: int
    known: bool
    looked_at: int
    lone: int


def held(
    space: str,
    reference: Reference,
    runs: Sequence[Run],
    installed: SearchSpace | None = None,
    places: Mapping[Key, int] | None = None,
) -> Held:
    """The answers of all runs of a space, `space` in the faults. An answer that runs share is looked at once.

    installed: the space itself, where it is here. places: rows of the reference by key, where they are at hand.
    """
    distinct = {id(request): request for run in runs for request in run.requests}
    valid = [request for request in distinct.values() if request.key is not None]
    check = ReferenceCheck(reference, valid, places)
    found: Found = {id(valid[number]): wrong for number, wrong in check.wrong().items()}
    doubtful = [[valid[n] for n in group.tolist() if id(valid[n]) not in found] for group in check.doubtful()]
    rows = Counter(id(request) for run in runs for request in run.requests) if doubtful else {}
    strange, looked_at = wrong_configs(installed, runs, list(distinct.values())) if installed else ({}, 0)
    for number, each in distinct.items() if strange else ():
        found.setdefault(number, []).extend(strange.get(each.trial.config, ()))
    for others in (_of_one_config(distinct.values()), *(_of_one_question(group, rows) for group in doubtful)):
        for request, wrong in others.items():
            found.setdefault(request, []).extend(wrong)
    faults = [
        Fault(wrong.threat, space, run.header.arm, run.header.seed, place, wrong.what)
        for run in (runs if found else ())
        for place, request in enumerate(run.requests)
        for wrong in found.get(id(request), ())
        if wrong.threat != 6 or "multi" in run.header.kinds
    ]
    faults += _tests_for_validations(space, check, runs)
    full = sum(request.key is not None and request.trial.fidelity == 1.0 for run in runs for request in run.requests)
    lone = 0 if installed else _lone(runs)
    return Held(tuple(faults), full, check.known, looked_at, lone)


def _lone(runs: Sequence[Run]) -> int:
    """How many configurations are called impossible that one search alone asked."""
    askers: Counter[Config] = Counter()
    for run in runs:
        askers.update({request.trial.config for request in run.requests if request.key is None})
    return list(askers.values()).count(1)


def _among(wanted: Set[int], run: Run) -> int:
    """How many of a run's answers are wanted, by their ids."""
    return sum(map(wanted.__contains__, map(id, run.requests)))


def _of_one_config(requests: Collection[Request]) -> Found:
    """A configuration is one network, or none, in all searches. 1 and 1.0 are not taken to be the same value."""
    first: dict[Config, Request] = {}
    doubtful = {
        request.trial.config
        for request in requests
        if first.setdefault(request.trial.config, request).key != request.key
    }
    alike: dict[object, list[Request]] = {}
    for request in requests if doubtful else ():
        if (config := request.trial.config) in doubtful:
            alike.setdefault((config, *map(type, config)), []).append(request)
    found: Found = {}
    for group in alike.values():
        keys = {request.key for request in group} - {None}
        for request in group:
            if keys and request.key is None:
                what = f"called impossible, and network {min(map(str, keys))} elsewhere"
                found[id(request)] = [Wrong(4, what), Wrong(16, what)]
            elif len(keys) > 1:
                found[id(request)] = [Wrong(10, f"one configuration, and {len(keys)} networks")]
    return found


def _of_one_question(group: Sequence[Request], rows: Mapping[int, int]) -> Found:
    """Of answers on one network, length and repeat: those that are not the commonest, in `rows`.

    Test errors in the place of validation errors are known by themselves. Where it cannot be said which of two answers
    is the right one, both are found.
    """
    answers: Counter[tuple[object, ...]] = Counter()
    for request in group:
        answers[_answer(request)] += rows[id(request)]
    most = max(answers.values(), default=0)
    commonest = [answer for answer, times in answers.items() if times == most]
    tested = {answer for answer in answers if answer[0] == answer[1]}
    if 0 < len(tested) < len(answers) and len({answer[1:] for answer in answers}) == 1:
        commonest = list(answers.keys() - tested)
    else:
        tested = set()
    alike = len({answer[:2] for answer in answers}) == 1
    found: Found = {}
    for request in group if len(answers) > 1 else ():
        answer = _answer(request)
        if [answer] != commonest:
            threat = 9 if answer in tested else 16 if alike else 10
            what = "answered otherwise than other searches, on the same network, length and repeat"
            found[id(request)] = [Wrong(threat, what + (": by the test error" if answer in tested else ""))]
    return found


def _answer(request: Request) -> tuple[object, ...]:
    trial = request.trial
    return trial.val_error, request.test_error, trial.energy_kwh, request.seconds, request.epochs


def _tests_for_validations(space: str, check: ReferenceCheck, runs: Sequence[Run]) -> Iterator[Fault]:
    """Where validation and test differ in the reference, they differ in the answers that an arm was given."""
    reference = check.reference
    if not reference.has_test:
        return
    apart = (reference.val_error != reference.test_error)[check.row] & (check.row >= 0)
    same = apart & (check.val == check.test)
    if not same.any():
        return
    equal_ids = {id(check.requests[number]) for number in np.flatnonzero(same).tolist()}
    arms: dict[str, list[Run]] = {}
    for run in runs:
        arms.setdefault(run.header.arm, []).append(run)
    equal = {arm: sum(_among(equal_ids, run) for run in own) for arm, own in arms.items()}
    if max(equal.values()) <= _TOO_MANY * _ENOUGH:
        return  # as nearly always, and the others need not be counted
    apart_ids = {id(check.requests[number]) for number in np.flatnonzero(apart).tolist()}
    for arm, own in arms.items():
        answers = sum(_among(apart_ids, run) for run in own)
        if answers >= _ENOUGH and equal[arm] > _TOO_MANY * answers:
            what = f"in {equal[arm]:,} of the arm's {answers:,} answers the validation error is the test error"
            yield Fault(9, space, arm, own[0].header.seed, -1, what)
