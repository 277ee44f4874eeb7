"""All arms over all spaces: what is left of a difference when spaces are pooled.

Interquartile mean, optimality gap, performance profile and probability of improvement, each with a stratified
bootstrap: Agarwal et al., NeurIPS 2021. Their package (rliable) does not run with today's pandas. Seeds are resampled
within each space, the same for all arms, so that what arms share under one seed cancels as it does in paired tests.
Intervals hold for these spaces; what other spaces would show is not in them. Specification: section 4.2.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Scores = Mapping[str, Mapping[str, ArrayLike]]
"""By space and arm: [S] normalised regrets, row s the same seed for every arm of a space."""

_TAUS = tuple(np.geomspace(1e-3, 1.0, 61).round(6).tolist())
_ENDS = (0.025, 0.975)
_BLOCK = 1 << 21  # resampled values held at a time


class Pool:
    """Scores of the same arms in several spaces, and their bootstrap over seeds within spaces.

    scores: see `Scores`; every space has the same arms and as many seeds as the others. rng: the source of the
    resamples. Raises ValueError for what is no complete table of finite numbers.
    """

    def __init__(self, scores: Scores, rng: np.random.Generator, *, draws: int = 9_999) -> None:
        self.spaces = tuple(scores)
        if not self.spaces:
            raise ValueError("nothing to pool: no space")
        self.arms = tuple(scores[self.spaces[0]])
        for space, arms in scores.items():
            if set(arms) != set(self.arms):
                raise ValueError(
                    f"arms differ: {', '.join(self.arms)} in {self.spaces[0]}, {', '.join(arms)} in {space}"
                )
        rows = [[np.asarray(scores[space][arm], dtype=np.float64) for arm in self.arms] for space in self.spaces]
        lengths = {row.size for arms in rows for row in arms}
        if len(lengths) != 1 or not self.arms:
            raise ValueError(f"every arm needs as many seeds in every space, got {sorted(lengths)}")
        self.values = np.array(rows).transpose(1, 0, 2)  # [A, M, S]
        if not self.values.size or not np.isfinite(self.values).all():
            raise ValueError("scores must be finite numbers, of one seed or more")
        self.seeds = self.values.shape[2]
        self._draws = draws
        self._picked = rng.integers(self.seeds, size=(draws, len(self.spaces), self.seeds), dtype=np.int32)

    def iqm(self) -> "pd.DataFrame":
        """Mean of the middle half of all runs of all spaces. Columns: arm, value, low, high."""
        from scipy.stats import trim_mean

        return self._by_arm(lambda runs: np.asarray(trim_mean(runs.reshape(len(runs), -1), 0.25, axis=1)))

    def optimality_gap(self, target: float = 0.0) -> "pd.DataFrame":
        """Mean excess over a target regret; what is better than it does not make up for what is worse.

        Columns: arm, value, low, high. At target 0, the optimum, this is the mean.
        """
        return self._by_arm(lambda runs: np.maximum(runs - target, 0.0).mean(axis=(1, 2)))

    def profiles(self, taus: Sequence[float] = _TAUS) -> "pd.DataFrame":
        """Share of runs with a score of tau or less, spaces counting equally, with pointwise 95 % bands.

        Columns: arm, tau, share, low, high.
        """
        import pandas as pd

        frames = []
        for arm, values in zip(self.arms, self.values, strict=True):
            reached = (values[:, :, None] <= np.asarray(taus)).astype(np.float64)  # [M, S, T]
            shares = np.mean([self._counts(m) @ reached[m] / self.seeds for m in range(len(self.spaces))], axis=0)
            low, high = np.quantile(shares, _ENDS, axis=0)
            columns = {"tau": taus, "share": reached.mean(axis=(0, 1)), "low": low, "high": high}
            frames.append(pd.DataFrame({"arm": arm} | columns))
        return pd.concat(frames, ignore_index=True)

    def improvement(self, arm: str, reference: str) -> Interval:
        """Mean over spaces of P(a run of the arm is better than one of the reference), ties half: mean A12."""
        ours, theirs = (self.values[self.arms.index(name)] for name in (arm, reference))
        better = np.sign(theirs[:, None, :] - ours[:, :, None]) / 2 + 0.5  # [M, S of arm, S of reference]
        drawn = np.zeros(self._draws)
        for place, table in enumerate(better):
            counts = self._counts(place)
            drawn += ((counts @ table) * counts).sum(axis=1) / self.seeds**2
        low, high = np.quantile(drawn / len(self.spaces), _ENDS)
        return Interval(float(better.mean()), float(low), float(high))

    def improvements(self, reference: str) -> "pd.DataFrame":
        """`improvement` of every other arm. Columns: arm, value, low, high."""
        import pandas as pd

        found = {arm: self.improvement(arm, reference) for arm in self.arms if arm != reference}
        return pd.DataFrame(
            [{"arm": arm, "value": i.value, "low": i.low, "high": i.high} for arm, i in found.items()],
            columns=["arm", "value", "low", "high"],
        )

    def _by_arm(self, statistic: Callable[[Array], Array]) -> "pd.DataFrame":
        """A statistic of runs [D, M, S] to [D], for every arm."""
        import pandas as pd

        step = max(_BLOCK // self.values[0].size, 1)
        rows = []
        for arm, values in zip(self.arms, self.values, strict=True):
            drawn = [
                statistic(np.take_along_axis(values[None], self._picked[begin : begin + step], axis=2))
                for begin in range(0, self._draws, step)
            ]
            low, high = np.quantile(np.concatenate(drawn), _ENDS)
            rows.append({"arm": arm, "value": float(statistic(values[None])[0]), "low": low, "high": high})
        return pd.DataFrame(rows)

    def _counts(self, place: int) -> Array:
        """[D, S] how often each seed of a space was drawn."""
        flat = np.arange(self._draws)[:, None] * self.seeds + self._picked[:, place]
        return np.bincount(flat.ravel(), minlength=self._draws * self.seeds).reshape(-1, self.seeds).astype(np.float64)
