"""Values of arms at the end of their books, one for each seed: what every test, table and curve is made of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairwatt.analysis.protocol import Protocol
from fairwatt.analysis.random_search_curve import RandomSearchCurve
from fairwatt.analysis.trajectories import Trajectory
from fairwatt.analysis.truth import Truth
from fairwatt.books import Book
from fairwatt.budget import component
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import AccountingPolicy
from fairwatt.problem import Tariff
from fairwatt.records import JOULES_PER_KWH, NANO, Header, Run
from fairwatt.streams import stream

Array = NDArray[np.float64]


_UNEVEN = "raw"
"""The sampler of cells that prefers some of them: without probabilities it is not known, and never uniform."""


_UNIT = {"energy": JOULES_PER_KWH * NANO, "time": NANO}
"""What costs are in, in billionths as tariffs have them."""


Curves = dict[tuple[str, bool, str], RandomSearchCurve]
"""Random search's curves by quality, whether with replacement, and currency."""


class Ranking(NamedTuple):
    """One table of arms.

    kind: of optimizers. endpoint: the indicator that ranks. quality: its counterpart on validation, which random
    search's closed form predicts.
    """

    kind: str
    endpoint: str
    quality: str


RANKINGS = (
    Ranking("single", "regret", "val_error"),
    Ranking("multi", "hypervolume_regret", "val_hypervolume_regret"),
)


class Endpoints:
    """The trajectories of one space by arm and seed, and their final values under any books."""

    def __init__(self, runs: Sequence[Run], truth: Truth, protocol: Protocol) -> None:
        self.truth = truth
        self.protocol = protocol
        self._samplers = {run.header.sampler for run in runs}
        self.trajectories: dict[str, dict[int, Trajectory]] = {}
        for run in runs:
            self.trajectories.setdefault(run.header.arm, {})[run.header.seed] = Trajectory(run, truth)
        self._values: dict[tuple[str, Book, str], Mapping[int, float]] = {}
        self._closings: dict[tuple[str, Book], Mapping[int, int]] = {}
        self.curves: Curves = {}

    @property
    def tariff(self) -> Tariff:
        """What trainings cost in this space, the same for all runs."""
        return next(iter(next(iter(self.trajectories.values())).values())).tariff

    def arms(self, ranking: Ranking) -> list[str]:
        """Labels of the arms in a ranking, in the order of the runs."""
        return [arm for arm in self.trajectories if ranking.kind in self.header(arm).kinds]

    def header(self, arm: str) -> Header:
        """A header of this arm; they differ in the seed only."""
        return next(iter(self.trajectories[arm].values())).run.header

    def paired_seeds(self, *arms: str) -> list[int]:
        """Seeds that all these arms have, ascending."""
        return sorted(set.intersection(*(set(self.trajectories[arm]) for arm in arms)))

    def values(self, arm: str, book: Book, indicator: str, seeds: Sequence[int]) -> Array:
        """[S] final values under the books that this arm is granted. Raises StreamTooShortError."""
        if (arm, book, indicator) not in self._values:
            runs = self.trajectories[arm]
            self._values[arm, book, indicator] = {
                seed: float(runs[seed].steps(indicator)[credited])
                for seed, credited in self._credited(arm, book).items()
            }
        found = self._values[arm, book, indicator]
        return np.array([found[seed] for seed in seeds], dtype=np.float64)

    def _credited(self, arm: str, book: Book) -> Mapping[int, int]:
        """By seed, ascending, how many requests are answered under the books that this arm is granted."""
        if (arm, book) not in self._closings:
            granted = self.protocol.granted(arm, book)
            policy, budget = granted.policy, granted.budget.resolve(granted.policy.currency, self.tariff)
            self._closings[arm, book] = {
                seed: run.close_at(policy, budget).credited for seed, run in sorted(self.trajectories[arm].items())
            }
        return self._closings[arm, book]

    def random_search(self, quality: str, policy: AccountingPolicy) -> RandomSearchCurve:
        """Random search with the space's sampler, in closed form: without replacement where repetitions are free.

        Where trainings are repeated with noise it selects by one repeat, as arms do. Unknown for the raw sampler where
        the reference is of before its probabilities were part of it. Raises UnknownNameError.
        """
        replacement = policy.duplicates != "cached_free"
        asked = quality, replacement, policy.currency
        if asked not in self.curves:
            if quality == "val_error":
                curve = self._best(replacement)
            elif quality == "val_hypervolume_regret":
                curve = self._front(replacement)
            else:
                raise UnknownNameError("quality", quality, [ranking.quality for ranking in RANKINGS])
            chances, costs = self.truth.probabilities, self.truth.costs(policy.currency)
            if chances is None and _UNEVEN in self._samplers:
                curve = RandomSearchCurve.unknown()
            elif chances is not None and costs is not None:
                mean = self.tariff.full[component(policy.currency)] / _UNIT[policy.currency]
                curve = curve.paid(costs, mean, replacement=replacement, probabilities=chances)
            self.curves[asked] = curve
        return self.curves[asked]

    def _best(self, replacement: bool) -> RandomSearchCurve:
        truth, chances = self.truth, self.truth.probabilities
        if truth.observed is None:
            return RandomSearchCurve.of_best(truth.val_error, replacement=replacement, probabilities=chances)
        return RandomSearchCurve.of_observed_best(
            truth.observed[1], truth.val_error, replacement=replacement, probabilities=chances
        )

    def _front(self, replacement: bool) -> RandomSearchCurve:
        truth, chances = self.truth, self.truth.probabilities
        points = truth.val_points(np.arange(len(truth.val_error)))
        curve = RandomSearchCurve.of_hypervolume(
            points, truth.val_front, replacement=replacement, probabilities=chances
        )
        if truth.observed is None:
            return curve
        rng = stream("analysis", "fronts of random search", len(points))
        return curve.with_selection_loss(
            truth.observed, points, truth.val_front, rng, replacement=replacement, probabilities=chances
        )
