"""Ranks of many arms on blocks: Friedman's test and what may follow it.

Within one space the blocks are seeds, and the claim is about that space. Across spaces the blocks are spaces, which
must be independent of each other, and enough of them: see `independent_blocks`. Friedman, JASA 1937; Iman and
Davenport, 1980; Nemenyi 1963; Demsar, JMLR 2006. Specification: section 4.2.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairwatt.analysis.protocol import LEVEL
from fairwatt.analysis.statistics import holm, wilcoxon_p
from fairwatt.analysis.strata import overlaps
from fairwatt.errors import UserError
from fairwatt.problem import Reference

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

MIN_SPACES = 10


class NestedBlocksError(UserError):
    """Blocks that are not independent: some hold the networks of others."""


class TooFewBlocksError(UserError):
    """Blocks that are too few for ranks to separate anything, whatever the arms do."""


@dataclass(frozen=True)
class BlockRanks:
    """Mean ranks of arms over blocks, 1 the best, mid-ranks for ties.

    mean_ranks: by arm. chi2, p: Friedman's, corrected for ties. f, f_p: Iman and Davenport's, which is less
    conservative. critical_difference: of mean ranks, Nemenyi's for all pairs at .05. groups: largest sets of arms, best
    first, whose mean ranks lie within it: what the bars of a critical-difference diagram join.
    """

    mean_ranks: Mapping[str, float]
    blocks: int
    chi2: float
    p: float
    f: float
    f_p: float
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]


def friedman(scores: Mapping[str, ArrayLike]) -> BlockRanks:
    """Ranks of arms with scores [N] on the same blocks, lower is better.

    Raises UserError for fewer than three arms or two blocks.
    """
    from scipy.stats import f as f_distribution
    from scipy.stats import friedmanchisquare, rankdata

    values = _matrix(scores)
    blocks, arms = values.shape
    if arms < 3 or blocks < 2:
        raise UserError(
            f"Friedman's test needs three arms on two blocks or more, got {arms} on {blocks}; two arms are compared by "
            f"their verdict"
        )
    ranks = rankdata(values, axis=1)
    tied = bool((ranks == ranks[0, 0]).all())
    chi2, p = (0.0, 1.0) if tied else (float(part) for part in friedmanchisquare(*values.T))
    f = iman_davenport(chi2, blocks, arms)
    means = dict(zip(scores, ranks.mean(axis=0).tolist(), strict=True))
    difference = critical_difference(arms, blocks)
    return BlockRanks(
        mean_ranks=means,
        blocks=blocks,
        chi2=chi2,
        p=p,
        f=f,
        f_p=float(f_distribution.sf(f, arms - 1, (arms - 1) * (blocks - 1))),
        critical_difference=difference,
        groups=_groups(means, difference),
    )


def iman_davenport(chi2: float, blocks: int, arms: int) -> float:
    """The F of Friedman's statistic, of (arms - 1) and (arms - 1)(blocks - 1) degrees; infinite if all blocks agree."""
    left = blocks * (arms - 1) - chi2
    return (blocks - 1) * chi2 / left if left > 1e-9 * blocks else math.inf


@cache
def critical_difference(arms: int, blocks: int, level: float = LEVEL) -> float:
    """How far apart the mean ranks of two of so many arms must be, by Nemenyi's test of all pairs."""
    from scipy.stats import studentized_range

    studentized = float(studentized_range.ppf(1 - level, arms, np.inf)) / math.sqrt(2)
    return studentized * math.sqrt(arms * (arms + 1) / (6 * blocks))


def nemenyi(scores: Mapping[str, ArrayLike]) -> "pd.DataFrame":
    """[A, A] p of every pair of arms with scores [N], after Friedman's test and adjusted for all pairs."""
    import pandas as pd
    from scikit_posthocs import posthoc_nemenyi_friedman

    return pd.DataFrame(
        posthoc_nemenyi_friedman(_matrix(scores)).to_numpy(), index=pd.Index(scores), columns=pd.Index(scores)
    )


def holm_wilcoxon(scores: Mapping[str, ArrayLike], reference: str) -> dict[str, float]:
    """Holm's p of the signed rank test of each other arm against the reference, on the same blocks."""
    base = np.asarray(scores[reference], dtype=np.float64)
    others = [arm for arm in scores if arm != reference]
    adjusted = holm([wilcoxon_p(np.asarray(scores[arm], dtype=np.float64) - base) for arm in others])
    return dict(zip(others, adjusted, strict=True))


def block_tests(scores: Mapping[str, ArrayLike], reference: str) -> "pd.DataFrame":
    """Friedman's test of arms with scores [N] on the same blocks, and what follows it against the reference arm.

    One row for each arm, best first. Columns: arm, mean_rank, blocks, p_friedman, p_iman_davenport,
    critical_difference (of two mean ranks), p_nemenyi (adjusted for all pairs), p_wilcoxon_holm (for those with the
    reference). Raises UserError as `friedman` does.
    """
    import pandas as pd

    ranks = friedman(scores)
    of_pairs, against = nemenyi(scores)[reference], holm_wilcoxon(scores, reference)
    rows = [
        {
            "arm": arm,
            "mean_rank": mean_rank,
            "blocks": ranks.blocks,
            "p_friedman": ranks.p,
            "p_iman_davenport": ranks.f_p,
            "critical_difference": ranks.critical_difference,
            "p_nemenyi": math.nan if arm == reference else float(of_pairs[arm]),
            "p_wilcoxon_holm": against.get(arm, math.nan),
        }
        for arm, mean_rank in sorted(ranks.mean_ranks.items(), key=lambda item: item[1])
    ]
    return pd.DataFrame(rows)


def independent_blocks(references: Sequence[Reference], arms: int) -> None:
    """Say why ranks over these spaces would prove nothing.

    Raises NestedBlocksError where spaces share networks, TooFewBlocksError for fewer than ten.
    """
    nested = overlaps(references)
    if nested:
        raise NestedBlocksError(
            f"no critical-difference diagram: {'; '.join(map(str, nested))}. Blocks that repeat each other count one "
            f"finding twice; rank within each space, or pool with `mixed_model`, where such spaces are one stratum"
        )
    if len(references) < MIN_SPACES:
        apart = critical_difference(arms, len(references)) if arms > 1 and references else math.inf
        raise TooFewBlocksError(
            f"no critical-difference diagram: {len(references)} spaces, fewer than {MIN_SPACES}. The mean ranks of "
            f"{arms} arms would have to be {apart:.2f} apart, of {arms - 1} at most; rank within each space, or pool "
            f"with `iqm` and `mixed_model`"
        )


def _matrix(scores: Mapping[str, ArrayLike]) -> Array:
    """[N, A]"""
    columns = [np.asarray(values, dtype=np.float64) for values in scores.values()]
    if len({column.shape for column in columns}) > 1:
        raise ValueError(f"arms need the same blocks, got {', '.join(str(len(column)) for column in columns)}")
    return np.column_stack(columns)


def _groups(mean_ranks: Mapping[str, float], difference: float) -> tuple[tuple[str, ...], ...]:
    ordered = sorted(mean_ranks, key=lambda arm: mean_ranks[arm])
    found: list[tuple[str, ...]] = []
    for place, first in enumerate(ordered):
        group = tuple(arm for arm in ordered[place:] if mean_ranks[arm] - mean_ranks[first] <= difference)
        if not found or group[-1] != found[-1][-1]:  # not within the one before
            found.append(group)
    return tuple(group for group in found if len(group) > 1)
