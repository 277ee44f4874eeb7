"""Several spaces, all arms: the object that pooled tables and figures are made from.

Every number here is about these spaces as they are. Spaces that share networks are one stratum wherever spaces are
weighed (`strata`); runs are pooled as they are, space by space, where they are only shown (`Pool`).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.across_verdict import FLIPS, AcrossVerdict, SpacePair, decided_family, pooled_verdict
from fairwatt.analysis.blocks import BlockRanks, block_tests, friedman, independent_blocks
from fairwatt.analysis.endpoints import RANKINGS, Ranking
from fairwatt.analysis.mixed_model import MixedModel, mixed_models
from fairwatt.analysis.outcome import Outcome, Verdict
from fairwatt.analysis.pooled import Pool
from fairwatt.analysis.protocol import ComparisonError
from fairwatt.analysis.statistics import benjamini_hochberg
from fairwatt.analysis.strata import Overlap, overlaps, strata
from fairwatt.analysis.verdict import Comparison
from fairwatt.books import Book
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.streams import stream

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


class Across:
    """What can be said over several spaces, and what cannot.

    comparisons: one of each space, of one protocol. draws: of each interval; flips: of each test.

    Raises ComparisonError for fewer than two spaces, a space twice, or protocols that differ.
    """

    def __init__(self, comparisons: Sequence[Comparison], *, draws: int = 9_999, flips: int = FLIPS) -> None:
        self.comparisons = {comparison.space: comparison for comparison in comparisons}
        if len(self.comparisons) < max(len(comparisons), 2):
            given = ", ".join(comparison.space for comparison in comparisons) or "none"
            raise ComparisonError(f"pooling needs two different spaces or more, got {given}")
        first, *others = comparisons
        for other in others:
            if other.protocol != first.protocol:
                raise ComparisonError(
                    f"protocol differs between {first.space} and {other.space}; compare both under the same reference "
                    f"arm, budgets, policy and seeds"
                )
        self.protocol = first.protocol
        self.references = [comparison.reference for comparison in comparisons]
        self._draws, self._flips = draws, flips
        self._pools: dict[tuple[Ranking, str], Pool] = {}

    @cached_property
    def overlaps(self) -> tuple[Overlap, ...]:
        """Pairs of spaces that hold the same networks."""
        return overlaps(self.references)

    @cached_property
    def strata(self) -> tuple[tuple[str, ...], ...]:
        """Spaces, those that hold the same networks together."""
        return strata(self.references)

    def rankings(self) -> tuple[Ranking, ...]:
        """Those in which every space has two arms or more in common, the reference arm among them."""
        return tuple(r for r in RANKINGS if len(self.arms(r)) > 1 and self.protocol.reference_arm in self.arms(r))

    def arms(self, ranking: Ranking) -> list[str]:
        """Arms that every space has in this ranking, in the order of the first."""
        first, *others = (comparison.endpoints.arms(ranking) for comparison in self.comparisons.values())
        return [arm for arm in first if all(arm in other for other in others)]

    def seeds(self, ranking: Ranking) -> list[int]:
        """Seeds that every arm of the ranking has in every space, ascending."""
        arms = self.arms(ranking)
        return sorted(set.intersection(*(set(c.endpoints.paired_seeds(*arms)) for c in self.comparisons.values())))

    def scores(self, ranking: Ranking, budget: str) -> dict[str, dict[str, Array]]:
        """By space and arm: [S] values of the endpoint at the end of one primary budget, for `seeds`.

        Raises UnknownNameError for a budget that is not primary, UserError where the spaces share no arm or seed.
        """
        arms = self.arms(ranking)
        seeds = self.seeds(ranking) if arms else []
        if not seeds:
            raise UserError(
                f"nothing to pool in the {ranking.kind}-objective ranking: the spaces share {len(arms)} arms and no "
                f"seed; run the same arms and seeds in {', '.join(self.comparisons)}"
            )
        found = {}
        for space, comparison in self.comparisons.items():
            book = primary_book(comparison, budget)
            found[space] = {arm: comparison.endpoints.values(arm, book, ranking.endpoint, seeds) for arm in arms}
        return found

    def pool(self, ranking: Ranking, budget: str) -> Pool:
        """The scores with their bootstrap; see `Pool`."""
        if (ranking, budget) not in self._pools:
            rng = stream("analysis", "across", 0, f"{ranking.kind} {budget}")
            self._pools[ranking, budget] = Pool(self.scores(ranking, budget), rng, draws=self._draws)
        return self._pools[ranking, budget]

    def iqm(self, ranking: Ranking, budget: str) -> "pd.DataFrame":
        """See `Pool.iqm`."""
        return self.pool(ranking, budget).iqm()

    def optimality_gap(self, ranking: Ranking, budget: str, target: float = 0.0) -> "pd.DataFrame":
        """See `Pool.optimality_gap`."""
        return self.pool(ranking, budget).optimality_gap(target)

    def profiles(self, ranking: Ranking, budget: str) -> "pd.DataFrame":
        """See `Pool.profiles`."""
        return self.pool(ranking, budget).profiles()

    def improvement(self, ranking: Ranking, budget: str) -> "pd.DataFrame":
        """Of every arm over the reference arm; see `Pool.improvements`."""
        return self.pool(ranking, budget).improvements(self.protocol.reference_arm)

    def mixed_models(self, ranking: Ranking) -> dict[str, MixedModel]:
        """By primary budget; see `mixed_models`. Raises UserError where all spaces are one stratum, and as `scores`."""
        scores = {budget: self.scores(ranking, budget) for budget in self.protocol.budgets}
        return mixed_models(scores, self.strata, self.protocol.reference_arm)

    def critical_difference(self, ranking: Ranking, budget: str) -> BlockRanks:
        """Mean ranks of arms on means over seeds, spaces as blocks.

        Raises NestedBlocksError or TooFewBlocksError, which say why there is no such diagram over these spaces.
        """
        independent_blocks(self.references, len(self.arms(ranking)))
        scores = self.scores(ranking, budget)
        return friedman({arm: [by_arm[arm].mean() for by_arm in scores.values()] for arm in self.arms(ranking)})

    @cached_property
    def verdicts(self) -> tuple[AcrossVerdict, ...]:
        """Every pair that all spaces have a verdict on, at every primary budget, by ranking."""
        by_pair: dict[tuple[str, str, str, str], list[Verdict]] = {}
        for comparison in self.comparisons.values():
            for verdict in comparison.verdicts:
                pair = verdict.kind, verdict.arm, verdict.reference, verdict.budget
                by_pair.setdefault(pair, []).append(verdict)
        complete = [verdicts for verdicts in by_pair.values() if len(verdicts) == len(self.comparisons)]
        return decided_family([self._verdict(verdicts) for verdicts in complete])

    def table(self) -> "pd.DataFrame":
        """One row for each verdict across spaces."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "kind": v.kind,
                    "budget": v.budget,
                    "arm": v.arm,
                    "reference": v.reference,
                    "outcome": str(v.outcome),
                    "winner": v.winner,
                    "by_space": "; ".join(f"{space}: {outcome}" for space, outcome in v.outcomes.items()),
                    "spaces": "; ".join(v.spaces),
                    "strata": len(v.strata),
                    "win_rate": v.win_rate,
                    "ratio": v.ratio.value,
                    "ratio_low": v.ratio.low,
                    "ratio_high": v.ratio.high,
                    "effect": v.effect,
                    "p": v.p,
                    "p_holm": v.p_holm,
                    "reversals": "; ".join(v.reversals),
                    "censored": v.censored,
                    "ends": "; ".join(f"{space}: {end}" for space, end in v.ends.items()),
                    "reasons": "; ".join(v.reasons),
                }
                for v in self.verdicts
            ]
        )

    def _verdict(self, verdicts: Sequence[Verdict]) -> AcrossVerdict:
        pairs = [self._pair(verdict) for verdict in verdicts if verdict.outcome is not Outcome.VOID]
        first = verdicts[0]
        label = f"{first.kind} {first.arm} {first.reference} {first.budget}"
        rng = stream("analysis", "across", 1, label)
        return pooled_verdict(verdicts, pairs, self.strata, rng, draws=self._draws, flips=self._flips)

    def _pair(self, verdict: Verdict) -> SpacePair:
        comparison = self.comparisons[verdict.space]
        endpoints = comparison.endpoints
        book = primary_book(comparison, verdict.budget)
        ranking = next(ranking for ranking in RANKINGS if ranking.kind == verdict.kind)
        pair = verdict.arm, verdict.reference
        seeds = endpoints.paired_seeds(*pair)
        values, qualities = (
            np.column_stack([endpoints.values(arm, book, indicator, seeds) for arm in pair])
            for indicator in (ranking.endpoint, ranking.quality)
        )
        return SpacePair(verdict, values, qualities, endpoints.random_search(ranking.quality, book.policy))


def seed_ranks(comparison: Comparison, ranking: Ranking, budget: str) -> BlockRanks:
    """Mean ranks of the arms of one space on the seeds that they share. Raises UserError for fewer than three."""
    return friedman(_seed_scores(comparison, ranking, budget))


def seed_tests(comparison: Comparison) -> "pd.DataFrame":
    """See `block_tests`: of the arms of one space on the seeds that they share, by ranking and budget.

    The claim is about this space only. Beside p of Friedman's test and of Iman and Davenport's stands q, Benjamini and
    Hochberg's over rankings and budgets: exploratory. What follows them is corrected within one ranking and budget.
    Rankings of fewer than three arms, or without the reference arm, are left out.
    """
    import pandas as pd

    reference, found = comparison.protocol.reference_arm, []
    for ranking in RANKINGS:
        for budget in (str(book.budget) for book in comparison.books):
            scores = _seed_scores(comparison, ranking, budget)
            if len(scores) > 2 and reference in scores and len(scores[reference]) > 1:
                made = block_tests(scores, reference)
                made.insert(0, "budget", budget)
                made.insert(0, "kind", ranking.kind)
                found.append(made)
    for test in ("friedman", "iman_davenport"):
        q_values = benjamini_hochberg([made[f"p_{test}"].iloc[0] for made in found])
        for made, q in zip(found, q_values, strict=True):
            made.insert(list(made).index(f"p_{test}") + 1, f"q_{test}", q)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["kind", "budget", "arm"])


def _seed_scores(comparison: Comparison, ranking: Ranking, budget: str) -> dict[str, Array]:
    endpoints = comparison.endpoints
    arms = endpoints.arms(ranking)
    seeds = endpoints.paired_seeds(*arms) if arms else []
    book = primary_book(comparison, budget)
    return {arm: endpoints.values(arm, book, ranking.endpoint, seeds) for arm in arms}


def primary_book(comparison: Comparison, budget: str) -> Book:
    """The primary books at a budget, written as in the protocol or as verdicts have it. Raises UnknownNameError."""
    names = {str(book.budget): book for book in comparison.books}
    names |= dict(zip(comparison.protocol.budgets, comparison.books, strict=True))
    if budget not in names:
        raise UnknownNameError("budget", budget, names)
    return names[budget]
