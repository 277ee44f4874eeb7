"""Evidence on what was proposed: threat T3. Random search's own draws are held against the declared sampler.

All are tested, and the best of them: a reference arm that is weaker than random search makes everybody win.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.verdict import Comparison
from fairwatt.fairness.bookkeeping import Books
from fairwatt.fairness.evidence import Evidence, Told, failed, share, spread
from fairwatt.fairness.threats import State
from fairwatt.problem import Reference
from fairwatt.records import Request

RANDOM_SEARCH = "rs"
"""The registered name of the optimizer whose proposals are the sampler's."""

UNLIKELY = 1e-3
"""Of all tests of random search's draws together (Bonferroni): below this they are not the declared sampler's."""

UNIFORM = "uniform"
"""The sampler whose draws are equally likely where a reference names no probabilities."""

_DRAWS_A_CELL = 10


class _Test(NamedTuple):
    """One test of random search's draws. p: that the declared sampler's are as far from what is expected, or farther.

    what: in a clause; wrong: in a fault, what was found.
    """

    space: str
    p: float
    what: str
    wrong: str


def sampling(evidence: Evidence) -> Told:
    """T3: one sampler, whose declared distribution random search's own proposals follow, and its best with them."""
    tests: list[_Test] = []
    told, unknown, tested = [], [], 0
    for comparison in evidence.comparisons:
        header = evidence.books[comparison.space][0].run.header
        proposals = comparison.proposals()
        proposals = proposals[proposals["budget"] == proposals["budget"].iloc[-1]]
        told.append(
            f"{comparison.space}: sampler '{header.sampler}' (source {header.sampler_code[:8] or 'not named'}); "
            f"over the arms {_percents(proposals['valid'])} of proposals valid, "
            f"{_percents(proposals['distinct'])} of a search's distinct, "
            f"{_percents(proposals['modal'], '.2g')} the commonest network"
        )
        if header.sampler != UNIFORM and comparison.reference.probabilities is None:
            unknown.append(f"{comparison.space} ({header.sampler})")
            continue
        own = [books for books in evidence.books[comparison.space] if books.run.header.optimizer == RANDOM_SEARCH]
        if sum(len(books.run.requests) for books in own) >= 2 * _DRAWS_A_CELL:
            tests += _draws(comparison, own)
            tests += _bests(evidence, comparison)
            tested += 1
    bad = [f"{test.space}: {test.wrong} (p = {test.p:.2g})" for test in tests if test.p * len(tests) < UNLIKELY]
    if bad:
        return failed(bad)
    shown = "; ".join(f"{test.space} p = {test.p:.2g} ({test.what})" for test in tests if test.what)
    if bests := [test.p for test in tests if not test.what]:
        shown += f"; the best of its draws, at each primary budget: p = {min(bests):.2g} at least, of {len(bests)}"
    if unknown:
        return State.NOT_TOLD, (
            f"{'. '.join(told)}. With what probability the sampler draws a network is not known of "
            f"{', '.join(unknown)}.{f' Chi-square: {shown}.' if shown else ''}"
        )
    if tested < len(evidence.comparisons):
        return State.NOT_TOLD, f"{'. '.join(told)}. Too few draws of random search to hold against the sampler."
    return State.PASS, f"{'. '.join(told)}. Random search's draws v. the declared probabilities, chi-square: {shown}."


def _weights(reference: Reference) -> NDArray[np.float64]:
    """[K] the probability of each network in a draw."""
    weights = reference.probabilities
    return np.full(len(reference.keys), 1.0 / len(reference.keys)) if weights is None else weights / weights.sum()


def _draws(comparison: Comparison, books: Sequence[Books]) -> Iterator[_Test]:
    """The networks that random search drew v. the declared probabilities, in groups of like energy and of like error.

    In energy a skewed sampler shows first; in validation error, draws that were left out because they were good.
    """
    reference, places = comparison.reference, comparison.truth.places
    requests = [request.key for request in _drawn(books) if request.key is not None]
    drawn = np.bincount([places[key] for key in requests if key in places], minlength=len(reference.keys))
    strange = len(requests) > drawn.sum()
    for values, name in ((reference.energy_kwh, "energy"), (reference.val_error, "validation error")):
        p, groups = (0.0, 0) if strange else _chi_square(drawn, _weights(reference), values)
        yield _Test(
            comparison.space,
            p,
            f"{len(requests):,} draws in {groups} groups of like {name}",
            f"the proposals of random search are not those of the declared sampler (chi-square over {name})",
        )


def _chi_square(
    drawn: NDArray[np.int64], weights: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[float, int]:
    """p of draws [K] under probabilities [K], in groups of like values and equal expected counts; how many groups.

    Recordings stop by what they spent; by Wald's identity that leaves expected counts as they are.
    """
    from scipy.stats import chisquare

    if drawn[weights == 0].any():
        return 0.0, 0
    order = np.argsort(values, kind="stable")
    groups = min(int(drawn.sum()) // _DRAWS_A_CELL, 100)
    middle = np.cumsum(weights[order]) - weights[order] / 2
    group = np.minimum((middle * groups).astype(np.int64), groups - 1)
    expected = np.bincount(group, weights[order], groups) * drawn.sum()
    observed = np.bincount(group, drawn[order], groups)
    used = expected > 0
    if used.sum() < 2:
        return 1.0, int(used.sum())
    return float(chisquare(observed[used], expected[used]).pvalue), int(used.sum())


def _bests(evidence: Evidence, comparison: Comparison) -> Iterator[_Test]:
    """How good the best of random search's draws are at each primary budget, v. that many draws of the sampler.

    The chance that all of n draws are as bad as the best one, or worse, and that one of them is as good, each over all
    seeds together (Fisher).
    """
    from scipy.stats import chi2

    reference = comparison.reference
    seen = reference.val_error[:, None] if reference.val_repeats is None else reference.val_repeats
    if reference.replicates > 1 and reference.val_repeats is None and reference.energy_repeats is None:
        return  # what repeated trainings came out as is not known
    bests: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for closed in evidence.closed(comparison):
        run = closed.books.run
        if run.header.optimizer != RANDOM_SEARCH:
            continue
        full = [request.trial.val_error for request in run.requests[: closed.credited] if request.trial.fidelity == 1.0]
        if full:
            bests.setdefault((closed.arm, closed.budget), []).append((min(full), len(full)))
    good = _Good.of(seen, _weights(reference), max((best for own in bests.values() for best, _ in own), default=0.0))
    for (arm, budget), own in bests.items():
        worse = sum(good.log_chance_of_none(best, draws, "left") for best, draws in own)
        none = np.array([good.log_chance_of_none(best, draws, "right") for best, draws in own])
        with np.errstate(divide="ignore"):
            better = float(np.log(-np.expm1(none)).sum())
        for log_p, what in ((worse, "worse"), (better, "better")):
            yield _Test(
                comparison.space,
                float(chi2.sf(-2 * log_p, 2 * len(own))),
                "",
                f"at {budget} the best of {arm}'s draws are {what} than those of the declared sampler",
            )


class _Good(NamedTuple):
    """What trainings of a space can show [N], ascending, as far as it may be a best: network by network, repeat by
    repeat.

    errors, networks: [N]; weights: [K] of a draw; repeats: of each network.
    """

    errors: NDArray[np.float64]
    networks: NDArray[np.intp]
    weights: NDArray[np.float64]
    repeats: int

    @classmethod
    def of(cls, seen: NDArray[np.float64], weights: NDArray[np.float64], worst: float) -> "_Good":
        """seen: [K, R]; what is above `worst` is left out."""
        networks, repeats = np.nonzero(seen <= worst)
        errors = seen[networks, repeats]
        order = np.argsort(errors)
        return cls(errors[order], networks[order], weights, seen.shape[1])

    def log_chance_of_none(self, error: float, draws: int, side: Literal["left", "right"]) -> float:
        """Log of the chance that no draw is below an error ("left"), or none is as low ("right").

        Under one seed a network has one repeat for all its draws. That matters where the sampler prefers some so much
        that they come again; for those the draws are taken to be independent from network to network.
        """
        below = self.networks[: np.searchsorted(self.errors, error, side=side)]
        networks, times = np.unique(below, return_counts=True)
        chance, part = self.weights[networks], times / self.repeats
        if (total := float(chance @ part)) >= 1 - 1e-12:
            return -np.inf
        again = np.log1p(part * np.expm1(draws * np.log1p(-chance))) - draws * np.log1p(-part * chance)
        return float(min(draws * np.log1p(-total) + again.sum(), 0.0))


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
