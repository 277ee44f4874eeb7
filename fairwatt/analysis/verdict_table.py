"""Verdicts as a table: all numbers of each in a row."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fairwatt.analysis.outcome import Outcome, Verdict
from fairwatt.analysis.statistics import benjamini_hochberg

if TYPE_CHECKING:
    import pandas as pd


def verdict_table(verdicts: Iterable[Verdict]) -> "pd.DataFrame":
    """One row for each verdict; flips only of what is claimed.

    Where p_holm is of the family that decides, q_wilcoxon is Benjamini and Hochberg's over all rows: exploratory.
    """
    import pandas as pd

    judged = list(verdicts)
    q_values = benjamini_hochberg([verdict.p_wilcoxon for verdict in judged])
    return pd.DataFrame([_table_row(verdict, q) for verdict, q in zip(judged, q_values, strict=True)])


def _table_row(verdict: Verdict, q_wilcoxon: float) -> dict[str, Any]:
    arm, other = verdict.arm_equivalent, verdict.reference_equivalent
    return {
        "kind": verdict.kind,
        "budget": verdict.budget,
        "arm": verdict.arm,
        "reference": verdict.reference,
        "factor": verdict.factor,
        "outcome": str(verdict.outcome),
        "winner": verdict.winner,
        "seeds": verdict.seeds,
        "win_rate": verdict.win_rate,
        "a12": verdict.a12,
        "difference": verdict.difference.value,
        "difference_low": verdict.difference.low,
        "difference_high": verdict.difference.high,
        "p": verdict.p,
        "p_holm": verdict.p_holm,
        "equivalent": arm.interval.value,
        "equivalent_low": arm.interval.low,
        "equivalent_high": arm.interval.high,
        "reference_equivalent": other.interval.value,
        "censored": arm.censored or other.censored,
        "ends": arm.limit or other.limit,
        "ratio": verdict.ratio.value,
        "ratio_low": verdict.ratio.low,
        "ratio_high": verdict.ratio.high,
        "effect_low": verdict.effect_low,
        "effect_high": verdict.effect_high,
        "flips": "; ".join(verdict.flips) if verdict.outcome is Outcome.POLICY_DEPENDENT else "",
        "reasons": "; ".join(verdict.reasons),
        "detectable": verdict.detectable,
        "unavailable": "; ".join(verdict.unavailable),
        "cliff_delta": verdict.cliff_delta,
        "p_wilcoxon": verdict.p_wilcoxon,
        "q_wilcoxon": q_wilcoxon,
        "attainable_p": verdict.attainable_p,
        "median_difference": verdict.median_difference,
        "p_better": verdict.p_better,
        "p_rope": verdict.p_rope,
        "p_worse": verdict.p_worse,
    }
