"""Evidence on what optimizers were told: threats T4, T8, T10, T13 and T18."""

from collections import Counter

import numpy as np

from fairwatt.fairness.bookkeeping import Fault, Kind
from fairwatt.fairness.evidence import Evidence, Told, count, failed, named, share
from fairwatt.fairness.threats import State
from fairwatt.problem import OBJECTIVES
from fairwatt.streams import replicate


def impossible_proposals(evidence: Evidence) -> Told:
    """T4: they have a status and no numbers, cost what was declared, and are nobody's incumbent."""
    if faults := evidence.faults(4):
        return failed(faults)
    invalid: Counter[str] = Counter()
    total = 0
    for books in evidence.all_books:
        due = [due.kind for due in books.dues[: len(books.run.rows) or None]]
        total += len(due)
        invalid[books.run.header.arm] += due.count(Kind.INVALID)
    if not invalid.total():
        return State.PASS, f"None of {count(total, 'request')} was impossible; no measured network takes zero energy."
    rules = sorted({str(run.header.policy["invalid"]) for run in evidence.runs})
    others = {"free_capped", "charge_min", "charge_first_fidelity"} - set(rules)
    other = evidence.under(f"invalid={name}" for name in others)
    return State.PASS if other else State.NOT_TOLD, (
        f"{invalid.total():,} of {count(total, 'request')} ({share(invalid.total(), total)}) were impossible (by "
        f"{named(+invalid)}): all have infinite error and energy, no test error, and cost what the policy says "
        f"(invalid={', '.join(rules)}); no measured network takes zero energy; "
        f"{other or 'no verdict was priced under another rule'}."
    )


def objectives(evidence: Evidence) -> Told:
    """T8: what each optimizer was told to minimise is what the record measured."""
    if faults := evidence.faults(8):
        return failed(faults)
    wanted = {run.header.arm: run.header.objectives for run in evidence.runs}
    unknown = sorted({name for names in wanted.values() for name in names} - set(OBJECTIVES))
    if unknown:
        return State.NOT_TOLD, f"Objectives that this audit cannot reckon again: {', '.join(unknown)}."
    losses = sum(len(run.requests) * len(run.header.objectives) for run in evidence.runs)
    kinds: dict[tuple[str, ...], list[str]] = {}
    for arm, names in wanted.items():
        kinds.setdefault(names, []).append(arm)
    told = "; ".join(f"{' and '.join(names)} ({', '.join(arms)})" for names, arms in kinds.items())
    return State.PASS, (
        f"All objectives are minimised: {told}. Each of {count(losses, 'value')} that optimizers were told is the "
        f"recorded validation error or energy itself, with its own sign."
    )


def answers_are_stored(evidence: Evidence) -> Told:
    """T10: one question has one answer for everybody, the space's own, and is paid once in a search."""
    faults: list[Fault | str] = [*evidence.faults(10)]
    shared, repeated = 0, 0
    for world in evidence.worlds:
        reference = world.reference
        known: dict[tuple[object, ...], tuple[object, ...]] = {}
        for books in world.books:
            header = books.run.header
            for place, request in enumerate(books.run.requests):
                if request.key is None:
                    continue
                trial = request.trial
                question = (header.seed, request.key, trial.fidelity)
                answer = (request.replicate, trial.val_error, trial.energy_kwh, request.test_error, header.arm, place)
                first = known.setdefault(question, answer)
                if first is answer:
                    due = None if reference.resumable else trial.fidelity
                    if replicate(header.seed, request.key, due, reference.replicates) != request.replicate:
                        faults.append(
                            f"{world.name}: {header.arm}, seed {header.seed}, row {place}: repeat "
                            f"{request.replicate} answered, which seed, network and length do not choose"
                        )
                    continue
                repeated += first[4] == header.arm
                shared += first[4] != header.arm
                if first[:4] != answer[:4]:
                    faults.append(
                        f"{world.name}: {header.arm}, seed {header.seed}, row {place}: answered otherwise than "
                        f"{first[4]}, row {first[5]}, on the same network, length and seed"
                    )
    if faults:
        return failed(faults)
    repeats = ", ".join(f"{c.space} {c.reference.replicates}" for c in evidence.comparisons)
    full = sum(each.full for each in evidence.held.values() if each.known)
    text = (
        f"Of all recorded requests, also those beyond the budget (so not T5's count), {shared:,} were asked first by "
        f"another arm under the same seed and {repeated:,} by the same search: every answer is the first one. The "
        f"repeat that answers (of: {repeats}) is the one that seed, network and length choose, and none is paid twice "
        f"in a search where the policy answers from the cache. Network, length and repeat have one answer under all "
        f"seeds; {count(full, 'full training')} came out as the reference has them."
    )
    return (State.NOT_TOLD, f"{text} {evidence.unheld}") if evidence.unheld else (State.PASS, text)


def seeds_control(evidence: Evidence) -> Told:
    """T13: a seed fixes what it should, and no two seeds of an arm are the same search."""
    faults, streams = [], 0
    lost: dict[str, None] = {}
    for space, books in evidence.books.items():
        seen: dict[tuple[object, ...], int] = {}
        for own in books:
            header, requests = own.run.header, own.run.requests
            asked = tuple((r.trial.config if r.key is None else r.key, r.trial.fidelity) for r in requests)
            if len(asked) <= header.initial:
                continue
            streams += 1
            other = seen.setdefault((header.arm, asked), header.seed)
            if other != header.seed and all(request.key is None for request in requests):
                lost[f"{space}: {header.arm}"] = None
            elif other != header.seed:
                faults.append(f"{space}: {header.arm} asks the same under seeds {other} and {header.seed}")
    if faults:
        return failed(faults)
    if lost:
        return State.NOT_TOLD, f"Nothing that was asked can be measured, and seeds do not differ: {', '.join(lost)}."
    if not streams:
        return State.NOT_TOLD, "No search goes beyond its initial design."
    return State.PASS, (
        f"{count(streams, 'search')}: no two seeds of an arm ask the same questions, while initial designs and repeats "
        f"agree under one seed (T7, T10). That a search run again gives the same bytes is seen by running it again; "
        f"these runs hold each search once."
    )


def test_is_not_validation(evidence: Evidence) -> Told:
    """T18: whether there is a test metric of its own, and what regret is said to be measured on."""
    faults, told = [], []
    for comparison in evidence.comparisons:
        reference = comparison.reference
        equal = float(np.mean(reference.test_error == reference.val_error))
        if reference.has_test and equal == 1.0:
            faults.append(
                f"{comparison.space}: declares a test metric, which is its validation error, network by network"
            )
        if not reference.has_test and not comparison.truth.label.startswith("validation"):
            faults.append(f"{comparison.space}: has no test metric, and reports '{comparison.truth.label}'")
        told.append(
            f"{comparison.space}: test errors differ from validation errors in {share(1 - equal, 1)} of networks"
            if reference.has_test
            else f"{comparison.space}: no test metric, and regret is labelled '{comparison.truth.label}'"
        )
    return failed(faults) if faults else (State.PASS, "; ".join(told) + ".")
