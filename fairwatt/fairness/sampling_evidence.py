"""Evidence on what was proposed: threat T3. Random search's own draws are held against the declared sampler."""

from collections.abc import Iterator, Sequence

import numpy as np

from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Books
from fairwatt.fairness.evidence import Evidence, Told, failed, share, spread
from fairwatt.fairness.threats import State
from fairwatt.records import Request

RANDOM_SEARCH = "rs"
"""The registered name of the optimizer whose proposals are the sampler's."""

UNLIKELY = 1e-3
"""Of all tests of random search's draws together (Bonferroni): below this they are not the declared sampler's."""

UNIFORM = "uniform"
"""The sampler whose draws are equally likely where a reference names no probabilities."""

_DRAWS_A_CELL = 10


def sampling(evidence: Evidence) -> Told:
    """T3: one sampler, whose declared distribution random search's own proposals follow."""
    tests: list[tuple[str, float, int, int]] = []
    told, unknown = [], []
    for comparison in evidence.comparisons:
        header = evidence.books[comparison.space][0].run.header
        proposals = comparison.proposals()
        proposals = proposals[proposals["budget"] == proposals["budget"].iloc[-1]]
        told.append(
            f"{comparison.space}: sampler '{header.sampler}'; over the arms {_percents(proposals['valid'])} of "
            f"proposals valid, {_percents(proposals['distinct'])} of a search's distinct, "
            f"{_percents(proposals['modal'], '.2g')} the commonest network"
        )
        if header.sampler != UNIFORM and comparison.reference.probabilities is None:
            unknown.append(f"{comparison.space} ({header.sampler})")
            continue
        own = [books for books in evidence.books[comparison.space] if books.run.header.optimizer == RANDOM_SEARCH]
        if sum(len(books.run.requests) for books in own) >= 2 * _DRAWS_A_CELL:
            tests.append((comparison.space, *_chi_square(comparison, own)))
    shown = "; ".join(
        f"{space} p = {p:.2g} ({draws:,} draws in {cells} groups of like energy)" for space, p, draws, cells in tests
    )
    bad = [
        f"{space}: the proposals of random search are not those of the declared sampler (chi-square p = {p:.2g})"
        for space, p, _, _ in tests
        if p * len(tests) < UNLIKELY
    ]
    if bad:
        return failed(bad)
    if unknown:
        return State.NOT_TOLD, (
            f"{'. '.join(told)}. With what probability the sampler draws a network is not known of "
            f"{', '.join(unknown)}.{f' Chi-square: {shown}.' if shown else ''}"
        )
    if len(tests) < len(evidence.comparisons):
        return State.NOT_TOLD, f"{'. '.join(told)}. Too few draws of random search to hold against the sampler."
    return State.PASS, f"{'. '.join(told)}. Random search's draws v. the declared probabilities, chi-square: {shown}."


def _chi_square(comparison: Comparison, books: Sequence[Books]) -> tuple[float, int, int]:
    """p of the draws of random search under the declared probabilities, how many draws, and in how many groups.

    Networks are grouped by energy, in which a skewed sampler shows first, into groups of equal expected counts.
    Recordings stop by what they spent; by Wald's identity that leaves expected counts as they are. The design that
    arms share under one seed was drawn once, and counts once.
    """
    from scipy.stats import chisquare

    reference, places = comparison.reference, comparison.truth.places
    requests = [request.key for request in _drawn(books) if request.key is not None]
    drawn = np.bincount([places[key] for key in requests if key in places], minlength=len(reference.keys))
    strange = len(requests) - int(drawn.sum())
    weights = reference.probabilities
    weights = np.full(len(drawn), 1.0 / len(drawn)) if weights is None else weights / weights.sum()
    order = np.argsort(reference.energy_kwh, kind="stable")
    groups = min(len(requests) // _DRAWS_A_CELL, 100)
    middle = np.cumsum(weights[order]) - weights[order] / 2
    group = np.minimum((middle * groups).astype(np.int64), groups - 1)
    expected = np.bincount(group, weights[order], groups) * drawn.sum()
    observed = np.bincount(group, drawn[order], groups)
    used = expected > 0
    if strange or drawn[weights == 0].any() or used.sum() < 2:
        return (0.0 if strange or drawn[weights == 0].any() else 1.0), len(requests), int(used.sum())
    return float(chisquare(observed[used], expected[used]).pvalue), len(requests), int(used.sum())


def _drawn(books: Sequence[Books]) -> Iterator[Request]:
    """The requests of these searches, but of each seed's shared design only the first time."""
    designs: dict[int, int] = {}
    for run in (own.run for own in books):
        known = designs.get(run.header.seed, 0)
        designs[run.header.seed] = max(known, min(run.header.initial, len(run.requests)))
        yield from run.requests[min(known, run.header.initial) :]


def _percents(values: Sequence[float], form: str = ".0f") -> str:
    known = [100 * float(value) for value in values if not np.isnan(value)]
    return f"{spread(known, form)} %" if known else share(0, 0)
