"""All verdicts of one space: every pair measured in the same way, and Holm over the family.

Flips and bootstrap weights are drawn once for each number of paired seeds, from a stream keyed by space and number: all
intervals rest on the same draws, and a verdict does not depend on which others are made.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.bayesian import Posterior, signed_rank
from fairwatt.analysis.endpoints import Endpoints, Ranking
from fairwatt.analysis.gates import void_reasons
from fairwatt.analysis.other_worlds import World
from fairwatt.analysis.outcome import NOT_EQUIVALENT, UNKNOWN, Equivalent, Outcome, Verdict, decided
from fairwatt.analysis.protocol import LEVEL, POWER, ROPE, ComparisonError
from fairwatt.analysis.random_search_curve import RandomSearchCurve
from fairwatt.analysis.sensitivity import SensitivityCell, sensitivity_cells
from fairwatt.analysis.statistics import (
    Interval,
    PairedResampling,
    a12,
    cliff_delta,
    detectable_win_rate,
    holm,
    paired_win_rate,
    wilcoxon_p,
)
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.problem import Tariff
from fairwatt.streams import stream

Array = NDArray[np.float64]

_NO_CLOSED_FORM = (
    "random search's multiples are not known: the reference lacks the raw sampler's probabilities (run it again)"
)
_POSTERIOR_DRAWS = 4_000
"""Of the Bayesian test: a Monte-Carlo error of .008 at most, in a fifth of the time of its default."""


def verdicts(
    endpoints: Endpoints,
    rankings: Iterable[Ranking],
    books: Sequence[Book],
    tariff: Tariff,
    *,
    all_pairs: bool,
    sensitivity: bool,
    draws: int,
    worlds: Sequence[World] = (),
) -> tuple[Verdict, ...]:
    """Every verdict of one space: pairs x budgets x rankings, with Holm over those that no gate voids.

    Gates look at the design alone, so leaving the void ones out of the family costs no error control. worlds: tried as
    sensitivity cells beside other books. Without `sensitivity` no cell is, and a WIN only means that the primary cell
    has one.
    """
    judge = _Judge(endpoints, tariff, sensitivity, draws, worlds)
    found = [
        judge.verdict(ranking, book, arm, reference)
        for ranking in rankings
        for arm, reference in _pairs(endpoints, ranking, all_pairs)
        for book in books
    ]
    family = [verdict for verdict in found if not verdict.reasons]
    adjusted = iter(holm([verdict.p for verdict in family]))
    level = LEVEL / max(len(family), 1)
    return tuple(decided(v if v.reasons else _in_family(v, next(adjusted), level)) for v in found)


def _in_family(verdict: Verdict, p_holm: float, level: float) -> Verdict:
    """With what depends on how many comparisons there are: Holm's p, and what its first step can detect."""
    return replace(verdict, p_holm=p_holm, detectable=detectable_win_rate(verdict.seeds, power=POWER, level=level))


def _pairs(endpoints: Endpoints, ranking: Ranking, all_pairs: bool) -> list[tuple[str, str]]:
    arms = endpoints.arms(ranking)
    reference = endpoints.protocol.reference_arm
    if not set(arms) - {reference}:
        return []
    if reference not in arms:
        raise ComparisonError(
            f"kinds of the reference arm {reference!r} lack {ranking.kind!r}, which {', '.join(arms)} have; "
            f"name a reference that belongs to both rankings, such as random search"
        )
    others = [arm for arm in arms if arm != reference]
    against = [(arm, reference) for arm in others]
    return against + [(b, a) for a, b in combinations(others, 2)] if all_pairs else against


def _posterior(curve: RandomSearchCurve, qualities: Array, space: str) -> Posterior:
    """Of the seeds' equivalents of qualities [S, 2], arm and reference; a curve that is not known leaves NaN."""
    if not curve.is_known:
        return Posterior(math.nan, math.nan, math.nan)
    ours, theirs = np.log(curve.equivalent(qualities)).T
    rng = stream("analysis", f"{space}: signed rank", len(qualities))
    return signed_rank(theirs - ours, math.log(ROPE[1]), rng, draws=_POSTERIOR_DRAWS)


class _Judge:
    """Everything of a verdict but what needs the whole family; resamplings are shared by pairs of equal length."""

    def __init__(
        self, endpoints: Endpoints, tariff: Tariff, sensitivity: bool, draws: int, worlds: Sequence[World]
    ) -> None:
        self._endpoints = endpoints
        self._worlds = worlds
        self._tariff = tariff
        self._sensitivity = sensitivity
        self._draws = draws
        self._resamplings: dict[int, PairedResampling] = {}
        self._equivalents: dict[tuple[Ranking, Book, str, tuple[int, ...]], Equivalent] = {}

    def verdict(self, ranking: Ranking, book: Book, arm: str, reference: str) -> Verdict:
        """The undecided verdict: p_holm is NaN, outcome INCONCLUSIVE or VOID."""
        endpoints, tariff = self._endpoints, self._tariff
        protocol = endpoints.protocol
        seeds = endpoints.paired_seeds(arm, reference)
        headers = endpoints.header(arm), endpoints.header(reference)
        reasons = void_reasons(*headers, len(seeds), book, protocol, tariff)
        void = Verdict(
            space=headers[0].space,
            kind=ranking.kind,
            endpoint=ranking.endpoint,
            budget=str(book.budget),
            arm=arm,
            reference=reference,
            factor=str(protocol.factor(arm)),
            reference_factor=str(protocol.factor(reference)),
            seeds=len(seeds),
            outcome=Outcome.VOID if reasons else Outcome.INCONCLUSIVE,
            winner="",
            win_rate=math.nan,
            a12=math.nan,
            difference=UNKNOWN,
            p=math.nan,
            p_holm=math.nan,
            arm_equivalent=NOT_EQUIVALENT,
            reference_equivalent=NOT_EQUIVALENT,
            ratio=UNKNOWN,
            effect_low=math.nan,
            effect_high=math.nan,
            cells=(),
            flips=(),
            reasons=reasons,
            detectable=math.nan,
        )
        if len(seeds) < 2:
            return replace(void, reasons=reasons or (f"{len(seeds)} paired seeds",), outcome=Outcome.VOID)
        resampling = self._resampling(headers[0].space, len(seeds))
        values, other = (endpoints.values(name, book, ranking.endpoint, seeds) for name in (arm, reference))
        differences = values - other
        qualities = np.column_stack(
            [endpoints.values(name, book, ranking.quality, seeds) for name in (arm, reference)]
        )  # [S, 2]
        curve = endpoints.random_search(ranking.quality, book.policy)
        cells = self._cells(ranking, book, (arm, reference), seeds, resampling) if not reasons else ()
        posterior = _posterior(curve, qualities, headers[0].space)
        win_rate = paired_win_rate(differences)
        effects = [win_rate, *(cell.win_rate for cell in cells if cell.recorded)]
        return replace(
            void,
            win_rate=win_rate,
            a12=a12(other, values),
            difference=resampling.interval(differences[:, None], lambda means: means[..., 0]),
            p=float(resampling.p_values(differences[:, None])[0]),
            arm_equivalent=self._equivalent(ranking, book, arm, seeds),
            reference_equivalent=self._equivalent(ranking, book, reference, seeds),
            ratio=resampling.interval(
                qualities, lambda means: curve.equivalent(means[..., 0]) / curve.equivalent(means[..., 1])
            )
            if curve.is_known
            else UNKNOWN,
            effect_low=min(effects),
            effect_high=max(effects),
            cells=cells,
            flips=tuple(cell.name for cell in cells if cell.flips),
            unavailable=tuple(cell.name for cell in cells if not cell.required and not cell.recorded),
            cliff_delta=cliff_delta(other, values),
            p_wilcoxon=wilcoxon_p(differences),
            attainable_p=resampling.attainable_p,
            median_difference=float(np.median(differences)),
            p_better=posterior.left,
            p_rope=posterior.rope,
            p_worse=posterior.right,
        )

    def _cells(
        self,
        ranking: Ranking,
        book: Book,
        arms: tuple[str, str],
        seeds: Sequence[int],
        resampling: PairedResampling,
    ) -> tuple[SensitivityCell, ...]:
        if not self._sensitivity:
            return ()
        space = self._endpoints.header(arms[0]).space
        return sensitivity_cells(
            self._endpoints,
            arms,
            seeds,
            book,
            ranking.endpoint,
            resampling,
            self._tariff,
            worlds=self._worlds,
            of_fewer=lambda pairs: self._resampling(space, pairs),
        )

    def _equivalent(self, ranking: Ranking, book: Book, arm: str, seeds: Sequence[int]) -> Equivalent:
        """Random search's trainings for the arm's quality, as a share of the budget; kept: an arm is in many pairs."""
        asked = (ranking, book, arm, tuple(seeds))
        if asked not in self._equivalents:
            endpoints = self._endpoints
            curve, budget = endpoints.random_search(ranking.quality, book.policy), self._trainings(book)
            if not curve.is_known:
                return Equivalent(UNKNOWN, False, note=_NO_CLOSED_FORM)
            quality = endpoints.values(arm, book, ranking.quality, seeds)[:, None]  # [S, 1]
            trainings = self._resampling(endpoints.header(arm).space, len(seeds)).interval(
                quality, lambda means: curve.equivalent(means[..., 0])
            )
            ends = (trainings.value, trainings.low, trainings.high)
            self._equivalents[asked] = Equivalent(
                Interval(*(end / budget for end in ends)),
                curve.is_censored(ends),
                curve.simulation_error(float(quality.mean())) / budget,
                ends=curve.ends,
                reach=(float(curve.trainings[0]) / budget, float(curve.trainings[-1]) / budget),
            )
        return self._equivalents[asked]

    def _trainings(self, book: Book) -> float:
        """The shared budget in mean full trainings."""
        currency = book.policy.currency
        return book.budget.resolve(currency, self._tariff) / self._tariff.full[component(currency)]

    def _resampling(self, space: str, pairs: int) -> PairedResampling:
        if pairs not in self._resamplings:
            self._resamplings[pairs] = PairedResampling(pairs, stream("analysis", space, pairs), draws=self._draws)
        return self._resamplings[pairs]
