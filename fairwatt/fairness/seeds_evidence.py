"""Evidence on what seeds control: threat T13. Searches of one arm are held against one another, by their questions."""

import math
from collections.abc import Sequence
from itertools import combinations, takewhile
from typing import NamedTuple

import numpy as np

from fairwatt.fairness.evidence import Evidence, Told, count, failed
from fairwatt.fairness.threats import State
from fairwatt.problem import Reference
from fairwatt.records import Run

FIRST = 5
"""Questions beyond the shared design that two seeds may have in common from the first on; more where networks are few,
so that draws agree by chance in one study of a million."""
CHANCE = 1e-6
ENOUGH = 40
"""Searches that begin alike are compared pair by pair, of so many."""
MOST = 1 / 2
"""Of the questions that both searches ask: where so many are the same from the first on, they are one search."""


class _Alike(NamedTuple):
    """Two searches of an arm that begin with the same questions: how many of how many, and whether none is a network.

    related: whether their designs share a network, from which a search that draws nothing goes the same way.
    """

    seeds: tuple[int, int]
    same: int
    of: int
    lost: bool
    related: bool


def seeds_control(evidence: Evidence) -> Told:
    """T13: a seed fixes what it should, and no two seeds of an arm are the same search."""
    faults, searches, least = [], 0, FIRST
    doubts: dict[str, None] = {}
    for comparison in evidence.comparisons:
        arms: dict[str, list[Run]] = {}
        for books in evidence.books[comparison.space]:
            arms.setdefault(books.run.header.arm, []).append(books.run)
        for arm, runs in arms.items():
            first = _first(comparison.reference, len(runs))
            long = [run for run in runs if len(run.requests) - run.header.initial >= first]
            searches, least = searches + len(long), max(least, first)
            alike = _alike(long, first)
            pairs = len(runs) * (len(runs) - 1) // 2
            own = [pair for pair in alike if not pair.lost and not pair.related and pair.same >= MOST * pair.of]
            if own and not (runs[0].header.initial == 0 and _one_start(comparison.reference, len(own), pairs)):
                one, more = own[0], f" ({len(own)} such pairs)" if len(own) > 1 else ""
                faults.append(
                    f"{comparison.space}: {arm} asks the same under seeds {one.seeds[0]} and {one.seeds[1]}: "
                    f"{one.same} of {one.of} questions after the initial design, from the first on{more}"
                )
            elif alike:
                doubts[f"{comparison.space}: {arm}, seeds {alike[0].seeds[0]} and {alike[0].seeds[1]}"] = None
    if faults:
        return failed(faults)
    if doubts:
        return State.NOT_TOLD, (
            f"Searches begin with the same questions after the initial design: {', '.join(doubts)}. A fixed list to "
            f"begin with does that, or one start and no draws, or nothing possible asked; so does a search handed on."
        )
    if not searches:
        return State.NOT_TOLD, f"No search goes {least} questions beyond its initial design."
    return State.PASS, (
        f"{count(searches, 'search')}: no two seeds of an arm ask the same {least} questions after the initial design, "
        f"while designs and repeats agree under one seed (T7, T10). That a search run again gives the same bytes is "
        f"seen by running it again; these runs hold each search once."
    )


def _first(reference: Reference, seeds: int) -> int:
    """How many first questions do not agree by chance, in any two of so many searches that draw."""
    pairs = max(seeds * (seeds - 1) // 2, 1)
    alike = _collision(reference)
    return FIRST if alike == 0 else max(FIRST, math.ceil(math.log(CHANCE / pairs) / math.log(min(alike, 0.999))))


def _collision(reference: Reference) -> float:
    """The chance that two draws of the sampler are one network."""
    weights = reference.probabilities
    return 1 / len(reference.keys) if weights is None else float(np.sum((weights / weights.sum()) ** 2))


def _one_start(reference: Reference, found: int, pairs: int) -> bool:
    """Whether so many pairs may have drawn the same network to start from, where there is no shared design."""
    from scipy.stats import poisson

    return bool(poisson.sf(found - 1, pairs * _collision(reference)) > 1e-3)


def _alike(runs: Sequence[Run], first: int) -> list[_Alike]:
    """The pairs of searches that begin with the same questions after their designs, at least `first` of them."""
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault(tuple(_asked(run, first)), []).append(run)
    found = []
    for one, other in (pair for group in groups.values() for pair in combinations(group[:ENOUGH], 2)):
        both = list(zip(_asked(one), _asked(other), strict=False))
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], both)))
        networks = [{r.key for r in run.requests[: run.header.initial]} - {None} for run in (one, other)]
        initial = one.header.initial
        lost = all(request.key is None for request in one.requests[initial : initial + same])
        related = bool(networks[0] & networks[1])
        found.append(_Alike((one.header.seed, other.header.seed), same, len(both), lost, related))
    return found


def _asked(run: Run, most: int | None = None) -> list[tuple[object, float]]:
    """Networks and lengths after the design; the configuration itself where it is none."""
    initial = run.header.initial
    requests = run.requests[initial : None if most is None else initial + most]
    return [(r.trial.config if r.key is None else r.key, r.trial.fidelity) for r in requests]
