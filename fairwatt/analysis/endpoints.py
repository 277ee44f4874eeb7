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
from fairwatt.errors import UnknownNameError
from fairwatt.ledger import AccountingPolicy
from fairwatt.records import Header, Run

Array = NDArray[np.float64]


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
        self.trajectories: dict[str, dict[int, Trajectory]] = {}
        for run in runs:
            self.trajectories.setdefault(run.header.arm, {})[run.header.seed] = Trajectory(run, truth)
        self._values: dict[tuple[str, Book, str], Mapping[int, float]] = {}
        self._curves: dict[tuple[str, bool], RandomSearchCurve] = {}

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
            granted = self.protocol.granted(arm, book)
            by_seed = sorted(self.trajectories[arm].items())
            self._values[arm, book, indicator] = {seed: run.final(indicator, granted) for seed, run in by_seed}
        found = self._values[arm, book, indicator]
        return np.array([found[seed] for seed in seeds], dtype=np.float64)

    def random_search(self, quality: str, policy: AccountingPolicy) -> RandomSearchCurve:
        """Random search with the space's sampler, in closed form: without replacement where repetitions are free.

        Raises UnknownNameError.
        """
        replacement = policy.duplicates != "cached_free"
        if (quality, replacement) not in self._curves:
            truth = self.truth
            if quality == "val_error":
                curve = RandomSearchCurve.of_best(
                    truth.val_error, replacement=replacement, probabilities=truth.probabilities
                )
            elif quality == "val_hypervolume_regret":
                points = truth.val_points(np.arange(len(truth.val_error)))
                curve = RandomSearchCurve.of_hypervolume(
                    points, truth.val_front, replacement=replacement, probabilities=truth.probabilities
                )
            else:
                raise UnknownNameError("quality", quality, [ranking.quality for ranking in RANKINGS])
            self._curves[quality, replacement] = curve
        return self._curves[quality, replacement]
