"""Evidence on what optimizers were told: threats T4, T8, T10 and T18."""

from collections import Counter

import numpy as np

from fairwatt.fairness.bookkeeping import Fault, Kind
from fairwatt.fairness.evidence import Evidence, Told, count, failed, named, share
from fairwatt.fairness.threats import State
from fairwatt.problem import OBJECTIVES
from fairwatt.records import Request
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
    lone = {world.space: evidence.held[world.name].lone for world in evidence.worlds if evidence.held[world.name].lone}
    unsure = " ".join(
        f"Of {space}, which is not installed here with these data, {count(number, 'configuration')} called impossible "
        f"{'was' if number == 1 else 'were'} asked by one search alone: whether so, its runs do not show."
        for space, number in lone.items()
    )
    text = (
        f"{invalid.total():,} of {count(total, 'request')} ({share(invalid.total(), total)}) were impossible (by "
        f"{named(+invalid)}): all have infinite error and energy, no test error, and cost what the policy says "
        f"(invalid={', '.join(rules)}); no measured network takes zero energy; "
        f"{other or 'no verdict was priced under another rule'}."
    )
    return (State.PASS, text) if other and not unsure else (State.NOT_TOLD, f"{text} {unsure}".strip())


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
        resumable, replicates = world.reference.resumable, world.reference.replicates
        known: dict[tuple[object, ...], tuple[Request, str, int]] = {}
        for run in world.runs:
            header = run.header
            arm, seed = header.arm, header.seed
            for place, request in enumerate(run.requests):
                if (key := request.key) is None:
                    continue
                fidelity = request.trial.fidelity
                mine = (request, arm, place)
                first = known.setdefault((seed, key, fidelity), mine)
                if first is mine:
                    chosen = replicate(seed, key, None if resumable else fidelity, replicates)
                    if chosen != request.replicate:
                        faults.append(
                            f"{world.name}: {arm}, seed {seed}, row {place}: repeat {request.replicate} answered, "
                            f"which seed, network and length do not choose"
                        )
                    continue
                repeated += first[1] == arm
                shared += first[1] != arm
                if first[0] is not request and _stored(first[0]) != _stored(request):
                    faults.append(
                        f"{world.name}: {arm}, seed {seed}, row {place}: answered otherwise than {first[1]}, row "
                        f"{first[2]}, on the same network, length and seed"
                    )
    if faults:
        return failed(faults)
    repeats = ", ".join(f"{c.space} {c.reference.replicates}" for c in evidence.comparisons)
    full = sum(each.full for each in evidence.held.values() if each.known)
    asked = sum(each.looked_at for each in evidence.held.values())
    looked_at = f" {count(asked, 'configuration')} are the networks that the installed space says." if asked else ""
    text = (
        f"Of all recorded requests, also those beyond the budget (so not T5's count), {shared:,} were asked first by "
        f"another arm under the same seed and {repeated:,} by the same search: every answer is the first one. The "
        f"repeat that answers (of: {repeats}) is the one that seed, network and length choose, and none is paid twice "
        f"in a search where the policy answers from the cache. Network, length and repeat have one answer under all "
        f"seeds; {count(full, 'full training')} came out as the reference has them.{looked_at}"
    )
    return (State.NOT_TOLD, f"{text} {evidence.unheld}") if evidence.unheld else (State.PASS, text)


def _stored(request: Request) -> tuple[object, ...]:
    return request.replicate, request.trial.val_error, request.trial.energy_kwh, request.test_error


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
